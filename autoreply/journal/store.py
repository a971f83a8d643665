"""The journal's operations on SQLite, synchronous. Each method is part of the caller's transaction.

The server runs them in group commits (``writer.py``); commands run them one at a time in ``with store:``.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from autoreply.model import Author, Behaviour, ConversationKey, Kind, Message, Priority

_OPEN = "('ready', 'sending')"
_WHERE = "channel = ? AND shop = ? AND conversation = ?"
_OUTBOX = "id, key, channel, shop, conversation, origin, text, draft, in_reply_to, state, cursor, attempts, created_at"


class JournalError(Exception):
    """The journal cannot be used: missing rights, full disk, corrupt file, a newer version's file."""


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
    """Everything one turn leaves behind; kept in one transaction or not at all."""

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


class Store:
    """One connection to the journal file. Not thread-safe: one thread owns it."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file and bring its schema up to date.

        Raises:
            JournalError: it cannot be opened, is no journal, or was written by a newer version.
        """
        self.path = path
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (sqlite3.Error, OSError) as e:
            raise JournalError(f"journal {path} cannot be opened: {e}") from e

    def _migrate(self) -> None:
        steps = sorted(p.name for p in resources.files(__package__).joinpath("migrations").iterdir())
        scripts = {int(n[:4]): n for n in steps if n.endswith(".sql")}
        version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if version > max(scripts):
            raise JournalError(f"journal {self.path} was written by a newer version; upgrade autoreply")
        for number in range(version + 1, max(scripts) + 1):
            sql = resources.files(__package__).joinpath("migrations", scripts[number]).read_text(encoding="utf-8")
            self.db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> "Store":
        self.db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.db.execute("COMMIT" if kind is None else "ROLLBACK")

    # In ------------------------------------------------------------------------------------------------------------

    def accept(self, message: Message, agent_until: float) -> Accepted:
        """Keep an incoming message. An agent's also takes the conversation over until ``agent_until``."""
        key = message.key
        if message.author is Author.AGENT and self._is_echo(message):
            return Accepted(0, echo=True)
        row = self.db.execute(
            "INSERT INTO inbox (channel, shop, conversation, message_id, author, buyer_id, kind, text, sent_at,"
            " received_at, done) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
            " ON CONFLICT (channel, shop, message_id) DO NOTHING RETURNING seq",
            (
                *key,
                message.message_id,
                message.author,
                message.buyer_id,
                message.kind,
                message.text,
                message.sent_at,
                message.received_at,
                message.author is Author.AGENT,
            ),
        ).fetchone()
        if row is None:
            taken = self.db.execute(
                "SELECT seq FROM inbox WHERE channel = ? AND shop = ? AND message_id = ?",
                (key.channel, key.shop, message.message_id),
            ).fetchone()
            return Accepted(taken[0], duplicate=True)
        if message.author is Author.AGENT:
            self.take_over(key, message.received_at, agent_until)
        return Accepted(row[0])

    def _is_echo(self, message: Message) -> bool:
        """Platforms show a bot's own replies as an agent's; they carry the key that the reply was sent under."""
        return (
            self.db.execute(
                "SELECT 1 FROM outbox WHERE key = ? AND channel = ? AND shop = ?",
                (message.message_id, message.key.channel, message.key.shop),
            ).fetchone()
            is not None
        )

    def undone(self) -> list[Message]:
        """Messages that were accepted and not yet settled, in order."""
        rows = self.db.execute(
            "SELECT seq, channel, shop, conversation, message_id, author, buyer_id, kind, text, sent_at, received_at"
            " FROM inbox WHERE done = 0 ORDER BY seq"
        )
        return [
            Message(ConversationKey(*r[1:4]), r[4], r[6], r[8], Author(r[5]), Kind(r[7]), r[9], r[10], r[0])
            for r in rows
        ]

    # Conversations -------------------------------------------------------------------------------------------------

    def conversation(self, key: ConversationKey) -> ConversationRecord:
        """What is kept of a conversation; an empty record for a new one."""
        row = self.db.execute(f"SELECT state, agent_until FROM conversations WHERE {_WHERE}", key).fetchone()
        handoff = self.db.execute(f"SELECT 1 FROM handoffs WHERE {_WHERE} AND state = 'open'", key).fetchone()
        if row is None:
            return ConversationRecord({}, None, handoff is not None)
        return ConversationRecord(json.loads(row[0]), row[1], handoff is not None)

    def take_over(self, key: ConversationKey, now: float, until: float) -> None:
        """A person has the conversation until ``until``; bot replies not yet on their way are withdrawn."""
        self.db.execute(
            "INSERT INTO conversations (channel, shop, conversation, agent_since, agent_until, updated_at)"
            " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET agent_until = excluded.agent_until,"
            " agent_since = iif(agent_until > excluded.agent_since, agent_since, excluded.agent_since),"
            " updated_at = excluded.updated_at",
            (*key, now, until, now),
        )
        self.db.execute(
            f"UPDATE outbox SET state = 'withdrawn', note = 'an agent wrote first'"
            f" WHERE {_WHERE} AND state = 'ready' AND origin != 'agent'",
            key,
        )

    def give_back(self, key: ConversationKey, now: float) -> None:
        """The bot may answer again, and the open handoff is done."""
        self.db.execute(
            f"UPDATE conversations SET agent_until = NULL, agent_since = NULL, updated_at = ? WHERE {_WHERE}",
            (now, *key),
        )
        self.close_handoff(key, now)

    # Turns ---------------------------------------------------------------------------------------------------------

    def settle(self, turn: Settled) -> list[OutboxRow]:
        """Keep all that a turn leaves behind. Returns the replies that are to leave.

        Where an agent has come in since, the messages are done and nothing of the bot's is kept to be sent.
        """
        present = self.conversation(turn.key).agent_present(turn.at)
        replies = () if present else turn.replies
        self.db.executemany("UPDATE inbox SET done = 1 WHERE seq = ?", [(s,) for s in turn.seqs])
        if turn.state is not None and not present:
            self.db.execute(
                "INSERT INTO conversations (channel, shop, conversation, buyer_id, state, updated_at)"
                " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
                " buyer_id = excluded.buyer_id, state = excluded.state, updated_at = excluded.updated_at",
                (*turn.key, turn.buyer_id, _json(turn.state), turn.at),
            )
        if turn.handoff is not None and not present:
            self.open_handoff(turn.key, turn.buyer_id, turn.handoff, turn.at)
        behaviour = Behaviour.SILENT if present else turn.behaviour
        self.db.execute(
            "INSERT INTO decisions (channel, shop, conversation, behaviour, intents, rules, rulebook, trace, at)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                *turn.key,
                behaviour,
                _json(turn.intents),
                _json(turn.rules),
                turn.rulebook,
                _json(turn.trace),
                turn.at,
            ),
        )
        return [self.put(turn.key, reply, turn.at) for reply in replies]

    # Out -----------------------------------------------------------------------------------------------------------

    def put(self, key: ConversationKey, reply: Outgoing, now: float) -> OutboxRow:
        """Keep a reply to be sent."""
        row = self.db.execute(
            "INSERT INTO outbox (key, channel, shop, conversation, origin, text, draft, in_reply_to, created_at)"
            f" VALUES (?,?,?,?,?,?,?,?,?) RETURNING {_OUTBOX}",
            (reply.key, *key, reply.origin, reply.text, _json(reply.draft), _json(reply.in_reply_to), now),
        ).fetchone()
        return _outbox_row(row)

    def has_key(self, key: str) -> bool:
        """A reply with this idempotency key was kept before."""
        return self.db.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone() is not None

    def claim(self, row_id: int, now: float) -> OutboxRow | None:
        """Mark a reply as on its way, the last moment before it leaves. None: it may no longer leave.

        Here an agent who came in between is seen: the bot's reply is withdrawn instead.
        """
        row = self.db.execute(f"SELECT {_OUTBOX} FROM outbox WHERE id = ? AND state IN {_OPEN}", (row_id,)).fetchone()
        if row is None:
            return None
        found = _outbox_row(row)
        if found.origin != "agent" and self.conversation(found.conversation).agent_present(now):
            self.mark(row_id, "withdrawn" if found.state == "ready" else "unknown", note="an agent wrote first")
            return None
        if found.cursor is None:
            self.db.execute("UPDATE counters SET value = value + 1 WHERE name = 'cursor'")
            cursor = "(SELECT value FROM counters WHERE name = 'cursor')"
        else:
            cursor = "cursor"
        row = self.db.execute(
            f"UPDATE outbox SET state = 'sending', attempts = attempts + 1, cursor = {cursor} WHERE id = ?"
            f" RETURNING {_OUTBOX}",
            (row_id,),
        ).fetchone()
        return _outbox_row(row)

    def mark(self, row_id: int, state: str, *, at: float | None = None, note: str = "") -> None:
        """Write down what became of a reply: ready, sent, offered, unknown, failed or withdrawn."""
        self.db.execute("UPDATE outbox SET state = ?, sent_at = ?, note = ? WHERE id = ?", (state, at, note, row_id))

    def unsent(self, after: int = 0) -> list[OutboxRow]:
        """Replies that are ready or were on their way when the process ended, in order."""
        rows = self.db.execute(f"SELECT {_OUTBOX} FROM outbox WHERE id > ? AND state IN {_OPEN} ORDER BY id", (after,))
        return [_outbox_row(r) for r in rows]

    def offered(self, channel: str, after: int, limit: int, conversation: str | None = None) -> list[OutboxRow]:
        """Replies that a fetching peer may see, above a cursor, in order."""
        extra, values = ("AND conversation = ?", [conversation]) if conversation is not None else ("", [])
        rows = self.db.execute(
            f"SELECT {_OUTBOX} FROM outbox WHERE channel = ? AND cursor > ?"
            f" AND state IN ('sending', 'offered', 'sent') {extra} ORDER BY cursor LIMIT ?",
            (channel, after, *values, limit),
        )
        return [_outbox_row(r) for r in rows]

    def acknowledge(self, channel: str, keys: Iterable[str], now: float) -> int:
        """The peer has these replies; returns how many were waiting for that."""
        cursor = self.db.executemany(
            "UPDATE outbox SET state = 'sent', sent_at = ? WHERE channel = ? AND key = ? AND state IN"
            " ('sending', 'offered')",
            [(now, channel, k) for k in keys],
        )
        return cursor.rowcount

    # People --------------------------------------------------------------------------------------------------------

    def open_handoff(self, key: ConversationKey, buyer_id: str, request: HandoffRequest, now: float) -> None:
        """Put a conversation into the queue; one that waits already gets the reason added and the higher priority."""
        high = request.priority is Priority.HIGH
        self.db.execute(
            "INSERT INTO handoffs (channel, shop, conversation, buyer_id, reason, priority, created_at, updated_at)"
            " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (channel, shop, conversation) WHERE state = 'open' DO UPDATE SET"
            " reason = CASE WHEN instr(reason, excluded.reason) THEN reason ELSE reason || '; ' || excluded.reason END,"
            " priority = CASE WHEN ? THEN 'high' ELSE priority END, updated_at = excluded.updated_at",
            (*key, buyer_id, request.reason, request.priority, now, now, high),
        )

    def close_handoff(self, key: ConversationKey, now: float) -> None:
        """The person is done with it."""
        self.db.execute(
            f"UPDATE handoffs SET state = 'done', updated_at = ? WHERE {_WHERE} AND state = 'open'", (now, *key)
        )

    def handoffs(self, *, done: bool = False) -> list[HandoffItem]:
        """The queue: high priority first, then whoever waits longest."""
        rows = self.db.execute(
            "SELECT id, channel, shop, conversation, buyer_id, reason, priority, state, created_at, updated_at"
            " FROM handoffs WHERE state = 'open' OR ?"
            " ORDER BY state = 'done', instr('high normal low', priority), created_at",
            (done,),
        )
        return [_handoff_item(r) for r in rows]

    def handoff(self, item_id: int) -> HandoffItem | None:
        """One place in the queue, open or done."""
        return next((i for i in self.handoffs(done=True) if i.id == item_id), None)

    def transcript(self, key: ConversationKey, limit: int = 50) -> list[Entry]:
        """The last lines of a conversation, oldest first."""
        rows = self.db.execute(
            f"SELECT received_at, author, kind, text, '' FROM inbox WHERE {_WHERE}"
            " UNION ALL SELECT created_at, CASE origin WHEN 'agent' THEN 'agent' ELSE 'bot' END, 'text', text, state"
            f" FROM outbox WHERE {_WHERE} ORDER BY 1 DESC LIMIT ?",
            (*key, *key, limit),
        ).fetchall()
        return [Entry(r[0], r[1], Kind(r[2]), r[3], r[4]) for r in reversed(rows)]

    def decisions(self, key: ConversationKey | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The last decisions with their traces, newest first."""
        where, values = (f"WHERE {_WHERE}", key) if key else ("", ())
        rows = self.db.execute(
            "SELECT channel, shop, conversation, behaviour, intents, rules, rulebook, trace, at FROM decisions"
            f" {where} ORDER BY id DESC LIMIT ?",
            (*values, limit),
        )
        names = ("channel", "shop", "conversation", "behaviour", "intents", "rules", "rulebook", "trace", "at")
        decoded = {"intents", "rules", "trace"}
        return [{n: json.loads(v) if n in decoded else v for n, v in zip(names, r, strict=True)} for r in rows]

    def changed_elsewhere(self) -> int:
        """A number that changes when another process commits to the file."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _outbox_row(r: Sequence[Any]) -> OutboxRow:
    return OutboxRow(
        r[0],
        r[1],
        ConversationKey(*r[2:5]),
        r[5],
        r[6],
        json.loads(r[7]),
        tuple(json.loads(r[8])),
        r[9],
        r[10],
        r[11],
        r[12],
    )


def _handoff_item(r: Sequence[Any]) -> HandoffItem:
    return HandoffItem(r[0], ConversationKey(*r[1:4]), r[4], r[5], Priority(r[6]), r[7], r[8], r[9])
