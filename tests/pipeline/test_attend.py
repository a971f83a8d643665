"""Whose turn it is: a person's while one is there; pictures and cards say nothing by words."""

from talks import Talk, passes, text_of

from autoreply.model import Behaviour, Kind


def test_while_an_agent_is_there_the_bot_is_silent_and_remembers_nothing_new() -> None:
    talk = Talk(agent_present=True, state={"pending": {"slug": "size", "slot": "height"}})
    result = talk.say("能开发票吗", "invoice")
    assert (result.behaviour, result.replies, result.handover) == (Behaviour.SILENT, (), None)
    assert talk.state == {"pending": {"slug": "size", "slot": "height"}}
    assert Talk(agent_present=True).show(Kind.IMAGE).behaviour is Behaviour.SILENT


def test_a_picture_goes_to_a_person() -> None:
    result = passes(Talk().show(Kind.IMAGE))
    assert result.behaviour is Behaviour.ESCALATE
    assert "图片" in text_of(result)
    assert result.handover is not None
    assert result.handover.reason == "the buyer sent a picture"


def test_picture_after_picture_is_not_answered_with_line_after_line() -> None:
    talk = Talk()
    said = [text_of(talk.show(Kind.IMAGE)) for _ in range(5)]
    assert all(said[:3])
    assert said[3:] == ["", ""]


def test_a_picture_beside_words_is_seen_by_a_person_and_the_words_are_answered() -> None:
    result = passes(Talk().say("能开发票吗", "invoice", also=(Kind.IMAGE,)))
    assert result.behaviour is Behaviour.ESCALATE
    assert "发票" in text_of(result)
    assert "图片" in text_of(result)


def test_a_picture_beside_words_that_go_to_a_person_is_no_second_matter() -> None:
    result = Talk().say("这个碎了", "wrong_item", also=(Kind.IMAGE,))
    assert result.handover is not None
    assert "the buyer sent a picture" not in result.handover.reason


def test_a_card_is_asked_about_twice_and_then_a_person_comes() -> None:
    talk = Talk()
    behaviours = [talk.show(Kind.CARD).behaviour for _ in range(3)]
    assert behaviours == [Behaviour.ASK, Behaviour.ASK, Behaviour.ESCALATE]


def test_a_card_with_a_picture_goes_to_a_person() -> None:
    assert Talk().show(Kind.CARD, Kind.IMAGE).behaviour is Behaviour.ESCALATE


def test_a_card_beside_words_is_what_the_words_are_about() -> None:
    result = passes(Talk().say("能开发票吗", "invoice", also=(Kind.CARD,)))
    assert result.behaviour is Behaviour.ANSWER
