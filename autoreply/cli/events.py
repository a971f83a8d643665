"""``chat --jsonl``: events in, decisions out, on a clock that only the events move."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autoreply.app import App
from autoreply.channels.stdio import kept
from autoreply.cli.common import start_of
from autoreply.cli.session import Session
from autoreply.clock import ManualClock
from autoreply.model import Author, Kind
from autoreply.pipeline import Result

PACE = 10.0
"""Seconds between an event without ``at`` and the one before it."""
EPOCH = 1e9
"""An ``at`` from here on is seconds since the epoch; a smaller one counts from the fixed moment."""
_LAST = 253_402_300_799.0
"""The last second of the year 9999."""


class BadEvent(ValueError):
    """A line that is no event; the message says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of input. ``at`` is None where the line has none."""

    conversation: str
    buyer_id: str
    text: str
    author: Author
    kind: Kind
    at: float | None
    message_id: str | None


def parse(line: str) -> Event:
    """The event on a line; unknown fields are left alone.

    Raises:
        BadEvent: it is none.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as e:
        raise BadEvent(f"is not JSON: {e}") from None
    if not isinstance(data, dict):
        raise BadEvent("is not a JSON object")
    agent = data.get("agent") is not None
    if agent and data.get("text") is not None:
        raise BadEvent('holds both "text" and "agent"; a line is either the buyer\'s or the agent\'s')
    kind = _word(data, "kind", Kind.TEXT)
    if kind not in list(Kind):
        raise BadEvent(f'"kind" is {kind!r}; it may be text, image or card')
    if not agent and kind == Kind.TEXT and data.get("text") is None:
        raise BadEvent('has no "text", and no "agent" either')
    return Event(
        conversation=kept(_word(data, "conversation", "") or "chat"),
        buyer_id=_word(data, "buyer_id", "") or "buyer",
        text=_word(data, "agent" if agent else "text", ""),
        author=Author.AGENT if agent else Author.BUYER,
        kind=Kind(kind),
        at=_moment(data.get("at")),
        message_id=_word(data, "message_id", "") or None,
    )


def _word(data: Mapping[str, Any], name: str, default: str) -> str:
    value = data.get(name)
    if value is None:
        return default
    if isinstance(value, (int, float)) and not isinstance(value, bool) and name != "text":
        return str(value)
    if not isinstance(value, str):
        raise BadEvent(f'"{name}" is no string')
    return value


def _moment(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadEvent('"at" is no number of seconds')
    try:
        moment = float(value)
    except OverflowError:
        moment = math.inf
    if not 0 <= moment <= _LAST:
        raise BadEvent('"at" is not between 0 and the year 9999')
    return moment


class Replay:
    """Feeds events to the engine and tells each decision to ``decided`` as it is made, as plain JSON data.

    Events are expected in order of time. One that lies before the clock, such as the first of the next recorded
    conversation, sets the clock back once all that waits has been done; what conversations remember stays.
    """

    def __init__(self, app: App, decided: Callable[[dict[str, Any]], None]) -> None:
        self._start = start_of(app.brain.shop)
        self._decided = decided
        self._clock = ManualClock(self._start)
        self._previous = -PACE
        self._base: dict[str, float] = {}
        self.session = Session(app, self._clock, decided=self._observe)

    def feed(self, event: Event) -> None:
        """Let time pass up to the event, then have it happen."""
        self.session.do(self._feed(event))

    def finish(self) -> None:
        """Let time pass until nothing waits for it any more."""
        self.session.do(self._finish())

    async def _feed(self, event: Event) -> None:
        at = self._previous + PACE if event.at is None else event.at
        self._previous = at
        base = self._start if at < EPOCH else 0.0
        self._base[event.conversation] = base
        moment = base + at
        if moment < self._clock.now():
            await self._finish()
            self._clock = ManualClock(moment)
            await self.session.restart(self._clock)
        await self._clock.advance_to(moment, self.session.settle)
        await self.session.channel.say(
            event.conversation,
            event.text,
            buyer_id=event.buyer_id,
            author=event.author,
            kind=event.kind,
            message_id=event.message_id,
        )
        await self.session.settle()

    async def _finish(self) -> None:
        await self.session.settle()
        while (due := self._clock.next_due()) is not None:
            await self._clock.advance_to(due, self.session.settle)

    def _observe(self, result: Result) -> None:
        conversation = result.turn.key.conversation
        self._decided(
            {
                "conversation": conversation,
                "behaviour": result.behaviour,
                "replies": [spoken.released.text for spoken in result.replies],
                "intents": list(result.intents),
                "rules": list(result.rules),
                "messages": len(result.turn.messages),
                "at": round(self._clock.now() - self._base.get(conversation, 0.0), 3),
            }
        )
