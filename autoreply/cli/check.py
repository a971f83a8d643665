"""``autoreply check``: every mistake of a shop's files at once, and what the gate says of its texts."""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import by_line, config_option, count, json_option, load, put, verbose_option
from autoreply.cli.formats import format_option, put_alerts

if TYPE_CHECKING:
    from autoreply.app import App
    from autoreply.compliance import Rulebook
    from autoreply.records import GuardedOrders, GuardedProducts
    from autoreply.review.alerts import Alert
    from autoreply.review.fillings import Filling
    from autoreply.tomlfile import Problem


@dataclass(slots=True)
class _Report:
    """What was found. ``notes``: texts that cannot be filled, so that a person answers; which of two plugins wins."""

    problems: "list[Alert]" = field(default_factory=list)
    notes: "list[Alert]" = field(default_factory=list)
    summary: dict[str, Any] | None = None
    rulebook: "Rulebook | None" = None

    @property
    def errors(self) -> int:
        return sum(p.level == "error" for p in self.problems)


@click.command("check")
@config_option
@verbose_option()
@format_option
@json_option
@click.option("--matcher", is_flag=True, help="Also try every example on the matcher; takes a few seconds.")
def command(config: Path | None, verbose: bool, form: str, as_json: bool, matcher: bool) -> None:
    """Check settings, intents, rulebooks, plugins and texts.

    Every text of the shop is put before the gate too: each variant and each branch, filled with the shop's facts and
    with extreme ones (none, 0, very much, very long, very many). A block with the shop's own facts is an error, one
    with other facts or a plugin's words a warning. Each finding is a line "file:line: field: message" on stdout. Exit
    code 1 when there is an error; warnings and notes are none. Where two plugins want the same intent, a note says
    which one has it.

    Examples of two intents that hardly differ are warnings; with --matcher so are examples that the matcher takes for
    something else, and intents that no line reaches.

    \b
    Examples:
      autoreply check
      autoreply check --matcher
      autoreply check --config myshop/config.toml --json
      autoreply check --format github
    """
    report = _checked(config, verbose, matcher)
    if form in ("sarif", "github"):
        put_alerts(form, [*by_line(report.problems), *report.notes], report.rulebook)
    elif as_json or form == "json":
        put(
            {
                "ok": not report.errors,
                "problems": [asdict(p) for p in by_line(report.problems)],
                "notes": [asdict(p) for p in report.notes],
                "summary": report.summary,
            }
        )
    else:
        _show(report)
    sys.exit(1 if report.errors else 0)


def _checked(config: Path | None, verbose: bool, matcher: bool) -> _Report:
    from autoreply.review.alerts import of_problem
    from autoreply.tomlfile import ProblemsFound

    report = _Report()
    try:
        app = load(config, verbose=verbose, rule_tests=True)
    except ProblemsFound as e:
        report.problems += map(of_problem, e.problems)
        return report
    report.rulebook = app.brain.gate.rulebook
    report.problems += map(of_problem, (*app.warnings, *_missing_secrets(app, config), *_unknown_places(app, config)))
    report.problems += map(of_problem, _unreadable_records(app, config))
    report.problems += map(of_problem, _catalogue_doubts(app, matcher))
    report.notes += _beaten(app)
    for text in _texts(app):
        _check_text(app, text, report)
    catalogue = app.brain.catalogue
    report.summary = {
        "shop": app.brain.shop.name,
        "intents": len(catalogue.intents),
        "examples": sum(len(i.examples) + len(i.expanded) for i in catalogue.intents.values()),
        "texts": sum(1 for _ in _texts(app)),
        "rules": len(app.brain.gate.rulebook.rules),
        "plugins": sorted({entry.plugin for entry in app.plugins.handlers.values()}),
        "beaten": [f"{w.name}: {w.plugin} wins over {b.plugin}" for w, b in app.plugins.beaten],
        "channels": [n for n, given in app.channel_settings.items() if given is not None and given.enabled],
    }
    return report


