"""Clean text → a confidence for each intent."""

import re
from dataclasses import dataclass

import numpy as np
from ahocorasick_rs import AhoCorasick, MatchKind

from autoreply.model import NONE, Match

from .catalogue import Catalogue, sample
from .index import Index
from .segment import segmenter
from .train import Weights

_DIGITS = re.compile(r"[\d#]+")
_BLANK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


def view_of(clean: str) -> str:
    return _BLANK.sub(" ", _DIGITS.sub("0", clean)).strip()


@dataclass(frozen=True, slots=True)
class Scores:
    confidence: np.ndarray
    nearest: np.ndarray

    def best(self, count: int) -> list[int]:
        return [int(i) for i in np.argsort(-self.confidence, kind="stable")[:count] if self.confidence[i] > 0]


class Matcher:
    def __init__(self, catalogue: Catalogue, weights: Weights | None) -> None:
        if weights is not None and weights.catalogue != catalogue.hash:
            raise ValueError("the weights were trained from another catalogue")
        self.slugs = sorted({*catalogue.intents, NONE})
        number = {s: i for i, s in enumerate(self.slugs)}
        lines: list[tuple[str, int]] = []
        keywords: dict[str, int] = {}
        for intent in catalogue.intents.values():
            lines += [(t, number[intent.slug]) for t in (*intent.examples, *sample(intent.expanded, 60))]
            lines += [(t, number[NONE]) for t in intent.negatives]
            keywords |= dict.fromkeys(intent.keywords, number[intent.slug])
        from .normalise import normalise
        self.texts = [t for t, _ in lines]
        self.owner = np.array([n for _, n in lines], dtype=np.int32)
        self.index = Index([view_of(normalise(t).clean) for t, _ in lines])
        self._keywords = list(keywords.items())
        self._automaton = AhoCorasick([k for k, _ in self._keywords], matchkind=MatchKind.LeftmostLongest) if keywords else None
        self.cut = segmenter(keywords)

    def scores(self, clean: str, clauses: list[str]) -> Scores:
        confidence = np.zeros(len(self.slugs))
        nearest = np.full(len(self.slugs), -1)
        for text in [clean, *clauses] if len(clauses) > 1 else [clean]:
            for number, likeness in self.index.nearest(view_of(text)):
                owner = self.owner[number]
                if likeness > confidence[owner]:
                    confidence[owner], nearest[owner] = likeness, number
        if self._automaton is not None:
            for i, _, _ in self._automaton.find_matches_as_indexes(clean):
                owner = self._keywords[i][1]
                confidence[owner] = min(1.0, confidence[owner] + 0.3)
        return Scores(confidence, nearest)

    def match(self, scores: Scores, number: int) -> Match:
        near = scores.nearest[number]
        return Match(self.slugs[number], round(float(scores.confidence[number]), 4), self.texts[near] if near >= 0 else "")
