"""Which of many examples may be near a text: an inverted index that costs the same for a thousand and for 100,000.

A text's rarest terms are looked up first and at most ``BUDGET`` postings are read; the few examples that share most of
them are then compared in full by rapidfuzz.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

BUDGET = 400
LONGEST_POSTING = 300
CANDIDATES = 10


def terms(view: str) -> list[str]:
    """What an example is found by: each pair of neighbouring characters, and the characters of a very short text."""
    pairs = [view[i : i + 2] for i in range(len(view) - 1)]
    return list(dict.fromkeys(pairs if len(view) > 3 else pairs + list(view)))


class Index:
    """Examples by their terms. Read-only once made, so it may be shared between threads."""

    def __init__(self, views: Sequence[str]) -> None:
        postings: dict[str, list[int]] = {}
        for number, view in enumerate(views):
            for term in terms(view):
                postings.setdefault(term, []).append(number)
        self.views = list(views)
        self._numbers = {view: number for number, view in enumerate(views)}
        self._postings = {t: np.array(_spread(p), dtype=np.int32) for t, p in postings.items()}

    def stored(self) -> tuple[list[str], NDArray[np.int32], NDArray[np.int32]]:
        """The index as terms, the length of each one's posting, and all postings, one after another."""
        lists = list(self._postings.values())
        joined = np.concatenate(lists) if lists else np.zeros(0, np.int32)
        return list(self._postings), np.array([len(p) for p in lists], np.int32), joined

    @staticmethod
    def restored(
        views: Sequence[str], terms: Sequence[str], lengths: NDArray[np.int32], postings: NDArray[np.int32]
    ) -> "Index":
        """The index whose parts :meth:`stored` gave, without reading the views anew.

        Raises:
            ValueError: the parts do not fit together.
        """
        damaged = len(terms) != len(lengths) or bool((lengths < 1).any()) or int(lengths.sum()) != len(postings)
        if damaged or (len(postings) and not 0 <= int(postings.min()) <= int(postings.max()) < len(views)):
            raise ValueError("an index whose parts do not fit together")
        index = Index(())
        index.views = list(views)
        index._numbers = {view: number for number, view in enumerate(views)}
        ends = np.cumsum(lengths)
        starts = (ends - lengths).tolist()
        index._postings = {t: postings[s:e] for t, s, e in zip(terms, starts, ends.tolist(), strict=True)}
        return index

    def nearest(self, view: str) -> list[tuple[int, float]]:
        """Up to ``CANDIDATES`` examples with their likeness 0..1 (Indel ratio of the views), best first."""
        get = self._postings.get
        lists = [p for p in map(get, terms(view)) if p is not None]
        if not lists:
            return []
        same = self._numbers.get(view)  # thinned postings may miss it
        lists.sort(key=len)
        taken = [lists[0]]
        read = len(lists[0])
        for posting in lists[1:]:
            read += len(posting)
            if read > BUDGET:
                break
            taken.append(posting)
        numbers = np.concatenate(taken)
        numbers.sort()
        ends = np.append((numbers[1:] != numbers[:-1]).nonzero()[0], len(numbers) - 1)
        counts = ends + 1
        counts[1:] -= counts[:-1].copy()
        if len(ends) > CANDIDATES:
            ends = ends[counts.argpartition(-CANDIDATES)[-CANDIDATES:]]
        numbers = numbers[ends]
        views, ratio = self.views, fuzz.ratio
        scored = [(ratio(view, views[n]) / 100, n) for n in numbers.tolist() if n != same]
        if same is not None:
            scored.append((1.0, same))
        scored.sort(key=_best_first)
        return [(n, likeness) for likeness, n in scored]


def _best_first(scored: tuple[float, int]) -> tuple[float, int]:
    return -scored[0], scored[1]


def _spread(posting: list[int]) -> list[int]:
    """A posting thinned evenly to ``LONGEST_POSTING``: a term that common tells little anyway."""
    step = -(-len(posting) // LONGEST_POSTING)
    return posting[::step]