def _catalogue_doubts(app: "App", matcher: bool) -> "list[Problem]":
    """Examples that are likely to be answered wrongly."""
    from autoreply.evaluation.accept import intent_files
    from autoreply.evaluation.catalogue_check import matcher_doubts, near_duplicates

    files, catalogue = intent_files(app.folder / app.settings.folders.intents), app.brain.catalogue
    found = near_duplicates(catalogue, files)
    return found + matcher_doubts(catalogue, files, app.brain.understander) if matcher else found


def _unreadable_records(app: "App", config: Path | None) -> "Iterator[Problem]":
    """Record sources that cannot be read now, with every line at fault where a table says so."""
    from autoreply.app import config_path
    from autoreply.records import GuardedOrders, GuardedProducts, RecordsDown
    from autoreply.tomlfile import read

    file = read(config_path(config))
    for kind in ("orders", "products"):
        source = getattr(app.brain.records, kind)
        if isinstance(source, (GuardedOrders, GuardedProducts)):
            try:
                asyncio.run(_opened(source))
            except RecordsDown as e:
                yield from e.problems or [file.problem(("records", kind), f"cannot be read: {e.reason}")]


async def _opened(source: "GuardedOrders | GuardedProducts") -> None:
    try:
        await source.check()
    finally:
        await source.close()


def _beaten(app: "App") -> "Iterator[Alert]":
    """Who answers where two plugins wanted the same, and why that one."""
    from autoreply.review.alerts import FILE, Alert

    for winner, loser in app.plugins.beaten:
        origin = "the shop's own wins over an installed one, that over a shipped one"
        why = origin if winner.origin != loser.origin else "it has the higher priority"
        message = f"{winner.plugin} wins over {loser.plugin} ({loser.file}:{loser.line}): {why}"
        yield Alert(winner.file, winner.line, "note", FILE, message, winner.name)


def _missing_secrets(app: "App", config: Path | None) -> "Iterator[Problem]":
    """Secrets that are to come from the environment and are not there now."""
    from autoreply.app import config_path
    from autoreply.tomlfile import read

    file = read(config_path(config))
    for name, given in app.channel_settings.items():
        secret = getattr(given, "secret", None)
        if given is not None and given.enabled and secret is not None and secret.env and not os.environ.get(secret.env):
            message = f"environment variable {secret.env} is not set here; the channel cannot start without it"
            yield file.problem(("channels", name, "secret"), message, "warning")


def _unknown_places(app: "App", config: Path | None) -> "Iterator[Problem]":
    """Places of ``[shop]`` that no list knows: who names a town in one of them would be told what holds elsewhere."""
    from autoreply.app import config_path
    from autoreply.tomlfile import Place, did_you_mean, read
    from autoreply.understanding import lexicon

    slots = {slot for found in lexicon.words().values() for slot in found}
    places = sorted({str(value) for name, value in slots if name in ("city", "province")})
    file, shop = read(config_path(config)), app.brain.shop
    named: list[tuple[Place, str]]
    named = [(("shop", "freight", "excluded", n), name) for n, name in enumerate(shop.freight.excluded)]
    for i, row in enumerate(shop.delivery.regions):
        named += [(("shop", "delivery", "regions", i, "regions", n), name) for n, name in enumerate(row.regions)]
    for place, name in named:
        if name in places:
            continue
        message = f"{name} is in no list of places, so only buyers who write it in these words get what stands here"
        begins = [known for known in places if name.startswith(known)]
        hint = f"; did you mean {max(begins, key=len)!r}?" if begins else did_you_mean(name, places)
        yield file.problem(place, message + hint, "warning")


@dataclass(frozen=True, slots=True)
class _Text:
    """One variant of a text for buyers, and where it stands."""

    key: str
    source: str
    file: str
    line: int


def _texts(app: "App") -> Iterator[_Text]:
    for intent in app.brain.catalogue.intents.values():
        for name, variants in intent.answers.items():
            for n, source in enumerate(variants):
                file, line = intent.answer_files[name], intent.answer_lines[name][n]
                yield _Text(f"{intent.slug}.{name}[{n}]", source, file, line)
    places = _host_places(app)
    for name, variants in app.brain.catalogue.host_texts.items():
        for n, source in enumerate(variants):
            file, line = places.get((name, n), ("", 1))
            yield _Text(f"host.{name}[{n}]", source, file, line)


