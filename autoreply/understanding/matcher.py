"""Clean text → intents with confidences, for the whole message and for the parts it may fall into."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autoreply.model import NONE, Match

from .augment import SMALL_TALK
from .clauses import cuts
from .features import says_something, view_of
from .linear import Floats, Linear, softmax
from .match import PART_COLUMNS, Calibration, Near, Neighbours, Reader, evidence, part_evidence

CANDIDATES = 5
LONGEST_WHOLE = 60
"""Characters of a view up to which it is cut between words too."""
SHORTEST_TWO = 6
"""Characters of a view from which it may hold two intents (拍了快发吧 does not)."""
SECOND_SHARE = 0.06
"""Share that the second best intent must have for the message to be cut in two at all."""
BOTH_SHARES = 0.3
"""Share that the two best intents must have together for that."""
LEAST_SURE = 0.3
"""Share that each side's intent must have for a cut to be looked at closely."""
_UNTRAINED = Calibration((1.0, 4.0, -2.0, 1.0, -2.5))
_NO_PARTS = Calibration((0.0,) * (PART_COLUMNS - 1) + (-30.0,))
_EXACT = 0.98
"""Confidence of a line that stands in the catalogue word for word."""


@dataclass(frozen=True)
class Model:
    """What is learned: a linear model over named features, and what its evidence is worth."""

    vocabulary: tuple[str, ...]
    linear: Linear
    whole: Calibration
    parts: Calibration


@dataclass(frozen=True, slots=True)
class Reading:
    """What the evidence says of one text: the model's shares of all classes, and confidences of the best ones."""

    view: str
    shares: Sequence[float]
    near: Near
    keywords: Mapping[int, str]
    confidences: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Parts:
    """Two different classes on the two sides of the best cut, and what speaks for there being both."""

    first: int
    second: int
    evidence: tuple[float, ...]


class Matcher:
    """The evidence of one catalogue, read-only once made. Without a model, likeness and keywords alone count."""

    def __init__(self, slugs: Sequence[str], reader: Reader, neighbours: Neighbours, model: Model | None) -> None:
        self.slugs = list(slugs)
        classes = {slug: i for i, slug in enumerate(slugs)}
        self.none = classes[NONE]
        self._quiet = [classes[s] for s in (*sorted(SMALL_TALK), NONE) if s in classes]
        self.reader = reader
        self._neighbours = neighbours
        self._linear = model.linear if model else None
        self._numbers = {name: i for i, name in enumerate(model.vocabulary)} if model else {}
        self._whole = model.whole if model else _UNTRAINED
        self._parts = model.parts if model else _NO_PARTS

    def shares(self, view: str) -> Floats:
        """The model's shares of a view for all classes."""
        if self._linear is None:
            logits = np.zeros(len(self.slugs), np.float32)
            for number, (likeness, _) in self._neighbours.near(view).items():
                logits[number] = 10 * likeness
            return softmax(logits)
        known = map(self._numbers.get, self.reader.features(view))
        return softmax(self._linear.logits([number for number in known if number is not None]))

    def read(self, clean: str) -> Reading:
        """Weigh one text as a whole."""
        view = view_of(clean)
        near = self._neighbours.near(view)
        keywords = self._neighbours.keywords(clean)
        shares = self.shares(view).tolist()
        candidates = best_of(shares, CANDIDATES)
        rows = evidence(shares, near, keywords, candidates)
        found = {c: self._whole.confidence(row) for c, row in zip(candidates, rows, strict=True)}
        if not says_something(view):
            found = {self.none: 1.0}
        else:
            found |= {number: _EXACT for number, (likeness, _) in near.items() if likeness >= 1.0}
        return Reading(view, shares, near, keywords, found)

    def parts(self, whole: Reading) -> Parts | None:
        """The cut whose two sides are surest of different intents, or None where one reading explains the message."""
        view, shares = whole.view, whole.shares
        if self._linear is None or len(view) < SHORTEST_TWO:
            return None
        first, second = heapq.nlargest(2, (s for n, s in enumerate(shares) if n not in self._quiet))
        if second < SECOND_SHARE or first + second < BOTH_SHARES:
            return None
        place = self._best_cut(view)
        if place is None:
            return None
        left, right = view[:place].strip(), view[place:].strip()
        ahead, behind = self.shares(left), self.shares(right)
        one, other = int(ahead.argmax()), int(behind.argmax())
        if one == other or one in self._quiet or other in self._quiet:
            return None
        found = part_evidence(
            weaker=float(min(ahead[one], behind[other])),
            whole=(shares[one] + shares[other], min(shares[one], shares[other])),
            other=(float(ahead[other]), float(behind[one])),
            shortest=min(len(left), len(right)),
            marked=view[place] == " ",
        )
        return Parts(one, other, found)

    def _best_cut(self, view: str) -> int | None:
        """The place whose two sides look surest of different intents, judged without reading each side anew."""
        features, words = self.reader.located(view)
        places = cuts(view, words if len(view) <= LONGEST_WHOLE else ())
        numbers = self._numbers
        known = [(numbers[name], start, end) for name, start, end in features if name in numbers]
        if not places or not known or self._linear is None:
            return None
        row, spans = [n for n, _, _ in known], np.array([(s, e) for _, s, e in known], np.int32)
        before, after = (softmax(side) for side in self._linear.halves(row, spans, places))
        before[:, self._quiet] = after[:, self._quiet] = 0
        sure = np.minimum(before.max(axis=1), after.max(axis=1))
        sure[before.argmax(axis=1) == after.argmax(axis=1)] = 0
        best = int(sure.argmax())
        return places[best] if sure[best] >= LEAST_SURE else None

    def both(self, parts: Parts) -> float:
        """Confidence 0..1 that a message expresses both intents of its parts."""
        return self._parts.confidence(parts.evidence)

    def match(self, number: int, confidence: float, reading: Reading) -> Match:
        """A class of a reading as others see it, with what speaks for it."""
        likeness, near = reading.near.get(number, (0.0, -1))
        nearest = self._neighbours.texts[near] if near >= 0 else reading.keywords.get(number, "")
        seen = {
            "model": round(reading.shares[number], 4),
            "nearest": round(likeness, 4),
            "keyword": 1.0 if number in reading.keywords else 0.0,
        }
        return Match(self.slugs[number], round(confidence, 4), nearest, seen)


def best_of(shares: Sequence[float], count: int) -> list[int]:
    """Numbers of the ``count`` largest shares, largest first, ties by number."""
    return heapq.nlargest(count, range(len(shares)), key=shares.__getitem__)
