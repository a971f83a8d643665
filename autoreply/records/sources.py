"""What a source of records is, and how one is made. The shipped ones are in ``table``, ``sql`` and ``http``."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from autoreply.clock import Clock
from autoreply.records.model import Order, Product
from autoreply.settings import Secret
from autoreply.tomlfile import Problem

LOOKUP_TIMEOUT = 4.0
"""Seconds one lookup may take, whatever the source: less than ``limits.plugin_timeout``, so that a handler can still
say that it is being checked."""

_SHOWN = 5


class RecordsDown(Exception):
    """The records cannot be read now; ``reason`` is for the operator and holds nothing of a buyer.

    ``problems`` name file, line and column where a table is at fault.
    """

    def __init__(self, reason: str, problems: Sequence[Problem] = ()) -> None:
        told = [str(p) for p in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            told.append(f"and {len(problems) - _SHOWN} more")
        super().__init__("; ".join([reason, *told] if reason else told))
        self.problems = tuple(problems)

    @property
    def reason(self) -> str:
        return str(self)


class RecordsWrong(RecordsDown):
    """The source answers, but not with what a record is made of. No reason to leave it alone for a while."""


class OrderSource(Protocol):
    """Where orders are looked up. A lookup may raise ``RecordsDown``; whatever else it raises is taken for that."""

    async def start(self) -> None:
        """Open what is needed.

        Raises:
            RecordsDown: nothing can be read now; lookups may be tried all the same.
        """

    async def close(self) -> None:
        """Let go of connections and files."""

    def orders_of(self, shop_id: str, buyer_id: str) -> Awaitable[Sequence[Order]]:
        """The orders of one buyer, newest first."""

    def order(self, shop_id: str, order_no: str) -> Awaitable[Order | None]:
        """The order of that number, whoever's it is; None if there is none."""


class ProductSource(Protocol):
    """Where products are looked up; as ``OrderSource``."""

    async def start(self) -> None:
        """See ``OrderSource.start``."""

    async def close(self) -> None:
        """See ``OrderSource.close``."""

    def product(self, shop_id: str, product_id: str) -> Awaitable[Product | None]:
        """The product of that id; None if there is none."""

    def products(self, shop_id: str) -> Awaitable[Sequence[Product]]:
        """All products. The same tuple as before where nothing has changed saves ``find_products`` work."""


@dataclass(frozen=True, slots=True)
class RecordsHome:
    """What a source is made with besides its settings.

    ``folder``: where relative paths start from. ``timezone``: the zone of times without one. ``clock``: the time.
    """

    folder: Path
    timezone: ZoneInfo
    clock: Clock


OrderFactory = Callable[[Any, RecordsHome], OrderSource]
ProductFactory = Callable[[Any, RecordsHome], ProductSource]
"""Makes a source of its validated settings. May raise ValueError: the settings cannot be used, such as for a missing
secret or an optional part that is not installed."""


def newest_first(orders: Sequence[Order]) -> list[Order]:
    """By the time of the order, else of its payment; those without either come last, as they were."""

    def moment(order: Order) -> float:
        at = order.created_at or order.paid_at
        return at.timestamp() if at is not None else float("-inf")

    return sorted(orders, key=moment, reverse=True)


def secret_of(secret: Secret, folder: Path) -> str:
    """A secret that somebody else has given out: a missing file is an error, and none is made.

    Raises:
        ValueError: it is not there.
    """
    if secret.file is not None and not (folder / secret.file).exists():
        raise ValueError(f"secret file {folder / secret.file} is missing; put the secret into it")
    return secret.read(folder)
