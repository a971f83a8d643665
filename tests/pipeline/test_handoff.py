"""Handing over: what the buyer reads of it, and what the person."""

from dataclasses import replace
from datetime import datetime

from talks import Talk, make_brain, passes, text_of

from autoreply import Context, Escalate, Outcome
from autoreply.handlers import Bound
from autoreply.model import Behaviour, Decision, Kind, Priority
from autoreply.texts import Texts

from .shops import with_handler


def test_the_line_that_announces_a_person_comes_twice_at_most() -> None:
    talk = Talk()
    said = [text_of(talk.say("那个啥")) for _ in range(4)]
    assert all(said[:2])
    assert said[2:] == ["", ""]
    talk.handoff_open = False  # the person has answered and gone
    assert text_of(talk.say("那个啥")) != ""


def test_after_hours_an_intent_s_own_words_are_joined_by_when_a_person_is_back_once() -> None:
    talk = Talk(now=datetime(2026, 3, 11, 1, 20))
    first, second = (passes(talk.say(line, "complaint")) for line in ("我要投诉", "真的要投诉你们"))
    assert "09:00" in text_of(first)
    assert "09:00" not in text_of(second)
    assert "09:00" not in text_of(passes(Talk().say("我要投诉", "complaint")))


def test_after_hours_the_line_says_when_a_person_is_back() -> None:
    result = passes(Talk(now=datetime(2026, 3, 11, 23, 30)).say("那个啥"))
    assert "09:00" in text_of(result)
    assert "09:00" not in text_of(Talk(now=datetime(2026, 3, 11, 12, 0)).say("那个啥"))


def test_several_reasons_make_one_handover_of_the_highest_priority() -> None:
    async def normal(ctx: Context[None]) -> Outcome:
        return Escalate("one thing")

    async def high(ctx: Context[None]) -> Outcome:
        return Escalate("another", priority=Priority.HIGH)

    brain = with_handler("size", normal)
    brain = replace(brain, handlers={**brain.handlers, "stock": Bound(high)})
    result = Talk(brain).say("有货吗，多大码", "size", "stock")
    assert result.handover is not None
    assert (result.handover.reason, result.handover.priority) == ("one thing; another", Priority.HIGH)


def test_without_a_line_to_say_a_person_is_called_all_the_same() -> None:
    talk = Talk(make_brain(texts=Texts({})))
    for result in (talk.say("那个啥"), talk.say("那个", decision=Decision.ASK), talk.show(Kind.CARD)):
        assert (result.behaviour, result.replies) == (Behaviour.ESCALATE, ())
