"""Forgetting by age: a few rows at a time, so that neither messages nor replies wait for it."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from autoreply.clock import Clock
from autoreply.journal.records import JournalError
from autoreply.journal.schema import IN_HAND, OTHERS, TABLES, WAITS, Table
from autoreply.journal.store import Store
from autoreply.journal.writer import Journal

log = structlog.get_logger(__name__)

DAY = 86_400.0

_ROWS = 200
"""Rows looked at in one transaction: some milliseconds' work."""

_FIRST = 60.0
"""Seconds after a start before the first look: what the last run left has precedence."""

Place = tuple[Any, ...]


def purge(store: Store, before: float) -> Counter[str]:
    """Delete what is older than ``before`` (seconds since the epoch), in small transactions; rows deleted by kind.

    Whole conversations stay as they are while one of their messages has no answer, one of their replies has not left,
    or a person is awaited. Freed places in the file are overwritten, not only marked as free.

    Raises:
        JournalError: the file cannot be written; what was deleted up to then stays deleted.
    """
    deleted: Counter[str] = Counter()
    for table in TABLES:
        place: Place | None = ()
        while place is not None:
            with store:
                place, count = _step(store, table, before, place)
            deleted[table.records] += count
    with store:
        _others(store, before)
    return deleted


async def keep_purging(journal: Journal, clock: Clock, keep_days: Callable[[], float]) -> None:
    """Once a day, delete what is older than ``keep_days()``; runs until it is cancelled."""
    await clock.sleep_until(clock.now() + _FIRST)
    while True:
        deleted: Counter[str] = Counter()
        try:
            before = clock.now() - keep_days() * DAY
            for table in TABLES:
                place: Place | None = ()
                while place is not None:
                    place, count = await journal.run(partial(_step, table=table, before=before, place=place))
                    deleted[table.records] += count
            await journal.run(partial(_others, before=before))
        except JournalError as e:
            log.error("old entries could not be deleted; tried again tomorrow", error=str(e))
        if deleted.total():
            log.info("old entries deleted", **{k: n for k, n in deleted.items() if n})
        await clock.sleep_until(clock.now() + DAY)


def _step(store: Store, table: Table, before: float, place: Place) -> tuple[Place | None, int]:
    """Look at the next rows behind ``place``; returns the place reached, None at the end, and how many were deleted."""
    db = store.db
    key = ", ".join(table.key)
    above = f"WHERE ({key}) > ({', '.join('?' * len(place))})" if place else ""
    held = f"{IN_HAND} OR {WAITS}"
    rows = db.execute(
        f"SELECT {key}, {table.time} < ? AND NOT ({held}) FROM {table.name} t {above} ORDER BY {key} LIMIT {_ROWS}",
        (before, *place),
    ).fetchall()
    old = [row[:-1] for row in rows if row[-1]]
    if old:
        db.execute("PRAGMA secure_delete = ON")
        where = " AND ".join(f"{column} = ?" for column in table.key)
        db.executemany(f"DELETE FROM {table.name} WHERE {where}", old)
    return (rows[-1][:-1] if len(rows) == _ROWS else None), len(old)


def _others(store: Store, before: float) -> None:
    for statements in OTHERS.values():
        for sql in statements:
            store.db.execute(sql, {"before": before} if ":before" in sql else ())
