"""The second net: what it finds beside the patterns, what it clears, and what it must leave alone.

``data/sounds_unseen.tsv`` was never trained on, and written to be hard. Of its 602 violations the patterns alone stop
437, with the net 479; of its 648 compliant sentences 574 pass the patterns, and 581 both.
"""

import csv
import io
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.compliance import Draft, Gate, Released, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.compliance.gate import LEARNED
from autoreply.compliance.net import Net, pairs, shipped_net
from autoreply.compliance.normalise import fold
from autoreply.facts import Cod, Shop
from autoreply.model import Action, ConversationKey, Severity
from autoreply.secondnet import LOWEST, UNHEARD, Heard, Sentence, cross_validate, doubted, fit, folds, thresholds
from autoreply.tomlfile import read
from tests.compliance.conftest import TODAY

UNSEEN = Path(__file__).parent / "data" / "sounds_unseen.tsv"
KEY = ConversationKey("taobao", "shop", "buyer")


@pytest.fixture(scope="module")
def patterns(rulebook: Rulebook) -> Gate:
    """The same rules without the net."""
    return Gate(replace(rulebook, net=None), Shop())


def rows(breach: bool) -> list[tuple[str, str]]:
    """Texts and rules of the unseen sentences that break a rule, or that are compliant."""
    with UNSEEN.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(r["text"], r["rules"]) for r in table if (r["expect"] != "pass") is breach]


def learned_alone(gate: Gate, patterns: Gate) -> list[str]:
    """Unseen violations that only the net stops."""
    found = [text for text, _ in rows(breach=True) if gate.check(text).action is Action.BLOCK]
    return [text for text in found if patterns.check(text).action in (Action.PASS, Action.WARN)]


def test_it_stops_unseen_sentences_that_no_pattern_meets(gate: Gate, patterns: Gate) -> None:
    assert len(learned_alone(gate, patterns)) >= 30


def test_it_names_the_rule_of_more_unseen_sentences(gate: Gate, patterns: Gate) -> None:
    def named(judge: Gate) -> int:
        return sum(rule in judge.check(text).rules for text, rule in rows(breach=True))

    assert named(gate) >= named(patterns) + 35


def test_more_unseen_compliant_sentences_pass_for_it(gate: Gate, patterns: Gate) -> None:
    def left(judge: Gate) -> int:
        return sum(judge.check(text).action in (Action.PASS, Action.WARN) for text, _ in rows(breach=False))

    assert left(gate) >= left(patterns) + 3


def test_its_findings_say_that_they_were_learned_and_hold_a_clause(gate: Gate, patterns: Gate) -> None:
    for text in learned_alone(gate, patterns):
        findings = [f for f in gate.check(text).findings if f.learned]
        assert findings
        for finding in findings:
            assert finding.severity is Severity.BLOCK
            assert text[finding.start : finding.end] == finding.matched != ""
            assert "，" not in finding.matched


def test_what_a_pattern_finds_is_not_marked_as_learned(gate: Gate) -> None:
    assert not any(f.learned for f in gate.check("我们店不开发票").findings)


def test_an_agents_own_words_are_only_warned_of(gate: Gate, patterns: Gate) -> None:
    text = next(t for t in learned_alone(gate, patterns) if not patterns.check(t).findings)
    agent = gate.release(Draft(KEY, text, {}, "agent"))
    assert isinstance(agent, Released)
    assert agent.text == text
    assert agent.verdict.action is Action.WARN
    assert not isinstance(gate.release(Draft(KEY, text, {}, "plugin")), Released)


def test_a_rule_may_be_left_to_its_patterns(gate: Gate, patterns: Gate, rulebook: Rulebook, tmp_path: Path) -> None:
    text = next(t for t in learned_alone(gate, patterns) if not patterns.check(t).findings)
    (rule,) = {f.rule for f in gate.check(text).findings if f.learned}
    own = tmp_path / "own.toml"
    own.write_text(f'[[override]]\nid = "{rule}"\nlearned = false\n', encoding="utf-8")
    book = load_rulebook([read(p) for p in (*shipped_rulebooks(), own)], today=TODAY, run_tests=False)
    assert Gate(book, Shop()).check(text).action is Action.PASS


