"""The figures, on lines few enough to count by hand."""

import pytest

from autoreply.evaluation.lines import Labelled
from autoreply.evaluation.outcome import Outcome, outcomes
from autoreply.evaluation.scores import Report, by_intent, confusions, reliability, report, sweep
from autoreply.understanding import Understander

from .conftest import Seen


def made(results: list[Outcome]) -> Report:
    return report(results, source="by hand", catalogue="c", threshold=0.8, margin=0.2)


@pytest.fixture
def results(seen: Seen) -> list[Outcome]:
    return [
        seen("invoice", "invoice courier", 0.95),  # answered, right
        seen("invoice", "courier invoice", 0.85),  # answered, wrong
        seen("courier", "courier", 0.60),  # right, but left to a person
        seen("refund", "none", 0.70),  # taken for nothing
        seen("refund+courier", "courier refund", 0.90, answered="courier refund"),
        seen("refund+courier", "refund courier", 0.90, answered="refund"),  # both found, one answered
        seen("none", "none", 0.90),  # rightly left to a person
        seen("none", "refund", 0.82),  # answered, wrong
    ]


def test_the_shares_count_what_they_say(results: list[Outcome]) -> None:
    scores = made(results).scores
    assert (scores.lines, scores.with_intent, scores.none, scores.two, scores.answers) == (8, 6, 2, 2, 5)
    assert scores.top1 == pytest.approx(4 / 6, abs=1e-4)
    assert scores.coverage == pytest.approx(4 / 6, abs=1e-4)
    assert scores.precision == 3 / 5
    assert scores.none_answered == 1 / 2
    assert scores.both_found == 1.0
    assert scores.both_answered == 1 / 2


def test_an_answer_that_adds_an_intent_not_asked_for_is_wrong(seen: Seen) -> None:
    outcome = seen("invoice", "invoice courier", 0.95, answered="invoice courier")
    assert outcome.worth == "wrong"
    assert made([outcome]).scores.precision == 0


def test_the_sweep_answers_by_one_confidence_and_never_with_none(results: list[Outcome]) -> None:
    points = {p.threshold: (p.coverage, p.precision, p.none_answered) for p in sweep(results)}
    assert list(points) == [0.95, 0.90, 0.85, 0.82, 0.60]
    assert points[0.95] == (pytest.approx(1 / 6, abs=1e-4), 1.0, 0.0)
    assert points[0.90] == (0.5, 1.0, 0.0)  # two lines with the same confidence come together
    assert points[0.82] == (pytest.approx(4 / 6, abs=1e-4), 0.6, 0.5)
    assert points[0.60] == (pytest.approx(5 / 6, abs=1e-4), pytest.approx(4 / 6, abs=1e-4), 0.5)


def test_coverage_at_95_percent_precision_is_the_furthest_such_point(results: list[Outcome]) -> None:
    scores = made(results).scores
    assert (scores.coverage95, scores.threshold95) == (0.5, 0.90)


def test_no_threshold_may_be_precise_enough(seen: Seen) -> None:
    scores = made([seen("invoice", "courier", 0.9)]).scores
    assert (scores.coverage95, scores.threshold95) == (0.0, None)


def test_what_no_line_shows_is_none_and_not_zero(seen: Seen) -> None:
    scores = made([seen("invoice", "invoice", 0.5)]).scores
    assert (scores.precision, scores.none_answered, scores.both_found) == (None, None, None)
    empty = made([]).scores
    assert (empty.top1, empty.coverage95, empty.ece) == (None, None, None)


def test_intents_have_precision_recall_and_support(results: list[Outcome]) -> None:
    rows = {i.slug: i for i in by_intent(results)}
    assert list(rows) == ["courier", "refund", "invoice", "none"]
    assert (rows["courier"].support, rows["courier"].taken) == (3, 3)
    assert rows["courier"].recall == pytest.approx(2 / 3, abs=1e-4)
    assert rows["refund"].precision == pytest.approx(2 / 3, abs=1e-4)
    assert (rows["refund"].answers, rows["refund"].answers_right) == (3, 2)
    assert (rows["none"].recall, rows["none"].precision) == (0.5, 0.5)


def test_confusions_are_counted_by_pair_with_the_most_confident_line(seen: Seen) -> None:
    found = confusions(
        [
            seen("invoice", "courier", 0.5, text="票随货寄吗"),
            seen("invoice", "courier", 0.9, text="票用啥快递寄"),
            seen("refund", "none", 0.3),
            seen("none", "courier", 0.4),  # left to a person: where it belongs
            seen("none", "courier", 0.9, text="小李送来的"),
        ]
    )
    assert [(c.label, c.taken_for, c.lines, c.answered, c.sample) for c in found[:2]] == [
        ("invoice", "courier", 2, 1, "票用啥快递寄"),
        ("none", "courier", 1, 1, "小李送来的"),
    ]
    assert len(found) == 3


def test_reliability_holds_confidence_against_the_share_right(seen: Seen) -> None:
    results = [
        seen("invoice", "invoice", 0.92),
        seen("invoice", "courier", 0.98),
        seen("none", "none", 1.0),
        seen("courier", "courier", 0.05),
        seen("none", "", 0.0),  # nothing was said: no confidence to judge
    ]
    bins = reliability(results)
    assert [b.lines for b in bins] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert (bins[9].confidence, bins[9].right) == (pytest.approx(0.9667, abs=1e-4), pytest.approx(0.6667, abs=1e-4))
    assert made(results).scores.ece == pytest.approx((3 * 0.3 + 1 * 0.95) / 4, abs=1e-3)


def test_a_silent_line_with_an_intent_is_a_miss(seen: Seen) -> None:
    outcome = seen("invoice", "", 0.0)
    assert made([outcome]).scores.top1 == 0
    assert confusions([outcome])[0].taken_for == "none"


def test_a_long_curve_is_thinned_and_keeps_its_end(seen: Seen) -> None:
    results = [seen("invoice", "invoice", i / 1000) for i in range(1, 500)]
    curve = made(results).curve
    assert len(curve) <= 101
    assert (curve[-1].threshold, curve[-1].coverage) == (0.001, 1.0)


def test_a_report_comes_back_from_its_json(results: list[Outcome]) -> None:
    whole = made(results)
    assert Report.model_validate_json(whole.model_dump_json()) == whole


def test_lines_are_understood_as_far_as_the_pipeline_reads(understander: Understander) -> None:
    lines = [Labelled(2, "给我来张电子票", ("invoice",)), Labelled(3, "，" * 50 + "给我来张电子票", ("invoice",))]
    whole, cut = outcomes(understander, lines, length=50)
    assert (whole.line, whole.top, whole.worth) == (2, "invoice", "right")
    assert cut.top != "invoice"
