"""The way of a turn, as one list of stages in order. Each writes what it saw and decided into the trace.

The journal stands before (inbox) and behind it (outbox): a turn runs on what was kept, and leaves a ``Result`` to keep.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from autoreply.canned import canned, well_formed
from autoreply.compliance import Draft, Gate, Released
from autoreply.context import Context
from autoreply.facts import Shop
from autoreply.hookspecs import Handler
from autoreply.model import (
    NONE,
    Ask,
    Behaviour,
    Decision,
    Escalate,
    Kind,
    Outcome,
    Priority,
    Reply,
    Silence,
    SlotValue,
    Trace,
    Turn,
    Understanding,
)
from autoreply.texts import MissingFact, Texts, UnknownText
from autoreply.understanding import Catalogue, Previous, Understander

log = structlog.get_logger(__name__)

ASK_TRIES = 2
"""How often in a row the bot asks back before a person takes over."""

RIVAL = 0.15
"""A runner-up below this confidence is no choice that a buyer should be offered."""

CONFIRMED = "confirmed"
"""The slot that a question such as "is it about invoices?" asks for: an acknowledgement fills it."""

HANDOFF_LINES = ("host.handoff", "host.handoff_again")
"""What a buyer reads when handed over: the first time, the second time; after that the person's word is next."""


@dataclass(frozen=True, slots=True)
class Brain:
    """Everything a turn is decided with: swapped as one when settings are loaded anew."""

    shop: Shop
    catalogue: Catalogue
    understander: Understander
    gate: Gate
    texts: Texts
    handlers: Mapping[str, tuple[Handler, Any]]
    plugin_timeout: float
    text_length: int


@dataclass(frozen=True, slots=True)
class Handover:
    """Why a person should look, and how soon."""

    reason: str
    priority: Priority


class Spoken(NamedTuple):
    """A reply that may leave, and the draft that the gate can release it from again after a restart."""

    draft: Draft
    released: Released


@dataclass(frozen=True, slots=True)
class Result:
    """What a turn came to."""

    turn: Turn
    behaviour: Behaviour
    replies: tuple[Spoken, ...]
    state: dict[str, Any]
    handover: Handover | None
    intents: tuple[str, ...]
    rules: tuple[str, ...]
    trace: Trace


@dataclass(slots=True)
class _Work:
    """A turn on its way through the stages."""

    brain: Brain
    turn: Turn
    state: dict[str, Any]
    now: datetime
    shop: Shop
    agent_present: bool
    handoff_open: bool
    trace: Trace = field(default_factory=Trace)
    understanding: Understanding | None = None
    intents: tuple[str, ...] = ()
    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    draft: Draft | None = None
    replies: list[Spoken] = field(default_factory=list)
    handover: Handover | None = None
    rules: list[str] = field(default_factory=list)

    @property
    def gate(self) -> Gate:
        """The gate with the facts of this day: an ended campaign backs nothing."""
        return self.brain.gate if self.shop is self.brain.shop else self.brain.gate.for_shop(self.shop)

    def hand_over(self, reason: str, priority: Priority = Priority.NORMAL) -> None:
        if self.handover is not None:
            reason = f"{self.handover.reason}; {reason}"
            priority = min(priority, self.handover.priority, key=list(Priority).index)
        self.handover = Handover(reason, priority)


async def run(
    brain: Brain,
    turn: Turn,
    state: Mapping[str, Any],
    *,
    now: float,
    agent_present: bool = False,
    handoff_open: bool = False,
) -> Result:
    """Take one turn all the way from its text to released replies; sends and keeps nothing.

    ``state`` is what the conversation's last result left; it is not changed. Never raises for anything a buyer wrote
    or a plugin did: what goes wrong hands over to a person.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(brain.shop.timezone))
    shop = brain.shop.on(local.date())

    def fresh() -> _Work:
        return _Work(brain, turn, json.loads(json.dumps(state)), local, shop, agent_present, handoff_open)

    work = fresh()
    try:
        for stage in STAGES:
            await stage(work)
    except Exception as e:
        log.exception("a turn failed", conversation=str(turn.key))
        work = fresh()
        work.outcomes = [("", Escalate(f"{type(e).__name__} in the framework", priority=Priority.HIGH))]
        await speak(work)
        await check(work)
    return _result(work)


# Stages ------------------------------------------------------------------------------------------------------------


async def attend(work: _Work) -> None:
    """Is it the bot's turn at all? A person always wins; a picture or a card says nothing by words."""
    turn = work.turn
    work.trace.add("turn", text=turn.text, messages=len(turn.messages), kinds=sorted(turn.kinds))
    if work.agent_present:
        work.outcomes.append(("", Silence("an agent has the conversation")))
    elif turn.kinds == {Kind.CARD}:
        work.outcomes.append(("", _ask_back(work, "host.card")))
    elif Kind.TEXT not in turn.kinds:
        work.outcomes.append(("", _picture(work)))


async def understand(work: _Work) -> None:
    """Text → intents and slots."""
    if work.outcomes:
        return
    last = work.state.get("last")
    previous = Previous(last["slug"], last["slots"]) if last and last["slug"] in work.brain.handlers else None
    understanding = work.brain.understander.understand(work.turn.text[: work.brain.text_length], previous)
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


