"""From what became of labelled lines to figures. ``docs/evaluation.md`` defines each of them for operators."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, ConfigDict

from autoreply.model import NONE

from .outcome import Outcome

AIM = 0.95
"""Precision at which ``coverage95`` is read: of twenty answers one may be wrong."""
BINS = 10
POINTS = 100
"""Points of a coverage–precision curve that are kept."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True)


class Scores(_Data):
    """The figures of a whole run. Shares are 0..1, None where no line could show them."""

    lines: int
    with_intent: int
    """Lines that carry an intent."""
    none: int
    """Lines that carry none."""
    two: int
    """Lines that carry exactly two."""
    answers: int
    """Lines that were answered at the thresholds of the run."""
    top1: float | None
    """Among lines with an intent: the likeliest intent is one of the line's labels."""
    coverage: float | None
    """Among lines with an intent: they were answered, rightly or not."""
    precision: float | None
    """Among all lines answered: each intent acted upon is one of the line's labels. A line without one is wrong."""
    coverage95: float | None
    """The best coverage of :func:`sweep` among thresholds at which at least 95 % of all answers are right; 0 where
    there is no such threshold."""
    threshold95: float | None
    """The threshold that gives ``coverage95``."""
    none_answered: float | None
    """Among lines without an intent: they were answered."""
    both_found: float | None
    """Among lines with exactly two intents: they are the two likeliest."""
    both_answered: float | None
    """Among lines with exactly two intents: both were acted upon."""
    ece: float | None
    """Expected calibration error: distance between confidence and share right, averaged over the bins of
    :func:`reliability`, each weighted with its lines."""


SHARES = ("top1", "coverage", "precision", "coverage95", "none_answered", "both_found", "both_answered", "ece")
"""The scores that a floor or a ceiling can be given for."""


class IntentScore(_Data):
    """One intent (or ``none``). A line is taken for the intents acted upon or, unanswered, for its likeliest one."""

    slug: str
    support: int
    """Lines that carry the label."""
    taken: int
    """Lines taken for it."""
    precision: float | None
    """Among lines taken for it: they carry the label."""
    recall: float | None
    """Among lines that carry the label: they are taken for it."""
    answers: int
    """Lines on which it was acted upon."""
    answers_right: int
    """… and which carry the label."""


class Confusion(_Data):
    """Lines whose likeliest intent is none of their labels. A line without an intent counts only when it was answered:
    left to a person it is where it belongs."""

    label: str
    """The most prominent label."""
    taken_for: str
    lines: int
    answered: int
    """… of which a wrong answer went out."""
    sample: str
    """The line that was most confidently misunderstood."""


class CurvePoint(_Data):
    """What holds when every line whose best intent reaches ``threshold`` is answered by that intent."""

    threshold: float
    coverage: float
    precision: float
    none_answered: float


class Bin(_Data):
    """Lines whose likeliest intent (``none`` counts as one) has a confidence of ``[low, high)``; the last holds 1."""

    low: float
    high: float
    lines: int
    confidence: float | None
    """Their mean confidence."""
    right: float | None
    """The share of them whose likeliest intent is one of their labels."""


class Report(_Data):
    """A whole run, as ``eval --json`` writes and ``eval --compare`` reads it."""

    format: Literal[1] = 1
    source: str
    """The file, or what else the lines came from."""
    catalogue: str
    """Hash of the catalogue."""
    extras: str = ""
    """What the matcher knows beside words (:attr:`autoreply.understanding.Extras.mark`); empty in a base install."""
    threshold: float
    margin: float
    scores: Scores
    intents: tuple[IntentScore, ...]
    confusions: tuple[Confusion, ...]
    curve: tuple[CurvePoint, ...]
    reliability: tuple[Bin, ...]
    results: tuple[Outcome, ...]

    @property
    def install(self) -> str:
        """Which install was measured, in words."""
        return f"words and {self.extras}" if self.extras else "words alone (base install)"


def report(
    results: Sequence[Outcome], *, source: str, catalogue: str, threshold: float, margin: float, extras: str = ""
) -> Report:
    """All figures of a run."""
    curve, bins = sweep(results), reliability(results)
    return Report(
        source=source,
        catalogue=catalogue,
        extras=extras,
        threshold=threshold,
        margin=margin,
        scores=_scores(results, curve, bins),
        intents=by_intent(results),
        confusions=confusions(results),
        curve=_thinned(curve),
        reliability=bins,
        results=tuple(results),
    )


