"""One clock for everything: the system's in a shop, a hand-driven one in tests and in ``chat --jsonl``."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> object:
        """It shall not come; nothing happens if it has."""


class Clock(Protocol):
    """Tells the time and waits for it. All times are seconds since the epoch."""

    def now(self) -> float:
        """The present moment."""

    async def sleep_until(self, moment: float) -> None:
        """Return once ``moment`` has come; at once if it has passed."""

    def call_at(self, moment: float, callback: Callable[[], object]) -> Timer:
        """Have ``callback`` called by the running event loop once ``moment`` has come."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - time.time()))

    def call_at(self, moment: float, callback: Callable[[], object]) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, moment - time.time()), callback)


class ManualClock:
    """A clock that stands still until it is moved. Sleepers wake in the order of their moments."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep_until(self, moment: float) -> None:
        if moment > self._now:
            await self._due(moment)

    def call_at(self, moment: float, callback: Callable[[], object]) -> Timer:
        future = self._due(moment)
        future.add_done_callback(partial(_unless_cancelled, callback))
        if moment <= self._now:
            future.set_result(None)
        return future

    def _due(self, moment: float) -> "asyncio.Future[None]":
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._order), future))
        return future

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


def _unless_cancelled(callback: Callable[[], object], future: "asyncio.Future[None]") -> None:
    if not future.cancelled():
        callback()
