"""A conversation with a shop as code: what the buyer writes, what must come back, at a time that the test sets.

    async def test_invoices(shop):
        await shop.buyer("能开票吗").replies("invoice.available").passes_gate()
        shop.later(hours=1)
        await shop.buyer("转人工").hands_over()

Everything is real: matcher, plugins, texts, gate. What does not hold is told with the whole trace of the turn.
"""

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autoreply.app import App, load_app, texts_of
from autoreply.facts import Shop as Facts
from autoreply.handlers import Health
from autoreply.model import Behaviour, ConversationKey, Decision, Kind, Match, Message, Turn, Understanding
from autoreply.pipeline import Result, run
from autoreply.records.desk import Records
from autoreply.records.model import Order, Product
from autoreply.testing.records import FakeOrders, FakeProducts
from autoreply.texts import Texts
from autoreply.understanding import Previous, Understander

ORDINARY = datetime(2026, 3, 11, 10, 0)
"""A Wednesday morning in the office hours of the example shop: the time at which a test begins."""

Check = Callable[["Heard"], str]
"""Looks at what came back; what is wrong with it, or an empty string."""


class Mismatch(AssertionError):
    """What came back is not what the test wants."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a turn came to. ``keys`` are the texts that were used: ``invoice.available``, ``host.handoff``."""

    result: Result
    keys: tuple[str, ...]
    now: datetime

    @property
    def text(self) -> str:
        """All that the buyer reads."""
        return "\n".join(spoken.released.text for spoken in self.result.replies)

    def __str__(self) -> str:
        """The trace, one line for each stage."""
        lines = [f"{self.now:%Y-%m-%d %H:%M} buyer: {self.result.turn.text or '(a picture or a card)'}"]
        for step in self.result.trace.steps:
            seen = {k: v for k, v in step.items() if k != "stage"}
            lines.append(f"  {step['stage']}: {json.dumps(seen, ensure_ascii=False, default=str)}")
        lines.append(f"  texts: {', '.join(self.keys) or 'none'}")
        return "\n".join([*lines, f"shop: {self.text or '(nothing)'}"])


@dataclass(slots=True)
class Exchange:
    """One turn of the buyer's and what must come of it. Await it to have it happen."""

    shop: "Shop"
    turn: Turn
    intents: tuple[str, ...] | None
    checks: list[Check] = field(default_factory=list)

    def __await__(self) -> Generator[Any, Any, Heard]:
        return self._happen().__await__()

    async def _happen(self) -> Heard:
        heard = await self.shop._hear(self.turn, self.intents)
        if wrong := [told for check in self.checks if (told := check(heard))]:
            raise Mismatch("\n".join([*wrong, "", str(heard)]))
        return heard

    def _must(self, check: Check) -> "Exchange":
        self.checks.append(check)
        return self

    def replies(self, *keys: str) -> "Exchange":
        """The texts under these keys are said, among others."""
        return self._must(lambda h: _lacks("the text", keys, h.keys))

    def says(self, *words: str) -> "Exchange":
        """Each of these words stands in what the buyer reads."""
        missing = "the buyer does not read {}"
        return self._must(lambda h: "; ".join(missing.format(repr(w)) for w in words if w not in h.text))

    def never_says(self, *words: str) -> "Exchange":
        """None of these words stands in what the buyer reads."""
        return self._must(lambda h: "; ".join(f"the buyer reads {w!r}" for w in words if w in h.text))

    def means(self, *slugs: str) -> "Exchange":
        """These intents are answered, in any order, and no others."""

        def check(heard: Heard) -> str:
            got = heard.result.intents
            return (
                "" if set(got) == set(slugs) else f"answered as {', '.join(got) or 'nothing'}, not {', '.join(slugs)}"
            )

        return self._must(check)

    def answers(self) -> "Exchange":
        """The buyer gets an answer, without a person and without a question back."""
        return self._behaves(Behaviour.ANSWER)

    def asks(self, slot: str | None = None) -> "Exchange":
        """The buyer is asked something: for ``slot``, if given."""

        def check(heard: Heard) -> str:
            pending = heard.result.state.get("pending") or {}
            return "" if slot in (None, pending.get("slot")) else f"asked for {pending.get('slot')!r}, not {slot!r}"

        return self._behaves(Behaviour.ASK)._must(check)

    def hands_over(self, reason: str = "") -> "Exchange":
        """A person gets the conversation; ``reason`` is a part of what that person reads."""

        def check(heard: Heard) -> str:
            told = heard.result.handover.reason if heard.result.handover else ""
            return "" if reason in told else f"handed over with {told!r}, which does not hold {reason!r}"

        return self._behaves(Behaviour.ESCALATE)._must(check)

    def is_silent(self) -> "Exchange":
        """Nothing is said, knowingly."""
        return self._behaves(Behaviour.SILENT)

    def passes_gate(self) -> "Exchange":
        """The gate had nothing to stop or to change in what was said."""

        def check(heard: Heard) -> str:
            steps = [s for s in heard.result.trace.steps if s["stage"] == "gate"]
            wrong = [s for s in steps if s["action"] not in ("pass", "warn")]
            rules = ", ".join(f["rule"] for s in wrong for f in s["findings"])
            return f"the gate objects: {rules}" if wrong else "" if steps else "nothing was put before the gate"

        return self._must(check)

    def _behaves(self, behaviour: Behaviour) -> "Exchange":
        wrong = "behaviour is {}, not {}"
        return self._must(
            lambda h: "" if h.result.behaviour is behaviour else wrong.format(h.result.behaviour, behaviour)
        )


