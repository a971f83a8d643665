"""The journal's operations on SQLite, synchronous. Each method is part of the caller's transaction.

The server runs them in group commits (``writer.py``); commands run them one at a time in ``with store:``.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json

from autoreply.journal import people
from autoreply.journal.connection import Connection
from autoreply.journal.records import (
    Accepted,
    Changed,
    ConversationRecord,
    Entry,
    HandoffItem,
    HandoffRequest,
    OutboxRow,
    Outgoing,
    Settled,
)
from autoreply.model import Author, ConversationKey, Kind, Message, Priority
from autoreply.privacy import masked

_OPEN = "('ready', 'sending')"
_WHERE = "channel = ? AND shop = ? AND conversation = ?"
_URGENCY = "instr('high normal low', {})"
_HANDOFF = (
    "id, channel, shop, conversation, buyer_id, reason, priority, state, created_at, updated_at,"
    " agent, claimed_at, waiting_since, raised_at"
)
_OUTBOX = "id, key, channel, shop, conversation, origin, text, draft, in_reply_to, state, cursor, attempts, created_at"


class Store(Connection):
    """What can be done with the journal. Not thread-safe: one thread owns it."""

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
            self.answered_by_person(key)
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
        kept, until, handoff, spoke = self._standing(key)
        said = () if spoke is None else people.agent_words(self, key, spoke)
        return ConversationRecord(from_json(kept) if kept else {}, until, handoff, said, kept)

    def _standing(self, key: ConversationKey) -> tuple[str, float | None, bool, float | None]:
        """State as kept (empty: none), until when an agent has it, whether a person is asked for; agent_spoke."""
        row = self.db.execute(
            "SELECT c.state, c.agent_until, h.id, c.agent_spoke"
            " FROM (SELECT ? AS channel, ? AS shop, ? AS conversation) AS k"
            " LEFT JOIN conversations AS c USING (channel, shop, conversation)"
            " LEFT JOIN handoffs AS h ON h.channel = k.channel AND h.shop = k.shop"
            " AND h.conversation = k.conversation AND h.state = 'open'",
            key,
        ).fetchone()
        return row[0] or "", row[1], row[2] is not None, row[3]

    def take_over(self, key: ConversationKey, now: float, until: float) -> None:
        """A person has the conversation until ``until``; bot replies not yet on their way are withdrawn.

        A question of the bot's that waits for its answer (``pending`` in the state) is forgotten: the person goes on.
        """
        self.db.execute(
            "INSERT INTO conversations (channel, shop, conversation, agent_since, agent_until, agent_spoke, updated_at)"
            " VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET agent_until = excluded.agent_until,"
            " agent_spoke = coalesce(agent_spoke, excluded.agent_spoke),"
            " agent_since = iif(agent_until > excluded.agent_since, agent_since, excluded.agent_since),"
            " state = json_remove(state, '$.pending', '$.asked'), updated_at = excluded.updated_at",
            (*key, now, until, now, now),
        )
        self.db.execute(
            f"UPDATE outbox SET state = 'withdrawn', note = 'an agent wrote first'"
            f" WHERE {_WHERE} AND state = 'ready' AND origin != 'agent'",
            key,
        )

    def answered_by_person(self, key: ConversationKey) -> None:
        """A person has written: the buyer of an open handoff waits no more, and drafts of the bot's are needless."""
        self.db.execute(f"UPDATE handoffs SET waiting_since = NULL WHERE {_WHERE} AND state = 'open'", key)
        self.db.execute(
            f"UPDATE outbox SET state = 'withdrawn', note = 'an agent wrote first' WHERE {_WHERE} AND state = 'draft'",
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

    def settle(self, turn: Settled) -> list[OutboxRow] | None:
        """Keep all that a turn leaves behind. Returns the replies that are to leave.

        None: an agent has come in since, or the bot was silenced. The messages are done and nothing of the bot's is
        kept to be sent. Where the bot was silenced, a person has the conversation in the queue. In mode ``assist`` the
        replies are kept as drafts, and the queue says so; a holding line is no draft.

        Raises:
            Changed: the conversation is not as ``turn.basis`` says.
        """
        kept, until, handoff, _ = self._standing(turn.key)
        present = until is not None and until > turn.at
        basis = turn.basis
        if (
            basis is not None
            and not present
            and (kept, until, handoff)
            != (
                basis.kept,
                basis.agent_until,
                basis.handoff_open,
            )
        ):
            raise Changed(str(turn.key))
        turn, withheld = people.as_allowed(turn, people.standing(self, turn.key, turn.at, turn.buyer_id), present)
        for seq in turn.seqs:
            self.db.execute("UPDATE inbox SET done = 1 WHERE seq = ?", (seq,))
        if turn.state is not None and not withheld:
            self.db.execute(
                "INSERT INTO conversations (channel, shop, conversation, buyer_id, state, updated_at)"
                " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
                " buyer_id = excluded.buyer_id, state = excluded.state, agent_spoke = NULL,"
                " updated_at = excluded.updated_at",
                (*turn.key, turn.buyer_id, _strict_json(turn.state), turn.at),
            )
        if turn.handoff is not None:
            self.open_handoff(turn.key, turn.buyer_id, turn.handoff, turn.at)
        trace = [*turn.trace, {"stage": "keep", "withheld": withheld}] if withheld else turn.trace
        self.db.execute(
            "INSERT INTO decisions (channel, shop, conversation, behaviour, intents, rules, rulebook, trace, at,"
            " reason) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                *turn.key,
                turn.behaviour,
                _json(turn.intents),
                _json(turn.rules),
                turn.rulebook,
                _json(masked(trace)),
                turn.at,
                turn.handoff.reason if turn.handoff is not None else "",
            ),
        )
        if withheld:
            return None
        first, rest = turn.leaves, "ready" if turn.leaves == "sending" else turn.leaves
        return [self.put(turn.key, r, turn.at, rest if n else first) for n, r in enumerate(turn.replies)]

    # Out -----------------------------------------------------------------------------------------------------------

    def put(self, key: ConversationKey, reply: Outgoing, now: float, state: str = "ready") -> OutboxRow:
        """Keep a reply: ``ready`` to be sent, ``draft``, or claimed at once as ``sending`` or ``offered``."""
        if reply.origin == "agent":
            self.answered_by_person(key)
        out, draft, ids = state in ("sending", "offered"), _json(reply.draft), _json(reply.in_reply_to)
        id = self.db.execute(
            "INSERT INTO outbox (key, channel, shop, conversation, origin, text, draft, in_reply_to, created_at,"
            " state, attempts, cursor, sent_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                reply.key,
                *key,
                reply.origin,
                reply.text,
                draft,
                ids,
                now,
                state,
                out,
                cursor := self._next_cursor() if out else None,
                now if state == "offered" else None,
            ),
        ).lastrowid
        return OutboxRow(
            id or 0,
            reply.key,
            key,
            reply.origin,
            reply.text,
            reply.draft,
            reply.in_reply_to,
            state,
            cursor,
            int(out),
            now,
        )

    def _next_cursor(self) -> int:
        sql = "UPDATE counters SET value = value + 1 WHERE name = 'cursor' RETURNING value"
        return int(self.db.execute(sql).fetchone()[0])

    def has_key(self, key: str) -> bool:
        """A reply with this idempotency key was kept before."""
        return self.db.execute("SELECT 1 FROM outbox WHERE key = ?", (key,)).fetchone() is not None

    def claim(self, row_id: int, now: float) -> OutboxRow | None:
        """Mark a reply as on its way, the last moment before it leaves. None: it may no longer leave.

        Here an agent who came in between is seen, and so is a bot that was silenced: the bot's reply is withdrawn
        instead. In mode ``assist`` it becomes a draft.
        """
        row = self.db.execute(f"SELECT {_OUTBOX} FROM outbox WHERE id = ? AND state IN {_OPEN}", (row_id,)).fetchone()
        if row is None:
            return None
        found = _outbox_row(row)
        if found.origin != "agent" and (stopped := people.stopped(self, found, now)):
            self.mark(row_id, stopped[0] if found.state == "ready" else "unknown", note=stopped[1])
            return None
        # A reply that was put back goes to the end: a reader who is past its old place would miss it there.
        fresh = found.cursor is None or found.state == "ready"
        cursor, attempts = self._next_cursor() if fresh else found.cursor, found.attempts + 1
        self.db.execute(
            "UPDATE outbox SET state = 'sending', attempts = ?, cursor = ? WHERE id = ?", (attempts, cursor, row_id)
        )
        return replace(found, state="sending", attempts=attempts, cursor=cursor)

    def mark(self, row_id: int, state: str, *, at: float | None = None, note: str = "") -> bool:
        """Write down what became of a reply: ready, sent, offered, unknown, failed or withdrawn.

        False: that is known already, such as when the peer acknowledged it while it was still being sent.
        """
        changed = self.db.execute(
            f"UPDATE outbox SET state = ?, sent_at = ?, note = ? WHERE id = ? AND state IN {_OPEN}",
            (state, at, note, row_id),
        )
        return changed.rowcount > 0

    def unsent(self, after: int = 0) -> list[OutboxRow]:
        """Replies that are ready or were on their way when the process ended, in order."""
        rows = self.db.execute(f"SELECT {_OUTBOX} FROM outbox WHERE id > ? AND state IN {_OPEN} ORDER BY id", (after,))
        return [_outbox_row(r) for r in rows]

    def rows(self, where: str, *values: Any) -> list[OutboxRow]:
        """Replies by a condition of the program's own, in order; ``values`` are bound."""
        return [
            _outbox_row(r) for r in self.db.execute(f"SELECT {_OUTBOX} FROM outbox WHERE {where} ORDER BY id", values)
        ]

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
        sql = (
            "UPDATE outbox SET state = 'sent', sent_at = ? WHERE channel = ? AND key = ?"
            " AND state IN ('sending', 'offered')"
        )
        return sum(self.db.execute(sql, (now, channel, key)).rowcount for key in keys)

    # People --------------------------------------------------------------------------------------------------------

    def open_handoff(self, key: ConversationKey, buyer_id: str, request: HandoffRequest, now: float) -> None:
        """Put a conversation into the queue; one that waits already gets the reason added and the higher priority."""
        self.db.execute(
            "INSERT INTO handoffs (channel, shop, conversation, buyer_id, reason, priority, created_at, updated_at,"
            " waiting_since) VALUES (?,?,?,?,?,?,?,?,?)"
            " ON CONFLICT (channel, shop, conversation) WHERE state = 'open' DO UPDATE SET"
            " buyer_id = iif(buyer_id = '', excluded.buyer_id, buyer_id),"
            " reason = iif(instr(reason, excluded.reason), reason, reason || '; ' || excluded.reason),"
            f" priority = iif({_URGENCY.format('excluded.priority')} < {_URGENCY.format('priority')},"
            " excluded.priority, priority), updated_at = excluded.updated_at,"
            " waiting_since = coalesce(waiting_since, excluded.waiting_since)",
            (*key, buyer_id or self.buyer(key), request.reason, request.priority, now, now, now),
        )

    def buyer(self, key: ConversationKey) -> str:
        """Who wrote in this conversation last, an agent left out; empty where nobody did."""
        row = self.db.execute(
            f"SELECT buyer_id FROM inbox WHERE {_WHERE} AND author = 'buyer' ORDER BY seq DESC LIMIT 1", key
        ).fetchone()
        return str(row[0]) if row else ""

    def close_handoff(self, key: ConversationKey, now: float) -> None:
        """The person is done with it."""
        self.db.execute(
            f"UPDATE handoffs SET state = 'done', updated_at = ? WHERE {_WHERE} AND state = 'open'", (now, *key)
        )

    def handoffs(self, *, done: bool = False) -> list[HandoffItem]:
        """The queue: high priority first, then whoever waits longest."""
        rows = self.db.execute(
            f"SELECT {_HANDOFF} FROM handoffs WHERE state = 'open' OR ?"
            f" ORDER BY state = 'done', {_URGENCY.format('priority')}, created_at, id",
            (done,),
        )
        return [_handoff_item(r) for r in rows]

    def handoff(self, item_id: int) -> HandoffItem | None:
        """One place in the queue, open or done."""
        row = self.db.execute(f"SELECT {_HANDOFF} FROM handoffs WHERE id = ?", (item_id,)).fetchone()
        return _handoff_item(row) if row else None

    def transcript(self, key: ConversationKey, limit: int = 50) -> list[Entry]:
        """The last lines of a conversation, oldest first."""
        rows = self.db.execute(
            f"SELECT received_at, author, kind, text, '', 0, seq FROM inbox WHERE {_WHERE}"
            " UNION ALL SELECT created_at, iif(origin = 'agent', 'agent', 'bot'), 'text', text, state, 1, id"
            f" FROM outbox WHERE {_WHERE} ORDER BY 1 DESC, 6 DESC, 7 DESC LIMIT ?",
            (*key, *key, limit),
        ).fetchall()
        return [Entry(r[0], r[1], Kind(r[2]), r[3], r[4]) for r in reversed(rows)]

    def decisions(self, key: ConversationKey | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The last decisions with their traces, newest first."""
        where, values = (f"WHERE {_WHERE}", key) if key else ("", ())
        rows = self.db.execute(
            "SELECT channel, shop, conversation, behaviour, intents, rules, rulebook, trace, at, reason FROM decisions"
            f" {where} ORDER BY id DESC LIMIT ?",
            (*values, limit),
        )
        names = [
            "channel",
            "shop",
            "conversation",
            "behaviour",
            "intents",
            "rules",
            "rulebook",
            "trace",
            "at",
            "reason",
        ]
        decoded = {"intents", "rules", "trace"}
        return [{n: json.loads(v) if n in decoded else v for n, v in zip(names, r, strict=True)} for r in rows]


def _json(value: object) -> str:
    return to_json(value).decode()


def _strict_json(state: object) -> str:
    """What anyone's plugin remembers: what is no JSON data is an error here, and not something else next time."""
    return json.dumps(state, ensure_ascii=False, separators=(",", ":"))


def _outbox_row(r: Sequence[Any]) -> OutboxRow:
    return OutboxRow(
        r[0],
        r[1],
        ConversationKey(*r[2:5]),
        r[5],
        r[6],
        from_json(r[7]),
        tuple(from_json(r[8])),
        r[9],
        r[10],
        r[11],
        r[12],
    )


def _handoff_item(r: Sequence[Any]) -> HandoffItem:
    return HandoffItem(r[0], ConversationKey(*r[1:4]), r[4], r[5], Priority(r[6]), *r[7:])
