"""What waits for its turn: one mailbox per conversation, and places for the turns that are worked on at once."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType

from autoreply.clock import Clock
from autoreply.journal import ConversationRecord
from autoreply.model import Message

GIVES_WAY = 0.25
"""Seconds after which a turn gives its place to another: what it waits for must not keep healthy conversations."""


@dataclass(slots=True)
class Mailbox:
    """Messages of one conversation that wait for their turn. Exists only while there is something to do.

    ``basis`` is what the journal held of the conversation when the first of them was kept; None: it is to be read.
    """

    waiting: list[Message] = field(default_factory=list)
    basis: ConversationRecord | None = None
    _woken: "asyncio.Future[None] | None" = None

    def put(self, message: Message) -> None:
        self.waiting.append(message)
        self.wake()

    def take(self) -> tuple[Message, ...]:
        messages = tuple(self.waiting)
        self.waiting.clear()
        return messages

    def wake(self) -> None:
        """End a pause."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def pause(self, clock: Clock, moment: float) -> None:
        """Return at ``moment``, or before it when something arrives."""
        self._woken = asyncio.get_running_loop().create_future()
        timer = clock.call_at(moment, self.wake)
        try:
            await self._woken
        finally:
            timer.cancel()
            self._woken = None


class Place:
    """One of so many places for turns, held inside ``async with``, and given up early by a turn that takes long."""

    __slots__ = ("_held", "_places", "_timer")

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._held = False

    async def __aenter__(self) -> None:
        await self._places.acquire()
        self._held = True
        self._timer = asyncio.get_running_loop().call_later(GIVES_WAY, self._give_up)

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._give_up()

    def _give_up(self) -> None:
        if self._held:
            self._held = False
            self._places.release()
