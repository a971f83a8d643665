"""Outbox → buyer: the same key at every try, in order, never silently twice, and to a person when it cannot be done."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from autoreply.channels.base import Delivery, Sending
from autoreply.compliance import Draft
from autoreply.conversation import delivery
from autoreply.conversation.delivery import draft_of, kept_draft
from autoreply.journal import Outgoing, Store
from autoreply.model import ConversationKey, Priority

from .bench import MORNING, Gateway, Shop, crashes, refuses, rejects, times_out, until, vanishes
from .conftest import Build
from .test_turns import WHEN


async def asked(shop: Shop, times: int = 1) -> None:
    """Questions that are answered at once, one reply each."""
    for _ in range(times):
        await shop.buyer(WHEN)
        await until(lambda: shop.engine.in_hand == 0)


def keys(sendings: Sequence[Sending]) -> list[str]:
    return [s.key for s in sendings]


# Trying again --------------------------------------------------------------------------------------------------------


async def test_a_reply_that_was_refused_is_tried_again_with_the_same_key_and_growing_pauses(shop: Shop) -> None:
    shop.line.plan += [refuses] * 3
    await asked(shop)
    at = []
    for _ in range(3):
        await shop.wait(0)
        due = shop.clock.next_due()
        assert due is not None
        at.append(round(due - MORNING, 6))
        await shop.wait(due - shop.clock.now())
    assert at == [0.5, 1.5, 3.5]
    assert len(set(keys(shop.line.tries))) == 1
    assert [s.attempt for s in shop.line.tries] == [1, 2, 3, 4]
    assert len(shop.said()) == 1
    assert await shop.outbox() == ["sent"]
    assert await shop.queue() == []


async def test_keys_differ_between_replies_and_between_journals(build: Build, tmp_path: Any) -> None:
    async with build() as shop:
        await asked(shop, 2)
        await shop.wait()
    fresh = build()
    fresh.path = tmp_path / "another.db"
    fresh.clock = shop.clock
    await fresh.clock.advance_to(MORNING + 86400, _nothing)
    async with fresh:
        await asked(fresh, 2)
        await fresh.wait()
    assert len({*keys(shop.line.heard), *keys(fresh.line.heard)}) == 4


async def _nothing() -> None:
    pass


async def test_a_send_that_timed_out_is_repeated_where_the_peer_knows_its_key(shop: Shop) -> None:
    shop.line.plan += [times_out, times_out]
    await asked(shop)
    await shop.wait(10)
    assert keys(shop.line.heard) == [shop.line.heard[0].key] * 3
    assert len(shop.said()) == 1  # the peer drops what it has seen
    assert await shop.outbox() == ["sent"]


@pytest.mark.parametrize("step", [times_out, vanishes, crashes])
async def test_a_send_of_unknown_outcome_is_shown_to_a_person_where_there_is_no_key(build: Build, step: Any) -> None:
    async with build(takes_key=False) as shop:
        shop.line.plan.append(step)
        await asked(shop)
        await shop.wait(3600)
        assert len(shop.line.tries) == 1
        assert await shop.outbox() == ["unknown"]
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert "unknown" in item.reason
        assert item.buyer_id == "buyer of c"


async def test_a_clear_refusal_is_tried_again_also_without_keys(build: Build) -> None:
    async with build(takes_key=False) as shop:
        shop.line.plan += [refuses, refuses]
        await asked(shop)
        await shop.wait(10)
        assert len(shop.line.tries) == 3
        assert await shop.outbox() == ["sent"]
        assert await shop.queue() == []


async def test_after_so_many_tries_a_person_is_told(build: Build) -> None:
    async with build().set(send_attempts=3) as shop:
        shop.line.plan += [refuses] * 9
        await asked(shop)
        await shop.wait(3600)
        assert len(shop.line.tries) == 3
        assert await shop.outbox() == ["failed"]
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert "503" in item.reason


async def test_a_channel_with_a_mistake_in_it_is_not_tried_forever(build: Build) -> None:
    async with build().set(send_attempts=3) as shop:
        shop.line.plan += [crashes] * 9
        await asked(shop)
        await shop.wait(3600)
        assert len(shop.line.tries) == 3
        assert await shop.outbox() == ["unknown"]
        (item,) = await shop.queue()
        assert "ZeroDivisionError" in item.reason
        assert "inside" not in item.reason


async def test_a_channel_that_does_not_say_what_became_of_a_reply_has_failed(build: Build) -> None:
    async def forgets(line: Any, sending: Sending) -> Any:
        line.heard.append(sending)

    async with build(takes_key=False) as shop:
        shop.line.plan.append(forgets)
        await asked(shop)
        await shop.wait(60)
        assert await shop.outbox() == ["unknown"]
        assert len(shop.said()) == 1


async def test_a_final_refusal_is_not_tried_again(shop: Shop) -> None:
    shop.line.plan.append(rejects)
    await asked(shop)
    await shop.wait(3600)
    assert len(shop.line.tries) == 1
    assert await shop.outbox() == ["failed"]
    assert len(await shop.queue()) == 1


async def test_what_may_have_arrived_once_is_never_called_failed(build: Build) -> None:
    async with build().set(send_attempts=3) as shop:
        shop.line.plan += [times_out, refuses, refuses]
        await asked(shop)
        await shop.wait(3600)
        assert await shop.outbox() == ["unknown"]


async def test_a_channel_that_never_comes_back_is_given_up(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_SEND_WITHIN", 0.02)
    async with build(takes_key=False) as shop:
        send = Gateway()
        shop.line.plan.append(send)
        await asked(shop, 2)
        await shop.wait()
        assert await shop.outbox() == ["unknown", "sent"]


# Order ---------------------------------------------------------------------------------------------------------------


async def test_a_reply_waits_for_the_one_before_it(shop: Shop) -> None:
    shop.line.plan += [refuses, refuses]
    await asked(shop, 3)
    await shop.wait(0)
    assert len(set(keys(shop.line.tries))) == 1
    await shop.wait(10)
    assert keys(shop.line.heard) == [r.key for r in sorted(shop.line.heard, key=lambda s: s.in_reply_to)]
    assert len(shop.line.heard) == 3


async def test_a_reply_that_is_given_up_does_not_hold_the_next_one(shop: Shop) -> None:
    shop.line.plan += [rejects]
    await asked(shop, 2)
    await shop.wait()
    assert await shop.outbox() == ["failed", "sent"]


async def test_another_conversation_does_not_wait(shop: Shop) -> None:
    shop.line.plan.append(refuses)
    await asked(shop)
    await shop.buyer(WHEN, "other")
    await shop.wait(0)
    assert (len(shop.said()), len(shop.said("other"))) == (0, 1)


async def test_nothing_is_remembered_of_replies_that_are_through(shop: Shop) -> None:
    shop.line.plan += [refuses, rejects, crashes]
    await asked(shop, 4)
    await shop.wait(3600)
    assert sorted(await shop.outbox()) == ["failed", "sent", "sent", "sent"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert shop.clock.next_due() is None


# Peers that fetch ----------------------------------------------------------------------------------------------------


async def test_a_fetching_peer_reads_by_cursor_and_acknowledges(build: Build) -> None:
    async with build(offers=True) as shop:
        await asked(shop, 2)
        await shop.asks(WHEN, "other")
        first, second, third = await shop.engine.offered("line", 0, 10)
        assert first.cursor < second.cursor < third.cursor
        assert [s.released.text for s in (first, second)] == shop.said()
        assert keys(await shop.engine.offered("line", first.cursor, 10)) == [second.key, third.key]
        assert keys(await shop.engine.offered("line", 0, 1)) == [first.key]
        assert keys(await shop.engine.offered("line", 0, 10, "other")) == [third.key]
        assert await shop.engine.offered("another channel", 0, 10) == []
        assert await shop.outbox() == ["offered"] * 3

        assert await shop.engine.acknowledge("another channel", [first.key]) == 0
        assert await shop.engine.acknowledge("line", [first.key, "no such key"]) == 1
        assert await shop.engine.acknowledge("line", [first.key]) == 0
        assert await shop.engine.acknowledge("line", []) == 0
        assert await shop.outbox() == ["sent", "offered", "offered"]
        # A peer that lost its place may read all of it again.
        assert len(await shop.engine.offered("line", 0, 10)) == 3


async def test_what_a_peer_fetches_is_offered_by_the_commit_that_keeps_it(build: Build) -> None:
    async with build(fetched=True) as shop:
        seen: list[str] = []

        async def looks(line: Any, sending: Sending) -> Delivery:
            seen.extend(keys(await shop.engine.offered("line", 0, 10)))
            return Delivery.OFFERED

        async def is_mistaken(line: Any, sending: Sending) -> Delivery:
            raise ZeroDivisionError

        shop.line.plan += [looks, is_mistaken]
        await asked(shop, 2)
        await shop.wait()
        offered = await shop.engine.offered("line", 0, 10)
        assert seen == keys(offered)[:1]
        assert [s.attempt for s in offered] == [1, 1]
        assert await shop.outbox() == ["offered", "offered"]  # the channel's mistake hides nothing from the peer
        assert await shop.queue() == []
        assert await shop.engine.acknowledge("line", keys(offered)) == 2


async def test_an_acknowledgement_that_is_quicker_than_the_send_counts(build: Build) -> None:
    async with build(offers=True) as shop:

        async def acknowledged_at_once(line: Any, sending: Sending) -> Any:
            assert await shop.engine.acknowledge("line", [sending.key]) == 1
            return Delivery.OFFERED

        shop.line.plan.append(acknowledged_at_once)
        await asked(shop)
        await shop.wait()
        assert await shop.outbox() == ["sent"]


async def test_an_acknowledged_reply_is_not_sent_again_because_its_answer_was_lost(shop: Shop) -> None:
    async def acknowledged_then_lost(line: Any, sending: Sending) -> Any:
        await shop.engine.acknowledge("line", [sending.key])
        return await times_out(line, sending)

    shop.line.plan.append(acknowledged_then_lost)
    await asked(shop)
    await shop.wait(60)
    assert len(shop.line.tries) == 1
    assert await shop.queue() == []


async def test_a_reply_that_was_put_back_is_not_missed_by_a_reader_who_is_past_it(build: Build) -> None:
    async with build(offers=True) as shop:
        shop.line.plan.append(refuses)
        await asked(shop)
        await shop.buyer(WHEN, "other")
        await shop.wait(0)
        (passed,) = await shop.engine.offered("line", 0, 10)
        await shop.wait(10)
        (late,) = await shop.engine.offered("line", passed.cursor, 10)
        assert late.released.key.conversation == "c"


async def test_a_reader_gets_past_replies_that_the_gate_stops_by_now(build: Build) -> None:
    shop = build(offers=True)
    store = Store(shop.path)
    with store:
        for n, text in enumerate(["加微信 autumn2046 聊", "加微信 autumn2047 聊", "您好，为您查看"]):
            row = store.put(shop.key(), Outgoing(f"k{n}", text, "plugin"), 0.0)
            store.claim(row.id, 0.0)
            store.mark(row.id, "offered")
    store.close()
    async with shop:
        assert keys(await shop.engine.offered("line", 0, 1)) == ["k2"]
        assert await shop.engine.offered("line", 3, 1) == []


# What is kept of a draft ---------------------------------------------------------------------------------------------


def test_a_kept_reply_comes_back_with_all_that_the_gate_wants_to_know(tmp_path: Any) -> None:
    key = ConversationKey("line", "main", "c")
    draft = Draft(key, "满99减10", {"99": "shop.promotion"}, "agent", frozenset({"b", "a"}), "a person's reason")
    with Store(tmp_path / "j.db") as store:
        row = store.put(key, Outgoing("k", draft.text, draft.origin, kept_draft(draft)), 0.0)
    (kept,) = store.unsent()
    assert draft_of(row) == draft_of(kept) == draft
    store.close()


async def test_stored_replies_of_a_channel_that_is_off_wait_for_it(build: Build) -> None:
    shop = build()
    store = Store(shop.path)
    with store:
        store.put(ConversationKey("gone", "main", "c"), Outgoing("k", "您好", "plugin"), 0.0)
    store.close()
    async with shop:
        await shop.wait(60)
        assert await shop.outbox() == ["ready"]
