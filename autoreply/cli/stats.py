"""``autoreply stats``: how soon buyers were answered, by whom, and why people were called."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import config_option, console, json_option, load_settings, put, verbose_option

if TYPE_CHECKING:
    from rich.console import Console

    from autoreply.conversation.figures import Figures, Waits

_DAYS = 7
_REASONS = 12
"""Reasons that are shown."""


@click.command("stats")
@config_option
@verbose_option()
@json_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day; without it today and the six days before.")
def command(config: Path | None, verbose: bool, as_json: bool, since: datetime | None) -> None:
    """Figures of the shop from its journal: turns, first replies, the three-minute figure, people.

    What each figure means is told in docs/figures.md. Works while the server runs.

    \b
    Examples:
      autoreply stats
      autoreply stats --since 2026-03-01 --json
    """
    from autoreply.conversation.figures import figures
    from autoreply.journal.figures import called, decided, said
    from autoreply.journal.files import reading

    settings, folder = load_settings(config)
    zone = ZoneInfo(settings.shop.timezone)
    day = since.date() if since is not None else datetime.now(zone).date() - timedelta(days=_DAYS - 1)
    begin = datetime.combine(day, time(), zone).timestamp()
    with reading(folder / settings.store.path) as db:
        found = figures(said(db, begin), decided(db, begin), called(db, begin), settings.shop)
    if as_json:
        put({"since": day.isoformat()} | asdict(found))
    else:
        _show(console(), f"since {day}", found)


def _show(screen: "Console", title: str, found: "Figures") -> None:
    from rich.table import Table
    from rich.text import Text

    turns = Table("turns", "", title=title)
    turns.add_row("all", str(found.turns))
    for behaviour, count in found.behaviours.items():
        turns.add_row(_BEHAVIOURS.get(behaviour, behaviour), f"{count}  {count / found.turns:.1%}")
    screen.print(turns)
    waits = Table("in staffed hours", "rounds", "median", "95 %", "≤ 10 s", "≤ 3 min")
    for name, w in (
        ("first of the day", found.first),
        ("every round", found.every),
        ("first, a person's word alone", found.first_by_agent),
        ("every, a person's word alone", found.every_by_agent),
        ("from the call to a person's word", found.people),
    ):
        waits.add_row(name, *_cells(w))
    screen.print(waits)
    if found.reasons:
        reasons = Table("a person was called because", "times")
        for reason, count in list(found.reasons.items())[:_REASONS]:
            reasons.add_row(Text(reason), str(count))
        screen.print(reasons)


_BEHAVIOURS = {
    "answer": "answered by the bot",
    "ask": "asked back",
    "escalate": "handed to a person",
    "silent": "nothing to say, or an agent was there",
}


def _cells(w: "Waits") -> tuple[str, ...]:
    return str(w.rounds), _seconds(w.median), _seconds(w.p95), _share(w.prompt), _share(w.in_time)


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.1f} min"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
