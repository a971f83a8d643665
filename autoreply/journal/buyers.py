"""Erasing a buyer: what was said is gone for good, what happened can still be counted."""

from collections import Counter
from dataclasses import dataclass

from autoreply.journal.export import Pseudonyms, conversations_of
from autoreply.journal.schema import IN_HAND, TABLES, Holds, Table
from autoreply.journal.store import Store

_EMPTY = {
    Holds.TEXT: "''",
    Holds.DATA: "iif(json_type({column}) = 'array', '[]', '{{}}')",
    Holds.IDS: "'[]'",
}
_WHERE = "channel = ? AND shop = ? AND conversation = ?"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: rows by kind, and the name that stands for the buyer from now on."""

    pseudonym: str
    rows: Counter[str]


def in_hand(store: Store, buyer_id: str, channel: str | None = None) -> int:
    """How many of the buyer's conversations have a message without an answer or a reply that may yet leave."""
    keys = conversations_of(store.db, buyer_id, channel)
    sql = f"SELECT 1 FROM (SELECT ? AS channel, ? AS shop, ? AS conversation) t WHERE {IN_HAND}"
    return sum(store.db.execute(sql, key).fetchone() is not None for key in keys)


def erase(store: Store, buyer_id: str, now: float, channel: str | None = None) -> Erased:
    """Erase the buyer's conversations, whole; part of the caller's transaction.

    Texts, memory and traces are emptied and overwritten in the file; ids become pseudonyms made with a key that is
    thrown away, the same within one call, so that the turns of a day or the buyers of a week still count right. What
    has no answer yet gets none, what has not left does not leave, and open handoffs are closed.
    """
    db, names = store.db, Pseudonyms("erased-")
    db.execute("PRAGMA secure_delete = ON")
    counts: Counter[str] = Counter()
    for key in conversations_of(db, buyer_id, channel):
        _close(store, key, now)
        for table in TABLES:
            counts[table.records] += _empty(store, table, key, names)
    if channel is None:
        db.execute("DELETE FROM takeovers WHERE scope = 'buyer' AND subject = ?", (buyer_id,))
    else:
        db.execute("DELETE FROM takeovers WHERE scope = 'buyer' AND subject = ? AND channel = ?", (buyer_id, channel))
    return Erased(names.of(buyer_id), counts)


def _close(store: Store, key: tuple[str, str, str], now: float) -> None:
    """Nothing more comes of this conversation; a message without a decision leaves one that says so."""
    db = store.db
    undone = db.execute(f"UPDATE inbox SET done = 1 WHERE {_WHERE} AND done = 0", key).rowcount
    if undone:
        db.execute(
            "INSERT INTO decisions"
            " (channel, shop, conversation, behaviour, intents, rules, rulebook, trace, at, reason)"
            " VALUES (?, ?, ?, 'silent', '[]', '[]', '', '[]', ?, '')",
            (*key, now),
        )
    # Without a cursor a peer that reads its replies from the beginning does not meet them any more.
    db.execute(
        "UPDATE outbox SET cursor = NULL, state = CASE WHEN state IN ('ready', 'draft') THEN 'withdrawn'"
        f" WHEN state IN ('sending', 'offered') THEN 'unknown' ELSE state END WHERE {_WHERE}",
        key,
    )
    db.execute(f"UPDATE handoffs SET state = 'done', updated_at = ? WHERE {_WHERE} AND state = 'open'", (now, *key))


def _empty(store: Store, table: Table, key: tuple[str, str, str], names: Pseudonyms) -> int:
    db = store.db
    ids = [column for column, holds in table.columns.items() if holds is Holds.ID]
    rows = db.execute(f"SELECT {', '.join((*table.key, *ids))} FROM {table.name} WHERE {_WHERE}", key).fetchall()
    gone = [f"{c} = {_EMPTY[h].format(column=c)}" for c, h in table.columns.items() if h in _EMPTY]
    renamed = [f"{column} = ?" for column in ids]
    where = " AND ".join(f"{column} = ?" for column in table.key)
    sql = f"UPDATE {table.name} SET {', '.join(gone + renamed)} WHERE {where}"
    width = len(table.key)
    db.executemany(sql, [(*(names.of(i) for i in row[width:]), *row[:width]) for row in rows])
    return len(rows)
