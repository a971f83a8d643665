"""Knows whether anything is being worked on, so that a stop or a hand-driven clock can wait for quiet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_WAKING = 10
"""Turns of the event loop within which work that was woken a moment ago counts as running again; four are needed."""


class Activity:
    """Counts pieces of work that are running and not merely waiting for a moment to come."""

    def __init__(self) -> None:
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def begin(self) -> None:
        self._running += 1
        self._quiet.clear()

    def end(self) -> None:
        self._running -= 1
        if self._running == 0:
            self._quiet.set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A running piece of work does nothing but wait for the clock in here."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    async def quiet(self) -> None:
        """Return once nothing is running, nor about to run because its moment came or a message arrived."""
        calm = 0
        while calm < _WAKING:
            if self._running:
                await self._quiet.wait()
                calm = 0
            else:
                await asyncio.sleep(0)
                calm += 1
