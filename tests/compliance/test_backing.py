"""A claim that a setting or record backs passes and is told with it; any other is a finding."""

from datetime import time

import pytest

from autoreply.compliance import Gate, Rulebook
from autoreply.compliance.backing import numbers
from autoreply.facts import (
    Card,
    Cod,
    Couriers,
    Freight,
    Gifts,
    Instalment,
    InstalmentProvider,
    PriceProtection,
    Promotion,
    Returns,
    Shipping,
    Shop,
)
from autoreply.model import Action


@pytest.fixture(scope="module")
def shop(rulebook: Rulebook) -> Gate:
    """A shop that has said everything."""
    return Gate(
        rulebook,
        Shop(
            shipping=Shipping(cutoff=time(16), within_hours=48),
            couriers=Couriers(default=("中通",), on_request=("顺丰",)),
            freight=Freight(free_over=0, excluded=("新疆", "西藏")),
            instalment=Instalment(providers=(InstalmentProvider(name="花呗", periods=(3, 6), interest_free=(3,)),)),
            cod=Cod(accepted=True),
            gifts=Gifts(text="每单送一双一次性手套"),
            promotion=Promotion(text="满99减10"),
            price_protection=PriceProtection(days=7),
            returns=Returns(warranty="整机保修一年"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("可以货到付款的。", "shop.cod.accepted"),
        ("给您包邮的。", "shop.freight"),
        ("支持花呗3期免息。", "shop.instalment.providers"),
        ("支持花呗六期分期。", "shop.instalment.providers"),
        ("每单送您一双一次性手套。", "shop.gifts.text"),
        ("这款整机保修一年。", "shop.returns.warranty"),
        ("七天内降价给您补差价。", "shop.price_protection.days"),
        ("默认发中通快递。", "shop.couriers"),
        ("48小时之内发货。", "shop.shipping.within_hours"),
        ("满99减10的券在首页。", "shop.promotion.text"),
    ],
)
def test_what_the_shop_has_said_passes_and_names_the_setting(shop: Gate, text: str, setting: str) -> None:
    verdict = shop.check(text)
    assert verdict.action is Action.PASS
    assert setting in {b.backing for b in verdict.backed}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("非常抱歉，不支持货到付款。", "cod"),
        ("新疆也给您包邮。", "free-shipping"),
        ("支持花呗6期免息。", "instalment"),
        ("支持花呗12期分期。", "instalment"),
        ("白条可以分6期。", "instalment"),
        ("给您送一个保温杯。", "promise"),
        ("这款保修三年。", "promise"),
        ("统一发韵达快递。", "style-unified"),
        ("24小时内发货。", "style-unified"),
        ("满199减50的券在首页。", "style-unified"),
    ],
)
def test_what_differs_from_it_is_blocked(shop: Gate, text: str, rule: str) -> None:
    verdict = shop.check(text)
    assert verdict.action is Action.BLOCK
    assert rule in verdict.rules


@pytest.mark.parametrize("text", ["默认发韵达快递。", "48小时之内发货。", "满99减10的券在首页。", "满39包邮。"])
def test_a_shop_that_has_said_nothing_is_not_contradicted(gate: Gate, text: str) -> None:
    assert gate.check(text).action is Action.PASS


def test_a_card_may_be_refused_only_where_the_settings_switch_it_off(rulebook: Rulebook, gate: Gate) -> None:
    text = "非常抱歉，这个类目暂不支持信用卡付款。"
    assert gate.check(text).rules == ("card-refuse",)
    assert Gate(rulebook, Shop(card=Card(accepted=False))).check(text).action is Action.PASS


def test_a_phrase_that_the_host_filled_in_backs_what_it_covers(gate: Gate) -> None:
    text = "16:00前付款，今天就能发出。"
    assert gate.check(text).rules == ("promise",)
    verdict = gate.check(text, backed={"今天": "shop.shipping.cutoff", "16:00": "shop.shipping.cutoff"})
    assert verdict.action is Action.PASS
    assert {b.backing for b in verdict.backed} == {"shop.shipping.cutoff"}
    assert gate.check(text, backed={"16:00": "shop.shipping.cutoff"}).action is Action.BLOCK


def test_a_backed_phrase_lifts_no_rule_that_needs_no_facts(gate: Gate) -> None:
    assert gate.check("加我微信", backed={"微信": "shop.x"}).rules == ("off-contact",)


def test_numbers_are_read_in_digits_and_in_chinese() -> None:
    assert numbers("分12期，十二期，二十四期，一百零五元，三千两百") == [12, 12, 24, 105, 3200]


def test_a_gift_may_be_described_at_length(rulebook: Rulebook) -> None:
    gift = "每单送您一份试吃装" + "、".join(f"坚果{n}号" for n in range(40))
    assert len(gift) > 200
    assert Gate(rulebook, Shop(gifts=Gifts(text=gift))).check(f"{gift}。").action is Action.PASS
    assert Gate(rulebook, Shop(gifts=Gifts(text="每单送湿巾"))).check(f"{gift}。").action is Action.BLOCK
