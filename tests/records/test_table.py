"""Orders and products out of files, as shops have them."""

import csv
import io
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoreply.clock import ManualClock
from autoreply.records import Order, OrderState, Product, RecordsDown, RecordsHome
from autoreply.records.table import AGAIN, POLL, TableOrders, TableProducts, TableSettings

from .conftest import ZONE, passes

ORDERS = """\
订单编号,买家会员名,订单状态,订单付款时间,宝贝标题,宝贝数量,单价,买家实际支付金额,店铺名称
="3301280046512907001",lin_xiaoyu,"买家已付款,等待卖家发货",2026-11-20 10:12:40,每日坚果礼盒,1,99.00,105.00,示例店
="3301280046512907001",lin_xiaoyu,"买家已付款,等待卖家发货",2026-11-20 10:12:40,茉莉花茶,2,3.00,105.00,示例店
="3301280046512905003",old_wang88,交易成功,2026-11-01 20:00:15,每日坚果礼盒,2,99.00,198.00,示例店
"""
PRODUCTS = """\
商品ID,商品名称,关键词,规格,售价,库存,属性:材质
C301,加绒连帽卫衣,卫衣、连帽卫衣,黑色 M,159,12,棉80%
C301,,,黑色 L,169,0,
T201,茉莉花茶,花茶,,39.00,86,
"""


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def as_csv(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def orders_in(home: RecordsHome, *files: str) -> TableOrders:
    return TableOrders(TableSettings.model_validate({"files": files}), home)


def products_in(home: RecordsHome, *files: str, **more: str) -> TableProducts:
    return TableProducts(TableSettings.model_validate({"files": files, **more}), home)


async def problems_of(source: TableOrders | TableProducts) -> list[str]:
    with pytest.raises(RecordsDown) as e:
        await source.start()
    return [str(problem) for problem in e.value.problems]


async def the_order(home: RecordsHome, text: str) -> Order:
    write(home.folder / "orders.csv", text)
    order = await orders_in(home, "orders.csv").order("main", "1")
    assert order is not None
    return order


# Orders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
async def test_an_export_of_a_back_office_is_read_as_it_is(home: RecordsHome, encoding: str) -> None:
    write(home.folder / "orders.csv", ORDERS, encoding)
    source = orders_in(home, "orders.csv")
    await source.start()
    (order,) = await source.orders_of("main", "lin_xiaoyu")
    assert (order.order_no, order.state, order.amount) == ("3301280046512907001", OrderState.PAID, Decimal(105))
    assert order.paid_at == datetime(2026, 11, 20, 10, 12, 40, tzinfo=ZONE)
    assert [(item.name, item.quantity, item.price) for item in order.items] == [
        ("每日坚果礼盒", 1, Decimal(99)),
        ("茉莉花茶", 2, Decimal(3)),
    ]
    assert await source.order("main", "3301280046512907001") is order
    assert await source.order("main", "404") is None
    assert await source.orders_of("main", "LIN_XIAOYU") == ()


async def test_our_own_names_of_columns_count_before_all_others(home: RecordsHome) -> None:
    order = await the_order(home, "订单号,order_no,buyer_id,state,quantity,name\n9,1,b,shipped,3,杯子\n")
    assert (order.order_no, order.state, order.items[0].quantity) == ("1", OrderState.SHIPPED, 3)


async def test_the_newest_order_comes_first(home: RecordsHome) -> None:
    write(
        home.folder / "orders.tsv",
        "order_no\tbuyer_id\tstate\tcreated_at\n1\tb\tpaid\t2026-11-01\n3\tb\tpaid\t2026-11-03\n2\tb\tpaid\t2026-11-02\n",
    )
    orders = await orders_in(home, "orders.tsv").orders_of("main", "b")
    assert [order.order_no for order in orders] == ["3", "2", "1"]


async def test_a_title_above_the_names_of_the_columns_is_passed_over(home: RecordsHome) -> None:
    order = await the_order(home, "订单导出 2026-11-21,,\n\n订单号,买家ID,订单状态\n1,b,待发货\n")
    assert order.state is OrderState.PAID


async def test_a_workbook_holds_numbers_and_times_of_its_own(home: RecordsHome) -> None:
    rows: list[list[Any]] = [
        ["订单号", "买家ID", "订单状态", "付款时间", "商品名称", "商品数量", "实付金额(元)"],
        ["3301280046512907001", "b", "待发货", datetime(2026, 11, 20, 10, 12), "茶", 2, 39.9],
        [123456, "b", "待付款", None, None, None, 0],
    ]
    book(home.folder / "orders.xlsx", 订单=rows, 说明=[["请勿改动"]])
    source = orders_in(home, "orders.xlsx")
    order = await source.order("main", "3301280046512907001")
    assert order is not None
    assert (order.amount, order.items[0].quantity) == (Decimal("39.90"), 2)
    assert order.paid_at == datetime(2026, 11, 20, 10, 12, tzinfo=ZONE)
    other = await source.order("main", "123456")
    assert other is not None
    assert (other.amount, other.items) == (Decimal(0), ())


async def test_of_an_order_in_several_files_the_newest_file_counts(home: RecordsHome) -> None:
    (home.folder / "orders").mkdir()
    head = "order_no,buyer_id,state,name\n"
    new = write(home.folder / "orders" / "a.csv", head + "1,b,shipped,杯子\n")
    old = write(home.folder / "orders" / "b.csv", head + "1,b,paid,杯子\n1,b,paid,盘子\n2,b,signed,碗\n")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    os.utime(new, (1_000_000_100, 1_000_000_100))
    found = await orders_in(home, "orders/*.csv").orders_of("main", "b")
    assert {order.order_no: (order.state, len(order.items)) for order in found} == {
        "1": (OrderState.SHIPPED, 1),
        "2": (OrderState.SIGNED, 1),
    }


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("已发货", "待发货"), "shipped"),
        (("已完成", "已发货"), "shipped"),
        (("已完成", "交易关闭"), "signed"),
        (("交易关闭", "交易关闭"), "closed"),
        (("已完成", "退款中"), "refunding"),
    ],
)
async def test_items_that_have_come_unequally_far(home: RecordsHome, states: tuple[str, ...], whole: str) -> None:
    rows = "".join(f"1,b,{state},杯子\n" for state in states)
    assert (await the_order(home, f"order_no,buyer_id,state,name\n{rows}")).state == whole


