"""Clean text → intents with confidences, and the pair of intents that one message may express."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autoreply.model import NONE, Match

from .augment import SMALL_TALK
from .clauses import closed, cuts, marked
from .features import Vocabulary, located, runs, says_something, spans_of_runs, view_of, word_features, words_of
from .linear import Floats, Ints, Linear, sigmoid
from .match import (
    LOWEST,
    PAIR_COLUMNS,
    Calibration,
    Keywords,
    Near,
    Neighbours,
    Reader,
    evidence,
    log_odds,
)

CANDIDATES = 5
LONGEST_WHOLE = 60
"""Characters of a view up to which it is cut between words too."""
SHORTEST_TWO = 4
"""Characters of a view from which it may hold two intents."""
SECOND_ODDS = -3.0
"""Log-odds that the second best intent must have for a pair to be looked for."""
LEAST_SURE = 0.1
"""Share that each side's intent must have for a cut to propose the two."""
_UNTRAINED = Calibration((1.0, 4.0, -2.0, 1.0, -0.5, 0.0, 0.0))
_NO_PAIRS = Calibration((0.0,) * (PAIR_COLUMNS - 1) + (-30.0,))
_EXACT = 0.98
"""Confidence of a line that stands in the catalogue word for word."""


@dataclass(frozen=True)
class Model:
    """What is learned: a linear model over named features, and what its evidence is worth."""

    vocabulary: Vocabulary
    linear: Linear
    whole: Calibration
    pairs: Calibration


