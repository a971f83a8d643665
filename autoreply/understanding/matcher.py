"""Clean text → intents with confidences: the odds of the model, what is nearest, keywords, and where the text parts in
two.

A message may express two intents. Each is judged by itself, by evidence of its own: the part of the message that speaks
for it and not for its rival, at the cut between words that parts the two best (the columns: ``calibration.EVIDENCE``).

What the model sees of a text is made in one place, :meth:`Matcher._features` (in training, for all lines at once,
``training._rows``), as numbers of sparse features. What there may be besides (:class:`Extras`: a sentence encoder,
numbers from plugins) makes a dense vector, a second term of the odds of the whole message; parts of it are read by
their words alone. The encoder also gives two columns of evidence of its own (``calibration.MEANING``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autoreply.model import NONE, Match

from .augment import SMALL_TALK
from .calibration import EVIDENCE, LOWEST, ODDS, Calibration, Floats
from .clauses import cuts
from .extras import BASE, Extras
from .features import Vocabulary, located, runs, says_something, spans_of_runs, view_of, word_features, words_of
from .linear import Ints, Linear
from .match import Keywords, Near, Neighbours, Reader
from .parting import LONGEST_WHOLE, SECOND_ODDS, SHORTEST_TWO, apart, best_cut
from .semantic import Space

CANDIDATES = 4
"""Classes of the best odds that are judged, besides the two that the best cut proposes."""
EXACT = 0.98
"""Confidence of a line that stands in the catalogue word for word."""
_AT = {name: place for place, name in enumerate(EVIDENCE)}
_PARTED = slice(_AT["apart"], _AT["left"] + 1)
_OF_CUT = 5
_WHOLE = (LOWEST / ODDS, 0.0, 0.0, 0.0, 0.0, LOWEST / ODDS, LOWEST / ODDS, 0.0, 0.0)
"""The columns from ``apart`` to ``its_like`` of a message that is not cut; the first ``_OF_CUT`` belong to one cut for
each intent, the others to the best cut of the message."""
_FAR = (0.0, -1)


@dataclass(frozen=True)
class Model:
    """What is learned: a linear model over named features, and what its evidence is worth."""

    vocabulary: Vocabulary
    linear: Linear
    calibration: Calibration
    space: Space | None = None
    """Where the examples lie for a sentence encoder; None without one."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the model knows of a text: the numbers of its runs with their places among them, and of all its features."""

    runs: Ints
    places: NDArray[np.int64]
    row: Sequence[int]


class Part(NamedTuple):
    """One part of a message, read by itself: log-odds of all classes, and its nearest examples."""

    odds: Floats
    near: Near


@dataclass(frozen=True, slots=True)
class Reading:
    """What the evidence says of one text."""

    view: str
    odds: Sequence[float]
    """Log-odds of all classes."""
    near: Near
    keywords: Mapping[int, str]
    candidates: Sequence[int]
    """Classes that were judged, the likeliest first."""
    evidence: Floats
    """For each candidate a row of evidence."""
    confidences: Mapping[int, float]
    meant: Mapping[int, float]
    """For each candidate how like its nearest example means; empty without a sentence encoder."""


