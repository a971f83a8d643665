"""What a buyer writes becomes turns: each message once, in order, lines that belong together answered together."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoreply import Context, Reply
from autoreply.app import App
from autoreply.channels.base import Overfull
from autoreply.conversation import mailbox
from autoreply.model import Kind

from .bench import MORNING, Shop, until
from .conftest import Build

WHEN = "什么时候发货？"
"""Ends like a sentence and is understood: nothing more is waited for."""
WHEN_OPEN = "什么时候发货"
"""The same without an end: the buyer may still be typing."""


async def echo(ctx: Context[Any]) -> Reply:
    """Says how many lines were read together."""
    return Reply(f"您说了：{ctx.turn.text.replace(chr(10), '、')}")


# Once, and in order --------------------------------------------------------------------------------------------------


async def test_a_question_is_answered(shop: Shop) -> None:
    (answer,) = await shop.asks(WHEN)
    assert "16:00" in answer  # the cut-off of the example shop
    assert shop.behaviours() == ["answer"]


async def test_a_message_id_is_taken_once(shop: Shop) -> None:
    first = await shop.buyer(WHEN, id="platform-7")
    again = await shop.buyer(WHEN, id="platform-7")
    await shop.wait(5)
    late = await shop.buyer(WHEN, id="platform-7")
    await shop.wait(5)
    assert [first.duplicate, again.duplicate, late.duplicate] == [False, True, True]
    assert first.seq == again.seq == late.seq
    assert len(shop.said()) == 1
    assert shop.engine.in_hand == 0


async def test_the_same_words_said_twice_are_answered_twice(shop: Shop) -> None:
    assert await shop.asks("在吗")
    assert await shop.asks("在吗")


async def test_each_conversation_is_answered_in_its_own_order(build: Build) -> None:
    async with build().set(merge_window=0).answers(shipping_time=echo) as shop:
        for n in range(5):
            for conversation in ("left", "right"):
                await shop.buyer(f"{n}号订单{WHEN}", conversation)
                if n % 2:
                    await shop.wait()
        await shop.wait()
        for conversation in ("left", "right"):
            said = "".join(shop.said(conversation))
            assert [int(c) for c in said if c.isdigit()] == [0, 1, 2, 3, 4]


async def test_a_slow_plugin_delays_only_its_own_conversation(build: Build) -> None:
    free = asyncio.Event()

    async def slow(ctx: Context[Any]) -> Reply:
        if ctx.turn.key.conversation == "slow":
            await free.wait()
        return Reply("稍后为您安排发出")

    async with build().answers(shipping_time=slow) as shop:
        await shop.buyer(WHEN, "slow")
        await shop.buyer(WHEN, "quick")
        await until(lambda: bool(shop.said("quick")))
        assert shop.said("slow") == []
        free.set()
        await shop.wait()
        assert len(shop.said("slow")) == 1


async def test_only_so_many_turns_are_worked_on_at_a_time(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "GIVES_WAY", 3600.0)
    desk = Desk()
    async with build().set(parallel_turns=3).answers(shipping_time=desk) as shop:
        for n in range(20):
            await shop.buyer(WHEN, f"c{n}")
        await until(lambda: len(desk.asked) == 3)
        await shop.buyer("", "c20")  # a round trip through the journal: the others had every chance
        assert len(desk.asked) == 3
        desk.free.set()
        await shop.wait()
        assert len(desk.asked) == 20


async def test_turns_that_hang_keep_no_place_from_others(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "GIVES_WAY", 0.01)
    desk = Desk()
    async with build().set(parallel_turns=2).answers(shipping_time=desk) as shop:
        for n in range(20):
            await shop.buyer(WHEN, f"c{n}")
        await until(lambda: len(desk.asked) == 20)
        await shop.buyer("能开发票吗？", "healthy")
        await until(lambda: len(shop.said("healthy")) == 1)
        desk.free.set()
        await shop.wait()
        assert len(shop.line.heard) == 21


async def test_a_time_that_is_far_off_is_noted_and_not_used(shop: Shop) -> None:
    off = replace(shop.message(WHEN, id="off"), sent_at=MORNING - 7200)
    await shop.engine.accept(off)
    await shop.wait()
    near = replace(shop.message(WHEN, "other", id="near"), sent_at=MORNING + 60)
    await shop.engine.accept(near)
    await shop.wait()
    assert [len(shop.said(c)) for c in ("c", "other")] == [1, 1]
    first, second = shop.decided
    assert first.turn.messages[0].received_at == MORNING
    assert first.trace.of("clock") == {"stage": "clock", "skewed": {"off": -7200.0}, "used": "time of arrival"}
    assert second.trace.of("clock") == {}


# Merging -------------------------------------------------------------------------------------------------------------


async def test_lines_close_together_are_one_turn(build: Build) -> None:
    async with build().answers(shipping_time=echo) as shop:
        await shop.buyer("你好")
        await shop.wait(1.0)
        await shop.buyer(WHEN_OPEN)
        assert shop.said() == []
        await shop.wait(1.5)
        assert len(shop.said()) == 1
        assert "你好、什么时候发货" in shop.said()[0]
        assert [len(r.turn.messages) for r in shop.decided] == [2]
        assert shop.line.heard[0].in_reply_to == ("m1", "m2")


async def test_the_window_begins_anew_with_each_line_and_not_a_moment_earlier(build: Build) -> None:
    async with build().answers(shipping_time=echo) as shop:
        for line in ("请问一下", "我昨天买的", WHEN_OPEN):
            await shop.buyer(line)
            await shop.wait(1.4)
        assert shop.said() == []
        await shop.wait(0.1)
        assert [len(r.turn.messages) for r in shop.decided] == [3]


async def test_somebody_who_never_stops_typing_is_answered_at_the_cap(build: Build) -> None:
    async with build().set(merge_window=1.5, merge_cap=4.0).answers(shipping_time=echo) as shop:
        for second in range(4):
            await shop.buyer(f"{WHEN_OPEN}{second}")
            await shop.wait(1.0)
        assert [len(r.turn.messages) for r in shop.decided] == [4]
        assert shop.line.tries[0].created_at == MORNING + 4.0


async def test_a_complete_question_is_answered_at_once(shop: Shop) -> None:
    await shop.buyer(WHEN)
    await shop.wait(0)
    assert len(shop.said()) == 1


async def test_a_question_that_completes_the_lines_before_it_ends_the_wait(build: Build) -> None:
    async with build().answers(shipping_time=echo) as shop:
        await shop.buyer(WHEN_OPEN)
        await shop.wait(0.3)
        await shop.buyer(WHEN)
        await shop.wait(0)
        assert [len(r.turn.messages) for r in shop.decided] == [2]


async def test_a_greeting_is_waited_on_since_the_question_follows(shop: Shop) -> None:
    await shop.buyer("在吗？")
    await shop.wait(1.4)
    assert shop.said() == []


async def test_no_window_means_no_wait(build: Build) -> None:
    async with build().set(merge_window=0) as shop:
        await shop.buyer(WHEN_OPEN)
        await shop.wait(0)
        assert len(shop.said()) == 1


async def test_a_card_and_the_question_about_it_are_one_turn(build: Build) -> None:
    async with build().answers(shipping_time=echo) as shop:
        await shop.buyer("", kind=Kind.CARD)
        await shop.wait(1.0)
        await shop.buyer(WHEN_OPEN)
        await shop.wait(1.5)
        assert [len(r.turn.messages) for r in shop.decided] == [2]
        assert len(shop.said()) == 1


async def test_each_conversation_has_its_own_window(build: Build) -> None:
    async with build().answers(shipping_time=echo) as shop:
        await shop.buyer(WHEN_OPEN, "early")
        await shop.wait(1.0)
        await shop.buyer(WHEN_OPEN, "late")
        await shop.wait(0.5)
        assert (len(shop.said("early")), len(shop.said("late"))) == (1, 0)
        await shop.wait(1.0)
        assert len(shop.said("late")) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.sampled_from([0.0, 0.4, 1.4, 1.5, 1.6, 3.0]), min_size=1, max_size=8))
def test_whenever_lines_come_each_is_read_once_and_in_order(
    app: App, tmp_path_factory: Any, pauses: list[float]
) -> None:
    async def run() -> None:
        path = tmp_path_factory.mktemp("merge") / "journal.db"
        async with Shop(app, path).answers(shipping_time=echo) as shop:
            for n, pause in enumerate(pauses):
                await shop.buyer(f"{WHEN_OPEN}{n}")
                await shop.wait(pause)
            await shop.wait(10)
            read = [m.message_id for r in shop.decided for m in r.turn.messages]
            assert read == [f"m{n}" for n in range(1, len(pauses) + 1)]
            assert len(shop.said()) == len(shop.decided)
            for reply, turn in zip(shop.line.heard, shop.decided, strict=True):
                assert reply.created_at - turn.turn.messages[0].received_at <= 6
            assert await shop.left() == (0, 0)
            assert shop.engine.in_hand == 0

    asyncio.run(run())


# While the answer is made --------------------------------------------------------------------------------------------


class Desk:
    """A handler that thinks until it is let go, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.free = asyncio.Event()

    async def __call__(self, ctx: Context[Any]) -> Reply:
        self.asked.append(ctx.turn.text)
        ctx.state["times"] = ctx.state.get("times", 0) + 1
        await self.free.wait()
        return Reply(f"这是第{ctx.state['times']}次为您查看")


