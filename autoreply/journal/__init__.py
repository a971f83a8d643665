"""What must not be lost: inbox, outbox, conversation state, handoffs, decisions. Knows nothing of channels."""

from autoreply.journal.records import (
    Accepted,
    Changed,
    ConversationRecord,
    Entry,
    HandoffItem,
    HandoffRequest,
    JournalError,
    OutboxRow,
    Outgoing,
    Settled,
)
from autoreply.journal.store import Store
from autoreply.journal.writer import Journal

__all__ = [
    "Accepted",
    "Changed",
    "ConversationRecord",
    "Entry",
    "HandoffItem",
    "HandoffRequest",
    "Journal",
    "JournalError",
    "OutboxRow",
    "Outgoing",
    "Settled",
    "Store",
]
