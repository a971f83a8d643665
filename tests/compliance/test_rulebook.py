"""Rulebooks are data: every mistake is told with its line, and nothing is loaded then."""

from datetime import date
from pathlib import Path

import pytest

from autoreply.compliance import Gate, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.facts import Shop
from autoreply.model import Action, Severity
from autoreply.tomlfile import Problem, ProblemsFound, read

TODAY = date(2026, 6, 1)
RULE = """
[[rule]]
id = "no-fax"
name = "传真"
name_en = "Faxes"
severity = "block"
patterns = ["传真"]
"""


def load(*paths: Path) -> Rulebook:
    return load_rulebook([read(p) for p in paths], today=TODAY)


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(*paths: Path) -> tuple[Problem, ...]:
    with pytest.raises(ProblemsFound) as raised:
        load(*paths)
    return raised.value.problems


def test_the_shipped_rulebooks_pass_their_own_tests_without_a_warning(rulebook: Rulebook) -> None:
    assert rulebook.warnings == ()
    assert len(rulebook.version) == 12


def test_every_rule_is_named_in_both_languages_and_tested(rulebook: Rulebook) -> None:
    for rule in rulebook.rules:
        assert rule.name, rule.id
        assert rule.name_en, rule.id
        assert rule.tests.match or rule.id == "spam", rule.id
        assert rule.tests.passing, rule.id


def test_figures_carry_a_source_and_disagreeing_sources_stand_side_by_side(rulebook: Rulebook) -> None:
    assert all(s.source and s.value and s.unit for rule in rulebook.rules for s in rule.at_stake)
    card = rulebook.rule("card-refuse")
    assert card is not None
    assert {s.value for s in card.at_stake} == {"4", "6"}


def test_a_figure_is_shown_on_its_platform_only(rulebook: Rulebook) -> None:
    text = "我们店不开发票"
    on_tmall = Gate(rulebook, Shop(platform="tmall")).check(text).findings[0]
    on_pdd = Gate(rulebook, Shop(platform="pdd")).check(text).findings[0]
    assert "points" in {s.unit for s in on_tmall.at_stake}
    assert "points" not in {s.unit for s in on_pdd.at_stake}


def test_one_version_for_the_same_words_and_another_for_others(words: Path, tmp_path: Path) -> None:
    one = load(words, write(tmp_path, RULE)).version
    assert load(words, write(tmp_path, RULE)).version == one
    assert load(words, write(tmp_path, RULE.replace("block", "warn"))).version != one


def test_an_unknown_key_is_told_with_its_line_and_a_guess(words: Path, tmp_path: Path) -> None:
    (problem,) = problems(words, write(tmp_path, RULE + 'severty = "warn"\n'))
    assert problem.line == 8
    assert "did you mean 'severity'" in problem.message


def test_an_invalid_pattern_is_told_with_the_pattern(words: Path, tmp_path: Path) -> None:
    (problem,) = problems(words, write(tmp_path, RULE.replace('["传真"]', '["传真", "发(传|真"]')))
    assert "发(传|真" in problem.message
    assert problem.line == 7


def test_an_id_is_taken_once(words: Path, tmp_path: Path) -> None:
    (problem,) = problems(words, write(tmp_path, RULE), write(tmp_path, RULE, "again.toml"))
    assert "taken" in problem.message
    assert problem.file.endswith("again.toml")


def test_a_rule_that_fails_its_own_test_is_refused(words: Path, tmp_path: Path) -> None:
    tests = '[rule.tests]\nmatch = ["打电话"]\npass = ["发传真"]\n'
    found = problems(words, write(tmp_path, RULE + tests))
    assert [p.line for p in found] == [8, 8]
    assert "misses its own test" in found[0].message
    assert "must pass" in found[1].message


def test_all_problems_are_told_at_once(words: Path, tmp_path: Path) -> None:
    bad = RULE + "colour = 1\n" + RULE.replace("block", "burn") + '[[override]]\nid = "no-facs"\n'
    assert len(problems(words, write(tmp_path, bad))) == 2
    unknown = write(tmp_path, RULE + '[[override]]\nid = "no-facs"\nseverity = "warn"\n', "unknown.toml")
    assert "did you mean 'no-fax'" in problems(words, unknown)[0].message


def test_an_expired_figure_is_warned_of_and_no_longer_shown(words: Path, tmp_path: Path) -> None:
    stake = '[[rule.at_stake]]\nvalue = "2"\nunit = "points"\nsource = "a notice"\nuntil = 2026-05-31\n'
    book = load(words, write(tmp_path, RULE + stake))
    assert [w.level for w in book.warnings] == ["warning"]
    assert "2026-05-31" in book.warnings[0].message
    assert Gate(book, Shop()).check("发传真").findings[0].at_stake == ()


def test_a_shop_may_soften_a_block_but_is_told_what_is_at_stake(tmp_path: Path) -> None:
    own = write(tmp_path, '[[override]]\nid = "invoice-refuse"\nseverity = "warn"\n')
    book = load(*shipped_rulebooks(), own)
    (warning,) = book.warnings
    assert "invoice-refuse" in warning.message
    assert "10000 yuan" in warning.message
    assert Gate(book, Shop()).check("非常抱歉，我们店不开发票").action is Action.WARN


def test_a_shop_may_override_a_figure_and_add_words(tmp_path: Path) -> None:
    own = write(
        tmp_path,
        """
[[override]]
id = "abuse"
[[override.at_stake]]
value = "800"
unit = "yuan a case"
source = "notice of 2026"
since = 2026-03-01
[[extend]]
id = "style-slang"
patterns = ["哇哈哈"]
""",
    )
    gate = Gate(load(*shipped_rulebooks(), own), Shop(platform="jd"))
    assert [s.value for s in gate.check("您有病吧").findings[0].at_stake] == ["800"]
    assert gate.check("哇哈哈").rules == ("style-slang",)


def test_a_platform_file_speaks_of_its_platform_only(words: Path, tmp_path: Path) -> None:
    own = write(tmp_path, 'platform = "jd"\n' + RULE)
    book = load(words, own)
    assert Gate(book, Shop(platform="jd")).check("发传真").action is Action.BLOCK
    assert Gate(book, Shop(platform="taobao")).check("发传真").action is Action.PASS
    assert Gate(book, Shop(), platforms=["taobao", "jd"]).check("发传真").action is Action.BLOCK


def test_a_rewrite_rule_without_safe_wording_blocks(words: Path, tmp_path: Path) -> None:
    book = load(words, write(tmp_path, RULE.replace("block", "rewrite")))
    (finding,) = Gate(book, Shop()).check("发传真").findings
    assert finding.severity is Severity.BLOCK