async def decide(work: _Work) -> None:
    """Intents → handlers → outcomes."""
    if (understanding := work.understanding) is not None:
        if understanding.decision is Decision.SILENT:
            work.outcomes.append(("", Silence(understanding.reason or "nothing to answer")))
        else:
            await _decide_text(work, understanding)
        if Kind.IMAGE in work.turn.kinds and not any(isinstance(o, Escalate) for _, o in work.outcomes):
            work.outcomes.append(("", _picture(work)))
    if not any(isinstance(o, Ask) for _, o in work.outcomes):
        work.state.pop("asked", None)
    for slug, outcome in work.outcomes:
        work.trace.add("decide", intent=slug, outcome=type(outcome).__name__.lower(), detail=_detail(outcome))


async def speak(work: _Work) -> None:
    """Outcomes → the one message that is to leave, and the line that announces a person."""
    texts: list[Reply] = []
    announced = False
    for _, outcome in work.outcomes:
        match outcome:
            case Reply():
                texts.append(outcome)
            case Ask(text, _, backed):
                texts.append(Reply(text, backed))
            case Escalate(reason, reply, priority):
                work.hand_over(reason, priority)
                if reply is not None:
                    texts.append(reply)
                    announced = True
    if work.handover is not None and (line := _hours_line(work) if announced else _handoff_line(work)) is not None:
        texts.append(line)
    if texts:
        backed = {phrase: source for t in texts for phrase, source in t.backed.items()}
        text = "\n".join(dict.fromkeys(t.text for t in texts))
        # What a message obliges the shop to say, an answer must say. A person who takes over has that duty then.
        answers = work.handover is None and any(isinstance(o, Reply) for _, o in work.outcomes)
        duties = frozenset(d.duty for d in work.gate.duties(work.turn.text)) if answers else frozenset()
        work.draft = Draft(work.turn.key, text, backed, _origin(work), duties)


async def check(work: _Work) -> None:
    """The gate: what it refuses never leaves; a person and a safe holding line take its place."""
    if work.draft is None or _release(work, work.draft):
        return
    work.hand_over(f"the gate stopped an answer: {', '.join(dict.fromkeys(work.rules))}", Priority.HIGH)
    work.state.pop("pending", None)
    if (holding := _host(work, "host.blocked")) is not None:
        _release(work, Draft(work.turn.key, holding.text, holding.backed, "host"))


STAGES: tuple[Callable[[_Work], Awaitable[None]], ...] = (attend, understand, decide, speak, check)


# Parts of stages ---------------------------------------------------------------------------------------------------


async def _decide_text(work: _Work, understanding: Understanding) -> None:
    """Each intent that is sure enough to its handler; else the handler that asked last; else ask or escalate."""
    pending = work.state.pop("pending", None)
    if pending is not None and pending["slug"] not in work.brain.handlers:
        pending = None  # what asked was taken out since
    confirming = pending is not None and pending["slot"] == CONFIRMED
    confirmed = confirming and understanding.answered == ("ack",)
    if confirming and not confirmed:
        pending = None
    if understanding.answered and not confirmed:
        for slug in understanding.answered:
            work.outcomes.append((slug, await _handle(work, slug, understanding, pending)))
    elif pending is not None:
        work.outcomes.append((pending["slug"], await _handle(work, pending["slug"], understanding, pending)))
    elif understanding.decision is Decision.ASK:
        work.outcomes.append(("", _ask_between(work, understanding)))
    else:
        work.outcomes.append(("", Escalate(f"not understood: {understanding.reason}")))
    work.intents = tuple(slug for slug, _ in work.outcomes if slug)
    if work.intents:
        work.state["last"] = {"slug": work.intents[-1], "slots": {s.name: s.value for s in understanding.slots}}


def _picture(work: _Work) -> Escalate:
    """A person looks at pictures; while one is awaited already, the usual lines do."""
    return Escalate("the buyer sent a picture", None if work.handoff_open else _host(work, "host.image"))


