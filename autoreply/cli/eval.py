"""``autoreply eval``: how well labelled lines are understood."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import Stop, config_option, console, count, json_option, load, note, put, verbose_option

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.evaluation.compare import Comparison
    from autoreply.evaluation.outcome import Outcome
    from autoreply.evaluation.scores import Report, Scores

_CHANGES = 20
"""Changed lines of each kind that are shown."""
_THRESHOLDS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4, 0.3)
_BAR = 20


def _limits(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, float]:
    """``top1=0.8,coverage=0.5`` → numbers by the names of scores."""
    from autoreply.evaluation.scores import SHARES
    from autoreply.tomlfile import did_you_mean

    limits = {}
    for part in value.split(",") if value else ():
        name, _, number = (p.strip() for p in part.partition("="))
        if name not in SHARES:
            near = did_you_mean(name, SHARES) or f"; there are {', '.join(SHARES)}"
            raise click.BadParameter(f"no such score {name!r}{near}")
        try:
            limits[name] = float(number)
        except ValueError:
            raise click.BadParameter(f"{name} needs a number, such as {name}=0.8") from None
        if not 0 <= limits[name] <= 1:
            raise click.BadParameter(f"{name} is a share between 0 and 1")
    return limits


@click.command("eval")
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@config_option
@verbose_option()
@json_option
@click.option("--cross-validate", is_flag=True, help="Without FILE: the catalogue's own examples, each held out once.")
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="Parts of a cross-validation.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with plots here.")
@click.option("--compare", type=click.Path(dir_okay=False, path_type=Path), help="An earlier run's --json output.")
@click.option("--fail-under", callback=_limits, metavar="SCORES", help="Exit code 1 when a score is lower.")
@click.option("--fail-over", callback=_limits, metavar="SCORES", help="Exit code 1 when a score is higher.")
@click.option("--worst", type=click.IntRange(0, 1000), default=10, show_default=True, help="Confusions that are shown.")
def command(
    file: Path | None,
    config: Path | None,
    verbose: bool,
    as_json: bool,
    cross_validate: bool,
    folds: int,
    html: Path | None,
    compare: Path | None,
    fail_under: dict[str, float],
    fail_over: dict[str, float],
    worst: int,
) -> None:
    """Say how well labelled lines are understood.

    FILE is a TSV whose first line names the columns "text" and "labels"; labels are slugs joined with +, or none alone;
    - is stdin. With --cross-validate in its place a matcher is trained for each part of the catalogue's own lines that
    has not seen them.

    \b
    Scores, each a share between 0 and 1 (docs/evaluation.md defines them):
      top1           the likeliest intent is right, among lines with an intent
      coverage       lines with an intent that are answered
      precision      answers that are right
      coverage95     coverage at the threshold where 95 % of the answers are right
      none_answered  lines without an intent that are answered
      both_found     lines with two intents of which both are found
      both_answered  … and both answered
      ece            distance between confidence and share right

    \b
    Examples:
      autoreply eval lines.tsv
      autoreply eval lines.tsv --json > before.json
      autoreply eval lines.tsv --compare before.json --html report.html
      autoreply eval lines.tsv --fail-under top1=0.8,precision=0.95 --fail-over none_answered=0.08
    """
    if (file is None) != cross_validate:
        raise click.UsageError("give either FILE or --cross-validate")
    if html is not None:
        _can_plot()
    base = _base(compare) if compare else None
    app = load(config, verbose=verbose)
    report = _evaluated(app, file, folds)
    from autoreply.evaluation.compare import compare as compared

    comparison = compared(base, report) if base else None
    if html is not None:
        _write_html(app, html, report, comparison)
    if as_json:
        extra = {"compared": comparison.model_dump(mode="json")} if comparison else {}
        put(report.model_dump(mode="json") | extra)
    else:
        _show(console(), report, comparison, worst)
    missed = list(_missed(report.scores, fail_under, fail_over))
    for line in missed:
        note(line)
    sys.exit(1 if missed else 0)


def _can_plot() -> None:
    from autoreply.evaluation.report import available

    if not available():
        raise Stop("the HTML report is drawn by plotly, which is not installed: pip install 'autoreply[report]'")


def _base(path: Path) -> "Report":
    from pydantic import ValidationError

    from autoreply.evaluation.scores import Report

    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as e:
        raise Stop(f"cannot read {path}: {e.strerror}") from e
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Stop(f"{path} is no output of eval --json: {place + ': ' if place else ''}{first['msg']}") from e


def _evaluated(app: "App", file: Path | None, folds: int) -> "Report":
    from autoreply.evaluation.cross_validation import cross_validate
    from autoreply.evaluation.lines import read_labelled
    from autoreply.evaluation.outcome import outcomes
    from autoreply.evaluation.scores import report

    catalogue, understander = app.brain.catalogue, app.brain.understander
    results: list[Outcome]
    if file is not None:
        lines = read_labelled(file, catalogue.intents)
        results = outcomes(understander, lines, app.brain.text_length)
    else:
        numbers = {"threshold": understander.threshold, "margin": understander.margin}
        results = cross_validate(catalogue, folds, **numbers, extras=understander.extras, progress=note)
    return report(
        results,
        source=str(file) if file else f"cross-validation in {folds} parts",
        catalogue=catalogue.hash,
        threshold=understander.threshold,
        margin=understander.margin,
        extras=understander.extras.mark,
    )


def _write_html(app: "App", path: Path, report: "Report", comparison: "Comparison | None") -> None:
    from autoreply.evaluation.report import html

    names = {slug: intent.name for slug, intent in app.brain.catalogue.intents.items()}
    try:
        path.write_text(html(report, names, comparison), encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as e:
        raise Stop(f"cannot write {path}: {e.strerror}") from e
    note(f"report: {path}")


def _missed(scores: "Scores", under: dict[str, float], over: dict[str, float]) -> Iterator[str]:
    """What each floor or ceiling that does not hold is told as. What cannot be measured does not hold."""
    for limits, word in ((under, "under"), (over, "over")):
        for name, limit in limits.items():
            value: float | None = getattr(scores, name)
            if value is None:
                yield f"{name} cannot be told: no line shows it"
            elif (value < limit) if word == "under" else (value > limit):
                yield f"{name} is {value:g}, {word} {limit:g}"


# Tables ------------------------------------------------------------------------------------------------------------


def _show(screen: "Console", report: "Report", comparison: "Comparison | None", worst: int) -> None:
    screen.print(f"{report.source}: {count(report.scores.lines, 'line')}, catalogue {report.catalogue[:12]}")
    screen.print(f"matched by {report.install}")
    for table in _tables(report, worst):
        screen.print(table)
    if comparison is not None:
        for table in _changes(comparison):
            screen.print(table)


def _tables(report: "Report", worst: int) -> Iterator[Any]:
    from rich.table import Table
    from rich.text import Text

    from autoreply.evaluation.report import headline, percent

    scores = Table("measure", "figure", "over")
    scores.columns[1].justify = "right"
    for row in headline(report.scores, report.threshold, report.margin):
        scores.add_row(*row)
    yield scores

    intents = _numbers("intent", "lines", "recall", "precision", "answers", "right")
    for i in report.intents:
        figures = (f"{i.support:,}", percent(i.recall), percent(i.precision), f"{i.answers:,}", f"{i.answers_right:,}")
        intents.add_row(i.slug, *figures)
    yield intents

    if worst and report.confusions:
        confusions = Table("label", "taken for", "lines", "answered", "sample")
        for c in report.confusions[:worst]:
            confusions.add_row(c.label, c.taken_for, f"{c.lines:,}", f"{c.answered:,}", Text(c.sample))
        yield confusions

    curve = _numbers("threshold", "coverage", "precision", "none answered")
    for threshold in _THRESHOLDS:
        reached = [p for p in report.curve if p.threshold >= threshold]
        if reached:
            shares = (reached[-1].coverage, reached[-1].precision, reached[-1].none_answered)
            curve.add_row(f"{threshold:.2f}", *map(percent, shares))
    yield curve

    reliability = _numbers("confidence", "lines", "mean", "right", "")
    reliability.columns[-1].justify = "left"
    for b in report.reliability:
        bar = "█" * round(_BAR * (b.right or 0))
        reliability.add_row(f"{b.low:.1f}–{b.high:.1f}", f"{b.lines:,}", percent(b.confidence), percent(b.right), bar)
    yield reliability


def _numbers(first: str, *others: str) -> Any:
    """A table of numbers under what its first column names."""
    from rich.table import Table

    table = Table(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _changes(comparison: "Comparison") -> Iterator[Any]:
    from rich.table import Table
    from rich.text import Text

    from autoreply.evaluation.report import percent

    yield (
        f"against the run with catalogue {comparison.base[:12]}: {len(comparison.better):,} better, "
        f"{len(comparison.worse):,} worse, {comparison.same:,} as before, {comparison.added:,} new, "
        f"{comparison.gone:,} gone"
    )
    scores = _numbers("score", "before", "now")
    for name, (before, after) in comparison.scores.items():
        scores.add_row(name, percent(before), percent(after))
    yield scores
    for title, changes in (("worse", comparison.worse), ("better", comparison.better)):
        table = Table(title, "labels", "before", "now")
        for change in changes[:_CHANGES]:
            table.add_row(
                Text(change.after.text), "+".join(change.after.labels), _told(change.before), _told(change.after)
            )
        if len(changes) > _CHANGES:
            table.add_row(f"… {len(changes) - _CHANGES:,} more; --json has them all")
        if changes:
            yield table


def _told(outcome: "Outcome") -> str:
    return f"{outcome.worth}: {'+'.join(outcome.taken)}"
