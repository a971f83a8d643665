"""The pattern language of the rulebooks, matched in linear time on the words that one Aho-Corasick pass found.

====================  ===========================================================================================
``发票``              these characters
``(开|出具|提供)``    any of these words; words and classes may be mixed: ``(<can>|可)``
``<invoice>``         a word of the class ``invoice``
``(的|了)?``          may be missing; at most four such parts in one pattern
``..6``               up to 6 characters, all in the same clause
``~6``                up to 6 characters, which may hold a comma but not the end of a sentence
``#``                 a number: digits or Chinese numerals
``^`` and ``$``       start or end of a clause, not counting terms of address and particles
====================  ===========================================================================================
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from autoreply.compliance.normalise import BREAKS, STOPS, fold_word

NUMBER = -1
"""Class number of ``#``; its hits are looked up in the text and not found by words."""
MAX_GAP = 30
NUMERALS = frozenset("0123456789零一二三四五六七八九十百千万两半几")
_OPENERS = ("亲亲", "亲爱的", "亲爱哒", "亲", "您好", "你好", "客官", "宝贝", "宝", "嗯", "恩", "哦", "啊", "好的", "那", "您", "在的", "这个", "这款", "这", "的")
_PARTICLES = frozenset("哦呢哈亲的了啊呀啦吧嘛喔噢哟呦嗯呐哒滴咯额客官")
_LONGEST_OPENING = 8

