"""``autoreply calc``: arithmetic for operators. What it says is never for a buyer."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import Stop, console, json_option, put, verbose_option

if TYPE_CHECKING:
    from autoreply.late_shipping import Compensation, Order, Terms

_BEIJING = timezone(timedelta(hours=8))
_COLUMNS = ("amount", "paid_at")
_GIVEN = "figures given here"


@click.group("calc")
def command() -> None:
    """Arithmetic for the shop's own people; never quote it to a buyer.

    \b
    Example:
      autoreply calc late-shipping --order 600@2026-03-01T10:00 --order 800@2026-03-01T15:30
    """


@command.command("late-shipping")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--order", "given", metavar="AMOUNT@PAID_AT", multiple=True, help="A late order; as many as there are.")
@click.option(
    "--claimed-on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day of the buyer's claim, which decides on the rule in force; without it today.",
)
@click.option("--rate", type=click.FloatRange(0, 100), metavar="PERCENT", help="Another rate than the one on record.")
@click.option("--cap", type=click.FloatRange(0), metavar="YUAN", help="Another cap than the one on record.")
@verbose_option()
@json_option
def late_shipping(
    file: Path | None,
    given: tuple[str, ...],
    claimed_on: datetime | None,
    rate: float | None,
    cap: float | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """What one buyer's late orders at one shop may cost (Tmall).

    30 % of each order and, for claims from 13 June 2019 on, 500 yuan at most for orders paid within any 24 hours. Two
    orders are under one cap when less than 24 hours lie between their payments, wherever the day begins; the result is
    the largest total that keeps every 24 hours at or below the cap. Amounts are in yuan, times Beijing time such as
    2026-03-01T10:00.

    FILE is a CSV with columns amount and paid_at and, if there is more than one buyer, buyer: each is reckoned alone.

    The figures on record are of 2019; --rate and --cap take those that hold by now. An amount is never quoted to a
    buyer: apologise, state the order's status, and point to the platform's entry for claims.

    \b
    Examples:
      autoreply calc late-shipping --order 600@2026-03-01T10:00 --order 800@2026-03-01T15:30
      autoreply calc late-shipping late_orders.csv --claimed-on 2019-06-01
    """
    from autoreply.late_shipping import compensation

    by_buyer = _orders(file, given)
    terms = _terms((claimed_on or datetime.now(_BEIJING)).date(), rate, cap)
    results = {buyer: compensation(orders, terms) for buyer, orders in by_buyer.items()}
    if as_json:
        put({"terms": _terms_data(terms), "buyers": [_as_data(b, r) for b, r in results.items()]})
        return
    for buyer, result in results.items():
        _show(buyer, result, terms)


def _orders(file: Path | None, given: Sequence[str]) -> "dict[str, list[Order]]":
    if (file is None) == (not given):
        raise click.UsageError("give either --order or FILE")
    by_buyer: dict[str, list[Order]] = {}
    if file is None:
        by_buyer[""] = [_order(*text.rpartition("@")[::2], "--order") for text in given]
        return by_buyer
    for buyer, order in _from_csv(file):
        by_buyer.setdefault(buyer, []).append(order)
    if not by_buyer:
        raise Stop(f"{file}: holds no order")
    return by_buyer


def _from_csv(file: Path) -> "Iterator[tuple[str, Order]]":
    from autoreply.review.sheets import decoded

    try:
        text, _ = decoded(file.read_bytes())
    except OSError as e:
        raise Stop(f"cannot read {file}: {e.strerror}") from e
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [c for c in _COLUMNS if c not in (reader.fieldnames or ())]:
        raise Stop(f"{file}:1: no column {' and '.join(missing)}; amount and paid_at are needed, buyer is optional")
    for row in reader:
        where = f"{file}:{reader.line_num}"
        order = _order(row["amount"] or "", row["paid_at"] or "", where)
        yield (row.get("buyer") or "").strip(), replace(order, name=(row.get("order") or "").strip())


def _order(amount: str, paid_at: str, where: str) -> "Order":
    from autoreply.late_shipping import Order

    try:
        yuan, paid = Decimal(amount.strip()), datetime.fromisoformat(paid_at.strip())
    except (InvalidOperation, ValueError):
        yuan, paid = Decimal("NaN"), datetime.min
    if not yuan.is_finite() or not 0 <= yuan < 10**9:
        raise Stop(f"{where}: {amount}@{paid_at} is no order; write AMOUNT@PAID_AT such as 600@2026-03-01T10:00")
    return Order(yuan, paid if paid.tzinfo is None else paid.astimezone(_BEIJING).replace(tzinfo=None))


def _terms(day: date, rate: float | None, cap: float | None) -> "Terms":
    from autoreply.late_shipping import HISTORY, terms_on

    terms = terms_on(day)
    if terms is None:
        raise Stop(f"no rule on record for a claim of {day}; the first is in force from {HISTORY[0].since}")
    own = {
        "rate": None if rate is None else Decimal(str(rate)) / 100,
        "cap": None if cap is None else Decimal(str(cap)),
    }
    changes: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
    return replace(terms, **changes, source=_GIVEN, note="") if changes else terms


# Reports -----------------------------------------------------------------------------------------------------------


def _terms_data(terms: "Terms") -> dict[str, Any]:
    return {
        "since": terms.since.isoformat(),
        "rate": float(terms.rate),
        "cap": None if terms.cap is None else float(terms.cap),
        "source": terms.source,
        "note": terms.note,
    }


def _as_data(buyer: str, result: "Compensation") -> dict[str, Any]:
    return {
        "buyer": buyer,
        "total": float(result.total),
        "orders": [
            {
                "order": s.order.name,
                "amount": float(s.order.amount),
                "paid_at": s.order.paid_at.isoformat(),
                "full": float(s.full),
                "granted": float(s.granted),
            }
            for s in result.shares
        ],
        "windows": [
            {
                "start": w.start.isoformat(),
                "orders": len(w.orders),
                "full": float(w.full),
                "granted": float(w.granted),
            }
            for w in result.windows
        ],
    }


def _show(buyer: str, result: "Compensation", terms: "Terms") -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    capped = "no cap" if terms.cap is None else f"{_yuan(terms.cap)} yuan at most for orders paid within any 24 hours"
    note = f"; {terms.note}" if terms.note else ""
    source = terms.source if terms.source == _GIVEN else f"{terms.source}, in force from {terms.since}"
    rule = f"{_yuan(terms.rate * 100)} % of each order, {capped} ({source}{note})"
    screen.print(Text(rule), soft_wrap=True)
    if buyer:
        screen.print(Text(f"buyer {buyer}", "bold"))
    table = Table("paid at", "order", "amount", f"{_yuan(terms.rate * 100)} %", "within the cap")
    for share in result.shares:
        order = share.order
        figures = (_yuan(order.amount), _yuan(share.full), _yuan(share.granted))
        table.add_row(Text(f"{order.paid_at:%Y-%m-%d %H:%M:%S}"), Text(order.name), *figures)
    screen.print(table)
    for window in result.windows if terms.cap is not None else ():
        parts = " + ".join(_yuan(s.full) for s in result.shares if any(s.order is o for o in window.orders))
        over = f" → {_yuan(terms.cap)}" if terms.cap is not None and window.full > terms.cap else ""
        screen.print(Text(f"24 hours from {window.start:%Y-%m-%d %H:%M:%S}: {parts} = {_yuan(window.full)}{over}"))
    screen.print(Text(f"total {_yuan(result.total)} yuan; for the shop alone, never quoted to a buyer", "bold"))


def _yuan(amount: Decimal) -> str:
    """``540`` or ``540.5``, without an exponent."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
