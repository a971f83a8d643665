"""Records out of a real SQLite database."""

import asyncio
import sqlite3
import sys
import threading
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from autoreply.records import OrderState, RecordsDown, RecordsHome, RecordsWrong
from autoreply.records.sql import SqlOrders, SqlProducts, SqlSettings, in_thread

from .conftest import ZONE

SCHEMA = """
create table trade (no text, shop text, nick text, status text, paid text, sum numeric);
create table line (no text, goods text, title text, n integer, price numeric);
insert into trade values
  ('3301280046512907001', 'main', 'lin_xiaoyu', '待发货', '2026-11-20 10:12:40', 105),
  ('3301280046512905003', 'main', 'lin_xiaoyu', '交易成功', '2026-11-01 20:00:15', 198.5),
  ('77', 'other', 'lin_xiaoyu', '待发货', null, null);
insert into line values
  ('3301280046512907001', 'N101', '每日坚果礼盒', 1, 99), ('3301280046512907001', 'T201', '茉莉花茶', 2, 3),
  ('3301280046512905003', 'N101', '每日坚果礼盒', 2, 99.25);
create table goods (id integer, title text, spec text, price numeric, stock integer, material text);
insert into goods values
  (301, '加绒连帽卫衣', '黑色 M', 159, 12, '棉80%'),
  (301, '加绒连帽卫衣', '黑色 L', 159, 0, null),
  (201, '茉莉花茶', null, 39, 86, null);
create table chart (id integer, size text, height text, weight text);
insert into chart values (301, 'M', '158-165', '45-55'), (999, 'S', '150-155', '40-45');
"""
SELECT = """
select t.no as order_no, t.nick as buyer_id, t.status as state, t.paid as paid_at, t.sum as amount,
       l.goods as product_id, l.title as name, l.n as quantity, l.price
from trade t left join line l on l.no = t.no
"""
ORDERS = {
    "url": "sqlite:///shop.db",
    "orders_of": SELECT + " where t.nick = :buyer and t.shop = :shop",
    "order": SELECT + " where t.no = :order_no",
}
GOODS = 'select id as product_id, title as name, spec as sku, price, stock, material as "属性:材质" from goods'
PRODUCTS = {
    "url": "sqlite:///shop.db",
    "products": GOODS,
    "product": GOODS + " where id = :product",
    "sizes": "select id as product_id, size, height, weight from chart where :product = '' or id = :product",
}


@pytest.fixture(autouse=True)
def database(home: RecordsHome) -> Path:
    path = home.folder / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    return path


def orders(home: RecordsHome, **more: Any) -> SqlOrders:
    return SqlOrders(SqlSettings.model_validate(ORDERS | more), home)


def products(home: RecordsHome, **more: Any) -> SqlProducts:
    return SqlProducts(SqlSettings.model_validate(PRODUCTS | more), home)


async def test_orders_with_their_items_newest_first(home: RecordsHome) -> None:
    source = orders(home)
    await source.start()
    new, old = await source.orders_of("main", "lin_xiaoyu")
    assert (new.order_no, new.state, new.amount) == ("3301280046512907001", OrderState.PAID, Decimal(105))
    assert new.paid_at == datetime(2026, 11, 20, 10, 12, 40, tzinfo=ZONE)
    assert [(i.product_id, i.name, i.quantity, i.price) for i in new.items] == [
        ("N101", "每日坚果礼盒", 1, Decimal(99)),
        ("T201", "茉莉花茶", 2, Decimal(3)),
    ]
    assert (old.state, old.amount) == (OrderState.SIGNED, Decimal("198.50"))
    await source.close()


async def test_an_order_without_items_and_one_that_is_not_there(home: RecordsHome) -> None:
    source = orders(home)
    order = await source.order("main", "77")
    assert order is not None
    assert (order.items, order.amount) == ((), None)
    assert await source.order("main", "78") is None
    await source.close()


async def test_what_a_buyer_writes_is_bound_and_never_part_of_the_query(home: RecordsHome) -> None:
    source = orders(home)
    assert await source.orders_of("main", "x' or '1'='1") == ()
    assert await source.order("main", "1; drop table trade") is None
    assert len(await source.orders_of("main", "lin_xiaoyu")) == 2
    await source.close()


async def test_a_database_that_compares_loosely_does_not_decide_which_order_it_is(home: RecordsHome) -> None:
    source = orders(home, order=SELECT + " where t.no like '%' || :order_no")
    assert await source.order("main", "7001") is None
    await source.close()


async def test_products_with_skus_and_charts(home: RecordsHome) -> None:
    source = products(home)
    shirt, tea = await source.products("main")
    assert [(sku.name, sku.stock) for sku in shirt.skus] == [("黑色 M", 12), ("黑色 L", 0)]
    assert (shirt.price, shirt.attributes, shirt.sizes[0].height) == (Decimal(159), {"材质": "棉80%"}, (158, 165))
    assert (tea.price, tea.stock, tea.sizes) == (Decimal(39), 86, ())
    assert await source.product("main", "301") == shirt
    assert await source.product("main", "404") is None
    await source.close()


