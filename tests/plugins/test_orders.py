"""A buyer's own orders: told masked, changed by people only, and never told to anybody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from talks import WEDNESDAY, Talk, key_of, make_brain, passes, text_of

from autoreply.model import Behaviour, Priority
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderItem, OrderState
from autoreply.testing import FakeOrders

NOW = WEDNESDAY.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
PRIVATE = ("2026031100123", "YT7712345678901", "13812345678", "陈小树", "青竹路18号")
CHANGED = ("logistics", "order_info", "change_address", "change_order", "cancel_order", "order_placed")


def order(state: OrderState, **changes: Any) -> Order:
    facts: dict[str, Any] = {
        "order_no": "2026031100123",
        "buyer_id": "buyer",
        "state": state,
        "created_at": NOW - timedelta(hours=3),
        "paid_at": NOW - timedelta(hours=2),
        "ship_by": NOW + timedelta(hours=46),
        "courier": "圆通",
        "tracking_no": "YT7712345678901",
        "last_event": "快件已到达【杭州转运中心】",
        "last_event_at": NOW - timedelta(hours=5),
        "receiver": "陈小树",
        "phone": "13812345678",
        "province": "浙江省",
        "city": "杭州市",
        "address": "西湖区青竹路18号3幢201",
        "items": (OrderItem(name="每日坚果", sku="混合装", quantity=2), OrderItem(name="红枣")),
    }
    return Order(**facts | changes)


def talk_of(*orders: Order) -> Talk:
    return Talk(replace(make_brain(), records=Records(orders=FakeOrders(orders))))


def said(talk: Talk, line: str, *slugs: str) -> tuple[str, str]:
    """The key of the answer and its words, having checked the gate and that nothing private is in it."""
    result = passes(talk.say(line, *slugs))
    text = text_of(result)
    assert not any(secret in text for secret in PRIVATE), text
    return key_of(talk, result), text


# Where is it? ------------------------------------------------------------------------------------------------------


def test_a_parcel_on_its_way_is_told_with_its_last_news() -> None:
    key, text = said(talk_of(order(OrderState.SHIPPED)), "我的快递到哪了", "logistics")
    assert key == "logistics.on_way"
    assert all(words in text for words in ("圆通", "YT7****8901", "杭州转运中心"))


def test_the_number_is_told_masked_to_who_asks_for_it() -> None:
    key, text = said(talk_of(order(OrderState.SHIPPED)), "单号发我一下", "logistics")
    assert (key, "YT7****8901" in text) == ("logistics.number", True)


def test_news_with_a_phone_number_in_it_is_left_out() -> None:
    driver = order(OrderState.SHIPPED, last_event="派件中，快递员陈小树，电话13812345678")
    assert said(talk_of(driver), "到哪了", "logistics")[0] == "logistics.on_way_plain"


@pytest.mark.parametrize(
    ("state", "changes", "key", "words"),
    [
        (OrderState.PAID, {}, "unsent", "3月13日"),
        (OrderState.PAID, {"ship_by": None}, "unsent_plain", "备货"),
        (OrderState.UNPAID, {}, "unpaid", "付款"),
        (OrderState.SIGNED, {"signed_at": NOW - timedelta(days=1)}, "signed", "3月10日"),
        (OrderState.SIGNED, {}, "signed_plain", "签收"),
    ],
)
def test_each_state_has_its_words(state: OrderState, changes: dict[str, Any], key: str, words: str) -> None:
    got, text = said(talk_of(order(state, **changes)), "东西到哪了", "logistics")
    assert (got, words in text) == (f"logistics.{key}", True)


@pytest.mark.parametrize(
    ("changes", "line", "key", "reason"),
    [
        ({"last_event_at": NOW - timedelta(hours=60)}, "物流怎么不动了", "stuck", "no news of 圆通 YT7712345678901"),
        ({"state": OrderState.PAID, "ship_by": NOW - timedelta(hours=1)}, "到哪了", "overdue", "should have been sent"),
        ({}, "快递一直没收到啊", "not_received", "not received"),
        ({"state": OrderState.SIGNED}, "显示签收了我没收到", "not_received", "not received"),
        ({"state": OrderState.REFUNDING}, "到哪了", "person", "is refunding"),
    ],
)
def test_what_went_wrong_goes_to_a_person_with_the_evidence(
    changes: dict[str, Any], line: str, key: str, reason: str
) -> None:
    talk = talk_of(order(OrderState.SHIPPED).model_copy(update=changes))
    result = passes(talk.say(line, "logistics"))
    assert key_of(talk, result) == f"logistics.{key}"
    assert result.handover is not None
    assert reason in result.handover.reason


def test_the_third_time_in_a_day_a_person_looks() -> None:
    talk = talk_of(order(OrderState.SHIPPED))
    behaviours = [talk.say("到哪了", "logistics").behaviour for _ in range(3)]
    assert behaviours == [Behaviour.ANSWER, Behaviour.ANSWER, Behaviour.ESCALATE]
    talk.now += timedelta(days=1)
    assert talk.say("到哪了", "logistics").behaviour is Behaviour.ANSWER


# Whose is it? ------------------------------------------------------------------------------------------------------


def test_asked_about_from_another_account_the_order_is_declined_and_the_buying_account_asked_for() -> None:
    talk = talk_of(order(OrderState.SHIPPED, buyer_id="her-friend"))
    for line in ("帮我看下我朋友买的那个发了没", "我另一个号拍的，帮我查下订单"):
        key, text = said(talk, line, "order_info")
        assert (key, "账号" in text) == ("order_info.other_account", True)
    asked = passes(talk.say("订单号2026031100123，帮我查一下地址", "order_info"))
    assert (asked.behaviour, "账号" in text_of(asked)) == (Behaviour.ANSWER, True)
    assert not any(secret in text_of(asked) for secret in (*PRIVATE, "圆通", "每日坚果", "杭州"))


def test_a_look_alike_account_is_refused_and_reported() -> None:
    result = talk_of(order(OrderState.SHIPPED, buyer_id="buуer")).say("查下订单", "order_info")
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert not any(secret in text_of(result) for secret in (*PRIVATE, "圆通", "每日坚果", "杭州"))


def test_the_buyers_own_order_is_told_masked() -> None:
    key, text = said(talk_of(order(OrderState.PAID)), "核对下我的订单和地址", "order_info")
    assert key == "order_info.paid"
    assert all(words in text for words in ("每日坚果 混合装 ×2 等3件", "浙江省 杭州市", "202****0123"))
    bare = order(OrderState.SHIPPED, items=(), address="", province="", city="")
    assert said(talk_of(bare), "查下订单", "order_info")[0] == "order_info.shipped_plain"
    assert said(talk_of(), "查下订单", "order_info")[0] == "order_info.none"


# Changing it -------------------------------------------------------------------------------------------------------


def test_an_unsent_orders_new_address_is_asked_for_and_becomes_a_task() -> None:
    talk = talk_of(order(OrderState.PAID))
    asked = passes(talk.say("地址写错了想改一下", "change_address"))
    assert (asked.behaviour, key_of(talk, asked)) == (Behaviour.ASK, "change_address.which")
    done = passes(talk.say("改到江苏省苏州市梧桐街9号 李大山 13900001111"))
    assert done.handover is not None
    assert done.handover.priority is Priority.HIGH
    assert "change order 2026031100123 to: 改到江苏省苏州市梧桐街9号" in done.handover.reason
    assert "13900001111" not in text_of(done)


def test_an_address_given_at_once_is_not_asked_for() -> None:
    result = talk_of(order(OrderState.PAID)).say("地址改成江苏省苏州市姑苏区梧桐街道9号", "change_address")
    assert result.behaviour is Behaviour.ESCALATE


@pytest.mark.parametrize(
    ("slug", "state", "key", "behaviour"),
    [
        ("change_address", OrderState.UNPAID, "unpaid", Behaviour.ANSWER),
        ("change_address", OrderState.SHIPPED, "sent", Behaviour.ESCALATE),
        ("change_order", OrderState.UNPAID, "unpaid", Behaviour.ANSWER),
        ("change_order", OrderState.PAID, "task", Behaviour.ESCALATE),
        ("change_order", OrderState.SHIPPED, "sent", Behaviour.ESCALATE),
        ("cancel_order", OrderState.UNPAID, "unpaid", Behaviour.ANSWER),
        ("cancel_order", OrderState.PAID, "unsent", Behaviour.ESCALATE),
        ("cancel_order", OrderState.SHIPPED, "sent", Behaviour.ESCALATE),
        ("cancel_order", OrderState.SIGNED, "signed", Behaviour.ANSWER),
        ("cancel_order", OrderState.CLOSED, "person", Behaviour.ESCALATE),
    ],
)
def test_changes_only_while_unsent_and_only_by_a_person(
    slug: str, state: OrderState, key: str, behaviour: Behaviour
) -> None:
    talk = talk_of(order(state))
    result = passes(talk.say("换成大包装的行吗", slug))
    assert (key_of(talk, result), result.behaviour) == (f"{slug}.{key}", behaviour)
    if result.handover is not None:
        assert "换成大包装的行吗" in result.handover.reason


@pytest.mark.parametrize("slug", ["change_address", "change_order", "cancel_order"])
def test_a_change_without_any_order_is_for_a_person_who_reads_the_wish(slug: str) -> None:
    talk = talk_of()
    result = passes(talk.say("换成大包装的行吗", slug))
    assert key_of(talk, result) == f"{slug}.default"
    assert result.handover is not None
    assert "no order found: 换成大包装的行吗" in result.handover.reason


def test_a_demand_to_close_the_order_is_evidence_and_nothing_is_closed() -> None:
    talk = talk_of(order(OrderState.PAID))
    result = passes(talk.say("你们帮我把订单关了吧", "cancel_order"))
    assert result.handover is not None
    assert "the buyer asked to cancel order 2026031100123: 你们帮我把订单关了吧" in result.handover.reason
    assert "已关闭" not in text_of(result)


# Thanks ------------------------------------------------------------------------------------------------------------


def test_after_payment_the_masked_address_is_confirmed() -> None:
    key, text = said(talk_of(order(OrderState.PAID)), "拍好了", "order_placed")
    assert key == "order_placed.confirm"
    assert "浙江省 杭州市" in text
    assert said(talk_of(order(OrderState.UNPAID)), "拍了", "order_placed")[0] == "order_placed.unpaid"


def test_an_old_order_is_not_the_one_just_placed() -> None:
    old = order(OrderState.PAID, paid_at=NOW - timedelta(days=3), created_at=NOW - timedelta(days=3))
    assert said(talk_of(old), "拍好了", "order_placed")[0] == "order_placed.default"


# Without records ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", CHANGED)
def test_without_records_a_person_answers_as_before(slug: str) -> None:
    talk = Talk()
    result = passes(talk.say("帮我看看我的订单", slug))
    assert key_of(talk, result) == f"{slug}.default"
    assert (result.behaviour is Behaviour.ESCALATE) == (slug != "order_placed")


@pytest.mark.parametrize("slug", CHANGED)
def test_while_the_records_are_down_nothing_is_guessed(slug: str) -> None:
    talk = Talk(replace(make_brain(), records=Records(orders=FakeOrders([order(OrderState.PAID)], down=True))))
    result = passes(talk.say("帮我看看我的订单", slug))
    assert (result.behaviour, key_of(talk, result)) == (Behaviour.ESCALATE, "host.checking")
