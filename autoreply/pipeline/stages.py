"""The stages of a turn, in order. Each writes what it saw and decided into the trace.

The journal stands before (inbox) and behind it (outbox): a turn runs on what was kept, and leaves a ``Result`` to keep.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from autoreply.model import Ask, Behaviour, Escalate, Outcome, Priority, Turn
from autoreply.pipeline.attend import attend
from autoreply.pipeline.brain import Brain
from autoreply.pipeline.check import check
from autoreply.pipeline.decide import decide
from autoreply.pipeline.memory import copied
from autoreply.pipeline.result import Result
from autoreply.pipeline.speak import speak
from autoreply.pipeline.understand import understand
from autoreply.pipeline.work import Work

log = structlog.get_logger(__name__)

STAGES: tuple[Callable[[Work], Awaitable[None]], ...] = (attend, understand, decide, speak, check)


async def run(
    brain: Brain,
    turn: Turn,
    state: Mapping[str, Any],
    *,
    now: float,
    agent_present: bool = False,
    handoff_open: bool = False,
    given: Outcome | None = None,
) -> Result:
    """Take one turn all the way from its text to released replies; sends and keeps nothing.

    ``state`` is what the conversation's last result left; it is not changed. ``given`` is what is to be done whatever
    the turn says, such as when the buyer floods. Never raises for anything a buyer wrote or a plugin did: what goes
    wrong hands over to a person.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(brain.shop.timezone))
    shop, gate = brain.on(local.date())

    def fresh() -> Work:
        return Work(brain, turn, copied(state), local, shop, gate, agent_present, handoff_open, given)

    work = fresh()
    try:
        for stage in STAGES:
            began = time.perf_counter()
            await stage(work)
            work.took[stage.__name__] = round((time.perf_counter() - began) * 1000, 3)
    except Exception as e:
        log.exception("a turn failed", conversation=str(turn.key))
        work = fresh()
        work.outcomes = [("", Escalate(f"{type(e).__name__} in the framework", priority=Priority.HIGH))]
        await speak(work)
        await check(work)
    return _result(work)


def _result(work: Work) -> Result:
    outcomes = [o for _, o in work.outcomes]
    if work.handover is not None:
        behaviour = Behaviour.ESCALATE
    elif any(isinstance(o, Ask) for o in outcomes):
        behaviour = Behaviour.ASK
    elif work.replies:
        behaviour = Behaviour.ANSWER
    else:
        behaviour = Behaviour.SILENT
    said = [r.released.text for r in work.replies]
    work.trace.add("result", behaviour=behaviour, replies=said, rules=work.rules, ms=work.took)
    return Result(
        turn=work.turn,
        behaviour=behaviour,
        replies=tuple(work.replies),
        state=work.state,
        handover=work.handover,
        intents=work.intents,
        rules=tuple(dict.fromkeys(work.rules)),
        trace=work.trace,
    )
