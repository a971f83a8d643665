"""Clean text → evidence for each intent: the model's share, the nearest example, keywords; and what they are worth."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ahocorasick_rs import AhoCorasick, MatchKind
from numpy.typing import NDArray

from autoreply.model import NONE

from .augment import Line
from .catalogue import Catalogue, key_of, sample
from .features import Cut, features, kinds_of_words, located, says_something, view_of
from .index import Index
from .normalise import normalise
from .segment import segmenter

EXPANSIONS_USED = 30
"""Utterances of one template that are learned from and compared with."""
EXPANSION_IMPORTANCE = 0.5


@dataclass(frozen=True)
class Reader:
    """What text is read with: the words of one catalogue."""

    cut: Cut
    kinds: Mapping[str, str]

    def features(self, view: str) -> list[str]:
        """Names of a view's features."""
        return features(view, self.cut, self.kinds)

    def located(self, view: str) -> tuple[list[tuple[str, int, int]], list[str]]:
        """Features of a view with their spans, and its words."""
        return located(view, self.cut, self.kinds)


def reader_of(catalogue: Catalogue) -> Reader:
    """A reader that knows the catalogue's keywords and classes as words."""
    kinds = kinds_of_words(catalogue.classes)
    keywords = [k for intent in catalogue.intents.values() for k in intent.keywords]
    return Reader(segmenter([*keywords, *kinds]), kinds)


def slugs_of(catalogue: Catalogue) -> list[str]:
    """All classes of a model: the intents and ``none``, sorted."""
    return sorted({*catalogue.intents, NONE})


def written_lines(catalogue: Catalogue) -> list[Line]:
    """All hand-written lines, with the intents they stand for, in the catalogue's order.

    A negative says "not this intent": it stands for ``none`` unless another intent has it as an example. A bare number
    (88 for a goodbye) teaches nothing: any number looks like it.
    """
    intents = catalogue.intents.values()
    lines = [Line(t, (i.slug,), 1.0) for i in intents for t in i.examples if i.slug == NONE or says_something(_view(t))]
    taken = {key_of(line.text) for line in lines}
    return lines + [Line(t, (NONE,), 1.0) for i in intents for t in i.negatives if key_of(t) not in taken]


def _view(text: str) -> str:
    return view_of(normalise(text).clean)


def expanded_lines(catalogue: Catalogue) -> list[Line]:
    """A sample of what the templates make, spread evenly."""
    return [
        Line(t, (i.slug,), EXPANSION_IMPORTANCE)
        for i in catalogue.intents.values()
        for t in sample(i.expanded, EXPANSIONS_USED * len(i.templates))
    ]


Near = Mapping[int, tuple[float, int]]
"""Class → likeness 0..1 of its nearest example, and that example's number. Classes without a near one are absent."""


class Neighbours:
    """Examples to compare with, and keywords to look for."""

    def __init__(self, lines: Sequence[Line], keywords: Mapping[str, int], classes: Mapping[str, int]) -> None:
        views: dict[str, tuple[str, int]] = {}
        for line in lines:
            view = _view(line.text)
            if says_something(view):
                views.setdefault(view, (line.text, classes[line.slugs[0]]))
        self.index = Index(list(views))
        self.texts = [text for text, _ in views.values()]
        self._owners = [owner for _, owner in views.values()]
        self._keywords = list(keywords.items())
        self._automaton = None
        if keywords:
            self._automaton = AhoCorasick([k for k, _ in self._keywords], matchkind=MatchKind.LeftmostLongest)

    def near(self, view: str) -> Near:
        """The nearest examples of a view by class."""
        found: dict[int, tuple[float, int]] = {}
        for candidate, likeness in self.index.nearest(view):
            found.setdefault(self._owners[candidate], (likeness, candidate))
        return found

    def keywords(self, clean: str) -> dict[int, str]:
        """Class → the first of its keywords in a clean text."""
        found: dict[int, str] = {}
        if self._automaton is not None:
            for index, _, _ in self._automaton.find_matches_as_indexes(clean):
                word, owner = self._keywords[index]
                found.setdefault(owner, word)
        return found


def keywords_of(catalogue: Catalogue) -> dict[str, int]:
    """Keyword → number of its class. A keyword of two intents decides for neither."""
    numbers = {slug: i for i, slug in enumerate(slugs_of(catalogue))}
    owners: dict[str, set[int]] = {}
    for intent in catalogue.intents.values():
        for word in intent.keywords:
            owners.setdefault(word, set()).add(numbers[intent.slug])
    return {word: min(o) for word, o in owners.items() if len(o) == 1}


@dataclass(frozen=True)
class Calibration:
    """Evidence → confidence: a logistic curve fitted on lines that the model had not seen."""

    coefficients: tuple[float, ...]

    def confidence(self, row: Sequence[float]) -> float:
        """What one row of evidence is worth, 0..1."""
        total = sum(map(operator.mul, self.coefficients, row))
        return 1 / (1 + math.exp(-min(max(total, -30.0), 30.0)))

    @staticmethod
    def fit(rows: NDArray[np.float64], truth: NDArray[np.float64]) -> "Calibration":
        """Logistic regression by Newton's method; the last column is constant. A trace of ridge for separable data."""
        coefficients = np.zeros(rows.shape[1])
        ridge = 1e-3 * len(rows) * np.diag([1.0] * (rows.shape[1] - 1) + [1e-6])
        for _ in range(25):
            expected = 1 / (1 + np.exp(-np.clip(rows @ coefficients, -30, 30)))
            slope = rows.T @ (expected - truth) + ridge @ coefficients
            curve = (rows * (expected * (1 - expected))[:, None]).T @ rows + ridge
            coefficients -= np.linalg.solve(curve, slope)
        return Calibration(tuple(map(float, coefficients)))


COLUMNS = 5
_FAR = (0.0, -1)
PART_COLUMNS = 8


def log_odds(share: float) -> float:
    """``log(p / (1 - p))`` of a share, which is kept off 0 and 1."""
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def evidence(
    shares: Sequence[float], near: Near, keywords: Mapping[int, str], candidates: Sequence[int]
) -> list[tuple[float, ...]]:
    """For each candidate class: log-odds of its share, likeness of its nearest example, that of the nearest other
    class, whether a keyword of it occurs, and 1 (``COLUMNS`` numbers)."""
    ordered = sorted((likeness for likeness, _ in near.values()), reverse=True)
    best, second = (*ordered[:2], 0.0, 0.0)[:2]
    rows: list[tuple[float, ...]] = []
    for candidate in candidates:
        own = near.get(candidate, _FAR)[0]
        other = second if own >= best else best
        rows.append((log_odds(shares[candidate]), own, other, 1.0 if candidate in keywords else 0.0, 1.0))
    return rows


def part_evidence(
    weaker: float, whole: tuple[float, float], other: tuple[float, float], shortest: int, marked: bool
) -> tuple[float, ...]:
    """What speaks for two intents in one message (``PART_COLUMNS`` numbers).

    Args:
        weaker: share of the less sure part's intent in its part.
        whole: the two intents' shares of the whole message: their sum, and the smaller one.
        other: share that each part gives to the other part's intent.
        shortest: characters of the shorter part.
        marked: whether the buyer divided the parts by a blank or punctuation.
    """
    total, smaller = whole
    return (
        log_odds(weaker),
        log_odds(total),
        log_odds(smaller),
        log_odds(max(other)),
        log_odds(min(other)),
        math.log(shortest),
        1.0 if marked else 0.0,
        1.0,
    )
