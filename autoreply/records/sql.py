"""Records out of a database: one SELECT for each lookup, through SQLAlchemy, which is an optional part.

A query's columns are named as the model's fields; orders and products may take several rows, as in a table.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from autoreply.records.columns import ATTRIBUTE, FAQ, ORDER_LINES, PRODUCTS, SIZES
from autoreply.records.model import Order, Product
from autoreply.records.rows import EVERY, Line, orders_from, products_from
from autoreply.records.sources import (
    LOOKUP_TIMEOUT,
    RecordsDown,
    RecordsHome,
    RecordsWrong,
    newest_first,
    secret_of,
)
from autoreply.records.values import words
from autoreply.settings import Secret, Section
from autoreply.tomlfile import Problem, did_you_mean

T = TypeVar("T")

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""As SQLAlchemy finds them."""
_AT_ONCE = 4
"""Queries under way at most: what hangs in the driver cannot be stopped, and must not pile up."""
MOST_ROWS = 100_000
"""Rows of one answer; more are no shop's, or a forgotten WHERE."""


def _query(sql: str, needed: Sequence[str], known: Sequence[str]) -> str:
    """One SELECT with the parameters that it must have, and no others."""
    sql = sql.strip().removesuffix(";").rstrip()
    if not re.match(r"(?:select|with)\b", sql, re.IGNORECASE) or ";" in sql:
        raise ValueError("must be one SELECT")
    used = _PARAMETER.findall(sql)
    if unknown := next((name for name in used if name not in known), None):
        named = ", ".join(f":{name}" for name in known)
        raise ValueError(f"has the parameter :{unknown}{did_you_mean(unknown, list(known))}; there are {named}")
    if missing := next((name for name in needed if name not in used), None):
        raise ValueError(f"must ask for one only: WHERE … = :{missing}")
    return sql


_ORDERS, _PRODUCTS = ("orders_of", "order"), ("products", "product")
_PARAMETERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "orders_of": (("buyer",), ("shop", "buyer")),
    "order": (("order_no",), ("shop", "order_no")),
    "products": ((), ("shop",)),
    "product": (("product",), ("shop", "product")),
    "sizes": ((), ("shop", "product")),
    "faq": ((), ("shop", "product")),
}
"""What each query must ask by, and what it may."""


class SqlSettings(Section):
    """``[records.orders]`` or ``[records.products]`` with ``source = "sql"``: each with the queries for it."""

    url: str = Field(min_length=1, description="database URL as SQLAlchemy takes it, without the password")
    password: Secret | None = Field(None, description="the password of the user in url")
    timeout: float = Field(2.0, gt=0, le=LOOKUP_TIMEOUT, description="seconds a query may take")
    orders_of: str | None = Field(None, description="SELECT of one buyer's orders: :buyer, :shop if wanted")
    order: str | None = Field(None, description="SELECT of the order of one number: :order_no, :shop if wanted")
    products: str | None = Field(None, description="SELECT of all products: :shop if wanted")
    product: str | None = Field(None, description="SELECT of the product of one id: :product, :shop if wanted")
    sizes: str | None = Field(None, description="SELECT of size charts; :product is empty where all are asked for")
    faq: str | None = Field(None, description="SELECT of questions and answers; :product as for sizes")

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str) -> str:
        if re.match(r"[^/]*//[^/@]*:[^/@]+@", url):
            message = 'holds a password; take it out and write password = { env = "NAME" } beside it'
            raise PydanticCustomError("secret", "{message}", {"message": message})
        return url

    @field_validator(*_PARAMETERS)
    @classmethod
    def _one_select(cls, sql: str | None, info: ValidationInfo) -> str | None:
        return None if sql is None else _query(sql, *_PARAMETERS[str(info.field_name)])

    @model_validator(mode="after")
    def _one_kind(self) -> "SqlSettings":
        wanted = _ORDERS if any(getattr(self, name) for name in _ORDERS) else _PRODUCTS
        if missing := [name for name in wanted if getattr(self, name) is None]:
            raise ValueError(
                f"the query {missing[0]} is missing; orders need {_both(_ORDERS)}, products {_both(_PRODUCTS)}"
            )
        if wanted is _ORDERS and (odd := [n for n in _PARAMETERS if n not in _ORDERS and getattr(self, n) is not None]):
            raise ValueError(f"{odd[0]} belongs to [records.products]; {_both(_ORDERS)} to [records.orders]")
        return self

    def queries(self, names: tuple[str, str], section: str) -> tuple[str, str]:
        """The two queries that a source of this kind needs.

        Raises:
            ValueError: they are those of the other kind.
        """
        first, second = (getattr(self, name) for name in names)
        if first is None or second is None:
            raise ValueError(f"[{section}] needs the queries {_both(names)}")
        return first, second


