"""The pattern language: what each construct matches, and what is refused."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoreply.compliance.normalise import fold
from autoreply.compliance.pattern import words_of
from autoreply.compliance.scanner import Scanner, Vocabulary, Watch
from autoreply.compliance.schema import Exempt

CLASSES = {"neg": ["不", "没"], "not-neg": ["不好意思"], "add": ["加", "添加"], "im": ["微信", "qq"]}


def matches(pattern: str, text: str, *, negation: int = 0, exempt: Exempt | None = None) -> list[str]:
    """The words of a text that a pattern matches."""
    vocabulary = Vocabulary(CLASSES, {"微信": ["v信"]})
    watch = Watch(0, vocabulary.compile([pattern]), vocabulary.exemptions(exempt or Exempt()), negation)
    scan = Scanner(vocabulary, [watch]).scan(fold(text))
    return [scan.folded.text[f.start : f.end] for _, _, f in scan.matches()]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("发票", "可以开发票", ["发票"]),
        ("(开|出具)发票", "出具发票", ["出具发票"]),
        ("<add>..4<im>", "您加一下我微信", ["加一下我微信"]),
        ("<add>..2<im>", "您加一下我的微信", []),
        ("<add>..4<im>", "您加一下，微信在", []),
        ("<add>~4<im>", "您加一下，微信在", ["加一下,微信"]),
        ("<add>~4<im>", "您加一下。微信在", []),
        ("<add>~~6<im>", "您加一下。微信在", ["加一下。微信"]),
        ("<add>~~2<im>", "您加一下。微信在", []),
        ("加(我|您)?微信", "加微信", ["加微信"]),
        ("加我的?微信", "加我微信", ["加我微信"]),
        ("加我的?微信", "加我的微信", ["加我的微信"]),
        ("返#元", "返3元", ["返3元"]),
        ("返#元", "返十二元", ["返十二元"]),
        ("返#元", "返现元", []),
        ("(返#元|红包)", "发红包", ["红包"]),
        ("(返#元|红包)", "返5元", ["返5元"]),
        ("^不行", "亲，不行", ["不行"]),
        ("^不行", "亲亲不行", ["不行"]),
        ("^不行", "这样做不行", []),
        ("不行$", "不行的哦", ["不行"]),
        ("不行$", "不行就换", []),
        ("<im>", "加我v信", ["v信"]),
        ("<im>", "加我薇伈", ["微信"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, text: str, found: list[str]) -> None:
    assert matches(pattern, text) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(开|出具",
        "开)",
        "<nobody>发票",
        "开..票",
        "开..99票",
        "开..3",
        "#",
        "$",
        "(开|)票",
        "|开",
        "(一|二)?" * 9 + "三",
        "一 & 二 & 三 & 四",
        "开 & ",
        "开 && ",
        "开~~99票",
        "开!票",
    ],
)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="invalid pattern"):
        Vocabulary(CLASSES, {}).compile([pattern])


def test_parts_joined_by_two_ampersands_may_stand_in_different_sentences() -> None:
    assert matches("评价 && 红包", "收到后写个评价。我们发红包！") == ["评价。我们发红包"]
    assert matches("评价 && 红包", "红包在这里。先写评价") == ["红包在这里。先写评价"]
    assert matches("评价 & 红包", "收到后写个评价。我们发红包！") == []
    assert matches("评价 && 红包", "评价" + "。好" * 30 + "红包") == []


def test_an_entry_of_a_class_may_spell_several_words() -> None:
    classes = {"cannot": ["没戏", "(不|没法)(开|办)", "<wont>弄?"], "wont": ["懒得", "不想"]}
    assert words_of("cannot", classes) == {
        *("没戏", "不开", "不办", "没法开", "没法办"),
        *("懒得", "懒得弄", "不想", "不想弄"),
    }


@pytest.mark.parametrize("entry", ["开..3票", "#元", "不行$", "(开|出", "<bad>了", "<nobody>", "弄?"])
def test_an_entry_of_a_class_that_spells_no_words_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="invalid pattern"):
        Vocabulary({"bad": [entry]}, {}).compile(["<bad>票"])


def test_parts_joined_by_an_ampersand_may_stand_in_either_order() -> None:
    assert matches("(信用卡|贷记卡) & (不接|退回)", "信用卡，我们不接") == ["信用卡,我们不接"]
    assert matches("(信用卡|贷记卡) & (不接|退回)", "都会退回的，如果是贷记卡") == ["退回的,如果是贷记卡"]
    assert matches("(信用卡|贷记卡) & (不接|退回)", "信用卡可以的。退回的货已收到") == [], "another sentence"


def test_an_exclamation_mark_wants_no_negation_right_before() -> None:
    assert matches("!能开", "都能开的") == ["能开"]
    assert matches("!能开", "不能开的") == []
    assert matches("!能开", "能开") == ["能开"]


def test_a_negation_before_or_inside_lifts_a_match() -> None:
    assert matches("收..4手续费", "收您手续费", negation=4) == ["收您手续费"]
    assert matches("收..4手续费", "我们不收手续费", negation=4) == []
    assert matches("收..4手续费", "收到不要手续费", negation=4) == []
    assert matches("收..4手续费", "不好意思，收您手续费", negation=4) == ["收您手续费"]
    assert matches("不开发票", "我们不开发票", negation=4) == ["不开发票"], "its own 不 is no negation"


def test_a_negation_inside_a_match_holds_to_the_end_of_its_clause() -> None:
    assert matches("鼻炎~9好了", "鼻炎不用吃药,就好了", negation=4) == ["鼻炎不用吃药,就好了"]
    assert matches("鼻炎~9好了", "鼻炎用过,也不会好了", negation=4) == []


def test_exemptions_have_a_scope() -> None:
    text = "先加微信，再用微信支付"
    assert matches("<im>", text, exempt=Exempt(overlap=("微信支付",))) == ["微信"]
    assert matches("<im>", text, exempt=Exempt(clause=("支付",))) == ["微信"]
    assert matches("<im>", text, exempt=Exempt(sentence=("支付",))) == []
    assert matches("<im>", text + "。再见", exempt=Exempt(text=("再见",))) == []


@given(st.text(alphabet="加微信q，。不3一元返亲的", max_size=60))
def test_a_match_lies_within_the_text(text: str) -> None:
    vocabulary = Vocabulary(CLASSES, {})
    watch = Watch(0, vocabulary.compile(["<add>..4<im>$", "^返#(元)?", "(加|返#)~6不?微"]), negation=3)
    scan = Scanner(vocabulary, [watch]).scan(fold(text))
    for _, _, found in scan.matches():
        assert 0 <= found.start < found.end <= len(scan.folded.text)
        assert found.start <= found.parts[0][0] <= found.parts[-1][1] <= found.end


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(["加", "加微", "微信不", "返3", "，加"]))
def test_work_grows_with_the_text_and_no_faster(unit: str) -> None:
    """Counts the steps of the interpreter and not seconds: eight times the text, about eight times the work."""
    small, large = (steps(unit * n) for n in (100, 800))
    assert large < small * 14


def steps(text: str) -> int:
    count = 0

    def trace(*_: object) -> None:
        nonlocal count
        count += 1

    vocabulary = Vocabulary(CLASSES, {})
    watch = Watch(0, vocabulary.compile(["<add>..8<im>..8<add>", "返#..4返"]), negation=6)
    scanner = Scanner(vocabulary, [watch])
    sys.setprofile(trace)
    try:
        scanner.scan(fold(text)).matches()
    finally:
        sys.setprofile(None)
    return count
