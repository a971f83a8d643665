"""The pattern language of the rulebooks, matched in linear time on the words that one Aho-Corasick pass found.

====================  ===========================================================================================
``发票``              these characters
``(开|出具|#元)``      any of these; an alternative may be a pattern itself: ``(<can>|可)``
``<invoice>``         a word of the class ``invoice``
``(的|了)?`` ``的?``   may be missing; without a bracket the last character
``..6``               up to 6 characters, all in the same clause
``~6``                up to 6 characters, which may hold a comma but not the end of a sentence
``~~6``               up to 6 characters, which may hold anything
``<a> & <b>``         both in one sentence in either order, up to 24 characters apart; three at most
``<a> && <b>``        both in the text in either order, up to 48 characters apart; three at most
``#``                 a number: digits or Chinese numerals
``^``                 first in a pattern: start of a clause, not counting terms of address
``!``                 first in a pattern: no negation right before it
``$``                 last in a pattern or alternative: end of a clause, not counting particles
====================  ===========================================================================================
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from autoreply.compliance.normalise import BREAKS, STOPS, fold_word

NUMBER = -1
"""Class number of ``#``; its hits are looked up in the text and not found by words."""
END = -2
"""Class number of ``$``."""
MAX_GAP = 30
MAX_GAP_ACROSS = 60
CLAUSE, SENTENCE, TEXT = 0, 1, 2
"""What a gap may not leave."""
MAX_BRANCHES = 48
_APART = {" & ": "~24", " && ": "~~48"}
_MAX_PARTS = 3
_MAX_MERGED = 40
_MAX_SPELLED = 1000
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
_FEW = 8
"""Hits that are looked through one by one."""
_NEGATIONS = frozenset("不没无未别勿")
_NO_NUMBER = ("小二", "统一", "唯一", "第一")

_SPECIAL = re.compile(r"[(<#~^!$?)>|]|\.\.")
_BREAK = re.compile(f"[{re.escape(''.join(sorted(BREAKS)))}]")

_Part = tuple[frozenset[str] | int, int, int]
Ways = tuple[tuple[_Part, ...], ...]
"""A pattern as read, before its words have numbers."""
"""Words or a class number, the gap before it, and what that gap may not leave."""
Hit = tuple[int, int]
_State = tuple[int, int, tuple[Hit, ...]]
"""A match so far: start, end and the places of its parts."""
Hits = Mapping[int, Sequence[Hit]]


class Element(NamedTuple):
    """One part of a pattern: a word class and how far it may be from the part before it."""

    words: int
    gap: int = 0
    within: int = CLAUSE


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern without optional parts. ``source`` is what the rulebook writes."""

    source: str
    elements: tuple[Element, ...]
    at_start: bool
    affirmed: bool


class Found(NamedTuple):
    """Where a pattern matched in a folded text, and where each of its parts did."""

    start: int
    end: int
    parts: tuple[Hit, ...]


class Place(NamedTuple):
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
    within: int = CLAUSE

    def then(self, other: "_Branch") -> "_Branch":
        if not other.parts:
            return _Branch(self.parts, self.gap + other.gap, max(self.within, other.within))
        words, gap, within = other.parts[0]
        first = (words, self.gap + gap, max(self.within, within))
        return _Branch((*self.parts, first, *other.parts[1:]), other.gap, other.within)


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
    for joint, gap in _APART.items():
        if joint in source:
            orders = permutations(_parts_of(source, joint))
            either = [p for order in orders for p in parse(gap.join(order), class_of, classes, known)]
            return [replace(p, source=source) for p in either]
    at_start, affirmed = source.startswith("^"), source.startswith("!")
    if (ways := known.get(source)) is None:
        ways = known[source] = _ways(source[at_start or affirmed :], classes)
    compiled = []
    for parts in ways:
        elements = tuple(
            Element(words if isinstance(words, int) else class_of(words), gap if i else 0, within)
            for i, (words, gap, within) in enumerate(parts)
        )
        if all(e.words < 0 for e in elements) or elements[0].words == END:
            raise ValueError("a pattern needs a word besides numbers and borders")
        compiled.append(Pattern(source, elements, at_start, affirmed))
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
    for words, gap, within in parts[1:]:
        before, its_gap, its_within = merged[-1]
        if gap or isinstance(words, int) or isinstance(before, int) or len(words) * len(before) > _MAX_MERGED:
            merged.append((words, gap, within))
        else:
            merged[-1] = frozenset(a + b for a in before for b in words), its_gap, its_within
    return merged


def _parts_of(source: str, joint: str) -> list[str]:
    parts = source.split(joint)
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
        within = CLAUSE if rest[0] == "." else TEXT if rest.startswith("~~") else SENTENCE
        rest = rest[1:] if within == SENTENCE else rest[2:]
        digits = len(rest) - len(rest.lstrip("0123456789"))
        gap, most = int(rest[:digits] or 0), MAX_GAP_ACROSS if within == TEXT else MAX_GAP
        if not 0 < gap <= most or not rest[digits:] or rest[digits] in "|)":
            raise ValueError(f"a gap needs a length from 1 to {most} and something after it")
        return [_Branch((), gap, within)], rest[digits:]
    if rest[0] == "(":
        options, rest = _group(rest[1:], classes)
        return ([*options, _Branch()], rest[1:]) if rest.startswith("?") else (options, rest)
    if rest[0] in "#$":
        return [_Branch(((NUMBER if rest[0] == "#" else END, 0, CLAUSE),))], rest[1:]
    if rest[0] == "<":
        name, closed, rest = rest[1:].partition(">")
        if not closed or name not in classes:
            raise ValueError(f"no such word class: <{name}>")
        return [_Branch(((words_of(name, classes), 0, CLAUSE),))], rest
    special = _SPECIAL.search(rest)
    end = special.start() if special else len(rest)
    if not end:
        raise ValueError(f"unexpected {rest[0]!r}")
    word, rest = rest[:end], rest[end:]
    whole = _Branch(((_word(word), 0, CLAUSE),))
    if not rest.startswith("?"):
        return [whole], rest
    return [whole, _Branch(((_word(word[:-1]), 0, CLAUSE),) if word[:-1] else ())], rest[1:]


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
            return ([_Branch(((plain, 0, CLAUSE),))] if plain else []) + compound, rest


def words_of(name: str, classes: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The words of a class, folded; an entry such as ``(不|没法)(开|办)`` or ``<can>的?`` stands for all it spells.

    Raises:
        ValueError: an entry is malformed, spells more than a thousand words or holds a gap, a number or a border.
    """
    words, spelled = _split(tuple(classes[name]))
    try:
        return words.union(*(_spelled(entry, classes) for entry in spelled))
    except RecursionError:
        raise ValueError(f"the word class <{name}> holds itself") from None