def _host_places(app: "App") -> dict[tuple[str, int], tuple[str, int]]:
    """Where each variant of the framework's own texts stands; a shop's file wins over the shipped one."""
    from autoreply.shipped import shipped
    from autoreply.tomlfile import read

    places: dict[tuple[str, int], tuple[str, int]] = {}
    for folder in (shipped("intents"), app.folder / app.settings.folders.intents):
        for path in sorted(folder.glob("_*.toml")):
            file = read(path)
            for key, variants in file.data.get("answers", {}).items():
                places |= {(key, n): (str(path), file.line(("answers", key, n))) for n in range(len(variants))}
    return places


def _check_text(app: "App", text: _Text, report: _Report) -> None:
    """Fill one text with the shop's facts and with extreme ones, and put it before the gate each time."""
    from autoreply.review.fillings import fillings, unreached

    shop = app.brain.shop
    found = list(fillings(text.source, shop))
    told: set[str] = set()
    for filling in found:
        for alert in _alerts(app, text, filling):
            if alert.rule not in told:
                told.add(alert.rule)
                report.problems.append(alert)
    if not any(not f.how for f in found) and (missing := _missing(text.source, app)):
        _note(report, text, f"needs {missing}, which the shop has not said: a person answers in its place")
    for words in unreached(text.source, (f.text for f in found)):
        _note(report, text, f"no facts that were tried lead to “{words}”: the gate has not seen it")


def _alerts(app: "App", text: _Text, filling: "Filling") -> "Iterator[Alert]":
    """What the gate objects to in one filling. Warnings of the gate itself are for those who write the rules."""
    from autoreply.model import Severity
    from autoreply.review.alerts import Alert, told

    gate = app.brain.gate.for_shop(filling.shop)
    for finding in gate.check(filling.text, backed=filling.backed).findings:
        if finding.severity is Severity.WARN:
            continue
        certain = finding.severity is Severity.BLOCK and not filling.how and not filling.by_plugin
        yield Alert(
            file=text.file,
            line=text.line,
            level="error" if certain else "warning",
            rule=finding.rule,
            message=told(finding, filling.how),
            field=text.key,
            matched=finding.matched,
            at_stake=finding.at_stake,
            suggestion=finding.suggestion,
            text=filling.text,
        )


def _missing(source: str, app: "App") -> str:
    """The fact without which the text cannot be filled; empty when it is a plugin's, which is not known here."""
    from autoreply.texts import MissingFact, fill

    try:
        fill(source, app.brain.shop, {})
    except MissingFact as e:
        return str(e) if str(e).startswith("shop.") else ""
    return ""


def _note(report: _Report, text: _Text, message: str) -> None:
    from autoreply.review.alerts import FILE, Alert

    report.notes.append(Alert(text.file, text.line, "note", FILE, message, text.key))


def _show(report: _Report) -> None:
    for problem in by_line(report.problems):
        level = "warning: " if problem.level == "warning" else ""
        where = f"{problem.file}:{problem.line}: {problem.field + ': ' if problem.field else ''}"
        click.echo(f"{where}{level}{problem.message}")
    for note in report.notes:
        click.echo(f"{note.file}:{note.line}: {note.field}: note: {note.message}")
    if report.summary is not None:
        s = report.summary
        for line in s["beaten"]:
            click.echo(line)
        click.echo(
            f"{s['shop']}: {s['intents']} intents, {s['examples']:,} examples, {s['texts']} texts, {s['rules']} rules; "
            f"plugins: {', '.join(s['plugins']) or 'none'}; channels: {', '.join(s['channels']) or 'none'}"
        )
    warnings = len(report.problems) - report.errors
    found = [count(report.errors, "problem"), count(warnings, "warning"), count(len(report.notes), "note")]
    click.echo(", ".join(found))
