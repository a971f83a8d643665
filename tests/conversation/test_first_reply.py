"""Within ``first_reply_within`` a buyer has an answer or the holding line; and what fails never shows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from autoreply import Context, Outcome, Priority, Reply
from autoreply.texts import Texts

from .bench import Shop, until
from .conftest import Build
from .test_turns import WHEN, Desk

# The holding line ----------------------------------------------------------------------------------------------------


def holding(shop: Shop) -> list[str]:
    """The lines of the shop that hold a buyer."""
    return [shop.brain.texts.fill("host.hold", shop.brain.shop, used=n).text for n in range(3)]


async def test_a_slow_answer_is_announced_once_and_then_given(build: Build) -> None:
    desk = Desk()
    async with build().set(first_reply_within=8, plugin_timeout=60).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.tick(7.9)
        await shop.buyer("", "other")  # a round trip: whatever was due has been done
        assert shop.said() == []
        await shop.tick(0.1)
        await until(lambda: len(shop.said()) == 1)
        await shop.tick(30)
        desk.free.set()
        await shop.wait()
        assert len(shop.said()) == 2
        assert shop.said()[0] in holding(shop)
        assert shop.said()[1] == "这是第1次为您查看"
        mine = [r for r in shop.decided if r.turn.key == shop.key()]
        assert [r.behaviour.value for r in mine] == ["hold", "answer"]
        (decision,) = await shop.look(lambda s: [d for d in s.decisions(shop.key()) if d["behaviour"] == "hold"])
        assert decision["trace"][0]["stage"] == "hold"


async def test_an_answer_made_again_for_a_new_line_is_not_announced_twice(build: Build) -> None:
    desk = Desk()
    async with build().set(plugin_timeout=60).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.tick(9)
        await until(lambda: len(shop.said()) == 1)
        await shop.buyer("我是昨天拍的")
        desk.free.set()
        await until(lambda: len(desk.asked) == 2)
        await shop.wait(20)
        assert shop.said()[0] in holding(shop)
        assert len(shop.said()) == 2


async def test_the_time_spent_on_merging_counts(build: Build) -> None:
    desk = Desk()
    shop = build().set(merge_window=5, merge_cap=6, first_reply_within=8, plugin_timeout=60)
    async with shop.answers(shipping_time=desk):
        await shop.buyer("什么时候发货")
        await shop.engine.settle()
        await shop.tick(5)
        await until(lambda: bool(desk.asked))
        await shop.tick(3)
        await until(lambda: len(shop.said()) == 1)
        desk.free.set()
        await shop.wait()


async def test_a_quick_answer_is_not_announced(shop: Shop) -> None:
    await shop.asks(WHEN)
    await shop.wait(60)
    assert shop.behaviours() == ["answer"]


# Plugins that fail ---------------------------------------------------------------------------------------------------


async def raises(ctx: Context[Any]) -> Outcome:
    raise ValueError("secret of the inside, in /etc/passwd")


async def hangs(ctx: Context[Any]) -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError("not reached")


async def cancels_itself(ctx: Context[Any]) -> Outcome:
    raise asyncio.CancelledError


async def says_nothing(ctx: Context[Any]) -> Outcome:
    return None  # type: ignore[return-value]


async def returns_a_text(ctx: Context[Any]) -> Outcome:
    return "secret of the inside"  # type: ignore[return-value]


async def replies_with_a_number(ctx: Context[Any]) -> Outcome:
    return Reply(7)  # type: ignore[arg-type]


async def replies_with_broken_text(ctx: Context[Any]) -> Outcome:
    return Reply("\ud83d 半个表情")


async def backs_with_nonsense(ctx: Context[Any]) -> Outcome:
    return Reply("为您查看", backed=["nonsense"])  # type: ignore[arg-type]


async def remembers_a_set(ctx: Context[Any]) -> Outcome:
    ctx.state["seen"] = {1, 2}
    return Reply("secret of the inside")


async def remembers_by_tuples(ctx: Context[Any]) -> Outcome:
    ctx.state[(1, 2)] = 1  # type: ignore[index]
    return Reply("secret of the inside")


async def remembers_itself(ctx: Context[Any]) -> Outcome:
    ctx.state["me"] = ctx.state
    return Reply("secret of the inside")


BROKEN: list[Callable[[Context[Any]], Awaitable[Outcome]]] = [
    raises,
    hangs,
    cancels_itself,
    says_nothing,
    returns_a_text,
    replies_with_a_number,
    replies_with_broken_text,
    backs_with_nonsense,
    remembers_a_set,
    remembers_by_tuples,
    remembers_itself,
]


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_plugin_that_fails_calls_a_person_and_shows_nothing(build: Build, broken: Any) -> None:
    async with build().set(plugin_timeout=0.05).answers(shipping_time=broken) as shop:
        (line,) = await shop.asks(WHEN)
        assert "人工" in line
        assert not any(sign in line for sign in ("secret", "Error", "passwd", "\ud83d", "7"))
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert "/etc" not in item.reason
        assert shop.behaviours() == ["escalate"]
        # The conversation goes on, nothing of it is stuck or kept from the failure.
        (answer,) = await shop.asks("可以开发票吗？")
        assert "secret" not in answer
        record = await shop.look(lambda store: store.conversation(shop.key()))
        assert "shipping_time" not in record.state.get("plugins", {})
        assert await shop.left() == (0, 0)
        assert shop.engine.in_hand == 0


@pytest.mark.parametrize("broken", [raises, cancels_itself, replies_with_a_number, remembers_by_tuples])
async def test_what_a_plugin_remembered_before_it_failed_stays(build: Build, broken: Any) -> None:
    async def counts(ctx: Context[Any]) -> Outcome:
        ctx.state["rounds"] = ctx.state.get("rounds", 0) + 1
        if ctx.state["rounds"] == 2 and ctx.turn.messages[0].message_id == "fails":
            return await broken(ctx)  # type: ignore[no-any-return]
        return Reply(f"第{ctx.state['rounds']}次为您查看")

    async with build().answers(shipping_time=counts) as shop:
        await shop.asks(WHEN)
        await shop.asks(WHEN, id="fails")
        await shop.asks(WHEN)
        record = await shop.look(lambda store: store.conversation(shop.key()))
        assert record.state["plugins"]["shipping_time"]["rounds"] >= 2


async def test_a_buyer_is_told_of_a_failing_bot_only_so_often(build: Build) -> None:
    async with build().answers(shipping_time=cancels_itself) as shop:
        for _ in range(4):
            await shop.asks(WHEN)
        assert 1 <= len(shop.said()) <= 2
        assert len(await shop.queue()) == 1


async def test_a_text_that_understanding_cannot_bear_calls_a_person(build: Build) -> None:
    class Breaks:
        """An understander with a mistake in it."""

        def understand(self, *_: Any) -> Any:
            raise RecursionError

    shop = build()
    shop.brain = replace(shop.brain, understander=Breaks())  # type: ignore[arg-type]
    async with shop:
        (line,) = await shop.asks(WHEN)
        assert "人工" in line
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert await shop.left() == (0, 0)


async def test_without_a_line_to_say_the_person_is_called_all_the_same(build: Build) -> None:
    shop = build().answers(shipping_time=cancels_itself)
    shop.brain = replace(shop.brain, texts=Texts({}))
    async with shop:
        assert await shop.asks(WHEN) == []
        assert len(await shop.queue()) == 1


async def test_an_observer_that_fails_costs_nobody_an_answer(build: Build) -> None:
    def breaks(result: Any) -> None:
        raise ZeroDivisionError

    shop = build().set(merge_window=0)
    shop.observe = breaks
    async with shop:
        await shop.buyer(WHEN)
        await shop.buyer(WHEN)
        await shop.wait()
        assert await shop.left() == (0, 0)
        assert shop.said()
