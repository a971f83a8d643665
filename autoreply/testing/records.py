"""Order and product records made of what a test gives, and that can be made to fail."""

from collections.abc import Sequence

from autoreply.records.model import Order, Product
from autoreply.records.sources import RecordsDown, newest_first


class FakeOrders:
    """An ``OrderSource`` of these orders. With ``down`` every lookup fails, as if the database did not answer."""

    def __init__(self, orders: Sequence[Order] = (), *, down: bool = False) -> None:
        self.all = list(orders)
        self.down = down

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def orders_of(self, shop_id: str, buyer_id: str) -> Sequence[Order]:
        """Every order, newest first, whoever's it is: that none of another buyer gets out is not a source's promise."""
        self._look()
        return newest_first(self.all)

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        self._look()
        return next((o for o in self.all if o.order_no == order_no), None)

    def _look(self) -> None:
        if self.down:
            raise RecordsDown("made to fail by the test")


class FakeProducts:
    """A ``ProductSource`` of these products; ``down`` as in ``FakeOrders``."""

    def __init__(self, products: Sequence[Product] = (), *, down: bool = False) -> None:
        self.all = tuple(products)
        self.down = down

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        self._look()
        return next((p for p in self.all if p.product_id == product_id), None)

    async def products(self, shop_id: str) -> Sequence[Product]:
        self._look()
        return self.all

    def _look(self) -> None:
        if self.down:
            raise RecordsDown("made to fail by the test")
