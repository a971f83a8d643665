"""The message loop: what was accepted is merged into turns, answered one turn at a time per conversation, and kept.

It is the ``Host`` that channels see. Everything that must survive goes through the journal before it counts.
"""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import structlog

from autoreply import pipeline, settings
from autoreply.channels.base import Channel, Overfull, Receipt, Sending, Unavailable
from autoreply.clock import Clock
from autoreply.compliance import Draft, Released
from autoreply.conversation.activity import Activity
from autoreply.conversation.delivery import Outgoing, draft_of, kept_draft, sending_of
from autoreply.journal import (
    Accepted,
    HandoffRequest,
    Journal,
    JournalError,
    Settled,
    Store,
)
from autoreply.journal import Outgoing as Kept
from autoreply.model import Author, Behaviour, ConversationKey, Decision, Message, Priority, Trace, Turn
from autoreply.pipeline import Brain, Handover, Result, Spoken
from autoreply.texts import MissingFact, UnknownText

log = structlog.get_logger(__name__)

WATCH_EVERY = 0.5
"""Seconds between looks for what commands in other processes wrote to the journal."""

_GRACE = 1.0
"""Seconds a turn has for its answer before the holding line, even where it begins late, such as after a restart."""

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
        if self._open:  # else it was kept while the engine stopped: the next start takes it up
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
                try:
                    await self._turn(key, box)
                except Exception:
                    log.exception("turn cannot be kept; its messages wait for the next start", conversation=str(key))
        finally:
            del self._boxes[key]
            self._activity.end()

    async def _merge(self, box: _Mailbox) -> None:
        """Wait while the buyer may still be typing: a window after each line, a cap after the first."""
        while self._open:
            first, last = box.waiting[0].received_at, box.waiting[-1].received_at
            due = min(last + self._times.merge_window, first + self._times.merge_cap)
            # Now before the last line: the machine's clock was set back, and due may be hours away.
            if not last <= self.clock.now() < due or self._complete(box.waiting):
                return
            box.arrived.clear()
            with self._activity.waiting():
                await _first_of(self.clock.sleep_until(due), box.arrived.wait())

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

    # Turns ---------------------------------------------------------------------------------------------------------

    async def _turn(self, key: ConversationKey, box: _Mailbox) -> None:
        messages = box.take()
        result = await self._answer(Turn(key, messages))
        if box.waiting:
            # The buyer went on typing while the answer was made: it is made again, once, with all of it.
            messages += box.take()
            result = await self._answer(Turn(key, messages))
        try:
            result = await self._keep(result)
        except Exception as e:  # such as a state that is no JSON data; what ails the disk is waited out
            result = await self._keep(await self._failed(result.turn, e))
        self._in_hand -= len(messages)
        self._tell(result)

    async def _answer(self, turn: Turn) -> Result:
        """The pipeline's result; if that takes too long, a holding line goes out before it."""
        work = asyncio.ensure_future(self._run_pipeline(turn))
        try:
            if not await self._in_time(work, turn.messages[0].received_at):
                await self._hold(turn)
            await asyncio.wait({work})
        finally:
            work.cancel()
        if work.cancelled():  # not by the engine: a plugin let a cancellation of its own through
            return await self._failed(turn, asyncio.CancelledError())
        error = work.exception()
        return work.result() if error is None else await self._failed(turn, error)

    async def _in_time(self, work: asyncio.Future[Result], since: float) -> bool:
        """Wait for an answer as long as a buyer may be left without a word."""
        now, within = self.clock.now(), self._times.first_reply_within
        due = max(min(since, now) + within, now + min(_GRACE, within))
        timer = asyncio.ensure_future(self.clock.sleep_until(due))
        first: set[asyncio.Future[Any]] = {work, timer}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return work.done()

    async def _run_pipeline(self, turn: Turn) -> Result:
        async with self._parallel:
            record = await self._journal.insist(partial(Store.conversation, key=turn.key))
            now = self.clock.now()
            present, waiting = record.agent_present(now), record.handoff_open
            return await pipeline.run(
                self.brain, turn, record.state, now=now, agent_present=present, handoff_open=waiting
            )

    async def _failed(self, turn: Turn, error: BaseException) -> Result:
        """What becomes of a turn whose making failed: a person, and a line that tells nothing of the error."""
        log.error("turn failed", conversation=str(turn.key), exc_info=error)
        record = await self._journal.insist(partial(Store.conversation, key=turn.key))
        line = None if record.handoff_open else self._host_line("host.blocked", turn)
        reason = f"{type(error).__name__} while the answer was made"
        trace = Trace()
        trace.add("failed", reason=reason)
        return Result(
            turn=turn,
            behaviour=Behaviour.ESCALATE,
            replies=(line,) if line else (),
            state=record.state,
            handover=Handover(reason, Priority.HIGH),
            intents=(),
            rules=(),
            trace=trace,
        )

    async def _hold(self, turn: Turn) -> None:
        """Tell the buyer that an answer is on its way; once for each turn, also over a restart."""
        if (line := self._host_line("host.hold", turn)) is None:
            return
        trace = Trace()
        trace.add("hold", text=line.released.text, waited=round(self.clock.now() - turn.messages[0].received_at, 3))
        kept = await self._keep(Result(turn, Behaviour.HOLD, (line,), {}, None, (), (), trace))
        if kept.replies:
            self._tell(kept)

    def _host_line(self, key: str, turn: Turn) -> Spoken | None:
        """One of the framework's own texts, released; None where it cannot be filled or may not leave."""
        try:
            reply = self.brain.texts.fill(key, self.brain.shop, seed=str(turn.key))
        except (MissingFact, UnknownText) as e:
            log.error("host text cannot be used", key=key, error=str(e))
            return None
        draft = Draft(turn.key, reply.text, reply.backed, "host")
        released = self.brain.gate.release(draft)
        return Spoken(draft, released) if isinstance(released, Released) else None

    async def _keep(self, result: Result) -> Result:
        """Keep what a turn came to and send its replies. Returns what it came to in the end: an agent may be there."""
        hold = result.behaviour is Behaviour.HOLD
        turn, handover = result.turn, result.handover
        keys = [_reply_key(turn, "hold" if hold else str(n)) for n in range(1, len(result.replies) + 1)]
        settled = Settled(
            key=turn.key,
            buyer_id=turn.buyer_id,
            seqs=() if hold else tuple(m.seq for m in turn.messages),
            behaviour=result.behaviour,
            replies=tuple(_kept(k, s, turn) for k, s in zip(keys, result.replies, strict=True)),
            state=None if hold else result.state,
            handoff=HandoffRequest(handover.reason, handover.priority) if handover else None,
            intents=result.intents,
            rules=result.rules,
            rulebook=self.brain.gate.rulebook.version,
            trace=result.trace.steps,
            at=self.clock.now(),
        )
        rows = await self._journal.insist(
            lambda store: None if hold and store.has_key(keys[0]) else store.settle(settled)
        )
        if rows is None:
            return replace(result, behaviour=Behaviour.SILENT, replies=(), handover=None)
        for row, spoken in zip(rows, result.replies, strict=True):
            self._outgoing.put(row, spoken.released)
        return result

    def _tell(self, result: Result) -> None:
        try:
            self._observe(result)
        except Exception:
            log.exception("an observer failed", conversation=str(result.turn.key))

    async def _watch(self) -> None:
        """Notice what commands such as ``handoff reply`` wrote from another process."""
        seen = await self._journal.insist(Store.changed_elsewhere)
        while True:
            await asyncio.sleep(WATCH_EVERY)
            now_seen = await self._journal.insist(Store.changed_elsewhere)
            if now_seen != seen:
                seen = now_seen
                for row in await self._journal.insist(Store.unsent):
                    self._outgoing.put(row)


def _spawn(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


def _reply_key(turn: Turn, which: str) -> str:
    """An idempotency key: the same after a restart, and another one in a new journal that counts from 1 again."""
    first = turn.messages[0]
    mark = zlib.crc32(f"{first.message_id}|{first.received_at!r}".encode())
    return f"r{first.seq}-{mark:08x}-{which}"


def _kept(key: str, spoken: Spoken, turn: Turn) -> Kept:
    ids = tuple(m.message_id for m in turn.messages)
    return Kept(
        key, spoken.released.text, spoken.draft.origin, kept_draft(spoken.draft, spoken.released.rulebook_version), ids
    )


async def _first_of(*waits: Awaitable[object]) -> None:
    """Return as soon as one of the awaitables is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(w) for w in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
