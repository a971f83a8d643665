"""The second net: what a text sounds like, beside the patterns of the rules.

A small network over the pairs of neighbouring characters of the folded text, learned from sentences that break a rule
and from compliant ones. It finds what no pattern meets; such findings are marked as learned. And it knows the patterns
that erred on compliant sentences: what they find counts unless the net is sure that the text breaks no rule at all.
Trained by ``autoreply.secondnet``, shipped as ``net.npz``.
"""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autoreply.compliance.normalise import BREAKS

LEAST = 12.0
"""Added to the squares of a text: a short one says too little to be sure of."""

_LETTERS = 0x10000
"""Characters that may be told apart; those beyond are one."""

CLEAR = -9.0
"""Log-odds below which, for every rule, a text or clause is taken to break none."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def _letters() -> Ints:
    """Each character as the net reads it: digits all alike, marks that end a clause as a line break."""
    letters = np.arange(_LETTERS, dtype=np.int64)
    letters[[ord(c) for c in "0123456789"]] = ord("0")
    letters[[ord(c) for c in BREAKS]] = ord("\n")
    return letters


_SECOND = _letters()
_FIRST = _SECOND * _LETTERS


def pairs(folded: str) -> Ints:
    """The pairs of neighbouring characters of a folded text, the ends of its clauses among them, as numbers."""
    read = np.frombuffer(f"\n{folded}\n".encode("utf-32-le"), np.uint32)
    return _FIRST.take(read[:-1], mode="clip") + _SECOND.take(read[1:], mode="clip")


@dataclass(frozen=True)
class Net:
    """``pairs`` (sorted), ``vectors`` (pairs × hidden + 1), ``shift`` (hidden + 1), ``weights`` (hidden + 1 × rules).

    The last column of ``vectors`` is by how much a pair lengthens a text: the vectors of its pairs are summed and
    divided by the root of ``LEAST`` and the sum of that column; ``shift`` is added and what is negative cut off; the
    last becomes 1. ``weights`` make of that the log-odds of each rule. Above its threshold a text is taken to break it.
    """

    rules: tuple[str, ...]
    pairs: Ints
    vectors: Floats
    shift: Floats
    weights: Floats
    thresholds: Floats
    doubted: frozenset[tuple[str, str]]
    """Rules and patterns of theirs that block compliant sentences."""
    version: str
    """Hash of all else."""

    def odds(self, folded: str) -> Floats:
        """Log-odds of a folded text for each of ``rules``."""
        there = pairs(folded)
        at = self.pairs.searchsorted(there)
        known = at[self.pairs.take(at, mode="clip") == there]
        hidden = np.add.reduce(self.vectors.take(known, axis=0), axis=0)
        hidden *= 1 / math.sqrt(hidden[-1] + LEAST)
        hidden += self.shift
        hidden[-1] = 1
        odds: Floats = np.maximum(hidden, 0, out=hidden) @ self.weights
        return odds

    def suspected(self, odds: Floats) -> list[str]:
        """Ids of the rules that a text with these log-odds is taken to break, likeliest first."""
        above = odds > self.thresholds
        return [self.rules[i] for i in np.argsort(-odds).tolist() if above[i]] if above.any() else []

    @staticmethod
    def clears(odds: Floats) -> bool:
        """Whether a text or clause with these log-odds is taken to break none of the rules."""
        return bool(odds.max() < CLEAR)

    def clause(self, folded: str, rule: str) -> tuple[int, int]:
        """The clause of a folded text that by itself sounds most like breaking a rule, as ``[start, end)``."""
        column = self.rules.index(rule)
        clauses = _clauses(folded) or [(0, len(folded))]
        return max(clauses, key=lambda c: float(self.odds(folded[c[0] : c[1]])[column]))

    def dump(self) -> bytes:
        """As a file: one byte for each number of a vector."""
        step = np.abs(self.vectors).max(axis=0) / 127
        small = np.round(self.vectors / step).astype(np.int8)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            rules=np.array(self.rules),
            pairs=self.pairs,
            vectors=small,
            step=step.astype(np.float32),
            shift=self.shift,
            weights=self.weights,
            thresholds=self.thresholds,
            doubted=np.array(sorted(self.doubted)).reshape(-1, 2),
            version=np.array(self.version),
        )
        return file.getvalue()

    @staticmethod
    def load(dumped: bytes) -> "Net":
        """From what ``dump`` gave.

        Raises:
            ValueError: it is no such file.
        """
        with np.load(io.BytesIO(dumped)) as file:
            try:
                return Net(
                    rules=tuple(file["rules"].tolist()),
                    pairs=file["pairs"],
                    vectors=file["vectors"] * file["step"],
                    shift=file["shift"],
                    weights=file["weights"],
                    thresholds=file["thresholds"],
                    doubted=frozenset((rule, pattern) for rule, pattern in file["doubted"].tolist()),
                    version=str(file["version"]),
                )
            except KeyError as e:
                raise ValueError(f"no trained net: {e}") from None


def _clauses(folded: str) -> list[tuple[int, int]]:
    """Clauses of a folded text as ``[start, end)``, without their borders."""
    borders = [-1, *(i for i, c in enumerate(folded) if c in BREAKS), len(folded)]
    return [(a + 1, b) for a, b in pairwise(borders) if b > a + 1]


@lru_cache(maxsize=1)
def shipped_net() -> Net:
    """The net that comes with the package."""
    return Net.load((Path(__file__).parent / "net.npz").read_bytes())
