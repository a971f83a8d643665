"""What a buyer may read of an order, and times that always carry a zone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autoreply.records import Order, OrderState, Product, SizeRow
from autoreply.records.model import in_zone

from .conftest import ZONE


def order(**more: Any) -> Order:
    return Order.model_validate(
        {"order_no": "3301280046512907001", "buyer_id": "lin_xiaoyu", "state": "paid", **more}, context=in_zone(ZONE)
    )


def test_numbers_show_three_signs_in_front_and_four_behind() -> None:
    seen = order(tracking_no="SF1234567890123", phone="13900001234")
    assert (seen.masked_no, seen.masked_tracking, seen.masked_phone) == ("330****7001", "SF1****0123", "139****1234")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613900001234", "139****1234"),
        ("86 139 0000 1234", "139****1234"),
        ("13900001234-5678", "139****1234"),  # the platforms' numbers with an extension
        ("139****1234", "139****1234"),
        ("0571-88881234", "057****1234"),
        ("8888", "8****"),
        ("", ""),
    ],
)
def test_phones_are_masked_however_they_are_written(phone: str, masked: str) -> None:
    assert order(phone=phone).masked_phone == masked


@pytest.mark.parametrize(("name", "masked"), [("张三", "张*"), ("欧阳小小", "欧*"), ("李", "*"), ("", "")])
def test_a_receiver_is_the_first_sign_and_a_star(name: str, masked: str) -> None:
    assert order(receiver=name).masked_receiver == masked


@pytest.mark.parametrize(
    ("province", "city", "address", "masked"),
    [
        ("浙江省", "杭州市", "西湖区桂花里8幢302", "浙江省 杭州市 西湖区****"),
        ("浙江省", "杭州市", "浙江省 杭州市 西湖区桂花里8幢302", "浙江省 杭州市 西湖区****"),
        ("", "", "广西壮族自治区南宁市青秀区长湖路 9 号", "广西壮族自治区 南宁市 青秀区****"),
        ("", "", "上海市静安区愚园路1号", "上海市 静安区****"),
        ("广东", "深圳", "88号大厦3层5座", "广东 深圳 ****"),
        ("广东", "深圳", "南山村1号", "广东 深圳 ****"),
        ("浙江省", "杭州市", "", "浙江省 杭州市"),
        ("", "", "", ""),
    ],
)
def test_an_address_shows_the_city_and_never_a_number(province: str, city: str, address: str, masked: str) -> None:
    assert order(province=province, city=city, address=address).masked_address == masked


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=40))
def test_nothing_private_survives_masking(phone: str, receiver: str, address: str) -> None:
    seen = order(phone=phone, receiver=receiver, address=address)
    for private, masked in ((seen.phone, seen.masked_phone), (seen.receiver, seen.masked_receiver)):
        assert masked == "" or masked != private or set(private) <= set("*") or "****" in private
    assert len(seen.masked_receiver) <= 2
    assert not any(c.isdigit() for c in seen.masked_address)


def test_what_is_private_is_not_in_the_repr() -> None:
    seen = repr(order(phone="13900001234", receiver="林小雨", address="西湖区桂花里8幢", invoice_title="示例公司"))
    assert not [word for word in ("13900001234", "林小雨", "桂花里", "示例公司") if word in seen]


def test_a_time_without_a_zone_is_the_shops() -> None:
    assert order(paid_at="2026-11-20 10:00:00").paid_at == datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert order(paid_at=datetime(2026, 11, 20, 10)).paid_at == datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_a_time_with_a_zone_is_told_in_the_shops() -> None:
    paid_at = order(paid_at="2026-11-20T02:00:00Z").paid_at
    assert paid_at is not None
    assert (paid_at.hour, paid_at.tzinfo) == (10, ZONE)


def test_a_time_without_a_zone_and_without_a_shop_is_refused() -> None:
    with pytest.raises(ValidationError, match="has no time zone"):
        Order(order_no="1", buyer_id="b", state=OrderState.PAID, paid_at=datetime(2026, 11, 20))
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert Order(order_no="1", buyer_id="b", state=OrderState.PAID, paid_at=at).paid_at == at


@pytest.mark.parametrize("value", [1_760_000_000, "1760000000", 45972.5, "20261120"])
def test_a_bare_number_is_no_time(value: object) -> None:
    with pytest.raises(ValidationError, match="bare number"):
        order(paid_at=value)


def test_a_chart_with_its_ends_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValidationError, match="write the smaller one first"):
        SizeRow(size="M", height=(165, 160))


def test_two_skus_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="same name: 白色"):
        Product.model_validate({"product_id": "1", "name": "杯子", "skus": [{"name": "白色"}, {"name": "白色"}]})