def test_a_setting_that_backs_what_is_said_silences_it(rulebook: Rulebook) -> None:
    eager = replace(shipped_net(), thresholds=np.full(len(shipped_net().rules), -50, np.float32))
    book = replace(rulebook, net=eager)
    text = "好的，您慢慢看"
    assert "cod" in {f.rule for f in Gate(book, Shop()).check(text).findings if f.learned}
    assert "cod" not in Gate(book, Shop(cod=Cod(accepted=True))).check(text).rules


DECORATION = st.sampled_from([" ", "\u200b", "\u3000", "\ufeff"])


@given(data=st.data())
def test_no_disguise_turns_a_learned_block_into_a_pass(gate: Gate, patterns: Gate, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(learned_alone(gate, patterns)))
    wide = data.draw(st.booleans())
    marks = data.draw(st.lists(st.one_of(st.just(""), DECORATION), min_size=len(text), max_size=len(text)))
    written = "".join(c + mark for c, mark in zip(text, marks, strict=True))
    if wide:
        written = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in written)
    assert gate.check(written).action is Action.BLOCK


@given(text=st.text())
def test_any_text_has_odds_and_a_clause(text: str) -> None:
    net, folded = shipped_net(), fold(text).text
    assert np.isfinite(net.odds(folded)).all()
    start, end = net.clause(folded, net.rules[0])
    assert 0 <= start <= end <= len(folded)


def test_digits_are_all_alike_and_so_are_the_ends_of_clauses() -> None:
    assert set(pairs("返3元,好")) == set(pairs("返8元。好"))
    assert set(pairs("返元")) != set(pairs("元返"))


def test_a_net_survives_its_file() -> None:
    net = shipped_net()
    again = Net.load(net.dump())
    assert (again.rules, again.doubted, again.version) == (net.rules, net.doubted, net.version)
    text = fold("发票的税点要您自己出").text
    assert again.odds(text) == pytest.approx(net.odds(text), abs=0.05)


def test_a_file_that_holds_no_net_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pickle|net"):
        Net.load(b"no net")
    other = io.BytesIO()
    np.savez(other, rules=np.array(["off-contact"]))
    with pytest.raises(ValueError, match="net"):
        Net.load(other.getvalue())


def test_the_shipped_net_knows_shipped_rules_alone(rulebook: Rulebook) -> None:
    rules = {r.id: r for r in rulebook.rules}
    assert all(rule in rules and rules[rule].learned for rule in shipped_net().rules)


def lesson() -> list[Sentence]:
    """Two rules that are easily told from what is compliant, each word among others drawn at random."""
    draw = random.Random(1)
    said = {"加我微聊": {"off-contact"}, "不开票据": {"invoice-refuse"}, "今天发货": set[str]()}
    made = []
    for words, rules in said.items():
        for _ in range(400):
            around = "".join(draw.choices("红橙黄绿青蓝紫黑白灰金银铜铁木水火土", k=12))
            made.append(Sentence(text := around[:6] + words + around[6:], frozenset(rules), text))
    return made


def test_training_learns_what_its_sentences_say_and_is_reproducible() -> None:
    net = fit(lesson())
    for text, rules in (
        ("橙木水火加我微聊金铜白", ["off-contact"]),
        ("蓝金木水不开票据火铜灰", ["invoice-refuse"]),
        ("银土青白今天发货水铁橙", []),
    ):
        assert net.suspected(net.odds(fold(text).text)) == rules
    assert (fit(lesson()).weights == net.weights).all()


def test_sentences_nearly_alike_share_a_fold() -> None:
    pair = [
        Sentence(t, frozenset(), t) for t in ("这个活动价是不带票的您看可以再拍", "这个活动价是不带票的您看可以就拍")
    ]
    others = [Sentence(f"{c}" * 12, frozenset(), "") for c in "甲乙丙丁戊己庚辛"]
    fold_of = folds([pair[0], *others, pair[1]])
    assert fold_of[0] == fold_of[-1]


