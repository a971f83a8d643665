"""What a handler sees of a turn, and how it says what is to be done. It sends nothing itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, Literal

import structlog
from typing_extensions import TypeVar

from autoreply.facts import Shop
from autoreply.model import Ask, Escalate, Priority, Reply, SlotValue, Turn, Understanding
from autoreply.records.desk import Desk, NoRecords, NotTheirs
from autoreply.records.model import Order, Product
from autoreply.records.sources import RecordsDown
from autoreply.texts import Filled, MissingFact, Texts, UnknownText
from autoreply.understanding.normalise import normalise

S = TypeVar("S")
T = TypeVar("T", default=dict[str, Any])

STOPS = (MissingFact, UnknownText, RecordsDown, NoRecords, NotTheirs)
"""What a context raises where it cannot give what was asked for; a handler may leave it to the host."""

PHOTO = "photo"
"""The slot that a picture fills."""

CARD, _PRODUCT = "card", "product"
"""Where a conversation keeps the last card's text and the id of the product that it is about."""


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    """A word as it stands in ``Understanding.clean``."""
    return normalise(word).clean


@lru_cache(maxsize=4096)
def _folded_words(words: str) -> tuple[str, ...]:
    """Words with blanks between them as they stand in ``Understanding.clean``."""
    return tuple(map(_folded, words.split()))


def says(clean: str, words: str | Iterable[str]) -> bool:
    """Any of these words occurs in a clean text. A string holds words with blanks between them."""
    folded = _folded_words(words) if isinstance(words, str) else map(_folded, words)
    return any(word in clean for word in folded if word)


@dataclass(frozen=True, slots=True)
class Context(Generic[S, T]):
    """One turn as the handler of one intent sees it.

    ``state`` is this handler's memory of the conversation, kept after the turn: a dict of plain JSON data, or an
    instance of the model it was registered with. ``shared`` is a dict that all handlers of the conversation see, for
    what a buyer should not be asked twice, such as the city. ``now`` is the shop's local time. ``slots`` are those of
    the turn and, after an ``ask``, the answer to it. ``duties`` are what the buyer's words oblige the shop to, by rule.
    ``asked`` is the slot that this turn answers, or empty. ``said_by_agent`` is what a person last wrote here.
    """

    slug: str
    shop: Shop
    settings: S
    turn: Turn
    understanding: Understanding
    slots: Mapping[str, SlotValue]
    state: T
    now: datetime
    texts: Texts
    said: dict[str, int]
    shared: dict[str, Any] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)
    duties: frozenset[str] = frozenset()
    asked: str = ""
    said_by_agent: tuple[str, ...] = ()

    @property
    def buyer(self) -> str:
        """The buyer's id on the channel."""
        return self.turn.buyer_id

    @property
    def log(self) -> Any:
        """A structlog logger that names the intent and the conversation."""
        return structlog.get_logger("autoreply.plugins").bind(intent=self.slug, conversation=str(self.turn.key))

    def says(self, words: str | Iterable[str]) -> bool:
        """Any of these words occurs in what the buyer wrote, in any width, case or script.

        A string holds words with blanks between them; names that may hold blanks themselves come as a list.
        """
        return says(self.understanding.clean, words)

    # What is known -------------------------------------------------------------------------------------------------

    def keeps(self, what: Literal["orders", "products"]) -> bool:
        """The shop has connected records of this kind."""
        return getattr(self.desk.records, what) is not None

    async def orders(self) -> tuple[Order, ...]:
        """The buyer's own orders, newest first: those under the very id that writes here.

        Raises:
            NoRecords, RecordsDown, NotTheirs: the host hands over, with a text that tells nothing of any order.
        """
        return await self.desk.orders()

    async def order(self, number: str | None = None) -> Order | None:
        """The order of that number, of the number in the buyer's words, or the newest; None if there is none.

        Raises:
            NoRecords, RecordsDown, NotTheirs: see ``orders``.
        """
        if number is None and (named := self.slots.get("order")) is not None:
            number = str(named)
        if number is not None:
            return await self.desk.order(number)
        return next(iter(await self.orders()), None)

    async def products(self, words: str | None = None) -> list[Product]:
        """The products that the buyer names in this turn, a card's product too, best first; else the last one named.

        With ``words``: only those that these words name.

        Raises:
            NoRecords, RecordsDown: see ``orders``.
        """
        if words is not None:
            return await self.desk.named(words, ())
        written = "\n".join(m.text for m in self.turn.messages)
        found = await self.desk.named(written, self.understanding.tokens)
        if not found and (card := self.shared.pop(CARD, None)):
            found = await self.desk.named(str(card), ())
        if found:
            self.shared[_PRODUCT] = found[0].product_id
            return found
        last = self.shared.get(_PRODUCT)
        product = await self.desk.product(last) if isinstance(last, str) else None
        return [product] if product is not None else []

    async def product(self, product_id: str) -> Product | None:
        """The product of that id.

        Raises:
            NoRecords, RecordsDown: see ``orders``.
        """
        return await self.desk.product(product_id)

    # What is to be done --------------------------------------------------------------------------------------------

    def text(self, key: str, /, **values: Any) -> Filled:
        """The words under ``key``, to be filled into another text; they keep what backs them."""
        reply = self.reply(key, **values)
        return Filled(reply.text, reply.backed)

    def reply(self, key: str, /, **values: Any) -> Reply:
        """The text under ``key`` of ``intents/*.toml`` (``"invoice.available"``), the next variant at each use.

        A value wrapped in ``Backed(value, "shop.shipping.cutoff")`` tells the gate which setting backs it; the gate
        stops dates, amounts and gifts that nothing backs. Replies can be added up to one message.

        Raises:
            UnknownText, MissingFact: the host turns both into a handover to a person.
        """
        used = self.said.get(key, 0)
        reply = self.texts.fill(key, self.shop, seed=str(self.turn.key), used=used, **values)
        self.said[key] = used + 1
        return reply

    def ask(
        self,
        slot: str,
        words: str | Reply,
        /,
        *,
        choices: Mapping[str, str] | None = None,
        tries: int = 2,
        give_up: str | Reply | None = None,
        **values: Any,
    ) -> Ask:
        """Ask the buyer for ``slot``; the answer comes back to the same handler as ``ctx.slots[slot]``.

        ``words`` is a key of a text or a reply. What fills the slot: a fact of that name found in the answer, a
        picture where the slot is ``"photo"``, one of ``choices`` (value → the words that name it, with blanks between
        them), else all that the buyer wrote. Asked ``tries`` times in a row without an answer that the handler can
        use, a person takes over, with ``give_up`` as the words for it.
        """
        reply = self._words(words, **values)
        last = self._words(give_up) if give_up is not None else None
        return Ask(reply.text, slot, reply.backed, dict(choices or {}), tries, last, reply.generated)

    def escalate(
        self,
        reason: str,
        words: str | Reply | None = None,
        /,
        *,
        priority: Priority = Priority.NORMAL,
        **values: Any,
    ) -> Escalate:
        """Hand over to a person, saying ``words`` (a key or a reply) or the host's own handover line.

        ``reason`` is the task as that person reads it: what is to be done, and what the buyer gave for it.
        """
        return Escalate(reason, self._words(words, **values) if words is not None else None, priority)

    def _words(self, words: str | Reply, **values: Any) -> Reply:
        return words if isinstance(words, Reply) else self.reply(words, **values)
