"""Stage 2, understand: text → intents and slots."""

from dataclasses import replace

import structlog

from autoreply.model import Slot
from autoreply.pipeline.brain import Brain
from autoreply.pipeline.work import Work
from autoreply.understanding import Previous

log = structlog.get_logger(__name__)


async def understand(work: Work) -> None:
    """What the shop's understander finds, and the slots of plugins' own recognisers."""
    if work.outcomes:
        return
    last = work.state.get("last")
    previous = Previous(last["slug"], last["slots"]) if last and last["slug"] in work.brain.handlers else None
    understanding = work.brain.understander.understand(work.turn.text[: work.brain.text_length], previous)
    if work.brain.recognisers:
        understanding = replace(understanding, slots=understanding.slots + _own_slots(work.brain, understanding.text))
    work.understanding = understanding
    work.trace.add(
        "understand",
        clean=understanding.clean,
        tokens=list(understanding.tokens),
        matches=[
            {"slug": m.slug, "confidence": round(m.confidence, 4), "example": m.example} for m in understanding.matches
        ],
        gap=round(understanding.gap, 4),
        slots={s.name: s.value for s in understanding.slots},
        decision=understanding.decision,
        answered=list(understanding.answered),
        reason=understanding.reason,
    )


def _own_slots(brain: Brain, text: str) -> tuple[Slot, ...]:
    """What the recognisers of plugins find; one that fails finds nothing."""
    found: list[Slot] = []
    for name, find in brain.recognisers.items():
        try:
            found += [s for s in find(text) if isinstance(s, Slot)]
        except Exception:
            log.exception("a recogniser of slots failed", slot=name)
    return tuple(found)
