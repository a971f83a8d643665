"""A person always wins: takeover, echo, expiry and resume; the queue for people and what a buyer is told of it."""

from functools import partial
from typing import Any

from autoreply import Context, Escalate, Priority, Reply
from autoreply.compliance import Draft, Released
from autoreply.conversation.delivery import kept_draft
from autoreply.journal import Outgoing, Store
from autoreply.model import Behaviour

from .bench import Gateway, Shop, refuses, until, vanishes
from .conftest import Build
from .test_turns import WHEN, WHEN_OPEN, Desk

MINUTES = 60


async def person(ctx: Context[Any]) -> Escalate:
    return Escalate("a matter for a person")


# Takeover ------------------------------------------------------------------------------------------------------------


async def test_where_an_agent_writes_the_bot_is_silent(shop: Shop) -> None:
    await shop.agent("您好，我来为您处理")
    assert await shop.asks(WHEN) == []
    assert shop.behaviours() == ["silent"]
    assert await shop.asks(WHEN, "another conversation") != []
    assert await shop.left() == (0, 0)


async def test_an_agent_who_writes_within_the_merge_window_answers_instead_of_the_bot(shop: Shop) -> None:
    await shop.buyer(WHEN_OPEN)
    await shop.wait(1.0)
    await shop.agent()
    await shop.wait(10)
    assert shop.said() == []
    assert shop.behaviours() == ["silent"]


async def test_an_agent_who_writes_while_the_answer_is_made_withholds_it(build: Build) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.agent()
        desk.free.set()
        await shop.wait(10)
        assert shop.said() == []
        assert await shop.outbox() == []
        # What is told of the turn is what came of it, and nothing is remembered of what was never said.
        (told,) = shop.decided
        assert (told.behaviour, told.replies, told.handover) == (Behaviour.SILENT, (), None)
        assert (await shop.look(partial(Store.conversation, key=shop.key()))).state == {}
        (kept,) = await shop.look(partial(Store.decisions, key=shop.key()))
        assert kept["behaviour"] == "silent"
        assert kept["trace"][-1]["withheld"]


async def test_an_agent_who_comes_while_a_person_is_called_makes_the_call_needless(build: Build) -> None:
    desk = Desk()

    async def call(ctx: Context[Any]) -> Escalate:
        await desk(ctx)
        return Escalate("a person is needed", priority=Priority.HIGH)

    async with build().answers(shipping_time=call) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.agent()
        desk.free.set()
        await shop.wait()
        assert await shop.queue() == []


async def test_an_agent_who_writes_before_a_second_try_withdraws_the_reply(shop: Shop) -> None:
    shop.line.plan.append(refuses)
    await shop.buyer(WHEN)
    await shop.wait(0)
    await shop.agent()
    await shop.wait(3600)
    assert len(shop.line.tries) == 1
    assert shop.said() == []
    assert await shop.outbox() == ["withdrawn"]


async def test_a_reply_that_may_have_arrived_is_not_repeated_after_an_agent(shop: Shop) -> None:
    shop.line.plan.append(vanishes)
    await shop.buyer(WHEN)
    await shop.wait(0)
    await shop.agent()
    await shop.wait(3600)
    assert len(shop.line.tries) == 1
    assert await shop.outbox() == ["unknown"]


async def test_replies_that_wait_behind_one_being_sent_are_withdrawn(build: Build) -> None:
    async with build().set(merge_window=0) as shop:
        send = Gateway()
        shop.line.plan.append(send)
        await shop.buyer(WHEN)
        await send.reached.wait()
        await shop.buyer(WHEN)
        await until(lambda: len(shop.decided) == 2)
        await shop.agent()
        send.open.set()
        await shop.wait()
        assert len(shop.line.tries) == 1
        assert await shop.outbox() == ["sent", "withdrawn"]


async def test_an_agent_silences_the_holding_line_too(build: Build) -> None:
    desk = Desk()
    async with build().set(plugin_timeout=60).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.agent()
        await shop.tick(9)
        desk.free.set()
        await shop.wait()
        assert shop.said() == []


async def test_the_bots_own_reply_told_back_by_the_platform_is_no_agent(shop: Shop) -> None:
    await shop.asks(WHEN)
    (sent,) = shop.line.heard
    receipt = await shop.agent(sent.released.text, id=sent.key)
    assert not receipt.duplicate
    assert await shop.asks(WHEN) != []
    assert await shop.look(lambda s: [e.who for e in s.transcript(shop.key())]) == ["buyer", "bot", "buyer", "bot"]


async def test_an_agent_who_says_the_bots_very_words_is_an_agent(shop: Shop) -> None:
    (text,) = await shop.asks(WHEN)
    await shop.agent(text)
    assert await shop.asks(WHEN) == []


async def test_an_agents_message_told_twice_counts_once(shop: Shop) -> None:
    await shop.agent(id="a1")
    await shop.wait(25 * MINUTES)
    again = await shop.agent(id="a1")
    assert again.duplicate
    await shop.wait(6 * MINUTES)
    assert await shop.asks(WHEN) != []


