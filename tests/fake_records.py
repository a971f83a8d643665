"""Records kept in memory: what a shop's own source would give, for conversations in tests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from autoreply.records import Order, Product, RecordsDown
from autoreply.records.model import in_zone
from autoreply.records.sources import newest_first

SHANGHAI = ZoneInfo("Asia/Shanghai")
BUYER = "buyer"
"""The account that writes in ``talks``."""


def order(number: str = "2210001112223334567", state: str = "paid", **facts: Any) -> Order:
    """An order of the account that writes; times such as ``"2026-03-10 20:00"`` are Shanghai's."""
    given = {"order_no": number, "buyer_id": BUYER, "state": state, "created_at": datetime(2026, 3, 10, 9)} | facts
    return Order.model_validate(given, context=in_zone(SHANGHAI))


class FakeOrders:
    """Orders from a list; ``down`` makes every lookup fail, as a source that does not answer."""

    def __init__(self, orders: Sequence[Order] = (), *, down: bool = False) -> None:
        self.kept = list(orders)
        self.down = down

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def orders_of(self, shop_id: str, buyer_id: str) -> list[Order]:
        """All of that buyer, or of an id that looks like it, as a careless back office might give them."""
        self._answer()
        same = [o for o in self.kept if o.buyer_id.casefold() == buyer_id.casefold()]
        return newest_first(same)

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        self._answer()
        return next((o for o in self.kept if o.order_no == order_no), None)

    def _answer(self) -> None:
        if self.down:
            raise RecordsDown("the back office does not answer")


class FakeProducts:
    """Products from a list; ``down`` as above."""

    def __init__(self, products: Sequence[Product] = (), *, down: bool = False) -> None:
        self.kept = tuple(products)
        self.down = down

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        self._answer()
        return next((p for p in self.kept if p.product_id == product_id), None)

    async def products(self, shop_id: str) -> tuple[Product, ...]:
        self._answer()
        return self.kept

    def _answer(self) -> None:
        if self.down:
            raise RecordsDown("the product list does not answer")
