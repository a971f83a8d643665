"""What a handler sees of a turn, and how it says what is to be done. It sends nothing itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from autoreply.facts import Shop
from autoreply.model import Ask, Escalate, Priority, Reply, SlotValue, Turn, Understanding
from autoreply.texts import Texts
from autoreply.understanding.normalise import normalise

S = TypeVar("S")


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    """A word as it stands in ``Understanding.clean``."""
    return normalise(word).clean


@dataclass(frozen=True, slots=True)
class Context(Generic[S]):
    """One turn as the handler of one intent sees it.

    ``state`` is this handler's memory of the conversation: a dict of plain JSON data, kept after the turn.
    ``now`` is the shop's local time. ``slots`` are those of the turn and, after an ``ask``, the answer to it.
    """

    slug: str
    shop: Shop
    settings: S
    turn: Turn
    understanding: Understanding
    slots: Mapping[str, SlotValue]
    state: dict[str, Any]
    now: datetime
    texts: Texts
    said: dict[str, int]

    def says(self, words: str | Iterable[str]) -> bool:
        """Any of these words occurs in what the buyer wrote, in any width, case or script.

        A string holds words with blanks between them; names that may hold blanks themselves come as a list.
        """
        folded = map(_folded, words.split() if isinstance(words, str) else words)
        return any(word in self.understanding.clean for word in folded if word)

    def reply(self, key: str, /, **values: Any) -> Reply:
        """The text under ``key`` of ``intents/*.toml`` (``"invoice.available"``), the next variant at each use.

        A value wrapped in ``Backed(value, "shop.shipping.cutoff")`` tells the gate which setting backs it; the gate
        stops dates, amounts and gifts that nothing backs.

        Raises:
            UnknownText, MissingFact: the host turns both into a handover to a person.
        """
        used = self.said.get(key, 0)
        reply = self.texts.fill(key, self.shop, seed=str(self.turn.key), used=used, **values)
        self.said[key] = used + 1
        return reply

    def ask(self, slot: str, key: str, /, **values: Any) -> Ask:
        """Ask the buyer for ``slot`` with the text under ``key``; the answer comes back to the same handler."""
        reply = self.reply(key, **values)
        return Ask(reply.text, slot, reply.backed)

    def escalate(
        self, reason: str, key: str | None = None, /, *, priority: Priority = Priority.NORMAL, **values: Any
    ) -> Escalate:
        """Hand over to a person, saying the text under ``key`` or the host's own handover line."""
        return Escalate(reason, self.reply(key, **values) if key else None, priority)
