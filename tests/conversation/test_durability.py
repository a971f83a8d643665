"""Nothing lost, nothing twice: over restarts at every stage, stops, and a journal that cannot be written."""

import asyncio
import sqlite3
from typing import Any

import pytest

from autoreply import Context, Reply
from autoreply.channels.base import Unavailable
from autoreply.clock import ManualClock
from autoreply.journal import JournalError, Outgoing, Store
from autoreply.model import Priority

from .bench import MORNING, Gateway, Shop, refuses, times_out, until, vanishes
from .conftest import Build
from .test_turns import WHEN, Desk

# After a restart -----------------------------------------------------------------------------------------------------


def left_behind(shop: Shop, *texts: str, at: float = MORNING) -> None:
    """Messages that a run accepted before it was killed."""
    store = Store(shop.path)
    with store:
        for n, text in enumerate(texts):
            store.accept(shop.message(text, id=f"old-{n}", received_at=at), agent_until=at)
    store.close()


async def test_messages_that_were_accepted_and_not_answered_are_answered(build: Build) -> None:
    shop = build()
    left_behind(shop, WHEN)
    assert await shop.open() == 1
    await shop.wait()
    assert len(shop.said()) == 1
    assert shop.line.heard[0].in_reply_to == ("old-0",)
    again = await shop.buyer(WHEN, id="old-0")
    await shop.wait(60)
    assert again.duplicate
    assert len(shop.said()) == 1
    await shop.close()
    assert await shop.open() == 0
    await shop.wait(60)
    assert len(shop.said()) == 1
    await shop.close()


async def test_a_late_answer_is_given_without_a_holding_line_before_it(build: Build) -> None:
    shop = build()
    left_behind(shop, WHEN, at=MORNING - 600)
    async with shop:
        await shop.wait(60)
        assert shop.behaviours() == ["answer"]


async def test_a_late_answer_that_takes_time_has_its_holding_line(build: Build) -> None:
    desk = Desk()
    shop = build().set(plugin_timeout=60).answers(shipping_time=desk)
    left_behind(shop, WHEN, at=MORNING - 600)
    async with shop:
        await until(lambda: bool(desk.asked))
        await shop.tick(1)
        await until(lambda: len(shop.said()) == 1)
        desk.free.set()
        await shop.wait()
        assert shop.behaviours() == ["hold", "answer"]


async def test_a_clock_that_was_set_back_meanwhile_keeps_nobody_waiting(build: Build) -> None:
    shop = build()
    left_behind(shop, "什么时候发货")
    shop.clock = ManualClock(MORNING - 3600)
    async with shop:
        await shop.wait(0)
        assert shop.behaviours() == ["answer"]


async def test_replies_that_were_kept_and_not_sent_are_sent_before_new_ones(build: Build) -> None:
    shop = build()
    async with shop:
        shop.line.plan += [refuses] * 2
        for _ in range(2):
            await shop.buyer(WHEN)
            await until(lambda: shop.engine.in_hand == 0)
        await shop.wait(0)
    assert shop.said() == []
    shop.line.plan.clear()
    async with shop:
        await shop.asks(WHEN)
        assert [s.in_reply_to for s in shop.line.heard] == [("m1",), ("m2",), ("m3",)]
        assert await shop.left() == (0, 0)


@pytest.mark.parametrize(("takes_key", "step"), [(True, times_out), (True, vanishes), (False, None)])
async def test_a_reply_that_was_on_its_way_when_the_process_ended(build: Build, takes_key: bool, step: Any) -> None:
    shop = build(takes_key=takes_key)
    send = Gateway()
    shop.line.plan.append(step or send)
    await shop.open()
    await shop.buyer(WHEN)
    await until(lambda: len(shop.line.tries) == 1)
    if step:
        await shop.wait(0)
    shop.settings = shop.set(stop_within=0.05).settings
    shop.engine._limits = shop.settings.limits  # the stop of this run must not wait for the send
    await shop.close()
    async with shop:
        await shop.wait(60)
        if takes_key:
            assert len({s.key for s in shop.line.tries}) == 1
            assert len(shop.said()) == 1
            assert await shop.outbox() == ["sent"]
        else:
            assert len(shop.line.tries) == 1
            assert await shop.outbox() == ["unknown"]
            (item,) = await shop.queue()
            assert item.priority is Priority.HIGH


async def test_what_is_remembered_of_a_conversation_outlives_a_restart(build: Build) -> None:
    async def counts(ctx: Context[Any]) -> Reply:
        ctx.state["rounds"] = ctx.state.get("rounds", 0) + 1
        return Reply(f"第{ctx.state['rounds']}次为您查看")

    shop = build().answers(shipping_time=counts)
    for n in (1, 2, 3):
        async with shop:
            assert await shop.asks(WHEN) == [f"第{n}次为您查看"]


