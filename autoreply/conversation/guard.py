"""May the bot answer this turn, and how freely? Modes, takeovers and limits, around the pipeline.

``Guard.answer`` is what the engine calls in the place of ``pipeline.run``. What it does itself is in the trace: the
step ``mode`` (unless all is as usual), the step ``limits``, the step ``agent``.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from autoreply import pipeline, settings
from autoreply.channels.base import Overfull
from autoreply.conversation.limits import SAME_TIMES, Floods, Loops, Meter, count_answer, courtesy
from autoreply.journal import ConversationRecord
from autoreply.journal.people import DRAFT, Snapshot, Standing
from autoreply.model import (
    Behaviour,
    Decision,
    Escalate,
    Message,
    Mode,
    Outcome,
    Priority,
    Silence,
    Turn,
    Understanding,
)
from autoreply.pipeline import Brain, Handover, Result
from autoreply.understanding import Previous, Understander

FLOOD = "the buyer floods: more than {} messages a minute"
LOOP = "the other side seems to be a bot: near-identical lines, too fast for a person"
SAME = "the same answer for the third time in a row"


@dataclass(frozen=True, slots=True)
class Certain:
    """An understander for the night: what is not beyond doubt is for a person.

    Beyond doubt is a confidence in the upper half of what would be enough by day.
    """

    day: Understander

    @property
    def least(self) -> float:
        """The confidence from which an intent is answered."""
        return (1 + self.day.threshold) / 2

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        """As by day; a question back, or an answer that is not certain, becomes a handover."""
        found = self.day.understand(text, previous)
        if found.decision is Decision.SILENT:
            return found
        confidences = {m.slug: m.confidence for m in found.matches}
        if found.decision is Decision.ANSWER and all(confidences.get(s, 0) >= self.least for s in found.answered):
            return found
        return replace(found, decision=Decision.ESCALATE, answered=(), reason="not certain enough for the night")


class Guard:
    """Decides how freely a turn is answered. ``people`` is the newest snapshot of modes and wide takeovers."""

    def __init__(self, config: settings.Settings) -> None:
        self.people = Snapshot()
        self._loops = Loops()
        self.adopt(config)

    def adopt(self, config: settings.Settings) -> None:
        """Go by these settings; the counts begin anew."""
        self._limits = config.limits
        self._floods = Floods(config.limits.buyer_per_minute)
        self._channels = Meter(config.limits.channel_per_minute)
        self._shop = Meter(config.limits.shop_per_minute)

    def admit(self, message: Message, now: float) -> None:
        """Count a buyer's message that is about to be taken.

        Raises:
            Overfull: the channel or the shop takes no more of them at the moment.
        """
        shop, channel = message.key.shop, message.key[:2]
        if self._shop.full(shop, now) or self._channels.full(channel, now):
            raise Overfull(retry_after=1)
        self._shop.add(shop, now)
        self._channels.add(channel, now)

    def heard(self, message: Message, now: float) -> None:
        """Count a buyer's message that was taken and is no repetition."""
        self._floods.heard(_buyer(message), now)

    async def answer(self, brain: Brain, turn: Turn, record: ConversationRecord, now: float) -> Result:
        """What is to become of a turn."""
        standing = self.people.of(turn.key, turn.buyer_id, now)
        if record.agent_present(now):
            result = await self._run(brain, turn, record, now, agent_present=True)
        elif standing.silent:
            result = await self._to_a_person(brain, turn, record, now, Handover(standing.reason, Priority.NORMAL))
        elif (limited := await self._limited(brain, turn, record, now)) is not None:
            result = limited
        else:
            night = standing.mode is Mode.NIGHT and not _staffed(brain, now)
            mind = replace(brain, understander=cast(Understander, Certain(brain.understander))) if night else brain
            result = await self._run(mind, turn, record, now)
            result = await self._not_again(brain, turn, record, now, result)
            self._loops.spoke(turn, tuple(s.released.text for s in result.replies), now)
        if standing.mode is Mode.ASSIST and result.replies:
            result = _drafted(result)
        if record.agent_said:
            result.trace.steps.insert(0, {"stage": "agent", "said": list(record.agent_said)})
        result.trace.steps.insert(0, _step(standing))
        return result

    async def _run(
        self,
        brain: Brain,
        turn: Turn,
        record: ConversationRecord,
        now: float,
        *,
        given: Outcome | None = None,
        agent_present: bool = False,
    ) -> Result:
        state = dict(record.state)
        if not record.handoff_open:
            state.pop("stopped", None)
        if record.agent_said:
            state["agent_said"] = list(record.agent_said)
        return await pipeline.run(
            brain, turn, state, now=now, agent_present=agent_present, handoff_open=record.handoff_open, given=given
        )

    async def _to_a_person(
        self, brain: Brain, turn: Turn, record: ConversationRecord, now: float, handover: Handover
    ) -> Result:
        """The buyer hears nothing; a person has the message in the queue."""
        result = await self._run(brain, turn, record, now, given=Silence(handover.reason))
        return replace(result, behaviour=Behaviour.ESCALATE, handover=handover)

    async def _limited(self, brain: Brain, turn: Turn, record: ConversationRecord, now: float) -> Result | None:
        """One answer and a person for whoever floods; a person, and silence, for a bot. None: neither."""
        if record.state.get("stopped") and record.handoff_open:
            return _with_step(await self._run(brain, turn, record, now, given=Silence(LOOP)), "loop", LOOP)
        if self._loops.heard(turn):
            result = await self._to_a_person(brain, turn, record, now, Handover(LOOP, Priority.NORMAL))
            result.state["stopped"] = True
            return _with_step(result, "loop", LOOP)
        if self._floods.flooding(_buyer(turn), now):
            reason = FLOOD.format(self._limits.buyer_per_minute)
            given = Silence(reason) if record.handoff_open else Escalate(reason, priority=Priority.HIGH)
            return _with_step(await self._run(brain, turn, record, now, given=given), "flood", reason)
        return None

    async def _not_again(
        self, brain: Brain, turn: Turn, record: ConversationRecord, now: float, result: Result
    ) -> Result:
        """The answer, unless the buyer has just had it twice."""
        times = count_answer(result, record.state, now=now, handoff_open=record.handoff_open)
        if times < SAME_TIMES:
            return result
        given = Silence(SAME) if courtesy(result) else Escalate(SAME)
        instead = await self._run(brain, turn, record, now, given=given)
        instead.state["answered"] = result.state["answered"]
        return replace(_with_step(instead, "same", SAME), intents=result.intents)


