"""Where a message parts in two, and how well the two intents of its parts are kept apart."""

import math
from collections.abc import Sequence

import numpy as np

from .calibration import LOWEST, ODDS, Floats
from .clauses import closed, marked
from .linear import Ints

LONGEST_WHOLE = 60
"""Characters of a view up to which it is cut between words too."""
SHORTEST_TWO = 4
"""Characters of a view from which it may hold two intents."""
SECOND_ODDS = -2.5
"""Log-odds that the second best intent must have in the whole message for a cut to be looked for."""
LEAST_SIDE = -1.5
"""Log-odds that each side's intent must have for a cut to propose the two."""
KNOWN_AHEAD = 1.0
"""Log-odds that two other intents must be ahead of the two likeliest ones of the whole message to be proposed."""


def best_cut(sides: Floats, likeliest: Sequence[int], quiet: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Which of the places parts a message best, and the two intents beside it: the two ``likeliest`` of the whole
    message, or others where these fit a cut clearly better; none where no cut has two sides that say something.

    ``sides`` are log-odds, 2 × places × classes; ``quiet`` are the classes that stand beside nothing.
    """
    loud = sides.copy()
    loud[:, :, quiet] = LOWEST
    (left, right), best = loud.argmax(axis=2), loud.max(axis=2)
    sure = np.minimum(best[0], best[1])
    sure[left == right] = LOWEST
    at = int(sure.argmax())
    one, other = likeliest
    known = np.maximum(np.minimum(loud[0, :, one], loud[1, :, other]), np.minimum(loud[1, :, one], loud[0, :, other]))
    if known.max() >= max(LEAST_SIDE, sure[at] - KNOWN_AHEAD):
        return int(known.argmax()), (one, other)
    return at, (int(left[at]), int(right[at])) if sure[at] >= LEAST_SIDE else ()


def apart(view: str, places: Sequence[int], sides: Floats, own: Ints, rival: Ints) -> Floats:
    """For each class of ``own`` the columns of evidence from ``apart`` to ``short``, at the cut that parts it best from
    its ``rival``; ``sides`` are log-odds, 2 × places × classes."""
    mine, its = sides[:, :, own], sides[:, :, rival]
    straight, turned = np.minimum(mine[0], its[1]), np.minimum(mine[1], its[0])
    swapped = turned.max(axis=0) > straight.max(axis=0)
    at = np.where(swapped, turned.argmax(axis=0), straight.argmax(axis=0))
    every = np.arange(len(own))
    sure = np.where(swapped, turned[at, every], straight[at, every])
    against = np.maximum(mine[1, at, every], its[0, at, every]), np.maximum(mine[0, at, every], its[1, at, every])
    crossed = np.where(swapped, against[1], against[0])
    of_cut = [(marked(view, p), closed(view, p), math.log(min(p, len(view) - p))) for p in places]
    columns: Floats = np.column_stack((sure / ODDS, crossed / ODDS, np.array(of_cut, np.float32)[at]))
    return columns
