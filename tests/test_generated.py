"""Words that a model wrote: marked by the handler, and stopped by the gate where no label says so."""

from typing import Any

import pytest
from talks import Talk, make_brain, text_of

from autoreply import Ask, Behaviour, Context, Escalate, Outcome, Reply
from autoreply.handlers import Bound

WORDS = "核桃碎拌凉菜很香，您可以试试。"
LABEL = "（以上内容由AI生成，仅供参考）"


def said(outcome: Outcome) -> Any:
    """What becomes of an outcome of a handler."""

    async def answer(ctx: Context[None]) -> Outcome:
        return outcome

    brain = make_brain()
    talk = Talk(make_brain(handlers={**brain.handlers, "recommend": Bound(answer, plugin="shop/recipes")}))
    return talk.say("怎么吃比较好", "recommend")


def test_generated_words_with_a_label_leave_and_are_kept_as_such() -> None:
    result = said(Reply(WORDS + LABEL, generated=True))
    assert result.behaviour is Behaviour.ANSWER
    assert result.replies[0].draft.origin == "generated"
    assert said(Reply(WORDS)).replies[0].draft.origin == "plugin"


@pytest.mark.parametrize(
    "outcome",
    [
        Reply(WORDS, generated=True),
        Reply("您好，") + Reply(WORDS, generated=True),
        Ask(WORDS, "dish", generated=True),
        Escalate("a question about a dish", Reply(WORDS, generated=True)),
    ],
)
def test_without_a_label_they_do_not_leave_whatever_they_are_part_of(outcome: Outcome) -> None:
    result = said(outcome)
    assert result.behaviour is Behaviour.ESCALATE
    assert result.rules == ("ai-label",)
    assert "凉菜" not in text_of(result)


def test_a_question_made_of_generated_words_keeps_the_mark() -> None:
    async def answer(ctx: Context[None]) -> Outcome:
        return ctx.ask("dish", Reply(WORDS + LABEL, generated=True))

    brain = make_brain()
    talk = Talk(make_brain(handlers={**brain.handlers, "recommend": Bound(answer)}))
    result = talk.say("怎么吃比较好", "recommend")
    assert (result.behaviour, result.replies[0].draft.origin) == (Behaviour.ASK, "generated")


def test_a_mark_that_is_no_yes_or_no_is_no_reply() -> None:
    result = said(Reply(WORDS, generated="yes"))  # type: ignore[arg-type]
    assert result.handover.reason == "recommend: TypeError in its plugin"
