"""Stage 3, decide: which handlers answer, and what each wants done."""

from autoreply.model import Ask, Decision, Escalate, Kind, Outcome, Priority, Silence, Understanding
from autoreply.pipeline.asking import CONFIRMED, ask_between, awaits_picture, fills, pending_question
from autoreply.pipeline.handle import handle
from autoreply.pipeline.handoff import picture
from autoreply.pipeline.work import Work

URGENT = {"late-shipping": "urge_shipping", "person-now": "complaint"}
"""Duties of a buyer's words that count even where it is not sure what is meant, and the intent that answers them."""


async def decide(work: Work) -> None:
    """Intents → handlers → outcomes."""
    if (understanding := work.understanding) is not None:
        awaited = awaits_picture(work)
        if understanding.decision is Decision.SILENT and not awaited:
            work.outcomes.append(("", Silence(understanding.reason or "nothing to answer")))
        else:
            work.duties = frozenset(d.duty for d in work.gate.duties(work.turn.text))
            await _decide_text(work, understanding)
        seen = awaited or any(isinstance(o, Escalate) for _, o in work.outcomes)
        if Kind.IMAGE in work.turn.kinds and not seen:
            work.outcomes.append(("", picture(work)))
    if not any(isinstance(o, Ask) for _, o in work.outcomes):
        work.state.pop("asked", None)
    for slug, outcome in work.outcomes:
        plugin = work.brain.handlers[slug].plugin if slug in work.brain.handlers else ""
        kind = type(outcome).__name__.lower()
        work.trace.add("decide", intent=slug, plugin=plugin, outcome=kind, detail=_detail(outcome))


async def _decide_text(work: Work, understanding: Understanding) -> None:
    """Who asked gets what fills its question; else each intent that is sure enough to its handler; else who asked."""
    pending = pending_question(work)
    work.state.pop("pending", None)
    slugs = understanding.answered
    if pending is not None and pending["slot"] == CONFIRMED:
        slugs = (pending["slug"],) if slugs == ("ack",) else slugs
        pending = None
    answer = fills(work, pending, understanding) if pending is not None else None
    if pending is not None and (answer is not None or not slugs):
        # The answer to a choice may sound like an intent of its own; a fact may come with a further question.
        others = () if pending.get("choices") else slugs
        slugs = (pending["slug"], *(s for s in others if s not in (pending["slug"], "ack")))
    if slugs:
        for slug in slugs:
            asked = pending["slot"] if pending is not None and pending["slug"] == slug else ""
            work.outcomes.append((slug, await handle(work, slug, understanding, asked, answer)))
    elif urgent := next((slug for duty, slug in URGENT.items() if duty in work.duties), None):
        if urgent in work.brain.handlers:
            work.outcomes.append((urgent, await handle(work, urgent, understanding)))
        work.hand_over(f"not sure what is meant, but {', '.join(sorted(work.duties))}", Priority.HIGH)
    elif understanding.decision is Decision.ASK:
        work.outcomes.append(("", ask_between(work, understanding)))
    else:
        work.outcomes.append(("", Escalate(f"not understood: {understanding.reason}")))
    work.intents = tuple(slug for slug, _ in work.outcomes if slug)
    if work.intents:
        work.state["last"] = {"slug": work.intents[-1], "slots": {s.name: s.value for s in understanding.slots}}


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Escalate(reason) | Silence(reason):
            return reason
        case Ask(slot=slot):
            return slot
        case _:
            return ""
