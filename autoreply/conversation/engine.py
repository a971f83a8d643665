"""The message loop: what was accepted is merged into turns, answered one turn at a time per conversation, and kept.

It is the ``Host`` that channels see. Everything that must survive goes through the journal before it counts.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import structlog

from autoreply import pipeline, settings
from autoreply.channels.base import Channel, Overfull, Receipt, Sending, Unavailable
from autoreply.clock import Clock
from autoreply.compliance import Draft, Released
from autoreply.conversation.activity import Activity
from autoreply.conversation.delivery import Outgoing, draft_of, kept_draft
from autoreply.journal import (
    Accepted,
    ConversationRecord,
    HandoffRequest,
    Journal,
    JournalError,
    OutboxRow,
    Settled,
    Store,
)
from autoreply.journal import Outgoing as Kept
from autoreply.model import Author, Behaviour, ConversationKey, Decision, Message, Trace, Turn
from autoreply.pipeline import Brain, Result
from autoreply.texts import MissingFact, UnknownText

log = structlog.get_logger(__name__)

WATCH_EVERY = 0.5
"""Seconds between looks for what commands in other processes wrote to the journal."""

_FINISHED = re.compile(r"[?？。!！~吗呢么嘛]\s*$")
"""A line that ends like this is not likely to be continued by the next one."""

Observer = Callable[[Result], None]
T = TypeVar("T")


@dataclass(slots=True)
class _Mailbox:
    """Messages of one conversation that wait for their turn. Exists only while there is something to do."""

    waiting: list[Message] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, message: Message) -> None:
        self.waiting.append(message)
        self.arrived.set()

    def take(self) -> tuple[Message, ...]:
        messages = tuple(self.waiting)
        self.waiting.clear()
        self.arrived.clear()
        return messages


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
    ) -> None:
        self.brain = brain
        self.clock = clock
        self._journal = journal
        self._times = config.conversation
        self._limits = config.limits
        self._observe = observe
        self._activity = Activity()
        self._outgoing = Outgoing(
            journal, channels, lambda: self.brain.gate, clock, self._activity, config.limits.send_attempts
        )
        self._boxes: dict[ConversationKey, _Mailbox] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._parallel = asyncio.Semaphore(config.limits.parallel_turns)
        self._in_hand = 0
        self._open = False

    # Host: what channels see ---------------------------------------------------------------------------------------

    @property
    def shop_id(self) -> str:
        return self.brain.shop.id

    async def accept(self, message: Message) -> Receipt:
        """See ``Host.accept``."""
        if not self._open:
            raise Unavailable("not taking messages")
        if self._in_hand >= self._limits.inbox:
            raise Overfull(retry_after=1 + self._in_hand // 2000)
        message = replace(message, received_at=self.clock.now())
        until = message.received_at + self._times.takeover_minutes * 60
        self._in_hand += 1
        kept = self._journal.run(partial(Store.accept, message=message, agent_until=until))
        # A callback, not code after the await: a caller that is cancelled must not leave a kept message unanswered.
        kept.add_done_callback(partial(self._accepted, message))
        try:
            accepted = await asyncio.shield(kept)
        except JournalError as e:
            raise Unavailable(str(e)) from e
        return Receipt(accepted.seq, accepted.duplicate)

    async def offered(self, channel: str, after: int, limit: int, conversation: str | None = None) -> Sequence[Sending]:
        """See ``Host.offered``."""
        rows = await self._journal.run(lambda store: store.offered(channel, after, limit, conversation))
        sendings = []
        for row in rows:
            released = self.brain.gate.release(draft_of(row))
            if isinstance(released, Released):
                sendings.append(
                    Sending(row.cursor or 0, row.key, released, row.created_at, row.in_reply_to, row.attempts)
                )
        return sendings

    async def acknowledge(self, channel: str, keys: Sequence[str]) -> int:
        """See ``Host.acknowledge``."""
        now = self.clock.now()
        return await self._journal.run(lambda store: store.acknowledge(channel, keys, now))

    # Start and stop ------------------------------------------------------------------------------------------------

    async def start(self, *, watch: bool = True) -> int:
        """Take up what the last run left: messages not yet answered, replies not yet sent. Returns how many."""
        undone, unsent = await self._journal.run(lambda store: (store.undone(), store.unsent()))
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
            box.arrived.set()
        try:
            async with asyncio.timeout(self._limits.stop_within):
                while self._serving:
                    await asyncio.wait(self._serving)
                await self._activity.quiet()
        except TimeoutError:
            log.warning("stopped with work in hand; it is kept for the next start", conversations=len(self._boxes))
        tasks = [*self._serving, *self._watching]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outgoing.stop()

    async def settle(self) -> None:
        """Return once all that can be done without time passing is done."""
        await self._activity.quiet()

    @property
    def running(self) -> bool:
        """Messages are taken."""
        return self._open

    @property
    def in_hand(self) -> int:
        """Messages accepted and not yet settled."""
        return self._in_hand

    # Mailboxes -----------------------------------------------------------------------------------------------------

    def _accepted(self, message: Message, kept: "asyncio.Future[Accepted]") -> None:
        if kept.cancelled() or kept.exception() is not None:
            self._in_hand -= 1
            return
        accepted = kept.result()
        if accepted.duplicate or accepted.echo or message.author is Author.AGENT:
            self._in_hand -= 1
            return
        self._deliver_to_mailbox(replace(message, seq=accepted.seq))

    def _deliver_to_mailbox(self, message: Message) -> None:
        box = self._boxes.get(message.key)
        if box is None:
            box = self._boxes[message.key] = _Mailbox()
            box.put(message)
            self._activity.begin()
            _spawn(self._serve(message.key, box), self._serving)
        else:
            box.put(message)

    async def _serve(self, key: ConversationKey, box: _Mailbox) -> None:
        """One conversation's turns, strictly one after the other."""
        try:
            while box.waiting:
                await self._merge(box)
                await self._turn(key, box)
        finally:
            del self._boxes[key]
            self._activity.end()

    async def _merge(self, box: _Mailbox) -> None:
        """Wait while the buyer may still be typing: a window after each line, a cap after the first."""
        while self._open:
            first, last = box.waiting[0].received_at, box.waiting[-1].received_at
            due = min(last + self._times.merge_window, first + self._times.merge_cap)
            if self.clock.now() >= due or self._complete(box.waiting):
                return
            box.arrived.clear()
            with self._activity.waiting():
                await _first_of(self.clock.sleep_until(due), box.arrived.wait())

    def _complete(self, messages: Sequence[Message]) -> bool:
        """Nothing more is likely to come: the text ends like a sentence and is understood with confidence."""
        text = Turn(messages[0].key, tuple(messages)).text
        if not _FINISHED.search(text):
            return False
        understanding = self.brain.understander.understand(text[: self.brain.text_length])
        return understanding.decision is Decision.ANSWER and "greeting" not in understanding.answered

    # Turns ---------------------------------------------------------------------------------------------------------

    async def _turn(self, key: ConversationKey, box: _Mailbox) -> None:
        messages = box.take()
        result = await self._answer(Turn(key, messages))
        if box.waiting:
            # The buyer went on typing while the answer was made: it is made again, once, with all of it.
            messages += box.take()
            result = await self._answer(Turn(key, messages))
        rows = await self._keep(result)
        self._in_hand -= len(messages)
        for row, spoken in zip(rows, result.replies, strict=False):
            self._outgoing.put(row, spoken.released)
        self._observe(result)

    async def _answer(self, turn: Turn) -> Result:
        """The pipeline's result; if that takes too long, a holding line goes out before it."""
        work = asyncio.ensure_future(self._run_pipeline(turn))
        due = turn.messages[0].received_at + self._times.first_reply_within
        try:
            timer = asyncio.ensure_future(self.clock.sleep_until(due))
            try:
                await asyncio.wait({work, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
            if not work.done():
                await self._hold(turn)
            return await work
        finally:
            work.cancel()

    async def _run_pipeline(self, turn: Turn) -> Result:
        async with self._parallel:
            record: ConversationRecord = await self._retried(lambda store: store.conversation(turn.key))
            now = self.clock.now()
            present, waiting = record.agent_present(now), record.handoff_open
            return await pipeline.run(
                self.brain, turn, record.state, now=now, agent_present=present, handoff_open=waiting
            )

    async def _hold(self, turn: Turn) -> None:
        """Tell the buyer that an answer is on its way."""
        try:
            reply = self.brain.texts.fill("host.hold", self.brain.shop, seed=str(turn.key))
        except (MissingFact, UnknownText) as e:
            log.error("holding line cannot be used", error=str(e))
            return
        draft = Draft(turn.key, reply.text, reply.backed, "host")
        released = self.brain.gate.release(draft)
        if not isinstance(released, Released):
            return
        now, key = self.clock.now(), f"r{turn.messages[0].seq}-hold"
        trace = Trace()
        trace.add("hold", text=released.text, waited=round(now - turn.messages[0].received_at, 3))
        kept = Kept(key, released.text, draft.origin, kept_draft(draft), _ids(turn))
        settled = Settled(
            turn.key, turn.buyer_id, (), Behaviour.HOLD, (kept,), None, None, (), (), released.rulebook_version, (), now
        )
        rows = await self._retried(lambda store: [] if store.has_key(key) else store.settle(settled))
        for row in rows:
            self._outgoing.put(row, released)
            self._observe(Result(turn, Behaviour.HOLD, (pipeline.Spoken(draft, released),), {}, None, (), (), trace))

    async def _keep(self, result: Result) -> list[OutboxRow]:
        turn = result.turn
        replies = tuple(
            Kept(f"r{turn.messages[0].seq}-{n}", s.released.text, s.draft.origin, kept_draft(s.draft), _ids(turn))
            for n, s in enumerate(result.replies, 1)
        )
        handover = result.handover
        settled = Settled(
            key=turn.key,
            buyer_id=turn.buyer_id,
            seqs=tuple(m.seq for m in turn.messages),
            behaviour=result.behaviour,
            replies=replies,
            state=result.state,
            handoff=HandoffRequest(handover.reason, handover.priority) if handover else None,
            intents=result.intents,
            rules=result.rules,
            rulebook=self.brain.gate.rulebook.version,
            trace=result.trace.steps,
            at=self.clock.now(),
        )
        return await self._retried(lambda store: store.settle(settled))

    async def _retried(self, operation: Callable[[Store], T]) -> T:
        """A journal operation that must happen for the turn to go on: tried until it works or the engine stops."""
        pause = 0.1
        while True:
            try:
                return await self._journal.run(operation)
            except JournalError as e:
                log.error("journal cannot be written; trying again", error=str(e), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _watch(self) -> None:
        """Notice what commands such as ``handoff reply`` wrote from another process."""
        seen = await self._retried(Store.changed_elsewhere)
        while True:
            await asyncio.sleep(WATCH_EVERY)
            now_seen = await self._retried(Store.changed_elsewhere)
            if now_seen != seen:
                seen = now_seen
                for row in await self._retried(lambda store: store.unsent()):
                    self._outgoing.put(row)


def _spawn(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _ids(turn: Turn) -> tuple[str, ...]:
    return tuple(m.message_id for m in turn.messages)


async def _first_of(*waits: Awaitable[object]) -> None:
    """Return as soon as one of the awaitables is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(w) for w in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
