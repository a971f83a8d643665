"""``autoreply handoff``: the queue for people, worked on from the terminal while the server runs or not."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from autoreply.cli.common import F, Stop, config_option, console, json_option, put, verbose_option
from autoreply.cli.desk import Desk, agent_option, channel_option, desk, gate_of, override_option, words

if TYPE_CHECKING:
    from autoreply.journal import Entry, HandoffItem
    from autoreply.journal.people import Scope
    from autoreply.model import ConversationKey

_SCOPES = click.Choice(["conversation", "buyer", "shop"])
_WHOM = (
    click.argument("number", metavar="[ID]", type=int, required=False),
    config_option,
    verbose_option(),
    click.option("--scope", type=_SCOPES, default="conversation", show_default=True, help="How far it reaches."),
    click.option("--conversation", metavar="NAME", help="One that is not in the queue; with --channel."),
    click.option("--buyer", metavar="ID", help="A buyer who is not in the queue; with --channel."),
    channel_option("The channel of --conversation or --buyer; or of the shop that channel alone."),
)


def _whom(function: F) -> F:
    """``[ID]`` and the options that name the conversation, buyer or shop of a takeover."""
    for option in reversed(_WHOM):
        function = option(function)
    return function


def _item(function: F) -> F:
    """``ID``, an item of the queue, with the options of every command."""
    return click.argument("number", metavar="ID", type=int)(config_option(verbose_option()(function)))


@click.group("handoff")
def command() -> None:
    """Conversations that wait for a person.

    Works on the journal file, whether the server runs or not; a running server sends a reply within a second.

    \b
    Examples:
      autoreply handoff list
      autoreply handoff claim 3 --agent 小王
      autoreply handoff reply 3 "您好，我来为您核对订单，请稍等。" --agent 小王
      autoreply handoff done 3
    """


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
    with desk(config) as at:
        items = at.store.handoffs(done=done)
        if as_json:
            put([_as_data(i) for i in items])
        else:
            _show_list(at, items)
            _show_takeovers(at)


@command.command("show")
@_item
@json_option
def show(number: int, config: Path | None, verbose: bool, as_json: bool) -> None:
    """One conversation: why it waits, and what was said.

    \b
    Example:
      autoreply handoff show 3
    """
    with desk(config) as at:
        item = at.item(number)
        entries = at.store.transcript(item.conversation)
        if as_json:
            put(_as_data(item) | {"transcript": [asdict(e) for e in entries]})
        else:
            _show_item(at, item, entries)


@command.command("claim")
@_item
@agent_option
def claim(number: int, config: Path | None, verbose: bool, agent: str) -> None:
    """Take an item: nobody else can, and the bot is silent in that conversation.

    \b
    Example:
      autoreply handoff claim 3 --agent 小王
    """
    with desk(config) as at:
        item = at.item(number)
        if not agent:
            raise Stop("who are you? give --agent NAME")
        _refuse_claimed(at, item, agent)
        if item.state != "open":
            raise Stop(f"handoff {number} is done")
        minutes = _take(at, item, agent, time.time())
    click.echo(f"{agent} has {number}; the bot is silent there for {minutes:g} minutes")


@command.command("release")
@_item
def release(number: int, config: Path | None, verbose: bool) -> None:
    """Put an item back into the queue for anyone; the bot goes on in the conversation meanwhile.

    \b
    Example:
      autoreply handoff release 3
    """
    from autoreply.journal.handoffs import release_item

    with desk(config) as at:
        release_item(at.store, at.item(number), time.time())
    click.echo(f"{number} is there for anyone")


@command.command("reply")
@_item
@click.argument("text")
@agent_option
@override_option
def reply(number: int, text: str, config: Path | None, verbose: bool, agent: str, override: str | None) -> None:
    """Write to the buyer and take the conversation over: the bot is silent in it for a while.

    The text passes the same gate as the bot's. What it would block or rewrite is shown and not sent, with exit
    code 1, unless --override gives a reason. An item that another agent has claimed is refused; with --agent an
    unclaimed one becomes yours.

    \b
    Examples:
      autoreply handoff reply 3 "您好，我来为您核对订单，请稍等。"
      autoreply handoff reply 3 "…" --override "buyer asked for the wording of the law"
    """
    with desk(config) as at:
        _refuse_claimed(at, at.item(number), agent)
    gate = gate_of(config, verbose)
    with desk(config) as at:
        item = at.item(number)
        _refuse_claimed(at, item, agent)
        outgoing = words(gate, item.conversation, text, override, f"agent-{uuid4()}")
        now = time.time()
        minutes = _take(at, item, agent, now)
        at.store.put(item.conversation, outgoing, now)
    click.echo(f"to be sent: {outgoing.text}")
    click.echo(f"the bot is silent here for {minutes:g} minutes, or until `autoreply handoff done {number}`")


@command.command("done")
@_item
def done(number: int, config: Path | None, verbose: bool) -> None:
    """The person is done: the item leaves the queue and the bot answers there again, knowing what was said.

    \b
    Example:
      autoreply handoff done 3
    """
    with desk(config) as at:
        item = at.item(number)
        at.store.give_back(item.conversation, time.time())
    click.echo(f"the bot answers {item.conversation} again")


@command.command("takeover")
@_whom
@agent_option
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="How long; without it takeover_minutes.")
@click.option("--until-resumed", is_flag=True, help="Until somebody resumes.")
def takeover(
    number: int | None,
    config: Path | None,
    verbose: bool,
    scope: str,
    conversation: str | None,
    buyer: str | None,
    channel: str,
    agent: str,
    minutes: float | None,
    until_resumed: bool,
) -> None:
    """Silence the bot: in a conversation, with a buyer wherever that buyer writes, or in the whole shop.

    ID is an item of the queue. What buyers write meanwhile, where no agent is, goes into the queue.

    \b
    Examples:
      autoreply handoff takeover 3 --minutes 60
      autoreply handoff takeover 3 --scope buyer
      autoreply handoff takeover --scope shop --until-resumed
    """
    from autoreply.journal.people import FOREVER, Scope, Takeover, take_wide

    with desk(config) as at:
        key, whom, channel = _target(at, Scope(scope), number, conversation, buyer, channel)
        now = time.time()
        minutes = minutes or (at.takeover_minutes(key) if key else at.settings.conversation.takeover_minutes)
        until = FOREVER if until_resumed else now + minutes * 60
        if key is not None and scope == Scope.CONVERSATION:
            at.store.take_over(key, now, until)
        else:
            take_wide(at.store, at.shop, Takeover(Scope(scope), channel, whom, agent, now, until))
        told = "until resumed" if until_resumed else f"until {at.local(until)}"
    click.echo(f"the bot is silent {told}")


@command.command("resume")
@_whom
def resume(
    number: int | None,
    config: Path | None,
    verbose: bool,
    scope: str,
    conversation: str | None,
    buyer: str | None,
    channel: str,
) -> None:
    """End a takeover. Of a conversation it is what `done` does; of a buyer or the shop the queue stays as it is.

    \b
    Examples:
      autoreply handoff resume 3
      autoreply handoff resume --scope shop
    """
    from autoreply.journal.people import Scope, resume_wide

    with desk(config) as at:
        key, whom, channel = _target(at, Scope(scope), number, conversation, buyer, channel)
        if key is not None and scope == Scope.CONVERSATION:
            at.store.give_back(key, time.time())
            told = f"the bot answers {key} again"
        elif resume_wide(at.store, at.shop, Scope(scope), channel, whom):
            told = f"the takeover of the {scope} is over"
        else:
            raise Stop(f"there is no takeover of that {scope}")
    click.echo(told)


def _target(
    at: Desk, scope: "Scope", number: int | None, conversation: str | None, buyer: str | None, channel: str
) -> "tuple[ConversationKey | None, str, str]":
    """The conversation meant, the buyer's id (empty for another scope), and the channel.

    Raises:
        Stop: what is needed for that scope was not given.
    """
    from autoreply.model import ConversationKey

    item = at.item(number) if number is not None else None
    if scope == "shop":
        return None, "", at.known(channel)
    if item is not None:
        return item.conversation, item.buyer_id if scope == "buyer" else "", item.conversation.channel
    name = buyer if scope == "buyer" else conversation
    if not name or not channel:
        raise Stop(f"which {scope}? give an ID of the queue, or --{scope} and --channel")
    if scope == "buyer":
        return None, name, at.known(channel)
    return ConversationKey(at.known(channel), at.shop, name), "", channel


def _refuse_claimed(at: Desk, item: "HandoffItem", agent: str) -> None:
    """Raises Stop where another agent has the item."""
    if item.state == "open" and item.agent not in ("", agent):
        since = f" since {at.local(item.claimed_at)}" if item.claimed_at is not None else ""
        raise Stop(f"{item.agent} has {item.id}{since}; `autoreply handoff release {item.id}` frees it")


def _take(at: Desk, item: "HandoffItem", agent: str, now: float) -> float:
    """Silence the bot in the item's conversation; an open item becomes the agent's. The minutes of silence."""
    from autoreply.journal.handoffs import claim_item

    minutes = at.takeover_minutes(item.conversation)
    until = now + minutes * 60
    if not agent or not claim_item(at.store, item.id, agent, now, until):
        at.store.take_over(item.conversation, now, until)
    return minutes


def _as_data(item: "HandoffItem") -> dict[str, Any]:
    return asdict(item) | {"conversation": item.conversation._asdict()}


def _show_list(at: Desk, items: "list[HandoffItem]") -> None:
    from rich.table import Table
    from rich.text import Text

    if not items:
        click.echo("nobody waits")
        return
    table = Table("id", "priority", "waiting since", "agent", "conversation", "buyer", "reason")
    for item in items:
        priority = item.priority if item.state == "open" else item.state
        style = "dim" if item.state != "open" else "bold red" if item.priority == "high" else ""
        cells = (
            str(item.id),
            priority,
            at.local(item.waiting_since or item.created_at),
            item.agent,
            str(item.conversation),
            item.buyer_id,
            item.reason,
        )
        table.add_row(*(Text(cell) for cell in cells), style=style)
    console().print(table)


def _show_takeovers(at: Desk) -> None:
    from autoreply.journal.people import FOREVER, takeovers

    for t in takeovers(at.store, at.shop, time.time()):
        what = f"buyer {t.subject}" if t.subject else "the shop"
        where = f" on {t.channel}" if t.channel else ""
        who = f" by {t.agent}" if t.agent else ""
        until = "until resumed" if t.until >= FOREVER else f"until {at.local(t.until)}"
        click.echo(f"{what}{where} is taken over{who} {until}")


def _show_item(at: Desk, item: "HandoffItem", entries: "list[Entry]") -> None:
    from rich.text import Text

    screen = console()
    head = f"{item.id}  {item.conversation}  buyer {item.buyer_id or '?'}  {item.priority}  {item.state}"
    screen.print(Text(head, "bold"), soft_wrap=True)
    screen.print(Text(f"since {at.local(item.created_at)}: {item.reason}", "yellow"), soft_wrap=True)
    styles = {"buyer": "", "bot": "green", "agent": "cyan"}
    for entry in entries:
        text = entry.text if entry.kind == "text" else f"[{entry.kind}] {entry.text}".strip()
        state = f"  ({entry.state})" if entry.state not in ("", "sent") else ""
        line = f"{at.local(entry.at)}  {entry.who:<5}  {text}{state}"
        screen.print(Text(line, styles.get(entry.who, "")), soft_wrap=True)
