"""How much the bot may do, as the journal keeps it: modes, and takeovers of more than one conversation.

Functions over a ``Store``; each is part of the caller's transaction. Whoever switches, from whatever process: the next
turn, and the next reply about to leave, see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from autoreply.journal.records import HandoffRequest, OutboxRow, Settled
from autoreply.model import Behaviour, ConversationKey, Mode, Priority

if TYPE_CHECKING:
    from autoreply.journal.store import Store

ALL = ""
"""In the place of a channel: every channel of the shop."""

FOREVER = 253_402_300_799.0
"""The last second of the year 9999: a takeover until somebody resumes."""

DRAFT = "a draft is to be sent"
"""Why a conversation with nothing but a draft waits for a person."""

AGENT_LINES = 20
"""Lines of an agent's that the bot is told of when a conversation comes back to it, the last ones."""


class Scope(StrEnum):
    """How far a takeover reaches."""

    CONVERSATION = "conversation"
    BUYER = "buyer"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bot may do in a conversation at a moment, apart from an agent who writes in that very conversation.

    ``origin``: where the mode comes from, such as ``switched for http``. ``taken``: the scope of a takeover that
    reaches this conversation.
    """

    mode: Mode = Mode.AUTO
    origin: str = "default"
    taken: Scope | None = None

    @property
    def silent(self) -> bool:
        """Nothing of the bot's may leave, and every message is for a person."""
        return self.mode is Mode.OFF or self.taken is not None

    @property
    def reason(self) -> str:
        """Why it is silent, for the person who gets the message instead."""
        if self.taken is not None:
            return f"a person has taken over the {self.taken}"
        return "the bot is switched off"


@dataclass(frozen=True, slots=True)
class ModeRow:
    """A mode in effect for a channel (or ``ALL``) unless a more specific or a switched one stands beside it."""

    channel: str
    origin: str
    mode: Mode
    since: float


