"""What the web channels share: handing messages in, waiting for replies, and a WebSocket that does both.

Replies are pulled: ``Host.offered`` already holds a reply when ``Channel.send`` is called, in cursor order. So a send
only wakes those who wait, each reads on from its own cursor, and there is no second copy of the stream that could
lose, double or reorder anything, nor a buffer that a slow peer could fill.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from autoreply.channels.base import Host, Overfull, Receipt, Sending, Unavailable
from autoreply.channels.wire import MAX_BODY, Outgoing, Refused, frame, shown
from autoreply.model import Message
from autoreply.server import CLOSING

RETRY_AFTER = 5
HEARTBEAT = 20.0
"""Seconds between protocol pings; a peer that does not answer within half of that is dropped."""
MAX_LISTENERS = 1000
_BATCH = 100
_IN_FLIGHT = 64
"""Frames of one connection that are worked on at the same time; beyond, reading stops."""
_GARBAGE = 5
"""Binary frames in a row after which a connection is closed."""

log = structlog.get_logger(__name__)

Answer = Callable[[str], Awaitable[str]]
"""Turns a text frame into the frame that answers it; may raise ``Refused``."""


class Desk:
    """A channel's side of the host: takes messages while the channel is open, tells of replies."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._host: Host | None = None
        self._taking = False
        self._listeners: dict[str | None, set[asyncio.Event]] = {}
        self._count = 0

    def open(self, host: Host) -> None:
        """Begin to take messages."""
        self._host = host
        self._taking = True

    def close(self) -> None:
        """Take no more messages. Replies can still be read."""
        self._taking = False

    @property
    def host(self) -> Host:
        """The framework.

        Raises:
            Refused: 503, the channel is not started yet.
        """
        if self._host is None:
            raise Refused(503, "starting, try again", retry_after=RETRY_AFTER)
        return self._host

    async def take(self, message: Message) -> Receipt:
        """Hand a message in; once this returns, it is kept.

        Raises:
            Refused: 429 or 503 with the seconds after which to try again; nothing was taken.
        """
        if not self._taking:
            raise Refused(503, "not taking messages, try again", retry_after=RETRY_AFTER)
        try:
            return await self.host.accept(message)
        except Overfull as e:
            raise Refused(429, "too many messages are waiting, try again", retry_after=e.retry_after) from None
        except Unavailable:
            raise Refused(503, "messages cannot be kept at the moment, try again", retry_after=RETRY_AFTER) from None

    async def acknowledge(self, keys: Sequence[str]) -> int:
        """The peer has these replies; returns how many of them were waiting for that."""
        try:
            return await self.host.acknowledge(self.channel, keys)
        except Unavailable:
            raise Refused(503, "nothing can be kept at the moment, try again", retry_after=RETRY_AFTER) from None

    async def offered(self, after: int, limit: int, conversation: str | None = None) -> Sequence[Sending]:
        """Replies above a cursor, in order."""
        try:
            return await self.host.offered(self.channel, after, limit, conversation)
        except Unavailable:
            raise Refused(503, "replies cannot be read at the moment, try again", retry_after=RETRY_AFTER) from None

    @contextmanager
    def listening(self, conversation: str | None = None) -> Iterator[asyncio.Event]:
        """An event that is set at every reply from now on; of all conversations where none is named.

        Raises:
            Refused: 503, the channel is not started or too many listen already.
        """
        if self._host is None or self._count >= MAX_LISTENERS:
            raise Refused(503, "no more connections at the moment, try again", retry_after=RETRY_AFTER)
        event = asyncio.Event()
        self._count += 1
        self._listeners.setdefault(conversation, set()).add(event)
        try:
            yield event
        finally:
            self._count -= 1
            others = self._listeners[conversation]
            others.discard(event)
            if not others:
                del self._listeners[conversation]

    def wake(self, conversation: str) -> None:
        """A reply of that conversation can be read."""
        for key in (None, conversation):
            for event in self._listeners.get(key, ()):
                event.set()

    async def follow(
        self, event: asyncio.Event, after: int, conversation: str | None
    ) -> AsyncIterator[Sequence[Sending]]:
        """All replies above ``after``, then each as it comes. ``event`` is one of ``listening``."""
        while True:
            event.clear()
            if batch := await self.offered(after, _BATCH, conversation):
                yield batch
                after = batch[-1].cursor
            else:
                await event.wait()


