"""Short conversations for tests: the real pipeline, gate, texts and plugins; only the intent of a line is told.

Which intent a line has is the business of ``tests/understanding``; told here, these tests stay right whatever the
matcher learns. The rest of the understanding (clean text, slots) is the real one.
"""

import asyncio
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from autoreply.app import bound_handlers, texts_of
from autoreply.compliance import Gate, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.handlers import Bound
from autoreply.model import ConversationKey, Decision, Kind, Match, Message, Turn, Understanding
from autoreply.pipeline import Brain, Result, run
from autoreply.plugins import Plugins, load_plugins, validated
from autoreply.settings import load
from autoreply.shipped import shipped
from autoreply.texts import Texts
from autoreply.tomlfile import Problem, read
from autoreply.understanding import Catalogue, Previous, Understander, load_catalogue
from autoreply.understanding.normalise import normalise
from autoreply.understanding.slots import find_slots

WEDNESDAY = datetime(2026, 3, 11, 10, 0)
"""An ordinary working day, before the example shop's cut-off at 16:00."""
KEY = ConversationKey("http", "main", "c1")


@lru_cache
def example_shop() -> Shop:
    return load(shipped("config.example.toml")).shop


@lru_cache
def catalogue() -> Catalogue:
    return load_catalogue([read(path) for path in sorted(shipped("intents").glob("*.toml"))])


@lru_cache
def rulebook() -> Rulebook:
    return load_rulebook([read(path) for path in shipped_rulebooks()], today=date(2026, 3, 1))


@lru_cache
def handlers() -> dict[str, Bound]:
    return handlers_with()


def handlers_with(**sections: Mapping[str, Any]) -> dict[str, Bound]:
    """The shipped handlers with settings of their own: ``handlers_with(delivery={"pickup": "…"})``."""
    problems: list[Problem] = []
    plugins = shipped_plugins()
    settings = validated("plugins", plugins.handlers, sections, read(shipped("config.example.toml")), problems)
    assert not problems, problems
    return bound_handlers(catalogue(), plugins, settings)


@lru_cache
def shipped_plugins() -> Plugins:
    problems: list[Problem] = []
    plugins = load_plugins(None, problems, installed=False)
    assert not problems, problems
    return plugins


@lru_cache
def example_gate() -> Gate:
    return Gate(rulebook(), example_shop())


def gate_of(shop: Shop) -> Gate:
    """The gate of another shop on the same platform: the rules, which take long to compile, are the same."""
    assert shop.platform == example_shop().platform
    gate = copy(example_gate())
    gate.shop = shop
    return gate


def shop_with(base: Shop | None = None, /, **sections: Mapping[str, Any]) -> Shop:
    """The example shop, or ``base``, with some facts changed: ``shop_with(bargain={"rounds": 0})``."""
    facts = (base or example_shop()).model_dump()
    for name, changes in sections.items():
        facts[name] |= changes
    return Shop.model_validate(facts)


@dataclass
class Told:
    """An understander that is told the intents of each line; ``Decision.ANSWER`` where there are any."""

    intents: tuple[str, ...] = ()
    decision: Decision = Decision.ESCALATE
    near: tuple[str, ...] = ()

    def understand(self, text: str, previous: Previous | None = None) -> Understanding:
        normal = normalise(text)
        decision = Decision.ANSWER if self.intents else self.decision
        matches = tuple(Match(slug, 0.9) for slug in self.intents or self.near)
        slots = find_slots(text, normal)
        return Understanding(text, normal.clean, (normal.clean,), matches, slots, decision, self.intents, "as told")


def make_brain(shop: Shop | None = None, /, **changes: Any) -> Brain:
    """A shop's brain: the shipped intents, texts, rules and plugins."""
    shop = shop or example_shop()
    return replace(
        Brain(
            shop=shop,
            catalogue=catalogue(),
            understander=cast(Understander, Told()),
            gate=gate_of(shop),
            texts=Texts(texts_of(catalogue())),
            handlers=handlers(),
            plugin_timeout=5.0,
            text_length=2000,
        ),
        **changes,
    )


@dataclass
class Talk:
    """One conversation with one shop, at a time that the test sets."""

    brain: Brain = field(default_factory=make_brain)
    now: datetime = WEDNESDAY
    key: ConversationKey = KEY
    state: dict[str, Any] = field(default_factory=dict)
    agent_present: bool = False
    handoff_open: bool = False
    said: int = 0

    def turn(self, *lines: tuple[str, Kind]) -> Turn:
        messages = []
        for text, kind in lines:
            self.said += 1
            messages.append(Message(self.key, f"m{self.said}", "buyer", text, kind=kind, seq=self.said))
        return Turn(self.key, tuple(messages))

    def hear(self, turn: Turn, brain: Brain) -> Result:
        moment = self.now.replace(tzinfo=ZoneInfo(brain.shop.timezone)).timestamp()
        result = asyncio.run(
            run(brain, turn, self.state, now=moment, agent_present=self.agent_present, handoff_open=self.handoff_open)
        )
        self.state = result.state
        self.handoff_open = self.handoff_open or result.handover is not None
        return result

    def say(
        self,
        text: str,
        *intents: str,
        decision: Decision = Decision.ESCALATE,
        near: tuple[str, ...] = (),
        also: tuple[Kind, ...] = (),
    ) -> Result:
        """The buyer writes a line with these intents, perhaps with pictures or cards beside it."""
        told = cast(Understander, Told(intents, decision, near))
        return self.hear(
            self.turn((text, Kind.TEXT), *(("", kind) for kind in also)), replace(self.brain, understander=told)
        )

    def show(self, *kinds: Kind) -> Result:
        """The buyer sends pictures or cards and writes nothing."""
        return self.hear(self.turn(*(("", kind) for kind in kinds)), self.brain)


def text_of(result: Result) -> str:
    """What left for the buyer, all of it."""
    return "\n".join(spoken.released.text for spoken in result.replies)


def passes(result: Result) -> Result:
    """The same result, having checked that the gate had nothing to stop or to change."""
    actions = [step["action"] for step in result.trace.steps if step["stage"] == "gate"]
    assert actions, "nothing was put before the gate"
    assert set(actions) <= {"pass", "warn"}, result.trace.steps
    return result


def key_of(talk: Talk, result: Result) -> str:
    """Under which key of ``intents/*.toml`` the text stands that just left."""
    text = text_of(result)
    counts: dict[str, int] = talk.state["said"]
    for key, count in counts.items():
        name, _, rest = key.partition(".")
        variants = catalogue().host_texts.get(rest, ()) if name == "host" else catalogue().intents[name].answers[rest]
        if any(_same_words(variant, text) for variant in variants) and count:
            return key
    raise AssertionError(f"nothing of intents/*.toml: {text}")


def _same_words(template: str, text: str) -> bool:
    fixed = re.split(r"\{%.*%\}|\{\{.*?\}\}", template)  # what stands between the first branch and the last may differ
    pattern = "(?s:.*)".join(map(re.escape, fixed))
    return re.fullmatch(pattern, text) is not None
