"""The second net: what a text sounds like, where no pattern of a rule meets it.

For each rule a linear score over runs of one to three characters of the folded text, learned from sentences that break
the rule and from compliant ones. It generalises where patterns do not, and it is never sure: its findings are marked as
learned, they stop a text and never change one. Trained by ``autoreply.secondnet``, shipped as ``net.npz``.
"""

import io
import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation
from numpy.typing import NDArray

from autoreply.compliance.normalise import BREAKS

LONGEST = 3
"""Characters of the longest run that is looked at."""
LEAST = 12.0
"""Added to the squares of a text: a short one says too little to be sure of."""

_BORDER = "\n"
_PLAIN = str.maketrans(dict.fromkeys(BREAKS, _BORDER) | dict.fromkeys("0123456789", "0"))

Floats = NDArray[np.float32]


def plain(folded: str) -> str:
    """A folded text as the net reads it: all digits alike, a line break at each border of a clause.

    One character longer on either side, the rest in place.
    """
    return f"{_BORDER}{folded.translate(_PLAIN)}{_BORDER}"


def runs(folded: str) -> list[str]:
    """The runs of 1 to ``LONGEST`` characters of a folded text, each once; those of digits alone say nothing."""
    text = plain(folded)
    found = dict.fromkeys(text[i : i + n] for n in range(1, LONGEST + 1) for i in range(len(text) - n + 1))
    return [run for run in found if run.strip("0")]


@dataclass(frozen=True)
class Net:
    """``weights`` (runs × rules) and ``squares`` (runs; by how much each lengthens a text), ``bias`` (rules).

    The log-odds of a rule are the sum of its weights for the runs of the text, divided by the root of ``LEAST`` and the
    sum of their squares, plus its bias. Above the rule's threshold the text is taken to break it.
    """

    rules: tuple[str, ...]
    runs: tuple[str, ...]
    weights: Floats
    squares: Floats
    bias: Floats
    thresholds: Floats
    version: str
    """Hash of the sentences that it was trained on."""
    _both: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_both", np.column_stack((self.weights, self.squares)).astype(np.float32))

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(list(self.runs), implementation=Implementation.ContiguousNFA)

    def odds(self, folded: str) -> Floats:
        """Log-odds of a folded text for each of ``rules``."""
        found = self._automaton.find_matches_as_indexes(plain(folded), overlapping=True)
        numbers = np.array(list({run for run, _, _ in found}), np.int64)
        sums = np.add.reduce(self._both.take(numbers, axis=0), axis=0)
        odds: Floats = sums[:-1] / math.sqrt(sums[-1] + LEAST) + self.bias
        return odds

    def suspected(self, folded: str) -> list[str]:
        """Ids of the rules that a folded text is taken to break, likeliest first."""
        odds = self.odds(folded)
        above = (odds > self.thresholds).nonzero()[0]
        return [self.rules[i] for i in sorted(above.tolist(), key=lambda i: -odds[i])]

    def clause(self, folded: str, rule: str) -> tuple[int, int]:
        """The clause of a folded text that speaks most for a rule, as ``[start, end)``."""
        text, column = plain(folded), self.rules.index(rule)
        weight = dict.fromkeys(_clauses(text), 0.0)
        starts = {i: span for span in weight for i in range(span[0] - 1, span[1])}
        for run, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if start in starts:
                weight[starts[start]] += float(self.weights[run, column])
        start, end = max(weight, key=weight.__getitem__, default=(1, len(folded) + 1))
        return start - 1, end - 1

    def dump(self) -> bytes:
        """As a file: one byte for each weight."""
        step = np.abs(self.weights).max(axis=0) / 127
        file = io.BytesIO()
        np.savez_compressed(
            file,
            rules=np.array(self.rules),
            runs=np.array(self.runs),
            weights=np.round(self.weights / step).astype(np.int8),
            step=step.astype(np.float32),
            squares=self.squares,
            bias=self.bias,
            thresholds=self.thresholds,
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
                    runs=tuple(file["runs"].tolist()),
                    weights=file["weights"] * file["step"],
                    squares=file["squares"],
                    bias=file["bias"],
                    thresholds=file["thresholds"],
                    version=str(file["version"]),
                )
            except KeyError as e:
                raise ValueError(f"no trained net: {e}") from None


def _clauses(text: str) -> list[tuple[int, int]]:
    """Clauses of a plain text as ``[start, end)``, without their borders."""
    borders = [i for i, c in enumerate(text) if c == _BORDER]
    return [(a + 1, b) for a, b in pairwise(borders) if b > a + 1]


@lru_cache(maxsize=1)
def shipped_net() -> Net:
    """The net that comes with the package."""
    return Net.load((Path(__file__).parent / "net.npz").read_bytes())
