"""Since when a buyer has waited too long for a person, counted in the hours in which one is there."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from autoreply.facts import Hours, Shop

_LONGEST = timedelta(days=14)
"""What lies further back is not counted: by then every wait is too long."""


def waiting_too_long(shop: Shop, now: float, seconds: float) -> float | None:
    """The latest moment from which so many staffed seconds have passed until now.

    None where there were not so many in the last fourteen days: then nobody has waited as long.
    """
    zone = ZoneInfo(shop.timezone)
    last = datetime.fromtimestamp(now, zone)
    first = last - _LONGEST
    for since, until in reversed(list(_openings(shop.hours, first, last))):
        closing = min(last, until)
        length = max(0.0, (closing - max(first, since)).total_seconds())
        if length and seconds <= length:
            return (closing - timedelta(seconds=seconds)).timestamp()
        seconds -= length
    return None


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
