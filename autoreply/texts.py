"""Texts for buyers: variants under keys, filled from shop facts and values, each filling with what backs it."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Any, get_args, get_origin

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context as JinjaContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel

from autoreply.facts import Shop
from autoreply.model import Reply
from autoreply.tomlfile import did_you_mean


class MissingFact(Exception):
    """A text needs a fact that the shop has not given: the answer is withheld."""


class UnknownText(Exception):
    """No text stands under this key."""


class Backed(str):
    """A value for a text together with the setting or record it was computed from."""

    __slots__ = ("source",)
    source: str

    def __new__(cls, value: object, source: str) -> "Backed":
        self = super().__new__(cls, shown(value))
        self.source = source
        return self


class Filled(str):
    """Words made from a text, to be filled into another one, with what backs the phrases in them."""

    __slots__ = ("backed",)
    backed: Mapping[str, str]

    def __new__(cls, text: str, backed: Mapping[str, str]) -> "Filled":
        self = super().__new__(cls, text)
        self.backed = backed
        return self


def shown(value: object) -> str:
    """A fact as a buyer reads it: 16:00, 12月1日, 59 or 59.5."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return f"{value.month}月{value.day}日"
    if isinstance(value, (Decimal, float)):
        exact = Decimal(str(value))
        return f"{exact:f}".rstrip("0").rstrip(".") if exact % 1 else f"{exact:.0f}"
    if isinstance(value, (list, tuple)):
        return "、".join(map(shown, value))
    return str(value)


def _speakable(value: object) -> bool:
    """Whether a value is one that means something to a buyer. An object, a yes or no, or nothing at all does not."""
    if isinstance(value, (list, tuple)):
        return all(map(_speakable, value))
    return isinstance(value, (str, int, float, Decimal, date, time)) and not isinstance(value, bool)


@pass_context
def _fill(context: JinjaContext, value: Any, source: str) -> str:
    """Every ``{{ … }}`` passes here: refuses a fact that is not there and notes what backs the words filled in."""
    if not _speakable(value) or value in ("", (), []):
        raise MissingFact(source)
    text = shown(value)
    if isinstance(value, Filled):
        context["_backed"].update(value.backed)
    backing = value.source if isinstance(value, Backed) else source if source.startswith("shop.") else ""
    if backing:
        context["_backed"][text] = backing
    return text


_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_environment.filters["_fill"] = _fill


_WORDS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.Filter)
_CHOICES = (nodes.If, nodes.For, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not)
_ALLOWED = (*_WORDS, *_CHOICES)
"""What a text may be made of. No calls and no arithmetic: whatever is written here ends, and soon."""


def _parse(source: str) -> nodes.Template:
    """A text as a tree.

    Raises:
        TemplateSyntaxError: it is none, or holds what a text has no use for.
    """
    tree = _environment.parse(source)
    for node in tree.find_all(nodes.Node):
        what = ""
        if not isinstance(node, _ALLOWED):
            what = f"{type(node).__name__.lower()!r}"
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            what = f"the name {node.attr!r}"
        elif isinstance(node, nodes.Filter) and node.name != "join":
            what = f"the filter {node.name!r}; only join('、')"
        elif isinstance(node, nodes.For) and (node.recursive or any(node.find_all(nodes.For))):
            what = "a loop within a loop"
        elif isinstance(node, nodes.For) and not (
            isinstance(node.target, nodes.Name) and _chain(node.iter)[:1] == ["shop"]
        ):
            what = "a loop over anything but a list of facts"
        if what:
            raise TemplateSyntaxError(
                f"a text takes {{{{ facts }}}}, if and for, not {what}", getattr(node, "lineno", 1)
            )
    return tree


def _chain(node: nodes.Node) -> list[str]:
    """``["shop", "gifts", "text"]`` for the expression ``shop.gifts.text | join('、')``; empty for anything else."""
    names: list[str] = []
    while isinstance(node, (nodes.Getattr, nodes.Filter)) and node.node is not None:
        if isinstance(node, nodes.Getattr):
            names.append(node.attr)
        node = node.node
    return [node.name, *reversed(names)] if isinstance(node, nodes.Name) else []


def _sources(tree: nodes.Template) -> dict[str, list[str]]:
    """What the loop variables of a text stand for: ``r`` → ``["shop", "delivery", "regions"]``."""
    return {
        loop.target.name: _chain(loop.iter) for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name)
    }


@lru_cache(maxsize=4096)
def _compile(source: str) -> Template:
    tree = _parse(source)
    loops = _sources(tree)

    def filled(node: nodes.Expr) -> nodes.Expr:
        name, *rest = _chain(node) or [""]
        place = ".".join([*loops.get(name, [name]), *rest])
        return nodes.Filter(node, "_fill", [nodes.Const(place)], [], None, None)

    for output in tree.find_all(nodes.Output):
        output.nodes = [n if isinstance(n, nodes.TemplateData) else filled(n) for n in output.nodes]
    return Template.from_code(_environment, _environment.compile(tree), _environment.globals)


