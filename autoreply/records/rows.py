"""Lines of tables or of a query's result → records. Orders and products are told on several lines, as exports do."""

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from autoreply.records import values
from autoreply.records.columns import ITEMS, ORDERS, PRODUCTS, unit_of
from autoreply.records.model import Faq, Order, OrderItem, OrderState, Product, SizeRow, Sku, in_zone
from autoreply.records.values import Reader
from autoreply.tomlfile import Problem, did_you_mean

M = TypeVar("M", bound=BaseModel)

_TELLING = {"state", "quantity", "price", "stock", "amount", "freight", "list_price", "custom", "ships_on"}
"""Fields whose wrong values may be told in a log: a time or an amount, never a person."""

_FIRST = (
    *(OrderState.REFUNDING, OrderState.UNPAID, OrderState.SHIPPED, OrderState.PAID),
    *(OrderState.SIGNED, OrderState.CLOSED),
)
"""Of an order whose items have come unequally far: a part on its way, or one that is still to be sent."""

EVERY = "*"
"""Instead of a product's id: all products."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: cells with something in them by field, and the names of their columns as written.

    ``rest`` is what else may count: attributes of a product, further measures of a size.
    """

    file: str
    number: int
    cells: Mapping[str, object]
    columns: Mapping[str, str]
    rest: Mapping[str, object] = field(default_factory=dict)

    def problem(self, name: str, message: str) -> Problem:
        """A problem of this line with the column of a field."""
        return Problem(self.file, self.number, self.columns.get(name, name), message)


class Told:
    """The values of one record, each from the first line that tells it, and what is wrong with them."""

    def __init__(self, readers: Mapping[str, Reader], problems: list[Problem]) -> None:
        self.values: dict[str, Any] = {}
        self._readers = readers
        self._problems = problems
        self._from: dict[str, Line] = {}

    def add(self, line: Line, fields: Iterable[str]) -> None:
        """Take from ``line`` the fields that no line before it told."""
        for name in fields:
            if name in line.cells and name not in self._from:
                self.put(line, name, read(line, name, self._readers.get(name, values.text), self._problems))

    def put(self, line: Line, name: str, value: object) -> None:
        """Take a value that ``line`` tells; None and an empty text say nothing."""
        self._from[name] = line
        if value is not None and value != "":
            self.values[name] = value

    def made(self, model: type[M], line: Line, zone: ZoneInfo | None = None, **more: object) -> M | None:
        """The record; None where something is wrong with it, which is told with the line that said it."""
        try:
            return model.model_validate({**self.values, **more}, context=in_zone(zone) if zone else None)
        except ValidationError as e:
            for error in e.errors(include_url=False, include_input=False, include_context=False):
                name = str(error["loc"][0]) if error["loc"] else ""
                message = error["msg"].removeprefix("Value error, ")
                if error["type"] == "missing":
                    message = "is required and missing"
                    if name in self._from:
                        continue  # there, but it cannot be read: told already
                self._problems.append(self._from.get(name, line).problem(name, message))
        return None


def read(line: Line, name: str, reader: Reader, problems: list[Problem]) -> Any:
    """The value of a cell; None, and a problem, where it cannot be read."""
    cell = line.cells[name]
    try:
        return reader(cell)
    except ValueError as e:
        got = f", got {reprlib.repr(cell)}" if name in _TELLING else ""
        problems.append(line.problem(name, f"{e}{got}"))
        return None


def _every(lines: Sequence[Line], name: str, reader: Reader, problems: list[Problem]) -> set[Any]:
    """The values of a field on all lines."""
    return {read(line, name, reader, problems) for line in lines if name in line.cells} - {None}


def _grouped(tables: Iterable[Iterable[Line]], key: str, problems: list[Problem]) -> dict[str, list[Line]]:
    """Lines by what they are about. What a later table tells of takes the place of what an earlier one told of it."""
    groups: dict[str, list[Line]] = {}
    for lines in tables:
        own: dict[str, list[Line]] = {}
        for line in lines:
            if key not in line.cells:
                problems.append(line.problem(key, "is required and missing"))
            elif (known := read(line, key, values.identifier, problems)) is not None:
                own.setdefault(known, []).append(line)
        groups |= own
    return groups


# Orders ------------------------------------------------------------------------------------------------------------


def orders_from(tables: Iterable[Iterable[Line]], zone: ZoneInfo, problems: list[Problem]) -> list[Order]:
    """Orders; the lines of one number are its items. Of a number in several tables the last one counts."""
    groups = _grouped(tables, "order_no", problems).values()
    return [order for lines in groups if (order := _order(lines, zone, problems)) is not None]


