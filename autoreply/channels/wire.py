"""JSON shapes that the web channels share, and the strict reading of them.

Whatever a peer sends ends either in one of these models or in ``Refused``, which names the field. Ids that cannot be
kept as they are get refused, since an altered id would break the peer's own bookkeeping; a buyer's text is cleaned
instead, since a halved emoji is no reason to lose a message.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from multidict import MultiMapping
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from autoreply.channels.base import Sending
from autoreply.model import Author, ConversationKey, Kind, Message

MAX_BODY = 256 * 1024
"""Bytes of one body or frame; room for the longest text even when every character is written as two escapes."""
MAX_TEXT = 20_000
MAX_CURSOR = 2**63 - 1
_LAST_MOMENT = 253_402_300_799
"""The last second of the year 9999; larger numbers are milliseconds or nonsense."""
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 128

M = TypeVar("M", bound=BaseModel)


class Refused(Exception):
    """What a peer asked cannot be done; it is told so, with an HTTP status or in an error frame.

    ``field``: the part that is wrong (``body`` for the whole). ``retry_after``: seconds after which to try again.
    """

    def __init__(self, status: int, error: str, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.field = None if field is None else shown(field)
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """``{"error", "field"?, "retry_after"?}``."""
        parts = {"error": self.error, "field": self.field, "retry_after": self.retry_after}
        return {k: v for k, v in parts.items() if v is not None}


def shown(name: str) -> str:
    """A peer's own word, fit to be told back."""
    return _UNKEEPABLE.sub("\ufffd", name[:_SHOWN])


def _cleaned(value: Any) -> Any:
    return _UNKEEPABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _moment(value: Any) -> float:
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is neither an ISO 8601 time nor seconds since the epoch") from None
        if read.tzinfo is None:
            raise ValueError("needs an offset, such as 2025-11-11T20:00:00+08:00")
        value = (read - datetime.fromtimestamp(0, UTC)).total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("is neither an ISO 8601 time nor seconds since the epoch")
    if not 0 <= value <= _LAST_MOMENT:
        raise ValueError("lies before 1970 or after 9999; give seconds since the epoch, not milliseconds")
    return float(value)


Ident = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, BeforeValidator(_cleaned), StringConstraints(strict=True, max_length=MAX_TEXT)]
Moment = Annotated[float, BeforeValidator(_moment, json_schema_input_type=str | float)]
Cursor = Annotated[int, Field(ge=0, le=MAX_CURSOR)]


class Shape(BaseModel):
    """Base of the shapes: frozen, an unknown field is refused so that a misspelt one shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Incoming(Shape):
    """A message for the shop.

    ``time``: when the platform took it, as ISO 8601 with offset or seconds since the epoch. It is kept and shown;
    the order of messages is that of their arrival, so a skewed clock does no harm.
    ``author``: ``agent`` for what a person of the shop wrote; the bot then stays out of the conversation.
    """

    shop: Ident
    conversation: Ident
    buyer_id: Ident
    message_id: Ident
    kind: Kind = Kind.TEXT
    author: Author = Author.BUYER
    text: Text
    time: Moment

    @field_validator("text")
    @classmethod
    def _something_said(cls, text: str, info: ValidationInfo) -> str:
        if not text and info.data.get("kind") is Kind.TEXT:
            raise ValueError('is empty; only a message of kind "image" or "card" may be')
        return text

    def message(self, channel: str, shop: str, now: float) -> Message:
        """The message as the framework knows it, arrived at ``now``.

        Raises:
            Refused: it names another shop than ``shop``.
        """
        if self.shop != shop:
            raise Refused(422, "is not the id of the shop that runs here", "shop")
        key = ConversationKey(channel, self.shop, self.conversation)
        return Message(key, self.message_id, self.buyer_id, self.text, self.author, self.kind, self.time, now)


class ChatLine(Shape):
    """What the chat page sends; the rest of a message follows from its connection."""

    message_id: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    text: Annotated[Text, StringConstraints(min_length=1)]
    time: Moment


class Acks(Shape):
    """Keys of replies that the peer has."""

    keys: Annotated[list[Ident], Field(min_length=1, max_length=1000)]


class RepliesQuery(Shape):
    """The query of ``GET /v1/replies``: replies above a cursor; ``wait`` up to so many seconds for the first one."""

    after: Cursor = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    wait: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0


class SocketQuery(Shape):
    """The query of ``GET /v1/ws``."""

    after: Cursor = 0


class ChatQuery(SocketQuery):
    """The query of ``GET /chat/ws``. The conversation id is random and long: knowing it is the right to read it."""

    conversation: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class Outgoing(Shape):
    """A reply on its way to a peer. ``cursor`` only grows; ``key`` is the same at every repetition of one reply."""

    cursor: int
    key: str
    shop: str
    conversation: str
    text: str
    in_reply_to: tuple[str, ...]
    time: str

    @classmethod
    def of(cls, sending: Sending) -> "Outgoing":
        """The reply as peers see it; ``time`` is ISO 8601 in UTC."""
        key = sending.released.key
        time = datetime.fromtimestamp(sending.created_at, UTC).isoformat(timespec="milliseconds")
        return cls(
            cursor=sending.cursor,
            key=sending.key,
            shop=key.shop,
            conversation=key.conversation,
            text=sending.released.text,
            in_reply_to=sending.in_reply_to,
            time=time,
        )


FrameType = Literal["message", "accepted", "reply", "ack", "acked", "ping", "pong", "error"]
"""What ``type`` may be in a frame of the WebSocket channels."""


def frame(type_: FrameType, body: Mapping[str, Any]) -> str:
    """A frame as text."""
    return dumps({"type": type_, **body})


def dumps(value: Any) -> str:
    """Compact JSON with Chinese as written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> dict[str, Any]:
    """The JSON object in ``text``.

    Raises:
        Refused: 422 for anything else, duplicate keys, NaN, and nesting that exhausts the reader.
    """
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as e:
        raise Refused(422, f"is not valid JSON: {e.msg} at line {e.lineno} column {e.colno}", "body") from None
    except RecursionError:
        raise Refused(422, "is nested too deeply", "body") from None
    except ValueError:
        # Only an integer of thousands of digits gets here.
        raise Refused(422, "holds a number that is too long", "body") from None
    if not isinstance(data, dict):
        raise Refused(422, "is not a JSON object", "body")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [k for k, _ in pairs]
        twice = next(k for k in data if names.count(k) > 1)
        raise Refused(422, "is given twice", twice)
    return data


def _no_constant(name: str) -> Any:
    raise Refused(422, f"{name} is not JSON", "body")


def parse(model: type[M], data: Mapping[str, Any]) -> M:
    """``data`` as ``model``.

    Raises:
        Refused: 422 with the first field that is wrong.
    """
    try:
        return model.model_validate(data)
    except ValidationError as e:
        error = e.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, error["loc"])) or "body"
    raise Refused(422, _TOLD.get(error["type"], error["msg"].removeprefix("Value error, ")), field)


_TOLD = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_pattern_mismatch": "holds characters that may not stand there",
    "string_unicode": "holds half a surrogate pair",
}


def query(model: type[M], given: MultiMapping[str]) -> M:
    """The query of a request as ``model``.

    Raises:
        Refused: 422 with the first parameter that is wrong, unknown or given twice.
    """
    return parse(model, _unique(list(given.items())))