async def test_sums_that_differ_between_the_items_are_not_known(home: RecordsHome) -> None:
    order = await the_order(home, "order_no,buyer_id,state,name,amount,freight\n1,b,paid,茶,39,6\n1,b,paid,杯,20,6\n")
    assert (order.amount, order.freight) == (None, Decimal(6))


async def test_one_order_of_two_buyers_is_refused(home: RecordsHome) -> None:
    path = write(home.folder / "orders.csv", "order_no,买家ID,state\n1,anna,paid\n1,bert,paid\n")
    assert await problems_of(orders_in(home, "orders.csv")) == [
        f"{path}:3: 买家ID: another buyer of the same order than on line 2"
    ]


async def test_every_wrong_value_is_told_with_its_line_and_column(home: RecordsHome) -> None:
    path = write(
        home.folder / "orders.csv",
        "订单号,买家ID,订单状态,付款时间,商品名称,数量,实付金额\n"
        "1,b,锁定,2026-11-20,茶,1,39\n"
        "2,,待发货,昨天,茶,0,39.999\n"
        "3.30128E+18,b,待发货,,茶,1,39\n"
        ",b,待发货,,茶,1,39\n",
    )
    told = await problems_of(orders_in(home, "orders.csv"))
    expected = {
        f"{path}:2: 订单状态: is no state that is known here; write one of unpaid, paid, shipped, signed, closed, "
        "refunding, got '锁定'",
        f"{path}:3: 买家ID: is required and missing",
        f"{path}:3: 付款时间: is no time; write one such as 2026-11-11 20:00:00",
        f"{path}:3: 数量: Input should be greater than or equal to 1",
        f"{path}:3: 实付金额: has more than two decimals, got '39.999'",
        f"{path}:4: 订单号: was rounded by a spreadsheet; format the column as text and export again",
        f"{path}:5: 订单号: is required and missing",
    }
    assert set(told) == expected


