"""``autoreply train``: the matcher's weights, from the catalogue and a shop's own labelled lines."""

import time
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import (
    Stop,
    config_option,
    console,
    count,
    json_option,
    load_settings,
    note,
    put,
    set_up_logs,
    verbose_option,
)

if TYPE_CHECKING:
    from autoreply.evaluation.accept import Accepted
    from autoreply.evaluation.scores import Report
    from autoreply.settings import Settings
    from autoreply.understanding import Catalogue, Extras


@click.command("train")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@config_option
@verbose_option()
@json_option
@click.option(
    "--folds", type=click.IntRange(0, 20), default=3, show_default=True, help="Parts of the cross-validation; 0: none."
)
def command(files: tuple[Path, ...], config: Path | None, verbose: bool, as_json: bool, folds: int) -> None:
    """Train the matcher on the shop's intents, and keep the weights for the next start.

    Every command trains by itself when the intents have changed; this one does it beforehand and says how good the
    result is. The weights come from the intents alone: the same intents give the same weights.

    FILES are a shop's own labelled lines: TSVs whose first line names the columns "text" and "labels", as for eval.
    Their lines become examples in the shop's intents folder first, as mine --accept makes them, so that they can be
    read, mended and taken back there. A line with two labels is left out: an example stands for one intent. Do not
    measure by lines that were trained on.

    \b
    Examples:
      autoreply train
      autoreply train labelled.tsv --folds 5
    """
    if folds == 1:
        raise click.BadParameter("two parts at least, or 0 for no cross-validation", param_hint="--folds")
    set_up_logs(verbose)
    from autoreply.app import config_path, plugins_of
    from autoreply.evaluation.accept import intent_files
    from autoreply.learning import extras_of, trained
    from autoreply.tomlfile import ProblemsFound
    from autoreply.understanding import load_catalogue

    settings, home = load_settings(config)
    plugins, problems = plugins_of(config_path(config))
    if problems:
        raise ProblemsFound(problems)
    extras = extras_of(settings.understanding.semantic, plugins.features)
    own = home / settings.folders.intents
    catalogue = load_catalogue(intent_files(own, plugins.intents))
    done = _learned(files, catalogue, own) if files else None
    if done is not None and done.written:
        catalogue = load_catalogue(intent_files(own, plugins.intents))
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        note(text)

    started = time.perf_counter()
    weights = trained(catalogue, tell, extras)
    seconds = time.perf_counter() - started
    stored = weights.dump()
    result = {
        "catalogue": catalogue.hash,
        "examples": sum(len(i.examples) for i in catalogue.intents.values()),
        "extras": extras.mark,
        "trained": bool(told),
        "seconds": round(seconds, 2),
        "bytes": len(stored),
        "weights": sha256(stored).hexdigest()[:12],
        "added": sum(done.written.values()) if done else 0,
        "left_out": dict(done.skipped) if done else {},
    }
    report = _cross_validated(catalogue, settings, folds, extras) if folds else None
    if as_json:
        put(result | {"scores": report.scores.model_dump(mode="json") if report else None})
    else:
        _show(result, done, report, folds)


def _learned(files: tuple[Path, ...], catalogue: "Catalogue", own: Path) -> "Accepted":
    """The lines of the files, written into the shop's intents."""
    from autoreply.evaluation.accept import accept, own_folder
    from autoreply.evaluation.lines import read_labelled

    lines: dict[str, list[str]] = defaultdict(list)
    several = 0
    for labelled in (line for file in files for line in read_labelled(file, catalogue.intents)):
        if len(labelled.labels) == 1:
            lines[labelled.labels[0]].append(labelled.text)
        else:
            several += 1
    try:
        done = accept(lines, catalogue, own_folder(own))
    except (OSError, ValueError) as e:
        raise Stop(f"nothing was written: {e}") from e
    if several:
        done.skipped["with several intents"] += several
    return done


def _cross_validated(catalogue: "Catalogue", settings: "Settings", folds: int, extras: "Extras") -> "Report":
    from autoreply.evaluation.cross_validation import cross_validate
    from autoreply.evaluation.scores import report
    from autoreply.understanding.understander import MARGIN, THRESHOLD

    given = settings.understanding
    numbers = {
        "threshold": THRESHOLD if given.threshold is None else given.threshold,
        "margin": MARGIN if given.margin is None else given.margin,
    }
    results = cross_validate(catalogue, folds, **numbers, extras=extras, progress=note)
    return report(results, source="cross-validation", catalogue=catalogue.hash, extras=extras.mark, **numbers)


def _show(result: dict[str, Any], done: "Accepted | None", report: "Report | None", folds: int) -> None:
    from rich.table import Table

    from autoreply.evaluation.report import headline

    screen = console()
    if done is not None:
        for path, lines in done.written.items():
            screen.print(f"{path}: {count(lines, 'new example')}", soft_wrap=True)
        for reason, lines in sorted(done.skipped.items()):
            screen.print(f"left out: {count(lines, 'line')} {reason}", soft_wrap=True)
    how = "trained" if result["trained"] else "there already, loaded"
    told = (
        "weights {weights} of {examples:,} examples, catalogue {catalogue:.12}: {how} in {seconds} s, {bytes:,} bytes"
    )
    screen.print(told.format(**result, how=how), soft_wrap=True)
    if report is None:
        return
    table = Table("measure", "figure", "over", title=f"the examples themselves, unseen, in {folds} parts")
    table.title_justify = "left"
    table.columns[1].justify = "right"
    for row in headline(report.scores, report.threshold, report.margin):
        table.add_row(*row)
    screen.print(table)
