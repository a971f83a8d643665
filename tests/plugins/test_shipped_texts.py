"""Every text of the shipped plugins, every variant, with ordinary and extreme facts: polite, and let through."""

import re
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from talks import catalogue, example_shop, handlers, rulebook, shop_with

from autoreply.canned import canned
from autoreply.compliance import Gate
from autoreply.facts import Shop
from autoreply.texts import Backed, fill

EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
LONG = "店铺首页领取的满一千九百九十九元减一百元并且可以和平台满减一起使用的新老顾客通用优惠券"
ORDINARY = {
    "day": Backed("今天", "shop.shipping.cutoff"),
    "next": Backed("11月23日（周一）", "shop.shipping.weekends"),
    "date": Backed(date(2027, 1, 10), "shop.shipping.presale"),
    "offers": Backed("花呗3、6、12期", "shop.instalment.providers"),
    "free": Backed("花呗3期", "shop.instalment.providers"),
    "kind": Backed("聚划算", "shop.instalment.excluded"),
    "percent": Backed(5, "shop.bargain.limit_percent"),
    "place": "乌鲁木齐",
    "days": Backed("2-4", "shop.delivery.days"),
    "couriers": Backed(["中通", "圆通"], "shop.couriers.default"),
    "courier": Backed("顺丰", "shop.couriers.on_request"),
    "pickup": Backed("下单页选择到店自提，凭取货码领取", "plugins.delivery.pickup"),
    "over": Backed(39, "shop.freight.free_over"),
    "missing": Backed("10.5", "shop.freight.free_over"),
    "excluded": Backed(["新疆", "西藏"], "shop.freight.excluded"),
    "fee": Backed(15, "shop.delivery.regions.fee"),
    "no": Backed("221****4567", "order:2210001112223334567"),
    "moment": Backed("3月13日10:00", "order:2210001112223334567"),
    "hours": Backed(120, "plugins.shipping.campaigns"),
    "first": Backed(date(2026, 11, 10), "plugins.shipping.campaigns"),
    "last": Backed(date(2026, 11, 12), "plugins.shipping.campaigns"),
    "by": Backed(date(2026, 11, 20), "plugins.shipping.campaigns"),
    "back": Backed("3月16日（周一）09:00", "shop.hours"),
    "tracking": Backed("YT7****8901", "order:1"),
    "event": Backed("快件已到达【杭州转运中心】", "order:1"),
    "number": Backed("221****4567", "order:1"),
    "goods": Backed("每日坚果 混合装 ×2 等3件", "product:1"),
    "address": Backed("浙江省 杭州市 西湖区****", "order:1"),
    "told": Backed("材质是纯棉，产地是浙江", "product:1"),
    "answer": Backed("面料做过预缩处理，正常水洗缩水率在3%以内", "product:1"),
    "choices": Backed("白色 M、蓝色 L", "product:1"),
    "choices_of": Backed("山岚白茶、山岚乌龙茶", "product:1"),
    "others": Backed("山岚乌龙茶（158元）", "product:1"),
    "url": Backed("https://item.taobao.com/item.htm?id=801", "product:1"),
    "size": Backed("L", "product:1"),
    "smaller": Backed("M", "product:1"),
    "larger": Backed("L", "product:1"),
    "each": Backed("89.5", "product:1"),
    "pieces": Backed(3, "product:1"),
    "total": Backed("268.5", "product:1"),
    "left": Backed("258.5", "plugins.prices"),
    "steps": Backed("店铺券（满99减10）减10元", "plugins.prices"),
    "offer": Backed("店铺券（满99减10）", "plugins.prices"),
    "sum": Backed("20", "order:1"),
}
CONNECTED = {"returns": {"warranty": "整机保修一年"}, "goods": {"authentic": "品牌授权书见店铺资质页"}}
"""What the example shop has not said and some texts need."""
DEAREST: dict[str, Any] = {
    "place": "博尔塔拉",
    "days": Backed("60-90", "shop.delivery.regions"),
    "over": Backed("99999999.99", "shop.freight.free_over"),
    "missing": Backed("99999999.98", "shop.freight.free_over"),
    "fee": Backed("0.01", "shop.delivery.regions.fee"),
    "excluded": "",
    "hours": Backed(1, "plugins.shipping.campaigns"),
    "moment": Backed("12月31日23:59", "plugins.shipping.campaigns"),
}
"""What the texts on delivery hold at the far end, besides ``ORDINARY``."""
MANY = [
    {"name": f"{name}信用卡", "periods": list(range(1, 37)), "interest_free": [1, 36]} for name in ("甲银行", "乙银行")
]
EXTREMES: list[tuple[Shop, dict[str, Any]]] = [
    (shop_with(**CONNECTED), ORDINARY),
    (
        shop_with(
            **CONNECTED,
            shipping={"cutoff": "00:00:00", "within_hours": 1},
            invoice={"within_days": 0, "resend_days": 0},
            instalment={"threshold": 0, "providers": MANY},
            bargain={"gift": "一", "coupon": "券"},
        ),
        ORDINARY
        | {
            "day": Backed("后天", "shop.shipping.cutoff"),
            "next": Backed("明天", "shop.shipping.weekends"),
            "percent": Backed("0.01", "shop.bargain.limit_percent"),
            "offers": Backed(f"甲银行信用卡{'、'.join(map(str, range(1, 37)))}期", "shop.instalment.providers"),
            "free": Backed("甲银行信用卡1、36期，乙银行信用卡1、36期", "shop.instalment.providers"),
        },
    ),
    (
        shop_with(
            **CONNECTED,
            shipping={"cutoff": "23:59:59", "within_hours": 720},
            invoice={"kinds": ["电子普通发票", "纸质普通发票", "专用发票"], "within_days": 90, "resend_days": 90},
            instalment={"threshold": "99999999.99"},
            bargain={"gift": LONG, "coupon": LONG, "limit_percent": 50},
        ),
        ORDINARY
        | {
            "day": Backed("12月31日（周四）", "shop.shipping.cutoff"),
            "date": Backed(date(2026, 12, 31), "shop.shipping.presale"),
            "kind": Backed("限时折扣", "shop.instalment.excluded"),
            "percent": Backed(50, "shop.bargain.limit_percent"),
        }
        | DEAREST,
    ),
]
OWN = sorted(slug for slug, bound in handlers().items() if bound.handler is not canned)
TEXTS = [(slug, name) for slug in OWN for name in catalogue().intents[slug].answers]


