"""Drafts: replies that the bot made and a person sends, changes or drops (mode ``assist``).

A draft is a row of the outbox in the state ``draft``. Functions over a ``Store``, part of the caller's transaction.
"""

import json

from autoreply.journal.people import DRAFT
from autoreply.journal.records import OutboxRow, Outgoing
from autoreply.journal.store import Store
from autoreply.model import ConversationKey


def drafts(store: Store) -> list[OutboxRow]:
    """All drafts, oldest first."""
    return store.rows("state = 'draft'")


def draft(store: Store, row_id: int) -> OutboxRow | None:
    """The draft of that number; None where it is none, or none any more."""
    return next(iter(store.rows("state = 'draft' AND id = ?", row_id)), None)


def edit_draft(store: Store, row: OutboxRow, reply: Outgoing) -> bool:
    """A person's words in the place of the bot's; the key stays. False: it is no draft any more."""
    changed = store.db.execute(
        "UPDATE outbox SET text = ?, draft = ? WHERE id = ? AND state = 'draft'",
        (reply.text, json.dumps(reply.draft, ensure_ascii=False), row.id),
    )
    return changed.rowcount > 0


def send_draft(store: Store, row: OutboxRow, now: float) -> bool:
    """A person lets it go: from here on it is a person's word. False: it is no draft any more."""
    changed = store.db.execute(
        "UPDATE outbox SET state = 'ready', origin = 'agent', created_at = ? WHERE id = ? AND state = 'draft'",
        (now, row.id),
    )
    if changed.rowcount == 0:
        return False
    store.db.execute(
        "UPDATE handoffs SET waiting_since = NULL"
        " WHERE channel = ? AND shop = ? AND conversation = ? AND state = 'open'",
        row.conversation,
    )
    _no_longer_waits(store, row.conversation, now)
    return True


def drop_draft(store: Store, row: OutboxRow, now: float) -> bool:
    """It is not to be sent. False: it is no draft any more."""
    changed = store.db.execute(
        "UPDATE outbox SET state = 'withdrawn', note = 'dropped by a person' WHERE id = ? AND state = 'draft'",
        (row.id,),
    )
    if changed.rowcount == 0:
        return False
    _no_longer_waits(store, row.conversation, now)
    return True


def _no_longer_waits(store: Store, key: ConversationKey, now: float) -> None:
    """A conversation that waited for nothing but its drafts leaves the queue with the last of them."""
    if any(row.conversation == key for row in drafts(store)):
        return
    store.db.execute(
        "UPDATE handoffs SET state = 'done', updated_at = ?"
        " WHERE channel = ? AND shop = ? AND conversation = ? AND state = 'open' AND reason = ?",
        (now, *key, DRAFT),
    )
