"""A shop's figures, measured on the conversations themselves as platforms measure them; see ``docs/figures.md``.

A round begins with a buyer's first line that has no answer yet and ends with the next word of bot or agent. Rounds
count that begin in staffed hours; one without an answer counts as not answered in time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from statistics import median
from zoneinfo import ZoneInfo

from autoreply.facts import Shop
from autoreply.journal.figures import Decided, Said
from autoreply.model import Behaviour, ConversationKey

PROMPT = 10.0
"""Seconds within which a buyer should be greeted; where that comes from is told in ``docs/figures.md``."""

IN_TIME = 180.0
"""Seconds of the platforms' three-minute figure."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round. ``wait`` is in seconds, None where nobody has answered."""

    key: ConversationKey
    at: float
    first: bool
    wait: float | None = None


def rounds(said: Iterable[Said], shop: Shop) -> list[Round]:
    """The rounds of all conversations; the first of each conversation and day (shop time) is ``first``.

    ``said`` is grouped by conversation and in order.
    """
    zone = ZoneInfo(shop.timezone)
    found: list[Round] = []
    for key, lines in groupby(said, lambda s: s.key):
        begun: float | None = None
        days = set()
        for line in [*lines, None]:
            if line is not None and line.who == "buyer":
                begun = line.at if begun is None else begun
            elif begun is not None:
                day = datetime.fromtimestamp(begun, zone).date()
                found.append(Round(key, begun, day not in days, None if line is None else line.at - begun))
                days.add(day)
                begun = None
    return found


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits in seconds, and the shares of rounds (0..1) answered promptly and in time. None: there were no rounds."""

    rounds: int
    median: float | None
    p95: float | None
    prompt: float | None
    in_time: float | None


def waits(found: Sequence[Round]) -> Waits:
    """Figures of some rounds; those without an answer count in the shares and not in the waits."""
    known = sorted(r.wait for r in found if r.wait is not None)
    return Waits(
        len(found),
        median(known) if known else None,
        known[min(len(known) - 1, int(0.95 * len(known)))] if known else None,
        sum(w <= PROMPT for w in known) / len(found) if found else None,
        sum(w <= IN_TIME for w in known) / len(found) if found else None,
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a span of time.

    ``every`` and ``first``: all rounds in staffed hours, and the first of each conversation and day. The ``_by_agent``
    ones count a person's word alone. ``people``: from the call for a person, in staffed hours too, to that person's
    first word.
    """

    turns: int
    behaviours: dict[str, int]
    reasons: dict[str, int]
    every: Waits
    first: Waits
    every_by_agent: Waits
    first_by_agent: Waits
    people: Waits


def figures(
    said: Sequence[Said], decided: Sequence[Decided], called: Iterable[tuple[ConversationKey, float]], shop: Shop
) -> Figures:
    """Figures of what was said, decided and asked of people."""
    every = _staffed(rounds(said, shop), shop)
    by_agent = _staffed(rounds((line for line in said if line.who != "bot"), shop), shop)
    own = [d for d in decided if d.behaviour != Behaviour.HOLD]
    return Figures(
        turns=len(own),
        behaviours=dict(Counter(d.behaviour for d in own).most_common()),
        reasons=dict(Counter(d.reason for d in own if d.reason).most_common()),
        every=waits(every),
        first=waits([r for r in every if r.first]),
        every_by_agent=waits(by_agent),
        first_by_agent=waits([r for r in by_agent if r.first]),
        people=waits(_staffed(_calls(said, called), shop)),
    )


def _staffed(found: Iterable[Round], shop: Shop) -> list[Round]:
    zone = ZoneInfo(shop.timezone)
    return [r for r in found if shop.hours.staffed(datetime.fromtimestamp(r.at, zone))]


def _calls(said: Iterable[Said], called: Iterable[tuple[ConversationKey, float]]) -> list[Round]:
    """Each call for a person as a round of its own, answered by that person's first word after it."""
    words: dict[ConversationKey, list[float]] = defaultdict(list)
    for line in said:
        if line.who == "agent":
            words[line.key].append(line.at)
    found = []
    for key, at in called:
        answer = next((w for w in words[key] if w >= at), None)
        found.append(Round(key, at, True, None if answer is None else answer - at))
    return found