async def test_a_wrong_value_names_query_row_and_column(home: RecordsHome) -> None:
    source = orders(home, order="select :order_no as order_no, 'b' as buyer_id, 'lost' as state, 'soon' as paid_at")
    with pytest.raises(RecordsWrong) as e:
        await source.order("main", "1")
    assert str(e.value) == (
        "records.orders.order:1: paid_at: is no time; write one such as 2026-11-11 20:00:00; records.orders.order:1:"
        " state: is no state that is known here; write one of unpaid, paid, shipped, signed, closed, refunding,"
        " got 'lost'"
    )
    await source.close()


async def test_a_column_that_is_no_field_is_told(home: RecordsHome) -> None:
    source = orders(home, order="select :order_no as order_no, 'b' as buyer_id, 'paid' as stat")
    with pytest.raises(
        RecordsWrong, match=r"records.orders.order:1: stat: is no field of a record; did you mean 'state'"
    ):
        await source.order("main", "1")
    await source.close()


async def test_a_query_that_fails_is_told_without_what_the_buyer_wrote(home: RecordsHome) -> None:
    source = orders(home, orders_of="select * from trades where nick = :buyer")
    with pytest.raises(RecordsDown) as e:
        await source.orders_of("main", "lin_xiaoyu")
    assert "records.orders.orders_of: OperationalError no such table: trades" in e.value.reason
    assert "lin_xiaoyu" not in e.value.reason
    await source.close()


async def test_a_database_that_is_not_there_is_told_and_not_made(home: RecordsHome) -> None:
    source = orders(home, url="sqlite:///elsewhere.db")
    with pytest.raises(RecordsDown, match="unable to open database file"):
        await source.start()
    assert not (home.folder / "elsewhere.db").exists()
    await source.close()


async def test_nothing_can_be_written(home: RecordsHome) -> None:
    order = "with t as (select * from trade) select no as order_no, nick as buyer_id, status as state from t"
    order += " where no = :order_no"
    source = orders(home, order=order)
    assert await source.order("main", "77") is not None
    engine = source._queries._engine
    with engine.connect() as connection, pytest.raises(Exception, match="readonly database"):
        connection.exec_driver_sql("delete from trade")
    await source.close()


async def test_a_query_that_takes_too_long_is_given_up(home: RecordsHome) -> None:
    endless = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000000)"
        " select max(i) as order_no, :order_no as buyer_id from n"
    )
    source = orders(home, order=endless, timeout=0.05)
    with pytest.raises(RecordsDown, match=r"no answer within 0.05 s"):
        await source.order("main", "1")
    assert len(await source.orders_of("main", "lin_xiaoyu")) == 2
    await source.close()


async def test_a_thread_that_nobody_waits_for_says_when_it_is_through() -> None:
    go_on, through = threading.Event(), asyncio.Event()
    asked = asyncio.ensure_future(in_thread(go_on.wait, through.set))
    await asyncio.sleep(0)
    asked.cancel()
    assert not through.is_set()
    go_on.set()
    async with asyncio.timeout(10):
        await through.wait()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"orders_of": "delete from trade where nick = :buyer"}, "must be one SELECT"),
        ({"orders_of": "select 1 where 1 = :buyer; delete from trade"}, "must be one SELECT"),
        ({"orders_of": "select * from trade"}, "must ask for one only: WHERE … = :buyer"),
        ({"order": "select * from trade where no = :order"}, "has the parameter :order; did you mean 'order_no'?"),
        ({"order": None}, "the query order is missing; orders need orders_of and order"),
        ({"products": GOODS}, r"products belongs to \[records.products\]"),
        ({"url": "mysql+pymysql://reader:geheim@db/shop"}, "holds a password; take it out"),
        ({"timeout": 60}, "less than or equal to 4"),
    ],
)
def test_settings_that_are_wrong_are_told(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        SqlSettings.model_validate(ORDERS | more)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("no url", "is no database URL"),
        ("nosuchthing://db/shop", "is no database URL"),
        ("mysql+mysqldb://db/shop", "the driver MySQLdb is not installed"),
    ],
)
def test_urls_that_cannot_be_used_are_told(home: RecordsHome, url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        orders(home, url=url)


def test_the_queries_of_the_other_section_are_told(home: RecordsHome) -> None:
    with pytest.raises(ValueError, match=r"\[records.orders\] needs the queries orders_of and order"):
        SqlOrders(SqlSettings.model_validate(PRODUCTS), home)


def test_a_password_comes_from_elsewhere_and_a_missing_one_is_told(home: RecordsHome) -> None:
    with pytest.raises(ValueError, match=r"secret file .*db.secret is missing"):
        orders(home, password={"file": "db.secret"})
    assert not (home.folder / "db.secret").exists()


def test_without_the_optional_part_it_says_what_to_install(home: RecordsHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ValueError, match=r"install autoreply\[sql\]"):
        orders(home)
