"""What the figures of a shop are computed from: who said what when, and what was decided. Reads only."""

import sqlite3
from dataclasses import dataclass

from autoreply.model import ConversationKey


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody has said something that reached the other side. ``who``: buyer, bot or agent."""

    key: ConversationKey
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a turn. ``reason``: why a person was called."""

    behaviour: str
    reason: str


def said(db: sqlite3.Connection, since: float) -> list[Said]:
    """All that buyers, bot and agents have said, by conversation and in order. Only what was delivered counts."""
    rows = db.execute(
        "SELECT channel, shop, conversation, received_at AS at, author, seq AS place, 0 AS side FROM inbox"
        " WHERE received_at >= ?"
        " UNION ALL SELECT channel, shop, conversation, sent_at, iif(origin = 'agent', 'agent', 'bot'), id, 1"
        " FROM outbox WHERE sent_at >= ? AND state IN ('sent', 'offered')"
        " ORDER BY channel, shop, conversation, at, side, place",
        (since, since),
    )
    return [Said(ConversationKey(*r[:3]), r[3], r[4]) for r in rows]


def decided(db: sqlite3.Connection, since: float) -> list[Decided]:
    """Decisions since a moment, in order."""
    rows = db.execute("SELECT behaviour, reason FROM decisions WHERE at >= ? ORDER BY id", (since,))
    return [Decided(*r) for r in rows]


def called(db: sqlite3.Connection, since: float) -> list[tuple[ConversationKey, float]]:
    """When a person was asked for, conversation by conversation."""
    rows = db.execute(
        "SELECT channel, shop, conversation, created_at FROM handoffs WHERE created_at >= ? ORDER BY id", (since,)
    )
    return [(ConversationKey(*r[:3]), r[3]) for r in rows]
