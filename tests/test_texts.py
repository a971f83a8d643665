"""Texts for buyers: filled from facts, withheld where a fact is missing, harmless whatever an operator writes."""

from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.facts import Shop
from autoreply.model import Reply
from autoreply.texts import Backed, MissingFact, Texts, UnknownText, check_text, fill, shown

SHOP = Shop.model_validate(
    {
        "shipping": {"cutoff": "16:00", "ship_from": "浙江嘉兴"},
        "freight": {"free_over": 39, "fee": "6.50", "excluded": ["西藏", "海南"]},
        "bargain": {"limit_percent": 0},
        "delivery": {"regions": [{"regions": ["新疆", "西藏"], "fee": 15}, {"regions": ["台湾"], "served": False}]},
    }
)


def filled(source: str, **values: Any) -> str:
    return fill(source, SHOP, values).text


# Filling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (time(16), "16:00"),
        (time(9, 5, 59), "09:05"),
        (date(2026, 12, 1), "12月1日"),
        (datetime(2026, 1, 10, 8), "1月10日"),
        (Decimal("59.00"), "59"),
        (Decimal("59.50"), "59.5"),
        (Decimal("0.00"), "0"),
        (Decimal("1E+2"), "100"),
        (0, "0"),
        (5.0, "5"),
        (99.9, "99.9"),
        (("中通", Decimal("1.10")), "中通、1.1"),
        ("满99减10", "满99减10"),
    ],
)
def test_facts_as_a_buyer_reads_them(value: object, text: str) -> None:
    assert shown(value) == text
    assert filled("{{ value }}", value=value) == text


def test_facts_of_the_shop_fill_a_text() -> None:
    assert filled("{{ shop.shipping.cutoff }}前付款，满{{ shop.freight.free_over }}元包邮") == "16:00前付款，满39元包邮"
    assert filled("{{ shop.freight.excluded | join('、') }}除外") == "西藏、海南除外"


def test_an_explicit_zero_is_a_fact() -> None:
    assert filled("最多{{ shop.bargain.limit_percent }}%") == "最多0%"


def test_choices_and_lists_of_facts() -> None:
    text = "{% for r in shop.delivery.regions if r.served %}{{ r.regions | join('、') }}{{ r.fee }}元{% endfor %}"
    assert filled(text) == "新疆、西藏15元"
    text = "{% if shop.cod.accepted is none %}无{% else %}有{% endif %}"
    assert filled(text) == "无"


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("赠品：{{ shop.gifts.text }}", "shop.gifts.text"),
        ("快递：{{ shop.couriers.default | join('、') }}", "shop.couriers.default"),
        ("质保：{{ shop.returns.warranty | join('、') }}", "not iterable"),
        ("{{ day }}发出", "day"),
        ("{{ shop.nothing.at_all }}", "has no attribute 'nothing'"),
        ("{{ shop.shipping.weekends }}", "shop.shipping.weekends"),
        ("{% if shop.gifts.text %}有赠品{% endif %}", "words"),
    ],
)
def test_without_its_fact_a_text_is_withheld(source: str, missing: str) -> None:
    with pytest.raises(MissingFact, match=missing):
        fill(source, SHOP, {})


@pytest.mark.parametrize("value", [None, "", (), []])
def test_a_value_that_says_nothing_withholds_its_text(value: object) -> None:
    with pytest.raises(MissingFact, match="day"):
        filled("{{ day }}发出", day=value)


# What backs it -----------------------------------------------------------------------------------------------------


def test_each_fact_brings_along_the_setting_that_backs_it() -> None:
    reply = fill("{{ day }}{{ shop.shipping.cutoff }}前", SHOP, {"day": Backed("今天", "shop.shipping.cutoff")})
    assert reply == Reply("今天16:00前", {"今天": "shop.shipping.cutoff", "16:00": "shop.shipping.cutoff"})


def test_facts_out_of_a_list_are_backed_too() -> None:
    reply = fill("{% for r in shop.delivery.regions if r.fee %}{{ r.fee }}元{% endfor %}", SHOP, {})
    assert reply.backed == {"15": "shop.delivery.regions.fee"}


def test_what_a_buyer_said_backs_nothing() -> None:
    assert fill("您要{{ city }}的", SHOP, {"city": "北京"}).backed == {}


def test_a_fact_is_never_a_template_itself() -> None:
    shop = Shop.model_validate({"gifts": {"text": "{{ shop.id }}"}})
    assert fill("送{{ shop.gifts.text }}", shop, {}).text == "送{{ shop.id }}"


# Variants ----------------------------------------------------------------------------------------------------------

TEXTS = Texts({"ship.today": ("一", "二", "三"), "ship.gift": ("送{{ shop.gifts.text }}", "好")})


