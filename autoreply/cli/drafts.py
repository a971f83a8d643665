"""``autoreply drafts``: what the bot would say, in mode ``assist``; a person sends, changes or drops it."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autoreply.cli.common import Stop, config_option, console, json_option, put, verbose_option
from autoreply.cli.desk import Desk, desk, gate_of, override_option, words

if TYPE_CHECKING:
    from autoreply.journal import OutboxRow


@click.group("drafts")
def command() -> None:
    """Answers that wait for a person to send them (mode `assist`).

    \b
    Examples:
      autoreply drafts list
      autoreply drafts send 12
      autoreply drafts edit 12 "您好，今天16点前付款今天发出哦。"
      autoreply drafts drop 12
    """


@command.command("list")
@config_option
@verbose_option()
@json_option
def list_(config: Path | None, verbose: bool, as_json: bool) -> None:
    """All drafts, oldest first, each with what the buyer said last.

    \b
    Example:
      autoreply drafts list --json
    """
    from autoreply.journal.drafts import drafts

    with desk(config) as at:
        rows = [_as_data(at, row) for row in drafts(at.store)]
    if as_json:
        put(rows)
        return
    if not rows:
        click.echo("no drafts")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("id", "since", "conversation", "the buyer said", "draft")
    for row in rows:
        key = "/".join(row["conversation"].values())
        cells = str(row["id"]), at.local(row["created_at"]), key, row["asked"], row["text"]
        table.add_row(*(Text(cell) for cell in cells))
    console().print(table)


@command.command("send")
@click.argument("number", metavar="ID", type=int)
@config_option
@verbose_option()
def send(number: int, config: Path | None, verbose: bool) -> None:
    """Send a draft as it is; a running server does so within a second.

    \b
    Example:
      autoreply drafts send 12
    """
    from autoreply.journal.drafts import send_draft

    with desk(config) as at:
        row = _draft(at, number)
        send_draft(at.store, row, time.time())
    click.echo(f"to be sent: {row.text}")


@command.command("edit")
@click.argument("number", metavar="ID", type=int)
@click.argument("text")
@config_option
@verbose_option()
@override_option
def edit(number: int, text: str, config: Path | None, verbose: bool, override: str | None) -> None:
    """Put your own words in the place of a draft; `send` sends them.

    They pass the gate as `handoff reply` does: what it would block or rewrite is shown and not taken, with exit code
    1, unless --override gives a reason.

    \b
    Example:
      autoreply drafts edit 12 "您好，今天16点前付款今天发出哦。"
    """
    from autoreply.journal.drafts import edit_draft

    with desk(config) as at:
        _draft(at, number)
    gate = gate_of(config, verbose)
    with desk(config) as at:
        row = _draft(at, number)
        edit_draft(at.store, row, words(gate, row.conversation, text, override, row.key))
    click.echo(f"draft {number} is changed; `autoreply drafts send {number}` sends it")


@command.command("drop")
@click.argument("number", metavar="ID", type=int)
@config_option
@verbose_option()
def drop(number: int, config: Path | None, verbose: bool) -> None:
    """Do not send a draft. The buyer gets no answer from the bot to that.

    \b
    Example:
      autoreply drafts drop 12
    """
    from autoreply.journal.drafts import drop_draft

    with desk(config) as at:
        drop_draft(at.store, _draft(at, number), time.time())
    click.echo(f"draft {number} is dropped")


def _draft(at: Desk, number: int) -> "OutboxRow":
    from autoreply.journal.drafts import draft

    if (row := draft(at.store, number)) is None:
        raise Stop(f"no draft {number}; `autoreply drafts list` shows them all")
    return row


def _as_data(at: Desk, row: "OutboxRow") -> dict[str, Any]:
    lines = [e.text or f"[{e.kind}]" for e in at.store.transcript(row.conversation) if e.who == "buyer"]
    kept = {name: value for name, value in asdict(row).items() if name in ("id", "key", "text", "created_at")}
    return kept | {"conversation": row.conversation._asdict(), "asked": lines[-1] if lines else ""}
