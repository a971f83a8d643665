"""Order data is for the account that bought, and for no other that looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.compliance import Gate


@pytest.mark.parametrize(
    ("conversation", "order"),
    [
        ("xiaoai11llll", "xiaoai1lllll"),
        ("xiaoai11llll", "xiaoaiIIllll"),
        ("mimi2O", "mimi20"),
        ("ａｂｃ", "abc"),
        ("abc\u200b", "abc"),
        ("аbс", "abc"),
        ("corner", "comer"),
    ],
)
def test_a_lookalike_is_refused_and_reported(gate: Gate, conversation: str, order: str) -> None:
    identity = gate.identity(conversation, order)
    assert not identity
    assert identity.lookalike


def test_the_same_id_is_the_same(gate: Gate) -> None:
    assert gate.identity("小爱11llll", "小爱11llll")
    assert not gate.identity("小爱", "小艾")
    assert not gate.identity("小爱", "小艾").lookalike


def test_nobody_is_known_by_an_empty_id(gate: Gate) -> None:
    assert not gate.identity("", "")


@given(st.text(), st.text())
def test_equal_codepoints_and_nothing_else(one: str, other: str) -> None:
    from autoreply.compliance.identity import compare

    assert bool(compare(one, other)) == (one == other != "")
