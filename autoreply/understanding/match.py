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
from .features import kinds_of_words, says_something, view_of
from .index import Index
from .normalise import normalise
from .segment import Cut, segmenter

EXPANSIONS_USED = 20
"""Utterances of one template that are learned from and compared with."""
EXPANSION_IMPORTANCE = 0.5


@dataclass(frozen=True)
class Reader:
    """What text is read with: the words of one catalogue."""

    cut: Cut
    kinds: Mapping[str, str]


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


Floats64 = NDArray[np.float64]
PRIOR = 30.0
"""How firmly a calibration holds to the typical one: thousands of lines overrule it, a dozen lines do not."""
SUREST = 5.3
"""Log-odds (0.995) beyond which a curve fitted on some thousand lines cannot tell how sure it is."""
Near = Mapping[int, tuple[float, int]]
"""Class → likeness 0..1 of its nearest example, and that example's number. Classes without a near one are absent."""


@dataclass(frozen=True)
class Neighbours:
    """Examples to compare with."""

    index: Index
    texts: Sequence[str]
    owners: Sequence[int]
    """For each example of the index its text as written and the number of its class."""

    @staticmethod
    def of(lines: Sequence[Line], classes: Mapping[str, int]) -> "Neighbours":
        """The lines that say something, each view once."""
        views: dict[str, tuple[str, int]] = {}
        for line in lines:
            view = view_of(normalise(line.text).clean)
            if says_something(view):
                views.setdefault(view, (line.text, classes[line.slugs[0]]))
        return Neighbours(Index(list(views)), [t for t, _ in views.values()], [o for _, o in views.values()])

    def near(self, view: str) -> Near:
        """The nearest examples of a view by class."""
        found: dict[int, tuple[float, int]] = {}
        for candidate, likeness in self.index.nearest(view):
            found.setdefault(self.owners[candidate], (likeness, candidate))
        return found


def neighbours_of(catalogue: Catalogue) -> Neighbours:
    """Everything that a catalogue says, written and expanded, to compare with."""
    classes = {slug: i for i, slug in enumerate(slugs_of(catalogue))}
    return Neighbours.of([*written_lines(catalogue), *expanded_lines(catalogue)], classes)


class Keywords:
    """Words that speak for one class each."""

    def __init__(self, owners: Mapping[str, int]) -> None:
        self._owners = list(owners.items())
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.LeftmostLongest) if owners else None

    def find(self, clean: str) -> dict[int, str]:
        """Class → the first of its keywords in a clean text."""
        found: dict[int, str] = {}
        if self._automaton is not None:
            for index, _, _ in self._automaton.find_matches_as_indexes(clean):
                word, owner = self._owners[index]
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
        return 1 / (1 + math.exp(-min(max(total, -SUREST), SUREST)))

    def learned(self, rows: Floats64, truth: Floats64, importance: Floats64) -> "Calibration":
        """This curve moved by what was seen: logistic regression by Newton's method, with this curve as its prior."""
        prior = np.array(self.coefficients)
        coefficients = prior.copy()
        for _ in range(25):
            expected = 1 / (1 + np.exp(-np.clip(rows @ coefficients, -30, 30)))
            slope = rows.T @ (importance * (expected - truth)) + PRIOR * (coefficients - prior)
            curve = (rows * (importance * expected * (1 - expected))[:, None]).T @ rows + PRIOR * np.eye(len(prior))
            coefficients -= np.linalg.solve(curve, slope)
        return Calibration(tuple(map(float, coefficients)))


COLUMNS = 7
PAIR_COLUMNS = 10
TYPICAL = Calibration((0.7, 0.0, -0.5, 1.2, -0.4, -0.1, 0.0))
TYPICAL_PAIR = Calibration((0.4, 0.0, 0.3, -0.5, 1.0, 0.5, 1.4, 0.0, 0.5, -6.0))
"""What :func:`evidence` and that for pairs is worth before anything was seen: rounded from a catalogue of 12,000 lines,
because what a small shop's few lines tell is any line that they happen to be divided by."""
_FAR = (0.0, -1)
LOWEST = -6.0
"""Log-odds below which it no longer matters how sure the model is that something is absent."""


def log_odds(share: float) -> float:
    """``log(p / (1 - p))`` of a share, which is kept off 0 and 1."""
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def evidence(
    odds: Sequence[float], near: Near, keywords: Mapping[int, str], candidates: Sequence[int], none: int
) -> list[tuple[float, ...]]:
    """For each candidate class, ``COLUMNS`` numbers: its odds, likeness of its nearest example, that of the nearest
    other class, whether a keyword of it occurs, odds of its strongest rival, those of ``none``, and 1.

    ``candidates`` start with the two classes of the best odds.
    """
    ordered = sorted((likeness for likeness, _ in near.values()), reverse=True)
    best, second = (*ordered[:2], 0.0, 0.0)[:2]
    absent = max(odds[none], LOWEST)
    rows: list[tuple[float, ...]] = []
    for candidate in candidates:
        own = near.get(candidate, _FAR)[0]
        other = second if own >= best else best
        rival = max((odds[c] for c in candidates[:2] if c != candidate), default=LOWEST)
        keyword = 1.0 if candidate in keywords else 0.0
        rows.append((odds[candidate], own, other, keyword, max(rival, LOWEST), absent, 1.0))
    return rows