async def test_problems_hold_nothing_of_a_buyer(home: RecordsHome) -> None:
    write(home.folder / "orders.csv", "order_no,buyer_id,state,phone,paid_at\n1,lin_xiaoyu,??,13900001234,林小雨\n")
    with pytest.raises(RecordsDown) as e:
        await orders_in(home, "orders.csv").start()
    assert not [word for word in ("lin_xiaoyu", "13900001234", "林小雨") if word in e.value.reason]


async def test_a_table_without_the_column_that_counts_says_what_to_call_it(home: RecordsHome) -> None:
    path = write(home.folder / "orders.csv", "订单好,买家\n1,b\n")
    assert await problems_of(orders_in(home, "orders.csv")) == [
        f"{path}:1: order_no: no such column; call it order_no、订单号、订单编号、主订单编号; did you mean '订单号'?. "
        "There are: 订单好、买家"
    ]


async def test_a_file_that_is_not_there_is_told(home: RecordsHome) -> None:
    (told,) = await problems_of(orders_in(home, "orders.csv"))
    assert told == f"{home.folder / 'orders.csv'}:1: cannot be read: No such file or directory"
    (told,) = await problems_of(orders_in(home, "orders/*.csv"))
    assert "orders/*.csv" in Path(told).as_posix()


async def test_a_damaged_encoding_is_told_and_not_guessed(home: RecordsHome) -> None:
    (home.folder / "orders.csv").write_bytes(ORDERS.encode() + b"\xff\xfe\n")
    told, *_ = await problems_of(orders_in(home, "orders.csv"))
    assert "2 places are not UTF-8" in told


async def test_a_broken_workbook_and_an_unknown_kind_are_told(home: RecordsHome) -> None:
    write(home.folder / "orders.xlsx", "no workbook")
    write(home.folder / "orders.xls", "")
    (told,) = await problems_of(orders_in(home, "orders.xlsx"))
    assert "is no .xlsx that can be read" in told
    (told,) = await problems_of(orders_in(home, "orders.xls"))
    assert "save it as .xlsx or .csv" in told


async def test_a_line_that_cannot_be_read_is_told(home: RecordsHome) -> None:
    path = write(home.folder / "orders.csv", f"order_no,buyer_id,state\n1,b,paid\n2,b,{'x' * 2000}\n")
    limit = csv.field_size_limit(1000)
    try:
        (told,) = await problems_of(orders_in(home, "orders.csv"))
    finally:
        csv.field_size_limit(limit)
    assert told == f"{path}:3: cannot be read: field larger than field limit (1000)"


async def test_the_names_of_the_columns_are_not_looked_for_all_the_way_down(home: RecordsHome) -> None:
    path = write(home.folder / "orders.csv", "标题,甲\n" * 20 + "order_no,buyer_id,state\n1,b,paid\n")
    (told,) = await problems_of(orders_in(home, "orders.csv"))
    assert told.startswith(f"{path}:1: order_no: no such column")


def test_size_charts_belong_to_products(home: RecordsHome) -> None:
    with pytest.raises(ValueError, match=r"belong to \[records\.products\]"):
        TableOrders(TableSettings.model_validate({"files": ["a.csv"], "sizes": "b.csv"}), home)


# Products ----------------------------------------------------------------------------------------------------------


async def test_a_line_for_each_sku(home: RecordsHome) -> None:
    write(home.folder / "products.csv", PRODUCTS)
    source = products_in(home, "products.csv")
    shirt, tea = await source.products("main")
    assert shirt == Product.model_validate(
        {
            "product_id": "C301",
            "name": "加绒连帽卫衣",
            "keywords": ["卫衣", "连帽卫衣"],
            "skus": [{"name": "黑色 M", "price": 159, "stock": 12}, {"name": "黑色 L", "price": 169, "stock": 0}],
            "stock": 12,
            "attributes": {"材质": "棉80%"},
        }
    )
    assert (tea.price, tea.stock, tea.skus, tea.attributes) == (Decimal(39), 86, (), {})
    assert await source.product("main", "T201") is tea


