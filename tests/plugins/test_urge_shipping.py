"""Orders that the records know: when they are sent, who urges for them, and claims for late shipping."""

import re
from datetime import datetime
from typing import Any

import pytest
from fake_records import order
from pydantic import ValidationError
from talks import Talk, handlers_with, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Priority
from autoreply.pipeline import Result
from autoreply.records import Order, OrderItem, Product
from autoreply.records.desk import Records
from autoreply.testing import FakeOrders, FakeProducts

NUMBER = "2210001112223334567"
PAID = order(NUMBER, paid_at="2026-03-10 20:00")
"""Paid on Tuesday evening; 48 hours end on Thursday 12 March at 20:00. It is Wednesday morning."""


def talk(*orders: Order, down: bool = False, settings: dict[str, Any] | None = None, **shipping: Any) -> Talk:
    """A conversation with a shop that has connected its orders."""
    records = Records(orders=FakeOrders(orders, down=down))
    handlers = handlers_with(shipping=settings or {})
    return Talk(make_brain(shop_with(shipping=shipping), records=records, handlers=handlers))


def without_records(settings: dict[str, Any] | None = None, **shipping: Any) -> Talk:
    return Talk(make_brain(shop_with(shipping=shipping), handlers=handlers_with(shipping=settings or {})))


def reason(result: Result) -> str:
    assert result.handover is not None
    return result.handover.reason


def priority(result: Result) -> Priority:
    assert result.handover is not None
    return result.handover.priority


# Asked when one's own order is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["拍好了 什么时候发", "我的订单几时发货", "多久发货呢", "今天能发吗"])
def test_a_paid_order_has_a_deadline_of_its_own(line: str) -> None:
    one = talk(PAID)
    result = passes(one.say(line, "shipping_time"))
    assert (key_of(one, result), "3月12日20:00" in text_of(result)) == ("shipping_time.order_paid", True)
    assert "221****4567" in text_of(result)
    assert NUMBER not in text_of(result)


def test_the_deadline_of_the_record_counts_before_the_hours_promised_to_all() -> None:
    result = talk(order(paid_at="2026-03-10 20:00", ship_by="2026-03-25 12:00")).say("拍了什么时候发", "shipping_time")
    assert "3月25日12:00" in text_of(passes(result))


def test_who_has_not_bought_yet_hears_of_a_new_order() -> None:
    one = talk(PAID)
    assert key_of(one, passes(one.say("现在拍什么时候发", "shipping_time"))) == "shipping_time.today"


@pytest.mark.parametrize(
    ("state", "key"), [("shipped", "order_gone"), ("unpaid", "order_unpaid"), ("signed", "paid"), ("closed", "paid")]
)
def test_each_state_of_the_newest_order(state: str, key: str) -> None:
    one = talk(order(state=state))
    assert key_of(one, passes(one.say("我的订单发货了吗", "shipping_time"))) == f"shipping_time.{key}"


def test_a_parcel_that_was_sent_says_when() -> None:
    one = talk(order(state="shipped", shipped_at="2026-03-09 17:00"))
    assert "3月9日" in text_of(passes(one.say("发了没", "shipping_time")))


def test_of_several_orders_the_one_that_waits_longest_is_meant() -> None:
    waits = order("100000001111", paid_at="2026-03-09 20:00", created_at="2026-03-09 19:00")
    one = talk(order("900000009999", "shipped", created_at="2026-03-11 08:00"), PAID, waits)
    assert "3月11日20:00" in text_of(passes(one.say("什么时候发货", "shipping_time")))


def test_the_number_in_the_buyers_words_decides() -> None:
    other = order("100000001111", paid_at="2026-03-11 08:00", created_at="2026-03-11 07:00")
    one = talk(PAID, other)
    assert "3月13日08:00" in text_of(passes(one.say("100000001111 这个什么时候发", "shipping_time")))


def test_an_order_of_another_account_is_told_nothing_of() -> None:
    theirs = Order(**(PAID.model_dump() | {"buyer_id": "somebody", "order_no": "100000001111"}))
    for intent in ("shipping_time", "urge_shipping"):
        one = talk(theirs)
        result = passes(one.say("100000001111 这单什么时候发", intent))
        assert key_of(one, result) == "host.not_yours"
        assert "付款" not in text_of(result)


