"""One clock for everything: the system's in a shop, a hand-driven one in tests and in ``chat --jsonl``."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it. All times are seconds since the epoch."""

    def now(self) -> float:
        """The present moment."""

    async def sleep_until(self, moment: float) -> None:
        """Return once ``moment`` has come; at once if it has passed."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - time.time()))


class ManualClock:
    """A clock that stands still until it is moved. Sleepers wake in the order of their moments."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep_until(self, moment: float) -> None:
        if moment <= self._now:
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._order), future))
        await future

    async def advance_to(self, moment: float, settle: Callable[[], Awaitable[None]]) -> None:
        """Move on to ``moment``, waking each sleeper on the way and letting ``settle`` finish what it started."""
        while (due := self.next_due()) is not None and due <= moment:
            _, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            future.set_result(None)
            await settle()
        self._now = max(self._now, moment)

    def next_due(self) -> float | None:
        """When the next sleeper wakes; None if nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None
