"""Counting what was found, and what is at stake."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from autoreply.compliance import Gate, load_rulebook
from autoreply.facts import Shop
from autoreply.model import Action
from autoreply.review.html import report
from autoreply.review.sheets import Written
from autoreply.review.summary import Judged, Summary, summarise
from autoreply.tomlfile import read

RULES = """
[classes]
neg = ["不"]
not-neg = ["不好意思"]
[[rule]]
id = "fee"
name = "收费"
name_en = "A fee"
severity = "block"
patterns = ["加钱"]
suggestion = "不另收费用。"
[[rule.at_stake]]
value = "4"
unit = "points"
source = "first list"
[[rule.at_stake]]
value = "6"
unit = "points"
source = "second list"
[[rule.at_stake]]
value = "20000 to 500000"
unit = "yuan, fine"
source = "a law"
[[rule]]
id = "gone"
name = "外链"
name_en = "Elsewhere"
severity = "block"
patterns = ["别处买"]
[[rule.at_stake]]
value = "6"
unit = "points"
source = "first list"
[[rule.at_stake]]
value = "3"
unit = "times the price"
source = "a law"
[[rule]]
id = "you"
name = "称呼"
name_en = "You"
severity = "rewrite"
patterns = ["你"]
replace = { "你" = "您" }
[[rule]]
id = "but"
name = "但是"
name_en = "But"
severity = "warn"
patterns = ["但是"]
[[rule.at_stake]]
value = "100"
unit = "points"
source = "nobody"
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return Gate(load_rulebook([read(path)], today=date(2026, 3, 11)), Shop())


def judged(gate: Gate, texts: Iterable[str]) -> list[Judged]:
    return [Judged(Written("replies.txt", n, text, 1), gate.check(text)) for n, text in enumerate(texts, 1)]


@pytest.fixture(scope="module")
def summary(gate: Gate) -> Summary:
    texts = ["要加钱", "您好", "", "要加钱", "你去别处买，但是要加钱", "你好", "但是可以", "<b>加钱</b>&"]
    return summarise(judged(gate, texts), gate.rulebook, samples=2)


def test_texts_are_counted_by_what_the_gate_does(summary: Summary) -> None:
    assert (summary.texts, summary.empty, summary.distinct) == (8, 1, 7)
    assert summary.actions == {Action.BLOCK: 4, Action.REWRITE: 1, Action.WARN: 1, Action.PASS: 2}
    assert sum(summary.actions.values()) == summary.texts


def test_rules_stand_gravest_first_then_by_number(summary: Summary) -> None:
    assert [(r.rule, r.texts) for r in summary.rules] == [("fee", 4), ("gone", 1), ("you", 2), ("but", 2)]


def test_the_worst_samples_come_first_and_the_same_words_once(summary: Summary) -> None:
    worst, second = summary.rules[0].samples
    assert worst.written.text == "你去别处买，但是要加钱"
    assert (second.written.text, second.written.line, second.times) == ("要加钱", 1, 2)
    assert worst.pieces == [("你去别处买，但是要", False), ("加钱", True)]
    assert worst.better == "不另收费用。"


def test_a_rewrite_is_shown_with_what_may_leave(summary: Summary) -> None:
    found = {s.written.text: s.better for s in summary.rules[2].samples}
    assert found["你好"] == "您好"


def test_points_add_up_over_rules_and_disagreeing_sources_give_a_range(summary: Summary) -> None:
    points = summary.stakes[0]
    assert (points.unit, points.low, points.high) == ("points", Decimal(10), Decimal(12))
    assert [(rule, stake.source) for rule, stake in points.parts] == [
        ("fee", "first list"),
        ("fee", "second list"),
        ("gone", "first list"),
    ]


def test_units_that_differ_are_never_added_up(summary: Summary) -> None:
    assert [(s.unit, s.low, s.high) for s in summary.stakes[1:]] == [
        ("yuan, fine", Decimal(20000), Decimal(500000)),
        ("3 times the price", None, None),
    ]


def test_the_page_needs_nothing_else(summary: Summary) -> None:
    page = report(summary, ["replies.txt"], "abc", ["tmall"])
    assert '<mark class="block">加钱</mark>' in page
    for loads in ("<script", "<link", "src=", "http://", "https://", "url("):
        assert loads not in page
    assert "10–12" in page


def test_what_a_text_holds_cannot_become_markup(gate: Gate) -> None:
    evil = '<script>alert("加钱")</script>'
    page = report(summarise(judged(gate, [evil]), gate.rulebook, samples=5), [f"{evil}.txt"], "abc", ["tmall"])
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_nothing_found_is_a_report_too(gate: Gate) -> None:
    page = report(summarise(judged(gate, []), gate.rulebook, samples=5), ["empty.txt"], "abc", ["tmall"])
    assert "No text breaks a rule." in page
