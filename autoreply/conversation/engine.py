"""The message loop: what was accepted is merged into turns, answered one turn at a time per conversation, and kept.

It is the ``Host`` that channels see. Everything that must survive goes through the journal before it counts.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from autoreply import settings
from autoreply.channels.base import Channel, Overfull, Receipt, Sending, Unavailable
from autoreply.clock import Clock
from autoreply.compliance import Released
from autoreply.conversation.activity import Activity
from autoreply.conversation.delivery import Outgoing, draft_of, sending_of
from autoreply.conversation.guard import Guard, ready_at
from autoreply.conversation.mailbox import Mailbox
from autoreply.conversation.notices import Notifier
from autoreply.conversation.people import People
from autoreply.conversation.turns import Observer, Turns
from autoreply.conversation.watch import Watch
from autoreply.journal import Accepted, ConversationRecord, Journal, JournalError, Store
from autoreply.model import Author, ConversationKey, Decision, Message, Turn
from autoreply.pipeline import Brain, Result

log = structlog.get_logger(__name__)

WATCH_EVERY = 0.5
"""Seconds between looks for what commands in other processes wrote to the journal."""

_FINISHED = re.compile(r"[?？。!！~吗呢么嘛]\s*$")
"""A line that ends like this is not likely to be continued by the next one."""

T = TypeVar("T")


class Engine:
    """Takes messages, answers turns, delivers replies. Start and stop it inside one running event loop."""

    def __init__(
        self,
        brain: Brain,
        journal: Journal,
        clock: Clock,
        config: settings.Settings,
        channels: Mapping[str, Channel],
        observe: Observer = lambda result: None,
        notifiers: Mapping[str, Notifier] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.brain = brain
        self.clock = clock
        self._journal = journal
        self._config = config
        self._paces: dict[str, settings.Conversation] = {}
        self._limits = config.limits
        self._guard = Guard(config)
        self.people = People(journal, clock, brain.shop, config, notifiers or {})
        self._activity = Activity()
        self._onlooker = watch or Watch()
        self._outgoing = Outgoing(
            journal,
            channels,
            lambda: self.brain.gate,
            clock,
            self._activity,
            config.limits.send_attempts,
            self._onlooker,
        )
        self._turns = Turns(
            lambda: self.brain, journal, clock, self._guard, self._times, config, self._outgoing, observe
        )
        self._boxes: dict[ConversationKey, Mailbox] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._in_hand = 0
        self._open = False

    # Host: what channels see ---------------------------------------------------------------------------------------

    @property
    def shop_id(self) -> str:
        return self.brain.shop.id

    @property
    def shop_name(self) -> str:
        return self.brain.shop.name

    async def accept(self, message: Message) -> Receipt:
        """See ``Host.accept``."""
        if not self._open:
            raise Unavailable("not taking messages")
        if message.author is Author.BUYER and self._in_hand >= self._limits.inbox:
            raise Overfull(retry_after=1 + self._in_hand // 2000)
        message = replace(message, received_at=self.clock.now())
        if message.author is Author.BUYER:
            self._guard.admit(message, message.received_at)
        until = message.received_at + self._times(message.key.channel).takeover_minutes * 60
        self._in_hand += 1
        fresh = message.key not in self._boxes
        kept = self._journal.run(lambda store: _accept(store, message, until, read=fresh))
        # A callback, not code after the await: a caller that is cancelled must not leave a kept message unanswered.
        kept.add_done_callback(partial(self._accepted, message))
        try:
            accepted, _ = await asyncio.shield(kept)
        except JournalError as e:
            raise Unavailable(str(e)) from e
        return Receipt(accepted.seq, accepted.duplicate)

    async def offered(self, channel: str, after: int, limit: int, conversation: str | None = None) -> Sequence[Sending]:
        """See ``Host.offered``."""
        while True:
            rows = await self._asked(
                partial(Store.offered, channel=channel, after=after, limit=limit, conversation=conversation)
            )
            drafts = [(row, self.brain.gate.release(draft_of(row))) for row in rows]
            sendings = [sending_of(row, released) for row, released in drafts if isinstance(released, Released)]
            if sendings or len(rows) < limit:
                return sendings
            after = rows[-1].cursor or after  # the gate stops all of them by now: the reader goes on behind them

    async def acknowledge(self, channel: str, keys: Sequence[str]) -> int:
        """See ``Host.acknowledge``."""
        return await self._asked(partial(Store.acknowledge, channel=channel, keys=keys, now=self.clock.now()))

    async def _asked(self, operation: Callable[[Store], T]) -> T:
        """A journal operation for a channel, which is told when it cannot be done."""
        try:
            return await self._journal.run(operation)
        except JournalError as e:
            raise Unavailable(str(e)) from e

    # Start and stop ------------------------------------------------------------------------------------------------

    async def start(self, *, watch: bool = True) -> int:
        """Take up what the last run left: messages not yet answered, replies not yet sent. Returns how many."""
        undone, unsent = await self._journal.run(lambda store: (store.undone(), store.unsent()))
        await self.look()
        self._open = True
        for row in unsent:
            self._outgoing.put(row)
        for message in undone:
            self._in_hand += 1
            self._deliver_to_mailbox(message)
        if watch:
            _spawn(self._watch(), self._watching)
        return len(undone) + len(unsent)

    async def stop(self) -> None:
        """Take nothing more and finish what is in hand, within the limit; the rest is kept for the next start."""
        self._open = False
        for box in self._boxes.values():
            box.wake()
        try:
            async with asyncio.timeout(self._limits.stop_within):
                while self._serving:
                    await asyncio.wait(self._serving)
                await self._activity.quiet()
        except TimeoutError:
            log.warning("stopped with work in hand; it is kept for the next start", conversations=len(self._boxes))
        tasks = [*self._serving, *self._watching]
        self._turns.stopped = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._turns.stop()
        await self._outgoing.stop()
        await self.people.stop()

    async def settle(self) -> None:
        """Return once all that can be done without time passing is done."""
        await self._activity.quiet()

    def adopt(self, brain: Brain, config: settings.Settings) -> None:
        """Answer with another brain and other settings from now on; turns that are being made end with the old ones."""
        self.brain = brain
        self._config = config
        self._paces = {}
        self._limits = config.limits
        self._guard.adopt(config)
        self.people.adopt(brain.shop, config)

    async def look(self) -> None:
        """Take note of modes that were switched and of takeovers, and have people told of what waits for them."""
        self._guard.people = await self.people.look()

    def _times(self, channel: str) -> settings.Conversation:
        """``[conversation]`` as it holds on a channel."""
        if (times := self._paces.get(channel)) is None:
            times = self._paces[channel] = self._config.conversation.on(channel)
        return times

    @property
    def running(self) -> bool:
        """Messages are taken."""
        return self._open

    @property
    def in_hand(self) -> int:
        """Messages accepted and not yet settled."""
        return self._in_hand

    # Mailboxes -----------------------------------------------------------------------------------------------------

    def _accepted(self, message: Message, kept: "asyncio.Future[tuple[Accepted, ConversationRecord | None]]") -> None:
        if kept.cancelled() or kept.exception() is not None:
            self._in_hand -= 1
            return
        accepted, basis = kept.result()
        self._onlooker.accepted(message, accepted)
        if accepted.duplicate or accepted.echo or message.author is Author.AGENT:
            self._in_hand -= 1
            if not accepted.duplicate and not accepted.echo:
                self._agent_wrote(message.key)
            return
        self._guard.heard(message, message.received_at)
        if self._open:  # else it was kept while the engine stopped: the next start takes it up
            self._deliver_to_mailbox(replace(message, seq=accepted.seq), basis)

    def _agent_wrote(self, key: ConversationKey) -> None:
        self._outgoing.interrupt(key)
        if (box := self._boxes.get(key)) is not None:
            box.basis = None

    def _deliver_to_mailbox(self, message: Message, basis: ConversationRecord | None = None) -> None:
        box = self._boxes.get(message.key)
        if box is None:
            box = self._boxes[message.key] = Mailbox([message], basis)
            self._activity.begin()
            _spawn(self._serve(message.key, box), self._serving)
        else:
            box.put(message)

    async def _serve(self, key: ConversationKey, box: Mailbox) -> None:
        """One conversation's turns, strictly one after the other."""
        try:
            while box.waiting:
                await self._merge(box)
                try:
                    await self._turn(key, box)
                except Exception:
                    log.exception("turn cannot be kept; its messages wait for the next start", conversation=str(key))
        finally:
            del self._boxes[key]
            self._activity.end()

    async def _merge(self, box: Mailbox) -> None:
        """Wait while the buyer may still be typing: a window after each line, a cap after the first."""
        while self._open:
            first, last = box.waiting[0].received_at, box.waiting[-1].received_at
            times = self._times(box.waiting[0].key.channel)
            due = min(last + times.merge_window, first + times.merge_cap)
            # Now before the last line: the machine's clock was set back, and due may be hours away.
            if not last <= self.clock.now() < due or self._complete(box.waiting):
                return
            with self._activity.waiting():
                await box.pause(self.clock, due)

    def _complete(self, messages: Sequence[Message]) -> bool:
        """Nothing more is likely to come: the text ends like a sentence and is understood with confidence."""
        text = Turn(messages[0].key, tuple(messages)).text
        if not _FINISHED.search(text):
            return False
        try:
            understanding = self.brain.understander.understand(text[: self.brain.text_length])
        except Exception:
            log.exception("a text cannot be understood", conversation=str(messages[0].key))
            return True
        return understanding.decision is Decision.ANSWER and "greeting" not in understanding.answered

    async def _turn(self, key: ConversationKey, box: Mailbox) -> None:
        basis, box.basis = box.basis, None
        turn = Turn(key, box.take())
        result, basis = await self._turns.answer(turn, basis)
        await self._type(result, box)
        if box.waiting:
            # The buyer went on typing while the answer was made: it is made again, once, with all of it.
            turn = Turn(key, turn.messages + box.take())
            result, basis = await self._turns.answer(turn, None)
            await self._type(result, box)
        await self._turns.keep(result, basis)
        self._in_hand -= len(turn.messages)

    async def _type(self, result: Result, box: Mailbox) -> None:
        """Wait as long as a person would take to type the answer, or until the buyer writes on."""
        due = ready_at(result, self._times(result.turn.key.channel), self.clock.now())
        if self._open and not box.waiting and due > self.clock.now():
            with self._activity.waiting():
                await box.pause(self.clock, due)

    async def _watch(self) -> None:
        """Notice what commands such as ``handoff reply`` wrote from another process."""
        seen = await self._journal.insist(Store.changed_elsewhere)
        while True:
            await asyncio.sleep(WATCH_EVERY)
            await self.look()
            now_seen = await self._journal.insist(Store.changed_elsewhere)
            if now_seen != seen:
                seen = now_seen
                for row in await self._journal.insist(Store.unsent):
                    self._outgoing.put(row)


def _spawn(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _accept(
    store: Store, message: Message, agent_until: float, *, read: bool
) -> tuple[Accepted, ConversationRecord | None]:
    """Keep a message; ``read``: a turn of its own is likely to begin with it, so that also tells what it stands on."""
    accepted = store.accept(message, agent_until)
    wanted = read and message.author is Author.BUYER and not accepted.duplicate
    return accepted, store.conversation(message.key) if wanted else None
