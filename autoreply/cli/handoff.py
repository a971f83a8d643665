"""``autoreply handoff``: the queue for people, worked on from the terminal while the server runs or not."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import (
    Stop,
    config_option,
    console,
    json_option,
    load,
    load_settings,
    put,
    verbose_option,
)

if TYPE_CHECKING:
    from autoreply.journal import Entry, HandoffItem, Store
    from autoreply.settings import Settings


@click.group("handoff")
def command() -> None:
    """Conversations that wait for a person.

    Works on the journal file, whether the server runs or not; a running server sends a reply within a second.

    \b
    Examples:
      autoreply handoff list
      autoreply handoff show 3
      autoreply handoff reply 3 "您好，我来为您核对订单，请稍等。"
      autoreply handoff resume 3
    """


@dataclass(frozen=True, slots=True)
class _Desk:
    """The journal with the settings that go with it."""

    store: "Store"
    settings: "Settings"

    def local(self, moment: float) -> str:
        """A moment in the shop's time zone."""
        return datetime.fromtimestamp(moment, ZoneInfo(self.settings.shop.timezone)).strftime("%Y-%m-%d %H:%M")

    def item(self, number: int) -> "HandoffItem":
        found = self.store.handoff(number)
        if found is None:
            raise Stop(f"no handoff {number}; `autoreply handoff list --all` shows them all")
        return found


@contextmanager
def _desk(config: Path | None) -> Iterator[_Desk]:
    """The journal, opened inside one transaction that is kept unless something goes wrong."""
    from autoreply.journal import Store

    settings, folder = load_settings(config)
    path = folder / settings.store.path
    if not path.exists():
        raise Stop(f"no journal at {path} yet; it is made when `autoreply run` first starts")
    store = Store(path)
    try:
        with store:
            yield _Desk(store, settings)
    except sqlite3.Error as e:
        raise Stop(f"journal {path} cannot be used: {e}") from e
    finally:
        store.close()


@command.command("list")
@config_option
@verbose_option()
@json_option
@click.option("--all", "done", is_flag=True, help="Those that are done, too.")
def list_(config: Path | None, verbose: bool, as_json: bool, done: bool) -> None:
    """Who waits: high priority first, then whoever waits longest.

    \b
    Example:
      autoreply handoff list --all
    """
    with _desk(config) as desk:
        items = desk.store.handoffs(done=done)
        if as_json:
            put([_as_data(i) for i in items])
        else:
            _show_list(desk, items)


@command.command("show")
@click.argument("number", metavar="ID", type=int)
@config_option
@verbose_option()
@json_option
def show(number: int, config: Path | None, verbose: bool, as_json: bool) -> None:
    """One conversation: why it waits, and what was said.

    \b
    Example:
      autoreply handoff show 3
    """
    with _desk(config) as desk:
        item = desk.item(number)
        entries = desk.store.transcript(item.conversation)
        if as_json:
            put(_as_data(item) | {"transcript": [asdict(e) for e in entries]})
        else:
            _show_item(desk, item, entries)


@command.command("reply")
@click.argument("number", metavar="ID", type=int)
@click.argument("text")
@config_option
@verbose_option()
@click.option("--override", metavar="REASON", help="Send in spite of what the gate says; the reason is recorded.")
def reply(number: int, text: str, config: Path | None, verbose: bool, override: str | None) -> None:
    """Write to the buyer and take the conversation over: the bot is silent in it for a while.

    The text passes the same gate as the bot's. What it would block or rewrite is shown and not sent, with exit
    code 1, unless --override gives a reason.

    \b
    Examples:
      autoreply handoff reply 3 "您好，我来为您核对订单，请稍等。"
      autoreply handoff reply 3 "…" --override "buyer asked for the wording of the law"
    """
    with _desk(config) as desk:
        desk.item(number)
    gate = load(config, verbose=verbose).brain.gate
    from autoreply.channels.stdio import kept
    from autoreply.compliance import Draft, Released
    from autoreply.conversation.delivery import kept_draft
    from autoreply.journal import Outgoing
    from autoreply.model import Action

    reason = (override or "").strip() or None
    with _desk(config) as desk:
        item = desk.item(number)
        draft = Draft(item.conversation, kept(text).strip(), {}, "agent", override=reason)
        if not draft.text:
            raise Stop("the text is empty; nothing was sent")
        released = gate.release(draft)
        verdict = released.verdict if isinstance(released, Released) else released
        if verdict.findings:
            from autoreply.cli.gate import show as show_verdict

            show_verdict(console(err=True), gate, draft.text, verdict)
        if not isinstance(released, Released) or (verdict.action is Action.REWRITE and reason is None):
            raise Stop("nothing was sent; change the text, or give --override REASON")
        now = time.time()
        desk.store.take_over(item.conversation, now, now + desk.settings.conversation.takeover_minutes * 60)
        outgoing = Outgoing(
            f"agent-{uuid4()}", released.text, draft.origin, kept_draft(draft, released.rulebook_version)
        )
        desk.store.put(item.conversation, outgoing, now)
        minutes = desk.settings.conversation.takeover_minutes
    click.echo(f"to be sent: {released.text}")
    click.echo(f"the bot is silent here for {minutes:g} minutes, or until `autoreply handoff resume {number}`")


@command.command("resume")
@click.argument("number", metavar="ID", type=int)
@config_option
@verbose_option()
def resume(number: int, config: Path | None, verbose: bool) -> None:
    """Hand a conversation back to the bot; the item is done.

    \b
    Example:
      autoreply handoff resume 3
    """
    with _desk(config) as desk:
        item = desk.item(number)
        desk.store.give_back(item.conversation, time.time())
    click.echo(f"the bot answers {item.conversation} again")


def _as_data(item: "HandoffItem") -> dict[str, Any]:
    return asdict(item) | {"conversation": item.conversation._asdict()}


def _show_list(desk: _Desk, items: "list[HandoffItem]") -> None:
    from rich.table import Table
    from rich.text import Text

    if not items:
        click.echo("nobody waits")
        return
    table = Table("id", "priority", "waiting since", "conversation", "buyer", "reason")
    for item in items:
        priority = item.priority if item.state == "open" else item.state
        style = "dim" if item.state != "open" else "bold red" if item.priority == "high" else ""
        cells = (
            str(item.id),
            priority,
            desk.local(item.created_at),
            str(item.conversation),
            item.buyer_id,
            item.reason,
        )
        table.add_row(*(Text(cell) for cell in cells), style=style)
    console().print(table)


def _show_item(desk: _Desk, item: "HandoffItem", entries: "list[Entry]") -> None:
    from rich.text import Text

    screen = console()
    head = f"{item.id}  {item.conversation}  buyer {item.buyer_id or '?'}  {item.priority}  {item.state}"
    screen.print(Text(head, "bold"), soft_wrap=True)
    screen.print(Text(f"since {desk.local(item.created_at)}: {item.reason}", "yellow"), soft_wrap=True)
    styles = {"buyer": "", "bot": "green", "agent": "cyan"}
    for entry in entries:
        text = entry.text if entry.kind == "text" else f"[{entry.kind}] {entry.text}".strip()
        state = f"  ({entry.state})" if entry.state not in ("", "sent") else ""
        line = f"{desk.local(entry.at)}  {entry.who:<5}  {text}{state}"
        screen.print(Text(line, styles.get(entry.who, "")), soft_wrap=True)
