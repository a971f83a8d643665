"""What the model sees of a clean text: characters in short runs, words, word pairs, and what kind of word stands where.

Digits are all ``0``, punctuation and markers are blanks. Words of the slot lexicon and of the catalogue's classes also
count as their kind, so that 申通 teaches something about 韵达 and 什么时候 about 几时.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import lexicon

_DIGITS = re.compile(r"[\d#]+(?:\.\d+)?")
_BLANK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_KINDS = {"city": "place", "province": "place"}
_RUNS = (0.7, 1.0, 0.7, 0.4)
_WORDS = {"w": 1.0, "k": 0.3}
"""How much a feature counts: runs by length (long ones are rare, so they fit the training lines and little else), words
and their kinds."""
_END = np.uint64(2**64 - 1)
_BITS = np.uint64(16)

Keys = NDArray[np.uint64]
Ints = NDArray[np.int32]


def view_of(clean: str) -> str:
    """Clean text reduced to what is compared: words and one ``0`` for each number, single blanks between clauses."""
    return _BLANK.sub(" ", _DIGITS.sub("0", clean)).strip()


def says_something(view: str) -> bool:
    """Whether a view holds anything but numbers."""
    return not set(view) <= {"0", " "}


def kinds_of_words(classes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Word → kind, from the catalogue's classes and the slot lexicon; the lexicon wins."""
    kinds: dict[str, str] = {}
    for name, members in classes.items():
        for word in members:
            if len(word) > 1:
                kinds.setdefault(word, f"<{name}>")
    for word, meanings in lexicon.words().items():
        name = meanings[0][0]
        kinds[word] = f"<{_KINDS.get(name, name)}>"
    return kinds


@lru_cache(maxsize=1 << 14)
def _folded(token: str) -> str:
    return view_of(token)


def words_of(tokens: Sequence[str]) -> list[str]:
    """The words of a clean text as they stand in its view, from the tokens that it was cut into."""
    return [word for word in map(_folded, tokens) if word]


def runs(view: str) -> Keys:
    """All runs of one to four characters of a view with its ends marked (``^`` and ``$``), each packed into a number,
    16 bits a character; first those of one character, then those of two …"""
    single = np.frombuffer(f"^{view}$".encode("utf-16-le"), np.uint16).astype(np.uint64)
    double = (single[:-1] << _BITS) | single[1:]
    triple = (double[:-1] << _BITS) | single[2:]
    return np.concatenate((single, double, triple, (triple[:-1] << _BITS) | single[3:]))


def spans_of_runs(length: int) -> Ints:
    """Where each of the :func:`runs` of a view of ``length`` characters starts and ends in it; runs × 2."""
    counts = [max(length + 3 - n, 0) for n in range(1, len(_RUNS) + 1)]
    starts = np.concatenate([np.arange(-1, count - 1) for count in counts])
    widths = np.repeat(np.arange(1, len(_RUNS) + 1), counts)
    return np.stack((starts, starts + widths), axis=1).clip(0, length).astype(np.int32)


def word_features(words: Sequence[str], kinds: Mapping[str, str]) -> list[str]:
    """Names of the features that a view's words make, with repetitions removed, in a fixed order."""
    shown = ["^", *[kinds.get(w, w) for w in words], "$"]
    found = ["w" + w for w in words]
    found += ["k" + k for k in shown if k[0] == "<"]
    found += [f"k{a}|{b}" for a, b in pairwise(shown)]
    return list(dict.fromkeys(found))


def located(view: str, words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The words of a view as features, with their spans ``[start, end)`` in it."""
    position = 0
    for word in words:
        start = view.find(word, position)
        if start >= 0:
            position = start + len(word)
            yield "w" + word, start, position


class Vocabulary:
    """The features that a model knows, numbered: first ``runs`` (ascending), then ``words`` (word features by name)."""

    def __init__(self, runs: Keys, words: Sequence[str]) -> None:
        """Raises ValueError for runs out of order and for names that are no word features."""
        if (runs[1:] <= runs[:-1]).any() or not all(word[:1] in _WORDS for word in words):
            raise ValueError("not a vocabulary")
        self.runs = runs
        self.words = tuple(words)
        self._padded = np.append(runs, _END)
        self.numbers = {word: len(runs) + i for i, word in enumerate(words)}

    def __len__(self) -> int:
        return len(self.runs) + len(self.words)

    def find(self, keys: Keys) -> tuple[Ints, NDArray[np.bool_]]:
        """For each run its number, and whether it is known (the number means nothing where it is not)."""
        numbers = self._padded.searchsorted(keys).astype(np.int32)
        return numbers, self._padded.take(numbers) == keys

    def scale(self) -> NDArray[np.float32]:
        """How much each feature counts."""
        lengths = np.searchsorted(np.array([1 << 16, 1 << 32, 1 << 48], np.uint64), self.runs, side="right")
        of_words = [_WORDS[word[0]] for word in self.words]
        return np.concatenate((np.array(_RUNS)[lengths], of_words)).astype(np.float32)

    def only(self, kept: Sequence[int]) -> "Vocabulary":
        """The features with the numbers ``kept`` (ascending), numbered anew."""
        border = int(np.searchsorted(kept, len(self.runs)))
        words = [self.words[n - len(self.runs)] for n in kept[border:]]
        return Vocabulary(self.runs[np.array(kept[:border], np.int64)], words)
