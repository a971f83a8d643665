"""Which of many examples may be near a text: an inverted index that costs the same for a thousand and for 100,000.

A text's rarest terms are looked up first and at most ``BUDGET`` postings are read; the few examples that share most of
them are then compared in full by rapidfuzz.
"""

from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz

BUDGET = 600
LONGEST_POSTING = 300
CANDIDATES = 12


def terms(view: str) -> list[str]:
    """What an example is found by: each pair of neighbouring characters, and the characters of a very short text."""
    pairs = [view[i : i + 2] for i in range(len(view) - 1)]
    return list(dict.fromkeys(pairs if len(view) > 3 else pairs + list(view)))


class Index:
    """Examples by their terms. Read-only once made, so it may be shared between threads."""

    def __init__(self, views: Sequence[str]) -> None:
        self.views = list(views)
        postings: dict[str, list[int]] = {}
        for number, view in enumerate(self.views):
            for term in terms(view):
                postings.setdefault(term, []).append(number)
        self._postings = {t: np.array(_spread(p), dtype=np.int32) for t, p in postings.items()}

    def nearest(self, view: str) -> list[tuple[int, float]]:
        """Up to ``CANDIDATES`` examples with their likeness 0..1 (Indel ratio of the views), best first."""
        lists = [p for t in terms(view) if (p := self._postings.get(t)) is not None]
        if not lists:
            return []
        lists.sort(key=len)
        taken, budget = [], BUDGET
        for posting in lists:
            taken.append(posting)
            budget -= len(posting)
            if budget <= 0:
                break
        numbers = np.sort(np.concatenate(taken))
        first = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
        counts = np.diff(np.append(first, len(numbers)))
        numbers = numbers[first]
        if len(numbers) > CANDIDATES:
            best = np.argpartition(-counts, CANDIDATES)[:CANDIDATES]
            numbers = numbers[best]
        views = self.views
        scored = [(int(n), fuzz.ratio(view, views[n]) / 100) for n in numbers]
        scored.sort(key=lambda s: (-s[1], s[0]))
        return scored


def _spread(posting: list[int]) -> list[int]:
    """A posting thinned evenly to ``LONGEST_POSTING``: a term that common tells little anyway."""
    step = -(-len(posting) // LONGEST_POSTING)
    return posting[::step]
