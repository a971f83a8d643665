"""What one conversation may see of the records: its own buyer's orders, by the very id, and the shop's products."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from autoreply.compliance import identity
from autoreply.records.find import find_products
from autoreply.records.model import Order, Product
from autoreply.records.sources import OrderSource, ProductSource, RecordsDown
from autoreply.understanding.normalise import normalise

log = structlog.get_logger(__name__)


class NoRecords(Exception):
    """The shop has connected no records of this kind."""


class NotTheirs(Exception):
    """An order of another buyer was asked for. ``lookalike``: by an id that is made to look like the buyer's."""

    def __init__(self, lookalike: bool) -> None:
        super().__init__("order of another buyer" + (" asked for by a look-alike id" if lookalike else ""))
        self.lookalike = lookalike


@dataclass(frozen=True, slots=True)
class Records:
    """The sources that a shop has connected; None: it has not."""

    orders: OrderSource | None = None
    products: ProductSource | None = None

    async def start(self) -> None:
        """Open what the sources need. One that cannot be read yet is logged, and asked again at the first lookup."""
        for source in (self.orders, self.products):
            if source is not None:
                try:
                    await source.start()
                except RecordsDown as e:
                    log.error("records cannot be read yet", reason=e.reason)

    async def close(self) -> None:
        """Let go of connections and files."""
        for source in (self.orders, self.products):
            if source is not None:
                await source.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """The records as one buyer's conversation sees them. Every method may raise ``RecordsDown`` or ``NoRecords``."""

    records: Records = field(default_factory=Records)
    shop: str = ""
    buyer: str = ""

    async def orders(self) -> tuple[Order, ...]:
        """The buyer's orders, newest first. What a source gives of other buyers is left out.

        Raises:
            NotTheirs: there is none of the buyer's own, but one of an id that looks like it.
        """
        found = await self._orders().orders_of(self.shop, self.buyer)
        same = [(order, identity.compare(self.buyer, order.buyer_id)) for order in found]
        own = tuple(order for order, whose in same if whose)
        if not own and any(whose.lookalike for _, whose in same):
            raise NotTheirs(lookalike=True)
        return own

    async def order(self, number: str) -> Order | None:
        """The buyer's order of that number; None if there is no such order.

        Raises:
            NotTheirs: it is another buyer's.
        """
        order = await self._orders().order(self.shop, number)
        if order is None:
            return None
        if not (whose := identity.compare(self.buyer, order.buyer_id)):
            raise NotTheirs(whose.lookalike)
        return order

    async def product(self, product_id: str) -> Product | None:
        """The product of that id."""
        return await self._products().product(self.shop, product_id)

    async def named(self, text: str, tokens: Sequence[str]) -> list[Product]:
        """The products that a text as written names, best first."""
        return find_products(await self._products().products(self.shop), normalise(text).clean, tokens, text=text)

    def _orders(self) -> OrderSource:
        if self.records.orders is None:
            raise NoRecords("no order records are connected: [records.orders]")
        return self.records.orders

    def _products(self) -> ProductSource:
        if self.records.products is None:
            raise NoRecords("no product records are connected: [records.products]")
        return self.records.products
