"""Questions to the buyer and their answers: topics, choices, facts, pictures, giving up."""

from dataclasses import replace
from typing import Any

import pytest
from talks import Talk, catalogue, handlers, make_brain, passes, text_of

from autoreply import PHOTO, Context, Escalate, Outcome, Reply
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Decision, Kind
from autoreply.pipeline import Brain
from autoreply.pipeline.asking import ASK_ROUNDS
from autoreply.plugins import load_plugins

from .shops import PLUGINS, brain_with

# Which topic is meant? -----------------------------------------------------------------------------------------------


def test_the_bot_asks_back_twice_and_then_a_person_comes() -> None:
    talk = Talk()
    first = passes(talk.say("那个", decision=Decision.ASK, near=("invoice", "courier")))
    assert first.behaviour is Behaviour.ASK
    assert all(catalogue().intents[slug].name in text_of(first) for slug in ("invoice", "courier"))
    assert talk.say("就那个呀", decision=Decision.ASK, near=("invoice",)).behaviour is Behaviour.ASK
    third = talk.say("那个那个", decision=Decision.ASK, near=("invoice", "courier"))
    assert third.behaviour is Behaviour.ESCALATE
    assert third.handover is not None
    assert third.handover.reason == "asked 2 times and still not clear"


def test_the_only_near_intent_is_asked_about_and_a_yes_answers_it() -> None:
    talk = Talk()
    asked = passes(talk.say("那个票的事", decision=Decision.ASK, near=("invoice",)))
    assert asked.behaviour is Behaviour.ASK
    assert "发票" in text_of(asked)
    answered = passes(talk.say("对的", "ack"))
    assert (answered.behaviour, answered.intents) == (Behaviour.ANSWER, ("invoice",))


@pytest.mark.parametrize(("line", "intents"), [("不是", ()), ("发什么快递", ("courier",))])
def test_anything_but_a_yes_is_no_yes(line: str, intents: tuple[str, ...]) -> None:
    talk = Talk()
    talk.say("那个票的事", decision=Decision.ASK, near=("invoice",))
    assert talk.say(line, *intents).intents == intents
    assert "pending" not in talk.state


def test_an_answer_in_between_begins_the_count_anew() -> None:
    talk = Talk()
    for _ in range(2):
        assert talk.say("那个", decision=Decision.ASK).behaviour is Behaviour.ASK
        assert talk.say("能开发票吗", "invoice").behaviour is Behaviour.ANSWER
    assert talk.say("那个", decision=Decision.ASK).behaviour is Behaviour.ASK


@pytest.mark.parametrize(
    "near", [("invoice",), ("cod", "review"), ("authenticity", "instalment"), ("credit_card", "price")]
)
def test_a_question_may_name_any_topic(near: tuple[str, ...]) -> None:
    asked = passes(Talk().say("那个怎么弄", decision=Decision.ASK, near=near))
    assert all(catalogue().intents[slug].name in text_of(asked) for slug in near)


# A plugin that asks --------------------------------------------------------------------------------------------------


def asking() -> Brain:
    problems: list[Any] = []
    plugins = load_plugins(PLUGINS / "good", problems, installed=False)
    assert not problems
    return make_brain(handlers=handlers() | {"size": Bound(plugins.handlers["size"].target)})


def test_the_answer_to_a_plugins_question_comes_back_to_it() -> None:
    talk = Talk(asking())
    asked = passes(talk.say("穿多大码合适", "size"))
    assert (asked.behaviour, "身高" in text_of(asked)) == (Behaviour.ASK, True)
    answered = passes(talk.say("172"))
    assert (answered.behaviour, answered.intents) == (Behaviour.ANSWER, ("size",))
    assert "172厘米" in text_of(answered)
    assert talk.say("172").behaviour is Behaviour.ESCALATE  # the question is answered, a number alone says nothing now


def test_a_plugin_asks_twice_and_then_a_person_comes() -> None:
    talk = Talk(asking())
    behaviours = [talk.say(line, *told).behaviour for line, *told in (("多大码", "size"), ("不知道",), ("随便",))]
    assert behaviours == [Behaviour.ASK, Behaviour.ASK, Behaviour.ESCALATE]
    assert talk.state["plugins"] == {"size": {"asked": 3}}
    assert "pending" not in talk.state


def test_a_picture_of_a_smile_does_not_answer_the_question() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    assert talk.say("😊", decision=Decision.SILENT).behaviour is Behaviour.SILENT
    assert "165厘米" in text_of(talk.say("165"))


def test_another_question_instead_of_an_answer_is_answered() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    assert talk.say("能开发票吗", "invoice").intents == ("invoice",)
    assert "pending" not in talk.state


