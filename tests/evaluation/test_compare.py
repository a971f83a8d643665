"""Which lines changed between two runs."""

from autoreply.evaluation.compare import compare
from autoreply.evaluation.outcome import Outcome
from autoreply.evaluation.scores import Report, report

from .conftest import Seen


def run(*results: Outcome, catalogue: str = "later") -> Report:
    return report(results, source="by hand", catalogue=catalogue, threshold=0.8, margin=0.2)


def test_a_line_is_better_when_it_is_worth_more(seen: Seen) -> None:
    wrong = seen("invoice", "courier", 0.9, text="票")
    held = seen("invoice", "courier", 0.5, text="票")
    nearer = seen("invoice", "invoice", 0.6, text="票")
    right = seen("invoice", "invoice", 0.9, text="票")
    for number, (before, after) in enumerate([(wrong, held), (held, nearer), (nearer, right), (wrong, right)]):
        forth, back = compare(run(before), run(after)), compare(run(after), run(before))
        assert (len(forth.better), len(forth.worse), forth.same) == (1, 0, 0), number
        assert (len(back.better), len(back.worse), back.same) == (0, 1, 0), number
    assert compare(run(right), run(right)).same == 1


def test_lines_are_matched_by_text_and_repetition_not_by_place(seen: Seen) -> None:
    base = run(
        seen("courier", "courier", 0.9, text="发啥"),
        seen("none", "none", 0.9, text="嗯"),
        seen("none", "none", 0.9, text="嗯"),
        catalogue="earlier",
    )
    now = run(
        seen("none", "none", 0.9, text="嗯"),
        seen("invoice", "invoice", 0.9, text="票"),
        seen("courier", "courier", 0.4, text="发啥"),
    )
    found = compare(base, now)
    assert (found.base, found.same, found.added, found.gone) == ("earlier", 1, 1, 1)
    assert [c.after.text for c in found.worse] == ["发啥"]


def test_a_corrected_label_judges_both_runs(seen: Seen) -> None:
    before = seen("courier", "invoice", 0.9, text="票寄哪")
    after = seen("invoice", "invoice", 0.9, text="票寄哪")
    assert compare(run(before), run(after)).same == 1


def test_scores_stand_side_by_side(seen: Seen) -> None:
    found = compare(run(seen("invoice", "courier", 0.9)), run(seen("invoice", "invoice", 0.9)))
    assert found.scores["top1"] == (0.0, 1.0)
    assert found.scores["none_answered"] == (None, None)
