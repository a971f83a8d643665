"""Channel ``stdio``: lines that a command takes in, replies that it is told of. Made by ``autoreply chat`` itself."""

import itertools
import re
from collections.abc import Callable, Sequence

from aiohttp.web import AbstractRouteDef

from autoreply.channels.base import Delivery, Host, Receipt, Sending
from autoreply.model import Author, ConversationKey, Kind, Message

_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
"""What the journal cannot keep as text."""


class StdioChannel:
    """Hands every reply to ``write`` as soon as it is released. A terminal takes each reply once: there is no peer."""

    name = "stdio"
    takes_key = True

    def __init__(self, write: Callable[[Sending], None] = lambda sending: None) -> None:
        self._write = write
        self._host: Host | None = None
        self._numbers = itertools.count(1)

    def routes(self) -> Sequence[AbstractRouteDef]:
        return ()

    async def start(self, host: Host) -> None:
        self._host = host

    async def stop(self) -> None:
        self._host = None

    async def close(self) -> None:
        """Nothing is held open."""

    async def say(
        self,
        conversation: str,
        text: str,
        *,
        buyer_id: str = "buyer",
        author: Author = Author.BUYER,
        kind: Kind = Kind.TEXT,
        message_id: str | None = None,
    ) -> Receipt:
        """Put one line in as if a platform had delivered it now. Lines without an id get the next number.

        Raises:
            Overfull, Unavailable: see ``Host.accept``.
        """
        if self._host is None:
            raise RuntimeError("the channel is not started")
        now = self._host.clock.now()
        key = ConversationKey(self.name, self._host.shop_id, kept(conversation))
        number = f"line-{next(self._numbers)}" if message_id is None else kept(message_id)
        message = Message(key, number, kept(buyer_id), kept(text), author, kind, sent_at=now, received_at=now)
        return await self._host.accept(message)

    async def send(self, sending: Sending) -> Delivery:
        self._write(sending)
        return Delivery.DELIVERED


def kept(text: str) -> str:
    """``text`` as the journal can keep it: NUL and halves of surrogate pairs become U+FFFD."""
    return _UNKEEPABLE.sub("\ufffd", text)