@dataclass(frozen=True, slots=True)
class Reading:
    """What the evidence says of one text: log-odds of all classes, and confidences of the best ones."""

    view: str
    words: Sequence[str]
    runs: tuple[Ints, NDArray[np.int64]]
    """Numbers of those runs of the view that the model knows, and their places among its runs."""
    odds: Sequence[float]
    near: Near
    keywords: Mapping[int, str]
    confidences: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two classes that one message may express, and what speaks for there being both (``PAIR_COLUMNS`` numbers)."""

    first: int
    second: int
    evidence: tuple[float, ...]


class Matcher:
    """The evidence of one catalogue, read-only once made. Without a model, likeness and keywords alone count."""

    def __init__(
        self, slugs: Sequence[str], reader: Reader, neighbours: Neighbours, keywords: Keywords, model: Model | None
    ) -> None:
        self.slugs = list(slugs)
        classes = {slug: i for i, slug in enumerate(slugs)}
        self.none = classes[NONE]
        self._quiet = [classes[s] for s in (*sorted(SMALL_TALK), NONE) if s in classes]
        self.reader = reader
        self._neighbours = neighbours
        self._keywords = keywords
        self._model = model
        self._whole = model.whole if model else _UNTRAINED
        self._pairs = model.pairs if model else _NO_PAIRS

    def read(self, clean: str, tokens: Sequence[str]) -> Reading:
        """Weigh one text, cut into tokens by ``reader``, as a whole."""
        view = view_of(clean)
        near = self._neighbours.near(view)
        keywords = self._keywords.find(clean)
        words = words_of(tokens)
        known, places = np.zeros(0, np.int32), np.zeros(0, np.int64)
        if self._model is None:
            odds = [-5.0] * len(self.slugs)
            for number, (likeness, _) in near.items():
                odds[number] = 10 * likeness - 5
        else:
            numbers, found = self._model.vocabulary.find(runs(view))
            places = found.nonzero()[0]
            known = numbers.take(places)
            named = map(self._model.vocabulary.numbers.get, word_features(words, self.reader.kinds))
            row = sorted({*known.tolist(), *[number for number in named if number is not None]})
            odds = self._model.linear.odds(row).tolist()
        candidates = best_of(odds, CANDIDATES)
        rows = evidence(odds, near, keywords, candidates, self.none)
        confidences = {c: self._whole.confidence(row) for c, row in zip(candidates, rows, strict=True)}
        if not says_something(view):
            confidences = {self.none: 1.0}
        else:
            confidences |= {number: _EXACT for number, (likeness, _) in near.items() if likeness >= 1.0}
        return Reading(view, words, (known, places), odds, near, keywords, confidences)

    def pairs(self, whole: Reading) -> list[Pair]:
        """Up to two pairs of intents that a message may express: its two likeliest ones, and those of its best cut.

        Small talk and ``none`` pair with nothing. Empty where one intent explains the message.
        """
        view = whole.view
        if self._model is None or len(view) < SHORTEST_TWO:
            return []
        best = [n for n in best_of(whole.odds, 2 + len(self._quiet)) if n not in self._quiet][:2]
        if len(best) < 2 or whole.odds[best[1]] < SECOND_ODDS:
            return []
        places = cuts(view, whole.words if len(view) <= LONGEST_WHOLE else ())
        numbers, spans = self._located(whole, self._model.vocabulary)
        if not places or not len(numbers):
            return []
        sides = sigmoid(self._model.linear.sides(numbers, spans, places))
        pairs = {(min(pair), max(pair)) for pair in (best, self._best_sides(sides)) if pair}
        return [Pair(a, b, self._pair_evidence(whole, places, sides, a, b)) for a, b in sorted(pairs)]

    @staticmethod
    def _located(whole: Reading, vocabulary: Vocabulary) -> tuple[Ints, Ints]:
        """The known runs and words of a view: their numbers, and features × 2 where each starts and ends."""
        known, places = whole.runs
        numbers = vocabulary.numbers
        words = [(numbers[word], s, e) for word, s, e in located(whole.view, whole.words) if word in numbers]
        of_words = np.array(words, np.int32).reshape(-1, 3)
        spans = spans_of_runs(len(whole.view)).take(places, axis=0)
        return np.concatenate((known, of_words[:, 0])), np.concatenate((spans, of_words[:, 1:]))

    def _best_sides(self, sides: Floats) -> tuple[int, int] | None:
        """The different intents of the cut whose two sides are surest, of shares 2 × places × classes."""
        loud = sides.copy()
        loud[:, :, self._quiet] = 0
        (left, right), best = loud.argmax(axis=2), loud.max(axis=2)
        sure = np.minimum(best[0], best[1])
        sure[left == right] = 0
        at = int(sure.argmax())
        return (int(left[at]), int(right[at])) if sure[at] >= LEAST_SURE else None

    def _pair_evidence(
        self, whole: Reading, places: Sequence[int], sides: Floats, one: int, other: int
    ) -> tuple[float, ...]:
        """Odds of the less and of the more likely one in the whole message, how sure the best cut is of them and of
        neither being on the other's side, whether that cut is marked, whether it closes a sentence, its shorter part's
        length, odds of the strongest third intent, whether keywords of both occur, and 1."""
        before, after = sides
        straight = np.minimum(before[:, one], after[:, other])
        turned = np.minimum(before[:, other], after[:, one])
        at, back = int(straight.argmax()), int(turned.argmax())
        sure, crossed = float(straight[at]), max(float(before[at, other]), float(after[at, one]))
        if turned[back] > straight[at]:
            at = back
            sure, crossed = float(turned[at]), max(float(before[at, one]), float(after[at, other]))
        place, odds = places[at], whole.odds
        third = max((odds[n] for n in best_of(odds, 3) if n not in (one, other)), default=LOWEST)
        return (
            min(odds[one], odds[other]),
            max(odds[one], odds[other]),
            log_odds(sure),
            log_odds(crossed),
            1.0 if marked(whole.view, place) else 0.0,
            1.0 if closed(whole.view, place) else 0.0,
            math.log(min(place, len(whole.view) - place)),
            max(third, LOWEST),
            float((one in whole.keywords) + (other in whole.keywords)),
            1.0,
        )

    def surest(self, pairs: Sequence[Pair]) -> tuple[Pair | None, float]:
        """The likeliest of some pairs, and its confidence 0..1 that the message expresses both."""
        rated = [(self._pairs.confidence(pair.evidence), pair) for pair in pairs]
        confidence, pair = max(rated, key=lambda r: r[0], default=(0.0, None))
        return pair, confidence

    def match(self, number: int, confidence: float, reading: Reading) -> Match:
        """A class of a reading as others see it, with what speaks for it."""
        likeness, near = reading.near.get(number, (0.0, -1))
        nearest = self._neighbours.texts[near] if near >= 0 else reading.keywords.get(number, "")
        seen = {
            "model": round(1 / (1 + math.exp(-reading.odds[number])), 4),
            "nearest": round(likeness, 4),
            "keyword": 1.0 if number in reading.keywords else 0.0,
        }
        return Match(self.slugs[number], round(confidence, 4), nearest, seen)


def best_of(numbers: Sequence[float], count: int) -> list[int]:
    """Places of the ``count`` largest numbers, largest first, ties by place."""
    return sorted(range(len(numbers)), key=numbers.__getitem__, reverse=True)[:count]
