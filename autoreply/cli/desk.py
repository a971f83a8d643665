"""What the commands for the shop's people share: the journal in one transaction, an agent's words before the gate."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from autoreply.cli.common import F, Stop, console, load, load_settings

if TYPE_CHECKING:
    from autoreply.compliance import Gate
    from autoreply.journal import HandoffItem, Outgoing, Store
    from autoreply.model import ConversationKey
    from autoreply.settings import Settings


def agent_option(function: F) -> F:
    """``--agent NAME``."""
    text = "Who you are, in the queue; the environment variable AUTOREPLY_AGENT says it once and for all."
    return click.option("--agent", metavar="NAME", envvar="AUTOREPLY_AGENT", default="", help=text)(function)


def channel_option(text: str) -> Callable[[F], F]:
    """``--channel NAME``."""
    return click.option("--channel", metavar="NAME", default="", help=text)


def override_option(function: F) -> F:
    """``--override REASON``."""
    text = "Send in spite of what the gate says; the reason is recorded."
    return click.option("--override", metavar="REASON", help=text)(function)


@dataclass(frozen=True, slots=True)
class Desk:
    """The journal with the settings that go with it."""

    store: "Store"
    settings: "Settings"

    @property
    def shop(self) -> str:
        return self.settings.shop.id

    def local(self, moment: float) -> str:
        """A moment in the shop's time zone."""
        return datetime.fromtimestamp(moment, ZoneInfo(self.settings.shop.timezone)).strftime("%Y-%m-%d %H:%M")

    def item(self, number: int) -> "HandoffItem":
        """The item of the queue with that number.

        Raises:
            Stop: nobody has it.
        """
        found = self.store.handoff(number)
        if found is None:
            raise Stop(f"no handoff {number}; `autoreply handoff list --all` shows them all")
        return found

    def takeover_minutes(self, key: "ConversationKey") -> float:
        """How long the bot is silent after an agent's word in this conversation."""
        return self.settings.conversation.on(key.channel).takeover_minutes

    def known(self, channel: str) -> str:
        """The name of a channel that the settings have, or empty for all of them.

        Raises:
            Stop: they have no such channel.
        """
        from autoreply.tomlfile import did_you_mean

        if channel and channel not in self.settings.channels:
            names = list(self.settings.channels)
            raise Stop(f"no channel {channel!r} in the settings{did_you_mean(channel, names)}")
        return channel


@contextmanager
def desk(config: Path | None) -> Iterator[Desk]:
    """The journal, opened inside one transaction that is kept unless something goes wrong."""
    from autoreply.journal import Store

    settings, folder = load_settings(config)
    path = folder / settings.store.path
    if not path.exists():
        raise Stop(f"no journal at {path} yet; it is made when `autoreply run` first starts")
    store = Store(path)
    try:
        with store:
            yield Desk(store, settings)
    except sqlite3.Error as e:
        raise Stop(f"journal {path} cannot be used: {e}") from e
    finally:
        store.close()


def gate_of(config: Path | None, verbose: bool) -> "Gate":
    """The shop's gate."""
    return load(config, verbose=verbose).brain.gate


def words(gate: "Gate", key: "ConversationKey", text: str, override: str | None, reply_key: str) -> "Outgoing":
    """An agent's text as it is kept to be sent, having passed the gate; what the gate found is shown.

    Raises:
        Stop: it is empty, or the gate would block or rewrite it and no reason was given.
    """
    from autoreply.channels.stdio import kept
    from autoreply.compliance import Draft, Released
    from autoreply.conversation.delivery import kept_draft
    from autoreply.journal import Outgoing
    from autoreply.model import Action

    reason = (override or "").strip() or None
    draft = Draft(key, kept(text).strip(), {}, "agent", override=reason)
    if not draft.text:
        raise Stop("the text is empty; nothing was sent")
    released = gate.release(draft)
    verdict = released.verdict if isinstance(released, Released) else released
    if verdict.findings:
        from autoreply.cli.gate import show as show_verdict

        show_verdict(console(err=True), gate, draft.text, verdict)
    if not isinstance(released, Released) or (verdict.action is Action.REWRITE and reason is None):
        raise Stop("nothing was sent; change the text, or give --override REASON")
    return Outgoing(reply_key, released.text, draft.origin, kept_draft(draft, released.rulebook_version))
