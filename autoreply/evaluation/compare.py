"""Two runs over the same lines: which lines changed, for better or worse."""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from pydantic import BaseModel, ConfigDict

from .outcome import Outcome, Worth
from .scores import SHARES, Report


class Change(BaseModel):
    """One line in both runs."""

    model_config = ConfigDict(frozen=True)

    before: Outcome
    after: Outcome


class Comparison(BaseModel):
    """What changed. Lines are the same when their texts are; labels are those of the later run."""

    model_config = ConfigDict(frozen=True)

    base: str
    """Hash of the earlier run's catalogue."""
    scores: dict[str, tuple[float | None, float | None]]
    """Each share before and after."""
    better: tuple[Change, ...]
    worse: tuple[Change, ...]
    same: int
    """Lines in both runs that are as good as before."""
    added: int
    """Lines of the later run only."""
    gone: int
    """Lines of the earlier run only."""


def compare(base: Report, now: Report) -> Comparison:
    """Judge each line of ``now`` against the same line of ``base``.

    A line got better when it is worth more (see ``Worth``), or worth as much and its likeliest intent has become right.
    """
    earlier = dict(_numbered(base.results))
    better: list[Change] = []
    worse: list[Change] = []
    same = added = 0
    for key, after in _numbered(now.results):
        before = earlier.pop(key, None)
        if before is None:
            added += 1
            continue
        before = before.model_copy(update={"labels": after.labels})
        if _rank(after) == _rank(before):
            same += 1
        else:
            (better if _rank(after) > _rank(before) else worse).append(Change(before=before, after=after))
    return Comparison(
        base=base.catalogue,
        scores={name: (getattr(base.scores, name), getattr(now.scores, name)) for name in SHARES},
        better=tuple(better),
        worse=tuple(worse),
        same=same,
        added=added,
        gone=len(earlier),
    )


def _numbered(results: Iterable[Outcome]) -> Iterable[tuple[tuple[str, int], Outcome]]:
    """Each outcome under its text and the how-many-eth line with that text it is."""
    seen: Counter[str] = Counter()
    for outcome in results:
        seen[outcome.text] += 1
        yield (outcome.text, seen[outcome.text]), outcome


def _rank(outcome: Outcome) -> tuple[int, bool]:
    return get_args(Worth).index(outcome.worth), outcome.top_right
