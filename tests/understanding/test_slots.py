"""Facts in a text: what is found, what it is worth, and where it stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.model import Slot
from autoreply.understanding.normalise import normalise
from autoreply.understanding.slots import find_slots

from .test_normalise import ANY_TEXT


def slots(text: str) -> tuple[Slot, ...]:
    return find_slots(text, normalise(text))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("给你六十八块", "amount", 68),
        ("五块八卖不", "amount", 5.8),
        ("￥128.50对吗", "amount", 128.5),
        ("两百三十元", "amount", 230),
        ("一万二块钱", "amount", 12000),
        ("能打八五折吗", "percentage", 15),
        ("便宜10%吧", "percentage", 10),
        ("拿三件", "pieces", 3),
        ("十二盒", "pieces", 12),
        ("俩双", "pieces", 2),
        ("分12期", "periods", 12),
        ("六期免息不", "periods", 6),
        ("48小时了", "hours", 48),
        ("等了三天", "days", 3),
        ("後天在家", "day", 2),
        ("前天拍的", "day", -2),
        ("礼拜天送", "weekday", 7),
        ("12月5号前", "date", "12-05"),
        ("2027年1月3日", "date", "2027-01-03"),
        ("十月十号", "date", "10-10"),
        ("8号要用", "date", "08"),
        ("中秋节送礼", "festival", "中秋节"),
        ("寄到乌鲁木齐", "province", "新疆"),
        ("寄到乌鲁木齐", "city", "乌鲁木齐"),
        ("內蒙古到吗", "province", "内蒙古"),
        ("换成韵达", "courier", "韵达"),
        ("SF行不", "courier", "顺丰"),
        ("要XXL的", "size", "XXL"),
        ("有42码吗", "size", "42码"),
        ("酒红色还有没", "colour", "酒红色"),
        ("打13900001111", "phone", "139****1111"),
        ("订单７７８８９９００１１２２３３４４", "order", "７７８８９９００１１２２３３４４"),
    ],
)
def test_finds(text: str, name: str, value: str | float) -> None:
    assert (name, value) in {(s.name, s.value) for s in slots(text)}


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("期待你们回复", "periods"),
        ("一号色好看", "date"),
        ("没有数字的一句话", "amount"),
        ("我想要红包", "colour"),
    ],
)
def test_does_not_find(text: str, absent: str) -> None:
    assert absent not in {s.name for s in slots(text)}


def test_a_phone_number_is_masked() -> None:
    assert not any("13900001111" in str(s.value) for s in slots("收货人电话 13900001111"))


def test_slots_come_in_order_with_their_place_in_the_text_as_written() -> None:
    text = "３件　黑色，後天發圓通"
    assert [(s.name, text[s.start : s.end]) for s in slots(text)] == [
        ("pieces", "３件"),
        ("colour", "黑色"),
        ("day", "後天"),
        ("courier", "圓通"),
    ]


@given(ANY_TEXT)
def test_never_raises_and_spans_are_inside_the_text(text: str) -> None:
    for slot in slots(text):
        assert 0 <= slot.start < slot.end <= len(text)


@given(st.text(st.sampled_from("零一二两三十百千万点折期月号日天块元件%./-¥0123456789"), max_size=60))
def test_never_raises_on_any_heap_of_numerals(text: str) -> None:
    for slot in slots(text):
        assert slot.value != ""
