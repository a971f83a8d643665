"""Is a journal sound? What SQLite can tell of the file, and what must hold between its rows."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from autoreply.journal.files import version
from autoreply.journal.schema import SAME, TABLES, Holds

_MOST = 20
"""Problems of one sort that are told."""

_STATES = ("ready", "sending", "sent", "offered", "withdrawn", "failed", "unknown", "draft")

_INVARIANTS = (
    (
        "message {seq} of {channel}/{shop}/{conversation} counts as answered, and nothing was ever decided there",
        "SELECT seq, channel, shop, conversation FROM inbox t WHERE done = 1 AND author = 'buyer'"
        f" AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.behaviour != 'hold' AND {SAME.format('d', 't')})",
    ),
    (
        "reply {key} of {channel}/{shop}/{conversation} was made by no decision",
        "SELECT key, channel, shop, conversation FROM outbox t WHERE origin != 'agent'"
        f" AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.at = t.created_at AND {SAME.format('d', 't')})",
    ),
    (
        "reply {key} has the state {state}, which there is not",
        f"SELECT key, state FROM outbox WHERE state NOT IN ({', '.join(map(repr, _STATES))})",
    ),
    (
        "reply {key} has cursor {cursor}, above the last one given",
        "SELECT key, cursor FROM outbox WHERE cursor > (SELECT value FROM counters WHERE name = 'cursor')",
    ),
    (
        "reply {key} is on its way without a cursor",
        "SELECT key FROM outbox WHERE state IN ('sending', 'offered') AND cursor IS NULL",
    ),
    (
        "message {seq} has a number above the last one given",
        "SELECT seq FROM inbox WHERE seq > (SELECT seq FROM sqlite_sequence WHERE name = 'inbox')",
    ),
    (
        "the counter of cursors is missing",
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM counters WHERE name = 'cursor')",
    ),
)


def problems(db: sqlite3.Connection) -> list[str]:
    """What is wrong with a journal of this version, in words; empty where nothing is. Reads every page of the file."""
    try:
        damage = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({_MOST})") if row[0] != "ok"]
    except sqlite3.DatabaseError as e:
        damage = [str(e)]
    if damage:
        return [f"the file is damaged: {what}" for what in damage]  # what its rows say is then worth nothing
    return [problem for sort in _sorts() for problem in _told(db, *sort)]


def figures(db: sqlite3.Connection) -> dict[str, Any]:
    """How much a journal holds and what waits in it."""

    def one(sql: str) -> Any:
        return db.execute(sql).fetchone()[0]

    return {
        "schema": version(db),
        "rows": {table.records: one(f"SELECT count(*) FROM {table.name}") for table in TABLES},
        "buyers": one("SELECT count(DISTINCT buyer_id) FROM inbox WHERE author = 'buyer'"),
        "oldest": one("SELECT min(received_at) FROM inbox"),
        "newest": one("SELECT max(received_at) FROM inbox"),
        "unanswered": one("SELECT count(*) FROM inbox WHERE done = 0"),
        "unsent": one("SELECT count(*) FROM outbox WHERE state IN ('ready', 'sending')"),
        "unknown": one("SELECT count(*) FROM outbox WHERE state = 'unknown'"),
        "failed": one("SELECT count(*) FROM outbox WHERE state = 'failed'"),
        "handoffs_open": one("SELECT count(*) FROM handoffs WHERE state = 'open'"),
    }


def _sorts() -> Iterator[tuple[str, str]]:
    yield from _INVARIANTS
    for table in TABLES:
        key = ", ".join(table.key)
        names = " ".join(f"{{{column}}}" for column in table.key)
        for column, holds in table.columns.items():
            if holds in (Holds.DATA, Holds.IDS, Holds.JSON):
                sql = f"SELECT {key} FROM {table.name} WHERE NOT json_valid({column})"
                yield f"{table.name} {names}: {column} is no JSON", sql


def _told(db: sqlite3.Connection, words: str, sql: str) -> Iterator[str]:
    cursor = db.execute(f"{sql} LIMIT {_MOST + 1}")
    columns = [d[0] for d in cursor.description]
    for n, row in enumerate(cursor):
        if n == _MOST:
            yield f"… and more of this: {words.split(' ')[0]}"
        else:
            yield words.format(**dict(zip(columns, row, strict=True)))
