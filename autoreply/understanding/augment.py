"""More training lines from the written ones: what buyers put around a question, and several things in one message."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from autoreply.model import NONE

SMALL_TALK = frozenset(("ack", "greeting", "bye", "thanks"))
"""Not labelled when anything else is said with it."""

_GREETINGS = "亲 你好 您好 请问 亲， 你好， 在吗 老板 掌柜的 客服 麻烦问一下 我想问下 想问一下 我想问"
_FILLERS = "那 那个 那就 这个 嗯 嗯嗯 额 哦 哦哦 好的 还有 另外 不是 就是"
_BEFORE = (*_GREETINGS.split(), *_FILLERS.split())
_AFTER = tuple("谢谢 谢谢啦 吧 呢 吗 啊 哦 亲 了 呀 哈 ，谢谢 ？ 好吧 在吗 麻烦了 哈亲 哒".split())  # noqa: SIM905
ANNOUNCED = "order_placed"
"""Buyers announce an order and ask or demand something in one breath: a fifth of the messages with two intents."""
BETWEEN = ("", "", "，", " ")
"""What stands between two sentences of one message."""
POLITE_SHARE = 0.4
COMPOSED_SHARE = 0.6
PAIR_SHARE = 0.6
"""Of the composed lines, those that hold two intents."""
ANNOUNCED_SHARE = 0.3
"""Of the pairs, those with an announcement."""
IMPORTANCE = 0.5
PAIR_IMPORTANCE = 0.5
"""Pairs are drawn more often than buyers write them, to learn all combinations, and count for less."""


class Line(NamedTuple):
    """A training line with its intents (``none`` alone for none) and how much it counts."""

    text: str
    slugs: tuple[str, ...]
    importance: float


def augment(lines: Sequence[Line], rng: random.Random) -> list[Line]:
    """Further lines made from hand-written ones, the same for the same ``rng`` state."""
    small = [x for x in lines if x.slugs[0] in SMALL_TALK]
    nothing = [x for x in lines if x.slugs[0] == NONE]
    intents = [x for x in lines if x.slugs[0] not in SMALL_TALK and x.slugs[0] != NONE]
    announced = [x for x in intents if x.slugs[0] == ANNOUNCED]
    if not intents:
        return []
    made = [_polite(x, rng) for x in rng.choices(intents + nothing, k=int(len(lines) * POLITE_SHARE))]
    for _ in range(int(len(lines) * COMPOSED_SHARE)):
        pair = rng.random() < PAIR_SHARE or not small or not nothing
        made.append(_pair(intents, announced, rng) if pair else _aside(small, nothing, intents, rng))
    return made


def _polite(line: Line, rng: random.Random) -> Line:
    text = line.text
    if rng.random() < 0.6:
        text = rng.choice(_BEFORE) + text
    if rng.random() < 0.5:
        text += rng.choice(_AFTER)
    return Line(text, line.slugs, IMPORTANCE)


def _aside(small: Sequence[Line], nothing: Sequence[Line], intents: Sequence[Line], rng: random.Random) -> Line:
    """Two lines as one message, of which one is labelled: small talk and what means nothing are not beside another."""
    draw = rng.random()
    if draw < 0.7:
        talk, line = rng.choice(small), rng.choice(intents if draw < 0.4 else nothing)
        first, second = (line, talk) if talk.slugs[0] in ("thanks", "bye") else (talk, line)
    else:
        line = rng.choice(intents)
        first, second = rng.sample((rng.choice(nothing), line), 2)
    return Line(first.text + rng.choice(BETWEEN) + second.text, line.slugs, IMPORTANCE)


def _pair(intents: Sequence[Line], announced: Sequence[Line], rng: random.Random) -> Line:
    """Two intents in one message. Who says two things at once says both briefly: each is the shortest of three."""
    first, second = (min(rng.choices(intents, k=3), key=_length) for _ in range(2))
    if announced and rng.random() < ANNOUNCED_SHARE:
        first = min(rng.choices(announced, k=3), key=_length)
    if rng.random() < 0.3:
        first, second = second, first
    slugs = tuple(dict.fromkeys(first.slugs + second.slugs))
    return Line(first.text + rng.choice(BETWEEN) + second.text, slugs, PAIR_IMPORTANCE)


def _length(line: Line) -> int:
    return len(line.text)
