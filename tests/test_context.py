"""What a handler sees of a turn, and what it may say."""

from typing import Any

import pytest
from talks import WEDNESDAY, Talk, Told, example_shop

from autoreply.context import Context
from autoreply.model import Kind, Priority, Reply
from autoreply.texts import MissingFact, Texts, UnknownText

TEXTS = Texts(
    {
        "a.today": ("今天发", "今日发", "当天发"),
        "a.gift": ("送{{ shop.returns.warranty }}",),
        "a.who": ("是{{ who }}吗",),
    }
)


def context(text: str, slug: str = "a", said: dict[str, int] | None = None) -> Context[Any]:
    turn = Talk().turn((text, Kind.TEXT))
    understanding = Told((slug,)).understand(text)
    return Context(
        slug=slug,
        shop=example_shop(),
        settings=None,
        turn=turn,
        understanding=understanding,
        slots={},
        state={},
        now=WEDNESDAY,
        texts=TEXTS,
        said={} if said is None else said,
    )


@pytest.mark.parametrize("text", ["开發票吗", "能开发票不", "開發票"])
def test_words_are_found_in_either_script(text: str) -> None:
    assert context(text).says("发票")
    assert context(text).says("發票 收据")


def test_words_are_found_in_any_width_and_case() -> None:
    assert context("我要ＩＰＨＯＮＥ17").says(["iPhone 17", "iphone17"])
    assert not context("我要17号的").says(["iPhone 17"])


def test_a_name_with_a_blank_in_it_comes_as_a_list() -> None:
    assert context("blue tea 有吗").says(["Blue Tea"])
    assert not context("green tea 有吗").says(["Blue Tea"])
    assert context("green tea 有吗").says("Blue Tea")


def test_nothing_is_never_found() -> None:
    assert not context("在吗").says("")
    assert not context("在吗").says(["", "\u200b"])


def test_variants_take_turns_and_the_count_is_kept() -> None:
    said: dict[str, int] = {}
    texts = [context("在吗", said=said).reply("a.today").text for _ in range(3)]
    assert sorted(texts) == sorted(["今天发", "今日发", "当天发"])
    assert said == {"a.today": 3}


def test_a_reply_that_lacks_a_fact_is_not_counted_as_said() -> None:
    said: dict[str, int] = {}
    with pytest.raises(MissingFact, match=r"shop\.returns\.warranty"):
        context("在吗", said=said).reply("a.gift")
    with pytest.raises(UnknownText):
        context("在吗", said=said).reply("a.tomorrow")
    assert said == {}


def test_asking_and_escalating() -> None:
    ask = context("在吗").ask("who", "a.who", who="您")
    assert (ask.text, ask.slot) == ("是您吗", "who")
    plain = context("在吗").escalate("a reason")
    assert (plain.reply, plain.priority) == (None, Priority.NORMAL)
    spoken = context("在吗").escalate("a reason", "a.who", priority=Priority.HIGH, who="您")
    assert (spoken.reply, spoken.priority) == (Reply("是您吗", {}), Priority.HIGH)
