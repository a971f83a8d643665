"""The way of a turn, as one list of stages in order. Each writes what it saw and decided into the trace.

The journal stands before (inbox) and behind it (outbox): a turn runs on what was kept, and leaves a ``Result`` to keep.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from autoreply.canned import canned
from autoreply.compliance import TOPIC, Draft, Gate, Released
from autoreply.context import CARD, PHOTO, Context, says
from autoreply.facts import Shop
from autoreply.handlers import Bound, Health, PluginFailed, ask_handler
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
    Slot,
    SlotValue,
    Trace,
    Turn,
    Understanding,
)
from autoreply.records.desk import Desk, NoRecords, NotTheirs, Records
from autoreply.records.sources import RecordsDown
from autoreply.texts import Backed, MissingFact, Texts, UnknownText
from autoreply.understanding import Catalogue, Intent, Previous, Understander

log = structlog.get_logger(__name__)

ASK_ROUNDS = 8
"""Questions in a row, of whatever kind, after which a person takes over."""

RIVAL = 0.15
"""A runner-up below this confidence is no choice that a buyer should be offered."""

_SAME = {"city": ("city", "province"), "province": ("province", "city")}
"""Facts that answer a question as well as the one that was asked for."""

URGENT = {"late-shipping": "urge_shipping", "person-now": "complaint"}
"""Duties of a buyer's words that count even where it is not sure what is meant, and the intent that answers them."""

_GREETED = re.compile(r"^(?:亲|您好)[，,！!]\s*")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")

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
    handlers: Mapping[str, Bound]
    plugin_timeout: float
    text_length: int
    records: Records = field(default_factory=Records)
    health: Health = field(default_factory=Health)
    recognisers: Mapping[str, Callable[[str], Sequence[Slot]]] = field(default_factory=dict)
    _days: dict[date, tuple[Shop, Gate]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def on(self, day: date) -> tuple[Shop, Gate]:
        """The facts of a day and the gate with them: an ended campaign backs nothing."""
        if day not in self._days:
            self._days.clear()
            shop = self.shop.on(day)
            self._days[day] = shop, self.gate if shop is self.shop else self.gate.for_shop(shop)
        return self._days[day]


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
    gate: Gate
    agent_present: bool
    handoff_open: bool
    given: Outcome | None = None
    trace: Trace = field(default_factory=Trace)
    understanding: Understanding | None = None
    intents: tuple[str, ...] = ()
    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    duties: frozenset[str] = frozenset()
    draft: Draft | None = None
    parts: list[Draft] = field(default_factory=list)
    replies: list[Spoken] = field(default_factory=list)
    handover: Handover | None = None
    rules: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    """Milliseconds of each stage."""

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
    given: Outcome | None = None,
) -> Result:
    """Take one turn all the way from its text to released replies; sends and keeps nothing.

    ``state`` is what the conversation's last result left; it is not changed. ``given`` is what is to be done whatever
    the turn says, such as when the buyer floods. Never raises for anything a buyer wrote
    or a plugin did: what goes wrong hands over to a person.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(brain.shop.timezone))
    shop, gate = brain.on(local.date())

    def fresh() -> _Work:
        return _Work(brain, turn, _copied(state), local, shop, gate, agent_present, handoff_open, given)

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


# Stages ------------------------------------------------------------------------------------------------------------


async def attend(work: _Work) -> None:
    """Is it the bot's turn at all? A person always wins; a picture or a card says nothing by words."""
    turn = work.turn
    work.trace.add("turn", text=turn.text, messages=len(turn.messages), kinds=sorted(turn.kinds))
    if work.agent_present:
        work.outcomes.append(("", Silence("an agent has the conversation")))
    elif work.given is not None:
        work.outcomes.append(("", work.given))
    elif turn.kinds == {Kind.CARD}:
        work.state.setdefault("shared", {})[CARD] = turn.messages[-1].text
        work.outcomes.append(("", _ask_back(work, "host.card")))
    elif Kind.TEXT not in turn.kinds and not _awaits_picture(work):
        work.outcomes.append(("", _picture(work)))


async def understand(work: _Work) -> None:
    """Text → intents and slots."""
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


