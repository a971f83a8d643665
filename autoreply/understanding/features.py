"""What the model sees of a clean text: characters in short runs, words, word pairs, and what kind of word stands where.

Digits are all ``0``, punctuation and markers are blanks. Words of the slot lexicon and of the catalogue's classes also
count as their kind, so that 申通 teaches something about 韵达 and 什么时候 about 几时.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from . import lexicon

_DIGITS = re.compile(r"[\d#]+(?:\.\d+)?")
_BLANK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_LONGEST = 4
_KINDS = {"city": "place", "province": "place"}


def view_of(clean: str) -> str:
    """Clean text reduced to what is compared: words and one ``0`` for each number, single blanks between clauses."""
    return _BLANK.sub(" ", _DIGITS.sub("0", clean)).strip()


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


def features(view: str, cut: Callable[[str], list[str]], kinds: Mapping[str, str]) -> list[str]:
    """Names of the features of a view, with repetitions removed, in a fixed order."""
    padded = f"^{view}$"
    found = [padded[i : i + n] for n in range(1, _LONGEST + 1) for i in range(len(padded) - n + 1)]
    words = [w for w in cut(view) if w != " "]
    shown = ["^", *[kinds.get(w, w) for w in words], "$"]
    found += ["w:" + w for w in words]
    found += ["k:" + a + "|" + b for a, b in zip(shown, shown[1:])]
    found += ["s:" + a + "|" + b for a, b in zip(shown, shown[2:])]
    found += ["k:" + k for k in shown if k[0] == "<"]
    found += ["t:" + a + "|" + b + "|" + c for a, b, c in zip(shown, shown[1:], shown[2:])]
    return list(dict.fromkeys(found))
