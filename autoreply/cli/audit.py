"""``autoreply audit``: who released what, under which version of the rules; read from the journal, never written."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import config_option, console, count, json_option, load_settings, put, verbose_option

_DECISIONS = "SELECT channel, shop, conversation, behaviour, rules, rulebook, trace, at FROM decisions"
_OUTBOX = "SELECT channel, shop, conversation, key, origin, text, draft, state, note, created_at, sent_at FROM outbox"


@dataclass(frozen=True, slots=True)
class Entry:
    """One text that left or was to leave. ``text`` is what was to be said, ``left`` what was released of it.

    ``by`` is agent, host, canned or plugin; bot where the gate stopped the text. ``rulebook`` is the version of the
    rules that judged it, empty where the journal does not tell, as for what an agent typed.
    """

    at: float
    conversation: str
    by: str
    action: str
    rules: tuple[str, ...]
    rulebook: str
    text: str
    left: str
    state: str
    key: str = ""
    sent_at: float | None = None
    override: str = ""
    note: str = ""


@click.command("audit")
@config_option
@verbose_option()
@json_option
@click.option("--conversation", metavar="ID", help="This one: its id, or channel/shop/id.")
@click.option("--rule", metavar="ID", help="Texts in which the gate found this rule.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="This day in the shop's time zone.")
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="The latest so many.")
def command(
    config: Path | None,
    verbose: bool,
    as_json: bool,
    conversation: str | None,
    rule: str | None,
    day: datetime | None,
    last: int,
) -> None:
    """Who released what under which rules.

    Each text that left or was to leave, oldest first: when, who, what the gate did and by which rules, the version of
    the rulebooks, and what became of it. Read from the journal, which is not changed. Phone numbers, names,
    addresses, order and card numbers are masked.

    \b
    Examples:
      autoreply audit --day 2026-03-11
      autoreply audit --conversation c-1024
      autoreply audit --rule off-contact --json
    """
    settings, folder = load_settings(config)
    zone = ZoneInfo(settings.shop.timezone)
    begin = None if day is None else day.replace(tzinfo=zone)
    entries = [
        e
        for e in _entries(folder / settings.store.path, begin)
        if (conversation is None or conversation in (e.conversation, e.conversation.split("/", 2)[2]))
        and (rule is None or rule in e.rules)
    ]
    shown = entries[-last:]
    if as_json:
        put([asdict(e) for e in shown])
    else:
        _show(shown, len(entries), zone)


def _entries(path: Path, begin: datetime | None) -> list[Entry]:
    """All entries, or those of the 24 hours (on a change of the clocks 23 or 25) from ``begin`` on; by time."""
    from autoreply.journal.files import reading

    span: tuple[float, ...] = ()
    if begin is not None:
        span = begin.timestamp(), (begin + timedelta(days=1)).timestamp()
    with reading(path) as db:  # decisions and outbox as of one moment
        decisions = db.execute(f"{_DECISIONS} {_within('at', span)} ORDER BY id", span).fetchall()
        outbox = db.execute(f"{_OUTBOX} {_within('created_at', span)} ORDER BY id", span).fetchall()
    return sorted(_joined(decisions, outbox), key=lambda e: e.at)


def _within(column: str, span: Sequence[float]) -> str:
    return f"WHERE {column} >= ? AND {column} < ?" if span else ""


def _joined(decisions: Sequence[Any], outbox: Sequence[Any]) -> Iterator[Entry]:
    """A reply is kept in the transaction of its decision: same conversation, same moment, the text that was left."""
    from autoreply.privacy import mask

    waiting: dict[tuple[str, float], list[Any]] = {}
    for row in outbox:
        waiting.setdefault(("/".join(row[:3]), row[9]), []).append(row)
    for channel, shop, name, behaviour, rules, rulebook, trace, at in decisions:
        conversation = f"{channel}/{shop}/{name}"
        replies = waiting.pop((conversation, at), [])
        for step in json.loads(trace):
            if step.get("stage") == "gate":
                reply = next((r for r in replies if step["left"] and mask(r[5]) == mask(step["left"])), None)
                if reply is not None:
                    replies.remove(reply)
                found = tuple(dict.fromkeys(f["rule"] for f in step["findings"]))
                state = "blocked" if step["action"] == "block" else "withheld"
                yield _entry(conversation, at, reply, rulebook, step["text"], step["action"], found, state)
        for reply in replies:  # lines of the framework's own, such as a holding line
            yield _entry(conversation, at, reply, rulebook, reply[5], behaviour, tuple(json.loads(rules)), "")
    for (conversation, at), replies in waiting.items():
        for reply in replies:
            yield _entry(conversation, at, reply, "", reply[5], "typed", (), "")


def _entry(
    conversation: str,
    at: float,
    reply: Any,
    rulebook: str,
    text: str,
    action: str,
    rules: tuple[str, ...],
    state: str,
) -> Entry:
    """``reply`` is the row of the outbox; None: the text was not kept to be sent."""
    from autoreply.privacy import mask

    if reply is None:
        return Entry(at, conversation, "bot", action, rules, rulebook, mask(text), "", state)
    draft = json.loads(reply[6])
    return Entry(
        at=at,
        conversation=conversation,
        by=reply[4],
        action=action,
        rules=rules,
        rulebook=rulebook or str(draft.get("rulebook", "")),
        text=mask(text),
        left=mask(reply[5]),
        state=reply[7],
        key=reply[3],
        sent_at=reply[10],
        override=mask(draft.get("override") or ""),
        note=mask(reply[8]),
    )


def _show(entries: Sequence[Entry], found: int, zone: ZoneInfo) -> None:
    from rich.table import Table
    from rich.text import Text

    if not entries:
        click.echo("nothing on record")
        return
    table = Table("when", "conversation", "by", "gate", "rules", "version", "what became of it", "text")
    for e in entries:
        when = datetime.fromtimestamp(e.at, zone).strftime("%Y-%m-%d %H:%M:%S")
        text = e.text if e.left in (e.text, "") else f"{e.text}\n→ {e.left}"
        text += f"\nin spite of the gate: {e.override}" if e.override else ""
        became = f"{e.state}: {e.note}" if e.note else e.state
        cells = (when, e.conversation, e.by, e.action, "\n".join(e.rules), e.rulebook or "–", became, text)
        table.add_row(*(Text(cell) for cell in cells))
    console().print(table)
    more = f"; the last {len(entries):,} of them, --last shows more" if found > len(entries) else ""
    click.echo(f"{count(found, 'text')}{more}")
