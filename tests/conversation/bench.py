"""A shop on a bench: real engine, journal and gate, a clock moved by hand, and a channel that does as it is told."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from aiohttp.web import AbstractRouteDef

from autoreply import Context, Outcome
from autoreply.app import App
from autoreply.channels.base import Channel, Delivery, Host, Receipt, SendFailed, Sending
from autoreply.clock import ManualClock
from autoreply.conversation import Engine
from autoreply.conversation.notices import Notifier
from autoreply.handlers import Bound, Health
from autoreply.journal import HandoffItem, Journal, Store
from autoreply.model import Author, ConversationKey, Kind, Message
from autoreply.pipeline import Brain, Result
from autoreply.settings import Conversation, Limits

MORNING = datetime(2026, 1, 7, 2, 0, tzinfo=UTC).timestamp()
"""A Wednesday, 10:00 in the shop's zone: an ordinary working day with people in the shop."""

T = TypeVar("T")
Handler = Callable[[Context[Any]], Awaitable[Outcome]]
Step = Callable[["Line", Sending], Awaitable[Delivery]]


class Line:
    """A channel that keeps what reached the buyer. ``plan`` holds what happens at the next sends, one step each."""

    name = "line"

    def __init__(self, *, takes_key: bool = True, offers: bool = False, fetched: bool = False) -> None:
        self.takes_key = takes_key
        self.offers = offers or fetched
        self.fetched = fetched
        self.plan: deque[Step] = deque()
        self.tries: list[Sending] = []
        self.heard: list[Sending] = []

    def routes(self) -> Sequence[AbstractRouteDef]:
        return ()

    async def start(self, host: Host) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def send(self, sending: Sending) -> Delivery:
        self.tries.append(sending)
        return await (self.plan.popleft() if self.plan else delivers)(self, sending)


async def delivers(line: Line, sending: Sending) -> Delivery:
    """What happens on a good day."""
    line.heard.append(sending)
    return Delivery.OFFERED if line.offers else Delivery.DELIVERED


async def refuses(line: Line, sending: Sending) -> Delivery:
    """The peer said "not now": certainly not delivered."""
    raise SendFailed("peer answered 503", retry=True)


async def rejects(line: Line, sending: Sending) -> Delivery:
    """The peer said "never": certainly not delivered."""
    raise SendFailed("peer answered 400", retry=False)


async def times_out(line: Line, sending: Sending) -> Delivery:
    """Delivered, but the word of it is lost on the way back."""
    line.heard.append(sending)
    raise SendFailed("no answer in time", retry=True, unknown=True)


async def vanishes(line: Line, sending: Sending) -> Delivery:
    """Not delivered, and nobody can tell."""
    raise SendFailed("no answer in time", retry=True, unknown=True)


async def crashes(line: Line, sending: Sending) -> Delivery:
    """A mistake in the channel's own code."""
    raise ZeroDivisionError("a secret of the channel's inside")


