"""``autoreply mine``: what buyers say and the catalogue does not know."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import Stop, config_option, console, count, json_option, load, note, put, verbose_option

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.app import App
    from autoreply.evaluation.accept import Accepted
    from autoreply.evaluation.mining import Group

_STOP, _SKIP = "q", "s"


def _choices(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """``a1b2c3=invoice`` → intents by the ids of groups."""
    pairs = {}
    for value in values:
        group, equals, slug = value.partition("=")
        if not equals or not group or not slug:
            raise click.BadParameter(f"{value!r} is not of the form GROUP=SLUG, such as 3fa9c1=invoice")
        pairs[group] = slug
    return pairs


@click.command("mine")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@config_option
@verbose_option()
@json_option
@click.option("--least", type=click.IntRange(1), default=3, show_default=True, help="Lines a group has at least.")
@click.option("--groups", type=click.IntRange(1), default=40, show_default=True, help="Groups that are shown at most.")
@click.option("--samples", type=click.IntRange(1), default=5, show_default=True, help="Samples of each group.")
@click.option("--accept", multiple=True, callback=_choices, metavar="GROUP=SLUG", help="Make a group's lines examples.")
@click.option("--review", is_flag=True, help="Go through the groups and ask about each.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to; the shop's intents."
)
def command(
    file: Path,
    config: Path | None,
    verbose: bool,
    as_json: bool,
    least: int,
    groups: int,
    samples: int,
    accept: dict[str, str],
    review: bool,
    into: Path | None,
) -> None:
    """Group the lines of FILE that would not be answered, and make examples of them.

    FILE holds a message per line, or is a TSV whose first line names a column "text"; - is stdin. Each group shows its
    id, its size, the intent that comes nearest and samples. The id belongs to the group's lines: when they change, so
    does the id.

    --accept writes the lines of a group as examples of an intent into the shop's own intents, one file for each
    intent, with extends = true; what stands there is kept. Lines that are examples already, or hold a phone number, an
    order number or a link, are left out. Read the groups before: an example of the wrong intent is answered wrongly
    from then on. Lines that mean nothing in particular are accepted as none.

    \b
    Examples:
      autoreply mine messages.txt
      autoreply mine messages.txt --accept 3fa9c1=invoice --accept 07bd52=none
      autoreply mine messages.txt --review
    """
    if review and (as_json or accept or str(file) == "-"):
        raise click.UsageError("--review asks at the terminal; give it a FILE, and neither --json nor --accept")
    app = load(config, verbose=verbose)
    from autoreply.evaluation.lines import read_texts
    from autoreply.evaluation.mining import grouped, unmatched

    texts = read_texts(file)
    found = unmatched(app.brain.understander, app.brain.catalogue, texts, app.brain.text_length)
    everything = grouped(found)
    large = [g for g in everything if g.lines >= least]
    summary = {
        "lines": len(texts),
        "unmatched": sum(u.lines for u in found),
        "groups": len(large),
        "in_groups": sum(g.lines for g in large),
    }
    screen = console()
    if review:
        accept = _reviewed(screen, app, large[:groups], samples)
    elif as_json:
        put(summary | {"shown": [asdict(g) for g in large[:groups]]})
    elif not accept:
        _show(screen, app, summary, large[:groups], samples)
    if accept:
        _tell(_accepted(app, everything, accept, into))


def _accepted(app: "App", groups: "Sequence[Group]", chosen: dict[str, str], into: Path | None) -> "Accepted":
    from autoreply.evaluation.accept import accept, own_folder

    by_id = {g.id: g for g in groups}
    lines: dict[str, list[str]] = {}
    for group, slug in chosen.items():
        if group not in by_id:
            raise Stop(f"no group {group}: it was made of other lines, or of another catalogue; run mine again")
        if wrong := _unknown(app, slug):
            raise Stop(wrong)
        lines.setdefault(slug, []).extend(by_id[group].texts)
    try:
        return accept(lines, app.brain.catalogue, own_folder(app.folder / app.settings.folders.intents, into))
    except (OSError, ValueError) as e:
        raise Stop(f"nothing was written: {e}") from e


def _unknown(app: "App", slug: str) -> str:
    """What is wrong with a slug; empty where nothing is."""
    from autoreply.model import NONE
    from autoreply.tomlfile import did_you_mean

    known = [*app.brain.catalogue.intents, NONE]
    return "" if slug in known else f"no intent {slug!r} in this catalogue{did_you_mean(slug, known)}"


def _tell(done: "Accepted") -> None:
    for path, lines in done.written.items():
        click.echo(f"{path}: {count(lines, 'new example')}")
    for reason, lines in sorted(done.skipped.items()):
        click.echo(f"left out: {count(lines, 'line')} {reason}")
    if done.written:
        note("autoreply train learns them; a running server needs a restart")


def _reviewed(screen: "Console", app: "App", groups: "Sequence[Group]", samples: int) -> dict[str, str]:
    """What the person at the terminal says of each group, until they stop."""
    chosen: dict[str, str] = {}
    for number, group in enumerate(groups, 1):
        screen.print(f"\n{number} of {len(groups)}: {count(group.lines, 'line')}, nearest {_near(app, group)}")
        for text in group.texts[:samples]:
            screen.print(f"  {text}", soft_wrap=True)
        question = f"intent, {_SKIP} to skip, {_STOP} to stop"
        answer = click.prompt(question, default=_SKIP, value_proc=lambda given: _checked(app, given.strip()))
        if answer == _STOP:
            break
        if answer != _SKIP:
            chosen[group.id] = answer
    return chosen


def _checked(app: "App", given: str) -> str:
    if given not in (_STOP, _SKIP) and (wrong := _unknown(app, given)):
        raise click.BadParameter(wrong)
    return given


def _near(app: "App", group: "Group") -> str:
    intent = app.brain.catalogue.intents.get(group.proposed)
    name = f" {intent.name}" if intent and intent.name != group.proposed else ""
    return f"{group.proposed}{name} {group.confidence:.2f}"


def _show(screen: "Console", app: "App", summary: dict[str, Any], groups: "Sequence[Group]", samples: int) -> None:
    from rich.table import Table
    from rich.text import Text

    told = "{lines:,} lines, {unmatched:,} not answered; {in_groups:,} of these in {groups:,} groups"
    screen.print(told.format(**summary))
    table = Table("group", "lines", "nearest intent", "samples")
    for group in groups:
        more = len(group.texts) - samples
        shown = [*group.texts[:samples], *([f"… {more} more"] if more > 0 else [])]
        table.add_row(group.id, f"{group.lines:,}", Text(_near(app, group)), Text("\n".join(shown)))
    if groups:
        screen.print(table)
    if summary["groups"] > len(groups):
        screen.print(f"… {summary['groups'] - len(groups):,} more groups; --groups shows more")