class Matcher:
    """The evidence of one catalogue, read-only once made. Without a model, likeness and keywords alone count."""

    def __init__(
        self,
        slugs: Sequence[str],
        reader: Reader,
        neighbours: Neighbours,
        keywords: Keywords,
        model: Model | None,
        extras: Extras = BASE,
    ) -> None:
        self.slugs = list(slugs)
        classes = {slug: i for i, slug in enumerate(slugs)}
        self.none = classes[NONE]
        self._talk = frozenset(classes[s] for s in SMALL_TALK if s in classes)
        self._quiet = sorted(self._talk | {self.none})
        self.reader = reader
        self._neighbours = neighbours
        self._keywords = keywords
        self._model = model
        self._extras = extras
        self._calibration = model.calibration if model else Calibration.typical()

    def read(self, clean: str, tokens: Sequence[str]) -> Reading:
        """Weigh one text, cut into tokens by ``reader``."""
        view = view_of(clean)
        near = self._neighbours.near(view)
        keywords = self._keywords.find(clean)
        words = words_of(tokens)
        parted: Floats | None = None
        place: Floats | None = None
        if self._model is None:
            odds = [-5.0] * len(self.slugs)
            for number, (likeness, _) in near.items():
                odds[number] = 10 * likeness - 5
            candidates = best_of(odds, CANDIDATES)
        else:
            seen = self._features(self._model, view, words)
            dense, place = self._dense(self._model, clean)
            odds = self._model.linear.odds(seen.row, dense).tolist()
            candidates, parted = self._parted(self._model, view, words, seen, odds)
        rows = self._evidence(odds, near, keywords, candidates, parted)
        meant: Sequence[float] = ()
        if self._model is not None and self._model.space is not None and place is not None:
            meant = self._model.space.likeness(place, candidates)
            others = [max(meant[:i] + meant[i + 1 :], default=0.0) for i in range(len(meant))]
            rows = np.column_stack((rows, np.array((meant, others), np.float32).T))
        confidences = dict(zip(candidates, self._calibration.confidences(rows), strict=True))
        if not says_something(view) or not (near or keywords):  # nothing that is known resembles it
            confidences = {self.none: 1.0}
        else:
            confidences |= {number: EXACT for number, (likeness, _) in near.items() if likeness >= 1.0}
        return Reading(
            view, odds, near, keywords, candidates, rows, confidences, dict(zip(candidates, meant, strict=False))
        )

    def _dense(self, model: Model, clean: str) -> tuple[Floats | None, Floats | None]:
        """The dense vector of a text, and its place in the space; None where there is no such thing."""
        values = np.array(self._extras.values(clean), np.float32)
        if model.space is None or self._extras.encoder is None:
            return (values, None) if len(values) else (None, None)
        place = model.space.place(self._extras.encoder.one(clean))
        return np.concatenate((place, values)), place

    def _features(self, model: Model, view: str, words: Sequence[str]) -> Features:
        numbers, found = model.vocabulary.find(runs(view))
        places = found.nonzero()[0]
        known = numbers.take(places)
        named = map(model.vocabulary.numbers.get, word_features(words, self.reader.kinds))
        row = {*known.tolist(), *named}
        row.discard(None)
        return Features(known, places, list(row))

    def _evidence(
        self,
        odds: Sequence[float],
        near: Near,
        keywords: Mapping[int, str],
        candidates: Sequence[int],
        parted: Floats | None,
    ) -> Floats:
        """A row of evidence for each candidate. ``parted`` are the columns that a cut gives, where there is one."""
        best = sorted((likeness for likeness, _ in near.values()), reverse=True)[:2]
        nearest, second = (*best, 0.0, 0.0)[:2]
        loud = [max(odds[c], LOWEST) / ODDS for c in candidates if c != self.none] + [LOWEST / ODDS] * 3
        absent = max(odds[self.none], LOWEST) / ODDS
        rows, rank = [], 0
        for place, c in enumerate(candidates):
            own = near.get(c, _FAR)[0]
            if c == self.none:
                mine, rival, third = absent, loud[0], loud[1]
            else:
                mine = loud[rank]
                rival = loud[1 if rank == 0 else 0]
                third = loud[1 if rank > 1 else 2]
                rank += 1
            rows.append(
                (
                    *(mine, own, second if own >= nearest else nearest, 1.0 if c in keywords else 0.0, rival, absent),
                    *(third, 0.0 if place else 1.0, *_WHOLE, mine),
                    *(1.0 if c in self._talk else 0.0, 1.0 if c == self.none else 0.0, 1.0),
                )
            )
        filled = np.array(rows, np.float32)
        if parted is not None:
            shown = parted[:, 0] > -np.inf
            filled[shown, _PARTED] = parted[shown]
        return filled

    def _parted(
        self, model: Model, view: str, words: Sequence[str], seen: Features, odds: Sequence[float]
    ) -> tuple[list[int], Floats | None]:
        """The classes to judge; and for each, where the message may express two intents, the columns of evidence from
        ``apart`` to ``left`` (the first of them ``-inf`` for small talk and ``none``, which stand beside nothing)."""
        best = best_of(odds, CANDIDATES + len(self._quiet))
        candidates = best[:CANDIDATES]
        loud = [n for n in best if n not in self._quiet][:2]
        if len(view) < SHORTEST_TWO or len(loud) < 2 or odds[loud[1]] < SECOND_ODDS:
            return candidates, None
        places = cuts(view, words if len(view) <= LONGEST_WHOLE else ())
        numbers, spans = _located(view, words, seen, model.vocabulary)
        if not places or not len(numbers):
            return candidates, None
        sides = np.maximum(model.linear.sides(numbers, spans, places), LOWEST)
        cut, two = best_cut(sides, loud, self._quiet)
        candidates += [n for n in two if n not in candidates]
        judged = [i for i, c in enumerate(candidates) if c not in self._quiet]
        own = np.array([candidates[i] for i in judged])
        rival = np.where(own == loud[0], loud[1], loud[0])
        columns = np.full((len(candidates), _PARTED.stop - _PARTED.start), -np.inf, np.float32)
        columns[judged, :-1] = _WHOLE
        columns[judged, :_OF_CUT] = apart(view, places, sides, own, rival)
        if two:
            read = self._read_parts(model, view, words, places[cut])
            columns[judged, _OF_CUT:-1] = [_on_its_side(read, *pair) for pair in zip(own.tolist(), rival, strict=True)]
        columns[judged, -1] = np.maximum(model.linear.unclaimed(numbers, own, rival), LOWEST) / ODDS
        return candidates, columns

    def _read_parts(self, model: Model, view: str, words: Sequence[str], place: int) -> tuple["Part", "Part"]:
        """The two parts of a view cut at ``place``, each read as if it were a message of its own."""
        position = count = 0
        while count < len(words) and (position := view.find(words[count], position)) < place:
            position += len(words[count])
            count += 1
        first, second = (
            Part(model.linear.odds(self._features(model, part, its).row), self._neighbours.near(part))
            for part, its in ((view[:place].strip(), words[:count]), (view[place:].strip(), words[count:]))
        )
        return first, second

    def with_keyword(self, reading: Reading, number: int) -> float:
        """The confidence of a class, were one of its keywords in the text that was read; 0 where it was not judged."""
        if number not in reading.candidates:
            return 0.0
        row = reading.evidence[[list(reading.candidates).index(number)]].copy()
        row[0, _AT["keyword"]] = 1.0
        return self._calibration.confidences(row)[0]

    def match(self, number: int, confidence: float, reading: Reading) -> Match:
        """A class of a reading as others see it, with what speaks for it."""
        likeness, near = reading.near.get(number, _FAR)
        nearest = self._neighbours.texts[near] if near >= 0 else reading.keywords.get(number, "")
        share = 1 / (1 + math.exp(-reading.odds[number]))
        seen = {"model": share, "nearest": likeness, "keyword": 1.0 if number in reading.keywords else 0.0}
        if number in reading.meant:
            seen["meaning"] = reading.meant[number]
        return Match(self.slugs[number], round(confidence, 4), nearest, seen)


