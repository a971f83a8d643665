"""Questions to the buyer and their answers: choices, facts, pictures, giving up; memory; records at hand."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel
from talks import Talk, catalogue, make_brain, passes, text_of

from autoreply import PHOTO, Context, Escalate, Outcome, Reply
from autoreply.app import texts_of
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Kind, Priority
from autoreply.pipeline import ASK_ROUNDS, Brain
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderState, Product
from autoreply.testing import FakeOrders, FakeProducts
from autoreply.texts import Texts

NOW = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
MINE = Order(order_no="2210000000001", buyer_id="buyer", state=OrderState.PAID, created_at=NOW)
OTHERS = Order(order_no="2210000000002", buyer_id="somebody", state=OrderState.PAID, created_at=NOW)


def brain_with(handler: Any, *, bound: Bound | None = None, **texts: str) -> Brain:
    """The example shop whose ``size`` intent is answered by ``handler``, with texts of its own."""
    brain = make_brain()
    own = texts_of(catalogue()) | {f"size.{name}": (text,) for name, text in texts.items()}
    return replace(brain, handlers={**brain.handlers, "size": bound or Bound(handler)}, texts=Texts(own))


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


class Counter(BaseModel):
    rounds: int = 0


def test_a_typed_state_is_kept_and_begun_anew_where_it_no_longer_fits() -> None:
    async def counts(ctx: Context[None, Counter]) -> Outcome:
        ctx.state.rounds += 1
        return Reply(f"第{ctx.state.rounds}次")

    talk = Talk(brain_with(None, bound=Bound(counts, plugin="shop/a", memory="shop/a:Counter", state=Counter)))
    assert [text_of(talk.say("在吗", "size")) for _ in range(2)] == ["第1次", "第2次"]
    talk.state["plugins"]["shop/a:Counter"] = {"rounds": "many"}
    assert text_of(talk.say("在吗", "size")) == "第1次"


def test_what_one_handler_shares_another_sees_unless_it_failed() -> None:
    async def tells(ctx: Context[None]) -> Outcome:
        ctx.shared["city"] = "杭州"
        if ctx.says("坏"):
            raise RuntimeError("fails")
        return Reply("记下了")

    talk = Talk(brain_with(tells))
    talk.say("坏", "size")
    assert "shared" not in talk.state
    talk.say("好", "size")
    assert talk.state["shared"] == {"city": "杭州"}


# Records -----------------------------------------------------------------------------------------------------------


async def order_state(ctx: Context[None]) -> Outcome:
    order = await ctx.order()
    return Reply(f"您的订单{order.state}") if order else Reply("没有查到订单")


def with_orders(*orders: Order, down: bool = False) -> Talk:
    return Talk(replace(brain_with(order_state), records=Records(orders=FakeOrders(orders, down=down))))


def test_a_buyers_own_order_is_told_and_another_ones_is_left_out() -> None:
    assert text_of(with_orders(OTHERS, MINE).say("订单到哪了", "size")) == "您的订单paid"
    assert text_of(with_orders(OTHERS).say("订单到哪了", "size")) == "没有查到订单"


def test_another_buyers_order_is_declined_politely_and_nothing_of_it_is_said() -> None:
    refused = passes(with_orders(MINE, OTHERS).say(f"查下{OTHERS.order_no}", "size"))
    assert refused.behaviour is Behaviour.ANSWER
    assert "账号" in text_of(refused)
    assert not any(word in text_of(refused) for word in ("paid", OTHERS.order_no))


@pytest.mark.parametrize("alike", ["Buyer", "buуer", "buyer\u200b"])
def test_a_look_alike_is_refused_and_a_person_told_at_once(alike: str) -> None:
    refused = with_orders(MINE.model_copy(update={"buyer_id": alike})).say("订单到哪了", "size")
    assert refused.handover is not None
    assert (refused.handover.priority, "look-alike" in refused.handover.reason) == (Priority.HIGH, True)
    assert "paid" not in text_of(refused)


def test_records_that_are_down_or_not_connected_are_said_to_be_checked() -> None:
    down = passes(with_orders(MINE, down=True).say("订单到哪了", "size"))
    assert (down.behaviour, "paid" in text_of(down)) == (Behaviour.ESCALATE, False)
    assert down.handover is not None
    assert "made to fail" in down.handover.reason
    none = passes(Talk(brain_with(order_state)).say("订单到哪了", "size"))
    assert none.handover is not None
    assert "[records.orders]" in none.handover.reason


def test_the_product_named_once_is_remembered_and_a_card_names_one_too() -> None:
    async def which(ctx: Context[None]) -> Outcome:
        found = await ctx.products()
        return Reply(found[0].name if found else "没有")

    tea = Product(product_id="61", name="明前龙井绿茶", keywords=("龙井",))
    nuts = Product(product_id="62", name="每日坚果礼盒", keywords=("坚果礼盒",))
    brain = replace(brain_with(which), records=Records(products=FakeProducts([tea, nuts])))
    talk = Talk(brain)
    assert [text_of(talk.say(line, "size")) for line in ("龙井怎么样", "几克一罐")] == ["明前龙井绿茶"] * 2
    carded = Talk(brain)
    turn = carded.turn(("每日坚果礼盒", Kind.CARD))
    assert carded.hear(turn, brain).behaviour is Behaviour.ASK
    assert text_of(carded.say("多少钱", "size")) == "每日坚果礼盒"
    assert text_of(Talk(brain).say("多少钱", "size")) == "没有"
