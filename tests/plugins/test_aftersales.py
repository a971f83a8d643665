"""Returns, refunds and what is wrong with the goods: the cause first, who pays by it, a person for the money."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from talks import WEDNESDAY, Talk, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Kind, Priority
from autoreply.pipeline import Result
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderItem, OrderState
from autoreply.testing import FakeOrders

NOW = WEDNESDAY.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def talk(*orders: Order, **returns: Any) -> Talk:
    brain = make_brain(shop_with(returns=returns))
    return Talk(replace(brain, records=Records(orders=FakeOrders(orders))) if orders else brain)


def signed(days_ago: int, state: OrderState = OrderState.SIGNED, goods: str = "每日坚果") -> Order:
    at = NOW - timedelta(days=days_ago)
    return Order(order_no="1", buyer_id="buyer", state=state, signed_at=at, items=(OrderItem(name=goods),))


def said(chat: Talk, line: str, *slugs: str) -> tuple[str, Result]:
    result = passes(chat.say(line, *slugs))
    return key_of(chat, result), result


# Returns -----------------------------------------------------------------------------------------------------------


def test_the_cause_is_asked_first_and_decides() -> None:
    chat = talk()
    key, asked = said(chat, "我想退货", "return_exchange")
    assert (key, asked.behaviour) == ("return_exchange.cause", Behaviour.ASK)
    key, answered = said(chat, "不喜欢这个味道")
    assert (key, answered.behaviour) == ("return_exchange.no_reason", Behaviour.ANSWER)
    assert "运费由您承担" in text_of(answered)


def test_a_shop_that_pays_the_way_back_does_not_say_that_the_buyer_pays() -> None:
    _, answered = said(talk(buyer_pays_no_reason=False), "不想要了想退", "return_exchange")
    assert "由您承担" not in text_of(answered)


def test_a_fault_needs_a_picture_and_a_person_and_the_shop_pays() -> None:
    chat = talk()
    assert said(chat, "有质量问题要退", "return_exchange")[0] == "return_exchange.photo"
    result = passes(chat.show(Kind.IMAGE))
    assert key_of(chat, result) == "return_exchange.case"
    assert "运费由我们承担" in text_of(result)
    assert result.handover is not None
    assert (result.handover.priority, "fault, with a picture" in result.handover.reason) == (Priority.HIGH, True)


@pytest.mark.parametrize(
    ("days", "line", "key"),
    [
        (2, "不想要了能退吗", "until"),
        (2, "太小了想换大一号", "exchange_until"),
        (7, "不想要了能退吗", "until"),
        (8, "不想要了能退吗", "late"),
    ],
)
def test_the_window_is_counted_from_the_signing(days: int, line: str, key: str) -> None:
    got, result = said(talk(signed(days)), line, "return_exchange")
    assert got == f"return_exchange.{key}"
    if key == "until":
        assert f"3月{11 - days + 7}日" in text_of(result)
    else:
        assert (result.behaviour is Behaviour.ESCALATE) == (key == "late")


def test_only_what_the_settings_name_is_excluded_and_a_person_decides() -> None:
    chat = talk(signed(2, goods="定制刻字茶杯"), no_reason_excluded=["定制"])
    key, result = said(chat, "不想要了能退吗", "return_exchange")
    assert (key, result.behaviour) == ("return_exchange.excluded", Behaviour.ESCALATE)
    assert (
        said(talk(signed(2, goods="定制刻字茶杯")), "不想要了能退吗", "return_exchange")[0] == "return_exchange.until"
    )


def test_opened_goods_are_never_refused_by_the_bot() -> None:
    key, result = said(talk(), "拆封了还能退不", "return_exchange")
    assert (key, result.behaviour) == ("return_exchange.worn", Behaviour.ESCALATE)


def test_return_and_freight_in_one_line_are_both_answered() -> None:
    _, result = said(talk(), "不想要了怎么退，运费谁出", "return_exchange", "return_freight")
    assert result.intents == ("return_exchange", "return_freight")
    assert "订单页" in text_of(result)
    assert "运费险" in text_of(result)


# Freight -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "returns", "key"),
    [
        ("质量问题运费谁出", {}, "ours"),
        ("发错货了退回去运费算谁的", {}, "ours"),
        ("不喜欢退的话运费谁付", {"freight_insurance": True}, "insured"),
        ("不喜欢退的话运费谁付", {"freight_insurance": False}, "buyers"),
        ("不喜欢退的话运费谁付", {"buyer_pays_no_reason": False}, "default"),
        ("退货运费谁出", {}, "default"),
    ],
)
def test_who_pays_follows_from_the_cause(line: str, returns: dict[str, Any], key: str) -> None:
    assert said(talk(**returns), line, "return_freight")[0] == f"return_freight.{key}"


def test_the_cause_given_before_holds_for_the_freight_asked_after() -> None:
    chat = talk()
    said(chat, "收到是坏的想退", "return_exchange")
    assert said(chat, "运费谁出", "return_freight")[0] == "return_freight.ours"


# Money -------------------------------------------------------------------------------------------------------------


def test_a_refund_without_return_is_never_promised() -> None:
    key, result = said(talk(signed(1)), "东西不退了你们直接退款给我", "refund")
    assert key == "refund.person"
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH


@pytest.mark.parametrize(
    ("state", "line", "key", "behaviour"),
    [
        (OrderState.REFUNDING, "退款什么时候到账", "under_way", Behaviour.ANSWER),
        (OrderState.REFUNDING, "同意一下退款", "person", Behaviour.ESCALATE),
        (OrderState.PAID, "我要退款", "unsent", Behaviour.ESCALATE),
        (OrderState.SIGNED, "我要退款", "default", Behaviour.ESCALATE),
    ],
)
def test_a_refund_is_told_by_the_record(state: OrderState, line: str, key: str, behaviour: Behaviour) -> None:
    got, result = said(talk(signed(1, state)), line, "refund")
    assert (got, result.behaviour) == (f"refund.{key}", behaviour)


def test_without_records_a_person_looks_at_the_refund() -> None:
    assert said(talk(), "退款怎么还没到", "refund")[0] == "refund.default"


# Wrong goods, faults -----------------------------------------------------------------------------------------------


def test_broken_on_arrival_sorry_a_picture_the_options_a_person() -> None:
    chat = talk()
    key, asked = said(chat, "收到就碎了两个", "wrong_item")
    assert (key, "抱歉" in text_of(asked)) == ("wrong_item.photo", True)
    shown = passes(chat.show(Kind.IMAGE))
    assert shown.handover is not None
    assert "wrong_item: transit, with a picture" in shown.handover.reason


def test_a_picture_that_came_along_is_not_asked_for() -> None:
    chat = talk()
    result = passes(chat.say("你们少发了一袋", "wrong_item", also=(Kind.IMAGE,)))
    assert (key_of(chat, result), result.behaviour) == ("wrong_item.case", Behaviour.ESCALATE)


def test_who_would_rather_describe_it_may() -> None:
    chat = talk()
    said(chat, "坏的", "quality")
    key, result = said(chat, "拉链拉不上，一拉就卡住")
    assert key == "quality.case"
    assert result.handover is not None
    assert "described, no picture: 拉链拉不上，一拉就卡住" in result.handover.reason


def test_the_warranty_is_the_pages_own_words_or_a_persons() -> None:
    key, result = said(talk(warranty="整机保修一年"), "保修多久", "quality")
    assert (key, "整机保修一年" in text_of(result)) == ("quality.warranty", True)
    assert said(talk(), "保修多久", "quality")[1].behaviour is Behaviour.ESCALATE
