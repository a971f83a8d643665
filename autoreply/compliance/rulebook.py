"""Rulebooks: many files of data become one checked, compiled ``Rulebook``."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from autoreply.compliance.net import Net
from autoreply.compliance.pattern import Ways
from autoreply.compliance.scanner import Vocabulary
from autoreply.compliance.schema import DutyRule, Exempt, Extend, Group, Override, Rule, RulebookFile
from autoreply.facts import Platform
from autoreply.model import Severity
from autoreply.tomlfile import Place, Problem, ProblemsFound, TomlFile, did_you_mean

_GRAVITY = {Severity.BLOCK: 2, Severity.REWRITE: 1, Severity.WARN: 0}


@dataclass(frozen=True)
class Rulebook:
    """Rules that passed all checks, in the order of their files."""

    rules: tuple[Rule, ...]
    duties: tuple[DutyRule, ...]
    classes: dict[str, tuple[str, ...]]
    spellings: dict[str, tuple[str, ...]]
    version: str
    """Hash of all that the files say: two rulebooks with one version judge alike."""
    warnings: tuple[Problem, ...] = ()
    ways: dict[str, Ways] = field(default_factory=dict, repr=False, compare=False)
    """The patterns as they were read while checking, for the gate not to read them again."""
    net: Net | None = field(default=None, repr=False)
    """What finds the rules where no pattern of theirs matches."""

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, or None."""
        return next((r for r in self.rules if r.id == rule_id), None)


Origins = dict[str, tuple[TomlFile, Place]]
"""From which file, and which place in it, each rule (``id``) and duty (``duty NAME``) came."""


@dataclass
class _Loading:
    """What has been read so far."""

    today: date
    rules: dict[str, Rule] = field(default_factory=dict)
    duties: dict[str, DutyRule] = field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ways: dict[str, Ways] = field(default_factory=dict)
    where: Origins = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def join(files: Sequence[TomlFile], *, today: date) -> tuple[Rulebook, Origins]:
    """Check and join rulebook files, without running their tests.

    Raises:
        ProblemsFound: with all problems of all files.
    """
    state = _Loading(today)
    parsed: list[tuple[TomlFile, RulebookFile]] = []
    for file in files:
        try:
            parsed.append((file, RulebookFile.model_validate(file.data)))
        except ValidationError as e:
            state.problems += file.problems(e, RulebookFile)
    for file, content in parsed:
        _join_words(state, file, content)
    for file, content in parsed:
        _join(state, file, content)
    for file, content in parsed:
        _join_duties(state, file, content)
    if not state.problems:
        _check_patterns(state)
    if state.problems:
        raise ProblemsFound(state.problems)
    said = json.dumps([f.data for f in files], sort_keys=True, default=str, ensure_ascii=False)
    version = hashlib.sha256(said.encode()).hexdigest()[:12]
    rules = tuple(_drop_expired(r, today) for r in state.rules.values())
    duties = tuple(state.duties.values())
    book = Rulebook(rules, duties, state.classes, state.spellings, version, tuple(state.warnings), state.ways)
    return book, state.where


def _join_words(state: _Loading, file: TomlFile, content: RulebookFile) -> None:
    for section, known, new in (
        ("classes", state.classes, content.classes),
        ("spellings", state.spellings, content.spellings),
    ):
        for name, words in new.items():
            if name in known:
                state.problems.append(file.problem((section, name), "is defined twice; join the two lists"))
            known[name] = words


def _join(state: _Loading, file: TomlFile, content: RulebookFile) -> None:
    only: tuple[Platform, ...] = (content.platform,) if content.platform else ()
    for i, rule in enumerate(content.rule):
        place: Place = ("rule", i)
        if rule.id in state.rules:
            message = f"the id {rule.id!r} is taken; use [[override]] to change that rule or [[extend]] to add to it"
            state.problems.append(file.problem((*place, "id"), message))
            continue
        state.rules[rule.id] = _limit(rule, only)
        state.where[rule.id] = file, place
        _warn_expired(state, rule, file, place)
    for i, extend in enumerate(content.extend):
        if old := _known(state, extend.id, file, ("extend", i, "id")):
            state.rules[old.id] = _extended(old, _limit(extend, only), only)
            _warn_expired(state, extend, file, ("extend", i))
    for i, override in enumerate(content.override):
        if old := _known(state, override.id, file, ("override", i, "id")):
            _override(state, old, override, file, ("override", i))