async def test_a_stock_that_is_not_told_for_every_sku_is_not_known(home: RecordsHome) -> None:
    write(home.folder / "products.csv", "商品ID,商品名称,规格,售价,库存\n1,茶,罐装,39,5\n1,茶,袋装,39,\n")
    (tea,) = await products_in(home, "products.csv").products("main")
    assert (tea.stock, tea.price) == (None, Decimal(39))


async def test_charts_and_questions_in_files_of_their_own(home: RecordsHome) -> None:
    write(home.folder / "products.csv", PRODUCTS)
    write(home.folder / "sizes.csv", '商品ID,尺码,身高,体重(斤),胸围\n"C301、T201",M,158-165,90-110,104cm\n')
    write(home.folder / "faq.csv", "商品ID,问题,回答\n*,能退吗,签收后七天内可以。\nT201,苦不苦,微苦回甘。\n")
    shirt, tea = await products_in(home, "products.csv", sizes="sizes.csv", faq="faq.csv").products("main")
    assert shirt.sizes[0].model_dump() == {
        "size": "M",
        "height": (158, 165),
        "weight": (45.0, 55.0),
        "extra": {"胸围": "104cm"},
    }
    assert [faq.question for faq in shirt.faq] == ["能退吗"]
    assert [faq.question for faq in tea.faq] == ["能退吗", "苦不苦"]


async def test_charts_and_questions_in_sheets_of_one_workbook(home: RecordsHome) -> None:
    book(
        home.folder / "goods.xlsx",
        商品=[["商品ID", "商品名称", "定制", "发货日期"], [301, "刻字杯", "是", datetime(2026, 12, 1)]],
        尺码=[["商品ID", "尺码", "weight"], [301, "大", "1-2"]],
        问答=[["商品ID", "问题", "回答"], [301, "能刻几个字", "最多八个字。"]],
    )
    (cup,) = await products_in(home, "goods.xlsx").products("main")
    assert (cup.product_id, cup.custom, cup.ships_on) == ("301", True, date(2026, 12, 1))
    assert (cup.sizes[0].weight, cup.faq[0].answer) == ((1.0, 2.0), "最多八个字。")


async def test_what_is_wrong_beside_the_products_is_told(home: RecordsHome) -> None:
    write(home.folder / "products.csv", PRODUCTS)
    sizes = write(home.folder / "sizes.csv", "商品ID,尺码,体重\nC302,M,90-110\n")
    faq = write(home.folder / "faq.csv", "商品ID,问题,回答\nT201,苦不苦,\n,甜不甜,不甜。\n")
    assert await problems_of(products_in(home, "products.csv", sizes="sizes.csv", faq="faq.csv")) == [
        f"{sizes}:2: 体重: has no unit that is known here: write one of kg, 公斤, 千克, 斤 behind it or into the"
        " column's name",
        f"{sizes}:2: 商品ID: no product has the id 'C302'; did you mean 'C301'?",
        f"{faq}:2: 回答: is required and missing",
        f"{faq}:3: 商品ID: is required and missing; * is for all products",
    ]


async def test_an_attribute_that_a_spreadsheet_has_cut_is_told(home: RecordsHome) -> None:
    book(home.folder / "goods.xlsx", 商品=[["商品ID", "商品名称", "属性:条码"], ["1", "茶", 6901234567890123456]])
    (told,) = await problems_of(products_in(home, "goods.xlsx"))
    assert told.startswith(f"{home.folder / 'goods.xlsx'}:2: 条码: is kept as a number, which spreadsheets cut")


async def test_the_same_products_are_the_same_tuple(home: RecordsHome, clock: ManualClock) -> None:
    write(home.folder / "products.csv", PRODUCTS)
    source = products_in(home, "products.csv")
    before = await source.products("main")
    await passes(clock, 60)
    assert await source.products("main") is before


# Watching ----------------------------------------------------------------------------------------------------------