def _located(view: str, words: Sequence[str], seen: Features, vocabulary: Vocabulary) -> tuple[Ints, Ints]:
    """The known runs and words of a view: their numbers, and features × 2 where each starts and ends."""
    numbers = vocabulary.numbers
    found = [(numbers[word], s, e) for word, s, e in located(view, words) if word in numbers]
    of_words = np.array(found, np.int32).reshape(-1, 3)
    spans = spans_of_runs(len(view)).take(seen.places, axis=0)
    return np.concatenate((seen.runs, of_words[:, 0])), np.concatenate((spans, of_words[:, 1:]))


def _on_its_side(parts: tuple[Part, Part], own: int, rival: int) -> tuple[float, float, float, float]:
    """The columns from ``own_part`` to ``its_like`` for a class and its rival, each in the part that suits both."""
    one, other = parts
    if min(one.odds[own], other.odds[rival]) < min(other.odds[own], one.odds[rival]):
        one, other = other, one
    odds = (max(float(one.odds[own]), LOWEST) / ODDS, max(float(other.odds[rival]), LOWEST) / ODDS)
    return *odds, one.near.get(own, _FAR)[0], other.near.get(rival, _FAR)[0]


def best_of(numbers: Sequence[float], count: int) -> list[int]:
    """Places of the ``count`` largest numbers, largest first, ties by place."""
    return sorted(range(len(numbers)), key=numbers.__getitem__, reverse=True)[:count]
