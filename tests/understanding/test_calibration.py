"""What evidence is worth: moved by what was seen, as far as enough was seen."""

import numpy as np
import pytest

from autoreply.understanding.calibration import COLUMNS, EVIDENCE, Calibration, learned

KEYWORD = EVIDENCE.index("keyword")


def rows(count: int, keyword: float) -> np.ndarray:
    found = np.zeros((count, COLUMNS), np.float32)
    found[:, EVIDENCE.index("one")] = 1
    found[:, KEYWORD] = keyword
    return found


def test_better_odds_make_surer() -> None:
    weak, strong = rows(1, 0), rows(1, 0)
    strong[0, EVIDENCE.index("odds")] = 2
    [low], [high] = (Calibration.typical().confidences(row) for row in (weak, strong))
    assert 0 < low < 0.5 < high < 1


def test_a_confidence_of_seven_in_ten_is_right_seven_times_in_ten() -> None:
    random = np.random.default_rng(1)
    seen = np.concatenate((rows(4000, 0), rows(4000, 1)))
    right = (random.random(8000) < np.repeat([0.2, 0.7], 4000)).tolist()
    calibration = learned(seen, right, [1.0] * 8000, seed=0)
    assert calibration.confidences(rows(1, 0)) == [pytest.approx(0.2, abs=0.04)]
    assert calibration.confidences(rows(1, 1)) == [pytest.approx(0.7, abs=0.04)]


def test_lines_count_by_their_importance() -> None:
    seen, right = rows(4000, 0), [True, False] * 2000
    [share] = learned(seen, right, [3.0, 1.0] * 2000, seed=0).confidences(rows(1, 0))
    assert share == pytest.approx(0.75, abs=0.04)


def test_a_dozen_lines_hardly_move_it() -> None:
    before = Calibration.typical().confidences(rows(1, 1))
    after = learned(rows(12, 1), [False] * 12, [1.0] * 12, seed=0).confidences(rows(1, 1))
    assert after == [pytest.approx(before[0], abs=0.06)]


def test_the_same_lines_and_seed_give_the_same() -> None:
    one, other = (learned(rows(50, 1), [True] * 50, [1.0] * 50, seed=3) for _ in range(2))
    assert (one.inner == other.inner).all()
    assert (one.outer == other.outer).all()
