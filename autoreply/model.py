"""The nouns of the framework: frozen data, no behaviour beyond what follows from the data itself.

Times are seconds since the epoch (float, UTC). Spans are ``[start, end)`` indices into the text as written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

NONE = "none"
"""The slug that stands for "no intent can be told from this line"."""


class Kind(StrEnum):
    """What a message holds. Only ``text`` is understood by words; the others are shown to people."""

    TEXT = "text"
    IMAGE = "image"
    CARD = "card"


class Author(StrEnum):
    """Who wrote an incoming message."""

    BUYER = "buyer"
    AGENT = "agent"


class Behaviour(StrEnum):
    """What was done about one turn."""

    ANSWER = "answer"
    ASK = "ask"
    ESCALATE = "escalate"
    HOLD = "hold"
    SILENT = "silent"


class Mode(StrEnum):
    """How much the bot may do by itself, in a shop or on one of its channels."""

    AUTO = "auto"
    ASSIST = "assist"
    """Its replies are drafts for a person; nothing is sent."""
    NIGHT = "night"
    """As ``auto`` while people are there; outside of their hours only what is certain is answered."""
    OFF = "off"
    """Nothing is sent, every message goes to a person."""


class Decision(StrEnum):
    """What understanding alone proposes for a text; plugins and the gate may still make it more careful."""

    ANSWER = "answer"
    ASK = "ask"
    ESCALATE = "escalate"
    SILENT = "silent"


class Severity(StrEnum):
    """How grave a finding is, gravest first."""

    BLOCK = "block"
    REWRITE = "rewrite"
    WARN = "warn"


class Action(StrEnum):
    """What the gate did with a text."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    WARN = "warn"
    REWRITE = "rewrite"
    BLOCK = "block"


class Priority(StrEnum):
    """How soon a person should look."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class ConversationKey(NamedTuple):
    """Names one conversation: the channel it runs on, the shop, and the channel's own conversation id."""

    channel: str
    shop: str
    conversation: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class Message:
    """One incoming message as its channel delivered it. ``(channel, shop, message_id)`` is taken once."""

    key: ConversationKey
    message_id: str
    buyer_id: str
    text: str
    author: Author = Author.BUYER
    kind: Kind = Kind.TEXT
    sent_at: float = 0.0
    received_at: float = 0.0
    seq: int = 0
    """Position in the inbox, given by the journal; 0 before that."""


@dataclass(frozen=True, slots=True)
class Match:
    """One intent that a text may express. ``confidence`` is 0..1; ``features`` are the shares it is made of."""

    slug: str
    confidence: float
    example: str = ""
    """The catalogue's example or keyword that came nearest."""
    features: Mapping[str, float] = field(default_factory=dict)


SlotValue = str | int | float


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of fact found in a text, such as ``city = 乌鲁木齐``."""

    name: str
    value: SlotValue
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a text was taken to mean. ``matches`` are best first; ``answered`` are the slugs sure enough to act on."""

    text: str
    clean: str
    tokens: tuple[str, ...]
    matches: tuple[Match, ...]
    slots: tuple[Slot, ...]
    decision: Decision
    answered: tuple[str, ...]
    reason: str = ""
    """Why this decision: such as ``below threshold`` or ``margin too small``."""

    @property
    def gap(self) -> float:
        """Distance in confidence between the two best intents; the best one's confidence where there is one only."""
        best = [m.confidence for m in self.matches[:2]] + [0.0, 0.0]
        return best[0] - best[1]

    def slot(self, name: str) -> SlotValue | None:
        """The first value found for a slot, or None."""
        return next((s.value for s in self.slots if s.name == name), None)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the buyer said before the bot's next word: one message or several that belong together."""

    key: ConversationKey
    messages: tuple[Message, ...]

    @property
    def buyer_id(self) -> str:
        return self.messages[-1].buyer_id

    @property
    def text(self) -> str:
        """The texts of all messages, one per line."""
        if len(self.messages) == 1 and self.messages[0].kind is Kind.TEXT:
            return self.messages[0].text
        return "\n".join(m.text for m in self.messages if m.kind is Kind.TEXT)

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(m.kind for m in self.messages)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer for the buyer. ``backed`` maps a phrase of the text to the setting or record that backs it.

    ``generated``: a model wrote words of it, which the message must then say (rule ``ai-label``). Two replies added up
    are one message: the words of both, one after the other.
    """

    text: str
    backed: Mapping[str, str] = field(default_factory=dict)
    generated: bool = False

    def __add__(self, other: "Reply") -> "Reply":
        generated = self.generated or other.generated
        return Reply(self.text + other.text, {**self.backed, **other.backed}, generated)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the buyer whose answer fills ``slot``.

    ``choices`` maps a value of the slot to the words, with blanks between them, by which a buyer names it. ``tries``
    is how often in a row it is asked; after that ``give_up``, where there is one, and a person. ``generated`` as in
    ``Reply``.
    """

    text: str
    slot: str
    backed: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    tries: int = 2
    give_up: Reply | None = None
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Escalate:
    """Hand over to a person, with the reason for that person and, optionally, a text for the buyer."""

    reason: str
    reply: Reply | None = None
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing, knowingly."""

    reason: str


Outcome = Reply | Ask | Escalate | Silence
"""What a handler may return."""


@dataclass(frozen=True, slots=True)
class AtStake:
    """What a violation may cost: a dated figure with its source. Shown to operators, never to a buyer."""

    value: str
    unit: str
    source: str
    since: str | None = None
    until: str | None = None
    confidence: str = "seed"

    def __str__(self) -> str:
        return f"{self.value} {self.unit} ({self.source}{', since ' + self.since if self.since else ''})"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule met a text. ``start:end`` is the span in the text as written."""

    rule: str
    severity: Severity
    start: int
    end: int
    matched: str
    at_stake: tuple[AtStake, ...] = ()
    suggestion: str = ""
    backing: str = ""
    """In ``Verdict.backed`` only: what backs the claim, a setting or record, or that the second net cleared it."""
    learned: bool = False
    """No pattern of the rule matched: the words sound like those of sentences that break it."""
    pattern: str = ""
    """The pattern that matched, as its rulebook writes it; empty where none did."""

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's judgement of one text. ``text`` is what may leave: rewritten if need be, empty when blocked."""

    action: Action
    text: str
    findings: tuple[Finding, ...] = ()
    backed: tuple[Finding, ...] = ()
    """What passes as a setting, a record or the second net speaks for it, each with its ``backing``. No findings."""
    override: str = ""
    """The reason an agent gave for sending a text in spite of a block."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules found, each once, in order of appearance."""
        return tuple(dict.fromkeys(f.rule for f in self.findings))


@dataclass(slots=True)
class Trace:
    """What each stage saw and decided about one turn, in order. The one thing here that is written to as it travels."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    def add(self, stage: str, **seen: Any) -> None:
        """Write down what ``stage`` saw: values must be plain JSON data."""
        self.steps.append({"stage": stage, **seen})

    def of(self, stage: str) -> dict[str, Any]:
        """The first step of that stage, or an empty dict."""
        return next((s for s in self.steps if s["stage"] == stage), {})