async def decide(work: _Work) -> None:
    """Intents → handlers → outcomes."""
    if (understanding := work.understanding) is not None:
        awaited = _awaits_picture(work)
        if understanding.decision is Decision.SILENT and not awaited:
            work.outcomes.append(("", Silence(understanding.reason or "nothing to answer")))
        else:
            work.duties = frozenset(d.duty for d in work.gate.duties(work.turn.text))
            await _decide_text(work, understanding)
        seen = awaited or any(isinstance(o, Escalate) for _, o in work.outcomes)
        if Kind.IMAGE in work.turn.kinds and not seen:
            work.outcomes.append(("", _picture(work)))
    if not any(isinstance(o, Ask) for _, o in work.outcomes):
        work.state.pop("asked", None)
    for slug, outcome in work.outcomes:
        plugin = work.brain.handlers[slug].plugin if slug in work.brain.handlers else ""
        kind = type(outcome).__name__.lower()
        work.trace.add("decide", intent=slug, plugin=plugin, outcome=kind, detail=_detail(outcome))


async def speak(work: _Work) -> None:
    """Outcomes → the one message that is to leave, and the line that announces a person."""
    texts: list[Reply] = []
    announced = False
    for _, outcome in work.outcomes:
        match outcome:
            case Reply():
                texts.append(outcome)
            case Ask(text, backed=backed, generated=generated):
                texts.append(Reply(text, backed, generated))
            case Escalate(reason, reply, priority):
                work.hand_over(reason, priority)
                if reply is not None:
                    texts.append(reply)
                    announced = True
    if work.handover is not None and (line := _hours_line(work) if announced else _handoff_line(work)) is not None:
        texts.append(line)
    if texts:
        backed = {phrase: source for t in texts for phrase, source in t.backed.items()}
        text = _joined(list(dict.fromkeys(t.text for t in texts)))
        # What a message obliges the shop to say, an answer must say. A person who takes over has that duty then.
        answers = work.handover is None and any(isinstance(o, Reply) for _, o in work.outcomes)
        duties = work.duties if answers else frozenset()
        work.draft = Draft(work.turn.key, text, backed, _origin(work, texts), duties)
        work.parts = [Draft(work.turn.key, t.text, t.backed, work.draft.origin) for t in texts]


async def check(work: _Work) -> None:
    """The gate: what it refuses never leaves; a person and a safe holding line take its place."""
    if work.draft is None or _release(work, work.draft) or _release_apart(work, work.draft):
        return
    work.hand_over(f"the gate stopped an answer: {', '.join(dict.fromkeys(work.rules))}", Priority.HIGH)
    work.state.pop("pending", None)
    if (holding := _host(work, "host.blocked")) is not None:
        _release(work, Draft(work.turn.key, holding.text, holding.backed, "host"))


STAGES: tuple[Callable[[_Work], Awaitable[None]], ...] = (attend, understand, decide, speak, check)


# Parts of stages ---------------------------------------------------------------------------------------------------


async def _decide_text(work: _Work, understanding: Understanding) -> None:
    """Who asked gets what fills its question; else each intent that is sure enough to its handler; else who asked."""
    pending = _pending(work)
    work.state.pop("pending", None)
    confirming = pending is not None and pending["slot"] == CONFIRMED
    confirmed = confirming and understanding.answered == ("ack",)
    if confirming and not confirmed:
        pending = None
    slugs = understanding.answered
    answer = _fills(work, pending, understanding) if pending is not None else None
    if pending is not None and (answer is not None or confirmed or not slugs):
        # The answer to a choice may sound like an intent of its own; a fact may come with a further question.
        others = () if confirmed or pending.get("choices") else slugs
        slugs = (pending["slug"], *(s for s in others if s not in (pending["slug"], "ack")))
    if slugs:
        for slug in slugs:
            asked = pending if pending is not None and pending["slug"] == slug else None
            work.outcomes.append((slug, await _handle(work, slug, understanding, asked, answer)))
    elif urgent := [slug for duty, slug in URGENT.items() if duty in work.duties]:
        slugs = tuple(slug for slug in urgent[:1] if slug in work.brain.handlers)
        for slug in slugs:
            work.outcomes.append((slug, await _handle(work, slug, understanding, None, None)))
        work.hand_over(f"not sure what is meant, but {', '.join(sorted(work.duties))}", Priority.HIGH)
    elif understanding.decision is Decision.ASK:
        work.outcomes.append(("", _ask_between(work, understanding)))
    else:
        work.outcomes.append(("", Escalate(f"not understood: {understanding.reason}")))
    work.intents = tuple(slug for slug, _ in work.outcomes if slug)
    if work.intents:
        work.state["last"] = {"slug": work.intents[-1], "slots": {s.name: s.value for s in understanding.slots}}


