"""``autoreply mode``: how much the bot may do, switched while the server runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import config_option, console, json_option, put, verbose_option
from autoreply.cli.desk import Desk, channel_option, desk

if TYPE_CHECKING:
    from autoreply.journal.people import ModeRow

_MODES = ("auto", "assist", "night", "off")
_channel = channel_option("This channel alone; without it the shop with all its channels.")


@click.group("mode")
def command() -> None:
    """How much the bot may do: auto, assist, night or off.

    \b
      auto    it answers
      assist  its answers are drafts that a person sends: `autoreply drafts`
      night   as auto while people are there; outside of their hours it answers only what is certain
      off     it says nothing; every message goes to people

    A running server follows within a second. What is switched stays over restarts, until `reset`.

    \b
    Examples:
      autoreply mode show
      autoreply mode set assist
      autoreply mode set off --channel webchat
      autoreply mode reset
    """


@command.command("show")
@config_option
@verbose_option()
@json_option
def show(config: Path | None, verbose: bool, as_json: bool) -> None:
    """What holds for the shop and for each channel, and since when.

    \b
    Example:
      autoreply mode show --json
    """
    with desk(config) as at:
        rows = _in_effect(at)
    if as_json:
        put(rows)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("channel", "mode", "because", "since")
    for row in rows:
        since = at.local(row["since"]) if row["since"] is not None else ""
        table.add_row(*(Text(cell) for cell in (row["channel"] or "(shop)", row["mode"], row["because"], since)))
    console().print(table)


@command.command("set")
@click.argument("mode", type=click.Choice(_MODES))
@config_option
@verbose_option()
@_channel
def set_(mode: str, config: Path | None, verbose: bool, channel: str) -> None:
    """Switch. Without --channel it holds for every channel, whatever was switched there before.

    \b
    Example:
      autoreply mode set night
    """
    from autoreply.journal.people import switch_mode
    from autoreply.model import Mode

    with desk(config) as at:
        switch_mode(at.store, at.shop, at.known(channel), Mode(mode), time.time())
    click.echo(f"{channel or 'the shop'}: {mode}")


@command.command("reset")
@config_option
@verbose_option()
@_channel
def reset(config: Path | None, verbose: bool, channel: str) -> None:
    """Go by the settings again.

    \b
    Example:
      autoreply mode reset --channel webchat
    """
    from autoreply.journal.people import switch_mode

    with desk(config) as at:
        switch_mode(at.store, at.shop, at.known(channel), None, time.time())
        (row,) = [r for r in _in_effect(at) if r["channel"] == channel]
    click.echo(f"{channel or 'the shop'}: {row['mode']}, {row['because']}")


def _in_effect(at: Desk) -> list[dict[str, Any]]:
    """The mode of the shop and of each channel, as plain data. The settings are those of the file as it is now."""
    from autoreply.journal.people import ALL, modes

    switched = [m for m in modes(at.store, at.shop) if m.origin == "switched"]
    return [_of(at, name, switched) for name in (ALL, *at.settings.channels)]


def _of(at: Desk, channel: str, switched: "list[ModeRow]") -> dict[str, Any]:
    row = next((m for m in switched if m.channel in (channel, "")), None)
    if row is not None:
        because = f"switched for {row.channel or 'the shop'}"
        return {"channel": channel, "mode": row.mode, "because": because, "since": row.since}
    mode = at.settings.conversation.on(channel).mode
    return {"channel": channel, "mode": mode, "because": "as in the settings", "since": None}