async def first_of(*events: asyncio.Event) -> None:
    """Return when one of the events is set."""
    waits = [asyncio.ensure_future(e.wait()) for e in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def serve_socket(
    request: web.Request,
    desk: Desk,
    answer: Answer,
    *,
    after: int,
    conversation: str | None = None,
    sent: Callable[[str], None] = lambda key: None,
) -> web.WebSocketResponse:
    """Run one WebSocket until either side closes it: replies above ``after`` go out, each frame is answered.

    ``sent`` is told the key of each reply as it goes out.

    Raises:
        Refused: before the handshake, where the channel cannot serve another peer.
    """
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=4 * MAX_BODY, compress=False, timeout=1.0)
    with desk.listening(conversation) as event:
        await socket.prepare(request)
        beside = [
            asyncio.create_task(_send_replies(socket, desk.follow(event, after, conversation), sent)),
            asyncio.create_task(_close_when(request.app[CLOSING], socket)),
        ]
        try:
            await _read_frames(socket, answer)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    return socket


async def _send_replies(
    socket: web.WebSocketResponse, batches: AsyncIterator[Sequence[Sending]], sent: Callable[[str], None]
) -> None:
    try:
        async for batch in batches:
            for sending in batch:
                sent(sending.key)
                await socket.send_str(frame("reply", Outgoing.of(sending).model_dump()))
    except ConnectionError:
        # The peer is gone; reading ends by itself and the peer resumes by cursor.
        pass
    except Refused:
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
    except Exception:
        log.exception("replies cannot be sent on")
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)


async def _close_when(closing: asyncio.Event, socket: web.WebSocketResponse) -> None:
    await closing.wait()
    await socket.close(code=WSCloseCode.GOING_AWAY)


async def _read_frames(socket: web.WebSocketResponse, answer: Answer) -> None:
    """Answer each frame. Several are worked on at once, begun in the order they came, so that one commit takes many."""
    window = asyncio.Semaphore(_IN_FLIGHT)
    running: set[asyncio.Task[None]] = set()
    garbage = 0

    def done(task: "asyncio.Task[None]") -> None:
        running.discard(task)
        window.release()

    async for received in socket:
        if received.type is WSMsgType.BINARY:
            garbage += 1
            if garbage >= _GARBAGE:
                break
        elif received.type is not WSMsgType.TEXT:
            break
        else:
            garbage = 0
        await window.acquire()
        text = received.data if received.type is WSMsgType.TEXT else None
        task = asyncio.create_task(_answer_frame(socket, answer, text))
        running.add(task)
        task.add_done_callback(done)
    # What was begun is finished: a message that is being kept stays kept, even if its answer finds nobody.
    await asyncio.gather(*running, return_exceptions=True)
    if garbage >= _GARBAGE:
        await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)


async def _answer_frame(socket: web.WebSocketResponse, answer: Answer, text: str | None) -> None:
    try:
        if text is None:
            raise Refused(422, "is binary; send JSON in text frames", "body")
        if len(text) > MAX_BODY:
            raise Refused(413, f"is longer than {MAX_BODY} characters", "body")
        reply = await answer(text)
    except Refused as e:
        reply = error_frame(e)
    except Exception:
        log.exception("frame failed")
        reply = error_frame(Refused(503, "temporary failure, try again", retry_after=RETRY_AFTER))
    with suppress(ConnectionError):
        await socket.send_str(reply)


def error_frame(refused: Refused, message_id: object = None) -> str:
    """The frame that tells of a refusal, with the message's id where one can be told."""
    known = {"message_id": shown(message_id)} if isinstance(message_id, str) else {}
    return frame("error", {**known, **refused.body()})


async def take_frame(desk: Desk, message: Message, message_id: str) -> str:
    """Hand in the message of a frame; the frame that answers it."""
    receipt = await desk.take(message)
    return frame("accepted", {"message_id": message_id, "seq": receipt.seq, "duplicate": receipt.duplicate})


def frame_type(data: dict[str, Any]) -> str:
    """Take the ``type`` out of a frame.

    Raises:
        Refused: it is none that a peer may send.
    """
    kind = data.pop("type", None)
    if kind not in ("message", "ack", "ping"):
        raise Refused(422, 'is not "message", "ack" or "ping"', "type")
    return str(kind)


def cleared(data: Mapping[str, Any]) -> None:
    """Refuse what a frame without content holds all the same."""
    for name in data:
        raise Refused(422, "is not a known field", name)
