"""The shop's figures: rounds as platforms count them, in staffed hours, by the bot and by people."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from autoreply.conversation.figures import figures, rounds, waits
from autoreply.facts import Shop as ShopFacts
from autoreply.journal import HandoffRequest
from autoreply.journal.figures import Decided, Said, called, decided, said
from autoreply.model import ConversationKey, Mode, Priority

from .bench import MORNING, Shop
from .conftest import Build
from .test_turns import WHEN

SHOP = ShopFacts()
"""Staffed from 9 to 22, every day."""
KEY = ConversationKey("http", "main", "c")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def talk(*lines: str, key: ConversationKey = KEY, start: float = MORNING) -> list[Said]:
    """``"buyer 0"``, ``"bot 2.5"``: who, and seconds after the start."""
    return [Said(key, start + float(at), who) for who, at in (line.split() for line in lines)]


def waited(*lines: str) -> list[float | None]:
    return [r.wait for r in rounds(talk(*lines), SHOP)]


def test_a_round_begins_with_the_first_line_that_has_no_answer() -> None:
    assert waited("buyer 0", "buyer 20", "bot 50") == [50]
    assert waited("buyer 0", "bot 5", "bot 6", "buyer 30", "agent 100") == [5, 70]


def test_a_line_that_nobody_answered_is_a_round_too() -> None:
    assert waited("buyer 0", "bot 5", "buyer 30", "buyer 40") == [5, None]


def test_what_the_shop_says_of_its_own_accord_is_no_round() -> None:
    assert waited("agent 0", "bot 5") == []


def test_ten_questions_without_an_answer_are_one_round() -> None:
    found = rounds(talk(*(f"buyer {n}" for n in range(10))), SHOP)
    assert waits(found).in_time == 0
    assert len(found) == 1


def test_the_first_round_is_the_first_of_its_conversation_and_day() -> None:
    lines = talk("buyer 0", "bot 1", "buyer 60", "bot 61", f"buyer {DAY}", f"bot {DAY + 1}")
    other = talk("buyer 5", "bot 6", key=ConversationKey("http", "main", "d"))
    assert [r.first for r in rounds(lines + other, SHOP)] == [True, False, True, True]


def test_three_minutes_are_in_time_and_a_second_more_is_not() -> None:
    found = rounds(talk("buyer 0", "bot 180", "buyer 1000", "bot 1181", "buyer 2000", "bot 2010"), SHOP)
    figures = waits(found)
    assert (figures.rounds, figures.median, figures.p95) == (3, 180, 181)
    assert figures.in_time == pytest.approx(2 / 3)
    assert figures.prompt == pytest.approx(1 / 3)


def test_rounds_that_begin_when_nobody_is_there_do_not_count() -> None:
    night = datetime(2026, 1, 7, 23, 0, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    lines = talk("buyer 0", "bot 1") + talk("buyer 0", start=night, key=ConversationKey("http", "main", "night"))
    assert figures(lines, [], [], SHOP).every.rounds == 1


def test_people_are_measured_by_their_own_words() -> None:
    lines = talk("buyer 0", "bot 2", "buyer 30", "bot 32", "agent 200")
    found = figures(lines, [], [(KEY, MORNING + 32)], SHOP)
    assert (found.every.rounds, found.every.in_time) == (2, 1.0)
    assert (found.every_by_agent.rounds, found.every_by_agent.in_time) == (1, 0.0)
    assert (found.people.rounds, found.people.median) == (1, 168)


def test_no_rounds_no_figures() -> None:
    assert waits([]).in_time is None
    assert figures([], [], [], SHOP).turns == 0


def test_turns_are_counted_by_what_came_of_them_and_holding_lines_are_no_turns() -> None:
    made = [
        Decided("answer", ""),
        Decided("hold", ""),
        Decided("answer", ""),
        Decided("escalate", "complaint"),
        Decided("ask", ""),
    ]
    found = figures([], made, [], SHOP)
    assert (found.turns, found.behaviours) == (4, {"answer": 2, "escalate": 1, "ask": 1})
    assert found.reasons == {"complaint": 1}


# From a journal ------------------------------------------------------------------------------------------------------


async def test_figures_of_a_day_at_the_shop(build: Build) -> None:
    async with build() as shop:
        await shop.asks(WHEN, "prompt")
        await shop.wait(MINUTE)
        await shop.asks("我要投诉，叫人工来", "angry")
        await shop.wait(4 * MINUTE)
        await shop.agent("您好，我是店长", "angry")
        await shop.wait(HOUR)
        await _switched(shop)
        await shop.asks(WHEN, "nobody")
        await shop.wait(HOUR)
        lines, made, calls = await shop.look(lambda s: (said(s.db, 0), decided(s.db, 0), called(s.db, 0)))
    found = figures(lines, made, calls, shop.brain.shop)
    assert found.behaviours == {"escalate": 2, "answer": 1}
    assert (found.first.rounds, found.first.prompt) == (3, pytest.approx(2 / 3))
    assert found.first.median == pytest.approx(0, abs=3)
    assert (found.people.rounds, found.people.median) == (2, pytest.approx(4 * MINUTE, abs=3))
    assert found.reasons["the bot is switched off"] == 1


async def _switched(shop: Shop) -> None:
    from autoreply.journal import people

    await shop.look(lambda s: people.switch_mode(s, "main", people.ALL, Mode.OFF, shop.clock.now()))
    await shop.engine.look()


async def test_what_did_not_reach_the_buyer_is_no_answer(build: Build) -> None:
    async with build().set(mode=Mode.ASSIST) as shop:
        await shop.asks(WHEN)
        lines = await shop.look(lambda s: said(s.db, 0))
        assert [line.who for line in lines] == ["buyer"]
        await shop.look(
            lambda s: s.open_handoff(shop.key(), "b", HandoffRequest("more", Priority.HIGH), shop.clock.now())
        )
        assert len(await shop.look(lambda s: called(s.db, 0))) == 1