def _buyer(of: Message | Turn) -> tuple[str, str, str]:
    return of.key.channel, of.key.shop, of.buyer_id


def _staffed(brain: Brain, now: float) -> bool:
    return brain.shop.hours.staffed(datetime.fromtimestamp(now, ZoneInfo(brain.shop.timezone)))


def _drafted(result: Result) -> Result:
    """The replies are for a person to send."""
    handover = result.handover or Handover(DRAFT, Priority.NORMAL)
    return replace(result, behaviour=Behaviour.ESCALATE, handover=handover)


def _with_step(result: Result, rule: str, reason: str) -> Result:
    result.trace.add("limits", rule=rule, reason=reason)
    return result


def _step(standing: Standing) -> dict[str, str]:
    taken = {"taken_over": str(standing.taken)} if standing.taken else {}
    return {"stage": "mode", "mode": str(standing.mode), "because": standing.origin, **taken}


def ready_at(result: Result, times: settings.Conversation, now: float) -> float:
    """When the replies of a turn would have been typed; never later than a first reply may take."""
    if not times.typing or not result.replies:
        return now
    characters = sum(len(spoken.released.text) for spoken in result.replies)
    latest = result.turn.messages[0].received_at + times.first_reply_within
    return min(now + characters / times.typing, max(now, latest))
