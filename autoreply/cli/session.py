"""A shop in memory for ``chat``: the whole engine on a journal that is gone afterwards, driven call by call."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from autoreply.app import App
from autoreply.channels.base import Sending
from autoreply.channels.stdio import StdioChannel
from autoreply.clock import Clock
from autoreply.conversation import Engine
from autoreply.journal import Journal
from autoreply.pipeline import Result

T = TypeVar("T")


class Session:
    """Use as a context manager. The event loop runs only inside ``do``: between two calls nothing happens."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        *,
        decided: Callable[[Result], None],
        write: Callable[[Sending], None] = lambda sending: None,
    ) -> None:
        self.channel = StdioChannel(write)
        self.engine: Engine
        self._app = app
        self._clock = clock
        self._decided = decided
        self._runner = asyncio.Runner()
        self._journal = Journal(":memory:")

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.do(self._open())
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.do(self._close())
        finally:
            self._runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end."""
        return self._runner.run(work)

    async def settle(self) -> None:
        """See ``Engine.settle``."""
        await self.engine.settle()

    async def restart(self, clock: Clock) -> None:
        """Go on with another clock and the same journal. What is in hand is to be finished before."""
        await self.engine.stop()
        self._clock = clock
        await self._start()

    async def _open(self) -> None:
        self._journal.start()
        await self._start()

    async def _start(self) -> None:
        name = self.channel.name
        self.engine = Engine(
            self._app.brain, self._journal, self._clock, self._app.settings, {name: self.channel}, self._decided
        )
        await self.engine.start(watch=False)
        await self.channel.start(self.engine)

    async def _close(self) -> None:
        await self.channel.stop()
        await self.engine.stop()
        await self.channel.close()
        await self._journal.stop()
