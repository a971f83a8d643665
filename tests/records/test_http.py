"""Records from a real HTTP server that answers as docs/records.openapi.yaml says."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from autoreply.records import RecordsDown, RecordsHome, RecordsWrong
from autoreply.records.http import MOST_BYTES, HttpOrders, HttpProducts, HttpSettings

from .conftest import ZONE

ORDER: dict[str, Any] = {
    "order_no": "3301280046512907001",
    "buyer_id": "lin xiaoyu&1",
    "state": "paid",
    "created_at": "2026-11-20T10:12:08",
    "paid_at": "2026-11-20T02:12:40Z",
    "items": [{"name": "每日坚果礼盒", "quantity": 1, "price": 99.9}],
    "amount": "105.00",
}
CUP: dict[str, Any] = {"product_id": "G/401", "name": "刻字保温杯", "sizes": [{"size": "大", "weight": [1, 1.5]}]}


class Endpoint:
    """The shop's own server. ``answer`` takes the place of what it would say; ``seen`` are the requests."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.answer: web.Response | None = None
        self.hangs = False
        self.pages: dict[str, Any] = {"": {"products": [CUP]}}
        app = web.Application()
        app.router.add_get("/shop/{path:.*}", self._get)
        self.server = TestServer(app)

    async def _get(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        if self.hangs:
            await asyncio.Event().wait()
        if self.answer is not None:
            return self.answer
        match request.raw_path.split("?")[0].removeprefix("/shop/").split("/"):
            case ["orders"]:
                orders = [ORDER] if request.query["buyer"] == ORDER["buyer_id"] else []
                return web.json_response({"orders": orders})
            case ["orders", number] if number == ORDER["order_no"]:
                return web.json_response(ORDER)
            case ["products"]:
                return web.json_response(self.pages[request.query.get("after", "")])
            case ["products", "G%2F401"]:
                return web.json_response(CUP)
        return web.json_response({"error": "not found"}, status=404)

    def says(self, data: object, status: int = 200) -> None:
        self.answer = web.Response(text=data if isinstance(data, str) else json.dumps(data), status=status)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    await made.server.start_server()
    yield made
    await made.server.close()


def settings(endpoint: Endpoint, **more: Any) -> HttpSettings:
    return HttpSettings.model_validate({"url": str(endpoint.server.make_url("/shop")), **more})


@pytest.fixture
async def orders(endpoint: Endpoint, home: RecordsHome) -> AsyncIterator[HttpOrders]:
    made = HttpOrders(settings(endpoint), home)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def products(endpoint: Endpoint, home: RecordsHome) -> AsyncIterator[HttpProducts]:
    made = HttpProducts(settings(endpoint), home)
    await made.start()
    yield made
    await made.close()


async def test_the_orders_of_a_buyer(endpoint: Endpoint, orders: HttpOrders) -> None:
    (order,) = await orders.orders_of("main", "lin xiaoyu&1")
    assert (order.order_no, order.amount, order.items[0].price) == (ORDER["order_no"], Decimal(105), Decimal("99.90"))
    assert order.created_at == datetime(2026, 11, 20, 10, 12, 8, tzinfo=ZONE)
    assert order.paid_at == datetime(2026, 11, 20, 10, 12, 40, tzinfo=ZONE)
    assert await orders.orders_of("main", "somebody else") == ()
    assert [dict(request.query) for request in endpoint.seen] == [
        {"shop": "main", "buyer": "lin xiaoyu&1"},
        {"shop": "main", "buyer": "somebody else"},
    ]


async def test_one_order_and_none(orders: HttpOrders) -> None:
    order = await orders.order("main", ORDER["order_no"])
    assert order is not None
    assert order.buyer_id == "lin xiaoyu&1"
    assert await orders.order("main", "404") is None


async def test_a_number_is_one_part_of_the_path_whatever_it_holds(
    endpoint: Endpoint, orders: HttpOrders, products: HttpProducts
) -> None:
    cup = await products.product("main", "G/401")
    assert cup is not None
    assert (cup.product_id, cup.sizes[0].weight) == ("G/401", (1.0, 1.5))
    for number in ("../products", "1?buyer=x", "1#2", "%2e%2e", "..", ".", ""):
        assert await orders.order("main", number) is None
    assert all(r.raw_path.startswith(("/shop/orders/", "/shop/products/G")) for r in endpoint.seen)


async def test_products_come_in_pages(endpoint: Endpoint, products: HttpProducts) -> None:
    second = {**CUP, "product_id": "G402"}
    endpoint.pages = {"": {"products": [CUP], "next": "G/401"}, "G/401": {"products": [second], "next": None}}
    assert [p.product_id for p in await products.products("main")] == ["G/401", "G402"]
    endpoint.pages = {"": {"products": [CUP], "next": "G/401"}, "G/401": {"products": [second], "next": "G/401"}}
    with pytest.raises(RecordsWrong, match="100 pages and no end"):
        await products.products("main")


async def test_the_secret_is_sent_and_never_to_another_host(endpoint: Endpoint, home: RecordsHome) -> None:
    (home.folder / "records.secret").write_text("s3cret\n")
    orders = HttpOrders(settings(endpoint, secret={"file": "records.secret"}), home)
    await orders.orders_of("main", "b")
    assert endpoint.seen[0].headers["Authorization"] == "Bearer s3cret"
    endpoint.answer = web.Response(status=302, headers={"Location": "http://elsewhere.example/"})
    with pytest.raises(RecordsDown, match="answered 302"):
        await orders.orders_of("main", "b")
    await orders.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"orders": [{**ORDER, "state": "lost"}]}, "orders.0.state: Input should be 'unpaid', 'paid'"),
        ({"orders": [{**ORDER, "paid_at": 1_760_000_000}]}, "orders.0.paid_at: is a bare number"),
        ({"orders": [{**ORDER, "recipient": "x"}]}, "orders.0.recipient: Extra inputs are not permitted"),
        ({"orders": [{"order_no": "1"}]}, "orders.0.buyer_id: Field required, and 1 more"),
        ([ORDER], "the body: Input should be an object"),
        ("<html>", "the body: Invalid JSON"),
        ("[" * 100_000, "the body: Invalid JSON"),
    ],
)
async def test_a_wrong_answer_names_the_field(
    endpoint: Endpoint, orders: HttpOrders, answer: object, told: str
) -> None:
    endpoint.says(answer)
    with pytest.raises(RecordsWrong) as e:
        await orders.orders_of("main", "lin xiaoyu&1")
    assert f"{endpoint.server.make_url('/shop')}: GET /orders: {told}" in e.value.reason
    assert "lin xiaoyu" not in e.value.reason