@lru_cache
def gate_of(shop: Shop) -> Gate:
    return Gate(rulebook(), shop)


def variants(slug: str, name: str) -> tuple[str, ...]:
    return catalogue().intents[slug].answers[name]


def test_these_are_the_plugins_and_the_gate_is_awake() -> None:
    assert {"credit_card", "haggling", "instalment", "invoice", "shipping_time", "urge_shipping"} <= set(OWN)
    assert {"delivery_time", "courier", "free_shipping", "ship_from"} <= set(OWN)
    assert {"greeting", "thanks", "bye", "ack", "human", "review", "complaint", "contact"} <= set(OWN)
    assert len(TEXTS) > 30
    gate = gate_of(example_shop())
    for text in ("特价商品不开发票", "开票要加6个点", "今天一定发出", "信用卡要收手续费的"):
        assert gate.check(text).action in ("block", "rewrite"), text


@pytest.mark.parametrize(("slug", "name"), TEXTS)
@pytest.mark.parametrize("facts", range(len(EXTREMES)))
def test_the_gate_lets_every_text_through_as_it_is(slug: str, name: str, facts: int) -> None:
    shop, values = EXTREMES[facts]
    for text in variants(slug, name):
        reply = fill(text, shop, values)
        verdict = gate_of(shop).check(reply.text, backed=reply.backed)
        assert verdict.action in ("pass", "warn"), (reply.text, verdict.findings)
        assert verdict.text == reply.text
        assert len(reply.text) < 400


@pytest.mark.parametrize(("slug", "name"), TEXTS)
def test_three_ways_to_say_it_politely(slug: str, name: str) -> None:
    texts = variants(slug, name)
    assert len(set(texts)) == len(texts) >= 3
    plain = any("抱歉" in text or "退款" in text for text in texts)
    assert {len(EMOJI.findall(text)) for text in texts} == ({0} if plain else {0, 1})
    for text in texts:
        assert "你" not in text.replace("您", "")
        assert not any(word in text for word in ("肯定", "保证", "绝对", "一定", "哦", "亲亲"))
        assert "您" in text, text
        assert text[-1] in "。？😊"


@pytest.mark.parametrize("name", [name for slug, name in TEXTS if slug == "invoice"])
def test_every_text_on_invoices_says_that_one_can_be_had(name: str) -> None:
    for text in variants("invoice", name):
        reply = fill(text, example_shop(), ORDINARY)
        asked = frozenset(duty.duty for duty in gate_of(example_shop()).duties("可以开发票吗"))
        assert asked, "a question for an invoice is no duty any more"
        verdict = gate_of(example_shop()).check(reply.text, backed=reply.backed, duties=asked)
        assert verdict.action in ("pass", "warn"), (reply.text, verdict.findings)


def test_values_stand_in_every_variant_or_in_none() -> None:
    """Which variant a buyer gets is chance; what it says must not be."""
    for slug, name in TEXTS:
        if slug != "invoice":
            used = [set(re.findall(r"\{\{ (?!shop)(\w+)", text)) for text in variants(slug, name)]
            assert all(each == used[0] for each in used), (slug, name)
