"""What each column of the journal holds, so that exports, erasure and retention treat every table alike.

A test compares this with the schema that the migrations make: a new column must be entered here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from importlib import resources


class Holds(Enum):
    """What a column tells of a person."""

    PLAIN = auto()
    """Nothing: a number, a state, a moment, the name of an intent."""
    ID = auto()
    """Who or which; replaced by a pseudonym."""
    IDS = auto()
    """A JSON list of such."""
    TEXT = auto()
    """What somebody wrote, or words that may quote it."""
    DATA = auto()
    """JSON that may hold what somebody wrote."""
    JSON = auto()
    """JSON that cannot."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows belong to conversations. ``record`` is what a row is called, ``records`` what several are.

    ``key`` is the primary key, ``time`` the column it ages by."""

    name: str
    record: str
    records: str
    key: tuple[str, ...]
    time: str
    columns: Mapping[str, Holds]


_WHERE = {"channel": Holds.PLAIN, "shop": Holds.PLAIN, "conversation": Holds.ID}

TABLES = (
    Table(
        "inbox",
        "message",
        "messages",
        ("seq",),
        "received_at",
        {
            "seq": Holds.PLAIN,
            **_WHERE,
            "message_id": Holds.ID,
            "author": Holds.PLAIN,
            "buyer_id": Holds.ID,
            "kind": Holds.PLAIN,
            "text": Holds.TEXT,
            "sent_at": Holds.PLAIN,
            "received_at": Holds.PLAIN,
            "done": Holds.PLAIN,
        },
    ),
    Table(
        "outbox",
        "reply",
        "replies",
        ("id",),
        "created_at",
        {
            "id": Holds.PLAIN,
            "key": Holds.PLAIN,
            **_WHERE,
            "origin": Holds.PLAIN,
            "text": Holds.TEXT,
            "draft": Holds.DATA,
            "in_reply_to": Holds.IDS,
            "state": Holds.PLAIN,
            "cursor": Holds.PLAIN,
            "attempts": Holds.PLAIN,
            "note": Holds.TEXT,
            "created_at": Holds.PLAIN,
            "sent_at": Holds.PLAIN,
        },
    ),
    Table(
        "decisions",
        "decision",
        "decisions",
        ("id",),
        "at",
        {
            "id": Holds.PLAIN,
            **_WHERE,
            "behaviour": Holds.PLAIN,
            "intents": Holds.JSON,
            "rules": Holds.JSON,
            "rulebook": Holds.PLAIN,
            "trace": Holds.DATA,
            "at": Holds.PLAIN,
            "reason": Holds.TEXT,
        },
    ),
    Table(
        "handoffs",
        "handoff",
        "handoffs",
        ("id",),
        "updated_at",
        {
            "id": Holds.PLAIN,
            **_WHERE,
            "buyer_id": Holds.ID,
            "reason": Holds.TEXT,
            "priority": Holds.PLAIN,
            "state": Holds.PLAIN,
            "created_at": Holds.PLAIN,
            "updated_at": Holds.PLAIN,
            "agent": Holds.PLAIN,
            "claimed_at": Holds.PLAIN,
            "waiting_since": Holds.PLAIN,
            "raised_at": Holds.PLAIN,
        },
    ),
    Table(
        "conversations",
        "conversation",
        "conversations",
        ("channel", "shop", "conversation"),
        "updated_at",
        {
            **_WHERE,
            "buyer_id": Holds.ID,
            "state": Holds.DATA,
            "agent_until": Holds.PLAIN,
            "agent_since": Holds.PLAIN,
            "updated_at": Holds.PLAIN,
            "agent_spoke": Holds.PLAIN,
        },
    ),
)

OTHERS = {
    "counters": (),
    "modes": (),
    "notices": ("DELETE FROM notices WHERE NOT EXISTS (SELECT 1 FROM handoffs h WHERE h.id = handoff)",),
    "takeovers": ("DELETE FROM takeovers WHERE until < :before",),
}
"""Small tables that belong to no conversation, and what ages out of them; ``takeovers.subject`` may be a buyer's id."""

SAME = "{0}.channel = {1}.channel AND {0}.shop = {1}.shop AND {0}.conversation = {1}.conversation"
"""Two rows belong to one conversation."""

IN_HAND = (
    f"(EXISTS (SELECT 1 FROM inbox i WHERE i.done = 0 AND {SAME.format('i', 't')})"
    f" OR EXISTS (SELECT 1 FROM outbox o WHERE o.state IN ('ready', 'sending', 'draft') AND {SAME.format('o', 't')}))"
)
"""The conversation of ``t`` has a message without an answer or a reply that may yet leave."""

WAITS = f"EXISTS (SELECT 1 FROM handoffs h WHERE h.state = 'open' AND {SAME.format('h', 't')})"
"""The conversation of ``t`` waits for a person."""


def scripts() -> dict[int, str]:
    """The migrations: schema version → SQL that leads to it from the one before."""
    folder = resources.files(__package__).joinpath("migrations")
    return {int(p.name[:4]): p.read_text(encoding="utf-8") for p in folder.iterdir() if p.name.endswith(".sql")}
