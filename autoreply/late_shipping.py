"""What late shipping may cost a shop on Tmall: the arithmetic, for operators. Never part of a reply.

Source S0, Tmall's notice of 2019 on 延迟发货: the buyer gets 30 % of a late order as a red packet, and at most 500 yuan
from one shop for orders paid within any 24 hours.

"Any 24 hours" is read as every window ``[t, t + 24 h)`` that slides over the payments: two orders are under one cap
when less than 24 hours lie between their payments. Paid exactly 24 hours apart they are not, the reading under which
the shop owes more. The compensation is the largest total of which no window holds more than the cap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

WINDOW = timedelta(hours=24)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Terms:
    """The rule as it stood from ``since`` on. Dated data: a later rule is a further entry, or the operator's figures.

    ``rate`` is the share of the order's amount, ``cap`` yuan at most for the orders of one window; None: no cap.
    """

    since: date
    rate: Decimal
    cap: Decimal | None
    source: str
    note: str = ""


HISTORY: tuple[Terms, ...] = (
    Terms(
        date(2019, 5, 17),
        Decimal("0.30"),
        None,
        "S0",
        "transition: points may be paid instead of a red packet, as the platform's notice says",
    ),
    Terms(date(2019, 5, 28), Decimal("0.30"), None, "S0", "red packets instead of points"),
    Terms(date(2019, 6, 13), Decimal("0.30"), Decimal(500), "S0"),
)
"""By the day on which the buyer claims. Before the first entry the source gives no arithmetic."""


@dataclass(frozen=True, slots=True)
class Order:
    """A late order: what was paid, in yuan, and when, in Beijing time without a zone."""

    amount: Decimal
    paid_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """One order's part: ``full`` is the rate of its amount, ``granted`` what the cap leaves of it."""

    order: Order
    full: Decimal
    granted: Decimal


@dataclass(frozen=True, slots=True)
class Window:
    """The 24 hours from ``start``: what its orders come to without the cap, and with it."""

    start: datetime
    orders: tuple[Order, ...]
    full: Decimal
    granted: Decimal


@dataclass(frozen=True, slots=True)
class Compensation:
    """The result and its steps, orders by the time of payment. How a capped total is split is one way of several."""

    shares: tuple[Share, ...]
    windows: tuple[Window, ...]
    """Each largest group of orders that some 24 hours hold together."""
    total: Decimal


def terms_on(day: date) -> Terms | None:
    """The terms for a claim made on ``day``; None before there were any."""
    return max((t for t in HISTORY if t.since <= day), key=lambda t: t.since, default=None)


def compensation(orders: Sequence[Order], terms: Terms) -> Compensation:
    """What one buyer's late orders at one shop come to.

    Orders are taken by the time of payment and each gets as much as the windows that end with it leave. No other split
    gives a larger total: what an order takes away from a later one, it takes only from windows that hold both.
    """
    shares: list[Share] = []
    first = 0
    for order in sorted(orders, key=lambda o: o.paid_at):
        while first < len(shares) and order.paid_at - shares[first].order.paid_at >= WINDOW:
            first += 1
        full = (order.amount * terms.rate).quantize(_CENT, ROUND_HALF_UP)
        before = sum((s.granted for s in shares[first:]), Decimal(0))
        granted = full if terms.cap is None else min(full, terms.cap - before)
        shares.append(Share(order, full, granted))
    return Compensation(tuple(shares), tuple(_windows(shares)), sum((s.granted for s in shares), Decimal(0)))


def _windows(shares: Sequence[Share]) -> Iterator[Window]:
    end = 0
    for i, first in enumerate(shares):
        reach = end
        while end < len(shares) and shares[end].order.paid_at - first.order.paid_at < WINDOW:
            end += 1
        if end > reach:  # else the window before holds all of these orders too
            inside = shares[i:end]
            full, granted = sum((s.full for s in inside), Decimal(0)), sum((s.granted for s in inside), Decimal(0))
            yield Window(first.order.paid_at, tuple(s.order for s in inside), full, granted)
