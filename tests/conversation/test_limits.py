"""What is too much: a flood, a crowd, another bot, the same answer again."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply import Context, Reply
from autoreply.channels.base import Overfull
from autoreply.conversation.limits import FAST, LOOP_TIMES, PERIOD, SAME_WITHIN, Meter
from autoreply.journal import Store
from autoreply.model import Priority

from .bench import Shop
from .conftest import Build
from .test_turns import WHEN

PRODUCTS = ("杯子", "勺子", "盘子", "筷子", "锅盖", "水壶", "茶壶", "饭盒", "砧板", "围裙", "手套", "毛巾")


async def limits_step(shop: Shop) -> dict[str, Any]:
    """The step ``limits`` of the last decision's trace."""
    (decision, *_) = await shop.look(partial(Store.decisions, key=shop.key()))
    return next(s for s in decision["trace"] if s["stage"] == "limits")


async def words(ctx: Context[Any]) -> Reply:
    return Reply(f"为您查看{ctx.turn.text}")


# A buyer who floods --------------------------------------------------------------------------------------------------


async def test_a_flood_gets_one_answer_and_a_person(build: Build) -> None:
    async with build().set(buyer_per_minute=5) as shop:
        for name in PRODUCTS:
            await shop.buyer(f"{name}的价格")
        await shop.wait(10)
        assert len(shop.said()) == 1
        (item,) = await shop.queue()
        assert "floods: more than 5 messages a minute" in item.reason
        assert item.priority is Priority.HIGH
        assert (await limits_step(shop))["rule"] == "flood"

        for name in PRODUCTS:
            await shop.buyer(f"{name}的价格")
            await shop.wait(2)
        assert len(shop.said()) == 1
        assert await shop.left() == (0, 0)


async def test_a_buyer_who_calms_down_is_answered_again(build: Build) -> None:
    async with build().set(buyer_per_minute=5) as shop:
        for name in PRODUCTS:
            await shop.buyer(f"{name}的价格")
        await shop.wait(3 * PERIOD)
        assert await shop.asks(WHEN) != []


async def test_one_buyers_flood_is_nobody_elses(build: Build) -> None:
    async with build().set(buyer_per_minute=5) as shop:
        for name in PRODUCTS:
            await shop.buyer(f"{name}的价格")
        assert await shop.asks(WHEN, "another") != []


async def test_the_same_message_delivered_again_and_again_is_no_flood(build: Build) -> None:
    async with build().set(buyer_per_minute=5) as shop:
        for _ in range(20):
            await shop.buyer(WHEN, id="m-1")
        await shop.wait(5)
        assert shop.behaviours() == ["answer"]


@pytest.mark.parametrize("which", ["channel_per_minute", "shop_per_minute"])
async def test_a_crowd_is_asked_to_come_again_and_nothing_is_lost(build: Build, which: str) -> None:
    async with build().set(**{which: 10}) as shop:
        for n in range(10):
            await shop.buyer(WHEN, f"c{n}")
        with pytest.raises(Overfull) as caught:
            await shop.buyer(WHEN, "one too many")
        assert caught.value.retry_after >= 1
        await shop.agent(conversation="c0")  # people are always let in
        await shop.wait(PERIOD / 2)
        await shop.buyer(WHEN, "late")
        await shop.wait(5)
        assert len(shop.said("late")) == 1


# Counting ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 120), min_size=1, max_size=80), st.integers(1, 20))
def test_a_meter_lets_through_its_limit_at_once_and_no_more_than_twice_that_in_a_minute(
    moments: list[float], limit: int
) -> None:
    meter, let = Meter(limit), []
    for moment in sorted(moments):
        if not meter.full("b", moment):
            assert not meter.add("b", moment)
            let.append(moment)
    for start in let:
        assert sum(start <= m < start + PERIOD for m in let) <= 2 * limit
    assert let[:limit] == sorted(moments)[: len(let[:limit])]


def test_a_meter_forgets_those_who_are_idle() -> None:
    meter = Meter(10)
    for n in range(1000):
        meter.add(n, 0.0)
    meter.add("one more", 10 * PERIOD)
    assert len(meter) == 1


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    meter = Meter(1)
    meter.add("b", 1_000_000.0)
    assert not meter.full("b", 0.0)


# Two bots ------------------------------------------------------------------------------------------------------------


