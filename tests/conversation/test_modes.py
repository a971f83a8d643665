"""How freely the bot answers: auto, assist, night and off, by settings and switched while it runs; wide takeovers."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import pytest
from talks import Told

from autoreply import Context, Reply
from autoreply.journal import Store, drafts, people
from autoreply.journal.handoffs import claim_item
from autoreply.journal.people import ALL, FOREVER, Scope, Takeover
from autoreply.model import Behaviour, Decision, Mode, Priority
from autoreply.settings import Conversation
from autoreply.understanding import Understander

from .bench import Shop, refuses, until
from .conftest import Build
from .test_turns import WHEN, WHEN_OPEN, Desk

HOUR = 3600
UNCLEAR = "那个蓝的配上次的行不行呀"


async def switch(shop: Shop, mode: Mode | None, channel: str = ALL) -> None:
    await shop.look(partial(people.switch_mode, shop="main", channel=channel, mode=mode, now=shop.clock.now()))
    await shop.engine.look()


async def take(shop: Shop, scope: Scope, subject: str = "", *, minutes: float = 30, channel: str = ALL) -> None:
    now = shop.clock.now()
    takeover = Takeover(scope, channel, subject, "小王", now, now + minutes * 60)
    await shop.look(partial(people.take_wide, shop="main", takeover=takeover))
    await shop.engine.look()


async def trace(shop: Shop, conversation: str = "c") -> list[dict[str, Any]]:
    """The trace of the last decision in a conversation."""
    decisions = await shop.look(partial(Store.decisions, key=shop.key(conversation)))
    return list(decisions[0]["trace"])


# Off -----------------------------------------------------------------------------------------------------------------


async def test_switched_off_nothing_is_said_and_everything_goes_to_people(shop: Shop) -> None:
    await switch(shop, Mode.OFF)
    assert await shop.asks(WHEN) == []
    (item,) = await shop.queue()
    assert item.reason == "the bot is switched off"
    assert shop.behaviours() == ["escalate"]
    assert (await trace(shop))[0] == {"stage": "mode", "mode": "off", "because": "switched for the shop"}
    assert await shop.left() == (0, 0)


async def test_switched_on_again_it_answers_the_next_message(shop: Shop) -> None:
    await switch(shop, Mode.OFF)
    await shop.asks(WHEN)
    await switch(shop, Mode.AUTO)
    (answer,) = await shop.asks(WHEN)
    assert "16:00" in answer


async def test_switched_off_while_the_answer_is_made_the_answer_is_withheld(build: Build) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await switch(shop, Mode.OFF)
        desk.free.set()
        await shop.wait(10)
        assert shop.said() == []
        assert await shop.outbox() == []
        (item,) = await shop.queue()
        assert item.reason == "the bot is switched off"
        assert (await trace(shop))[-1]["withheld"] == "the bot is switched off"


async def test_switched_off_before_a_second_try_the_reply_is_withdrawn_and_a_person_has_it(shop: Shop) -> None:
    shop.line.plan.append(refuses)
    await shop.buyer(WHEN)
    await shop.wait(0)
    await switch(shop, Mode.OFF)
    await shop.wait(HOUR)
    assert len(shop.line.tries) == 1
    assert await shop.outbox() == ["withdrawn"]
    assert [i.reason for i in await shop.queue()] == ["the bot is switched off"]


async def test_a_switch_outlives_a_restart_and_what_the_settings_say_does_not_undo_it(build: Build) -> None:
    shop = build()
    async with shop:
        await switch(shop, Mode.OFF)
    async with shop:
        assert await shop.asks(WHEN) == []
        await switch(shop, None)
        assert await shop.asks(WHEN) != []


async def test_one_channel_is_switched_and_the_shop_stays_as_it_is(shop: Shop) -> None:
    await switch(shop, Mode.OFF, "another channel")
    assert await shop.asks(WHEN) != []
    await switch(shop, Mode.OFF, "line")
    assert await shop.asks(WHEN) == []


async def test_switching_the_whole_shop_switches_each_channel(shop: Shop) -> None:
    await switch(shop, Mode.AUTO, "line")
    await switch(shop, Mode.OFF)
    assert await shop.asks(WHEN) == []


async def test_the_settings_have_a_mode_for_the_shop_and_one_for_a_channel(build: Build) -> None:
    async with build().set(mode=Mode.OFF) as off:
        assert await off.asks(WHEN) == []
        assert (await trace(off))[0]["because"] == "settings for the shop"


async def test_the_settings_of_a_channel_win_over_those_of_the_shop(build: Build) -> None:
    talk = Conversation.model_validate({"mode": "off", "channels": {"line": {"mode": "auto", "merge_window": 0}}})
    shop = build()
    shop.settings = shop.settings.model_copy(update={"conversation": talk})
    async with shop:
        await shop.buyer("什么时候发货")
        await shop.wait(0)
        assert len(shop.said()) == 1


# Assist --------------------------------------------------------------------------------------------------------------


async def test_an_answer_becomes_a_draft_that_a_person_sends(shop: Shop) -> None:
    await switch(shop, Mode.ASSIST)
    assert await shop.asks(WHEN) == []
    assert shop.behaviours() == ["escalate"]
    assert shop.decided[0].replies == ()
    (row,) = await shop.look(drafts.drafts)
    assert "16:00" in row.text
    assert [i.reason for i in await shop.queue()] == ["a draft is to be sent"]

    assert await shop.look(partial(drafts.send_draft, row=row, now=shop.clock.now()))
    await shop.close()
    await shop.open()
    await shop.wait()
    assert shop.said() == [row.text]
    assert await shop.queue() == []
    assert await shop.look(lambda s: [e.who for e in s.transcript(shop.key())]) == ["buyer", "agent"]


async def test_a_draft_is_sent_once(shop: Shop) -> None:
    await switch(shop, Mode.ASSIST)
    await shop.asks(WHEN)
    (row,) = await shop.look(drafts.drafts)
    assert await shop.look(partial(drafts.send_draft, row=row, now=0.0))
    assert not await shop.look(partial(drafts.send_draft, row=row, now=0.0))
    assert not await shop.look(partial(drafts.drop_draft, row=row, now=0.0))


async def test_a_dropped_draft_is_not_sent_and_no_longer_waits(shop: Shop) -> None:
    await switch(shop, Mode.ASSIST)
    await shop.asks(WHEN)
    (row,) = await shop.look(drafts.drafts)
    assert await shop.look(partial(drafts.drop_draft, row=row, now=shop.clock.now()))
    assert (await shop.look(drafts.drafts), await shop.queue()) == ([], [])
    await switch(shop, Mode.AUTO)
    await shop.wait(HOUR)
    assert shop.said() == []


async def test_an_agent_who_writes_leaves_no_draft_behind(shop: Shop) -> None:
    await switch(shop, Mode.ASSIST)
    await shop.asks(WHEN)
    await shop.agent()
    assert await shop.look(drafts.drafts) == []


async def test_an_agent_who_claims_the_item_finds_the_draft_and_can_send_it(shop: Shop) -> None:
    await switch(shop, Mode.ASSIST)
    await shop.asks(WHEN)
    (item,) = await shop.queue()
    now = shop.clock.now()
    await shop.look(partial(claim_item, item_id=item.id, agent="小王", now=now, until=now + HOUR))
    (row,) = await shop.look(drafts.drafts)
    await shop.look(partial(drafts.send_draft, row=row, now=now))
    await shop.close()
    await shop.open()
    await shop.wait()
    assert shop.said() == [row.text]


async def test_a_turn_for_a_person_keeps_its_reason_beside_the_draft(build: Build) -> None:
    async with build().set(mode=Mode.ASSIST) as shop:
        await shop.asks("我要投诉你们，转人工！")
        (item,) = await shop.queue()
        assert item.priority is Priority.HIGH
        assert item.reason != people.DRAFT
        assert len(await shop.look(drafts.drafts)) == 1


async def test_assist_switched_on_while_the_answer_is_made_makes_a_draft_of_it(build: Build) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.look(partial(people.switch_mode, shop="main", channel=ALL, mode=Mode.ASSIST, now=0.0))
        desk.free.set()
        await shop.wait(10)
        assert shop.said() == []
        assert len(await shop.look(drafts.drafts)) == 1
        assert [i.reason for i in await shop.queue()] == [people.DRAFT]


async def test_a_reply_that_waits_for_another_try_becomes_a_draft(shop: Shop) -> None:
    shop.line.plan.append(refuses)
    await shop.buyer(WHEN)
    await shop.wait(0)
    await switch(shop, Mode.ASSIST)
    await shop.wait(HOUR)
    assert shop.said() == []
    assert await shop.outbox() == ["draft"]
    assert [i.reason for i in await shop.queue()] == [people.DRAFT]


async def test_a_slow_answer_is_not_announced_by_a_draft(build: Build) -> None:
    desk = Desk()
    async with build().set(mode=Mode.ASSIST, plugin_timeout=60).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        await shop.tick(30)
        desk.free.set()
        await shop.wait()
        (row,) = await shop.look(drafts.drafts)
        assert row.text == "这是第1次为您查看"


# Night ---------------------------------------------------------------------------------------------------------------


async def test_at_night_what_is_certain_is_answered(build: Build) -> None:
    async with build().set(mode=Mode.NIGHT) as shop:
        await shop.wait(14 * HOUR)  # midnight
        (answer,) = await shop.asks(WHEN)
        assert "16:00" in answer


@dataclass
class Doubtful(Told):
    """Understands as it is told to, with a confidence of 0.9 where it knows an intent."""

    threshold: float = 0.5


@pytest.mark.parametrize(
    ("told", "by_day", "by_night"),
    [
        (Doubtful(("courier",)), "answer", "answer"),
        (Doubtful(("courier",), threshold=0.85), "answer", "escalate"),
        (Doubtful(decision=Decision.ASK, near=("courier", "invoice")), "ask", "escalate"),
        (Doubtful(decision=Decision.SILENT), "silent", "silent"),
    ],
    ids=["certain", "sure enough by day", "would be asked back", "nothing said"],
)
async def test_at_night_what_is_not_certain_is_for_people(
    build: Build, told: Doubtful, by_day: str, by_night: str
) -> None:
    shop = build().set(mode=Mode.NIGHT)
    shop.brain = replace(shop.brain, understander=cast(Understander, told))
    async with shop:
        await shop.asks("一句话", "day")
        await shop.wait(14 * HOUR)  # midnight
        await shop.asks("一句话", "night")
        assert shop.behaviours() == [by_day, by_night]


async def test_at_night_a_buyer_reads_when_a_person_is_back(build: Build) -> None:
    async with build().set(mode=Mode.NIGHT) as shop:
        await shop.wait(14 * HOUR)
        (line,) = await shop.asks(UNCLEAR)
        assert "09:00" in line
        assert len(await shop.queue()) == 1


# Takeover of more than one conversation ------------------------------------------------------------------------------


async def test_a_buyer_taken_over_is_left_to_the_person_in_every_conversation(shop: Shop) -> None:
    await take(shop, Scope.BUYER, "buyer of left")
    assert await shop.asks(WHEN, "left") == []
    assert await shop.asks(WHEN, "right") != []
    assert [i.reason for i in await shop.queue()] == ["a person has taken over the buyer"]
    assert (await trace(shop, "left"))[0]["taken_over"] == "buyer"


async def test_a_shop_taken_over_is_left_to_the_people_for_as_long_as_was_said(shop: Shop) -> None:
    await take(shop, Scope.SHOP, minutes=20)
    assert await shop.asks(WHEN, "left") == []
    assert await shop.asks(WHEN, "right") == []
    await shop.wait(20 * 60)
    assert await shop.asks(WHEN, "left") != []


async def test_a_takeover_until_resumed_ends_when_somebody_resumes(shop: Shop) -> None:
    await take(shop, Scope.SHOP, minutes=FOREVER)
    await shop.wait(30 * 24 * HOUR)
    assert await shop.asks(WHEN) == []
    assert await shop.look(partial(people.resume_wide, shop="main", scope=Scope.SHOP)) == 1
    await shop.engine.look()
    assert await shop.asks(WHEN) != []


async def test_a_takeover_of_one_channel_leaves_the_others(shop: Shop) -> None:
    await take(shop, Scope.SHOP, channel="another channel")
    assert await shop.asks(WHEN) != []


@pytest.mark.parametrize("scope", [Scope.BUYER, Scope.SHOP])
async def test_a_takeover_while_the_answer_is_made_withholds_it(build: Build, scope: Scope) -> None:
    desk = Desk()
    async with build().answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await until(lambda: bool(desk.asked))
        now = shop.clock.now()
        takeover = Takeover(scope, ALL, "buyer of c" if scope is Scope.BUYER else "", "", now, now + 60)
        await shop.look(partial(people.take_wide, shop="main", takeover=takeover))
        desk.free.set()
        await shop.wait(10)
        assert shop.said() == []
        assert len(await shop.queue()) == 1


async def test_a_takeover_before_a_second_try_withdraws_the_reply(shop: Shop) -> None:
    shop.line.plan.append(refuses)
    await shop.buyer(WHEN)
    await shop.wait(0)
    await take(shop, Scope.BUYER, "buyer of c")
    await shop.wait(60)
    assert (len(shop.line.tries), await shop.outbox()) == (1, ["withdrawn"])


# Back to the bot -----------------------------------------------------------------------------------------------------


async def test_the_bot_comes_back_knowing_what_the_agent_said(build: Build) -> None:
    seen: list[Any] = []

    async def remembers(ctx: Context[Any]) -> Reply:
        seen.append(ctx.turn.messages[-1].seq)
        return Reply("为您查看")

    async with build().answers(shipping_time=remembers) as shop:
        await shop.agent("您的订单我改成顺丰了")
        await shop.agent("还有什么可以帮您")
        await shop.look(lambda store: store.give_back(shop.key(), shop.clock.now()))
        await shop.wait(1)
        await shop.asks(WHEN)
        step = next(s for s in await trace(shop) if s["stage"] == "agent")
        assert step["said"] == ["您的订单我改成顺丰了", "还有什么可以帮您"]
        record = await shop.look(partial(Store.conversation, key=shop.key()))
        assert record.state["agent_said"] == step["said"]
        await shop.asks(WHEN_OPEN)
        assert not any(s["stage"] == "agent" for s in await trace(shop))
        assert len(seen) == 2


# Typing --------------------------------------------------------------------------------------------------------------


async def test_an_answer_takes_as_long_as_typing_it_would(build: Build) -> None:
    async def ten(ctx: Context[Any]) -> Reply:
        return Reply("一二三四五六七八九十")

    async with build().set(typing=5.0, merge_window=0).answers(shipping_time=ten) as shop:
        await shop.buyer(WHEN)
        await shop.wait(1.9)
        assert shop.said() == []
        await shop.wait(0.1)
        assert len(shop.said()) == 1


async def test_typing_never_goes_past_the_first_reply_limit(build: Build) -> None:
    async with build().set(typing=0.1, merge_window=0, first_reply_within=8) as shop:
        await shop.buyer(WHEN)
        await shop.wait(8)
        assert len(shop.said()) == 1
        assert shop.behaviours() == ["answer"]


async def test_a_line_that_comes_while_the_bot_types_is_answered_along(build: Build) -> None:
    desk = Desk()
    desk.free.set()
    async with build().set(typing=4.0, merge_window=0).answers(shipping_time=desk) as shop:
        await shop.buyer(WHEN)
        await shop.wait(0.5)
        await shop.buyer("我是昨天拍的")
        await shop.wait(30)
        assert len(shop.said()) == 1
        assert len(desk.asked) == 2


async def test_an_agent_who_writes_while_the_bot_types_is_the_one_who_answers(build: Build) -> None:
    async with build().set(typing=4.0) as shop:
        await shop.buyer(WHEN)
        await shop.wait(2)
        await shop.agent()
        await shop.wait(30)
        assert shop.said() == []
        assert shop.behaviours() == [Behaviour.SILENT]


# Another process -----------------------------------------------------------------------------------------------------


async def test_what_a_command_switches_the_running_shop_goes_by(build: Build) -> None:
    shop = build()
    await shop.open(watch=True)
    try:
        command = Store(shop.path)
        with command:
            people.switch_mode(command, "main", ALL, Mode.ASSIST, 0.0)
        command.close()
        await until(lambda: bool(shop.engine.people.now.modes) and shop.engine.people.now.modes[0].mode is Mode.ASSIST)
        assert await shop.asks(WHEN) == []
        (row,) = await shop.look(drafts.drafts)
        command = Store(shop.path)
        with command:
            assert drafts.send_draft(command, row, shop.clock.now())
        command.close()
        await until(lambda: len(shop.said()) == 1)
    finally:
        await shop.close()