def _both(names: tuple[str, str]) -> str:
    return " and ".join(names)


class _Queries:
    """Queries of one section, each in a thread of its own, never more than ``_AT_ONCE``."""

    def __init__(self, settings: SqlSettings, home: RecordsHome, section: str) -> None:
        self._section = section
        self._timeout = settings.timeout
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._sqlalchemy = _sqlalchemy()
        try:
            url = self._sqlalchemy.make_url(settings.url)
            if settings.password is not None:
                url = url.set(password=secret_of(settings.password, home.folder))
            if url.get_backend_name() == "sqlite" and url.database:
                # Read only: a wrong path is an error then, and no new, empty database.
                path = (home.folder / url.database).resolve().as_uri()
                url = url.set(database=path, query={"mode": "ro", "uri": "true"})
            self._engine = self._sqlalchemy.create_engine(url, pool_pre_ping=True)
        except ImportError as e:
            raise ValueError(f"url: the driver {e.name} is not installed; install it beside autoreply") from None
        except self._sqlalchemy.exc.ArgumentError:
            raise ValueError("url: is no database URL; write one such as mysql+pymysql://user@host/shop") from None
        self._told = url.render_as_string(hide_password=True)

    async def start(self) -> None:
        """Open a connection.

        Raises:
            RecordsDown: it cannot be opened.
        """
        await self.rows("select 1", "SELECT 1", {})

    async def close(self) -> None:
        threading.Thread(target=self._engine.dispose, daemon=True).start()  # a hanging server hangs this as well

    async def rows(self, name: str, sql: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """The rows of a query.

        Raises:
            RecordsDown: it failed or took too long.
        """
        used = {key: value for key, value in parameters.items() if key in _PARAMETER.findall(sql)}
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
                return await in_thread(lambda: self._run(sql, used), self._free.release)
        except TimeoutError:
            raise RecordsDown(f"{self._told}: {self._section}.{name}: no answer within {self._timeout:g} s") from None
        except self._sqlalchemy.exc.SQLAlchemyError as e:
            # Its own words hold the parameters, and with them the buyer.
            cause = getattr(e, "orig", None) or e
            told = str(cause).splitlines()[0][:200] if not any(v and v in str(cause) for v in used.values()) else ""
            raise RecordsDown(f"{self._told}: {self._section}.{name}: {type(cause).__name__} {told}".rstrip()) from None

    def _run(self, sql: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Whatever a query does besides reading is rolled back when its connection is given back."""
        with self._engine.connect() as connection:
            result = connection.execute(self._sqlalchemy.text(sql), parameters)
            rows = [dict(row) for row in result.mappings().fetchmany(MOST_ROWS + 1)]
        if len(rows) > MOST_ROWS:
            raise RecordsWrong(f"{self._section}: a query gives more than {MOST_ROWS} rows")
        return rows

    async def lines(self, name: str, sql: str, known: Mapping[str, Any], parameters: Mapping[str, str]) -> list[Line]:
        """The rows of a query as lines of a table.

        Raises:
            RecordsDown: see ``rows``; ``RecordsWrong`` for a column that is no field.
        """
        rows = await self.rows(name, sql, parameters)
        place = f"{self._section}.{name}"
        columns = list(rows[0]) if rows else []
        attributes = {c: found["name"].strip() for c in columns if (found := ATTRIBUTE.match(c)) and known is PRODUCTS}
        further = {c: c for c in columns if c not in known} if known is SIZES else attributes
        if odd := [c for c in columns if c not in known and c not in further]:
            told = [Problem(place, 1, c, f"is no field of a record{did_you_mean(c, list(known))}") for c in odd]
            raise RecordsWrong("", told)
        fields = {c: c for c in known}
        return [
            Line(
                place,
                number,
                {c: v for c, v in row.items() if c in known and not _blank(v)},
                fields,
                {further[c]: v for c, v in row.items() if c in further and not _blank(v)},
            )
            for number, row in enumerate(rows, 1)
        ]


class SqlOrders:
    """Orders out of a database."""

    def __init__(self, settings: SqlSettings, home: RecordsHome) -> None:
        self._orders_of, self._order = settings.queries(_ORDERS, "records.orders")
        self._zone = home.timezone
        self._queries = _Queries(settings, home, "records.orders")
        self.start, self.close = self._queries.start, self._queries.close

    async def orders_of(self, shop_id: str, buyer_id: str) -> tuple[Order, ...]:
        return await self._orders("orders_of", self._orders_of, {"shop": shop_id, "buyer": buyer_id})

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        found = await self._orders("order", self._order, {"shop": shop_id, "order_no": order_no})
        # A database may compare without regard to case or blanks.
        return next((order for order in found if order.order_no == order_no), None)

    async def _orders(self, name: str, sql: str, parameters: Mapping[str, str]) -> tuple[Order, ...]:
        lines = await self._queries.lines(name, sql, ORDER_LINES, parameters)
        problems: list[Problem] = []
        orders = orders_from([lines], self._zone, problems)
        _raise(problems)
        return tuple(newest_first(orders))


class SqlProducts:
    """Products out of a database."""

    def __init__(self, settings: SqlSettings, home: RecordsHome) -> None:
        self._all, self._one = settings.queries(_PRODUCTS, "records.products")
        self._more = {"sizes": (settings.sizes, SIZES), "faq": (settings.faq, FAQ)}
        self._queries = _Queries(settings, home, "records.products")
        self.start, self.close = self._queries.start, self._queries.close

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        found = await self._products("product", self._one, {"shop": shop_id, "product": product_id})
        return next((product for product in found if product.product_id == product_id), None)

    async def products(self, shop_id: str) -> tuple[Product, ...]:
        return await self._products("products", self._all, {"shop": shop_id, "product": ""})

    async def _products(self, name: str, sql: str, parameters: Mapping[str, str]) -> tuple[Product, ...]:
        lines = await self._queries.lines(name, sql, PRODUCTS, parameters)
        charts = {
            part: await self._queries.lines(part, query, known, parameters) if query and lines else []
            for part, (query, known) in self._more.items()
        }
        # A query may leave the choice to us, and tell of products that are on sale no more.
        wanted = {str(line.cells.get("product_id")) for line in lines} | {EVERY}
        charts = {
            part: [line for line in found if not wanted.isdisjoint(words(line.cells.get("product_id", "")))]
            for part, found in charts.items()
        }
        problems: list[Problem] = []
        products = products_from([lines], charts["sizes"], charts["faq"], problems)
        _raise(problems)
        return tuple(products)


def _raise(problems: Sequence[Problem]) -> None:
    if problems:
        raise RecordsWrong("", problems)


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _sqlalchemy() -> Any:
    try:
        return import_module("sqlalchemy")
    except ImportError:
        raise ValueError('source = "sql" needs SQLAlchemy; install autoreply[sql]') from None


async def in_thread(work: Callable[[], T], done: Callable[[], None]) -> T:
    """What ``work`` gives, from a thread that nobody waits for when the program ends: a driver may hang for hours.

    ``done`` is called in the loop once the thread is through, whether or not anybody still waits for the result.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        done()
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # T may be None itself

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as e:
            error = e
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True, name="records").start()
    return await future
