"""A WebSocket that is cut again and again while its peer repeats and reorders: nothing lost, nothing twice."""

import asyncio
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientWebSocketResponse

from autoreply.app import App

from .form import SCALE, runs, tell
from .web import WebShop, message, web_shop

SECONDS = runs(3, 600)
LIFE = 1.0 if SCALE else 0.25
"""Seconds until a connection is cut, on average."""
RATE = 60
CONVERSATIONS = 20


class Peer:
    """Sends until accepted, each message one to three times and out of order; reads on from the last cursor seen."""

    def __init__(self, shop: WebShop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.waiting: dict[str, dict[str, Any]] = {}
        self.replies: dict[str, list[str]] = {}
        self.shown = 0
        self.cursor = 0
        self.lives = 0
        self.refused: list[Any] = []

    async def life(self, seconds: float) -> None:
        """One connection, cut without a goodbye."""
        path = f"/v1/ws?after={self.cursor}"
        self.lives += 1
        async with self.shop.client.ws_connect(
            self.shop.url + path, headers=self.shop.signature.headers("m", path)
        ) as socket:
            both = [asyncio.create_task(self._send(socket)), asyncio.create_task(self._read(socket))]
            await asyncio.sleep(seconds)
            connection = socket._response.connection
            if connection is not None and connection.transport is not None:
                connection.transport.abort()
            for task in both:
                task.cancel()
            for ended in await asyncio.gather(*both, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, (ClientError, ConnectionError)):
                    raise ended

    async def _send(self, socket: ClientWebSocketResponse) -> None:
        while True:
            frames = [m for m in list(self.waiting.values())[:30] for _ in range(self.chance.randint(1, 3))]
            self.chance.shuffle(frames)
            for frame in frames:
                await socket.send_json({"type": "message", **frame})
            keys = self.chance.choices(list(self.replies), k=5) if self.replies else []
            if keys:
                await socket.send_json({"type": "ack", "keys": keys})
            await asyncio.sleep(0.05)

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for received in socket:
            frame = json.loads(received.data)
            if frame["type"] == "accepted":
                self.waiting.pop(frame["message_id"], None)
            elif frame["type"] == "reply":
                assert frame["cursor"] > self.cursor, "a reply came again on one connection, or out of order"
                self.cursor = frame["cursor"]
                self.shown += 1
                self.replies[frame["key"]] = frame["in_reply_to"]
            elif frame["type"] != "acked":
                self.refused.append(frame)


async def test_a_line_that_is_cut_every_second(app: App, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    loop = asyncio.get_running_loop()
    ids: list[str] = []
    async with web_shop(app, tmp_path) as shop:
        peer = Peer(shop, seed)

        async def write() -> None:
            end = loop.time() + SECONDS
            while loop.time() < end:
                ids.append(f"m{len(ids)}")
                peer.waiting[ids[-1]] = message(ids[-1], f"c{len(ids) % CONVERSATIONS}")
                await asyncio.sleep(1 / RATE)

        writing = asyncio.create_task(write())
        async with asyncio.timeout(SECONDS + 120):
            while not writing.done() or peer.waiting or len(told(peer)) < len(ids):
                with suppress(ClientError, ConnectionError):
                    await peer.life(LIFE * peer.chance.uniform(0.5, 1.5))
            await writing
            await shop.quiet()
    assert not peer.refused, f"seed {seed}"
    answered = sorted(id for reply in peer.replies.values() for id in reply)
    assert answered == sorted(ids), f"seed {seed}"
    assert peer.shown == len(peer.replies), "a cursor that was seen came again"
    tell(
        "websocket cut, frames repeated and reordered",
        f"{SECONDS} s",
        f"{len(ids)} messages over {peer.lives} connections: 0 lost, 0 twice",
    )


def told(peer: Peer) -> set[str]:
    """Messages that a reply has spoken of."""
    return {id for ids in peer.replies.values() for id in ids}
