"""How long a buyer has waited for a person, counted in the hours in which one is there."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from autoreply.facts import Hours, Shop
from autoreply.journal import HandoffItem

_LONGEST = timedelta(days=14)
"""What lies further back is not counted: by then every wait is too long."""


def staffed_seconds(shop: Shop, start: float, end: float) -> float:
    """Seconds between two moments in which a person is at the shop, fourteen days back at most."""
    zone = ZoneInfo(shop.timezone)
    last = datetime.fromtimestamp(end, zone)
    first = max(datetime.fromtimestamp(start, zone), last - _LONGEST)
    return sum(
        max(0.0, (min(last, until) - max(first, since)).total_seconds())
        for since, until in _openings(shop.hours, first, last)
    )


def _openings(hours: Hours, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing of each staffed day that may reach into the span; one may end past midnight."""
    day = first.date() - timedelta(days=1)
    while day <= last.date():
        opens = _at(day, hours.open, first)
        if hours.staffed(opens):
            closes = day if hours.open < hours.close else day + timedelta(days=1)
            yield opens, _at(closes, hours.close, first)
        day += timedelta(days=1)


def _at(day: date, clock: time_of_day, like: datetime) -> datetime:
    return datetime.combine(day, clock, like.tzinfo)


def overdue(items: Iterable[HandoffItem], shop: Shop, now: float, minutes: float) -> list[int]:
    """Numbers of the items whose buyer has waited longer than so many staffed minutes for a person's word."""
    return [
        item.id
        for item in items
        if item.waiting_since is not None and staffed_seconds(shop, item.waiting_since, now) >= minutes * 60
    ]
