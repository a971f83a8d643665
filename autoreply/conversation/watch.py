"""What the loop tells whoever keeps figures: each of these calls is made as it happens and must return at once."""

from autoreply.channels.base import Delivery, SendFailed
from autoreply.journal import Accepted, OutboxRow
from autoreply.model import Message


class Watch:
    """Takes note of nothing. What it raises would be the loop's own failure: it must not."""

    def accepted(self, message: Message, accepted: Accepted) -> None:
        """A message is on disk; or was before, or is the bot's own echo."""

    def tried(self, row: OutboxRow, outcome: Delivery | SendFailed, at: float) -> None:
        """A channel was given a reply, and this came of it."""

    def gave_up(self, row: OutboxRow, state: str) -> None:
        """A reply is ``failed``, ``unknown`` or ``withdrawn``, and a person is told."""