async def test_an_answer_that_is_too_long_is_not_read_to_its_end(endpoint: Endpoint, orders: HttpOrders) -> None:
    endpoint.says(" " * (MOST_BYTES + 1))
    with pytest.raises(RecordsWrong, match="more than 1,000,000 bytes"):
        await orders.orders_of("main", "b")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_another_status_is_told(endpoint: Endpoint, orders: HttpOrders, status: int) -> None:
    endpoint.says({"error": "no"}, status)
    with pytest.raises(RecordsDown, match=f"GET /orders answered {status}"):
        await orders.orders_of("main", "b")


async def test_a_server_that_hangs_is_given_up(endpoint: Endpoint, home: RecordsHome) -> None:
    endpoint.hangs = True
    orders = HttpOrders(settings(endpoint, timeout=0.05), home)
    with pytest.raises(RecordsDown, match=r"no answer within 0.05 s"):
        await orders.orders_of("main", "b")
    await orders.close()


async def test_a_server_that_is_gone_is_told(endpoint: Endpoint, orders: HttpOrders) -> None:
    await endpoint.server.close()
    with pytest.raises(RecordsDown, match="GET /orders: Client"):
        await orders.orders_of("main", "b")


def test_a_secret_that_is_not_there_is_told(home: RecordsHome) -> None:
    given = HttpSettings.model_validate({"url": "https://shop.example", "secret": {"file": "records.secret"}})
    with pytest.raises(ValueError, match=r"records.secret is missing"):
        HttpOrders(given, home)


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ValidationError, match="URL scheme should be 'http' or 'https'"):
        HttpSettings.model_validate({"url": "ftp://shop.example"})
