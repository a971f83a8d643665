"""Paying: on the platform alone, never twice, and a person where money left an account."""

from dataclasses import replace

import pytest
from talks import Talk, key_of, make_brain, passes, text_of

from autoreply.model import Behaviour, Priority
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderState
from autoreply.testing import FakeOrders


def talk(*orders: Order) -> Talk:
    return Talk(replace(make_brain(), records=Records(orders=FakeOrders(orders))))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("能用微信付款吗", "default"),
        ("可以找人代付吗", "for_another"),
        ("我直接微信转给你可以不", "on_platform"),
        ("你发个收款码我扫码付", "on_platform"),
        ("公司能对公转账吗", "on_platform"),
    ],
)
def test_the_checkout_and_nothing_past_it(line: str, key: str) -> None:
    chat = Talk()
    result = passes(chat.say(line, "payment_method"))
    assert key_of(chat, result) == f"payment_method.{key}"
    assert not any(word in text_of(result) for word in ("转账", "账号", "二维码"))


@pytest.mark.parametrize(
    ("state", "key", "behaviour"),
    [
        (OrderState.PAID, "paid", Behaviour.ANSWER),
        (OrderState.UNPAID, "unpaid", Behaviour.ESCALATE),
        (OrderState.SHIPPED, "default", Behaviour.ESCALATE),
    ],
)
def test_the_record_says_whether_it_was_paid(state: OrderState, key: str, behaviour: Behaviour) -> None:
    chat = talk(Order(order_no="1", buyer_id="buyer", state=state))
    result = passes(chat.say("我付款了怎么还显示没付", "payment_problem"))
    assert (key_of(chat, result), result.behaviour) == (f"payment_problem.{key}", behaviour)


def test_money_that_left_twice_is_a_persons_at_once() -> None:
    result = passes(Talk().say("怎么扣了两次钱", "payment_problem"))
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH


@pytest.mark.parametrize("orders", [(), None])
def test_without_an_order_a_person_looks(orders: tuple[Order, ...] | None) -> None:
    chat = talk() if orders == () else Talk()
    assert key_of(chat, passes(chat.say("付不了款", "payment_problem"))) == "payment_problem.default"
