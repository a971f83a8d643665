"""Records from an HTTP endpoint of the shop's own: JSON as the models have it, see ``docs/records.openapi.yaml``."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import AnyHttpUrl, Field, ValidationError
from yarl import URL

from autoreply.facts import Facts
from autoreply.records.model import Order, Product, in_zone
from autoreply.records.sources import (
    LOOKUP_TIMEOUT,
    RecordsDown,
    RecordsHome,
    RecordsWrong,
    newest_first,
    secret_of,
)
from autoreply.settings import Secret, Section

M = TypeVar("M", bound=Facts)

MOST_BYTES = 1_000_000
"""Bytes of one answer that are read; a longer list of products comes in pages."""
MOST_PAGES = 100


class HttpSettings(Section):
    """``[records.orders]`` or ``[records.products]`` with ``source = "http"``."""

    url: AnyHttpUrl = Field(description="base address: /orders and /products are appended to it")
    secret: Secret | None = Field(None, description="sent as Authorization: Bearer")
    timeout: float = Field(2.0, gt=0, le=LOOKUP_TIMEOUT, description="seconds one request may take")


class Orders(Facts):
    """The answer of ``GET /orders``."""

    orders: tuple[Order, ...]


class Products(Facts):
    """One page of the answer of ``GET /products``; ``next`` asks for the one after it."""

    products: tuple[Product, ...]
    next: str | None = None


class _NotThere(RecordsDown):
    """The endpoint answers 404."""


class _Client:
    """One endpoint, asked over one session."""

    def __init__(self, settings: HttpSettings, home: RecordsHome) -> None:
        self._base = URL(str(settings.url))
        self._headers = {"Accept": "application/json"}
        if settings.secret is not None:
            self._headers["Authorization"] = f"Bearer {secret_of(settings.secret, home.folder)}"
        self._timeout = ClientTimeout(total=settings.timeout)
        self._context = in_zone(home.timezone)
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Connections are made by the lookups."""

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, model: type[M], *path: str, query: Mapping[str, str]) -> M:
        """The answer as ``model``.

        Raises:
            RecordsDown: there is no answer; ``RecordsWrong``: it is none that can be read, with the field.
        """
        where = f"{self._base.with_user(None).with_query(None)}: GET /{path[0]}"  # what follows may name a buyer
        if self._session is None:
            self._session = ClientSession(timeout=self._timeout, headers=self._headers)
        url = self._base.joinpath(*(quote(part, safe="") for part in path), encoded=True).update_query(query)
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status != 200:
                    down = _NotThere if response.status == 404 else RecordsDown
                    raise down(f"{where} answered {response.status}")
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise RecordsWrong(f"{where} answered more than {MOST_BYTES:,} bytes")
        except TimeoutError:
            raise RecordsDown(f"{where}: no answer within {self._timeout.total:g} s") from None
        except ClientError as e:
            raise RecordsDown(f"{where}: {type(e).__name__}") from e
        try:
            return model.model_validate_json(bytes(body), context=self._context)
        except ValidationError as e:
            error = e.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(map(str, error["loc"])) or "the body"
            message = error["msg"].removeprefix("Value error, ")
            more = f", and {e.error_count() - 1} more" if e.error_count() > 1 else ""
            raise RecordsWrong(f"{where}: {field}: {message}{more}") from None

    async def find(self, model: type[M], *path: str, query: Mapping[str, str]) -> M | None:
        """As ``get``; None where there is none."""
        if path[-1] in ("", ".", ".."):
            return None  # these would be other paths
        try:
            return await self.get(model, *path, query=query)
        except _NotThere:
            return None


class HttpOrders:
    """Orders from an endpoint."""

    def __init__(self, settings: HttpSettings, home: RecordsHome) -> None:
        self._client = _Client(settings, home)
        self.start, self.close = self._client.start, self._client.close

    async def orders_of(self, shop_id: str, buyer_id: str) -> tuple[Order, ...]:
        answer = await self._client.get(Orders, "orders", query={"shop": shop_id, "buyer": buyer_id})
        return tuple(newest_first(answer.orders))

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        return await self._client.find(Order, "orders", order_no, query={"shop": shop_id})


class HttpProducts:
    """Products from an endpoint."""

    def __init__(self, settings: HttpSettings, home: RecordsHome) -> None:
        self._client = _Client(settings, home)
        self.start, self.close = self._client.start, self._client.close

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        return await self._client.find(Product, "products", product_id, query={"shop": shop_id})

    async def products(self, shop_id: str) -> tuple[Product, ...]:
        found: list[Product] = []
        query = {"shop": shop_id}
        for _ in range(MOST_PAGES):
            page = await self._client.get(Products, "products", query=query)
            found += page.products
            if not page.next:
                return tuple(found)
            query = {"shop": shop_id, "after": page.next}
        raise RecordsWrong(f"GET /products gave {MOST_PAGES} pages and no end")
