"""A handler is called: what it remembers, what it learns from records, and what becomes of its failures."""

import json
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel
from talks import Talk, passes, text_of

from autoreply import Context, Outcome, Reply
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Kind, Priority
from autoreply.pipeline import Brain
from autoreply.records.desk import Records
from autoreply.records.model import Order, OrderState, Product
from autoreply.testing import FakeOrders, FakeProducts

from .shops import LEAKS, brain_with, with_handler

# Plugins that fail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        ("price", "price: RuntimeError in its plugin"),
        ("stock", "stock: no answer within 0.05 s"),
        ("gift", "gift: TypeError in its plugin"),
        ("courier", "courier: TypeError in its plugin"),
        ("refund", "refund: TypeError in its plugin"),
        ("quality", "quality: TypeError in its plugin"),
        ("review", "review: TypeError in its plugin"),
        ("recommend", "recommend: TypeError in its plugin"),
        ("logistics", "logistics: TypeError in its plugin"),
        ("authenticity", "authenticity: ValueError in its plugin"),
        ("promotion", "promotion: no text under price.nothing_here"),
        ("thanks", "thanks: PermissionError in its plugin"),
    ],
)
def test_a_plugin_that_fails_becomes_a_handover_and_nothing_of_it_is_said(
    misbehaving: Brain, slug: str, reason: str
) -> None:
    talk = Talk(misbehaving)
    result = passes(talk.say("问一下", slug))
    assert result.behaviour is Behaviour.ESCALATE
    assert result.handover is not None
    assert (result.handover.reason, result.handover.priority) == (reason, Priority.HIGH)
    assert "人工" in text_of(result)
    assert not any(word in text_of(result) for word in LEAKS)
    assert json.loads(json.dumps(talk.state, allow_nan=False)) == talk.state
    assert slug not in talk.state.get("plugins", {})


def test_beside_a_plugin_that_fails_the_other_intent_is_answered(misbehaving: Brain) -> None:
    result = passes(Talk(misbehaving).say("多少钱，可以分期吗", "price", "instalment"))
    assert "分期" in text_of(result)
    assert result.behaviour is Behaviour.ESCALATE


# Memory --------------------------------------------------------------------------------------------------------------


def test_a_handler_keeps_what_it_was_told_only_when_it_succeeds() -> None:
    async def answer(ctx: Context[None]) -> Outcome:
        ctx.state["turns"] = ctx.state.get("turns", 0) + 1
        if ctx.says("失败"):
            raise RuntimeError
        return Reply(f"第{ctx.state['turns']}次")

    talk = Talk(with_handler("greeting", answer))
    said = [text_of(talk.say(line, "greeting")) for line in ("一", "失败", "二")]
    assert (said[0], said[2]) == ("第1次", "第2次")


def test_handlers_do_not_see_each_others_memory() -> None:
    async def answer(ctx: Context[None]) -> Outcome:
        ctx.state[ctx.slug] = 1
        return Reply("".join(sorted(ctx.state)))

    brain = with_handler("greeting", answer)
    brain = replace(brain, handlers={**brain.handlers, "thanks": Bound(answer)})
    assert text_of(Talk(brain).say("在吗，谢谢", "greeting", "thanks")) == "greeting\nthanks"


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


# Records -------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Shanghai"))

MINE = Order(order_no="2210000000001", buyer_id="buyer", state=OrderState.PAID, created_at=NOW)

OTHERS = Order(order_no="2210000000002", buyer_id="somebody", state=OrderState.PAID, created_at=NOW)


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
