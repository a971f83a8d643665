"""What the journal takes and gives: frozen rows, no SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autoreply.model import Behaviour, ConversationKey, Kind, Priority


class JournalError(Exception):
    """The journal cannot be used: missing rights, full disk, corrupt file, a newer version's file."""


class Changed(Exception):
    """The conversation is no longer as it was when the turn was decided; nothing of the turn is kept."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an incoming message. ``echo``: it was the bot's own reply, told back by the platform."""

    seq: int
    duplicate: bool = False
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply to keep in the outbox. ``draft`` is what the gate needs to release the same text after a restart."""

    key: str
    text: str
    origin: str
    draft: Mapping[str, Any] = field(default_factory=dict)
    in_reply_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A reply as the outbox holds it."""

    id: int
    key: str
    conversation: ConversationKey
    origin: str
    text: str
    draft: Mapping[str, Any]
    in_reply_to: tuple[str, ...]
    state: str
    cursor: int | None
    attempts: int
    created_at: float


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """What is kept of a conversation. ``agent_until``: a person has it until then."""

    state: dict[str, Any]
    agent_until: float | None = None
    handoff_open: bool = False
    agent_said: tuple[str, ...] = ()
    """What agents have said since the bot last had a turn here, oldest first."""
    kept: str = field(default="", compare=False, repr=False)
    """The state as it stands in the file, by which a later change is noticed; empty where there is none yet."""

    def agent_present(self, now: float) -> bool:
        return self.agent_until is not None and self.agent_until > now


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """Why a person should look, and how soon."""

    reason: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class HandoffItem:
    """One place in the queue for people."""

    id: int
    conversation: ConversationKey
    buyer_id: str
    reason: str
    priority: Priority
    state: str
    created_at: float
    updated_at: float
    agent: str = ""
    """Who works on it; empty: nobody yet."""
    claimed_at: float | None = None
    waiting_since: float | None = None
    """Since when the buyer waits for a person's word; None: has had one."""
    raised_at: float | None = None
    """When its priority was raised because the buyer had waited too long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript: ``who`` is buyer, agent or bot."""

    at: float
    who: str
    kind: Kind
    text: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """Everything one turn leaves behind; kept in one transaction or not at all.

    ``basis`` is what the turn was decided upon; where given, the conversation must still stand like that. ``leaves``
    says how far the replies come by the same commit: ``ready`` to be claimed, the first of them ``sending`` at once,
    or all of them ``offered`` to a peer that fetches; ``draft``: a person is to send them.
    """

    key: ConversationKey
    buyer_id: str
    seqs: tuple[int, ...]
    behaviour: Behaviour
    replies: tuple[Outgoing, ...]
    state: Mapping[str, Any] | None
    handoff: HandoffRequest | None
    intents: tuple[str, ...]
    rules: tuple[str, ...]
    rulebook: str
    trace: Sequence[Mapping[str, Any]]
    at: float
    basis: ConversationRecord | None = None
    leaves: Literal["ready", "sending", "offered", "draft"] = "ready"
