"""Bargaining: round by round, within what the settings concede, and then a person."""

from datetime import datetime
from typing import Any

import pytest
from talks import Talk, key_of, make_brain, passes, shop_with, text_of

from autoreply.model import Behaviour

PLEAS = ("能便宜点吗", "再少一点呗", "老顾客了 优惠一些", "最低多少", "抹个零吧")


def bargained(times: int, **bargain: Any) -> tuple[list[str], list[str], list[Behaviour]]:
    """Keys, words and behaviours of the answers to so many pleas in one conversation."""
    talk = Talk(make_brain(shop_with(bargain={"coupon": None, "gift": None, "limit_percent": 0} | bargain)))
    keys, texts, behaviours = [], [], []
    for line in PLEAS[:times]:
        result = passes(talk.say(line, "haggling"))
        keys.append(key_of(talk, result).removeprefix("haggling."))
        texts.append(text_of(result))
        behaviours.append(result.behaviour)
    return keys, texts, behaviours


def test_a_limit_of_zero_concedes_nothing() -> None:
    keys, texts, behaviours = bargained(4, rounds=2)
    assert keys == ["listed", "firm", "person", "person"]
    assert behaviours == [Behaviour.ANSWER, Behaviour.ANSWER, Behaviour.ESCALATE, Behaviour.ESCALATE]
    assert not any(char.isdigit() for text in texts for char in text)


def test_a_limit_is_conceded_in_the_last_round_and_the_price_changed_by_a_person() -> None:
    keys, texts, behaviours = bargained(4, rounds=3, limit_percent="5.00")
    assert keys == ["value", "value", "concede", "person"]
    assert behaviours[2] is Behaviour.ESCALATE
    assert "优惠5%" in texts[2]
    assert "人工客服" in texts[2]


def test_who_will_concede_does_not_say_before_that_the_price_is_fixed() -> None:
    _, texts, _ = bargained(4, rounds=4, limit_percent=5, coupon="满99减10")
    assert not any(word in text for text in texts for word in ("统一", "无法"))


@pytest.mark.parametrize(
    ("rounds", "keys"),
    [
        (0, ["person", "person"]),
        (1, ["listed", "person", "person"]),
        (2, ["listed", "firm", "person"]),
        (3, ["listed", "firm", "firm", "person"]),
    ],
)
def test_so_many_rounds_and_then_a_person(rounds: int, keys: list[str]) -> None:
    assert bargained(len(keys), rounds=rounds)[0] == keys


@pytest.mark.parametrize(("rounds", "keys"), [(0, ["person"]), (1, ["concede", "person"]), (2, ["value", "concede"])])
def test_rounds_with_something_to_concede(rounds: int, keys: list[str]) -> None:
    assert bargained(len(keys), rounds=rounds, limit_percent="0.5")[0] == keys


def test_a_coupon_is_named_first_and_else_a_gift() -> None:
    both = bargained(1, coupon="店铺首页满99减10优惠券", gift="试吃装一份")
    assert (both[0], "满99减10优惠券" in both[1][0], "试吃装" in both[1][0]) == (["coupon"], True, False)
    gift = bargained(1, gift="试吃装一份")
    assert (gift[0], "试吃装一份" in gift[1][0]) == (["gift"], True)
    assert bargained(1, coupon="  ", gift="")[0] == ["listed"]


def test_rounds_are_counted_for_each_conversation_and_day() -> None:
    brain = make_brain(shop_with(bargain={"rounds": 1, "coupon": None, "gift": None}))
    talk = Talk(brain)
    assert talk.say(PLEAS[0], "haggling").behaviour is Behaviour.ANSWER
    assert talk.say("能开发票吗", "invoice").behaviour is Behaviour.ANSWER
    assert talk.say(PLEAS[1], "haggling").behaviour is Behaviour.ESCALATE
    assert Talk(brain).say(PLEAS[0], "haggling").behaviour is Behaviour.ANSWER
    talk.now = datetime(2026, 3, 12, 9)
    assert talk.say(PLEAS[0], "haggling").behaviour is Behaviour.ANSWER


def test_no_text_invents_a_manager_scarcity_or_a_price_for_this_buyer_alone() -> None:
    texts = [t for limit in (0, 5) for rounds in range(4) for t in bargained(5, rounds=rounds, limit_percent=limit)[1]]
    for word in ("领导", "经理", "申请", "特批", "最后", "只剩", "只给您", "偷偷", "亏"):
        assert not any(word in text for text in texts), word
