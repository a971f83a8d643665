"""The queue for people, beyond putting conversations in: who works on what, who waits too long, who is to be told.

Functions over a ``Store``; each is part of the caller's transaction, so two agents can never both claim one item.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoreply.journal.people import end_takeover
from autoreply.journal.records import HandoffItem
from autoreply.model import Priority

if TYPE_CHECKING:
    from autoreply.journal.store import Store


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """Something that people are to be told of. ``kind``: new, raised or waiting; ``told``: notifiers that have."""

    id: int
    kind: str
    at: float
    item: HandoffItem
    told: tuple[str, ...]


def claim_item(store: "Store", item_id: int, agent: str, now: float, until: float) -> bool:
    """``agent`` takes an open item, and its conversation until ``until``. False: another one has it, or it is done."""
    row = store.db.execute(
        "UPDATE handoffs SET claimed_at = iif(agent = '', ?, claimed_at), agent = ?, updated_at = ?"
        " WHERE id = ? AND state = 'open' AND agent IN ('', ?) RETURNING id",
        (now, agent, now, item_id, agent),
    ).fetchone()
    if row is None:
        return False
    if (item := store.handoff(item_id)) is not None:
        store.take_over(item.conversation, now, until)
    return True


def release_item(store: "Store", item: HandoffItem, now: float) -> None:
    """Back into the queue for anyone; the bot goes on in the conversation meanwhile."""
    store.db.execute(
        "UPDATE handoffs SET agent = '', claimed_at = NULL, updated_at = ? WHERE id = ? AND state = 'open'",
        (now, item.id),
    )
    end_takeover(store, item.conversation, now)


def raise_waiting(store: "Store", since: float, now: float) -> None:
    """Whose buyer waits for a person's word since ``since`` or longer: high priority, and people are told; once."""
    store.db.execute(
        "UPDATE handoffs SET priority = ?, raised_at = ?, updated_at = ?"
        " WHERE state = 'open' AND raised_at IS NULL AND waiting_since <= ?",
        (Priority.HIGH, now, now, since),
    )


def notices(store: "Store", limit: int = 100) -> list[NoticeRow]:
    """What people are still to be told of, oldest first; what no longer waits is dropped."""
    store.db.execute(
        "UPDATE notices SET done = 1 WHERE done = 0"
        " AND NOT EXISTS (SELECT 1 FROM handoffs WHERE handoffs.id = notices.handoff AND state = 'open')"
    )
    rows = store.db.execute(
        "SELECT id, kind, at, handoff, told FROM notices WHERE done = 0 ORDER BY id LIMIT ?", (limit,)
    ).fetchall()
    return [
        NoticeRow(number, kind, at, item, tuple(json.loads(told)))
        for number, kind, at, handoff, told in rows
        if (item := store.handoff(handoff))
    ]


def told(store: "Store", notice: int, by: Collection[str], *, done: bool) -> None:
    """Write down who has told people of a notice. ``done``: nobody else is to."""
    store.db.execute(
        "UPDATE notices SET told = ?, done = ? WHERE id = ?", (json.dumps(sorted(by), ensure_ascii=False), done, notice)
    )
