"""The pattern language of the rulebooks, matched in linear time on the words that one Aho-Corasick pass found.

====================  ===========================================================================================
``发票``              these characters
``(开|出具|#元)``      any of these; an alternative may be a pattern itself: ``(<can>|可)``
``<invoice>``         a word of the class ``invoice``
``(的|了)?`` ``的?``   may be missing; without a bracket the last character
``..6``               up to 6 characters, all in the same clause
``~6``                up to 6 characters, which may hold a comma but not the end of a sentence
``<a> & <b>``         both in one sentence in either order, up to 24 characters apart; three at most
``#``                 a number: digits or Chinese numerals
``^``                 first in a pattern: start of a clause, not counting terms of address
``!``                 first in a pattern: no negation right before it
``$``                 last in a pattern or alternative: end of a clause, not counting particles
====================  ===========================================================================================
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import permutations
from operator import or_
from typing import NamedTuple

from autoreply.compliance.normalise import BREAKS, STOPS, fold_word

NUMBER = -1
"""Class number of ``#``; its hits are looked up in the text and not found by words."""
END = -2
"""Class number of ``$``."""
MAX_GAP = 30
MAX_BRANCHES = 48
_APART = 24
_MAX_PARTS = 3
_MAX_MERGED = 200
NUMERALS = frozenset("0123456789零一二三四五六七八九十百千万两半几")
_OPENERS = (
    "亲亲",
    "亲爱的",
    "亲爱哒",
    "亲",
    "您好",
    "你好",
    "客官",
    "宝贝",
    "宝",
    "嗯",
    "恩",
    "哦",
    "啊",
    "好的",
    "那",
    "您",
    "在的",
    "这个",
    "这款",
    "这",
    "的",
)
_PARTICLES = frozenset("哦呢哈亲的得了啊呀啦吧嘛喔噢哟呦嗯呐哒滴咯额客官")
_LONGEST_OPENING = 8
_NEGATIONS = frozenset("不没无未别勿")
_NO_NUMBER = ("小二", "统一", "唯一", "第一")

_BREAK = re.compile(f"[{re.escape(''.join(sorted(BREAKS)))}]")

_Part = tuple[frozenset[str] | int, int, bool]
Ways = tuple[tuple[_Part, ...], ...]
"""A pattern as read, before its words have numbers."""
"""Words or a class number, the gap before it, and whether that may cross clauses."""
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
    """A compiled pattern without optional parts. ``needs`` has a bit set for each class that must be present."""

    source: str
    elements: tuple[Element, ...]
    at_start: bool
    affirmed: bool
    needs: int


class Found(NamedTuple):
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
        breaks = [m.start() for m in _BREAK.finditer(text)]
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


@dataclass(frozen=True, slots=True)
class _Branch:
    """One way through a pattern while it is read: its parts so far and the gap that waits for the next one."""

    parts: tuple[_Part, ...] = ()
    gap: int = 0
    crossing: bool = False

    def then(self, other: "_Branch") -> "_Branch":
        if not other.parts:
            return _Branch(self.parts, self.gap + other.gap, self.crossing or other.crossing)
        words, gap, crossing = other.parts[0]
        first = (words, self.gap + gap, self.crossing or crossing)
        return _Branch((*self.parts, first, *other.parts[1:]), other.gap, other.crossing)


def parse(
    source: str,
    class_of: Callable[[frozenset[str]], int],
    classes: Mapping[str, Sequence[str]],
    known: dict[str, Ways],
) -> list[Pattern]:
    """Compile a pattern; one with optional or compound parts becomes several.

    ``class_of`` gives the number of a set of folded words, ``classes`` holds the words of the named classes, ``known``
    what was read before with the same classes: it is looked up there and added.

    Raises:
        ValueError: the pattern is malformed, or names a class that is not there.
    """
    if " & " in source:
        orders = permutations(_parts_of(source))
        return [p for order in orders for p in parse(f"~{_APART}".join(order), class_of, classes, known)]
    at_start, affirmed = source.startswith("^"), source.startswith("!")
    if (ways := known.get(source)) is None:
        ways = known[source] = _ways(source[at_start or affirmed :], classes)
    compiled = []
    for parts in ways:
        elements = tuple(
            Element(words if isinstance(words, int) else class_of(words), gap if i else 0, crossing)
            for i, (words, gap, crossing) in enumerate(parts)
        )
        needs = reduce(or_, (1 << e.words for e in elements if e.words >= 0), 0)
        if not needs or elements[0].words == END:
            raise ValueError("a pattern needs a word besides numbers and borders")
        compiled.append(Pattern(source, elements, at_start, affirmed, needs))
    return compiled


def _ways(source: str, classes: Mapping[str, Sequence[str]]) -> Ways:
    """All ways through a pattern, each a row of parts."""
    branches, rest = _sequence(source, classes)
    if rest:
        raise ValueError(f"unexpected {rest[0]!r}")
    return tuple(tuple(_merged(branch.parts)) for branch in dict.fromkeys(branches))


def _merged(parts: Sequence[_Part]) -> list[_Part]:
    """Parts that touch, joined to one of longer words where those are few: rarer words make for a faster search."""
    merged = list(parts[:1])
    for words, gap, crossing in parts[1:]:
        before, its_gap, its_crossing = merged[-1]
        if gap or isinstance(words, int) or isinstance(before, int) or len(words) * len(before) > _MAX_MERGED:
            merged.append((words, gap, crossing))
        else:
            merged[-1] = frozenset(a + b for a in before for b in words), its_gap, its_crossing
    return merged