def test_an_order_that_is_late_is_a_persons_at_once() -> None:
    one = talk(order(NUMBER, paid_at="2026-03-08 09:00"))
    result = passes(one.say("我的订单什么时候发", "shipping_time"))
    assert (key_of(one, result), priority(result)) == ("urge_shipping.late", Priority.HIGH)
    assert reason(result).startswith(f"LATE: was to be sent by 2026-03-10 09:00; order {NUMBER} (paid)")


def test_records_that_are_down_stop_only_those_who_ask_for_their_order() -> None:
    one = talk(down=True)
    assert key_of(one, passes(one.say("什么时候发货", "shipping_time"))) == "shipping_time.today"
    assert key_of(one, passes(one.say("我的订单发了吗", "shipping_time"))) == "host.checking"


@pytest.mark.parametrize("name", ["定制相框 刻字", "年货礼盒", "春茶 预售"])
def test_goods_with_a_date_of_their_own_are_not_promised_the_usual_hours(name: str) -> None:
    presale = ({"keywords": ["年货礼盒"], "ships_on": "2026-03-01"},)
    one = talk(order(paid_at="2026-03-10 20:00", items=(OrderItem(name=name),)), presale=presale)
    result = passes(one.say("我的订单什么时候发", "shipping_time"))
    assert key_of(one, result) == "shipping_time.checked"
    assert "neither its record nor [shop.shipping] says" in reason(result)


# Goods made to order, campaigns ------------------------------------------------------------------------------------


def test_goods_made_to_order_have_days_of_their_own_or_a_persons_word() -> None:
    one = without_records()
    assert "custom_days is not set" in reason(passes(one.say("定制的多久发货", "shipping_time")))
    two = without_records({"custom_days": "7-10"})
    assert "7-10天" in text_of(passes(two.say("刻字的话多久发货", "shipping_time")))


def test_a_products_record_says_that_it_is_made_to_order_or_comes_later() -> None:
    goods = (
        Product.model_validate({"product_id": "p1", "name": "木刻相框", "keywords": ["相框"], "custom": True}),
        Product.model_validate(
            {"product_id": "p2", "name": "明前龙井茶", "keywords": ["龙井"], "ships_on": "2026-04-02"}
        ),
    )
    records = Records(products=FakeProducts(goods))
    one = Talk(make_brain(records=records, handlers=handlers_with(shipping={"custom_days": "7-10"})))
    assert "7-10天" in text_of(passes(one.say("相框什么时候发货", "shipping_time")))
    assert "4月2日起" in text_of(passes(one.say("龙井什么时候发", "shipping_time")))
    down = Talk(make_brain(records=Records(products=FakeProducts(goods, down=True))))
    assert key_of(down, passes(down.say("龙井什么时候发", "shipping_time"))) == "shipping_time.today"


HOURS = {"campaigns": [{"name": "春茶节", "first": "2026-03-10", "last": "2026-03-12", "within_hours": 120}]}
DAY = {"campaigns": [{"name": "春茶节", "first": "2026-03-10", "last": "2026-03-12", "ships_by": "2026-03-20"}]}


def test_in_a_campaign_its_own_dates_hold() -> None:
    text = text_of(passes(without_records(HOURS).say("什么时候发货", "shipping_time")))
    assert all(words in text for words in ("120小时", "3月10日至3月12日"))
    assert "3月20日前" in text_of(passes(without_records(DAY).say("什么时候发货", "shipping_time")))


@pytest.mark.parametrize(
    ("day", "named", "other"), [(9, "campaign", "today"), (12, "campaign", "campaign"), (13, "today", "today")]
)
def test_before_a_campaign_only_who_names_it_hears_of_it(day: int, named: str, other: str) -> None:
    for line, key in (("春茶节买的什么时候发", named), ("什么时候发货", other)):
        one = without_records(HOURS)
        one.now = datetime(2026, 3, day, 10)
        assert key_of(one, passes(one.say(line, "shipping_time"))) == f"shipping_time.{key}"


def test_a_sale_whose_dates_nobody_has_set_is_for_a_person() -> None:
    result = passes(without_records().say("双11买的多久发货", "shipping_time"))
    assert reason(result) == "asks of a sale that [plugins.shipping] has no campaign for"


