"""Stage 5, check: may it leave? The gate decides; what it refuses never does."""

from dataclasses import replace

from autoreply.compliance import Draft, Released
from autoreply.model import Priority
from autoreply.pipeline.result import Spoken
from autoreply.pipeline.work import Work


async def check(work: Work) -> None:
    """The draft to the gate; a person and a safe holding line take the place of what it refuses."""
    if work.draft is None or _release(work, work.draft) or _release_apart(work, work.draft):
        return
    work.hand_over(f"the gate stopped an answer: {', '.join(dict.fromkeys(work.rules))}", Priority.HIGH)
    work.state.pop("pending", None)
    if (holding := work.host_text("host.blocked")) is not None:
        _release(work, Draft(work.turn.key, holding.text, holding.backed, "host"))


def _release(work: Work, draft: Draft) -> bool:
    """Put one draft before the gate; whether it may leave."""
    outcome = work.gate.release(draft)
    verdict = outcome.verdict if isinstance(outcome, Released) else outcome
    work.rules += verdict.rules
    work.trace.add(
        "gate",
        text=draft.text,
        action=verdict.action,
        findings=[
            {"rule": f.rule, "severity": f.severity, "span": list(f.span), "matched": f.matched}
            for f in verdict.findings
        ],
        passed=[{"rule": f.rule, "matched": f.matched, "by": f.backing} for f in verdict.backed],
        left=verdict.text,
    )
    if isinstance(outcome, Released):
        work.replies.append(Spoken(draft, outcome))
    return isinstance(outcome, Released)


def _release_apart(work: Work, whole: Draft) -> bool:
    """Answers to several questions that only together sound like something else leave as messages of their own."""
    if len(work.parts) < 2:
        return False
    outcomes = [(part, work.gate.release(part)) for part in work.parts]
    released = [Spoken(part, outcome) for part, outcome in outcomes if isinstance(outcome, Released)]
    bound = [work.gate.release(replace(part, duties=whole.duties)) for part in work.parts if whole.duties]
    if len(released) < len(outcomes) or (bound and not any(isinstance(b, Released) for b in bound)):
        return False
    work.replies += released
    work.rules = [rule for spoken in released for rule in spoken.released.verdict.rules]
    work.trace.add("apart", texts=[spoken.released.text for spoken in released])
    return True