def _order(lines: Sequence[Line], zone: ZoneInfo, problems: list[Problem]) -> Order | None:
    before = len(problems)
    told = Told(values.ORDER, problems)
    for line in lines:
        told.add(line, (name for name in ORDERS if name not in ("state", "amount", "freight")))
    if any("state" in line.cells for line in lines):
        states = _every(lines, "state", values.state, problems)
        told.put(lines[0], "state", next((s for s in _FIRST if s in states), None))
    for name in ("amount", "freight"):
        sums = _every(lines, name, values.money, problems)
        # Several may be one for each item, or shares of the whole: no telling which.
        told.put(lines[0], name, sums.pop() if len(sums) == 1 else None)
    if len(_every(lines, "buyer_id", values.text, [])) > 1:
        problems.append(
            lines[-1].problem("buyer_id", f"another buyer of the same order than on line {lines[0].number}")
        )
    items = [item for line in lines if (item := _item(line, problems)) is not None]
    order = told.made(Order, lines[0], zone, items=items)
    return order if len(problems) == before else None


def _item(line: Line, problems: list[Problem]) -> OrderItem | None:
    """The item of a line; None where the line tells of none."""
    told = Told(values.ORDER, problems)
    told.add(line, ITEMS)
    if not told.values.keys() & {"product_id", "name", "sku"}:
        return None
    return told.made(OrderItem, line)


# Products ----------------------------------------------------------------------------------------------------------


def products_from(
    tables: Iterable[Iterable[Line]], sizes: Iterable[Line], faq: Iterable[Line], problems: list[Problem]
) -> list[Product]:
    """Products; the lines of one id are its skus. Of an id in several tables the last one counts."""
    groups = _grouped(tables, "product_id", problems)
    charts = _for_products(sizes, _size, groups, problems)
    answers = _for_products(faq, _faq, groups, problems)
    return [
        product
        for known, lines in groups.items()
        if (product := _product(lines, charts.get(known, []), answers.get(known, []), problems)) is not None
    ]


def _product(
    lines: Sequence[Line], sizes: Sequence[SizeRow], faq: Sequence[Faq], problems: list[Problem]
) -> Product | None:
    before = len(problems)
    told = Told(values.PRODUCT, problems)
    attributes: dict[str, str] = {}
    for line in lines:
        told.add(line, (name for name in PRODUCTS if name not in ("sku", "price", "stock")))
        attributes = _rest(line, problems) | attributes
    skus = [sku for line in lines if (sku := _sku(line, problems)) is not None]
    if skus:
        prices = {sku.price for sku in skus}
        stocks = [sku.stock for sku in skus if sku.stock is not None]
        told.put(lines[0], "price", prices.pop() if len(prices) == 1 else None)
        told.put(lines[0], "stock", sum(stocks) if len(stocks) == len(skus) else None)
    else:
        for line in lines:
            told.add(line, ("price", "stock"))
    product = told.made(Product, lines[0], skus=skus, attributes=attributes, sizes=sizes, faq=faq)
    return product if len(problems) == before else None


def _rest(line: Line, problems: list[Problem]) -> dict[str, str]:
    """Attributes of a product, or further measures of a size."""
    found = {}
    for name, cell in line.rest.items():
        try:
            found[name] = values.text(cell)
        except ValueError as e:
            problems.append(line.problem(name, str(e)))
    return {name: words for name, words in found.items() if words}


def _sku(line: Line, problems: list[Problem]) -> Sku | None:
    if "sku" not in line.cells:
        return None
    told = Told(values.PRODUCT, problems)
    told.add(line, ("sku", "price", "stock"))
    return told.made(Sku, line, name=told.values.pop("sku", ""))


def _size(line: Line, problems: list[Problem]) -> SizeRow | None:
    units = {name: unit_of(column) for name, column in line.columns.items()}
    if line.columns.get("weight") == "weight":
        units["weight"] = "kg"  # by our own name it is what the model says; 体重 alone may be either
    readers: dict[str, Reader] = {
        "height": partial(values.height, unit=units.get("height", "")),
        "weight": partial(values.weight, unit=units.get("weight", "")),
    }
    told = Told(readers, problems)
    told.add(line, ("size", "height", "weight"))
    return told.made(SizeRow, line, extra=_rest(line, problems))


def _faq(line: Line, problems: list[Problem]) -> Faq | None:
    told = Told({}, problems)
    told.add(line, ("question", "answer"))
    return told.made(Faq, line)


def _for_products(
    lines: Iterable[Line],
    make: Callable[[Line, list[Problem]], M | None],
    known: Mapping[str, object],
    problems: list[Problem],
) -> dict[str, list[M]]:
    """What each line makes, by the products that it is for: one id, several, or ``*`` for all."""
    found: dict[str, list[M]] = {}
    for line in lines:
        if "product_id" not in line.cells:
            problems.append(line.problem("product_id", "is required and missing; * is for all products"))
            continue
        named = read(line, "product_id", values.words, problems) or ()
        made = make(line, problems)
        for name in known if EVERY in named else named:
            if name not in known:
                hint = did_you_mean(name, list(known))
                problems.append(line.problem("product_id", f"no product has the id {name!r}{hint}"))
            elif made is not None:
                found.setdefault(name, []).append(made)
    return found