Hit = tuple[int, int]
Hits = Mapping[int, Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a pattern: a word class and how far it may be from the part before it."""

    words: int
    gap: int = 0
    crossing: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern without optional parts. ``needs`` are the classes that must be present for it to match."""

    source: str
    elements: tuple[Element, ...]
    at_start: bool
    at_end: bool
    needs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern matched in a folded text, and where each of its parts did."""

    start: int
    end: int
    parts: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A folded text with its clause and sentence borders, for patterns to be matched in."""

    text: str
    breaks: Sequence[int]
    stops: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "Place":
        breaks = [i for i, c in enumerate(text) if c in BREAKS]
        return cls(text, breaks, [i for i in breaks if text[i] in STOPS])

    def clause(self, start: int, end: int) -> Hit:
        """Bounds of the clause, or clauses, that hold ``[start, end)``."""
        return _around(self.breaks, start, end, len(self.text))

    def sentence(self, start: int, end: int) -> Hit:
        """Bounds of the sentence, or sentences, that hold ``[start, end)``."""
        return _around(self.stops, start, end, len(self.text))


def _around(borders: Sequence[int], start: int, end: int, length: int) -> Hit:
    before = bisect_left(borders, start)
    after = bisect_left(borders, end)
    return borders[before - 1] + 1 if before else 0, borders[after] if after < len(borders) else length


def parse(source: str, class_of: Callable[[frozenset[str]], int], classes: Mapping[str, Sequence[str]]) -> list[Pattern]:
    """Compile a pattern; one with optional parts becomes several.

    ``class_of`` gives the number of a set of folded words, ``classes`` holds the words of the named classes.

    Raises:
        ValueError: the pattern is malformed, or names a class that is not there (KeyError's message names it).
    """
    parts, at_start, at_end = _parts(source, classes)
    if sum(optional for _, _, _, optional in parts) > 4:
        raise ValueError("more than four optional parts")
    compiled = []
    for choice in product(*[(True, False) if optional else (True,) for _, _, _, optional in parts]):
        elements: list[Element] = []
        gap, crossing = 0, False
        for (words, before, cross, _), taken in zip(parts, choice, strict=True):
            gap, crossing = gap + before, crossing or cross
            if taken:
                number = NUMBER if words is None else class_of(words)
                elements.append(Element(number, gap if elements else 0, crossing))
                gap, crossing = 0, False
        if not elements:
            raise ValueError("all parts are optional")
        needs = frozenset(e.words for e in elements if e.words != NUMBER)
        if not needs:
            raise ValueError("a pattern needs a word besides numbers")
        compiled.append(Pattern(source, tuple(elements), at_start, at_end, needs))
    return compiled


_Part = tuple[frozenset[str] | None, int, bool, bool]


def _parts(source: str, classes: Mapping[str, Sequence[str]]) -> tuple[list[_Part], bool, bool]:
    """Split a pattern into (words or None for a number, gap before, gap may cross commas, optional)."""
    at_start = source.startswith("^")
    at_end = source.endswith("$")
    rest = source[at_start : len(source) - at_end]
    parts: list[_Part] = []
    gap, crossing = 0, False
    while rest:
        if rest.startswith("..") or rest[0] == "~":
            crossing = rest[0] == "~"
            rest = rest[1:] if crossing else rest[2:]
            digits = len(rest) - len(rest.lstrip("0123456789"))
            gap = int(rest[:digits] or 0)
            if not 0 < gap <= MAX_GAP or not parts:
                raise ValueError(f"a gap needs something before it and a length from 1 to {MAX_GAP}")
            rest = rest[digits:]
            if not rest:
                raise ValueError("a gap needs something after it")
            continue
        words, rest = _next_words(rest, classes)
        optional = rest.startswith("?")
        parts.append((words, gap, crossing, optional))
        rest = rest[optional:]
        gap, crossing = 0, False
    if not parts:
        raise ValueError("empty pattern")
    return parts, at_start, at_end


def _next_words(rest: str, classes: Mapping[str, Sequence[str]]) -> tuple[frozenset[str] | None, str]:
    if rest[0] == "#":
        return None, rest[1:]
    if rest[0] == "(":
        inside, closed, after = rest[1:].partition(")")
        if not closed:
            raise ValueError("a bracket is not closed")
        words: set[str] = set()
        for word in inside.split("|"):
            words |= _class(word, classes) if word.startswith("<") else _word(word)
        return frozenset(words), after
    if rest[0] == "<":
        name, closed, after = rest.partition(">")
        if not closed:
            raise ValueError("'<' is not closed")
        return _class(name + ">", classes), after
    end = next((i for i, c in enumerate(rest) if c in "(<#~^$?)>|" or rest.startswith("..", i)), len(rest))
    if not end:
        raise ValueError(f"unexpected {rest[0]!r}")
    return _word(rest[:end]), rest[end:]


def _class(name: str, classes: Mapping[str, Sequence[str]]) -> frozenset[str]:
    known = classes.get(name[1:-1])
    if known is None:
        raise ValueError(f"no such word class: {name}")
    return frozenset(w for word in known for w in _word(word))


def _word(word: str) -> frozenset[str]:
    folded = fold_word(word)
    if not folded:
        raise ValueError(f"{word!r} is empty once folded")
    return frozenset([folded])


def find(pattern: Pattern, hits: Hits, place: Place) -> list[Found]:
    """All places where the pattern matches: for each end the nearest start. Linear in the length of the text."""
    first = pattern.elements[0]
    text = place.text
    starts = _all_numbers(text) if first.words == NUMBER else hits[first.words]
    states = [Found(s, e, ((s, e),)) for s, e in starts]
    if pattern.at_start:
        states = [f for f in states if _opens(text, f.start, place.breaks)]
    for element in pattern.elements[1:]:
        if not states:
            return []
        states = _extend(states, element, hits, place)
    if pattern.at_end:
        states = [f for f in states if _closes(text, f.end)]
    return states


def _extend(states: list[Found], element: Element, hits: Hits, place: Place) -> list[Found]:
    borders = place.stops if element.crossing else place.breaks
    found: dict[int, Found] = {}
    candidates = None if element.words == NUMBER else hits[element.words]
    for state in states:
        nearby = _near(candidates, state.end, element.gap, place.text)
        for start, end in nearby:
            if start > state.end and borders and bisect_left(borders, state.end) != bisect_left(borders, start):
                break
            best = found.get(end)
            if best is None or state.start > best.start:
                found[end] = Found(state.start, end, (*state.parts, (start, end)))
    return list(found.values())


def _near(candidates: Sequence[Hit] | None, start: int, gap: int, text: str) -> list[Hit]:
    """Hits (or, without candidates, numbers) that begin in ``[start, start + gap]``."""
    if candidates is None:
        for i in range(start, min(start + gap + 1, len(text))):
            if text[i] in NUMERALS and (i == start or text[i - 1] not in NUMERALS):
                return [(i, _number_end(text, i))]
        return []
    if len(candidates) <= 4:
        return [h for h in candidates if start <= h[0] <= start + gap]
    near = []
    for i in range(bisect_left(candidates, (start, 0)), len(candidates)):
        if candidates[i][0] > start + gap:
            break
        near.append(candidates[i])
    return near


def _number_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and end - start < MAX_GAP and text[end] in NUMERALS:
        end += 1
    return end


def _all_numbers(text: str) -> list[Hit]:
    return [
        (i, _number_end(text, i)) for i, c in enumerate(text) if c in NUMERALS and (not i or text[i - 1] not in NUMERALS)
    ]


def _opens(text: str, start: int, breaks: Sequence[int]) -> bool:
    """Whether only terms of address stand between the start of the clause and ``start``."""
    at = bisect_left(breaks, start)
    begin = breaks[at - 1] + 1 if at else 0
    if start - begin > _LONGEST_OPENING:
        return False
    before = text[begin:start]
    while before:
        opener = next((o for o in _OPENERS if before.startswith(o)), None)
        if opener is None:
            return False
        before = before[len(opener) :]
    return True


def _closes(text: str, end: int) -> bool:
    """Whether only particles stand between ``end`` and the end of the clause."""
    for c in text[end : end + _LONGEST_OPENING]:
        if c in BREAKS:
            return True
        if c not in _PARTICLES:
            return False
    return len(text) <= end + _LONGEST_OPENING
