"""What the rules found in a text: the findings with their places, how each is mended, and which of them are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from autoreply.compliance.normalise import Folded
from autoreply.compliance.pattern import Found
from autoreply.compliance.schema import Group, Rule
from autoreply.model import AtStake, Finding, Severity


@dataclass(frozen=True, slots=True)
class Owner:
    """A rule, and the group of its patterns that a watch stands for."""

    rule: Rule
    group: Group
    severity: Severity
    figures: tuple[AtStake, ...]
    replace: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Raw:
    """A finding before it is shown: with its place in the folded text and how to mend it."""

    finding: Finding
    edit: tuple[int, int, str] | None = None
    opening: str = ""
    closing: str = ""
    unmended: bool = False
    """Should be rewritten, but the rule knows no safe wording: it blocks."""
    doubted: tuple[int, int] | None = None
    """The folded clause, if the pattern is known to err: it counts unless the net is sure that nothing is wrong."""


@dataclass(slots=True)
class Findings:
    found: list[Raw] = field(default_factory=list)
    backed: list[Finding] = field(default_factory=list)
    cleared: list[tuple[int, int]] = field(default_factory=list)
    """Spans of what a rule with facts matched and let pass."""


def mended(raw: Raw, owner: Owner, found: Found, folded: Folded) -> Raw:
    """How to rewrite the match; one for which the rule knows no safe wording blocks."""
    for start, end in found.parts:
        safe = owner.replace.get(folded.text[start:end])
        if safe is not None:
            return replace(raw, edit=(*folded.span(start, end), safe))
    if owner.rule.opening or owner.rule.closing:
        opened = owner.rule.opening and owner.rule.opening.rstrip("，") in folded.text
        return replace(raw, opening="" if opened else owner.rule.opening, closing=owner.rule.closing if opened else "")
    return replace(raw, finding=replace(raw.finding, severity=Severity.BLOCK), unmended=True)


def rewritten(text: str, found: list[Raw]) -> str:
    """The text with the safe wordings of its findings."""
    pieces: list[str] = []
    done = 0
    for start, end, safe in sorted({r.edit for r in found if r.edit}, key=lambda e: (e[0], -e[1])):
        if start >= done:
            pieces += (text[done:start], safe)
            done = end
    text = "".join(pieces) + text[done:]
    openings = dict.fromkeys(r.opening for r in found if r.opening)
    closings = dict.fromkeys(r.closing for r in found if r.closing)
    if closings and text and text[-1].isalnum():
        text += "，"
    return "".join(openings) + text + "".join(closings)


def of_severity(found: list[Raw], severity: Severity) -> list[Raw]:
    """Those of one severity."""
    return [r for r in found if r.finding.severity is severity]


_GRAVEST_FIRST = {Severity.BLOCK: 0, Severity.REWRITE: 1, Severity.WARN: 2}


def each_once(found: list[Raw]) -> list[Raw]:
    """Of overlapping findings of one rule the first and longest, in order of appearance.

    A match that the rule can not mend gives way to one it can, and a warning to anything graver of its rule.
    """
    if len(found) < 2:
        return found
    graver = {r.finding.rule for r in found if r.finding.severity is not Severity.WARN}
    edits = [r for r in found if r.edit]
    kept: list[Raw] = []
    reach: dict[str, int] = {}
    order = sorted(found, key=lambda r: (r.finding.start, _GRAVEST_FIRST[r.finding.severity], -r.finding.end))
    for raw in order:
        finding = raw.finding
        if finding.severity is Severity.WARN and finding.rule in graver:
            continue
        if raw.unmended and any(_overlap(raw, m) for m in edits):
            continue
        if finding.start < reach.get(finding.rule, 0) and not (raw.edit and not kept[-1].edit):
            continue
        reach[finding.rule] = max(finding.end, reach.get(finding.rule, 0))
        kept.append(raw)
    return kept


def _overlap(a: Raw, b: Raw) -> bool:
    same = a.finding.rule == b.finding.rule
    return same and a.finding.start < b.finding.end and b.finding.start < a.finding.end