async def test_a_line_that_arrives_while_the_answer_is_made_is_part_of_the_answer(build: Build) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: len(desk.asked) == 1)
        await shop.buyer("我是昨天下的单")
        desk.free.set()
        await shop.wait()
        assert desk.asked == [WHEN, f"{WHEN}\n我是昨天下的单"]
        assert shop.said() == ["这是第1次为您查看"]  # what the first try remembered went with it
        assert shop.line.heard[0].in_reply_to == ("m1", "m2")
        assert [len(r.turn.messages) for r in shop.decided] == [2]


async def test_the_answer_is_made_again_once_and_not_forever(build: Build) -> None:
    asked: list[str] = []
    shop = build()

    async def interrupted(ctx: Context[Any]) -> Reply:
        asked.append(ctx.turn.text)
        if len(asked) <= 3:
            await shop.buyer(f"{WHEN_OPEN}啊")
        return Reply("为您查看")

    async with shop.answers(shipping_time=interrupted):
        await shop.buyer(WHEN)
        await shop.wait(10)
        read = [[m.message_id for m in r.turn.messages] for r in shop.decided]
        assert read == [["m1", "m2"], ["m3", "m4"]]
        assert len(shop.said()) == 2


# Pushing back --------------------------------------------------------------------------------------------------------