def _parts_of(source: str) -> list[str]:
    parts = source.split(" & ")
    if len(parts) > _MAX_PARTS:
        raise ValueError(f"more than {_MAX_PARTS} parts that may stand in any order")
    return parts


def _sequence(rest: str, classes: Mapping[str, Sequence[str]]) -> tuple[list[_Branch], str]:
    """Read parts up to the end, ``|`` or ``)``; gives all ways through them and what is left."""
    branches = [_Branch()]
    while rest and rest[0] not in "|)":
        options, rest = _next_part(rest, classes)
        branches = [b.then(o) for b in branches for o in options]
        if len(branches) > MAX_BRANCHES:
            raise ValueError(f"more than {MAX_BRANCHES} ways through it; split it in two")
    return branches, rest


def _next_part(rest: str, classes: Mapping[str, Sequence[str]]) -> tuple[list[_Branch], str]:
    if rest.startswith("..") or rest[0] == "~":
        crossing = rest[0] == "~"
        rest = rest[1:] if crossing else rest[2:]
        digits = len(rest) - len(rest.lstrip("0123456789"))
        gap = int(rest[:digits] or 0)
        if not 0 < gap <= MAX_GAP or not rest[digits:] or rest[digits] in "|)":
            raise ValueError(f"a gap needs a length from 1 to {MAX_GAP} and something after it")
        return [_Branch((), gap, crossing)], rest[digits:]
    if rest[0] == "(":
        options, rest = _group(rest[1:], classes)
        return ([*options, _Branch()], rest[1:]) if rest.startswith("?") else (options, rest)
    if rest[0] in "#$":
        return [_Branch(((NUMBER if rest[0] == "#" else END, 0, False),))], rest[1:]
    if rest[0] == "<":
        name, closed, rest = rest[1:].partition(">")
        if not closed or name not in classes:
            raise ValueError(f"no such word class: <{name}>")
        words = frozenset(w for word in classes[name] for w in _word(word))
        return [_Branch(((words, 0, False),))], rest
    end = next((i for i, c in enumerate(rest) if c in "(<#~^!$?)>|" or rest.startswith("..", i)), len(rest))
    if not end:
        raise ValueError(f"unexpected {rest[0]!r}")
    word, rest = rest[:end], rest[end:]
    whole = _Branch(((_word(word), 0, False),))
    if not rest.startswith("?"):
        return [whole], rest
    return [whole, _Branch(((_word(word[:-1]), 0, False),) if word[:-1] else ())], rest[1:]


def _group(rest: str, classes: Mapping[str, Sequence[str]]) -> tuple[list[_Branch], str]:
    """Read ``a|b|c)``; alternatives that are one word each are joined to one class."""
    plain: frozenset[str] = frozenset()
    compound: list[_Branch] = []
    while True:
        branches, rest = _sequence(rest, classes)
        for branch in branches:
            words = branch.parts[0][0] if len(branch.parts) == 1 and not branch.gap else NUMBER
            if isinstance(words, frozenset):
                plain |= words
            elif branch.parts:
                compound.append(branch)
            else:
                raise ValueError("an alternative is empty")
        if not rest:
            raise ValueError("a bracket is not closed")
        closed, rest = rest[0] == ")", rest[1:]
        if closed:
            return ([_Branch(((plain, 0, False),))] if plain else []) + compound, rest


def _word(word: str) -> frozenset[str]:
    folded = fold_word(word)
    if not folded:
        raise ValueError(f"{word!r} is empty once folded")
    return frozenset([folded])


def find(pattern: Pattern, hits: Hits, place: Place) -> list[Found]:
    """All places where the pattern matches: for each end the nearest start. Linear in the length of the text."""
    first, last = pattern.elements[0], pattern.elements[-1]
    text = place.text
    starts = _all_numbers(text) if first.words == NUMBER else hits[first.words]
    if not starts or (last.words >= 0 and hits[last.words][-1][0] < starts[0][0]):
        return []
    states = [Found(s, e, ((s, e),)) for s, e in starts]
    if pattern.at_start:
        states = [f for f in states if _opens(text, f.start, place.breaks)]
    elif pattern.affirmed:
        states = [f for f in states if text[max(0, f.start - 1) : f.start] not in _NEGATIONS]
    for element in pattern.elements[1:]:
        if not states:
            return []
        states = _extend(states, element, hits, place)
    return states


def _extend(states: list[Found], element: Element, hits: Hits, place: Place) -> list[Found]:
    if element.words == END:
        return [f for f in states if _closes(place.text, f.end, element.gap)]
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
            if (
                text[i] in NUMERALS
                and (i == start or text[i - 1] not in NUMERALS)
                and not (i and text.startswith(_NO_NUMBER, i - 1))
            ):
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
        (i, _number_end(text, i))
        for i, c in enumerate(text)
        if c in NUMERALS and (not i or (text[i - 1] not in NUMERALS and not text.startswith(_NO_NUMBER, i - 1)))
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


def _closes(text: str, end: int, gap: int) -> bool:
    """Whether only particles stand between ``end`` and the end of the clause, or that is at most ``gap`` away."""
    for at in range(end, end + max(gap, _LONGEST_OPENING) + 1):
        if at >= len(text) or text[at] in BREAKS:
            return True
        if text[at] not in _PARTICLES and at - end >= gap:
            return False
    return False
