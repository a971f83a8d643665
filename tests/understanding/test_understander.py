"""From a message to intents, slots and a decision."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoreply.model import NONE, Decision
from autoreply.tomlfile import TomlFile
from autoreply.understanding import Catalogue, Previous, Understander, load_catalogue, train

from .conftest import Write
from .test_normalise import ANY_TEXT


def best(understander: Understander, text: str) -> str:
    return understander.understand(text).matches[0].slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("我的猫粮啥时候寄出呀", "shipping_time"),
        ("拖鞋走哪个快递", "courier"),
        ("買檯燈可以開發票嗎", "invoice"),
        ("面膜少点行不", "haggling"),
        ("谢谢", "thanks"),
        ("孩子在睡觉呢", NONE),
    ],
)
def test_finds_the_intent_of_a_sentence_it_was_not_taught(understander: Understander, text: str, slug: str) -> None:
    assert best(understander, text) == slug


def test_a_line_of_the_catalogue_is_understood_word_for_word(understander: Understander) -> None:
    understood = understander.understand("税号填错了，要重开！")
    assert understood.answered == ("invoice",)
    assert understood.matches[0].example == "税号填错了要重开"


def test_a_clear_question_is_answered_and_chatter_is_not(understander: Understander) -> None:
    assert understander.understand("请问台灯几时能寄出").decision is Decision.ANSWER
    chatter = understander.understand("等我老公回来看看")
    assert chatter.decision in (Decision.ASK, Decision.ESCALATE)
    assert chatter.answered == ()


@pytest.mark.parametrize("text", ["", "   ", "\n\u3000", "😀😀", "\u200b"])
def test_silent_where_nothing_was_said(understander: Understander, text: str) -> None:
    understood = understander.understand(text)
    assert understood.decision is Decision.SILENT
    assert understood.matches == ()


def test_two_intents_in_one_message(understander: Understander) -> None:
    found = {m.slug for m in understander.understand("走什么快递 另外能开发票吗").matches[:2]}
    assert found == {"courier", "invoice"}


def test_a_second_question_is_answered_with_the_first(understander: Understander) -> None:
    assert set(understander.understand("走什么快递 另外能开发票吗").answered) == {"courier", "invoice"}
    assert understander.understand("那能开电子票吗，谢谢").answered == ("invoice",)


def test_matches_are_best_first_with_what_speaks_for_them(understander: Understander) -> None:
    matches = understander.understand("能开发票吗").matches
    assert [m.confidence for m in matches] == sorted((m.confidence for m in matches), reverse=True)
    assert len(matches) <= 5
    assert matches[0].features["keyword"] == 1.0
    assert 0.5 < matches[0].features["model"] <= 1.0


def test_slots_and_tokens_come_along(understander: Understander) -> None:
    understood = understander.understand("3盏台灯后天寄顺丰")
    assert understood.slot("courier") == "顺丰"
    assert understood.slot("day") == 2
    assert "台灯" in understood.tokens
    assert understood.clean == "3盏台灯后天寄顺丰"


def test_thresholds_decide_how_sure_is_sure_enough(small: Catalogue, understander: Understander) -> None:
    strict = Understander(small, threshold=1.0, weights=understander.weights)
    assert strict.understand("请问台灯几时能寄出").decision is Decision.ASK
    cautious = Understander(small, margin=1.0, weights=understander.weights)
    understood = cautious.understand("请问台灯几时能寄出")
    assert understood.decision is Decision.ASK
    assert "margin" in understood.reason


@pytest.mark.parametrize("text", ["那圆通呢", "新疆呢", "那寄到拉萨呢？", "換成申通可以嗎"])
def test_a_short_follow_up_goes_on_about_the_last_intent(understander: Understander, text: str) -> None:
    understood = understander.understand(text, Previous("courier", {"courier": "顺丰"}))
    assert understood.answered == ("courier",)
    assert understood.slots


def test_a_follow_up_says_that_it_is_one(understander: Understander) -> None:
    match = understander.understand("新疆呢", Previous("courier", {"courier": "顺丰"})).matches[0]
    assert match.features == {"previous": match.confidence}


def test_a_question_of_its_own_is_no_follow_up(understander: Understander) -> None:
    understood = understander.understand("税号填错了要重开", Previous("courier", {}))
    assert understood.answered == ("invoice",)


def test_chatter_is_no_follow_up(understander: Understander) -> None:
    understood = understander.understand("孩子在睡觉", Previous("courier", {}))
    assert "courier" not in understood.answered


def test_a_previous_intent_that_is_gone_is_ignored(understander: Understander) -> None:
    assert understander.understand("那新疆呢", Previous("no_such_intent", {})).answered != ("no_such_intent",)


def test_a_line_that_is_not_answered_is_told_what_it_needs(understander: Understander) -> None:
    text = "猫粮走鸿雁快不"
    assert understander.understand(text).decision is not Decision.ANSWER
    advice = understander.advise(text)
    assert advice is not None
    assert "鸿雁" in advice.unknown
    assert "猫粮" not in advice.unknown
    example = advice.remedies[0]
    assert (example.key, example.text, example.decision) == ("examples", text, Decision.ANSWER)


def test_what_was_advised_comes_true(understander: Understander, small_files: list[TomlFile], write: Write) -> None:
    text = "猫粮走鸿雁快不"
    advice = understander.advise(text)
    assert advice is not None
    more = f'slug = "{advice.slug}"\nextends = true\nexamples = ["{text}"]\n'
    taught = load_catalogue([*small_files, write("shop/more.toml", more)])
    found = Understander(taught, weights=train(taught)).understand(text)
    assert found.answered == (advice.slug,)
    assert found.matches[0].confidence == advice.remedies[0].confidence


def test_no_advice_where_nothing_is_missing_or_nothing_is_near(understander: Understander) -> None:
    assert understander.advise("请问台灯几时能寄出") is None
    assert understander.advise("😀") is None


def test_works_without_weights_by_likeness_and_keywords(small: Catalogue) -> None:
    plain = Understander(small)
    assert best(plain, "可以指定顺丰吗") == "courier"
    assert best(plain, "发票呢") == "invoice"
    assert plain.understand("窗外下雨").answered == ()


def test_the_same_from_several_threads(understander: Understander) -> None:
    texts = ["台灯几时寄出", "走什么快递 能开发票吗", "谢谢", "那个"] * 25
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(understander.understand, texts)) == [understander.understand(t) for t in texts]


@given(ANY_TEXT)
def test_never_raises(understander: Understander, text: str) -> None:
    understood = understander.understand(text, Previous("courier", {}))
    assert understood.text == text
    assert all(0 <= m.confidence <= 1 for m in understood.matches)
    assert all(slug in {m.slug for m in understood.matches} for slug in understood.answered)


@settings(max_examples=30)
@given(
    st.sampled_from(["发货", "a", "一", "[订单", "订单号:1 ", "<b>", "1.", "退退换", "🧾", "\x00", "￥1 "]),
    st.integers(1, 5000),
)
def test_repetition_is_bounded(understander: Understander, part: str, times: int) -> None:
    understood = understander.understand(part * times)
    assert len(understood.clean) <= 1000
    assert len(understood.matches) <= 5
