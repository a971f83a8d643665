"""What is told of a text or a file, and the formats that other programs read: JSON, SARIF, GitHub's annotations."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, Literal
from urllib.parse import quote

from autoreply.compliance import Rulebook
from autoreply.model import AtStake, Finding, Severity
from autoreply.review.sheets import Written
from autoreply.tomlfile import Problem

Level = Literal["error", "warning", "note"]
FILE = "file"
"""Stands for a rule where something is wrong with a file itself and not with what it says to a buyer."""

LEVELS: dict[Severity, Level] = {Severity.BLOCK: "error", Severity.REWRITE: "warning", Severity.WARN: "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to be told. ``columns`` are the place in the line, ``(first, behind the last)`` from 1, where known."""

    file: str
    line: int
    level: Level
    rule: str
    message: str
    field: str = ""
    matched: str = ""
    at_stake: tuple[AtStake, ...] = ()
    suggestion: str = ""
    text: str = ""
    columns: tuple[int, int] | None = None


_DOES = {Severity.BLOCK: "is blocked by", Severity.REWRITE: "is rewritten by", Severity.WARN: "is warned of by"}


def told(finding: Finding, how: str = "") -> str:
    """A finding in one line: what becomes of the text and with which facts, rule, words, at stake, better wording."""
    parts = [f"{_DOES[finding.severity]} {finding.rule}{f' with {how}' if how else ''}: “{finding.matched}”"]
    parts += ["by likeness to known wordings"] if finding.learned else []
    parts += [f"at stake: {stake}" for stake in finding.at_stake]
    parts += [f"better: {finding.suggestion}"] if finding.suggestion else []
    return "; ".join(parts)


def of_finding(finding: Finding, written: Written) -> Alert:
    """A finding in a text as it stands in a file."""
    at = written.column
    return Alert(
        file=written.file,
        line=written.line,
        level=LEVELS[finding.severity],
        rule=finding.rule,
        message=told(finding),
        matched=finding.matched,
        at_stake=finding.at_stake,
        suggestion=finding.suggestion,
        text=written.text,
        columns=None if at is None else (at + finding.start, at + finding.end),
    )


def of_problem(problem: Problem, *, level: Level | None = None) -> Alert:
    """Something wrong in a settings, intents or rulebook file."""
    return Alert(problem.file, problem.line, level or problem.level, FILE, problem.message, problem.field)


def _message(alert: Alert) -> str:
    return f"{alert.field}: {alert.message}" if alert.field else alert.message


# GitHub ------------------------------------------------------------------------------------------------------------


def github(alerts: Iterable[Alert]) -> list[str]:
    """Workflow commands, one a line, that become annotations of a pull request."""
    lines = []
    for alert in alerts:
        where = {"file": shown(alert.file), "line": str(alert.line)}
        if alert.columns is not None and alert.columns[1] > alert.columns[0]:
            where |= {"col": str(alert.columns[0]), "endColumn": str(alert.columns[1] - 1)}
        where["title"] = f"autoreply {alert.rule}"
        properties = ",".join(f"{k}={_escaped(v).replace(':', '%3A').replace(',', '%2C')}" for k, v in where.items())
        command = "notice" if alert.level == "note" else alert.level
        lines.append(f"::{command} {properties}::{_escaped(_message(alert))}")
    return lines


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def shown(file: str) -> str:
    """A file's name as programs that look at a checkout want it: from here where it lies below, with slashes."""
    path = PurePath(file)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_absolute() and path.is_relative_to(here) else path.as_posix()


# SARIF -------------------------------------------------------------------------------------------------------------


def sarif(alerts: Sequence[Alert], rulebook: Rulebook | None, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log of one run, as code scanning takes it. ``version`` is the program's."""
    ids = list(dict.fromkeys(a.rule for a in alerts))
    driver: dict[str, Any] = {
        "name": "autoreply",
        "version": version,
        "rules": [_rule(rule_id, rulebook) for rule_id in ids],
    }
    if rulebook is not None:
        driver["properties"] = {"rulebook": rulebook.version}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(a, ids.index(a.rule)) for a in alerts],
    }
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _rule(rule_id: str, rulebook: Rulebook | None) -> dict[str, Any]:
    rule = rulebook.rule(rule_id) if rulebook is not None else None
    if rule is None:
        text = "Settings, intents, rulebooks and plugins" if rule_id == FILE else rule_id
        return {"id": rule_id, "shortDescription": {"text": text}}
    described: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.name_en},
        "fullDescription": {"text": f"{rule.name}: {rule.name_en}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }
    if rule.suggestion:
        described["help"] = {"text": rule.suggestion}
    return described


def _result(alert: Alert, index: int) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": alert.line}
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(alert.file)}, "region": region}
    if alert.columns is not None:
        region |= {"startColumn": alert.columns[0], "endColumn": alert.columns[1], "snippet": {"text": alert.matched}}
    if alert.text:
        place["contextRegion"] = {"startLine": alert.line, "snippet": {"text": alert.text}}
    same = sha256(f"{alert.rule}|{alert.field}|{alert.text}|{alert.matched}".encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": alert.rule,
        "ruleIndex": index,
        "level": alert.level,
        "message": {"text": _message(alert)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"autoreply/v1": same[:32]},
        "properties": {"atStake": [asdict(s) for s in alert.at_stake]},
    }


def _uri(file: str) -> str:
    name = shown(file)
    return Path(name).as_uri() if Path(name).is_absolute() else quote(name)
