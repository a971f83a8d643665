"""What is too much: messages in a minute, two bots that talk to each other, the same answer again and again.

The meters and the memory of recent talk live in the process and are bounded; a restart begins them anew.
"""

import json
import re
import zlib
from collections import OrderedDict, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz

from autoreply.model import Behaviour, ConversationKey, Turn
from autoreply.pipeline import Result

PERIOD = 60.0
"""Seconds over which messages are counted."""

SAME_TIMES = 3
"""The same answer is not given this often in a row."""

SAME_WITHIN = 1800.0
"""Seconds after which an answer may be said again as if it were new."""

COURTESIES = frozenset({"thanks", "bye", "ack"})
"""Intents whose answer, said often enough, needs neither another one nor a person."""

FAST = 3.0
"""Seconds: whoever reads an answer and writes the next line sooner, again and again, is no person."""

NEAR = 90.0
"""Percent of likeness from which two texts are near-identical; order numbers pasted one by one are not."""

LOOP_TIMES = 6
"""Near-identical lines in a row, each inhumanly fast, after which the other side is taken for a bot."""

_TALKS = 5_000
"""Conversations whose last lines are remembered, the latest ones."""

_DIGITS = re.compile(r"\d+")

_TEXT = 200
"""Characters of a text that are compared."""


class Meter:
    """Counts events of each key over the last minute (a leaky bucket of ``limit``, two numbers a key)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._level: dict[Hashable, tuple[float, float]] = {}
        self._swept = 0.0

    def full(self, key: Hashable, now: float) -> bool:
        """One more event would be too much."""
        return self._now(key, now) + 1 > self.limit

    def add(self, key: Hashable, now: float) -> bool:
        """Count an event; whether it is one too many. Those are counted too, up to a further minute's worth."""
        level = self._now(key, now) + 1
        self._level[key] = min(level, 2.0 * self.limit), now
        if now - self._swept > PERIOD or now < self._swept:
            self._sweep(now)
        return level > self.limit

    def _now(self, key: Hashable, now: float) -> float:
        level, at = self._level.get(key, (0.0, now))
        if at > now:  # the clock was set back
            return 0.0
        return max(0.0, level - (now - at) * self.limit / PERIOD)

    def _sweep(self, now: float) -> None:
        """Forget keys that have run empty: whoever is idle costs nothing."""
        self._swept = now
        self._level = {key: value for key, value in self._level.items() if self._now(key, now) > 0}

    def __len__(self) -> int:
        return len(self._level)


class Floods:
    """Buyers who write more than ``limit`` messages a minute: from the first one too many until a minute of calm."""

    def __init__(self, limit: int) -> None:
        self._meter = Meter(limit)
        self._until: dict[Hashable, float] = {}

    def heard(self, buyer: Hashable, now: float) -> None:
        """The buyer has written."""
        if self._meter.add(buyer, now):
            self._until = {b: until for b, until in self._until.items() if until > now}
            self._until[buyer] = now + PERIOD

    def flooding(self, buyer: Hashable, now: float) -> bool:
        """The buyer is at it."""
        return now < self._until.get(buyer, 0.0) <= now + PERIOD


@dataclass(slots=True)
class _Talk:
    """The last lines of both sides, when the bot last spoke, and how often in a row the answer to it came too fast."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    spoke: float | None = None
    times: int = 0
    seq: int = 0
    """The message that ``times`` was last counted for: a turn that is made again counts once."""


class Loops:
    """Notices a bot on the other side: near-identical lines, ``LOOP_TIMES`` in a row inhumanly soon after an answer."""

    def __init__(self) -> None:
        self._talks: OrderedDict[ConversationKey, _Talk] = OrderedDict()

    def heard(self, turn: Turn) -> bool:
        """The other side has said this; whether it is a bot."""
        talk = self._talks.get(turn.key)
        if talk is None or talk.spoke is None:
            return False
        if talk.seq == turn.messages[0].seq:
            return talk.times >= LOOP_TIMES
        talk.seq = turn.messages[0].seq
        text = turn.text[:_TEXT]
        soon = 0 <= turn.messages[0].received_at - talk.spoke < FAST
        again = bool(text) and any(_near(text, line) for line in talk.lines)
        talk.times = talk.times + 1 if soon and again else 0
        return talk.times >= LOOP_TIMES

    def spoke(self, turn: Turn, replies: tuple[str, ...], now: float) -> None:
        """The bot has answered."""
        talk = self._talks.setdefault(turn.key, _Talk())
        self._talks.move_to_end(turn.key)
        talk.lines.extend(text[:_TEXT] for text in (turn.text, *replies))
        talk.spoke = now
        if len(self._talks) > _TALKS:
            self._talks.popitem(last=False)


def _near(text: str, other: str) -> bool:
    return fuzz.ratio(text, other) >= NEAR and _DIGITS.findall(text) == _DIGITS.findall(other)


def count_answer(result: Result, before: Mapping[str, Any], *, now: float, handoff_open: bool) -> int:
    """How often in a row this answer has now been given, this time included; notes it in the result's state.

    Same is: the same texts of the catalogue, whichever variant, for the same facts and numbers in the buyer's words;
    or, where a plugin has words of its own, the very same text. What says nothing leaves the row as it is, all else
    ends it. Once a person has given the conversation back, it begins anew.
    """
    last = before.get("answered")
    if result.behaviour is not Behaviour.ANSWER:
        if result.behaviour is not Behaviour.SILENT:
            result.state.pop("answered", None)
        return 0
    mark, times = _mark(result, before), 1
    if last and last["mark"] == mark and 0 <= now - last["at"] <= SAME_WITHIN:
        times = last["times"] + 1
        if last["times"] >= SAME_TIMES and not handoff_open and not courtesy(result):
            times = 1
    result.state["answered"] = {"mark": mark, "times": times, "at": round(now, 3)}
    return times


def courtesy(result: Result) -> bool:
    """The answer is a courtesy and nothing more."""
    return bool(result.intents) and COURTESIES.issuperset(result.intents)


def _mark(result: Result, before: Mapping[str, Any]) -> int:
    """A number that is the same for the same answer."""
    used, had = result.state.get("said", {}), before.get("said", {})
    keys = sorted(key for key, count in used.items() if count != had.get(key, 0))
    slots = sorted(result.trace.of("understand").get("slots", {}).items())
    texts = [spoken.released.text for spoken in result.replies] if not keys else []
    numbers = _DIGITS.findall(result.turn.text)
    return zlib.crc32(json.dumps([result.intents, keys, slots, numbers, texts], ensure_ascii=False).encode())