# A journal that cannot be written ------------------------------------------------------------------------------------


async def test_on_a_full_disk_nothing_is_acknowledged_that_is_not_kept(shop: Shop) -> None:
    await shop.look(_shrink)
    acknowledged, refused = [], []
    for n in range(60):
        try:
            await shop.buyer("请问" + "很长的问题" * 100, f"c{n}", id=f"full-{n}")
            acknowledged.append(f"full-{n}")
        except Unavailable:
            refused.append(f"full-{n}")
    assert refused
    store = Store(shop.path)
    kept = {r[0] for r in store.db.execute("SELECT message_id FROM inbox")}
    store.close()
    assert set(acknowledged) <= kept
    assert not set(refused) & kept
    assert shop.engine.in_hand <= len(acknowledged)

    await shop.look(_grow)
    for n in range(60):
        await shop.buyer("请问" + "很长的问题" * 100, f"c{n}", id=f"full-{n}")
    await until(lambda: shop.engine.in_hand == 0 or bool(shop.clock.next_due()))
    async with asyncio.timeout(30):  # what waited for the disk tries again within seconds
        while shop.engine.in_hand:
            await shop.wait(10)
    assert len({m.message_id for r in shop.decided for m in r.turn.messages}) == 60
    assert await shop.left() == (0, 0)


def _shrink(store: Store) -> None:
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages + 4}")


def _grow(store: Store) -> None:
    store.db.execute("PRAGMA max_page_count = 1000000")


async def test_a_file_that_may_only_be_read_refuses_and_recovers(shop: Shop) -> None:
    shop.read_only(True)
    with pytest.raises(Unavailable, match="cannot be written"):
        await shop.buyer(WHEN, id="m")
    with pytest.raises(Unavailable):
        await shop.engine.acknowledge("line", ["k"])
    assert shop.engine.in_hand == 0
    shop.read_only(False)
    assert not (await shop.buyer(WHEN, id="m")).duplicate
    await shop.wait()
    assert len(shop.said()) == 1


async def test_a_file_that_another_program_holds_refuses_after_a_while_and_recovers(shop: Shop) -> None:
    await shop.look(lambda store: store.db.execute("PRAGMA busy_timeout = 20"))
    other = sqlite3.connect(shop.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable, match="locked"):
        await shop.buyer(WHEN)
    with pytest.raises(Unavailable):
        await shop.engine.offered("line", 0, 1)
    other.execute("ROLLBACK")
    other.close()
    await shop.buyer(WHEN)
    await shop.wait()
    assert len(shop.said()) == 1


async def test_a_turn_under_way_when_the_disk_fills_up_is_kept_once_there_is_room(build: Build, logs: Any) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        shop.read_only(True)
        desk.free.set()
        await until(lambda: any(e["log_level"] == "error" for e in logs))
        assert shop.said() == []
        shop.read_only(False)
        await until(lambda: len(shop.said()) == 1)
        await shop.wait()
        assert await shop.left() == (0, 0)


async def test_replies_keep_their_order_when_the_journal_fails_in_between(build: Build, logs: Any) -> None:
    async with build().set(merge_window=0) as shop:
        send = Gateway()
        shop.line.plan.append(send)
        for _ in range(3):
            await shop.buyer(WHEN)
            await until(lambda: shop.engine.in_hand == 0)
        await send.reached.wait()
        shop.read_only(True)
        send.open.set()
        await until(lambda: any(e["log_level"] == "error" for e in logs))
        shop.read_only(False)
        await until(lambda: len(shop.line.heard) == 3)
        await shop.wait()
        assert [s.in_reply_to for s in shop.line.tries] == [("m1",), ("m2",), ("m3",)]
        assert await shop.outbox() == ["sent"] * 3


# Callers and stops ---------------------------------------------------------------------------------------------------


async def test_a_caller_who_goes_away_after_the_commit_leaves_no_message_unanswered(build: Build) -> None:
    async with build() as shop:
        for n in range(20):
            call = asyncio.create_task(shop.buyer(WHEN, f"c{n}"))
            for _ in range(n % 4):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        await shop.look(Store.undone)  # behind all of them in the journal's line
        await shop.wait(10)
        kept = await shop.look(lambda s: [r[0] for r in s.db.execute("SELECT conversation FROM inbox")])
        assert kept
        assert all(len(shop.said(c)) == 1 for c in kept)
        assert shop.engine.in_hand == 0


