"""A text filled in all the ways that matter: as the shop is, with extreme facts, and into every branch.

Each fact that a text uses is varied by itself, from the shop as it is, from one that has said all of them, and from one
that has said none. ``unreached`` tells of words that not even that leads to.
"""

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import cache, reduce
from itertools import islice, product
from typing import Annotated, Any, TypeVar, get_args, get_origin

from jinja2 import Environment, nodes
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from autoreply.facts import Shop
from autoreply.texts import Backed, MissingFact, fill

_LONG = "春夏秋冬" * 25
_MANY = tuple(f"{a}{b}" for a in "甲乙丙丁戊己庚" for b in "子丑寅卯辰巳")
_POOL: tuple[object, ...] = (
    None,
    *(Decimal(n) for n in ("0", "0.01", "1", "50", "99999999.99")),
    *(0, 1, 7, 30, 90, 120, 720, 10**6),
    *("0", "1-99", _LONG),
    *(False, True),
    *(time(0), time(23, 59)),
    *(date(2000, 1, 1), date(2099, 12, 31)),
    *((), _MANY, (3,), tuple(range(1, 121))),
)
"""Values of every kind that a fact may be of; which of them a certain fact can be, its own model decides."""
_ITEMS = 48
_PLUGIN_VALUES = ("1", "8月18日（周二）", "3、6、12期和24期", _LONG, "")
_environment = Environment(autoescape=False)  # noqa: S701 - only read as a tree, never rendered
_Path = tuple[str, ...]
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Filling:
    """One way of filling a text. ``how`` is empty for the shop as it is, else what differs from it."""

    text: str
    backed: Mapping[str, str]
    shop: Shop
    how: str = ""
    by_plugin: bool = False
    """It holds words that a plugin gives at run time, here stand-ins for them."""


def fillings(source: str, shop: Shop) -> Iterator[Filling]:
    """All fillings of a text that is possible to fill, the shop as it is first. Facts that it needs and lacks: none."""
    facts, names = uses(source)
    seen: set[tuple[str, str]] = set()
    for varied, how in _shops(shop, facts):
        for value in _PLUGIN_VALUES if names else ("",):
            given = {name: Backed(value, f"plugin.{name}") for name in names}
            try:
                filled = fill(source, varied, given)
            except MissingFact:
                continue
            said = [how] if how else []
            if names and value != _PLUGIN_VALUES[0]:
                said.append(f"{'、'.join(sorted(names))} = {_short(value)}")
            if (filled.text, how) not in seen:
                seen.add((filled.text, how))
                yield Filling(filled.text, filled.backed, varied, "; ".join(said), bool(names))


def unreached(source: str, texts: Iterable[str]) -> list[str]:
    """Words of the text's branches and loops that none of the filled texts holds."""
    seen = "\0".join(texts)
    tree = _environment.parse(source)
    inner = (d for branch in tree.find_all((nodes.If, nodes.For)) for d in branch.find_all(nodes.TemplateData))
    words = dict.fromkeys(d.data.strip() for d in inner)
    return [w for w in words if w and w not in seen]


def uses(source: str) -> tuple[list[_Path], list[str]]:
    """The facts of the shop that a text uses, as ways into ``Shop``, and the names that its plugin fills in.

    What a loop says of the items of a list counts as the list.
    """
    tree = _environment.parse(source)
    loops = {n.target.name for n in tree.find_all(nodes.For) if isinstance(n.target, nodes.Name)}
    inner = {id(n.node) for n in tree.find_all(nodes.Getattr)}
    facts: dict[_Path, None] = {}
    names: dict[str, None] = {}
    for node in tree.find_all((nodes.Name, nodes.Getattr)):
        if id(node) in inner:
            continue
        root, *path = _chain(node)
        if root == "shop" and path:
            facts[tuple(path)] = None
        elif root not in loops and root != "shop":
            names[root] = None
    return list(facts), list(names)


def _chain(node: nodes.Node | None) -> list[str]:
    if isinstance(node, nodes.Getattr):
        return [*_chain(node.node), node.attr]
    return [node.name] if isinstance(node, nodes.Name) else [""]


# Shops -------------------------------------------------------------------------------------------------------------


def _shops(shop: Shop, facts: list[_Path]) -> Iterator[tuple[Shop, str]]:
    yield shop, ""
    everything = reduce(_with_something, facts, shop)
    nothing = reduce(_with_default, facts, shop)
    bases = [(shop, "")]
    bases += [(everything, "all facts given")] if everything != shop else []
    bases += [(nothing, "no fact given")] if nothing != shop else []
    for base, said in bases:
        if said:
            yield base, said
        for path in facts:
            for value in _candidates(path):
                if value != _get(base, path):
                    how = f"shop.{'.'.join(path)} {'not given' if value is None else f'= {_short(value)}'}"
                    yield _set(base, path, value), f"{said}, {how}" if said else how


def _with_something(shop: Shop, path: _Path) -> Shop:
    if _get(shop, path) not in (None, (), ""):
        return shop
    return _set(shop, path, next(v for v in reversed(_candidates(path)) if v))


def _with_default(shop: Shop, path: _Path) -> Shop:
    return _set(shop, path, _field(path).get_default(call_default_factory=True))


def _get(shop: Shop, path: _Path) -> object:
    return reduce(getattr, path, shop)


def _set(model: _M, path: _Path, value: object) -> _M:
    name, *rest = path
    inner = _set(getattr(model, name), tuple(rest), value) if rest else value
    return model.model_copy(update={name: inner})


def _field(path: _Path) -> FieldInfo:
    model: type[BaseModel] = Shop
    for name in path[:-1]:
        annotation = model.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            raise TypeError(f"shop.{'.'.join(path)} is no fact")
        model = annotation
    return model.model_fields[path[-1]]


@cache
def _candidates(path: _Path) -> tuple[object, ...]:
    """Extreme values of a fact that its model allows: none, the least, the most, the longest, both of yes and no."""
    return _allowed(_field(path))


def _allowed(field: FieldInfo) -> tuple[object, ...]:
    annotation: Any = field.annotation
    if get_origin(annotation) is tuple and _is_model(get_args(annotation)[0]):
        return (), tuple(islice(_items(get_args(annotation)[0]), _ITEMS))
    check = TypeAdapter(Annotated[annotation, *field.metadata] if field.metadata else annotation)
    values = [v for v in _POOL if _passes(check, v)]
    numbers = [v for v in values if isinstance(v, (int, Decimal)) and not isinstance(v, bool)]
    extreme = {min(numbers), max(numbers)} if numbers else set()
    return tuple(v for v in values if v not in numbers or v in extreme or isinstance(v, bool))


def _passes(check: TypeAdapter[Any], value: object) -> bool:
    try:
        return bool(check.validate_python(value, strict=True) == value)
    except ValidationError:
        return False


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _items(model: type[BaseModel]) -> Iterator[BaseModel]:
    """Entries of a list of facts, in all combinations of extreme values that make a valid one."""
    choices = {name: [v for v in _allowed(f) if v != ()] or [()] for name, f in model.model_fields.items()}
    for values in product(*choices.values()):
        try:
            yield model(**dict(zip(choices, values, strict=True)))
        except ValidationError:
            continue


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} items"
    text = str(value)
    return f"{len(text)} characters" if len(text) > 24 else reprlib.repr(text) if isinstance(value, str) else text
