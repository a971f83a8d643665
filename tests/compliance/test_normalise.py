"""Disguised spellings fold to plain ones, and every place maps back to the text as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.compliance.normalise import fold, fold_word

NOISE = [" ", "\u3000", "\t", "\u200b", "\u200d", "\ufeff", "\u2060", "😊", "🎉", "-", "·", "*"]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("微 信", "微信"),
        ("微\u200b信", "微信"),
        ("薇伈", "微信"),
        ("微-信", "微信"),
        ("货😊到付款", "货到付款"),
        ("①③⑧", "138"),
        ("❶❸❽", "138"),
        ("ＶＸ", "vx"),
        ("鈈开發票", "不开发票"),
        ("囿货，嘚", "有货,得"),
        ("冇發票", "没发票"),
        ("唔开", "不开"),
        ("関閉取消", "关闭取消"),
        ("験証碼，剰２件", "验证码,剩2件"),
        ("嫃人，绝対", "真人,绝对"),
        ("五☆返现", "五星返现"),
        ("★★★★★有礼", "五星有礼"),
        ("微★信", "微信"),
        ("加[微笑]微[大哭]信", "加微信"),
        ("[加微信]", "加微信"),
        ("V❤", "v信"),
        ("１００％", "100%"),
        ("好的。\r\n再见", "好的。\n\n再见"),
    ],
)
def test_disguises_fold_to_the_plain_word(written: str, folded: str) -> None:
    assert fold(written).text == folded


def test_a_span_is_a_span_of_the_text_as_written() -> None:
    folded = fold("请加 微\u200b信 聊")
    at = folded.text.index("微信")
    start, end = folded.span(at, at + 2)
    assert folded.written[start:end] == "微\u200b信"


def test_emoji_are_counted_as_people_see_them() -> None:
    assert len(fold("好的😊").emoji) == 1
    assert len(fold("好的👍🏽").emoji) == 1
    assert len(fold("😊🎉").emoji) == 2
    assert fold("没有表情，①②③").emoji == []


def test_a_code_for_an_emoticon_counts_as_one_and_keeps_the_places() -> None:
    folded = fold("抱歉[大哭]，加微信")
    assert folded.emoji == [2]
    at = folded.text.index("微信")
    assert folded.written[slice(*folded.span(at, at + 2))] == "微信"


@given(st.text())
def test_folding_never_fails_and_maps_every_character_back(written: str) -> None:
    folded = fold(written)
    assert len(folded.origin) == len(folded.text) + 1
    assert all(0 <= i <= len(written) for i in folded.origin)
    assert list(folded.origin) == sorted(folded.origin)


@given(st.text())
def test_folding_twice_changes_nothing_more(written: str) -> None:
    once = fold_word(written)
    assert fold_word(once) == once


@given(st.text(alphabet="微信好评返现不开发票abc123", min_size=1), st.sampled_from(NOISE), st.data())
def test_noise_anywhere_vanishes(plain: str, noise: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(plain)))
    assert fold_word(plain[:at] + noise + plain[at:]) == fold_word(plain)