def check_text(source: str, values: Collection[str] | None = None) -> str:
    """What is wrong with a text, or an empty string: as a template, or a name of ``shop`` that is no fact.

    ``values`` are the names that it may use besides ``shop``; None: whatever its plugin gives it.
    """
    try:
        tree = _parse(source)
    except TemplateSyntaxError as e:
        return e.message or "is no valid template"
    loops = _sources(tree)
    looped = {id(loop.iter) for loop in tree.find_all(nodes.For)}
    inner = {id(getattr(n, "node", None)) for n in tree.find_all((nodes.Getattr, nodes.Filter))}
    targets = {id(loop.target) for loop in tree.find_all(nodes.For)}
    printed = {id(n) for output in tree.find_all(nodes.Output) for n in output.nodes}
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Filter)):
        if id(node) in inner | targets or not (chain := _chain(node)):
            continue
        name, *rest = chain
        if name in loops:
            wrong = _no_fact([*loops[name][1:], "[]", *rest], printed=id(node) in printed)
        elif name == "shop":
            wrong = _no_fact(rest, printed=id(node) in printed, looped=id(node) in looped)
        else:
            known = values is None or name in values
            wrong = "" if known else f"{name!r} is not filled in here" + did_you_mean(name, ["shop", *(values or ())])
        if wrong:
            return wrong
    return ""


def _no_fact(path: Sequence[str], *, printed: bool = False, looped: bool = False) -> str:
    """What is wrong with a way into the facts of a shop; ``[]`` goes to the items of a list."""
    here: Any = Shop
    told = "shop"
    for name in path:
        if name == "[]":
            if get_origin(here) is not tuple:
                return f"{told} is no list to go through"
            here = get_args(here)[0]
            continue
        known = list(here.model_fields) if _is_model(here) else []
        if name not in known:
            return f"{told} has no {name!r}{did_you_mean(name, known)}"
        told = f"{told}.{name}"
        here = _plain(here.model_fields[name].annotation)
    of_models = _is_model(here) or (get_origin(here) is tuple and _is_model(get_args(here)[0]))
    if printed and of_models:
        return f"{told} holds several facts; name one of them"
    return f"{told} is no list to go through" if looped and get_origin(here) is not tuple else ""


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _plain(annotation: Any) -> Any:
    """``X`` for ``X | None``."""
    kinds = [a for a in get_args(annotation) if a is not NoneType]
    return kinds[0] if len(kinds) == 1 and NoneType in get_args(annotation) else annotation


def fill(source: str, shop: Shop, values: Mapping[str, Any]) -> Reply:
    """One text filled.

    Raises:
        MissingFact: a variable of the text is undefined, None or empty, or nothing is left of the text.
    """
    backed: dict[str, str] = {}
    try:
        text = _compile(source).render(values, shop=shop, _backed=backed).strip()
    except (TemplateError, TypeError) as e:  # TypeError: a fact of another kind than the text takes it for
        raise MissingFact(str(e)) from e
    if not text:
        raise MissingFact("words: the text is empty for this shop")
    return Reply(text, backed)


class Texts:
    """All texts of a shop: ``<slug>.<name>`` for intents, ``host.<name>`` for the framework's own."""

    def __init__(self, variants: Mapping[str, Sequence[str]]) -> None:
        self._variants = variants
        self._filled: tuple[Shop | None, dict[str, Reply]] = None, {}

    def __contains__(self, key: str) -> bool:
        return key in self._variants

    def fill(self, key: str, shop: Shop, /, *, seed: str = "", used: int = 0, **values: Any) -> Reply:
        """The text under ``key``: which variant follows from the seed (a conversation) and how often it was used.

        Raises:
            UnknownText: nothing stands under ``key``.
            MissingFact: the variant needs a fact that is not there.
        """
        if not (variants := self._variants.get(key)):
            raise UnknownText(key)
        index = (zlib.crc32(f"{seed}|{key}".encode("utf-8", "surrogatepass")) + used) % len(variants)
        return fill(variants[index], shop, values) if values else self._of_facts(variants[index], shop)

    def _of_facts(self, source: str, shop: Shop) -> Reply:
        """A text that holds nothing but the shop's facts: filled once for as long as they are the same."""
        facts, filled = self._filled
        if facts is not shop:
            facts, filled = self._filled = shop, {}
        if (reply := filled.get(source)) is None:
            reply = filled[source] = fill(source, shop, {})
        return Reply(reply.text, dict(reply.backed))