@dataclass(frozen=True, slots=True)
class Takeover:
    """A person has a buyer's conversations or the shop's. ``until`` may be ``FOREVER``."""

    scope: Scope
    channel: str
    subject: str
    agent: str
    since: float
    until: float

    def reaches(self, key: ConversationKey, buyer_id: str, now: float) -> bool:
        """This conversation with this buyer is one of those taken over."""
        theirs = self.scope is Scope.SHOP or self.subject == buyer_id
        return theirs and self.channel in (key.channel, ALL) and self.until > now


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All modes and wide takeovers of one shop at a moment; modes that win stand first."""

    modes: tuple[ModeRow, ...] = ()
    takeovers: tuple[Takeover, ...] = ()

    def of(self, key: ConversationKey, buyer_id: str, now: float) -> Standing:
        """What the bot may do in this conversation with this buyer."""
        row = next((m for m in self.modes if m.channel in (key.channel, ALL)), None)
        taken = next((t.scope for t in self.takeovers if t.reaches(key, buyer_id, now)), None)
        if row is None:
            return Standing(taken=taken)
        return Standing(row.mode, f"{row.origin} for {row.channel or 'the shop'}", taken)


def snapshot(store: "Store", shop: str, now: float) -> Snapshot:
    """Modes and wide takeovers as they stand now."""
    return Snapshot(tuple(modes(store, shop)), tuple(takeovers(store, shop, now)))


def standing(store: "Store", key: ConversationKey, now: float, buyer_id: str | None = None) -> Standing:
    """What the bot may do in a conversation now. Without ``buyer_id`` the buyer is looked up."""
    all_ = snapshot(store, key.shop, now)
    if buyer_id is None:
        buyer_id = store.buyer(key) if all_.takeovers else ""
    return all_.of(key, buyer_id, now)


def as_allowed(turn: Settled, now: Standing, agent_present: bool) -> tuple[Settled, str]:
    """A turn as it may be kept at this moment, and why its words are withheld; empty: they are not."""
    hold = turn.behaviour is Behaviour.HOLD
    if agent_present:
        return replace(turn, behaviour=Behaviour.SILENT, handoff=None), "an agent has the conversation"
    if now.silent and (turn.replies or turn.handoff is None):
        if hold:
            return replace(turn, behaviour=Behaviour.SILENT), now.reason
        handoff = turn.handoff or HandoffRequest(now.reason, Priority.NORMAL)
        return replace(turn, behaviour=Behaviour.ESCALATE, handoff=handoff), now.reason
    if turn.replies and now.mode is Mode.ASSIST:
        if hold:
            return replace(turn, behaviour=Behaviour.SILENT), "mode assist"
        handoff = turn.handoff or HandoffRequest(DRAFT, Priority.NORMAL)
        return replace(turn, behaviour=Behaviour.ESCALATE, handoff=handoff, leaves="draft"), ""
    return turn, ""


def stopped(store: "Store", row: OutboxRow, now: float) -> tuple[str, str] | None:
    """Why a reply of the bot's may not leave at this moment, behind the state it takes; None: it may.

    A buyer who thereby gets no answer is put into the queue for people.
    """
    if store.conversation(row.conversation).agent_present(now):
        return "withdrawn", "an agent wrote first"
    stand = standing(store, row.conversation, now)
    if not stand.silent and stand.mode is not Mode.ASSIST:
        return None
    state, reason = ("withdrawn", stand.reason) if stand.silent else ("draft", DRAFT)
    store.open_handoff(row.conversation, "", HandoffRequest(reason, Priority.NORMAL), now)
    return state, reason


# Modes -------------------------------------------------------------------------------------------------------------


def settle_modes(store: "Store", shop: str, modes: Mapping[str, Mode], now: float) -> None:
    """Write down what the settings say, by channel or ``ALL``; what was switched at run time stays and wins."""
    store.db.execute("DELETE FROM modes WHERE shop = ? AND origin = 'settings'", (shop,))
    store.db.executemany(
        "INSERT INTO modes VALUES (?,?,'settings',?,?)", [(shop, channel, mode, now) for channel, mode in modes.items()]
    )


def switch_mode(store: "Store", shop: str, channel: str, mode: Mode | None, now: float) -> None:
    """Switch a channel, or with ``ALL`` the whole shop with every channel. None: back to what the settings say."""
    store.db.execute("DELETE FROM modes WHERE shop = ? AND origin = 'switched' AND ? IN (channel, '')", (shop, channel))
    if mode is not None:
        store.db.execute("INSERT INTO modes VALUES (?,?,'switched',?,?)", (shop, channel, mode, now))


def modes(store: "Store", shop: str) -> list[ModeRow]:
    """All modes of a shop, those that win first."""
    rows = store.db.execute(
        "SELECT channel, origin, mode, since FROM modes WHERE shop = ?"
        " ORDER BY origin = 'settings', channel = '', channel",
        (shop,),
    )
    return [ModeRow(r[0], r[1], Mode(r[2]), r[3]) for r in rows]


# Takeovers ---------------------------------------------------------------------------------------------------------


def take_wide(store: "Store", shop: str, takeover: Takeover) -> None:
    """A person takes a buyer's conversations or the shop's; one that is there already goes on with the new end."""
    store.db.execute(
        "INSERT INTO takeovers VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
        " agent = excluded.agent, since = iif(until > excluded.since, since, excluded.since), until = excluded.until",
        (shop, takeover.scope, takeover.channel, takeover.subject, takeover.agent, takeover.since, takeover.until),
    )


def resume_wide(store: "Store", shop: str, scope: Scope, channel: str = ALL, subject: str = "") -> int:
    """The bot may answer again; returns how many takeovers ended. Resuming ``ALL`` ends those of each channel too."""
    ended = store.db.execute(
        "DELETE FROM takeovers WHERE shop = ? AND scope = ? AND ? IN (channel, '') AND subject = ?",
        (shop, scope, channel, subject),
    )
    return ended.rowcount


def takeovers(store: "Store", shop: str, now: float) -> list[Takeover]:
    """Takeovers of buyers and of the shop that are in effect, widest first."""
    rows = store.db.execute(
        "SELECT scope, channel, subject, agent, since, until FROM takeovers WHERE shop = ? AND until > ?"
        " ORDER BY scope DESC, channel, subject",
        (shop, now),
    )
    return [Takeover(Scope(r[0]), *r[1:]) for r in rows]


def sweep(store: "Store", now: float) -> None:
    """Forget takeovers that are over."""
    store.db.execute("DELETE FROM takeovers WHERE until <= ?", (now,))


def end_takeover(store: "Store", key: ConversationKey, now: float) -> None:
    """The bot may answer in this one conversation again; an open handoff stays open."""
    store.db.execute(
        "UPDATE conversations SET agent_until = NULL, agent_since = NULL, updated_at = ?"
        " WHERE channel = ? AND shop = ? AND conversation = ?",
        (now, *key),
    )


def agent_words(store: "Store", key: ConversationKey, since: float) -> tuple[str, ...]:
    """What agents have said in a conversation since a moment, oldest first, the last ``AGENT_LINES`` of it."""
    rows = store.db.execute(
        "SELECT substr(text, 1, 500), received_at, 0, seq FROM inbox"
        " WHERE channel = ? AND shop = ? AND conversation = ? AND author = 'agent' AND received_at >= ? AND text <> ''"
        " UNION ALL SELECT substr(text, 1, 500), created_at, 1, id FROM outbox"
        " WHERE channel = ? AND shop = ? AND conversation = ? AND origin = 'agent' AND created_at >= ?"
        " ORDER BY 2 DESC, 3 DESC, 4 DESC LIMIT ?",
        (*key, since, *key, since, AGENT_LINES),
    ).fetchall()
    return tuple(r[0] for r in reversed(rows))
