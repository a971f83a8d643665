"""What a channel is and what it may ask of the framework. Channels know nothing of the journal or the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from aiohttp.web import AbstractRouteDef

from autoreply.clock import Clock
from autoreply.compliance import Released
from autoreply.model import Message


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message is committed to the journal. ``duplicate``: its id was taken before, nothing else happens."""

    seq: int
    duplicate: bool


class Overfull(Exception):
    """The inbox takes nothing at the moment; try again after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"inbox is full, try again in {retry_after} s")
        self.retry_after = retry_after


class Unavailable(Exception):
    """The journal cannot keep anything at the moment: nothing may be acknowledged."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One reply on its way out. ``key`` is its idempotency key; ``cursor`` its place in the channel's order."""

    cursor: int
    key: str
    released: Released
    created_at: float
    in_reply_to: tuple[str, ...]
    attempt: int = 1


class Delivery(Enum):
    """How far a reply has come."""

    DELIVERED = "delivered"
    OFFERED = "offered"
    """Made visible to the peer, who fetches it by cursor and acknowledges it."""


class SendFailed(Exception):
    """A reply could not be delivered. ``retry``: worth another try. ``unknown``: it may have arrived all the same."""

    def __init__(self, reason: str, *, retry: bool, unknown: bool = False) -> None:
        super().__init__(reason)
        self.retry = retry
        self.unknown = unknown


class Host(Protocol):
    """The framework as a channel sees it."""

    @property
    def shop_id(self) -> str:
        """The one shop that messages may name."""

    @property
    def shop_name(self) -> str:
        """How the shop calls itself to buyers."""

    @property
    def clock(self) -> Clock:
        """Where every time comes from."""

    async def accept(self, message: Message) -> Receipt:
        """Take a message. When this returns, it is on disk and may be acknowledged.

        Messages take their places in the order in which the calls are begun, so a channel may have several under way.

        Raises:
            Overfull: nothing was taken.
            Unavailable: nothing was taken.
        """

    async def offered(self, channel: str, after: int, limit: int, conversation: str | None = None) -> Sequence[Sending]:
        """Replies of ``channel`` with a cursor above ``after``, in order, acknowledged or not.

        A reply is among them before ``Channel.send`` is called with it, and none with a lower cursor is added after
        one with a higher: reading on from the last cursor seen misses nothing.

        Raises:
            Unavailable: the journal cannot be read at the moment.
        """

    async def acknowledge(self, channel: str, keys: Sequence[str]) -> int:
        """The peer has these replies. Returns how many of them were waiting for that.

        Raises:
            Unavailable: nothing was kept.
        """


@dataclass(frozen=True, slots=True)
class ChannelHome:
    """What a channel is made with besides its settings: the folder that relative paths in them start from."""

    name: str
    folder: Path


class Channel(Protocol):
    """One way in and out.

    ``takes_key``: the peer drops a reply whose key it has seen, so a send with an unknown outcome may be repeated.
    A channel whose peer fetches its replies may say ``fetched = True``: they are then offered as soon as they are kept,
    and ``send`` only tells of it.
    """

    name: str
    takes_key: bool

    def routes(self) -> Sequence[AbstractRouteDef]:
        """Routes on the shared web server; none for channels of another kind."""

    async def start(self, host: Host) -> None:
        """Begin to take messages."""

    async def stop(self) -> None:
        """Take no more messages; called before the work in flight is finished, so replies may still be sent."""

    async def close(self) -> None:
        """Let go of connections and files; called once nothing more is sent."""

    async def send(self, sending: Sending) -> Delivery:
        """Bring one reply to the buyer, or make it visible to the peer.

        Raises:
            SendFailed: see there.
        """
