"""How much waits in the journal, and since when."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoreply.model import Priority

if TYPE_CHECKING:
    from autoreply.journal.store import Store


@dataclass(frozen=True, slots=True)
class Queue:
    """``oldest``: since when its oldest item waits, in seconds since the epoch; None where nothing does."""

    depth: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Queues:
    """Messages without an answer, replies that are to leave, conversations that wait for a person by priority."""

    inbox: Queue
    outbox: Queue
    handoffs: dict[str, Queue]


def queues(store: "Store") -> Queues:
    """All queues as of one moment."""

    def one(sql: str, *values: object) -> Queue:
        return Queue(*store.db.execute(sql, values).fetchone())

    handoffs = "SELECT count(*), min(created_at) FROM handoffs WHERE state = 'open' AND priority = ?"
    return Queues(
        one("SELECT count(*), min(received_at) FROM inbox WHERE done = 0"),
        one("SELECT count(*), min(created_at) FROM outbox WHERE state IN ('ready', 'sending')"),
        {priority.value: one(handoffs, priority) for priority in Priority},
    )


def write_nothing(store: "Store") -> None:
    """Write to the file without changing what it says: raises where a message could not be kept either."""
    store.db.execute("UPDATE counters SET value = value WHERE name = 'cursor'")