class Shop:
    """A shop under test, with one conversation in it. ``now`` is the shop's local time.

    What a test changes about it (``set``, ``has``, ``at``) holds for this conversation alone.
    """

    def __init__(self, app: App, *, buyer: str = "buyer") -> None:
        self.brain = replace(app.brain, health=Health())  # a plugin that failed in one test is not off in the next
        self.now = ORDINARY
        self.state: dict[str, Any] = {}
        self.waits_for_a_person = False
        self._app = app
        self._own: dict[str, tuple[str, ...]] = {}
        self._key = ConversationKey("test", app.brain.shop.id, "c1")
        self._buyer = buyer
        self._count = 0

    @classmethod
    def load(cls, config: Path, *, buyer: str = "buyer") -> "Shop":
        """The shop of a settings file.

        Raises:
            ProblemsFound: something is wrong with its files.
        """
        return cls(load_app(config), buyer=buyer)

    def set(self, section: str, **values: Any) -> "Shop":
        """Change settings of the section ``shop.<name>`` or ``plugins.<name>``, as if they stood in the file.

            shop.set("shop.bargain", rounds=0)
            shop.set("plugins.invoice", collect=False)

        Raises:
            ValidationError: the section does not take these values.
            KeyError: there is no such section.
        """
        room, _, name = section.partition(".")
        if room == "shop" and name in Facts.model_fields:
            given = self.brain.shop.model_dump()
            facts = Facts.model_validate({**given, name: {**given[name], **values}})
            self.brain = replace(self.brain, shop=facts, gate=self.brain.gate.for_shop(facts))
            return self
        registered = self._app.plugins.handlers.values() if room == "plugins" else ()
        handlers = dict(self.brain.handlers)
        found = [e for e in registered if e.section == name and e.settings is not None and e.name in handlers]
        for entry in found:
            bound = handlers[entry.name]
            handlers[entry.name] = replace(bound, settings=type(bound.settings)(**{**dict(bound.settings), **values}))
        if not found:
            raise KeyError(f"[{section}] cannot be set: neither shop.<name> nor plugins.<name> of a loaded plugin")
        self.brain = replace(self.brain, handlers=handlers)
        return self

    def words(self, key: str, *variants: str) -> "Shop":
        """Put other texts under a key such as ``invoice.available``, as if the shop had a file of its own for them."""
        self._own[key] = variants
        self.brain = replace(self.brain, texts=Texts({**texts_of(self.brain.catalogue), **self._own}))
        return self

    def has(self, *, orders: Sequence[Order] | None = None, products: Sequence[Product] | None = None) -> "Shop":
        """Connect records: these orders, these products. An empty list is a shop that has none yet."""
        records = self.brain.records
        if orders is not None:
            records = replace(records, orders=FakeOrders(orders))
        if products is not None:
            records = replace(records, products=FakeProducts(products))
        self.brain = replace(self.brain, records=records)
        return self

    def loses_records(self) -> "Shop":
        """From now on no lookup is answered, as if the database were down."""
        self.brain = replace(self.brain, records=Records(FakeOrders(down=True), FakeProducts(down=True)))
        return self

    def at(self, moment: str | datetime) -> "Shop":
        """Set the clock: ``"2026-11-11 20:00"``."""
        self.now = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return self

    def later(self, **time: float) -> "Shop":
        """Let time pass: ``later(minutes=10)``, as ``timedelta`` takes it."""
        self.now += timedelta(**time)
        return self

    def buyer(
        self, *lines: str, intent: str | Sequence[str] | None = None, picture: bool = False, card: str = ""
    ) -> Exchange:
        """The buyer writes these lines as one turn, perhaps with a picture, or with a product's card before them.

        ``intent`` (one or several) is taken for what they mean, whatever the matcher makes of them: for a test of a
        plugin that is not to depend on how well its examples were chosen.
        """
        kinds = [(card, Kind.CARD)] if card else []
        kinds += [*((text, Kind.TEXT) for text in lines), *([("", Kind.IMAGE)] * picture)]
        messages = []
        for text, kind in kinds:
            self._count += 1
            messages.append(Message(self._key, f"m{self._count}", self._buyer, text, kind=kind, seq=self._count))
        told = (intent,) if isinstance(intent, str) else None if intent is None else tuple(intent)
        return Exchange(self, Turn(self._key, tuple(messages)), told)

    async def _hear(self, turn: Turn, intents: tuple[str, ...] | None) -> Heard:
        brain = self.brain
        if intents is not None:
            brain = replace(brain, understander=_Told(brain.understander, intents))
        before = dict(self.state.get("said", {}))
        moment = self.now.replace(tzinfo=ZoneInfo(brain.shop.timezone)).timestamp()
        result = await run(brain, turn, self.state, now=moment, handoff_open=self.waits_for_a_person)
        self.state = result.state
        self.waits_for_a_person = self.waits_for_a_person or result.handover is not None
        said = result.state.get("said", {})
        return Heard(result, tuple(k for k, n in said.items() if n != before.get(k, 0)), self.now)


class _Told(Understander):
    """An understander that is told the intents; everything else about a text is what the real one sees."""

    def __init__(self, real: Understander, intents: tuple[str, ...]) -> None:
        self._real = real
        self._told = intents

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        seen = self._real.understand(text, previous)
        matches = tuple(Match(slug, 1.0) for slug in self._told)
        return replace(seen, matches=matches, decision=Decision.ANSWER, answered=self._told, reason="as told")


def _lacks(what: str, wanted: Sequence[str], got: Sequence[str]) -> str:
    return "; ".join(f"{what} {w} was not used, but {', '.join(got) or 'none'}" for w in wanted if w not in got)
