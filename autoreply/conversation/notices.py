"""Telling people of the queue: each notice once through each notifier, tried again where that fails.

A notice is kept by the very transaction that brings it about, so none is lost; a notifier that was told and could not
say so is told again under the same key.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from autoreply.clock import Clock
from autoreply.journal import HandoffItem, Journal
from autoreply.journal.handoffs import NoticeRow, told

log = structlog.get_logger(__name__)

WITHIN = 15.0
"""Seconds a notifier may take."""

TRIES = 8
"""How often a notifier is tried with one notice."""

_BACKOFF = (1.0, 300.0)
"""Seconds before the second try, doubled at each further one up to the second number."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told: an item of the queue is ``new``, was ``raised``, or its buyer is ``waiting`` too long.

    ``key`` stays the same however often it is told: whoever takes notices drops a key that was seen.
    """

    key: str
    kind: str
    at: float
    item: HandoffItem


class Notifier(Protocol):
    """A way to tell people. What ``tell`` raises is logged, and the notice comes again."""

    async def tell(self, notice: Notice) -> None:
        """Bring it to them; returning means it has arrived."""

    async def close(self) -> None:
        """Let go of connections."""


class Notices:
    """Tells what is to be told. ``look`` returns at once; the telling goes on beside it, one notice after the other."""

    def __init__(self, journal: Journal, clock: Clock, notifiers: Mapping[str, Notifier]) -> None:
        self._journal = journal
        self._clock = clock
        self._notifiers = notifiers
        self._tries: dict[tuple[int, str], tuple[int, float]] = {}
        self._task: asyncio.Task[None] | None = None

    def look(self, rows: Sequence[NoticeRow]) -> None:
        """Tell these, unless the telling of the last ones is still under way."""
        if rows and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._tell(rows))

    async def finish(self) -> None:
        """Wait until all that can be told now is told."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is under way; the journal keeps it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for name, notifier in self._notifiers.items():
            try:
                await notifier.close()
            except Exception:
                log.exception("a notifier failed to close", notifier=name)

    async def _tell(self, rows: Sequence[NoticeRow]) -> None:
        for row in rows:
            notice = Notice(f"handoff-{row.item.id}-{row.kind}", row.kind, row.at, row.item)
            if not row.told and all(tries == 0 for tries, _ in self._tried(row)):
                say = log.info if row.kind == "new" else log.warning
                say(
                    _SAID[row.kind],
                    handoff=row.item.id,
                    conversation=str(row.item.conversation),
                    priority=str(row.item.priority),
                    reason=row.item.reason,
                )
            names = [name for name in self._notifiers if name not in row.told]
            over = await asyncio.gather(*(self._one(notice, row.id, name) for name in names))
            by = {*row.told, *(name for name, done in zip(names, over, strict=True) if done)}
            if by != set(row.told) or all(over):
                await self._journal.insist(partial(told, notice=row.id, by=by, done=all(over)))

    def _tried(self, row: NoticeRow) -> list[tuple[int, float]]:
        return [self._tries.get((row.id, name), (0, 0.0)) for name in self._notifiers]

    async def _one(self, notice: Notice, row_id: int, name: str) -> bool:
        """One notifier and one notice; whether that is over, told or given up."""
        now = self._clock.now()
        tries, due = self._tries.get((row_id, name), (0, now))
        if now < due:
            return False
        try:
            async with asyncio.timeout(WITHIN):
                await self._notifiers[name].tell(notice)
        except Exception as e:
            tries += 1
            log.warning("people could not be told", notifier=name, notice=notice.key, tries=tries, error=repr(e))
            if tries < TRIES:
                first, most = _BACKOFF
                self._tries[row_id, name] = tries, now + min(most, first * 2 ** (tries - 1))
                return False
            log.error("people will not be told of this", notifier=name, notice=notice.key)
        self._tries.pop((row_id, name), None)
        return True


_SAID = {
    "new": "a buyer waits for a person",
    "raised": "a buyer waits for a person, more urgently",
    "waiting": "a buyer has waited too long for a person",
}
