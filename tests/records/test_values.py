"""Cells as exports write them."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.records import values
from autoreply.records.model import OrderState


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ('="3301280046512907001"', "3301280046512907001"),
        ("'3301280046512907001", "3301280046512907001"),
        ("\t3301280046512907001\t", "3301280046512907001"),
        (330128004651290, "330128004651290"),
        (12.0, "12"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20), "2026-11-20"),
    ],
)
def test_texts(cell: object, read: str) -> None:
    assert values.text(cell) == read


@pytest.mark.parametrize("cell", ["3.30128E+18", "3E+17", 3301280046512907001, 3.301280046512907e18])
def test_a_number_that_a_spreadsheet_has_cut_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="format the column as text"):
        values.identifier(cell)


@pytest.mark.parametrize(
    ("cell", "yuan"),
    [
        *(("19.9", "19.90"), ("¥1,234.50", "1234.50"), ("￥12", "12"), ("１２元", "12"), (12.5, "12.5")),
        *((Decimal("12.3000"), "12.30"), (0.1 + 0.2, "0.30"), ("0", "0")),
    ],
)
def test_amounts(cell: object, yuan: str) -> None:
    assert values.money(cell) == Decimal(yuan)


@pytest.mark.parametrize("cell", ["面议", "12.345", "nan", float("nan"), float("inf"), "", "1e99", "12-15"])
def test_what_is_no_amount(cell: object) -> None:
    with pytest.raises(ValueError, match=r"is no amount|more than two decimals"):
        values.money(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-11-20 08:05:00", "2026/11/20 8:05", "2026-11-20T08:05", "2026年11月20日 8时5分"),
        *(
            "2026.11.20 08:05:00.000",
            "2026-11-20\t08:05:00",
            "２０２６－１１－２０ ０８：０５",
            datetime(2026, 11, 20, 8, 5),
        ),
    ],
)
def test_times(cell: object) -> None:
    assert values.moment(cell) == datetime(2026, 11, 20, 8, 5)


def test_a_time_may_bring_its_zone() -> None:
    assert values.moment("2026-11-20T08:05:00+08:00") == datetime(2026, 11, 20, 0, 5, tzinfo=UTC)
    assert values.day("2026-11-20 08:05:00") == date(2026, 11, 20)


@pytest.mark.parametrize("cell", ["明天", "46000.5", "20-11-2026", "2026-13-01", "2026-11-20 25:00"])
def test_what_is_no_time(cell: object) -> None:
    with pytest.raises(ValueError, match=r"is no time|must be in"):
        values.moment(cell)


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        *(("等待买家付款", "unpaid"), ("待支付", "unpaid"), ("未付款", "unpaid")),
        *(("买家已付款,等待卖家发货", "paid"), ("待发货", "paid"), ("等待出库", "paid"), ("支付成功", "paid")),
        *(("卖家已发货，等待买家确认", "shipped"), ("已发货,待收货", "shipped"), ("等待确认收货", "shipped")),
        *(("待收货", "shipped"), ("卖家部分发货", "shipped"), ("未签收", "shipped"), ("待签收", "shipped")),
        *(("交易成功", "signed"), ("已签收", "signed"), ("已完成", "signed"), ("已收货", "signed")),
        *(("交易关闭", "closed"), ("已取消", "closed"), ("已发货，退款成功", "closed")),
        *(
            ("退款中", "refunding"),
            ("售后处理中", "refunding"),
            ("已发货，退款关闭", "shipped"),
            ("待发货(无售后)", "paid"),
        ),
        *(("shipped", "shipped"), ("Signed", "signed")),
    ],
)
def test_states_as_the_platforms_word_them(cell: str, state: str) -> None:
    assert values.state(cell) is OrderState(state)


def test_an_unknown_state_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="no state that is known here; write one of unpaid, paid"):
        values.state("锁定")


@pytest.mark.parametrize(
    ("cell", "height"), [("160-165", (160, 165)), ("1.6~1.65米", (160, 165)), ("160cm至165cm", (160, 165))]
)
def test_heights(cell: str, height: tuple[int, int]) -> None:
    assert values.height(cell) == height


def test_weights_are_kept_in_kg() -> None:
    assert values.weight("90-100斤") == (45.0, 50.0)
    assert values.weight("90 — 100", "斤") == (45.0, 50.0)
    assert values.weight("45-50kg", "斤") == (45.0, 50.0)


def test_a_weight_without_a_unit_may_be_either_and_is_refused() -> None:
    with pytest.raises(ValueError, match="has no unit that is known here"):
        values.weight("90-100")


@pytest.mark.parametrize("cell", ["均码", "160以上", "160-", "-"])
def test_what_is_no_range(cell: str) -> None:
    with pytest.raises(ValueError, match="is no range"):
        values.height(cell)


def test_words_and_answers() -> None:
    assert values.words("卫衣、连帽卫衣，外套;") == ("卫衣", "连帽卫衣", "外套")
    assert (values.yes_or_no("是"), values.yes_or_no("否"), values.yes_or_no(True), values.yes_or_no(0)) == (
        *(True, False, True, False),
    )
    with pytest.raises(ValueError, match="neither 是 nor 否"):
        values.yes_or_no("也许")


@given(
    st.sampled_from([*values.ORDER.values(), *values.PRODUCT.values(), values.height, values.weight]),
    st.one_of(st.text(), st.integers(), st.floats(), st.datetimes(), st.dates(), st.booleans(), st.decimals()),
)
def test_any_cell_has_a_value_or_is_refused(reader: values.Reader, cell: object) -> None:
    with suppress(ValueError):
        assert reader(cell) is not None


@given(st.decimals(0, 99_999_999, places=2), st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_what_is_written_is_read(amount: Decimal, at: datetime) -> None:
    assert values.money(f"¥{amount:,}") == amount
    assert values.moment(at.isoformat(" ")) == at.replace(microsecond=0)