def _join_duties(state: _Loading, file: TomlFile, content: RulebookFile) -> None:
    for i, duty in enumerate(content.duty):
        place: Place = ("duty", i)
        _known(state, duty.rule, file, (*place, "rule"))
        if duty.duty in state.duties:
            state.problems.append(file.problem((*place, "duty"), f"the duty {duty.duty!r} is there already"))
            continue
        state.duties[duty.duty] = duty
        state.where[f"duty {duty.duty}"] = file, place


def _known(state: _Loading, rule_id: str, file: TomlFile, place: Place) -> Rule | None:
    rule = state.rules.get(rule_id)
    if rule is None:
        state.problems.append(file.problem(place, f"no rule {rule_id!r}{did_you_mean(rule_id, list(state.rules))}"))
    return rule


def _limit(entry: Any, only: tuple[Platform, ...]) -> Any:
    """What a platform's own file says holds on that platform only."""
    if not only:
        return entry
    stakes = tuple(s if s.platforms else s.model_copy(update={"platforms": only}) for s in entry.at_stake)
    update: dict[str, Any] = {"at_stake": stakes}
    if isinstance(entry, Rule):
        update["platforms"] = entry.platforms or only
    return entry.model_copy(update=update)


def _extended(rule: Rule, extend: Extend, only: tuple[Platform, ...]) -> Rule:
    groups = (Group(patterns=extend.patterns, backing=rule.backing, platforms=only),) if extend.patterns else ()
    tests = rule.tests.model_copy(
        update={"match": rule.tests.match + extend.tests.match, "passing": rule.tests.passing + extend.tests.passing}
    )
    return rule.model_copy(
        update={
            "also": rule.also + groups + extend.also,
            "at_stake": rule.at_stake + extend.at_stake,
            "exempt": _joined(rule.exempt, extend.exempt),
            "tests": tests,
        }
    )


def _joined(a: Exempt, b: Exempt) -> Exempt:
    return Exempt(**{name: getattr(a, name) + getattr(b, name) for name in Exempt.model_fields})


def _override(state: _Loading, rule: Rule, override: Override, file: TomlFile, place: Place) -> None:
    changes = {k: v for k, v in override if k not in ("id", "since") and v is not None}
    state.rules[rule.id] = rule.model_copy(update=changes)
    softened = override.severity is not None and _GRAVITY[override.severity] < _GRAVITY[rule.severity]
    emptied = override.patterns == () or override.exempt is not None
    if rule.severity is Severity.BLOCK and (softened or emptied):
        stakes = "; ".join(str(s.figure()) for s in rule.at_stake) or "no figure known"
        to = f"lowered to {override.severity}" if softened else "narrowed"
        message = f"the block {rule.id} ({rule.name}) is {to}; at stake: {stakes}"
        state.warnings.append(file.problem(place, message, "warning"))
    _warn_expired(state, override, file, place)


def _warn_expired(state: _Loading, entry: Any, file: TomlFile, place: Place) -> None:
    for i, stake in enumerate(entry.at_stake or ()):
        if stake.expired(state.today):
            message = f"the figure {stake.value} {stake.unit} held until {stake.until}; it is no longer shown"
            state.warnings.append(file.problem((*place, "at_stake", i), message, "warning"))


def _drop_expired(rule: Rule, today: date) -> Rule:
    return rule.model_copy(update={"at_stake": tuple(s for s in rule.at_stake if not s.expired(today))})


def _check_patterns(state: _Loading) -> None:
    """Compile every pattern once by itself, so that each mistake is told with the line of its rule."""
    vocabulary = Vocabulary(state.classes, state.spellings, state.ways)
    entries: list[tuple[Rule | DutyRule, TomlFile, Place]]
    entries = [(r, *state.where[r.id]) for r in state.rules.values()]
    entries += [(d, *state.where[f"duty {d.duty}"]) for d in state.duties.values()]
    for entry, file, place in entries:
        for key, source in _sources(entry):
            try:
                vocabulary.compile([source])
            except ValueError as e:
                state.problems.append(file.problem((*place, key), str(e)))


def _sources(entry: Any) -> Iterable[tuple[str, str]]:
    yield from (("patterns", p) for p in entry.patterns)
    yield from (("answer", p) for p in getattr(entry, "answer", ()))
    for holder in (entry, *getattr(entry, "also", ())):
        if holder is not entry:
            yield from (("also", p) for p in holder.patterns)
        exempt = holder.exempt
        yield from (("exempt", p) for p in exempt.overlap + exempt.clause + exempt.sentence + exempt.text)
