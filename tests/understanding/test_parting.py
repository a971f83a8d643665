"""The cut of a message that parts two intents best."""

import math

import numpy as np
import pytest

from autoreply.understanding.calibration import LOWEST, ODDS
from autoreply.understanding.parting import LEAST_SIDE, apart, best_cut

VIEW = "好喝不 啥时候寄"
PLACES = (2, 3)


def sides_of(*places: tuple[tuple[float, ...], tuple[float, ...]]) -> np.ndarray:
    """For each place the log-odds of all classes on its left and on its right."""
    return np.array(places, np.float32).transpose(1, 0, 2)


SIDES = sides_of(((0.5, -4, -4), (-1, 1, -4)), ((2, -5, -4), (-5, 3, -4)))


def test_the_surest_cut_between_the_two_likeliest_intents() -> None:
    assert best_cut(SIDES, (1, 0), quiet=()) == (1, (1, 0))


def test_two_others_where_they_fit_a_cut_clearly_better() -> None:
    sides = sides_of(((2, -5, -4), (-5, -4, 3)))
    assert best_cut(sides, (0, 1), quiet=()) == (0, (0, 2))


def test_no_intents_where_no_cut_has_two_sides_that_say_something() -> None:
    assert best_cut(sides_of(((3, -4, -4), (3, LEAST_SIDE - 1, -4))), (0, 1), quiet=())[1] == ()


def test_what_is_quiet_stands_beside_nothing() -> None:
    assert best_cut(SIDES, (0, 2), quiet=(1,))[1] == ()


def test_evidence_of_the_cut_is_the_same_for_both_of_a_pair() -> None:
    columns = apart(VIEW, PLACES, SIDES, np.array([0, 1]), np.array([1, 0]))
    expected = [2 / ODDS, -5 / ODDS, 1, 1, math.log(3)]  # of the second place: a blank, after 不
    assert columns[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert columns[1].tolist() == pytest.approx(expected, abs=1e-6)


def test_rivals_that_nothing_parts_are_crossed() -> None:
    [row] = apart(VIEW, PLACES, SIDES, np.array([2]), np.array([0])).tolist()
    assert row[0] == pytest.approx(-4 / ODDS, abs=1e-6)
    assert row[0] > LOWEST / ODDS
