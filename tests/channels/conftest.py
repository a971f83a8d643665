"""A shop behind the channels: real journal, gate, outbox and web server; only the thinking is left out.

Every buyer's message is answered with "收到：" and its text, through the outbox, as a real answer is.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from aiohttp import ClientSession
from standardwebhooks import Webhook
from yarl import URL

from autoreply.channels.base import Channel, ChannelHome, Overfull, Receipt, Sending, Unavailable
from autoreply.channels.http import HttpChannel, HttpSettings
from autoreply.channels.webchat import WebchatChannel, WebchatSettings
from autoreply.channels.websocket import WebsocketChannel, WebsocketSettings
from autoreply.clock import SystemClock
from autoreply.compliance import Draft, Gate, Released, load_rulebook
from autoreply.conversation.activity import Activity
from autoreply.conversation.delivery import Outgoing, draft_of, kept_draft
from autoreply.facts import Shop
from autoreply.journal import Journal
from autoreply.journal import Outgoing as Kept
from autoreply.model import Author, ConversationKey, Message
from autoreply.server import WebServer
from autoreply.settings import Secret, Server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Backroom:
    """``Host`` on a real journal; ``full`` and ``broken`` make it refuse."""

    shop_id = "main"
    shop_name = "坚果铺 <本店>"

    def __init__(self, folder: Path, channels: dict[str, Channel]) -> None:
        self.clock = SystemClock()
        self.journal = Journal(folder / "journal.db")
        self.gate = Gate(load_rulebook([], today=date(2025, 1, 1)), Shop())
        self.outgoing = Outgoing(self.journal, channels, lambda: self.gate, self.clock, Activity(), 8)
        self.messages: list[Message] = []
        self.full = False
        self.broken = False
        self._run, self._numbers = token_hex(4), count(1)

    async def accept(self, message: Message) -> Receipt:
        if self.full:
            raise Overfull(7)
        if self.broken:
            raise Unavailable("disk is full")
        kept = await self.journal.run(lambda store: store.accept(message, agent_until=message.received_at + 60))
        if not kept.duplicate and not kept.echo:
            self.messages.append(message)
            if message.author is Author.BUYER:
                await self.say(message.key, f"收到：{message.text}", message.message_id)
        return Receipt(kept.seq, kept.duplicate)

    async def say(self, key: ConversationKey, text: str, in_reply_to: str = "") -> None:
        """Keep a reply and have it delivered."""
        draft = Draft(key, text, {}, "plugin")
        released = self.gate.release(draft)
        assert isinstance(released, Released)
        ids = (in_reply_to,) if in_reply_to else ()
        reply = Kept(f"r{self._run}-{next(self._numbers)}", text, "plugin", kept_draft(draft), ids)
        row = await self.journal.run(lambda store: store.put(key, reply, self.clock.now()))
        self.outgoing.put(row, released)

    async def offered(self, channel: str, after: int, limit: int, conversation: str | None = None) -> Sequence[Sending]:
        if self.broken:
            raise Unavailable("disk is full")
        rows = await self.journal.run(lambda store: store.offered(channel, after, limit, conversation))
        return [
            Sending(r.cursor or 0, r.key, self._released(draft_of(r)), r.created_at, r.in_reply_to, r.attempts)
            for r in rows
        ]

    async def acknowledge(self, channel: str, keys: Sequence[str]) -> int:
        if self.broken:
            raise Unavailable("disk is full")
        return await self.journal.run(lambda store: store.acknowledge(channel, keys, self.clock.now()))

    def _released(self, draft: Draft) -> Released:
        released = self.gate.release(draft)
        assert isinstance(released, Released)
        return released

    async def state_of(self, key: str) -> str:
        """State of a reply in the outbox."""
        rows = await self.journal.run(
            lambda store: store.db.execute("SELECT state FROM outbox WHERE key = ?", (key,)).fetchall()
        )
        return str(rows[0][0])


class Running:
    """A shop with its channels on a real port, and a client that knows the secret."""

    def __init__(self, host: Backroom, channels: dict[str, Channel], server: WebServer, client: ClientSession) -> None:
        self.host = host
        self.channels = channels
        self.server = server
        self.client = client
        self.url = server.url

    async def post(self, path: str, body: bytes | str, *, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """POST a signed body; the status and the JSON of the answer."""
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        sent = {"Content-Type": "application/json", **signed(text), **(headers or {})}
        data = body.encode() if isinstance(body, str) else body
        async with self.client.post(self.url + path, data=data, headers=sent) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, Any]:
        """GET a signed path."""
        async with self.client.get(URL(self.url + path, encoded=True), headers=signed(path)) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def socket(self, path: str = "/v1/ws?after=0", **options: Any) -> AsyncIterator["Socket"]:
        """A WebSocket with a signed handshake."""
        headers = {**signed(path), "Origin": self.url}
        async with self.client.ws_connect(self.url + path, headers=headers, **options) as ws:
            yield Socket(ws)


class Socket:
    """A WebSocket whose frames are dicts."""

    def __init__(self, ws: Any) -> None:
        self.ws = ws

    async def say(self, **frame: Any) -> None:
        await self.ws.send_json(frame)

    async def hear(self, *types: str) -> dict[str, Any]:
        """The next frame, or the next of these types."""
        while True:
            frame: dict[str, Any] = await self.ws.receive_json(timeout=5)
            if not types or frame["type"] in types:
                return frame


def signed(payload: str, secret: str = SECRET, *, at: datetime | None = None, id_: str = "msg-1") -> dict[str, str]:
    """Headers by which a peer signs, made by the library's own means."""
    now = at or datetime.now(UTC)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, now, payload),
    }