def _own_slots(brain: Brain, text: str) -> tuple[Slot, ...]:
    """What the recognisers of plugins find; one that fails finds nothing."""
    found: list[Slot] = []
    for name, find in brain.recognisers.items():
        try:
            found += [s for s in find(text) if isinstance(s, Slot)]
        except Exception:
            log.exception("a recogniser of slots failed", slot=name)
    return tuple(found)


def _picture(work: _Work) -> Escalate:
    """A person looks at pictures; while one is awaited already, the usual lines do."""
    return Escalate("the buyer sent a picture", None if work.handoff_open else _host(work, "host.image"))


def _pending(work: _Work) -> dict[str, Any] | None:
    """The question that waits for its answer, unless what asked it was taken out since."""
    pending: dict[str, Any] | None = work.state.get("pending")
    return pending if pending is not None and pending["slug"] in work.brain.handlers else None


def _awaits_picture(work: _Work) -> bool:
    """The buyer was asked for a picture, and here is one."""
    pending = _pending(work)
    return pending is not None and pending["slot"] == PHOTO and Kind.IMAGE in work.turn.kinds


def _fills(work: _Work, pending: Mapping[str, Any], understanding: Understanding) -> SlotValue | None:
    """What in this turn answers a question beyond doubt: a picture, one of its choices, or a fact of that name."""
    slot = pending["slot"]
    if slot == PHOTO:
        return PHOTO if Kind.IMAGE in work.turn.kinds else None
    if choices := pending.get("choices"):
        return next((value for value, words in choices.items() if says(understanding.clean, words)), None)
    return next((v for name in _SAME.get(slot, (slot,)) if (v := understanding.slot(name)) is not None), None)


async def _handle(
    work: _Work,
    slug: str,
    understanding: Understanding,
    pending: Mapping[str, Any] | None,
    answer: SlotValue | None,
) -> Outcome:
    """One intent to its handler; whatever goes wrong there becomes a handover, never a text for the buyer."""
    brain, bound = work.brain, work.brain.handlers[slug]
    slots: dict[str, SlotValue] = {s.name: s.value for s in reversed(understanding.slots)}
    asked = pending["slot"] if pending is not None and pending["slot"] != CONFIRMED else ""
    if asked:
        slots[asked] = work.turn.text.strip() if answer is None else answer
    memory_of = bound.memory or slug
    states = work.state.setdefault("plugins", {})
    context: Context[Any, Any] = Context(
        slug=slug,
        shop=work.shop,
        settings=bound.settings,
        turn=work.turn,
        understanding=understanding,
        slots=slots,
        state=_memory(bound.state, states.get(memory_of)),
        now=work.now,
        texts=brain.texts,
        said=work.state.setdefault("said", {}),
        shared=_copied(work.state.get("shared", {})),
        desk=Desk(brain.records, brain.shop.id, work.turn.buyer_id),
        duties=work.duties,
        asked=asked,
        said_by_agent=tuple(map(str, work.state.get("agent_said", ()))),
    )
    try:
        outcome = await ask_handler(bound, context, brain.plugin_timeout, brain.health)
        kept = _plain(context.state), _plain(context.shared)  # only where all went well
        work.state["shared"] = kept[1]
        states[memory_of] = kept[0]
    except MissingFact as e:
        outcome = Escalate(f"{slug}: the shop's settings have no {e}")
    except UnknownText as e:
        outcome = Escalate(f"{slug}: no text under {e}", priority=Priority.HIGH)
    except NoRecords as e:
        outcome = Escalate(f"{slug}: {e}")
    except RecordsDown as e:
        outcome = Escalate(f"{slug}: {e}", _host(work, "host.checking"))
    except NotTheirs as e:
        outcome = _not_theirs(work, slug, e)
    except PluginFailed as e:
        outcome = Escalate(str(e), priority=Priority.HIGH)
    except (TypeError, ValueError) as e:  # a state that is no JSON data
        brain.health.failed(bound.plugin or slug, f"{slug}: {e}")
        outcome = Escalate(f"{slug}: {type(e).__name__} in its plugin", priority=Priority.HIGH)
    if not states.get(memory_of):
        states.pop(memory_of, None)
    if not work.state.get("shared"):
        work.state.pop("shared", None)
    return _counted(work, slug, outcome) if isinstance(outcome, Ask) else outcome