async def test_the_bot_comes_back_when_the_agent_is_silent_for_long_enough(shop: Shop) -> None:
    await shop.agent()
    await shop.wait(20 * MINUTES)
    await shop.agent("还在吗")  # half an hour from here
    await shop.wait(29 * MINUTES)
    assert await shop.asks(WHEN) == []
    await shop.wait(1 * MINUTES)
    assert await shop.asks(WHEN) != []


async def test_the_bot_comes_back_when_it_is_told_to(shop: Shop) -> None:
    await shop.agent()
    assert await shop.asks(WHEN) == []
    await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
    assert await shop.asks(WHEN) != []


async def test_a_takeover_outlives_a_restart(build: Build) -> None:
    shop = build()
    async with shop:
        await shop.agent()
    async with shop:
        assert await shop.asks(WHEN) == []


async def test_a_persons_reply_goes_out_although_a_person_is_there(shop: Shop) -> None:
    draft = Draft(shop.key(), "我帮您看了，今天可以发出", {"今天": "agent"}, "agent", override="checked the parcel")
    released = shop.brain.gate.release(draft)
    assert isinstance(released, Released)

    def reply(store: Store) -> None:
        store.take_over(shop.key(), shop.clock.now(), shop.clock.now() + 60)
        store.put(shop.key(), Outgoing("agent-1", released.text, "agent", kept_draft(draft)), shop.clock.now())

    await shop.look(reply)
    await shop.close()
    await shop.open()
    await shop.wait()
    assert shop.said() == [released.text]


# The queue -----------------------------------------------------------------------------------------------------------


async def test_a_conversation_stands_in_the_queue_once_with_all_its_reasons(build: Build) -> None:
    reasons = iter(
        [
            Escalate("first reason", priority=Priority.LOW),
            Escalate("second reason"),
            Escalate("third reason", priority=Priority.HIGH),
            Escalate("first reason", priority=Priority.LOW),
        ]
    )

    async def next_one(ctx: Context[Any]) -> Escalate:
        return next(reasons)

    async with build().answers(shipping_time=next_one) as shop:
        seen = []
        for _ in range(4):
            await shop.asks(WHEN)
            (item,) = await shop.queue()
            seen.append(item.priority)
        assert seen == [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.HIGH]
        assert item.reason == "first reason; second reason; third reason"
        assert item.buyer_id == "buyer of c"


async def test_a_buyer_is_told_of_a_person_twice_and_then_left_in_peace(build: Build) -> None:
    async with build().answers(shipping_time=person) as shop:
        first = await shop.asks(WHEN)
        second = await shop.asks(WHEN)
        assert len(first) == len(second) == 1
        assert first != second
        assert await shop.asks(WHEN) == []
        assert await shop.asks(WHEN) == []
        assert len(await shop.queue()) == 1
        assert shop.behaviours() == ["escalate"] * 4


async def test_once_the_person_is_done_the_telling_starts_anew(build: Build) -> None:
    async with build().answers(shipping_time=person) as shop:
        for _ in range(3):
            await shop.asks(WHEN)
        await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
        assert await shop.queue() == []
        assert len(await shop.asks(WHEN)) == 1
        assert len(await shop.queue()) == 1


async def test_other_questions_are_still_answered_while_a_person_is_awaited(build: Build) -> None:
    async with build().answers(invoice=person) as shop:
        await shop.asks("可以开发票吗？")
        assert len(await shop.queue()) == 1
        (answer,) = await shop.asks(WHEN)
        assert "16:00" in answer


# What the gate refuses -----------------------------------------------------------------------------------------------


async def test_what_the_gate_refuses_never_leaves_and_a_person_is_called_at_once(build: Build) -> None:
    async def sly(ctx: Context[Any]) -> Reply:
        return Reply("加微信 autumn2046 聊，给您便宜")

    async with build().answers(shipping_time=sly) as shop:
        (line,) = await shop.asks(WHEN)
        assert "微信" not in line
        assert "autumn" not in line
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert "gate" in item.reason
        (result,) = shop.decided
        assert result.rules
        rows = await shop.look(lambda s: s.db.execute("SELECT text, draft FROM outbox").fetchall())
        assert not any("autumn" in text + draft for text, draft in rows)


async def test_a_kept_reply_that_a_new_rulebook_forbids_is_not_sent_after_a_restart(build: Build) -> None:
    shop = build()
    bad = Outgoing("r1-old-1", "加微信 autumn2046 聊", "plugin", {"backed": {}, "origin": "plugin", "duties": []})
    store = Store(shop.path)
    with store:
        store.put(shop.key(), bad, 0.0)
    store.close()
    async with shop:
        await shop.wait(60)
        assert shop.line.tries == []
        assert await shop.outbox() == ["withdrawn"]
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