def incoming(**changes: Any) -> dict[str, Any]:
    """A message as an adapter sends it."""
    whole = {
        "shop": "main",
        "conversation": "c-1",
        "buyer_id": "b-1",
        "message_id": "m-1",
        "text": "请问这款还有货吗",
        "time": "2025-11-11T20:00:00+08:00",
    }
    return {k: v for k, v in (whole | changes).items() if v is not ...}


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts a shop with all web channels; ``http`` are more settings of the channel of that name."""
    monkeypatch.setenv("TEST_SECRET", SECRET)
    async with AsyncExitStack() as stack:

        async def run(folder: Path = tmp_path, **http: Any) -> Running:
            return await stack.enter_async_context(running(folder, http))

        yield run


@asynccontextmanager
async def running(folder: Path, http: dict[str, Any], port: int = 0) -> AsyncIterator[Running]:
    """All web channels on a port, any free one for 0, stopped in the order in which a shop stops."""
    secret = Secret(env="TEST_SECRET")
    channels: dict[str, Channel] = {
        "http": HttpChannel(HttpSettings(enabled=True, secret=secret, **http), ChannelHome("http", folder)),
        "websocket": WebsocketChannel(WebsocketSettings(enabled=True, secret=secret), ChannelHome("websocket", folder)),
        "webchat": WebchatChannel(WebchatSettings(enabled=True), ChannelHome("webchat", folder)),
    }
    host = Backroom(folder, channels)
    server = WebServer(Server(port=port), [r for c in channels.values() for r in c.routes()], lambda: not host.broken)
    host.journal.start()
    for channel in channels.values():
        await channel.start(host)
    await server.start()
    async with ClientSession() as client:
        try:
            yield Running(host, channels, server, client)
        finally:
            for channel in channels.values():
                await channel.stop()
            await host.outgoing.stop()
            for channel in channels.values():
                await channel.close()
            await server.stop()
            await host.journal.stop()


@pytest.fixture
async def shop(start: Start) -> Running:
    """A running shop with the settings as they come."""
    return await start()


buyer_key = partial(ConversationKey, shop="main")
