"""What the model sees of a clean text: characters in short runs, words, word pairs, and what kind of word stands where.

Digits are all ``0``, punctuation and markers are blanks. Words of the slot lexicon and of the catalogue's classes also
count as their kind, so that 申通 teaches something about 韵达 and 什么时候 about 几时.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from . import lexicon

_DIGITS = re.compile(r"[\d#]+(?:\.\d+)?")
_BLANK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_KINDS = {"city": "place", "province": "place"}
_CHARACTERS = {1: 0.7, 2: 1.0, 3: 0.7, 4: 0.4}
_WORDS = {"w:": 1.0, "k:": 0.3}
"""How much a feature counts, by kind: long runs are rare, so they fit the training lines and little else."""

Cut = Callable[[str], list[str]]


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


def features(view: str, cut: Cut, kinds: Mapping[str, str]) -> list[str]:
    """Names of the features of a view, with repetitions removed, in a fixed order."""
    padded = f"^{view}$"
    found = [padded[i : i + n] for n in _CHARACTERS for i in range(len(padded) - n + 1)]
    words = [w for w in cut(view) if w != " "]
    shown = ["^", *[kinds.get(w, w) for w in words], "$"]
    found += ["w:" + w for w in words]
    found += ["k:" + k for k in shown if k[0] == "<"]
    found += [f"k:{a}|{b}" for a, b in pairwise(shown)]
    return list(dict.fromkeys(found))


def located(view: str, cut: Cut, kinds: Mapping[str, str]) -> tuple[list[tuple[str, int, int]], list[str]]:
    """The character and word features of a view with their spans ``[start, end)`` in it, and its words in order.

    Enough to guess what a part of the view would be taken for without reading that part anew.
    """
    padded, last = f"^{view}$", len(view)
    found = [
        (padded[i : i + n], max(i - 1, 0), min(i - 1 + n, last))
        for n in _CHARACTERS
        for i in range(len(padded) - n + 1)
    ]
    words = cut(view)
    position = 0
    for word in words:
        found.append(("w:" + word, position, position + len(word)))
        position += len(word)
    return found, words


def scale_of(feature: str) -> float:
    """How much a feature counts."""
    return _WORDS.get(feature[:2], 0.0) or _CHARACTERS[len(feature)]
