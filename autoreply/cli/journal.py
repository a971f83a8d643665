"""``autoreply journal``: look at the journal, copy it, and have it forget, whether the server runs or not."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import Stop, config_option, console, count, dumps, json_option, load_settings, note, put
from autoreply.cli.common import verbose_option as verbose

if TYPE_CHECKING:
    from autoreply.journal import Store
    from autoreply.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("journal")
def command() -> None:
    """The file in which everything is kept: messages, replies, decisions.

    All of these work while the server runs.

    \b
    Examples:
      autoreply journal info
      autoreply journal backup
      autoreply journal verify
      autoreply journal export --since 2026-03-01 --out march.jsonl
    """


def shop(config: Path | None) -> "tuple[Settings, Path]":
    """The settings and the path of the journal."""
    settings, folder = load_settings(config)
    return settings, folder / settings.store.path


@contextmanager
def opened(path: Path) -> "Iterator[Store]":
    """The journal for writing; its operations want a transaction of their own each (``with store:``)."""
    from autoreply.journal import Store

    if not path.exists():
        raise Stop(f"no journal at {path} yet; it is made when `autoreply run` first starts")
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def sink(out: Path | None) -> Iterator[IO[str]]:
    """Stdout, or a file that is not there yet and that only its owner may read; one left half-written is removed."""
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Stop(f"{out} is there already; give another name") from None
    except OSError as e:
        raise Stop(f"cannot write {out}: {e.strerror}") from e
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
    except BaseException as e:
        out.unlink(missing_ok=True)
        if isinstance(e, OSError):
            raise Stop(f"cannot write {out}: {e.strerror}") from e
        raise


@command.command("info")
@config_option
@verbose()
@json_option
def info(config: Path | None, verbose: bool, as_json: bool) -> None:
    """How much is kept since when, and what waits.

    \b
    Example:
      autoreply journal info
    """
    from autoreply.journal.files import reading
    from autoreply.journal.verify import figures

    settings, path = shop(config)
    with reading(path) as db:
        kept = figures(db)
    beside = (path, path.with_name(path.name + "-wal"))
    found: dict[str, Any] = {
        "path": str(path),
        "bytes": sum(p.stat().st_size for p in beside if p.exists()),
        "keep_days": settings.store.keep_days,
    } | kept
    if as_json:
        put(found)
        return
    zone = ZoneInfo(settings.shop.timezone)
    for name in ("oldest", "newest"):
        if found[name] is not None:
            found[name] = datetime.fromtimestamp(found[name], zone).strftime("%Y-%m-%d %H:%M:%S")
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    facts = Table.grid(padding=(0, 2))
    for name, value in found.items():
        words = ", ".join(f"{n:,} {records}" for records, n in value.items()) if name == "rows" else value
        facts.add_row(name.replace("_", " "), Text(f"{words:,}" if isinstance(words, int) else str(words)))
    console().print(facts)


@command.command("verify")
@click.argument("file", required=False, type=_FILE)
@config_option
@verbose()
@json_option
def verify(file: Path | None, config: Path | None, verbose: bool, as_json: bool) -> None:
    """Say whether the journal, or a backup of it, is sound.

    Reads every page of FILE, by default the shop's journal, and checks what must hold between its rows: every message
    that counts as answered was decided upon, every reply was made by a decision, nothing has a state there is not.
    Exit code 1 where something is wrong.

    \b
    Examples:
      autoreply journal verify
      autoreply journal verify backups/autoreply-20260311-030000.db
    """
    from autoreply.journal.files import reading
    from autoreply.journal.verify import problems

    path = file if file is not None else shop(config)[1]
    with reading(path) as db:
        found = problems(db)
    if as_json:
        put({"path": str(path), "sound": not found, "problems": found})
    else:
        for problem in found:
            click.echo(problem)
        click.echo(f"{path}: {count(len(found), 'problem') if found else 'sound'}")
    if found:
        raise click.exceptions.Exit(1)


@command.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path))
@config_option
@verbose()
def backup(target: Path | None, config: Path | None, verbose: bool) -> None:
    """Copy the journal to one file, verified, while the server runs or not.

    TARGET is a file that is not there yet, or a folder in which one is made with the day and time in its name; without
    it the folder backups beside the journal. A backup holds what buyers wrote: keep it as carefully as the journal,
    and no longer. To go back to it, stop the server, put it in the journal's place, and remove the files -wal and -shm.

    \b
    Examples:
      autoreply journal backup
      autoreply journal backup /mnt/disk/shop.db
    """
    from autoreply.journal.backup import back_up

    settings, path = shop(config)
    target = target or path.parent / "backups"
    if target.is_dir() or not target.suffix:
        now = datetime.now(ZoneInfo(settings.shop.timezone))
        target = target / f"{path.stem}-{now:%Y%m%d-%H%M%S}.db"
    size = back_up(path, target)
    click.echo(f"{target}: {size:,} bytes, sound")


@command.command("purge")
@config_option
@verbose()
@json_option
@click.option("--days", type=click.FloatRange(1), metavar="N", help="Another age than [store] keep_days.")
def purge(config: Path | None, verbose: bool, as_json: bool, days: float | None) -> None:
    """Delete for good what is older than the shop keeps it.

    The running server does the same once a day. Conversations in which something is still unanswered, unsent or
    waiting for a person stay whole.

    \b
    Examples:
      autoreply journal purge
      autoreply journal purge --days 30
    """
    from autoreply.journal.retention import DAY
    from autoreply.journal.retention import purge as delete

    settings, path = shop(config)
    age = settings.store.keep_days if days is None else days
    with opened(path) as store:
        deleted = delete(store, time.time() - age * DAY)
    if as_json:
        put({"keep_days": age, "deleted": dict(deleted)})
    else:
        click.echo(f"older than {age:g} days, deleted: {count(deleted.total(), 'row')}")


@command.command("export")
@config_option
@verbose()
@click.option("--since", type=_DAY, metavar="DATE", help="From this day in the shop's time zone on.")
@click.option("--until", type=_DAY, metavar="DATE", help="Up to and with this day.")
@click.option("--conversation", metavar="ID", help="This one alone.")
@click.option("--out", type=_FILE, help="Write to this file, which is not there yet, instead of stdout.")
@click.option("--unmasked", is_flag=True, help="Everything as written, with the buyers' real ids.")
def export(
    config: Path | None,
    verbose: bool,
    since: datetime | None,
    until: datetime | None,
    conversation: str | None,
    out: Path | None,
    unmasked: bool,
) -> None:
    """Everything that is kept, as JSONL: an object for each message, reply, decision, handoff and conversation.

    The first line says what the export is. Phone numbers, addresses, names, order and card numbers and e-mail
    addresses are masked, and ids of buyers, conversations and messages are replaced by pseudonyms that hold within
    this one export, unless --unmasked is given.

    \b
    Examples:
      autoreply journal export --since 2026-03-01 --until 2026-03-31 --out march.jsonl
      autoreply journal export --conversation c-1024 --unmasked
    """
    from autoreply.journal.export import rows
    from autoreply.journal.files import reading, version

    settings, path = shop(config)
    zone = ZoneInfo(settings.shop.timezone)
    begin = None if since is None else since.replace(tzinfo=zone).timestamp()
    end = None if until is None else (until.replace(tzinfo=zone) + timedelta(days=1)).timestamp()
    written = 0
    with reading(path) as db, sink(out) as file:
        head = {"record": "journal", "schema": version(db), "masked": not unmasked}
        file.write(dumps(head | {"exported_at": datetime.now(zone).isoformat(timespec="seconds")}) + "\n")
        for row in rows(db, unmasked=unmasked, since=begin, until=end, conversation=conversation):
            file.write(dumps(row) + "\n")
            written += 1
    if out is not None:
        note(f"{out}: {count(written, 'row')}{', as written: keep it safe' if unmasked else ', masked'}")
