"""Lines that were not understood, in groups: what buyers say again and again and the catalogue does not know."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from autoreply.model import Decision, Match
from autoreply.understanding import Catalogue, Understander
from autoreply.understanding.catalogue import key_of
from autoreply.understanding.features import view_of
from autoreply.understanding.index import Index

ALIKE = 0.65
"""Likeness (Indel ratio 0..1) from which two lines are neighbours."""
LIKE_LEADER = 0.55
"""Likeness to the line that a group is built around: it keeps chains of neighbours from wandering off."""
NEAR_INTENTS = 2
"""A line joins a group if the intent nearest to the group's first line is one of so many nearest to itself: 什么时候有
and 什么时候退 look alike and are not about one thing."""
_POLITE = re.compile(
    "请问一下|请问下|请问|问一下|问下|麻烦|你好|您好|亲爱的|老板|客服|谢谢|好的|这个|这款|那个"
    "|亲|嗯|那|哈|啊|呀|呢|吗|嘛|吧|哦|喔|了| "
)
"""What says nothing of the matter, so that lines are grouped by what does."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Lines that were not answered and say the same but for politeness and numbers."""

    core: str
    """What they are compared by."""
    texts: tuple[str, ...]
    """As written, the most frequent first, each once."""
    lines: int
    matches: tuple[Match, ...]
    """What the first of them was taken for."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines alike enough to be about one thing."""

    id: str
    """Six characters made from the lines themselves, so that an id never names another group."""
    lines: int
    texts: tuple[str, ...]
    """As written, the most frequent first, each once."""
    proposed: str
    """The nearest intent over all lines; ``none`` where the lines look like nothing in particular."""
    confidence: float
    """Mean confidence 0..1 of the proposal over the lines."""


def unmatched(understander: Understander, catalogue: Catalogue, texts: Iterable[str], length: int) -> list[Unmatched]:
    """The lines among ``texts`` that would not be answered, but for those in which nothing is said and those that the
    catalogue lists as lines without an intent. Most frequent first."""
    known = {key_of(t) for i in catalogue.intents.values() for t in (*i.examples, *i.negatives)}
    cores: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, tuple[Match, ...]] = {}
    for text, count in Counter(t.strip() for t in texts).items():
        seen = understander.understand(text[:length])
        if seen.decision in (Decision.ANSWER, Decision.SILENT) or key_of(text) in known:
            continue
        view = view_of(seen.clean)
        core = _POLITE.sub("", view) or view
        if core:
            cores[core][text] += count
            first.setdefault(core, seen.matches)
    found = [
        Unmatched(core, tuple(t for t, _ in counts.most_common()), counts.total(), first[core])
        for core, counts in cores.items()
    ]
    return sorted(found, key=lambda u: (-u.lines, u.core))


def grouped(found: Sequence[Unmatched]) -> list[Group]:
    """Groups of lines alike, largest first, in time that grows with the number of lines.

    An inverted index over pairs of characters gives each line its few nearest neighbours. From the line with most
    weight around it outwards, a group takes in neighbours of neighbours as long as they are like the first line too.
    """
    index = Index([u.core for u in found])
    near = [
        [(n, likeness) for n, likeness in index.nearest(u.core) if likeness >= ALIKE and n != i]
        for i, u in enumerate(found)
    ]
    around: list[set[int]] = [set() for _ in found]
    for i, neighbours in enumerate(near):
        for n, _ in neighbours:
            around[i].add(n)
            around[n].add(i)
    weight = [u.lines + sum(found[n].lines for n in around[i]) for i, u in enumerate(found)]
    free = set(range(len(found)))
    groups = []
    for leader in sorted(free, key=lambda i: (-weight[i], i)):
        if leader in free:
            groups.append(_group([found[i] for i in _members(leader, found, around, free)]))
    return sorted(groups, key=lambda g: (-g.lines, g.texts))


def _members(leader: int, found: Sequence[Unmatched], around: Sequence[set[int]], free: set[int]) -> list[int]:
    """The leader and what belongs to it, taken out of ``free``."""
    free.discard(leader)
    first = found[leader]
    members, place = [leader], 0
    while place < len(members):
        for n in sorted(around[members[place]] & free):
            near = [m.slug for m in found[n].matches[:NEAR_INTENTS]]
            if first.matches[0].slug in near and fuzz.ratio(first.core, found[n].core) >= 100 * LIKE_LEADER:
                free.discard(n)
                members.append(n)
        place += 1
    return members


def _group(members: Sequence[Unmatched]) -> Group:
    ordered = sorted(members, key=lambda u: (-u.lines, u.core))
    texts = tuple(t for u in ordered for t in u.texts)
    lines = sum(u.lines for u in ordered)
    proposed, total = _proposal(ordered)
    return Group(_id_of(texts), lines, texts, proposed, round(total / lines, 4))


def _proposal(members: Sequence[Unmatched]) -> tuple[str, float]:
    """The intent with the highest sum of confidences over all lines, ties by slug, and that sum."""
    totals: dict[str, float] = defaultdict(float)
    for member in members:
        for match in member.matches:
            totals[match.slug] += match.confidence * member.lines
    return min(totals.items(), key=lambda t: (-t[1], t[0]))


def _id_of(texts: Sequence[str]) -> str:
    joined = "\n".join(sorted(texts))
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:6]