@lru_cache(maxsize=4096)
def _split(entries: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The plain words of a class, and its entries that spell several."""
    spelled = tuple(e for e in entries if _SPECIAL.search(e))
    return frozenset(w for e in entries if e not in spelled for w in _word(e)), spelled


def _spelled(entry: str, classes: Mapping[str, Sequence[str]]) -> frozenset[str]:
    branches, rest = _sequence(entry, classes)
    found: frozenset[str] = frozenset()
    for branch in branches:
        words = frozenset([""])
        for part, gap, _ in branch.parts:
            if isinstance(part, int) or gap or len(words) * len(part) > _MAX_SPELLED:
                raise ValueError(f"{entry!r} is no class entry: no gap, number or border, {_MAX_SPELLED} words at most")
            words = frozenset(a + b for a in words for b in part)
        found |= words
    if rest or branches[-1].gap or "" in found:
        raise ValueError(f"{entry!r} is no class entry")
    return found


def _word(word: str) -> frozenset[str]:
    folded = fold_word(word)
    if not folded:
        raise ValueError(f"{word!r} is empty once folded")
    return frozenset([folded])


def find(pattern: Pattern, hits: Hits, place: Place) -> list[Found]:
    """All places where the pattern matches: for each end the nearest start. Linear in the length of the text."""
    elements, text = pattern.elements, place.text
    if not _possible(elements, hits):
        return []
    first = elements[0].words
    states: list[_State] = [(hit[0], hit[1], (hit,)) for hit in (_all_numbers(text) if first < 0 else hits[first])]
    if pattern.at_start:
        states = [s for s in states if _opens(text, s[0], place.breaks)]
    elif pattern.affirmed:
        states = [s for s in states if text[max(0, s[0] - 1) : s[0]] not in _NEGATIONS]
    for element in elements[1:]:
        if not states:
            return []
        states = _extend(states, element, hits, place)
    return [Found._make(s) for s in states]


def _possible(elements: Sequence[Element], hits: Hits) -> bool:
    """Whether all words are there and, as far as a glance tells, in order and near enough."""
    before: Sequence[Hit] = ()
    for words, gap, _ in elements:
        if words < 0:
            before = ()
            continue
        there = hits[words]
        if not there:
            return False
        if before and (there[-1][0] <= before[0][0] or (len(before) == 1 and there[0][0] > before[0][1] + gap)):
            return False
        before = there
    return True


def _extend(states: list[_State], element: Element, hits: Hits, place: Place) -> list[_State]:
    words, gap, within = element
    if words == END:
        return [s for s in states if _closes(place.text, s[1], gap)]
    borders = place.breaks if within == CLAUSE else place.stops if within == SENTENCE else ()
    found: dict[int, _State] = {}
    candidates = None if words == NUMBER else hits[words]
    for first, before, parts in states:
        if candidates is None:
            nearby: Iterable[Hit] = _number_near(before, gap, place.text)
        elif len(candidates) <= _FEW:
            nearby = candidates
        else:
            nearby = map(candidates.__getitem__, range(bisect_left(candidates, (before, 0)), len(candidates)))
        for hit in nearby:
            start, end = hit
            if start < before:
                continue
            if start > before + gap:
                break
            if start > before and borders and bisect_left(borders, before) != bisect_left(borders, start):
                break
            best = found.get(end)
            if best is None or first > best[0]:
                found[end] = first, end, (*parts, hit)
    return list(found.values())


def _number_near(start: int, gap: int, text: str) -> list[Hit]:
    """The first number that begins in ``[start, start + gap]``."""
    for i in range(start, min(start + gap + 1, len(text))):
        if (
            text[i] in NUMERALS
            and (i == start or text[i - 1] not in NUMERALS)
            and not (i and text.startswith(_NO_NUMBER, i - 1))
        ):
            return [(i, _number_end(text, i))]
    return []


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
