"""Channel ``webchat``: a page at ``/chat`` on which to try the shop as a buyer.

It asks for no secret, so it takes nothing but a buyer's text lines, each connection is bound to one conversation whose
random id only its browser knows, and pages of other origins are turned away.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from autoreply.channels.base import ChannelHome, Delivery, Host, Sending
from autoreply.channels.stream import Desk, cleared, error_frame, frame_type, serve_socket, take_frame
from autoreply.channels.wire import Acks, ChatLine, ChatQuery, Refused, decode, frame, parse, query
from autoreply.hookspecs import RegisterChannel, hookimpl
from autoreply.model import ConversationKey, Message
from autoreply.settings import Section

_PAGE = Path(__file__).with_name("webchat.html")


class WebchatSettings(Section):
    """``[channels.webchat]``."""

    enabled: bool = Field(False, description="take messages on this channel")


class WebchatChannel:
    """See the module. ``GET /chat`` and, for the page, ``GET /chat/ws?conversation=…&after=CURSOR``."""

    takes_key = True
    fetched = True

    def __init__(self, settings: WebchatSettings, home: ChannelHome) -> None:
        self.name = home.name
        self._desk = Desk(home.name)
        self._page = ""
        self._headers = {
            "Content-Security-Policy": _policy(_PAGE.read_text(encoding="utf-8")),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/", self._to_page),
            web.get("/chat", self._show_page),
            web.get("/chat/ws", self._connect, allow_head=False),
        ]

    async def start(self, host: Host) -> None:
        self._page = _PAGE.read_text(encoding="utf-8").replace("$shop_name", escape(host.shop_name))
        self._desk.open(host)

    async def stop(self) -> None:
        self._desk.close()

    async def close(self) -> None:
        """Nothing to let go of: the server closes the connections."""

    async def send(self, sending: Sending) -> Delivery:
        self._desk.wake(sending.released.key.conversation)
        return Delivery.OFFERED

    async def _to_page(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/chat")

    async def _show_page(self, request: web.Request) -> web.Response:
        return web.Response(text=self._page, content_type="text/html", charset="utf-8", headers=self._headers)

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        if urlsplit(request.headers.get("Origin", "")).netloc.lower() != request.host.lower():
            raise Refused(403, "only the chat page of this server may connect", "origin")
        asked = query(ChatQuery, request.query)
        unacknowledged: set[str] = set()

        async def answer(text: str) -> str:
            return await self._answer(text, asked.conversation, unacknowledged)

        return await serve_socket(
            request,
            self._desk,
            answer,
            after=asked.after,
            conversation=asked.conversation,
            sent=unacknowledged.add,
        )

    async def _answer(self, text: str, conversation: str, unacknowledged: set[str]) -> str:
        data = decode(text)
        kind = frame_type(data)
        if kind == "message":
            return await self._line(data, conversation)
        if kind == "ack":
            # Only what was sent on this connection: nobody acknowledges another buyer's replies.
            keys = unacknowledged.intersection(parse(Acks, data).keys)
            unacknowledged -= keys
            return frame("acked", {"keys": await self._desk.acknowledge(sorted(keys)) if keys else 0})
        cleared(data)
        return frame("pong", {})

    async def _line(self, data: dict[str, object], conversation: str) -> str:
        try:
            line = parse(ChatLine, data)
            host = self._desk.host
            message = Message(
                ConversationKey(self.name, host.shop_id, conversation),
                # Ids are unique per channel; those of one browser must not meet those of another.
                f"{conversation}:{line.message_id}",
                f"{self.name}-{conversation[:12]}",
                line.text,
                sent_at=line.time,
                received_at=host.clock.now(),
            )
            return await take_frame(self._desk, message, line.message_id)
        except Refused as e:
            return error_frame(e, data.get("message_id"))


def _policy(page: str) -> str:
    """A Content-Security-Policy that allows the page's own inline style and script, by their hashes, and its socket."""
    hashes = {
        tag: " ".join(
            f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'"
            for part in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        )
        for tag in ("style", "script")
    }
    return (
        f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    register("webchat", WebchatChannel, settings=WebchatSettings)