def _memory(model: type[BaseModel] | None, kept: Any) -> Any:
    """A handler's state from what was kept of it; a fresh one where that no longer fits the model."""
    if model is None:
        return _copied(kept or {})
    try:
        return model.model_validate(kept or {})
    except ValidationError as e:
        log.warning("a kept state does not fit its model any more; begun anew", model=model.__name__, error=str(e))
        return model()


def _plain(state: Any) -> Any:
    """A state as plain JSON data.

    Raises:
        TypeError, ValueError: it cannot be.
    """
    if isinstance(state, BaseModel):
        return state.model_dump(mode="json", exclude_defaults=True)
    return json.loads(json.dumps(state, allow_nan=False)) if state else {}


def _copied(kept: Mapping[str, Any]) -> Any:
    """A copy of plain JSON data, such as what was kept."""
    return from_json(to_json(kept))


def _not_theirs(work: _Work, slug: str, refused: NotTheirs) -> Outcome:
    """An order of another account: declined politely; a look-alike id is for a person to see."""
    line = _host(work, "host.not_yours")
    if refused.lookalike or line is None:
        return Escalate(f"{slug}: {refused}", line, Priority.HIGH)
    return line


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
            return _ask_back(work, "host.ask_between", first=_topic(intents[first]), second=_topic(intents[second]))
        case [first]:
            outcome = _ask_back(work, "host.ask_one", first=_topic(intents[first]))
            if isinstance(outcome, Ask):
                work.state["pending"] = {"slug": first, "slot": CONFIRMED}
            return outcome
        case _:
            return _ask_back(work, "host.ask_again")


def _topic(intent: Intent) -> Backed:
    """The name of an intent as a question names it."""
    return Backed(intent.name, TOPIC)


def _joined(texts: Sequence[str]) -> str:
    """Several answers as one message: greeted once, one emoji at most, and none beside an apology."""
    lines: list[str] = []
    sorry = any("抱歉" in text for text in texts)
    for text in texts:
        line = _GREETED.sub("", text) if lines else text
        if sorry or any(_EMOJI.search(earlier) for earlier in lines):
            line = _EMOJI.sub("，", line).replace("， ", "，").replace("，，", "，").rstrip("，")
            line = line if line[-1:] in "。！？…" else f"{line}。"
        lines.append(line)
    return "\n".join(lines)


def _handoff_line(work: _Work) -> Reply | None:
    """The line that announces a person: by the shop's hours, and never more than two of them while one is awaited."""
    told = work.state.get("handoff_lines", 0) if work.handoff_open else 0
    if told >= len(HANDOFF_LINES):
        return None
    work.state["handoff_lines"] = told + 1
    key = HANDOFF_LINES[told]
    if work.shop.hours.staffed(work.now):
        return _host(work, key)
    return _host(work, f"{key}_closed", back=_back(work))


def _hours_line(work: _Work) -> Reply | None:
    """When an intent's own words announce a person whom nobody can be before the shop opens: says so, once."""
    told = work.state.get("handoff_lines", 0) if work.handoff_open else 0
    if told or work.shop.hours.staffed(work.now):
        return None
    work.state["handoff_lines"] = 1
    return _host(work, "host.handoff_hours", back=_back(work))


def _back(work: _Work) -> Backed | None:
    """When a person is there next: 今天09:00, 明天09:00 or 3月16日09:00."""
    if (moment := work.shop.hours.next_open(work.now)) is None:
        return None
    ahead = (moment.date() - work.now.date()).days
    day = ("今天", "明天")[ahead] if ahead <= 1 else f"{moment.month}月{moment.day}日"
    return Backed(f"{day}{moment:%H:%M}", "shop.hours")


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


def _release_apart(work: _Work, whole: Draft) -> bool:
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


def _origin(work: _Work, texts: Sequence[Reply]) -> Literal["host", "canned", "plugin", "generated"]:
    """Whose words a turn's text is: the most inventive of those that had a part in it."""
    if any(text.generated for text in texts):
        return "generated"
    if not work.intents:
        return "host"
    return "canned" if all(work.brain.handlers[slug].handler is canned for slug in work.intents) else "plugin"


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Escalate(reason):
            return reason
        case Silence(reason):
            return reason
        case Ask(slot=slot):
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