def test_variants_take_turns_within_a_conversation() -> None:
    said = [TEXTS.fill("ship.today", SHOP, seed="conversation", used=n).text for n in range(6)]
    assert sorted(said[:3]) == sorted("一二三")
    assert said[3:] == said[:3]


def test_conversations_begin_with_different_variants() -> None:
    assert {TEXTS.fill("ship.today", SHOP, seed=f"c{n}").text for n in range(30)} == set("一二三")


def test_the_same_conversation_hears_the_same_after_a_restart() -> None:
    again = Texts({"ship.today": ("一", "二", "三")})
    assert [again.fill("ship.today", SHOP, seed="c").text] == [TEXTS.fill("ship.today", SHOP, seed="c").text]


def test_an_unknown_key_is_told() -> None:
    assert "ship.today" in TEXTS
    assert "ship.tomorrow" not in TEXTS
    with pytest.raises(UnknownText, match=r"ship\.tomorrow"):
        TEXTS.fill("ship.tomorrow", SHOP)


@given(st.text())
def test_any_conversation_id_chooses_a_variant(seed: str) -> None:
    assert TEXTS.fill("ship.today", SHOP, seed=seed).text in "一二三"


# What may stand in a text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ shop.__class__ }}", "not the name '__class__'"),
        ("{{ shop.name.__class__.__mro__ }}", "not the name '__mro__'"),
        ("{{ ''.join(shop.name) }}", "not 'call'"),
        ("{{ cycler.__init__.__globals__ }}", "not the name '__globals__'"),
        ("{% for a in range(999999) %}啊{% endfor %}", "not a loop over anything but a list of facts"),
        (
            "{% for a in shop.hours.days %}{% for b in shop.hours.days %}啊{% endfor %}{% endfor %}",
            "a loop within a loop",
        ),
        ("{{ '啊' * 999999999 }}", "not 'mul'"),
        ("{{ 9 ** 999999999 }}", "not 'pow'"),
        ("{{ 1 / 0 }}", "not 'div'"),
        ("{% set a = 1 %}{{ a }}", "not 'assign'"),
        ("{% include 'secrets' %}", "not 'include'"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "not 'macro'"),
        ("{{ shop.name | replace('a', 'b') }}", "not the filter 'replace'"),
        ("{{ shop['name'] }}", "not 'getitem'"),
        ("{{ shop.name", "unexpected end of template"),
        ("{% if shop.name %}", "Unexpected end of template"),
        ("{{ shop.freight.fre_over }}", "shop.freight has no 'fre_over'; did you mean 'free_over'?"),
        ("{% if shop.cod.acepted %}可以{% endif %}", "shop.cod has no 'acepted'; did you mean 'accepted'?"),
        ("{{ shop.name.upper }}", "shop.name has no 'upper'"),
        ("{{ shop.model_dump }}", "shop has no 'model_dump'"),
        ("{{ shop.freight }}", "shop.freight holds several facts; name one of them"),
        ("{{ shop.delivery.regions }}", "shop.delivery.regions holds several facts"),
        ("{% for r in shop.delivery.regions %}{{ r.fees }}{% endfor %}", "shop.delivery.regions has no 'fees'"),
        ("{% for r in shop.delivery.regions %}{{ r }}{% endfor %}", "shop.delivery.regions holds several facts"),
        ("{% for c in shop.name %}{{ c }}{% endfor %}", "shop.name is no list to go through"),
    ],
)
def test_what_a_text_has_no_use_for_is_refused(source: str, told: str) -> None:
    assert told in check_text(source)
    if "no list" not in told:  # a loop over letters does no harm
        with pytest.raises(MissingFact):
            fill(source, SHOP, {})


@pytest.mark.parametrize(
    "source",
    [
        "您好",
        "{{ shop.freight.free_over }}",
        "{{ shop.couriers.default | join('、') }}",
        "{{ shop.couriers.default }}",
        "{{ day }}",
        "{% if shop.freight.free_over == 0 %}包邮{% elif not shop.freight.fee %}{{ day }}{% else %}满额{% endif %}",
        "{% for r in shop.delivery.regions if r.served and r.fee %}{{ r.regions | join('、') }}{{ r.fee }}{% endfor %}",
    ],
)
def test_what_a_text_may_hold(source: str) -> None:
    assert check_text(source) == ""


def test_names_that_nothing_fills_in_are_told() -> None:
    assert check_text("{{ dya }}发出", ("day",)) == "'dya' is not filled in here; did you mean 'day'?"
    assert check_text("{{ day }}发出", ("day",)) == ""
    assert check_text("{% if day %}{{ shop.name }}{% endif %}", ()) == "'day' is not filled in here"


@given(st.text(st.sampled_from("{}%| ._shopifrend'\"0()[]好")))
def test_any_text_is_filled_or_withheld(source: str) -> None:
    with suppress(MissingFact):
        assert fill(source, SHOP, {}).text
    check_text(source)
