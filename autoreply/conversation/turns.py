"""One turn after another: its answer is made, announced where that takes long, and kept with all it leaves behind."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog
from structlog.contextvars import bind_contextvars

from autoreply import settings
from autoreply.clock import Clock
from autoreply.compliance import Draft, Released
from autoreply.conversation.delivery import Outgoing, kept_draft
from autoreply.conversation.guard import Guard
from autoreply.conversation.mailbox import Place
from autoreply.journal import Changed, ConversationRecord, HandoffRequest, Journal, Settled, Store
from autoreply.journal import Outgoing as Kept
from autoreply.model import Behaviour, Priority, Trace, Turn
from autoreply.pipeline import Brain, Handover, Result, Spoken
from autoreply.texts import MissingFact, UnknownText

log = structlog.get_logger(__name__)

_GRACE = 1.0
"""Seconds a turn has for its answer before the holding line, even where it begins late, such as after a restart."""

SKEW = 300.0
"""Seconds between the time that a channel gives for a message and its arrival from which a trace mentions it."""

Observer = Callable[[Result], None]


class Turns:
    """Makes and keeps turns. Several may be under way, of one conversation only one."""

    def __init__(
        self,
        brain: Callable[[], Brain],
        journal: Journal,
        clock: Clock,
        guard: Guard,
        times: Callable[[str], settings.Conversation],
        config: settings.Settings,
        outgoing: Outgoing,
        observe: Observer,
    ) -> None:
        self._brain = brain
        self._journal = journal
        self._clock = clock
        self._guard = guard
        self._times = times
        self._outgoing = outgoing
        self._observe = observe
        self._places = asyncio.Semaphore(config.limits.parallel_turns)
        self._holding: set[asyncio.Task[None]] = set()
        self.stopped = False

    async def stop(self) -> None:
        """Give up holding lines under way. Whoever runs the turns sets ``stopped`` and cancels those."""
        for task in self._holding:
            task.cancel()
        await asyncio.gather(*self._holding, return_exceptions=True)

    async def answer(self, turn: Turn, basis: ConversationRecord | None) -> tuple[Result, ConversationRecord]:
        """What a turn comes to, and what that was decided upon: ``basis``, or what the journal holds.

        If it takes too long, a holding line goes out before it.
        """
        bind_contextvars(conversation=str(turn.key), messages=tuple(m.message_id for m in turn.messages))
        held: list[asyncio.Task[None]] = []
        timer = self._clock.call_at(self._hold_at(turn), partial(self._begin_hold, turn, held))
        try:
            async with Place(self._places):
                if basis is None:
                    basis = await self._journal.insist(partial(Store.conversation, key=turn.key))
                now = self._clock.now()
                result = await self._guard.answer(self._brain(), turn, basis, now)
        except asyncio.CancelledError as e:
            task = asyncio.current_task()
            if self.stopped or task is None:
                raise
            while task.uncancel():  # not by the engine: a plugin let a cancellation of its own through
                pass
            result, basis = await self._failed(turn, e)
        except Exception as e:
            result, basis = await self._failed(turn, e)
        finally:
            timer.cancel()
        if held:
            await asyncio.wait(held)
        if skewed := _skewed(turn):
            result.trace.add("clock", skewed=skewed, used="time of arrival")
        return result, basis

    async def keep(self, result: Result, basis: ConversationRecord) -> Result:
        """Keep what a turn came to and let its replies leave. Returns what it came to in the end.

        It is answered anew where the conversation has changed since ``basis``, and fails where it cannot be kept, such
        as for a state that is no JSON data; what ails the disk is waited out.
        """
        while True:
            try:
                result = await self._keep(result, basis)
                break
            except Changed:
                result, basis = await self.answer(result.turn, None)
            except Exception as e:
                failed, basis = await self._failed(result.turn, e)
                result = await self._keep(failed, None)
                break
        self._tell(result)
        return result

    def _hold_at(self, turn: Turn) -> float:
        """How long a buyer may be left without a word."""
        now, within = self._clock.now(), self._times(turn.key.channel).first_reply_within
        return max(min(turn.messages[0].received_at, now) + within, now + min(_GRACE, within))

    def _begin_hold(self, turn: Turn, held: list[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(self._hold(turn))
        held.append(task)
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)

    async def _hold(self, turn: Turn) -> None:
        """Tell the buyer that an answer is on its way; once for each turn, also over a restart."""
        if (line := self._host_line("host.hold", turn)) is None:
            return
        trace = Trace()
        trace.add("hold", text=line.released.text, waited=round(self._clock.now() - turn.messages[0].received_at, 3))
        try:
            kept = await self._keep(Result(turn, Behaviour.HOLD, (line,), {}, None, (), (), trace), None)
        except Exception:
            log.exception("a holding line cannot be kept", conversation=str(turn.key))
            return
        if kept.replies:
            self._tell(kept)

    async def _failed(self, turn: Turn, error: BaseException) -> tuple[Result, ConversationRecord]:
        """What becomes of a turn whose making failed: a person, and a line that tells nothing of the error."""
        log.error("turn failed", conversation=str(turn.key), exc_info=error)
        record = await self._journal.insist(partial(Store.conversation, key=turn.key))
        line = None if record.handoff_open else self._host_line("host.blocked", turn)
        reason = f"{type(error).__name__} while the answer was made"
        trace = Trace()
        trace.add("failed", reason=reason)
        result = Result(
            turn=turn,
            behaviour=Behaviour.ESCALATE,
            replies=(line,) if line else (),
            state=record.state,
            handover=Handover(reason, Priority.HIGH),
            intents=(),
            rules=(),
            trace=trace,
        )
        return result, record

    def _host_line(self, key: str, turn: Turn) -> Spoken | None:
        """One of the framework's own texts, released; None where it cannot be filled or may not leave."""
        brain = self._brain()
        try:
            reply = brain.texts.fill(key, brain.shop, seed=str(turn.key))
        except (MissingFact, UnknownText) as e:
            log.error("host text cannot be used", key=key, error=str(e))
            return None
        draft = Draft(turn.key, reply.text, reply.backed, "host")
        released = brain.gate.release(draft)
        return Spoken(draft, released) if isinstance(released, Released) else None

    async def _keep(self, result: Result, basis: ConversationRecord | None) -> Result:
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
            rulebook=self._brain().gate.rulebook.version,
            trace=result.trace.steps,
            at=self._clock.now(),
            basis=basis,
            leaves=self._outgoing.leaves(turn.key),
        )
        rows = await self._journal.insist(
            lambda store: None if hold and store.has_key(keys[0]) else store.settle(settled)
        )
        if rows is None:
            return replace(result, behaviour=Behaviour.SILENT, replies=(), handover=None)
        for row, spoken in zip(rows, result.replies, strict=True):
            if row.state == "draft":
                result = replace(result, replies=())
            elif row.state == "offered":
                await self._outgoing.show(row, spoken.released)
            else:
                self._outgoing.put(row, spoken.released, claimed=row.state == "sending")
        return result

    def _tell(self, result: Result) -> None:
        try:
            self._observe(result)
        except Exception:
            log.exception("an observer failed", conversation=str(result.turn.key))


def _skewed(turn: Turn) -> dict[str, float]:
    """Messages whose channel gives a time far from that of their arrival, with the seconds in between."""
    off = {m.message_id: round(m.sent_at - m.received_at, 3) for m in turn.messages if m.sent_at}
    return {id: seconds for id, seconds in off.items() if abs(seconds) > SKEW}


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
