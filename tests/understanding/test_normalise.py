"""Buyers' text is folded; what they paste becomes a marker; every character finds its way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.understanding.normalise import CARD, LINK, MAX_CHARS, ORDER, PHONE, normalise

ANY_TEXT = st.text(st.characters(), max_size=300)
"""Any code point, lone surrogates too."""


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("請問這個還發貨嗎", "请问这个还发货吗"),
        ("好好好好好", "好好"),
        ("在吗！！！！", "在吗!"),
        ("1000000块", "1000000块"),
        ("㎏", "kg"),
        ("零\u200b宽\ufeff字", "零宽字"),
        ("坏\ud800字", "坏字"),
        ("好的/:^_^", "好的"),
        ("好的#E-s[数字x]", "好的"),
        ("[微笑]收到", "收到"),
        ("收到👌🏻", "收到"),
        ("拍了[数字x]件", "拍了#件"),
    ],
)
def test_folds_what_means_the_same(written: str, clean: str) -> None:
    assert normalise(written).clean == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("看这个 https://item.example.com/i.htm?id=12&x=a 有吗", f"看这个 {LINK} 有吗"),
        ("打 13900001111 找我", f"打 {PHONE} 找我"),
        ("单号 7788990011223344", f"单号 {ORDER}"),
        ("运单YT1234567890123查一下", f"运单{ORDER}查一下"),
        ("订单编号:[订单x]，订单金额:[金额x]，下单时间:[日期x] [时间x] 退吗", f"{CARD} 退吗"),
        ("咨询订单号:900100200300 商品ID:7001 有破损", f"{CARD} 有破损"),
    ],
)
def test_pasted_things_become_one_marker(written: str, clean: str) -> None:
    assert normalise(written).clean == clean


def test_a_span_of_clean_text_leads_back_to_the_text_as_written() -> None:
    written = "單號１２３４５６７８９０１２３，哈哈哈哈哈發貨"
    normal = normalise(written)
    at = normal.clean.index("发货")
    assert written[slice(*normal.span(at, at + 2))] == "發貨"
    at = normal.clean.index(ORDER)
    assert written[slice(*normal.span(at, at + 1))] == "１２３４５６７８９０１２３"


@given(ANY_TEXT)
def test_never_raises_and_every_character_has_a_place(text: str) -> None:
    normal = normalise(text)
    assert len(normal.clean) == len(normal.starts) == len(normal.ends)
    for i in range(len(normal.clean)):
        start, end = normal.span(i, i + 1)
        assert 0 <= start < end <= len(text)


@given(ANY_TEXT)
def test_clean_text_can_be_stored_and_shown(text: str) -> None:
    clean = normalise(text).clean
    clean.encode()
    assert not any(ord(c) < 32 and c != "\n" for c in clean)


def test_reads_a_bounded_part_of_a_long_message() -> None:
    assert len(normalise("发货" * 5000).clean) <= MAX_CHARS
