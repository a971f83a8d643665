"""Texts for buyers: variants under keys, filled from shop facts and values, each filling with what backs it."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context as JinjaContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from autoreply.facts import Shop
from autoreply.model import Reply


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


def shown(value: object) -> str:
    """A fact as a buyer reads it: 16:00, 12月1日, 59 or 59.5."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return f"{value.month}月{value.day}日"
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return "、".join(map(shown, value))
    return str(value)


@pass_context
def _fill(context: JinjaContext, value: Any, source: str) -> str:
    """Every ``{{ … }}`` passes here: refuses a fact that is not there and notes what backs the words filled in."""
    if isinstance(value, Undefined) or value is None or value == "" or value == () or value == []:
        raise MissingFact(source)
    text = shown(value)
    backing = value.source if isinstance(value, Backed) else source if source.startswith("shop.") else ""
    if backing:
        context["_backed"][text] = backing
    return text


_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_environment.filters["_fill"] = _fill


def _source(node: nodes.Expr) -> str:
    """``shop.gifts.text`` for the expression ``shop.gifts.text | join('、')``; a bare name for a value."""
    names: list[str] = []
    here: nodes.Node | None = node
    while here is not None and not isinstance(here, nodes.Name):
        if isinstance(here, nodes.Getattr):
            names.append(here.attr)
        here = getattr(here, "node", None)
    return ".".join([here.name if isinstance(here, nodes.Name) else "", *reversed(names)]).strip(".")


@lru_cache(maxsize=4096)
def _compile(source: str) -> Template:
    tree = _environment.parse(source)
    for output in tree.find_all(nodes.Output):
        output.nodes = [
            n
            if isinstance(n, nodes.TemplateData)
            else nodes.Filter(n, "_fill", [nodes.Const(_source(n))], [], None, None)
            for n in output.nodes
        ]
    code = _environment.compile(tree)
    return Template.from_code(_environment, code, _environment.globals)


def check_text(source: str) -> str:
    """What is wrong with a text as a template, or an empty string."""
    try:
        _compile(source)
    except TemplateSyntaxError as e:
        return e.message or "is no valid template"
    return ""


def fill(source: str, shop: Shop, values: Mapping[str, Any]) -> Reply:
    """One text filled.

    Raises:
        MissingFact: a variable of the text is undefined, None or empty.
    """
    backed: dict[str, str] = {}
    try:
        text = _compile(source).render(values, shop=shop, _backed=backed)
    except TemplateError as e:
        raise MissingFact(str(e)) from e
    return Reply(text.strip(), backed)


class Texts:
    """All texts of a shop: ``<slug>.<name>`` for intents, ``host.<name>`` for the framework's own."""

    def __init__(self, variants: Mapping[str, Sequence[str]]) -> None:
        self._variants = variants

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
        return fill(variants[index], shop, values)
