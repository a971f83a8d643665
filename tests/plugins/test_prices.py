"""Prices, coupons, gifts, price protection: sums that are explained, offers that exist, and a person for money back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError
from talks import WEDNESDAY, Talk, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour
from autoreply.pipeline import Result
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderItem, OrderState, Product, Sku
from autoreply.testing import FakeOrders, FakeProducts

NOW = WEDNESDAY.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
NUTS = Product(product_id="1", name="每日坚果礼盒", keywords=("坚果",), price="89.50")
TEA = Product(
    product_id="2",
    name="山岚白茶",
    keywords=("白茶",),
    skus=(Sku(name="小罐", price="60"), Sku(name="大罐", price="110")),
)
COUPON = {"name": "店铺券", "over": 99, "off": 10}
FULL = {"name": "满减", "over": 300, "off": 50, "repeats": True}


def offering(**settings: Any) -> tuple[Any, Any]:
    """The handlers' settings model of the shipped plugin, filled."""
    bound = make_brain().handlers["price"]
    return bound, type(bound.settings).model_validate(settings)


def talk(products: tuple[Product, ...] = (NUTS, TEA), orders: tuple[Order, ...] = (), **settings: Any) -> Talk:
    brain = make_brain()
    _, given = offering(**settings)
    own = {s: replace(brain.handlers[s], settings=given) for s in ("price", "promotion", "gift", "price_protection")}
    records = Records(orders=FakeOrders(orders), products=FakeProducts(products))
    return Talk(replace(brain, handlers={**brain.handlers, **own}, records=records))


def said(chat: Talk, line: str, *slugs: str) -> tuple[str, str, Result]:
    result = passes(chat.say(line, *slugs))
    return key_of(chat, result), text_of(result), result


# Price -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("坚果多少钱", "price.each", "89.5元"),
        ("白茶大罐多少钱", "price.each", "110元"),
        ("坚果3盒一共多少", "price.total", "268.5元"),
    ],
)
def test_the_price_is_the_records(line: str, key: str, words: str) -> None:
    got, text, _ = said(talk(), line, "price")
    assert (got, words in text) == (key, True)


@pytest.mark.parametrize("line", ["多少钱", "白茶怎么卖"])
def test_where_no_record_says_one_price_the_page_does(line: str) -> None:
    assert said(talk(), line, "price")[0] == "price.default"


def test_a_price_that_is_questioned_goes_to_a_person() -> None:
    assert said(talk(), "坚果怎么涨价了", "price")[2].behaviour is Behaviour.ESCALATE


def test_a_total_tells_what_comes_off_step_by_step() -> None:
    key, text, _ = said(talk(full=[FULL], coupons=[COUPON], stack=True), "坚果8盒多少钱", "price")
    assert key == "price.total_off"
    assert all(words in text for words in ("716元", "满减（每满300减50）减100元", "店铺券（满99减10）减10元", "606元"))


# Offers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "amount", "left", "names"),
    [
        ({"full": [FULL], "coupons": [COUPON], "stack": True}, 700, 590, 2),
        ({"full": [FULL], "coupons": [COUPON]}, 700, 600, 1),
        ({"full": [FULL], "coupons": [COUPON]}, 250, 240, 1),
        ({"full": [{"over": 300, "off": 50}]}, 700, 650, 1),
        ({"full": [FULL | {"over": 100, "off": 40}], "coupons": [COUPON], "stack": True}, 120, 80, 1),
        ({"coupons": [COUPON, {"name": "大券", "over": 199, "off": 30}]}, 200, 170, 1),
        ({}, 700, 700, 0),
    ],
)
def test_sums(settings: dict[str, Any], amount: int, left: int, names: int) -> None:
    chat = talk(**settings)
    result = chat.say(f"买{amount}元能优惠多少", "promotion")
    text = text_of(passes(result))
    assert (f"{left}元" in text) == bool(names)
    assert text.count("减") >= names * 2 or not names


def test_what_is_missing_to_the_next_offer_is_told() -> None:
    key, text, _ = said(talk(coupons=[COUPON]), "我买80元的有优惠吗", "promotion")
    assert (key, "19元" in text) == ("promotion.short", True)


def test_only_offers_that_exist_are_named() -> None:
    assert said(talk(), "有优惠券吗", "promotion")[0] == "promotion.default"
    key, text, _ = said(talk(full=[FULL], coupons=[COUPON]), "有优惠券吗", "promotion")
    assert (key, "店铺券（满99减10）" in text) == ("promotion.offers", True)
    assert (
        said(talk(full=[FULL], coupons=[COUPON], stack=True), "券能叠加吗", "promotion")[0] == "promotion.offers_stack"
    )


def test_a_discount_that_did_not_apply_goes_to_a_person() -> None:
    assert said(talk(coupons=[COUPON]), "券怎么用不了", "promotion")[2].behaviour is Behaviour.ESCALATE


@pytest.mark.parametrize("wrong", [{"coupons": [{"over": 5, "off": 10}]}, {"full": [{"over": 0, "off": 1}]}])
def test_an_offer_that_takes_off_more_than_there_is_is_refused(wrong: dict[str, Any]) -> None:
    bound, _ = offering()
    model: type[BaseModel] = type(bound.settings)
    with pytest.raises(ValidationError):
        model.model_validate(wrong)


# Gifts -------------------------------------------------------------------------------------------------------------


def test_no_gift_beyond_the_configured_ones() -> None:
    key, text, _ = said(talk(), "能不能多送点东西", "gift")
    assert (key, "开壳器" in text) == ("gift.only", True)
    bare = Talk(make_brain(shop_with(gifts={"text": None})))
    assert said(bare, "再送个小礼物呗", "gift")[0] == "gift.none"
    assert said(talk(), "赠品没送啊", "gift")[2].behaviour is Behaviour.ESCALATE


# Price protection --------------------------------------------------------------------------------------------------


def bought(days_ago: int, price: str | None = "99.50") -> Order:
    items = (OrderItem(product_id="1", name="每日坚果礼盒", quantity=2, price=price and Decimal(price)),)
    paid = NOW - timedelta(days=days_ago)
    return Order(order_no="7", buyer_id="buyer", state=OrderState.SIGNED, paid_at=paid, items=items)


@pytest.mark.parametrize(
    ("order", "key"),
    [(bought(3), "differs"), (bought(3, "89.50"), "within"), (bought(3, None), "within"), (bought(20), "over")],
)
def test_the_window_and_the_sum_are_told_and_a_person_pays(order: Order, key: str) -> None:
    chat = talk(orders=(order,))
    chat.brain = replace(chat.brain, shop=shop_with(price_protection={"days": 15}))
    got, text, result = said(chat, "刚买就降价了能退差价吗", "price_protection")
    assert (got, result.behaviour) == (f"price_protection.{key}", Behaviour.ESCALATE)
    assert ("20元" in text) == (key == "differs")


def test_without_configured_days_a_person_answers() -> None:
    assert said(talk(orders=(bought(3),)), "能价保吗", "price_protection")[0] == "price_protection.default"