async def test_a_caller_who_goes_away_from_a_broken_journal_leaves_nothing_counted(shop: Shop) -> None:
    shop.read_only(True)
    call = asyncio.create_task(shop.buyer(WHEN))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: shop.engine.in_hand == 0)
    shop.read_only(False)


async def test_before_the_start_and_after_the_stop_nothing_is_taken(build: Build) -> None:
    shop = build()
    await shop.open()
    await shop.engine.stop()
    assert not shop.engine.running
    with pytest.raises(Unavailable):
        await shop.buyer(WHEN)
    await shop.journal.stop()
    store = Store(shop.path)
    assert store.undone() == []
    store.close()


async def test_a_stop_finishes_what_is_in_hand(build: Build) -> None:
    desk = Desk()
    shop = build().answers(shipping_time=desk)
    await shop.open()
    await shop.buyer(WHEN)
    await shop.buyer("什么时候发货", "typing")  # still in its merge window
    await until(lambda: len(desk.asked) == 1)
    stop = asyncio.create_task(shop.close())
    await asyncio.sleep(0.01)
    assert not stop.done()
    desk.free.set()
    await stop
    assert (len(shop.said()), len(shop.said("typing"))) == (1, 1)


async def test_a_stop_keeps_what_it_cannot_finish_in_time(build: Build) -> None:
    desk = Desk()
    shop = build().set(stop_within=0.05, plugin_timeout=60).answers(shipping_time=desk)
    await shop.open()
    await shop.buyer(WHEN)
    await until(lambda: bool(desk.asked))
    await shop.close()
    assert shop.engine.in_hand == 1
    desk.free.set()
    async with shop:
        await shop.wait()
        assert len(shop.said()) == 1


async def test_messages_that_arrive_during_the_stop_are_kept_for_the_next_start(build: Build) -> None:
    shop = build()
    await shop.open()
    calls = [asyncio.create_task(shop.buyer(WHEN, f"c{n}")) for n in range(30)]
    await asyncio.sleep(0)  # they are on their way to the journal
    await shop.close()
    receipts = await asyncio.gather(*calls, return_exceptions=True)
    acknowledged = [n for n, r in enumerate(receipts) if not isinstance(r, BaseException)]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with shop:
        await shop.wait()
        assert all(len(shop.said(f"c{n}")) == 1 for n in acknowledged)
        assert await shop.left() == (0, 0)


async def test_a_stop_does_not_wait_for_the_next_try_of_a_refused_reply(build: Build) -> None:
    shop = build().set(stop_within=5)
    shop.line.plan.append(refuses)
    await shop.open()
    await shop.buyer(WHEN)
    await shop.wait(0)
    await asyncio.wait_for(shop.close(), 3)
    async with shop:
        await shop.wait()
        assert len(shop.said()) == 1


# Two processes -------------------------------------------------------------------------------------------------------


async def test_a_reply_that_another_process_keeps_is_sent_within_a_second(build: Build) -> None:
    shop = build()
    await shop.open(watch=True)
    await shop.asks(WHEN)
    other = Store(shop.path)
    with other:
        other.take_over(shop.key(), MORNING, MORNING + 60)
        for n in (1, 2):
            other.put(shop.key(), Outgoing(f"agent-{n}", f"我来为您看第{n}点", "agent"), MORNING)
    other.close()
    async with asyncio.timeout(1.5):
        await until(lambda: len(shop.said()) == 3)
    assert shop.said()[1:] == ["我来为您看第1点", "我来为您看第2点"]
    assert await shop.asks(WHEN) == []
    await shop.close()


async def test_watching_sends_nothing_twice(build: Build) -> None:
    shop = build()
    await shop.open(watch=True)
    other = Store(shop.path)
    for n in range(30):
        await shop.buyer(WHEN, f"c{n}")
        with other:
            other.put(shop.key(f"agent{n}"), Outgoing(f"agent-{n}", "我来为您看一下", "agent"), MORNING)
        await asyncio.sleep(0.02)
    other.close()
    async with asyncio.timeout(3):
        await until(lambda: len(shop.line.tries) >= 60)
    await shop.wait()
    assert len({s.key for s in shop.line.tries}) == len(shop.line.tries) == 60
    await shop.close()


# The journal's file --------------------------------------------------------------------------------------------------


async def test_a_broken_file_is_told_at_the_start(build: Build) -> None:
    shop = build()
    shop.path.write_bytes(b"no journal at all" * 1000)
    with pytest.raises(JournalError, match=r"journal\.db"):
        await shop.open()
