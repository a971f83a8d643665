"""Whose turn it is: the message loop, one mailbox per conversation, takeover, deadlines, and delivery in order."""

from autoreply.conversation.engine import Engine

__all__ = ["Engine"]
