"""What a buyer's message obliges the shop to do, and whether the answer does it."""

import pytest

from autoreply.compliance import Gate
from autoreply.model import Action


@pytest.mark.parametrize(
    ("message", "duty"),
    [
        ("可以开增值税专用发票吗", "offer-invoice"),
        ("我用另一个号买的，帮我看下地址对不对", "identity-check"),
        ("麻烦把我的订单关掉", "record-evidence"),
        ("别再给我推送广告了", "opt-out"),
        ("我要找人工客服", "person-now"),
        ("再这样我就去消协投诉", "person-now"),
        ("好评有返现吗", "decline-bribe"),
        ("不退货只退款可以吗", "no-promise"),
        ("一直没发货是不是要赔偿", "late-shipping"),
        ("转 人 工", "person-now"),
    ],
)
def test_a_message_sets_a_duty_with_its_span(gate: Gate, message: str, duty: str) -> None:
    found = {d.duty: d for d in gate.duties(message)}
    assert duty in found
    start, end = found[duty].span
    assert message[start:end] == found[duty].matched


@pytest.mark.parametrize("message", ["这款有红色吗", "多久能到", "不要发顺丰", "这个是人工编织的吗", "景区门票怎么用"])
def test_an_ordinary_question_sets_none(gate: Gate, message: str) -> None:
    assert gate.duties(message) == ()


def test_an_answer_that_neglects_its_duty_is_blocked(gate: Gate) -> None:
    verdict = gate.check("好的，祝您购物愉快。", duties=["offer-invoice"])
    assert verdict.action is Action.BLOCK
    assert verdict.rules == ("invoice-refuse",)


@pytest.mark.parametrize("answer", ["可以开的，请把抬头和税号发来。", "这个问题我为您转接人工客服，请稍等。"])
def test_an_answer_that_does_its_duty_leaves(gate: Gate, answer: str) -> None:
    assert gate.check(answer, duties=["offer-invoice"]).action is Action.PASS


def test_a_duty_that_no_text_can_fulfil_is_not_asked_of_the_text(gate: Gate) -> None:
    assert gate.check("好的，已经为您记下了。", duties=["opt-out", "record-evidence"]).action is Action.PASS