async def test_an_overfull_inbox_takes_nothing_and_recovers(build: Build) -> None:
    desk = Desk()
    async with build().set(inbox=3).answers(shipping_time=desk) as shop:
        for n in range(3):
            await shop.buyer(WHEN, f"c{n}")
        with pytest.raises(Overfull) as refused:
            await shop.buyer(WHEN, "c9", id="refused")
        assert refused.value.retry_after >= 1
        assert (await shop.left())[0] == 3
        desk.free.set()
        await shop.wait()
        receipt = await shop.buyer(WHEN, "c9", id="refused")
        await shop.wait()
        assert not receipt.duplicate
        assert len(shop.said("c9")) == 1


async def test_a_person_gets_through_to_an_overfull_inbox(build: Build) -> None:
    desk = Desk()
    async with build().set(inbox=1).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await shop.agent()
        desk.free.set()
        await shop.wait()
        assert shop.said() == []


async def test_nothing_is_left_in_memory_when_all_is_answered(build: Build) -> None:
    async with build() as shop:
        for n in range(50):
            await shop.buyer(WHEN, f"c{n}")
            await shop.buyer(WHEN, f"c{n}", id=f"m{2 * n + 1}")  # the same id again
            await shop.agent(conversation=f"other{n}")
        await shop.wait(60)
        assert shop.engine.in_hand == 0
        assert shop.clock.next_due() is None
        assert await shop.left() == (0, 0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