def test_cross_validation_counts_what_no_pattern_meets(words: Path) -> None:
    nothing = Gate(replace(load_rulebook([read(words)], today=TODAY), net=None), Shop())
    best, measured = cross_validate(lesson(), nothing)
    assert (measured.breaches, measured.stopped, measured.compliant, measured.alarms) == (800, 0, 400, 0)
    assert measured.caught >= 0.9
    assert measured.more <= 0.1
    assert all(t >= LOWEST for t in best.values())


def heard(*said: tuple[float, float]) -> dict[str, float]:
    """The threshold of a rule for log-odds and what each is worth."""
    return thresholds([Heard("abuse", odds, gain) for odds, gain in said])


def test_a_threshold_lies_where_it_gains_most() -> None:
    assert heard((5, 1), (4, 1), (3, -3), (2, 1)) == {"abuse": 3.5}
    assert heard((5, 1), (4, -3), (3, 1), (2, 1), (1, 1), (0, 1)) == {"abuse": (0 + LOWEST) / 2}
    assert heard((5, -3), (4, 1)) == {"abuse": 6}
    assert heard((-3, 1)) == {"abuse": UNHEARD}


DOUBTED = "您放心"
"""What a pattern of the shop's own stops in these tests."""


def doubting(rulebook: Rulebook, tmp_path: Path, *, doubt: bool, more: str = "") -> Gate:
    """The shipped rules and a pattern of the shop's own, with and without a net that knows it to err."""
    own = tmp_path / "own.toml"
    rule = 'id = "own"\nname = "自定"\nname_en = "Own"\nseverity = "block"'
    own.write_text(f'[[rule]]\n{rule}\n{more}\npatterns = ["{DOUBTED}"]\n', encoding="utf-8")
    book = load_rulebook([read(p) for p in (*shipped_rulebooks(), own)], today=TODAY, run_tests=False)
    net = replace(shipped_net(), doubted=frozenset({("own", DOUBTED)} if doubt else ()))
    return Gate(replace(book, net=net), Shop())


def test_what_a_doubted_pattern_finds_counts_unless_the_net_is_sure(rulebook: Rulebook, tmp_path: Path) -> None:
    clean, shady = f"好的，物流信息{DOUBTED}在订单页查看就可以", f"{DOUBTED}，加我威芯给您发优惠"
    trusting, doubting_it = (doubting(rulebook, tmp_path, doubt=doubt) for doubt in (False, True))
    assert "own" in trusting.check(clean).rules
    verdict = doubting_it.check(clean)
    assert verdict.action is Action.PASS
    assert [(f.rule, f.backing) for f in verdict.backed] == [("own", LEARNED)]
    assert "own" in doubting_it.check(shady).rules


@pytest.mark.parametrize("end", ["，", "。"])
def test_innocent_clauses_hide_nothing(gate: Gate, patterns: Gate, end: str) -> None:
    padding = f"亲，您好，订单已经收到，物流信息可以在订单页查看，尺码表在详情页，有问题请随时联系我们{end}"
    stopped = [text for text, _ in rows(breach=True) if patterns.check(padding + text).action is Action.BLOCK]
    hidden = [text for text in stopped if gate.check(padding + text).action is not Action.BLOCK]
    assert len(hidden) <= len(stopped) / 100


def test_a_rule_left_to_its_patterns_is_not_cleared_either(rulebook: Rulebook, tmp_path: Path) -> None:
    clean = f"好的，物流信息{DOUBTED}在订单页查看就可以"
    assert doubting(rulebook, tmp_path, doubt=True).check(clean).action is Action.PASS
    assert "own" in doubting(rulebook, tmp_path, doubt=True, more="learned = false").check(clean).rules


def test_patterns_that_stop_compliant_sentences_are_doubted(rulebook: Rulebook, tmp_path: Path) -> None:
    gate = doubting(rulebook, tmp_path, doubt=False)
    said = [Sentence(DOUBTED, frozenset(), DOUBTED), Sentence("不开发票", frozenset({"invoice-refuse"}), "不开发票")]
    judged = [(s, gate.check(s.written)) for s in said]
    assert doubted(judged, {"own", "invoice-refuse"}) == {("own", DOUBTED)}
    assert doubted(judged, {"invoice-refuse"}) == frozenset()