def test_a_plugin_that_was_taken_out_is_not_missed() -> None:
    talk = Talk(asking())
    talk.say("穿多大码合适", "size")
    talk.brain = replace(talk.brain, handlers={k: v for k, v in talk.brain.handlers.items() if k != "size"})
    assert talk.say("172").behaviour is Behaviour.ESCALATE


# Choices, facts, pictures --------------------------------------------------------------------------------------------


async def by_cause(ctx: Context[None]) -> Outcome:
    if cause := ctx.slots.get("cause"):
        return Reply(f"记下了，原因是{cause}")
    choices = {"fault": "质量 坏 破", "mind": "不想要 不喜欢"}
    return ctx.ask("cause", "size.cause", choices=choices, give_up="size.person")


ASKS = {"cause": "请问是什么原因呢？", "person": "这就请人工客服为您看看。"}


def test_an_answer_that_is_one_of_the_choices_comes_back_whatever_else_it_sounds_like() -> None:
    talk = Talk(brain_with(by_cause, **ASKS))
    assert passes(talk.say("这个大小不合适想退", "size")).behaviour is Behaviour.ASK
    answered = talk.say("质量太差了 我要退款", "quality", "refund")
    assert (answered.intents, text_of(answered)) == (("size",), "记下了，原因是fault")


def test_another_intent_is_answered_where_none_of_the_choices_is_named() -> None:
    talk = Talk(brain_with(by_cause, **ASKS))
    talk.say("这个大小不合适想退", "size")
    assert talk.say("能开发票吗", "invoice").intents == ("invoice",)


def test_after_as_many_tries_as_allowed_a_person_comes_with_the_words_for_it() -> None:
    async def never_content(ctx: Context[None]) -> Outcome:
        return ctx.ask("cause", "size.cause", tries=1, give_up="size.person")

    talk = Talk(brain_with(never_content, **ASKS))
    assert talk.say("大小不合适", "size").behaviour is Behaviour.ASK
    given_up = passes(talk.say("就是不合适"))
    assert given_up.behaviour is Behaviour.ESCALATE
    assert ASKS["person"] in text_of(given_up)
    assert given_up.handover is not None
    assert given_up.handover.reason == "asked 1 times for cause and still not clear"


def test_several_facts_can_be_asked_for_one_after_the_other() -> None:
    wanted = ("title", "number", "mail", "phone_number")

    async def collects(ctx: Context[None]) -> Outcome:
        if ctx.asked:
            ctx.state[ctx.asked] = ctx.slots[ctx.asked]
        missing = next((slot for slot in wanted if slot not in ctx.state), None)
        return ctx.ask(missing, "size.cause") if missing else Reply("都记下了")

    talk = Talk(brain_with(collects, **ASKS))
    lines = (("开始", "size"), ("甲",), ("乙",), ("丙",), ("丁",))
    behaviours = [talk.say(line, *told).behaviour for line, *told in lines]
    assert behaviours == [Behaviour.ASK] * 4 + [Behaviour.ANSWER]
    assert talk.state["plugins"] == {"size": {"title": "甲", "number": "乙", "mail": "丙", "phone_number": "丁"}}


def test_questions_without_end_end_with_a_person() -> None:
    async def curious(ctx: Context[None]) -> Outcome:
        ctx.state["n"] = ctx.state.get("n", 0) + 1
        return ctx.ask(f"fact{ctx.state['n']}", "size.cause")

    talk = Talk(brain_with(curious, **ASKS))
    behaviours = [talk.say("嗯哼", *(("size",) if n == 0 else ())).behaviour for n in range(ASK_ROUNDS + 1)]
    assert behaviours == [Behaviour.ASK] * ASK_ROUNDS + [Behaviour.ESCALATE]


def test_a_province_answers_the_question_for_a_city_and_a_further_question_is_answered_too() -> None:
    async def where(ctx: Context[None]) -> Outcome:
        city = ctx.slots.get("city")
        return Reply(f"发往{city}") if city and ctx.asked else ctx.ask("city", "size.cause")

    talk = Talk(brain_with(where, **ASKS))
    talk.say("几天到", "size")
    both = talk.say("新疆的，能开发票吗", "invoice")
    assert both.intents == ("size", "invoice")
    assert "发往新疆" in text_of(both)


def test_a_picture_answers_a_question_for_one_and_no_other() -> None:
    async def fault(ctx: Context[None]) -> Outcome:
        if ctx.slots.get(PHOTO):
            return Escalate("look at the picture", Reply("图片收到了，这就请人工客服为您查看。"))
        return ctx.ask(PHOTO, "size.cause")

    talk = Talk(brain_with(fault, **ASKS))
    talk.say("收到是坏的", "size")
    seen = passes(talk.show(Kind.IMAGE))
    assert (seen.intents, seen.handover and seen.handover.reason) == (("size",), "look at the picture")
    assert Talk().show(Kind.IMAGE).handover is not None