def _scores(results: Sequence[Outcome], curve: Sequence[CurvePoint], bins: Sequence[Bin]) -> Scores:
    intent = [r for r in results if r.has_intent]
    none = [r for r in results if not r.has_intent]
    two = [r for r in intent if len(r.labels) == 2]
    answered = [r for r in results if r.answered]
    best = max((p for p in curve if p.precision >= AIM), key=lambda p: p.coverage, default=None)
    return Scores(
        lines=len(results),
        with_intent=len(intent),
        none=len(none),
        two=len(two),
        answers=len(answered),
        top1=_share([r.top_right for r in intent]),
        coverage=_share([bool(r.answered) for r in intent]),
        precision=_share([r.worth == "right" for r in answered]),
        coverage95=None if not intent else best.coverage if best else 0.0,
        threshold95=best.threshold if best else None,
        none_answered=_share([bool(r.answered) for r in none]),
        both_found=_share([set(r.labels) == set(r.ranked[:2]) for r in two]),
        both_answered=_share([set(r.labels) <= set(r.answered) for r in two]),
        ece=_calibration_error(bins),
    )


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def _calibration_error(bins: Sequence[Bin]) -> float | None:
    lines = sum(b.lines for b in bins)
    gaps = (b.lines * abs(b.confidence - b.right) for b in bins if b.confidence is not None and b.right is not None)
    return round(sum(gaps) / lines, 4) if lines else None


def sweep(results: Sequence[Outcome]) -> list[CurvePoint]:
    """Coverage and precision at every threshold that makes a difference, the highest first.

    One number decides on a line: the confidence of its likeliest intent. A line whose likeliest intent is ``none`` is
    never answered, the margin and second intents play no part, and an answer is right when that one intent is one of
    the line's labels. So the curve judges the confidence itself, whatever thresholds are set.
    """
    candidates = sorted((r for r in results if r.top != NONE), key=lambda r: -r.confidence)
    with_intent = sum(r.has_intent for r in results)
    none = len(results) - with_intent
    answers = right = covered = 0
    points = []
    for threshold, same in groupby(candidates, key=lambda r: r.confidence):
        for outcome in same:
            answers += 1
            right += outcome.top_right
            covered += outcome.has_intent
        points.append(
            CurvePoint(
                threshold=threshold,
                coverage=round(covered / max(with_intent, 1), 4),
                precision=round(right / answers, 4),
                none_answered=round((answers - covered) / max(none, 1), 4),
            )
        )
    return points


def _thinned(curve: Sequence[CurvePoint]) -> tuple[CurvePoint, ...]:
    step = max(1, -(-len(curve) // POINTS))
    return tuple(p for i, p in enumerate(curve, 1) if i % step == 0 or i == len(curve))


def reliability(results: Sequence[Outcome]) -> tuple[Bin, ...]:
    """Confidence against the share that is right, in ``BINS`` bins of equal width. Lines that say nothing are left
    out."""
    bins: list[list[Outcome]] = [[] for _ in range(BINS)]
    for outcome in results:
        if outcome.ranked:
            bins[min(int(outcome.confidence * BINS), BINS - 1)].append(outcome)
    return tuple(
        Bin(
            low=i / BINS,
            high=(i + 1) / BINS,
            lines=len(held),
            confidence=round(sum(r.confidence for r in held) / len(held), 4) if held else None,
            right=_share([r.top_right for r in held]),
        )
        for i, held in enumerate(bins)
    )


def by_intent(results: Sequence[Outcome]) -> tuple[IntentScore, ...]:
    """Every intent that occurs, those with most lines first; what occurs only as a mistake comes last."""
    support: Counter[str] = Counter(slug for r in results for slug in r.labels)
    taken: Counter[str] = Counter(slug for r in results for slug in r.taken)
    hits: Counter[str] = Counter(slug for r in results for slug in r.taken if slug in r.labels)
    answers: Counter[str] = Counter(slug for r in results for slug in r.answered)
    right: Counter[str] = Counter(slug for r in results for slug in r.answered if slug in r.labels)
    return tuple(
        IntentScore(
            slug=slug,
            support=support[slug],
            taken=taken[slug],
            precision=round(hits[slug] / taken[slug], 4) if taken[slug] else None,
            recall=round(hits[slug] / support[slug], 4) if support[slug] else None,
            answers=answers[slug],
            answers_right=right[slug],
        )
        for slug in sorted({*support, *taken}, key=lambda s: (-support[s], s))
    )


def confusions(results: Sequence[Outcome]) -> tuple[Confusion, ...]:
    """Pairs of label and mistake, the most frequent first."""
    pairs: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in results:
        if not outcome.top_right and outcome.worth != "right":
            pairs[outcome.labels[0], outcome.top].append(outcome)
    found = [
        Confusion(
            label=label,
            taken_for=top,
            lines=len(held),
            answered=sum(r.worth == "wrong" for r in held),
            sample=max(held, key=lambda r: r.confidence).text,
        )
        for (label, top), held in pairs.items()
    ]
    return tuple(sorted(found, key=lambda c: (-c.lines, -c.answered, c.label, c.taken_for)))
