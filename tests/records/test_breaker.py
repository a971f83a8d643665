"""A source that is slow or broken is left alone for a while, and asked again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from autoreply.clock import ManualClock
from autoreply.records import GuardedOrders, GuardedProducts, Order, OrderState, Product, RecordsDown, RecordsWrong
from autoreply.records.breaker import FAILURES, KEEP_ORDERS, KEEP_PRODUCTS, REST
from autoreply.records.sources import LOOKUP_TIMEOUT

from .conftest import passes

ORDER = Order(order_no="1", buyer_id="b", state=OrderState.PAID)
CUP = Product(product_id="1", name="杯子")


async def well() -> Sequence[Order]:
    return [ORDER]


async def down() -> Sequence[Order]:
    raise RecordsDown("connection refused")


async def wrong() -> Sequence[Order]:
    raise RecordsWrong("state: is none that is known")


async def bug() -> Sequence[Order]:
    raise KeyError("order")


async def hangs() -> Sequence[Order]:
    await asyncio.Event().wait()
    raise AssertionError("nothing wakes it")


class Source:
    """Does what it is told to, and counts how often it was asked."""

    def __init__(self, behaves: Callable[[], Awaitable[Sequence[Order]]] = well) -> None:
        self.behaves = behaves
        self.asked = 0
        self.open = True

    async def start(self) -> None:
        await self.behaves()

    async def close(self) -> None:
        self.open = False

    async def orders_of(self, shop_id: str, buyer_id: str) -> Sequence[Order]:
        self.asked += 1
        return await self.behaves()

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        self.asked += 1
        return next(iter(await self.behaves()), None)


class Products:
    def __init__(self) -> None:
        self.asked = 0

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        self.asked += 1
        return CUP

    async def products(self, shop_id: str) -> Sequence[Product]:
        self.asked += 1
        return [CUP]


async def fails(orders: GuardedOrders, told: str, *, buyer: str = "b") -> None:
    with pytest.raises(RecordsDown, match=told):
        await orders.orders_of("main", buyer)


async def test_an_answer_is_good_for_a_few_seconds(clock: ManualClock) -> None:
    source = Source()
    orders = GuardedOrders(source, clock)
    for _ in range(3):
        assert await orders.orders_of("main", "b") == (ORDER,)
    assert source.asked == 1
    await orders.orders_of("main", "another")
    assert source.asked == 2
    await passes(clock, KEEP_ORDERS)
    await orders.orders_of("main", "b")
    assert source.asked == 3


async def test_products_are_kept_longer_and_stay_the_same_tuple(clock: ManualClock) -> None:
    source = Products()
    products = GuardedProducts(source, clock)
    before = await products.products("main")
    await passes(clock, KEEP_PRODUCTS - 1)
    assert await products.products("main") is before
    assert await products.product("main", "1") is CUP
    assert source.asked == 2


async def test_the_same_question_of_many_is_asked_once(clock: ManualClock) -> None:
    source = Source()
    orders = GuardedOrders(source, clock)
    found = await asyncio.gather(*(orders.order("main", "1") for _ in range(50)))
    assert found == [ORDER] * 50
    assert source.asked == 1


async def test_who_gives_up_does_not_take_the_answer_from_the_others(clock: ManualClock) -> None:
    go_on = asyncio.Event()

    async def slow() -> Sequence[Order]:
        await go_on.wait()
        return [ORDER]

    orders = GuardedOrders(Source(slow), clock)
    first, second = (asyncio.ensure_future(orders.order("main", "1")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert await second is ORDER


async def test_a_source_that_hangs_is_given_up(clock: ManualClock) -> None:
    orders = GuardedOrders(Source(hangs), clock)
    asked = asyncio.ensure_future(fails(orders, r"\[records.orders\]: no answer within 4 s"))
    await passes(clock, LOOKUP_TIMEOUT)
    await asked


async def test_after_failures_in_a_row_it_is_left_alone_and_then_tried_once(clock: ManualClock) -> None:
    source = Source(down)
    orders = GuardedOrders(source, clock)
    for _ in range(FAILURES):
        await fails(orders, "connection refused")
    await fails(orders, "left alone for 30 s after failures in a row; last: connection refused")
    assert source.asked == FAILURES
    await passes(clock, REST)
    await fails(orders, "^connection refused")
    await fails(orders, "left alone")
    assert source.asked == FAILURES + 1
    await passes(clock, REST)
    source.behaves = well
    assert await orders.orders_of("main", "b") == (ORDER,)
    assert await orders.orders_of("main", "another") == (ORDER,)


async def test_while_it_is_tried_nobody_else_asks(clock: ManualClock) -> None:
    source = Source(down)
    orders = GuardedOrders(source, clock)
    for _ in range(FAILURES):
        await fails(orders, "connection refused")
    await passes(clock, REST)
    go_on = asyncio.Event()

    async def slow() -> Sequence[Order]:
        await go_on.wait()
        return [ORDER]

    source.behaves = slow
    probe = asyncio.ensure_future(orders.orders_of("main", "b"))
    await passes(clock, 1)
    await fails(orders, "left alone", buyer="another")
    go_on.set()
    assert await probe == (ORDER,)


async def test_failures_that_are_not_in_a_row_do_no_harm(clock: ManualClock) -> None:
    source = Source()
    orders = GuardedOrders(source, clock)
    for n in range(FAILURES * 2):
        source.behaves = down
        await fails(orders, "connection refused", buyer=f"b{n}")
        source.behaves = well
        await orders.orders_of("main", f"c{n}")


async def test_a_wrong_record_is_no_reason_to_leave_a_source_alone(clock: ManualClock) -> None:
    source = Source(wrong)
    orders = GuardedOrders(source, clock)
    for _ in range(FAILURES * 2):
        await fails(orders, "state: is none that is known")
    assert source.asked == FAILURES * 2


async def test_a_mistake_in_a_source_is_told_by_its_kind(clock: ManualClock) -> None:
    await fails(GuardedOrders(Source(bug), clock), r"\[records.orders\]: KeyError in the source")


async def test_a_source_that_is_down_at_the_start_does_not_stop_it(clock: ManualClock) -> None:
    source = Source(down)
    orders = GuardedOrders(source, clock)
    await orders.start()
    with pytest.raises(RecordsDown, match="connection refused"):
        await orders.check()
    source.behaves = well
    assert await orders.orders_of("main", "b") == (ORDER,)
    await orders.close()
    assert not source.open


async def test_closing_gives_up_what_is_under_way(clock: ManualClock) -> None:
    orders = GuardedOrders(Source(hangs), clock)
    asked = asyncio.ensure_future(orders.orders_of("main", "b"))
    await asyncio.sleep(0)
    await orders.close()
    with pytest.raises(asyncio.CancelledError):
        await asked


@pytest.mark.parametrize(("behaves", "told"), [(hangs, "not open within 4 s"), (bug, "KeyError in the source")])
async def test_a_source_that_cannot_be_opened_says_why(
    clock: ManualClock, behaves: Callable[[], Awaitable[Sequence[Order]]], told: str
) -> None:
    orders = GuardedOrders(Source(behaves), clock)
    checked = asyncio.ensure_future(orders.check())
    await passes(clock, LOOKUP_TIMEOUT)
    with pytest.raises(RecordsDown, match=told):
        await checked
