"""Where one message may fall into two: at blanks (punctuation), at connectives and, failing these, between words."""

import re
from collections.abc import Sequence

_CONNECTIVE = re.compile(r"还有就是|还有一个|还有个问题|还有|另外|顺便|再问一下|再问下|对了|以及|并且|而且|然后")
_PARTICLES = frozenset("了吗呢吧啊呀嘛哦不么的")
MAX_CUTS = 16
SHORTEST = 2
"""Characters that a part must have to say anything."""


def cuts(view: str, words: Sequence[str]) -> list[int]:
    """Positions at which a view may be cut in two, ascending, at most ``MAX_CUTS``.

    ``words`` are the view's words in order. Between words it is cut only where there is no stronger mark.
    """
    latest = len(view) - SHORTEST
    marks = {i for i, c in enumerate(view) if c == " "} | {m.start() for m in _CONNECTIVE.finditer(view)}
    strong = sorted(p for p in marks if SHORTEST <= p <= latest)
    if strong:
        return strong[:MAX_CUTS]
    position, between = 0, []
    for word in words:
        position += len(word)
        if SHORTEST <= position <= latest:
            between.append(position)
    return between[:MAX_CUTS]


def marked(view: str, place: int) -> bool:
    """Whether the buyer divided a view at ``place`` by a blank or punctuation."""
    return view[place] == " "


def closed(view: str, place: int) -> bool:
    """Whether what stands before ``place`` ends as sentences end: with a particle (了, 吗, 吧 …)."""
    return view[place - 1] in _PARTICLES
