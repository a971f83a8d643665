"""The journal's rows as plain data: for other programs, masked unless told otherwise, and for the buyer concerned."""

import hmac
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from autoreply.journal.schema import TABLES, Holds, Table
from autoreply.privacy import mask, masked

Treat = Callable[[Holds, Any], Any]

_KEY = ("channel", "shop", "conversation")
_WHERE = "channel = ? AND shop = ? AND conversation = ?"


class Pseudonyms:
    """Other names for ids: the same for the same id, and nobody can tell which, once this is gone with its key."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._key = secrets.token_bytes(32)

    def of(self, identity: str) -> str:
        """``prefix`` and 16 hexadecimal digits; an empty id stays empty."""
        if not identity:
            return ""
        return self._prefix + hmac.digest(self._key, identity.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]


def rows(
    db: sqlite3.Connection,
    *,
    unmasked: bool = False,
    since: float | None = None,
    until: float | None = None,
    conversation: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Each row as ``{"record": "message" | "reply" | "decision" | "handoff" | "conversation", …}``, table by table.

    ``since`` and ``until`` are seconds since the epoch, the first included. ``conversation`` is the channel's own id
    of one. Masked, texts are as ``privacy.mask`` leaves them, and ids are pseudonyms that hold within this export.
    """
    names = Pseudonyms("p-")

    def treat(holds: Holds, value: Any) -> Any:
        match holds:
            case Holds.ID:
                return names.of(value)
            case Holds.IDS:
                return [names.of(v) for v in value]
            case Holds.TEXT:
                return mask(value)
            case Holds.DATA:
                return masked(value)
            case _:
                return value

    for table in TABLES:
        where, values = ["1"], []
        for condition, given in (
            (f"{table.time} >= ?", since),
            (f"{table.time} < ?", until),
            ("conversation = ?", conversation),
        ):
            if given is not None:
                where.append(condition)
                values.append(given)
        for row in _select(db, table, " AND ".join(where), *values):
            yield {"record": table.record} | _record(table, row, _as_kept if unmasked else treat)


def of_buyer(db: sqlite3.Connection, buyer_id: str, channel: str | None = None) -> list[dict[str, Any]]:
    """Everything kept about a buyer, conversation by conversation, as written; empty where nothing is."""
    found = []
    for key in conversations_of(db, buyer_id, channel):
        parts: dict[str, Any] = dict(zip(_KEY, key, strict=True))
        for table in TABLES:
            records = [_record(table, row, _as_kept) for row in _select(db, table, _WHERE, *key)]
            parts["memory" if table.record == "conversation" else table.records] = [
                {k: v for k, v in r.items() if k not in _KEY} for r in records
            ]
        found.append(parts)
    return found


def conversations_of(db: sqlite3.Connection, buyer_id: str, channel: str | None = None) -> list[tuple[str, str, str]]:
    """Keys of all conversations in which this buyer has written, or which are known to be this buyer's."""
    where = "buyer_id = ?1 AND (?2 IS NULL OR channel = ?2)"
    tables = [t.name for t in TABLES if "buyer_id" in t.columns]
    union = " UNION ".join(f"SELECT channel, shop, conversation FROM {name} WHERE {where}" for name in tables)
    return [(r[0], r[1], r[2]) for r in db.execute(f"{union} ORDER BY 1, 2, 3", (buyer_id, channel))]


def _select(db: sqlite3.Connection, table: Table, where: str, *values: object) -> Iterator[Any]:
    columns = ", ".join(table.columns)
    return iter(db.execute(f"SELECT {columns} FROM {table.name} WHERE {where} ORDER BY {', '.join(table.key)}", values))


def _record(table: Table, row: Any, treat: Treat) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for (name, holds), value in zip(table.columns.items(), row, strict=True):
        data = json.loads(value) if holds in (Holds.IDS, Holds.DATA, Holds.JSON) else value
        record[name] = treat(holds, data)
    return record


def _as_kept(holds: Holds, value: Any) -> Any:
    return value
