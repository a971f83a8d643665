"""Asking back: what the buyer is asked, how often, and what in the next turn is the answer.

The state of a conversation holds two things of it: ``pending``, the question that waits for its answer (its intent,
slot and choices), and ``asked``, how often in a row the buyer was asked.
"""

from collections.abc import Mapping
from typing import Any

from autoreply.compliance import TOPIC
from autoreply.context import PHOTO, says
from autoreply.model import NONE, Ask, Escalate, Kind, Outcome, SlotValue, Understanding
from autoreply.pipeline.work import Work
from autoreply.texts import Backed
from autoreply.understanding import Intent

ASK_ROUNDS = 8
"""Questions in a row, of whatever kind, after which a person takes over."""

RIVAL = 0.15
"""A runner-up below this confidence is no choice that a buyer should be offered."""

CONFIRMED = "confirmed"
"""The slot that a question such as "is it about invoices?" asks for: an acknowledgement fills it."""

_SAME = {"city": ("city", "province"), "province": ("province", "city")}
"""Facts that answer a question as well as the one that was asked for."""


# The answer --------------------------------------------------------------------------------------------------------


def pending_question(work: Work) -> dict[str, Any] | None:
    """The question that waits for its answer, unless what asked it was taken out since."""
    pending: dict[str, Any] | None = work.state.get("pending")
    return pending if pending is not None and pending["slug"] in work.brain.handlers else None


def awaits_picture(work: Work) -> bool:
    """The buyer was asked for a picture, and here is one."""
    pending = pending_question(work)
    return pending is not None and pending["slot"] == PHOTO and Kind.IMAGE in work.turn.kinds


def fills(work: Work, pending: Mapping[str, Any], understanding: Understanding) -> SlotValue | None:
    """What in this turn answers a question beyond doubt: a picture, one of its choices, or a fact of that name."""
    slot = pending["slot"]
    if slot == PHOTO:
        return PHOTO if Kind.IMAGE in work.turn.kinds else None
    if choices := pending.get("choices"):
        return next((value for value, words in choices.items() if says(understanding.clean, words)), None)
    return next((v for name in _SAME.get(slot, (slot,)) if (v := understanding.slot(name)) is not None), None)


# The question ------------------------------------------------------------------------------------------------------


def counted(work: Work, slug: str, ask: Ask) -> Outcome:
    """A question back, unless the buyer was asked often enough already: then a person."""
    before = work.state.get("asked")
    before = before if isinstance(before, dict) else {"slug": "", "slot": None, "times": 0, "all": 0}
    times = before["times"] + 1 if (before["slug"], before["slot"]) == (slug, ask.slot) else 1
    work.state["asked"] = {"slug": slug, "slot": ask.slot, "times": times, "all": before["all"] + 1}
    if times > ask.tries or before["all"] >= ASK_ROUNDS:
        what = f" for {ask.slot}" if ask.slot else ""
        return Escalate(f"asked {min(times - 1, ask.tries)} times{what} and still not clear", ask.give_up)
    if slug:
        work.state["pending"] = {"slug": slug, "slot": ask.slot, "choices": dict(ask.choices)}
    return ask


def ask_back(work: Work, key: str, **values: Any) -> Outcome:
    """Ask the buyer what is meant, with one of the framework's own texts."""
    if (text := work.host_text(key, **values)) is None:
        return Escalate("not understood")
    return counted(work, "", Ask(text.text, "", text.backed))


def ask_between(work: Work, understanding: Understanding) -> Outcome:
    """Ask which of the two nearest intents is meant, or whether the only near one is, by their names."""
    intents = work.brain.catalogue.intents
    near = [m for m in understanding.matches if m.slug in intents and m.slug != NONE]
    match [m.slug for m in near[:2] if m is near[0] or m.confidence >= RIVAL]:
        case [first, second]:
            return ask_back(work, "host.ask_between", first=_topic(intents[first]), second=_topic(intents[second]))
        case [first]:
            outcome = ask_back(work, "host.ask_one", first=_topic(intents[first]))
            if isinstance(outcome, Ask):
                work.state["pending"] = {"slug": first, "slot": CONFIRMED}
            return outcome
        case _:
            return ask_back(work, "host.ask_again")


def _topic(intent: Intent) -> Backed:
    """The name of an intent as a question names it."""
    return Backed(intent.name, TOPIC)
