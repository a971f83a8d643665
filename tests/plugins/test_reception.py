"""At the door: greeted once a day, told when people are back, courtesies without chatter, a person in one step."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError
from talks import Talk, handlers_with, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour, Priority


def talk(when: str = "2026-03-11 10:00", peaks: tuple[dict[str, Any], ...] = (), **sections: Any) -> Talk:
    handlers = handlers_with(reception={"peaks": peaks})
    return Talk(make_brain(shop_with(**sections), handlers=handlers), now=datetime.fromisoformat(when))


def greeted(when: str, **more: Any) -> tuple[str, str]:
    one = talk(when, **more)
    result = passes(one.say("在吗", "greeting"))
    assert result.behaviour is Behaviour.ANSWER
    return key_of(one, result).removeprefix("greeting."), text_of(result)


# Greeting ----------------------------------------------------------------------------------------------------------


def test_the_campaign_is_told_as_long_as_there_is_one() -> None:
    assert greeted("2026-03-11 10:00")[0] == "campaign"
    assert "满199减30" in greeted("2026-03-11 10:00", promotion={"text": "满199减30"})[1]
    assert greeted("2026-03-11 10:00", promotion={"text": None})[0] == "default"
    assert greeted("2026-03-11 10:00", promotion={"until": "2026-03-10"})[0] == "default"


def test_who_greets_again_gets_a_short_word_and_on_another_day_a_whole_one() -> None:
    one = talk()
    said = [text_of(passes(one.say(line, "greeting"))) for line in ("你好", "在吗", "有人吗", "亲")]
    assert said[0] != said[1]
    assert [len(text) < 20 for text in said] == [False, True, True, True]
    assert len(set(said)) == 4
    one.now = datetime(2026, 3, 12, 10)
    assert key_of(one, passes(one.say("在吗", "greeting"))) == "greeting.campaign"


@pytest.mark.parametrize(
    ("when", "days", "back"),
    [
        ("2026-03-11 07:30", ["wed"], "今天09:00"),
        ("2026-03-11 23:00", ["wed", "thu"], "明天09:00"),
        ("2026-03-12 00:30", ["thu"], "今天09:00"),
        ("2026-03-13 23:00", ["mon", "tue", "wed", "thu", "fri"], "3月16日（周一）09:00"),
        ("2026-03-14 12:00", ["mon", "fri"], "3月16日（周一）09:00"),
    ],
)
def test_at_night_and_on_days_off_it_is_told_when_a_person_is_back(when: str, days: list[str], back: str) -> None:
    key, text = greeted(when, hours={"days": days})
    assert (key, back in text) == ("away", True)


def test_days_of_absence_are_days_on_which_nobody_is_there() -> None:
    festival = [{"first": "2026-02-14", "last": "2026-02-23"}]
    assert "2月24日（周二）09:00" in greeted("2026-02-16 12:00", hours={"absences": festival})[1]
    assert "2月24日（周二）09:00" in greeted("2026-02-13 23:00", hours={"absences": festival})[1]
    assert greeted("2026-02-24 12:00", hours={"absences": festival})[0] == "campaign"


def test_where_nobody_comes_back_for_long_no_time_is_named() -> None:
    gone = [{"first": "2026-01-01", "last": "2026-12-31"}]
    key, text = greeted("2026-03-11 10:00", hours={"absences": gone})
    assert (key, any(char.isdigit() for char in text)) == ("away_open", False)


EVENING = {"start": "20:00:00", "end": "23:00:00"}
SALE = {"first": "2026-11-10", "last": "2026-11-11", "start": "20:00:00", "end": "02:00:00"}
DAY = {"first": "2026-06-18"}


@pytest.mark.parametrize(
    ("peak", "when", "busy"),
    [
        (EVENING, "2026-03-11 20:00", True),
        (EVENING, "2026-03-11 19:59", False),
        (EVENING, "2026-03-11 21:59", True),
        (SALE, "2026-11-10 21:00", True),
        (SALE, "2026-11-12 01:59", True),
        (SALE, "2026-11-12 02:00", False),
        (SALE, "2026-11-10 01:00", False),
        (DAY, "2026-06-18 09:00", True),
        (DAY, "2026-06-19 09:00", False),
    ],
)
def test_peak_times_are_those_that_are_configured(peak: dict[str, Any], when: str, busy: bool) -> None:
    open_always = {"open": "00:00", "close": "00:00"}
    assert (greeted(when, peaks=(peak,), hours=open_always)[0] == "peak") is busy


@pytest.mark.parametrize(
    "peak",
    [
        {},
        {"last": "2026-06-18"},
        {"first": "2026-06-18", "last": "2026-06-17"},
        {"start": "20:00:00", "end": "20:00:00"},
    ],
)
def test_a_peak_that_is_no_time_is_refused(peak: dict[str, Any]) -> None:
    settings = type(talk().brain.handlers["greeting"].settings)
    with pytest.raises(ValidationError, match=r"say when it is|last lies before first"):
        settings.model_validate({"peaks": [peak]})


# Courtesies --------------------------------------------------------------------------------------------------------


def test_a_courtesy_is_answered_once_in_a_row() -> None:
    one = talk()
    behaviours = [
        one.say(line, intent).behaviour for line, intent in (("谢谢", "thanks"), ("多谢啦", "thanks"), ("拜拜", "bye"))
    ]
    assert behaviours == [Behaviour.ANSWER, Behaviour.SILENT, Behaviour.SILENT]


def test_after_something_else_it_is_answered_again() -> None:
    one = talk()
    passes(one.say("谢谢", "thanks"))
    passes(one.say("从哪里发货", "ship_from"))
    assert passes(one.say("谢谢", "thanks")).behaviour is Behaviour.ANSWER
    assert one.say("再见", "bye").behaviour is Behaviour.SILENT


def test_the_lines_are_short() -> None:
    for intent in ("thanks", "bye"):
        assert len(text_of(passes(talk().say("谢谢 再见", intent)))) < 30


def test_an_acknowledgement_is_taken_in_silence() -> None:
    one = talk()
    assert [one.say(line, "ack").behaviour for line in ("好的", "嗯嗯")] == [Behaviour.SILENT] * 2


# A person ----------------------------------------------------------------------------------------------------------


def test_a_person_in_one_step_with_high_priority() -> None:
    result = passes(talk().say("转人工", "human"))
    assert result.handover is not None
    assert (result.behaviour, result.handover.priority) == (Behaviour.ESCALATE, Priority.HIGH)
    assert result.handover.reason == "asks for a person, time 1: 转人工"


def test_asked_again_and_again_it_does_not_repeat_itself_for_ever() -> None:
    one = talk()
    said = [text_of(one.say("人工", "human")) for _ in range(7)]
    assert len(set(said[:3])) == 3
    assert said[-1] == ""


def test_at_night_it_is_told_when_a_person_is_there() -> None:
    assert "09:00" in text_of(passes(talk("2026-03-11 23:30").say("转人工", "human")))


def test_at_peak_times_it_is_told_that_it_takes_longer() -> None:
    one = talk("2026-03-11 20:30", peaks=(EVENING,))
    assert key_of(one, passes(one.say("人工客服", "human"))) == "human.peak"