def test_an_order_paid_in_a_campaign_is_due_by_its_dates() -> None:
    for settings, due in ((HOURS, "3月15日20:00"), (DAY, "3月20日23:59")):
        assert due in text_of(passes(talk(PAID, settings=settings).say("拍了什么时候发", "shipping_time")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"last": "2026-03-01"}, "last lies before first"),
        ({"ships_by": "2026-03-20"}, "give either within_hours or ships_by"),
        ({"within_hours": None}, "give either within_hours or ships_by"),
        ({"within_hours": None, "ships_by": "2026-03-01"}, "ships_by lies before first"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    campaign = type(without_records(HOURS).brain.handlers["shipping_time"].settings.campaigns[0])
    with pytest.raises(ValidationError, match=message):
        campaign.model_validate(HOURS["campaigns"][0] | changes)


# Who urges ---------------------------------------------------------------------------------------------------------


def test_first_the_state_then_the_warehouse_then_a_person() -> None:
    one = talk(PAID)
    first, second, third, fourth = (
        passes(one.say(line, "urge_shipping"))
        for line in ("快点发货呀", "怎么还没动静 快发", "催了几遍了", "到底发不发")
    )
    assert (first.behaviour, "3月12日20:00" in text_of(first)) == (Behaviour.ANSWER, True)
    assert "抱歉" in text_of(first)
    assert (second.behaviour, priority(second)) == (Behaviour.ESCALATE, Priority.NORMAL)
    assert reason(second).startswith(
        f"warehouse: send this order as early as can be; order {NUMBER} (paid), paid 2026-03-10"
    )
    assert "怎么还没动静" in reason(second)
    assert priority(third) is Priority.HIGH
    assert reason(fourth).startswith("urges for the 4th time: speak to the buyer")
    assert len({text_of(r) for r in (first, second, third, fourth)}) == 4


def test_another_order_is_urged_for_anew() -> None:
    other = order("100000001111", paid_at="2026-03-11 08:00", created_at="2026-03-11 07:00")
    one = talk(PAID, other)
    one.say("快点发货", "urge_shipping")
    one.say("快发", "urge_shipping")
    result = passes(one.say("还有100000001111也快点", "urge_shipping"))
    assert (result.behaviour, "3月13日08:00" in text_of(result)) == (Behaviour.ANSWER, True)


def test_an_order_that_is_late_needs_no_second_urging() -> None:
    one = talk(order(NUMBER, paid_at="2026-03-08 09:00"))
    result = passes(one.say("快发货", "urge_shipping"))
    assert (key_of(one, result), priority(result)) == ("urge_shipping.late", Priority.HIGH)


def test_no_order_to_be_seen_is_asked_for_and_then_a_persons() -> None:
    one = talk()
    assert passes(one.say("怎么还不发货", "urge_shipping")).behaviour is Behaviour.ASK
    result = passes(one.say("我也不知道在哪看"))
    assert key_of(one, result) == "urge_shipping.default"
    assert "look up whether the order is sent" in reason(result)


def test_an_order_that_is_sent_already_is_told_so() -> None:
    one = talk(order(state="shipped", shipped_at="2026-03-11 09:00"))
    assert key_of(one, passes(one.say("快点发货", "urge_shipping"))) == "shipping_time.order_sent"


def test_without_records_a_person_looks_each_time() -> None:
    one = without_records()
    results = [passes(one.say(line, "urge_shipping")) for line in ("快点发", "还没发啊", "急用 快发")]
    assert {key_of(one, result) for result in results} == {"urge_shipping.default"}
    assert [priority(result) for result in results] == [Priority.NORMAL, Priority.NORMAL, Priority.HIGH]


def test_who_has_not_bought_yet_urges_nothing() -> None:
    for one in (without_records(), talk(PAID)):
        assert key_of(one, passes(one.say("马上下单 麻烦尽快发货", "urge_shipping"))) == "shipping_time.today"
    angry = without_records()
    assert key_of(angry, passes(angry.say("再不发的话我不要了", "urge_shipping"))) == "urge_shipping.default"


# Claims for late shipping ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["延迟发货要赔我的", "你们不发货要赔付30%", "超时发货可以投诉赔偿吧", "不发货就赔我500"]
)
@pytest.mark.parametrize("intent", ["shipping_time", "urge_shipping"])
def test_a_claim_gets_an_apology_the_platforms_entry_and_a_person_but_no_sum(line: str, intent: str) -> None:
    for one in (without_records(), talk(order(NUMBER, paid_at="2026-03-08 09:00")), talk()):
        result = passes(one.say(line, intent))
        text = text_of(result)
        assert (key_of(one, result), priority(result)) == ("urge_shipping.claim", Priority.HIGH)
        assert not re.search(r"\d|百分|赔|红包|撤", text)
        assert ("抱歉" in text, "平台" in text) == (True, True)
        assert "name no sum and ask for no withdrawal" in reason(result)