async def _handle(work: _Work, slug: str, understanding: Understanding, pending: Mapping[str, Any] | None) -> Outcome:
    """One intent to its handler; whatever goes wrong there becomes a handover, never a text for the buyer."""
    brain = work.brain
    slots: dict[str, SlotValue] = {s.name: s.value for s in reversed(understanding.slots)}
    if pending is not None and pending["slug"] == slug and pending["slot"] not in slots:
        slots[pending["slot"]] = work.turn.text.strip()
    handler, settings = brain.handlers[slug]
    states = work.state.setdefault("plugins", {})
    memory: dict[str, Any] = json.loads(json.dumps(states.get(slug, {})))
    context: Context[Any] = Context(
        slug=slug,
        shop=work.shop,
        settings=settings,
        turn=work.turn,
        understanding=understanding,
        slots=slots,
        state=memory,
        now=work.now,
        texts=brain.texts,
        said=work.state.setdefault("said", {}),
    )
    try:
        async with asyncio.timeout(brain.plugin_timeout):
            outcome = await handler(context)
        if not well_formed(outcome):
            raise TypeError(f"the handler of {slug!r} returned {outcome!r}, no usable Reply, Ask, Escalate or Silence")
        states[slug] = json.loads(json.dumps(memory, allow_nan=False))  # kept only where all went well
    except MissingFact as e:
        outcome = Escalate(f"{slug}: the shop's settings have no {e}")
    except UnknownText as e:
        outcome = Escalate(f"{slug}: no text under {e}", priority=Priority.HIGH)
    except TimeoutError:
        outcome = Escalate(f"{slug}: no answer within {brain.plugin_timeout:g} s", priority=Priority.HIGH)
    except Exception as e:
        log.exception("plugin failed", intent=slug, conversation=str(work.turn.key))
        outcome = Escalate(f"{slug}: {type(e).__name__} in its plugin", priority=Priority.HIGH)
    if not states.get(slug):
        states.pop(slug, None)
    return _counted(work, slug, outcome) if isinstance(outcome, Ask) else outcome


def _host(work: _Work, key: str, **values: Any) -> Reply | None:
    """One of the framework's own texts; None where it cannot be filled."""
    used: dict[str, int] = work.state.setdefault("said", {})
    try:
        reply = work.brain.texts.fill(key, work.shop, seed=str(work.turn.key), used=used.get(key, 0), **values)
    except (MissingFact, UnknownText):
        log.error("host text cannot be used", key=key)
        return None
    used[key] = used.get(key, 0) + 1
    return reply


def _counted(work: _Work, slug: str, ask: Ask) -> Outcome:
    """A question back, unless the buyer was asked often enough already: then a person."""
    work.state["asked"] = asked = work.state.get("asked", 0) + 1
    if asked > ASK_TRIES:
        return Escalate(f"asked {ASK_TRIES} times{f' for {ask.slot}' if ask.slot else ''} and still not clear")
    if slug:
        work.state["pending"] = {"slug": slug, "slot": ask.slot}
    return ask


def _ask_back(work: _Work, key: str, **values: Any) -> Outcome:
    """Ask the buyer what is meant, with one of the framework's own texts."""
    if (text := _host(work, key, **values)) is None:
        return Escalate("not understood")
    return _counted(work, "", Ask(text.text, "", text.backed))


def _ask_between(work: _Work, understanding: Understanding) -> Outcome:
    """Ask which of the two nearest intents is meant, or whether the only near one is, by their names."""
    intents = work.brain.catalogue.intents
    near = [m for m in understanding.matches if m.slug in intents and m.slug != NONE]
    match [m.slug for m in near[:2] if m is near[0] or m.confidence >= RIVAL]:
        case [first, second]:
            return _ask_back(work, "host.ask_between", first=intents[first].name, second=intents[second].name)
        case [first]:
            outcome = _ask_back(work, "host.ask_one", first=intents[first].name)
            if isinstance(outcome, Ask):
                work.state["pending"] = {"slug": first, "slot": CONFIRMED}
            return outcome
        case _:
            return _ask_back(work, "host.ask_again")


def _handoff_line(work: _Work) -> Reply | None:
    """The line that announces a person: by the shop's hours, and never more than two of them while one is awaited."""
    told = work.state.get("handoff_lines", 0) if work.handoff_open else 0
    if told >= len(HANDOFF_LINES):
        return None
    work.state["handoff_lines"] = told + 1
    key = HANDOFF_LINES[told]
    return _host(work, key if work.shop.hours.staffed(work.now) else f"{key}_closed")


def _hours_line(work: _Work) -> Reply | None:
    """When an intent's own words announce a person whom nobody can be before the shop opens: says so, once."""
    told = work.state.get("handoff_lines", 0) if work.handoff_open else 0
    if told or work.shop.hours.staffed(work.now):
        return None
    work.state["handoff_lines"] = 1
    return _host(work, "host.handoff_hours")


def _release(work: _Work, draft: Draft) -> bool:
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
        left=verdict.text,
    )
    if isinstance(outcome, Released):
        work.replies.append(Spoken(draft, outcome))
    return isinstance(outcome, Released)


def _origin(work: _Work) -> Literal["host", "canned", "plugin"]:
    """Whose words a turn's text is: the most inventive of those that had a part in it."""
    if not work.intents:
        return "host"
    return "canned" if all(work.brain.handlers[slug][0] is canned for slug in work.intents) else "plugin"


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Escalate(reason):
            return reason
        case Silence(reason):
            return reason
        case Ask(_, slot):
            return slot
        case _:
            return ""


def _result(work: _Work) -> Result:
    outcomes = [o for _, o in work.outcomes]
    if work.handover is not None:
        behaviour = Behaviour.ESCALATE
    elif any(isinstance(o, Ask) for o in outcomes):
        behaviour = Behaviour.ASK
    elif work.replies:
        behaviour = Behaviour.ANSWER
    else:
        behaviour = Behaviour.SILENT
    work.trace.add("result", behaviour=behaviour, replies=[r.released.text for r in work.replies], rules=work.rules)
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