async def test_a_changed_file_is_read_anew_within_a_second(home: RecordsHome, clock: ManualClock) -> None:
    path = write(home.folder / "orders.csv", "order_no,buyer_id,state\n1,b,paid\n")
    source = orders_in(home, "orders.csv")
    await source.start()
    write(path, "order_no,buyer_id,state\n1,b,shipped\n")
    assert [o.state for o in await source.orders_of("main", "b")] == ["paid"]
    await passes(clock, POLL)
    assert [o.state for o in await source.orders_of("main", "b")] == ["shipped"]


async def test_a_broken_version_leaves_the_one_before(
    home: RecordsHome, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(home.folder / "orders.csv", "order_no,buyer_id,state\n1,b,paid\n")
    source = orders_in(home, "orders.csv")
    await source.start()
    write(path, "order_no,buyer_id,state\n1,b,shipped\n2,b,nowhere\n")
    for _ in range(3):
        await passes(clock, POLL)
        assert [o.state for o in await source.orders_of("main", "b")] == ["paid"]
    assert capsys.readouterr().out.count("orders.csv:3: state") == 1
    write(path, "order_no,buyer_id,state\n1,b,shipped\n2,b,paid\n")
    await passes(clock, POLL)
    assert len(await source.orders_of("main", "b")) == 2


async def test_a_file_that_comes_late_is_found(home: RecordsHome, clock: ManualClock) -> None:
    source = orders_in(home, "orders.csv")
    for _ in range(2):
        with pytest.raises(RecordsDown, match="No such file"):
            await source.orders_of("main", "b")
    write(home.folder / "orders.csv", "order_no,buyer_id,state\n1,b,paid\n")
    await passes(clock, POLL)
    assert len(await source.orders_of("main", "b")) == 1


async def test_a_file_that_was_locked_is_tried_again_though_it_has_not_changed(
    home: RecordsHome, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home.folder / "orders.csv", "order_no,buyer_id,state\n1,b,paid\n")
    source = orders_in(home, "orders.csv")

    def locked(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", locked)
        with pytest.raises(RecordsDown, match="Permission denied"):
            await source.orders_of("main", "b")
    await passes(clock, AGAIN)
    assert len(await source.orders_of("main", "b")) == 1


# Any table ---------------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(codec="gb18030", categories=("L", "N")), min_size=1, max_size=8)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 99_999),
        NAMES.filter(lambda name: not name.startswith("'")),
        st.sampled_from(list(OrderState)),
        st.one_of(st.none(), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))),
        st.one_of(st.none(), st.decimals(0, 99_999, places=2)),
    ),
    unique_by=lambda row: row[0],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, encoding=st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]))
async def test_what_is_written_into_a_table_is_read_out_of_it(home: RecordsHome, rows: Any, encoding: str) -> None:
    cells = [
        [str(no), buyer, state, "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}", "" if yuan is None else str(yuan)]
        for no, buyer, state, at, yuan in rows
    ]
    text = as_csv([["订单号", "买家ID", "订单状态", "付款时间", "实付金额"], *cells])
    write(home.folder / "orders.csv", text, encoding)
    source = orders_in(home, "orders.csv")
    for no, buyer, state, at, yuan in rows:
        order = await source.order("main", str(no))
        assert order is not None
        assert (order.buyer_id, order.state, order.amount) == (buyer, state, yuan)
        assert order.paid_at == (None if at is None else at.replace(microsecond=0, tzinfo=ZONE))


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["订单号", "买家ID", "订单状态", "付款时间", "数量", "商品名称", "1", "b", "待发货", "2026-11-20", '"', '="1"']
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(st.binary(max_size=300), st.lists(st.lists(CELLS, max_size=6), max_size=6)),
    kind=st.sampled_from(["csv", "tsv", "xlsx"]),
)
async def test_any_file_is_a_table_or_is_told_to_be_none(home: RecordsHome, raw: Any, kind: str) -> None:
    data = raw if isinstance(raw, bytes) else "\n".join(",".join(row) for row in raw).encode("utf-8", "replace")
    (home.folder / f"orders.{kind}").write_bytes(data)
    try:
        await orders_in(home, f"orders.{kind}").start()
    except RecordsDown as e:
        told = e
    else:
        return
    assert told.problems
    assert all(problem.line >= 1 and problem.file for problem in told.problems)
