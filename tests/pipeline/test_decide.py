"""From intents to outcomes: who answers, and with which canned words."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from talks import Talk, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Decision, Priority

from .shops import intent, with_canned


def test_one_intent_one_answer() -> None:
    result = passes(Talk().say("可以开发票不", "invoice"))
    assert (result.behaviour, result.intents, result.handover) == (Behaviour.ANSWER, ("invoice",), None)
    assert len(result.replies) == 1


def test_two_intents_are_answered_in_one_message() -> None:
    result = passes(Talk().say("能开发票吗，信用卡可以付吗", "invoice", "credit_card"))
    assert result.intents == ("invoice", "credit_card")
    assert len(result.replies) == 1
    assert "发票" in text_of(result)
    assert "信用卡" in text_of(result)


def test_two_intents_of_which_one_needs_a_person() -> None:
    result = passes(Talk().say("能开发票吗，帮我退一下", "invoice", "complaint"))
    assert result.behaviour is Behaviour.ESCALATE
    assert "发票" in text_of(result)


def test_nothing_said_is_nothing_answered() -> None:
    result = Talk().say("😊", decision=Decision.SILENT)
    assert (result.behaviour, result.replies) == (Behaviour.SILENT, ())


def test_what_is_not_understood_goes_to_a_person() -> None:
    result = passes(Talk().say("那个啥来着", decision=Decision.ESCALATE))
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert result.handover.reason == "not understood: as told"
    assert "人工" in text_of(result)


@pytest.mark.parametrize("line", ["48小时没发货 要赔我", "我打12315投诉你们"])
def test_what_obliges_to_act_at_once_counts_where_it_is_not_sure_what_is_meant(line: str) -> None:
    result = passes(Talk().say(line))
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH


# Canned answers ------------------------------------------------------------------------------------------------------


def test_an_intent_with_an_answer_needs_no_code() -> None:
    result = Talk(with_canned(intent("greeting", "您好，{{ shop.name }}在的"))).say("在吗", "greeting")
    assert (result.behaviour, text_of(result)) == (Behaviour.ANSWER, "您好，示例坚果铺在的")


def test_an_intent_that_calls_for_silence() -> None:
    result = Talk(with_canned(intent("ack", then="silent"))).say("好的", "ack")
    assert (result.behaviour, result.replies) == (Behaviour.SILENT, ())


def test_an_intent_for_a_person_with_and_without_words_of_its_own() -> None:
    spoken = Talk(with_canned(intent("complaint", "非常抱歉，马上为您处理。", then="handoff", priority=Priority.HIGH)))
    result = spoken.say("我要投诉", "complaint")
    assert text_of(result) == "非常抱歉，马上为您处理。"
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(Talk(with_canned(intent("complaint", then="handoff"))).say("我要投诉", "complaint"))


def test_a_missing_fact_does_not_make_an_urgent_matter_less_urgent() -> None:
    urgent = intent("complaint", "{{ shop.returns.warranty }}", then="handoff", priority=Priority.HIGH)
    result = Talk(with_canned(urgent)).say("我要投诉", "complaint")
    assert result.handover is not None
    assert result.handover.priority is Priority.HIGH
    assert "人工" in text_of(result)


def test_an_intent_without_an_answer_goes_to_a_person() -> None:
    result = Talk(with_canned(intent("size"))).say("多大码", "size")
    assert result.handover is not None
    assert result.handover.reason == "size: no answer is configured"


def test_an_answer_whose_fact_is_missing_is_withheld() -> None:
    result = Talk(with_canned(intent("quality", "质保：{{ shop.returns.warranty }}"))).say("保修多久", "quality")
    assert result.handover is not None
    assert result.handover.reason == "quality: the shop's settings have no shop.returns.warranty"
    assert "质保" not in text_of(result)


def test_a_campaign_that_has_ended_is_no_longer_told() -> None:
    shop = shop_with(promotion={"text": "满99减10", "until": date(2026, 3, 11)})
    brain = with_canned(intent("promotion", "活动：{{ shop.promotion.text }}"))
    talk = Talk(
        replace(make_brain(shop), handlers=brain.handlers, texts=brain.texts), now=datetime(2026, 3, 11, 23, 59)
    )
    assert text_of(talk.say("有活动吗", "promotion")) == "活动：满99减10"
    talk.now = datetime(2026, 3, 12, 0, 0)
    assert "满99" not in text_of(talk.say("有活动吗", "promotion"))
