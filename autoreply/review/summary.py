"""What a file of texts comes to: how many break which rule, what is at stake, and the worst of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from autoreply.compliance import Rulebook
from autoreply.model import Action, AtStake, Finding, Severity, Verdict
from autoreply.review.sheets import Written

GRAVEST_FIRST = (Severity.BLOCK, Severity.REWRITE, Severity.WARN)


@dataclass(frozen=True, slots=True)
class Judged:
    """One text of a file and the gate's verdict on it."""

    written: Written
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that breaks a rule, where it stands first, and what might be said instead."""

    written: Written
    findings: tuple[Finding, ...]
    better: str
    times: int = 1

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it was found."""
        found = {n for f in self.findings for n in range(*f.span)}
        text = self.written.text
        cuts = [0, *(n for n in range(1, len(text)) if (n in found) != (n - 1 in found)), len(text)]
        return [(text[a:b], a in found) for a, b in pairwise(cuts) if b > a]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many texts break a rule, and the worst of them. Rules of which some findings only warn stand twice."""

    rule: str
    name: str
    name_en: str
    severity: Severity
    texts: int
    at_stake: tuple[AtStake, ...]
    suggestion: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Stake:
    """What several rules put at stake, each that was broken counted once.

    Points and yuan of one unit are added up: ``low`` and ``high`` differ where sources disagree or a figure is a range.
    Of anything else, such as "3 times the price", there is no sum: both are None, and ``unit`` holds the figure too.
    """

    unit: str
    low: Decimal | None
    high: Decimal | None
    parts: tuple[tuple[str, AtStake], ...]
    """Each rule with its figure."""


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it. ``texts`` counts every one, ``empty`` the blank ones among them."""

    texts: int
    empty: int
    distinct: int
    actions: dict[Action, int]
    rules: tuple[RuleCount, ...]
    stakes: tuple[Stake, ...]


@dataclass(slots=True)
class _Tally:
    texts: int = 0
    first: dict[str, Judged] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)


def summarise(judged: Sequence[Judged], rulebook: Rulebook, *, samples: int) -> Summary:
    """Count texts per action and rule, the gravest and most frequent first, ``samples`` of the worst for each rule."""
    tallies: dict[tuple[str, Severity], _Tally] = {}
    for one in judged:
        for key in {(f.rule, f.severity) for f in one.verdict.findings}:
            tally = tallies.setdefault(key, _Tally())
            tally.texts += 1
            tally.first.setdefault(one.written.text, one)
            tally.times[one.written.text] += 1
    order = sorted(tallies.items(), key=lambda i: (GRAVEST_FIRST.index(i[0][1]), -i[1].texts, i[0][0]))
    rules = tuple(_counted(rule, severity, tally, rulebook, samples) for (rule, severity), tally in order)
    actions = Counter(one.verdict.action for one in judged)
    return Summary(
        texts=len(judged),
        empty=sum(not one.written.text.strip() for one in judged),
        distinct=len({one.written.text for one in judged}),
        actions={action: actions[action] for action in reversed(Action)},
        rules=rules,
        stakes=tuple(_stakes(rules)),
    )


def _counted(rule_id: str, severity: Severity, tally: _Tally, rulebook: Rulebook, samples: int) -> RuleCount:
    rule = rulebook.rule(rule_id)
    worst = sorted(tally.first.values(), key=_badness)[:samples]
    findings = [f for one in worst or tally.first.values() for f in one.verdict.findings if f.rule == rule_id]
    return RuleCount(
        rule=rule_id,
        name=rule.name if rule else rule_id,
        name_en=rule.name_en if rule else rule_id,
        severity=severity,
        texts=tally.texts,
        at_stake=next((f.at_stake for f in findings), ()),
        suggestion=next((f.suggestion for f in findings), ""),
        samples=tuple(_sample(one, rule_id, severity, tally.times[one.written.text]) for one in worst),
    )


def _badness(one: Judged) -> tuple[int, ...]:
    """Texts that break most rules come first, grave ones before light ones; then as they stand in the file."""
    broken = Counter(severity for _, severity in {(f.rule, f.severity) for f in one.verdict.findings})
    return tuple(-broken[severity] for severity in GRAVEST_FIRST)


def _sample(one: Judged, rule: str, severity: Severity, times: int) -> Sample:
    findings = tuple(f for f in one.verdict.findings if (f.rule, f.severity) == (rule, severity))
    better = one.verdict.text if one.verdict.action is Action.REWRITE else findings[0].suggestion
    return Sample(one.written, findings, better, times)


def _stakes(rules: Iterable[RuleCount]) -> list[Stake]:
    """What blocks and rewrites put at stake; what is only warned of breaks no rule for certain."""
    by_unit: dict[str, list[tuple[str, AtStake]]] = {}
    for count in rules:
        if count.severity is not Severity.WARN:
            for stake in count.at_stake:
                unit = stake.unit if _summable(stake) else f"{stake.value} {stake.unit}"
                by_unit.setdefault(unit, []).append((count.rule, stake))
    found = [_summed(unit, list(dict.fromkeys(parts))) for unit, parts in by_unit.items()]
    return sorted(found, key=lambda s: (not s.unit.startswith("point"), s.high is None, s.unit))


def _summable(stake: AtStake) -> bool:
    return stake.unit.startswith(("point", "yuan")) and _range(stake.value) is not None


def _summed(unit: str, parts: list[tuple[str, AtStake]]) -> Stake:
    if not all(_summable(stake) for _, stake in parts):
        return Stake(unit, None, None, tuple(parts))
    ranges: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for rule, stake in parts:
        if (known := _range(stake.value)) is not None:
            ranges.setdefault(rule, []).append(known)
    low = sum((min(r[0] for r in known) for known in ranges.values()), Decimal(0))
    high = sum((max(r[1] for r in known) for known in ranges.values()), Decimal(0))
    return Stake(unit, low, high, tuple(parts))


def _range(value: str) -> tuple[Decimal, Decimal] | None:
    """``6`` or ``20000 to 500000``; None for what is no number."""
    low, _, high = value.partition(" to ")
    if not all(n.isascii() and n.replace(".", "", 1).isdigit() for n in (low, high or low)):
        return None
    return Decimal(low), Decimal(high or low)