class Gateway:
    """A step that stands still until it is let go; ``reached`` tells that the send has begun."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, line: Line, sending: Sending) -> Delivery:
        self.reached.set()
        await self.open.wait()
        return await delivers(line, sending)


class Shop:
    """A shop with one channel. ``buyer`` and ``agent`` write, ``wait`` lets time pass, ``said`` is what buyers read."""

    def __init__(self, app: App, path: Path, *, line: Line | None = None, brain: Brain | None = None) -> None:
        self.path = path
        self.line = line or Line()
        self.brain = replace(brain or app.brain, health=Health())  # plugins that failed elsewhere are in order here
        self.settings = app.settings
        self.clock = ManualClock(MORNING)
        self.decided: list[Result] = []
        self.observe: Callable[[Result], None] = self.decided.append
        self.notifiers: dict[str, Notifier] = {}
        self.journal: Journal
        self.engine: Engine
        self._count = 0

    def set(self, **numbers: Any) -> "Shop":
        """Change numbers of ``[conversation]`` and ``[limits]`` before the shop opens."""
        talk = {k: v for k, v in numbers.items() if k in Conversation.model_fields}
        limits = {k: v for k, v in numbers.items() if k in Limits.model_fields}
        assert len(talk) + len(limits) == len(numbers)
        update = {
            "conversation": self.settings.conversation.model_copy(update=talk),
            "limits": self.settings.limits.model_copy(update=limits),
        }
        self.settings = self.settings.model_copy(update=update)
        self.brain = replace(self.brain, plugin_timeout=self.settings.limits.plugin_timeout)
        return self

    def answers(self, **handlers: Handler) -> "Shop":
        """Put handlers of the test's own in the place of shipped ones."""
        own = {slug: Bound(handler) for slug, handler in handlers.items()}
        self.brain = replace(self.brain, handlers={**self.brain.handlers, **own})
        return self

    async def open(self, *, watch: bool = False) -> int:
        """Start; returns how much was left by the last run."""
        self.journal = Journal(self.path)
        self.journal.start()
        channels: dict[str, Channel] = {self.line.name: self.line}
        self.engine = Engine(
            self.brain, self.journal, self.clock, self.settings, channels, self.observe, self.notifiers
        )
        return await self.engine.start(watch=watch)

    async def close(self) -> None:
        await self.engine.stop()
        await self.journal.stop()

    async def __aenter__(self) -> "Shop":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # What happens ----------------------------------------------------------------------------------------------------

    async def buyer(self, text: str, conversation: str = "c", *, id: str = "", kind: Kind = Kind.TEXT) -> Receipt:
        """A buyer writes; nothing more happens yet than that it is taken."""
        return await self.engine.accept(self.message(text, conversation, id=id, kind=kind))

    async def agent(self, text: str = "我来回复您", conversation: str = "c", *, id: str = "") -> Receipt:
        """A person of the shop writes."""
        return await self.engine.accept(self.message(text, conversation, id=id, author=Author.AGENT))

    async def asks(self, text: str, conversation: str = "c", **more: Any) -> list[str]:
        """A buyer writes and waits for the answer: the texts that came of it."""
        before = len(self.said(conversation))
        await self.buyer(text, conversation, **more)
        await self.wait(self.settings.conversation.merge_window)
        return self.said(conversation)[before:]

    async def wait(self, seconds: float = 0.0) -> None:
        """Let time pass, and all that falls due in it be done."""
        async with asyncio.timeout(30):  # of the machine's time: a test that waits for nothing fails
            await self.engine.settle()
            await self.clock.advance_to(self.clock.now() + seconds, self.engine.settle)

    async def tick(self, seconds: float) -> None:
        """Let time pass while a plugin or a send is still at work: what it leads to is to be waited for."""
        await self.clock.advance_to(self.clock.now() + seconds, _no_settling)

    # What is there to see --------------------------------------------------------------------------------------------

    def key(self, conversation: str = "c") -> ConversationKey:
        return ConversationKey(self.line.name, "main", conversation)

    def message(self, text: str, conversation: str = "c", *, id: str = "", **more: Any) -> Message:
        self._count += 1
        return Message(self.key(conversation), id or f"m{self._count}", f"buyer of {conversation}", text, **more)

    def said(self, conversation: str = "c") -> list[str]:
        """What the buyer has read, in order, a repeated key dropped as a peer does that takes keys."""
        mine = [s for s in self.line.heard if s.released.key.conversation == conversation]
        return [s.released.text for s in {s.key: s for s in reversed(mine)}.values()][::-1]

    def behaviours(self) -> list[str]:
        return [r.behaviour.value for r in self.decided]

    async def look(self, operation: Callable[[Store], T]) -> T:
        """Read or write the journal."""
        return await self.journal.run(operation)

    def read_only(self, on: bool) -> None:
        """Let the journal's connection behave as on a file that may not be written."""
        self.journal._store.db.execute(f"PRAGMA query_only = {on:d}")

    async def queue(self) -> list[HandoffItem]:
        """Who waits for a person."""
        return await self.look(Store.handoffs)

    async def outbox(self) -> list[str]:
        """States of all replies, in order."""
        rows = await self.look(lambda store: store.db.execute("SELECT state FROM outbox ORDER BY id").fetchall())
        return [r[0] for r in rows]

    async def left(self) -> tuple[int, int]:
        """How many messages are unanswered and how many replies unsent."""
        return await self.look(lambda store: (len(store.undone()), len(store.unsent())))


async def _no_settling() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def until(seen: Callable[[], bool]) -> None:
    """Wait for what another thread or a task on its way brings about."""
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)
