"""A whole shop on a real port: web server, channels, engine and journal as ``autoreply run`` puts them together."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from yarl import URL

from autoreply import Context, Reply
from autoreply.app import App
from autoreply.channels.base import Channel, ChannelHome
from autoreply.channels.http import HttpChannel, HttpSettings
from autoreply.channels.signature import Signature
from autoreply.channels.webchat import WebchatChannel, WebchatSettings
from autoreply.channels.websocket import WebsocketChannel, WebsocketSettings
from autoreply.clock import Clock, SystemClock
from autoreply.conversation import Engine
from autoreply.handlers import Bound, Health
from autoreply.hookspecs import Handler
from autoreply.journal import Journal
from autoreply.server import WebServer
from autoreply.settings import Secret, Server

QUESTION = "什么时候发货？编号{}"
"""A new text each time: the other side would else be taken for a bot."""


async def at_once(ctx: Context[Any]) -> Reply:
    """A handler that answers in words that are new each time: the same answer is not given thrice."""
    return Reply(f"您好，已为您查看 {ctx.turn.messages[-1].message_id}")


@dataclass
class WebShop:
    """A running shop and a client that knows its secret."""

    engine: Engine
    journal: Journal
    url: str
    client: ClientSession
    signature: Signature

    async def post(self, body: bytes | str, path: str = "/v1/messages", **headers: str) -> tuple[int, Any]:
        """POST a signed body; status and JSON of the answer."""
        data = body.encode() if isinstance(body, str) else body
        signed = self.signature.headers("m", data.decode("utf-8", "replace"))
        sent = {"Content-Type": "application/json", **signed, **headers}
        async with self.client.post(self.url + path, data=data, headers=sent) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, Any]:
        """GET a signed path."""
        headers = self.signature.headers("m", path)
        async with self.client.get(URL(self.url + path, encoded=True), headers=headers) as response:
            return response.status, await response.json()

    async def quiet(self, within: float = 60) -> None:
        """Return once every message taken is settled."""
        async with asyncio.timeout(within):
            while self.engine.in_hand:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)

    async def answered(self) -> list[str]:
        """Ids of messages that replies speak of, one for each time."""
        sql = "SELECT in_reply_to FROM outbox WHERE state IN ('offered', 'sent')"
        rows = await self.journal.run(lambda store: store.db.execute(sql).fetchall())
        return [id for row in rows for id in json.loads(row[0])]


def message(id: str, conversation: str, **changes: Any) -> dict[str, Any]:
    """A message as an adapter sends it."""
    return {
        "shop": "main",
        "conversation": conversation,
        "buyer_id": f"buyer of {conversation}",
        "message_id": id,
        "text": QUESTION.format(id),
        "time": "2026-01-07T10:00:00+08:00",
        **changes,
    }


@asynccontextmanager
async def web_shop(
    app: App, folder: Path, *, clock: Clock | None = None, handlers: Mapping[str, Handler] | None = None
) -> AsyncIterator[WebShop]:
    """Opens a shop whose journal is ``journal.db`` in the folder; its secret stands beside it."""
    secret = Secret(file=Path("secret"))
    signature = Signature(secret.read(folder))
    home = ChannelHome("http", folder)
    channels: dict[str, Channel] = {
        "http": HttpChannel(HttpSettings(enabled=True, secret=secret), home),
        "websocket": WebsocketChannel(WebsocketSettings(enabled=True, secret=secret), replace(home, name="websocket")),
        "webchat": WebchatChannel(WebchatSettings(enabled=True), replace(home, name="webchat")),
    }
    own = {slug: Bound(handler) for slug, handler in (handlers or {"shipping_time": at_once}).items()}
    brain = replace(app.brain, handlers={**app.brain.handlers, **own}, health=Health())
    talk = app.settings.conversation.model_copy(update={"merge_window": 0.0})
    limits = app.settings.limits.model_copy(update={"buyer_per_minute": 1_000_000, "inbox": 1_000_000})
    journal = Journal(folder / "journal.db")
    journal.start()
    settings = app.settings.model_copy(update={"conversation": talk, "limits": limits})
    engine = Engine(brain, journal, clock or SystemClock(), settings, channels)
    server = WebServer(Server(port=0), [r for c in channels.values() for r in c.routes()], lambda: engine.running)
    async with ClientSession() as client:
        try:
            await engine.start(watch=False)
            for channel in channels.values():
                await channel.start(engine)
            await server.start()
            yield WebShop(engine, journal, server.url, client, signature)
        finally:
            for channel in channels.values():
                await channel.stop()
            await engine.stop()
            await server.stop()
            await journal.stop()