async def test_another_bot_is_noticed_and_left_to_a_person(build: Build) -> None:
    async with build().set(merge_window=0).answers(shipping_time=words) as shop:
        lines = "亲亲，您什么时候发货？", "在的呢亲，您什么时候发货哦？"
        for n in range(20):
            await shop.buyer(lines[n % 2] + "呢" * (n // 6))
            await shop.wait(0.5)
        said = len(shop.said())
        assert LOOP_TIMES <= said <= LOOP_TIMES + 2
        (item,) = await shop.queue()
        assert "seems to be a bot" in item.reason
        assert (await limits_step(shop))["rule"] == "loop"

        await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
        await shop.wait(60)
        assert await shop.asks(WHEN) != []


async def test_a_stopped_bot_stays_stopped_over_a_restart(build: Build) -> None:
    shop = build().set(merge_window=0).answers(shipping_time=words)
    async with shop:
        for _ in range(LOOP_TIMES + 3):
            await shop.buyer(WHEN)
            await shop.wait(0.5)
        said = len(shop.said())
    async with shop:
        assert await shop.asks(WHEN) == []
        assert len(shop.said()) == said


async def test_a_person_who_writes_the_same_slowly_is_no_bot(build: Build) -> None:
    async with build().set(merge_window=0).answers(shipping_time=words) as shop:
        for n in range(12):
            await shop.buyer(f"{PRODUCTS[n]}{PRODUCTS[-n]}什么时候发货？")
            await shop.wait(FAST)
        assert len(shop.said()) == 12


async def test_numbers_pasted_one_after_the_other_are_questions_of_their_own(build: Build) -> None:
    async with build().set(merge_window=0).answers(shipping_time=words) as shop:
        for n in range(12):
            await shop.buyer(f"{n}号什么时候发货？")
            await shop.wait(0)
        assert len(shop.said()) == 12


# The same answer -----------------------------------------------------------------------------------------------------


async def test_the_same_answer_is_not_given_a_third_time(shop: Shop) -> None:
    for _ in range(3):
        await shop.asks(WHEN)
        await shop.wait(20)
    assert shop.behaviours() == ["answer", "answer", "escalate"]
    (item,) = await shop.queue()
    assert item.reason == "the same answer for the third time in a row"
    assert (await limits_step(shop))["rule"] == "same"
    assert "人工" in shop.said()[2]


async def test_asked_on_while_a_person_is_awaited_it_is_not_given_again(shop: Shop) -> None:
    for _ in range(6):
        await shop.asks(WHEN)
        await shop.wait(20)
    assert not any("16:00" in text for text in shop.said()[2:])


async def test_another_answer_between_makes_it_new(shop: Shop) -> None:
    for text in (WHEN, WHEN, "可以开发票吗？", WHEN):
        await shop.asks(text)
        await shop.wait(20)
    assert shop.behaviours() == ["answer"] * 4


async def test_the_same_question_about_something_else_is_another_one(build: Build) -> None:
    async with build().answers(shipping_time=words) as shop:
        for name in PRODUCTS[:4]:
            await shop.asks(f"{name}什么时候发货？")
            await shop.wait(20)
        assert shop.behaviours() == ["answer"] * 4


async def test_a_question_for_each_of_several_orders_is_answered(shop: Shop) -> None:
    for n in range(4):
        await shop.asks(f"订单尾号{n}{n}{n}{n}，什么时候发货？")
        await shop.wait(20)
    assert "escalate" not in shop.behaviours()


async def test_the_next_day_it_may_be_said_again(shop: Shop) -> None:
    for _ in range(4):
        await shop.asks(WHEN)
        await shop.wait(SAME_WITHIN + 60)
    assert shop.behaviours() == ["answer"] * 4


async def test_given_back_by_a_person_it_may_be_said_again(shop: Shop) -> None:
    for _ in range(3):
        await shop.asks(WHEN)
        await shop.wait(20)
    await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
    await shop.wait(20)
    assert any("16:00" in text for text in await shop.asks(WHEN))


async def test_thanks_said_again_and_again_need_no_person(shop: Shop) -> None:
    for _ in range(4):
        await shop.asks("谢谢")
        await shop.wait(20)
    assert set(shop.behaviours()) <= {"answer", "silent"}
    assert len(shop.said()) <= 2
    assert await shop.queue() == []
