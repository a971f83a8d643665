"""``autoreply buyer``: what is kept about one buyer, handed out or erased, as the law lets a buyer demand."""

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import F, Stop, config_option, count, dumps, json_option, note, put
from autoreply.cli.common import verbose_option as verbose
from autoreply.cli.journal import opened, shop, sink

_WAIT = 15.0
"""Seconds that erasing waits for a running server to finish what it has in hand."""


@click.group("buyer")
def command() -> None:
    """What is kept about one buyer: handed out, or erased.

    Works while the server runs. Backups and exports made before are not touched.

    \b
    Examples:
      autoreply buyer export tb-2048 --out tb-2048.json
      autoreply buyer erase tb-2048
    """


def _channel_option(function: F) -> F:
    text = "On this channel alone: the same id may be another person's elsewhere."
    return click.option("--channel", metavar="NAME", help=text)(function)


@command.command("export")
@click.argument("buyer_id")
@config_option
@verbose()
@_channel_option
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this new file instead of stdout."
)
def export(buyer_id: str, config: Path | None, verbose: bool, channel: str | None, out: Path | None) -> None:
    """Everything kept about a buyer, as one JSON document, unmasked: it is theirs.

    Conversation by conversation: messages, replies, decisions with their traces, handoffs, and what the bot remembers.

    \b
    Example:
      autoreply buyer export tb-2048 --out tb-2048.json
    """
    from autoreply.journal.export import of_buyer
    from autoreply.journal.files import reading

    settings, path = shop(config)
    with reading(path) as db:
        conversations = of_buyer(db, buyer_id, channel)
    if not conversations:
        raise Stop(f"nothing is kept about buyer {buyer_id}{f' on channel {channel}' if channel else ''}")
    now = datetime.now(ZoneInfo(settings.shop.timezone)).isoformat(timespec="seconds")
    document = {"buyer_id": buyer_id, "shop": settings.shop.id, "exported_at": now, "conversations": conversations}
    with sink(out) as file:
        file.write(dumps(document) + "\n")
    if out is not None:
        note(f"{out}: {count(len(conversations), 'conversation')}")


@command.command("erase")
@click.argument("buyer_id")
@config_option
@verbose()
@json_option
@_channel_option
@click.option("--drop", is_flag=True, help="Erase also what has no answer yet; it gets none.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(
    buyer_id: str, config: Path | None, verbose: bool, as_json: bool, channel: str | None, drop: bool, yes: bool
) -> None:
    """Erase a buyer for good: texts, memory and traces of all the buyer's conversations.

    Rows stay without a word in them, so that counts stay right; ids are replaced by a pseudonym that nobody can turn
    back. Open handoffs are closed. What the server has in hand is waited for; where it does not run, --drop erases
    what is unanswered as well. A buyer who writes again begins anew.

    \b
    Example:
      autoreply buyer erase tb-2048
    """
    from autoreply.journal.buyers import erase as erase_buyer
    from autoreply.journal.buyers import in_hand
    from autoreply.journal.export import conversations_of
    from autoreply.journal.files import reading

    _, path = shop(config)
    with reading(path) as db:
        conversations = conversations_of(db, buyer_id, channel)
    if not conversations:
        raise Stop(f"nothing is kept about buyer {buyer_id}{f' on channel {channel}' if channel else ''}")
    if not yes:
        where = ", ".join(sorted({key[0] for key in conversations}))
        click.confirm(
            f"erase {count(len(conversations), 'conversation')} of buyer {buyer_id} ({where})? This cannot be undone",
            abort=True,
            err=True,
        )
    with opened(path) as store:
        until = time.monotonic() + _WAIT
        while True:
            with store:
                if drop or not in_hand(store, buyer_id, channel):
                    erased = erase_buyer(store, buyer_id, time.time(), channel)
                    break
            if time.monotonic() > until:
                raise Stop(
                    f"buyer {buyer_id} waits for an answer or a reply is still to leave; nothing was erased."
                    " Try again in a moment, or erase that as well with --drop"
                )
            time.sleep(0.5)
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what was said is not to be read in the -wal file either
    if as_json:
        put({"pseudonym": erased.pseudonym, "conversations": len(conversations), "rows": dict(erased.rows)})
    else:
        rows = count(erased.rows.total(), "row")
        click.echo(f"erased: {count(len(conversations), 'conversation')}, {rows}; now {erased.pseudonym}")
