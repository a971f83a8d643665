"""Channel ``websocket``: messages in and replies out on one connection, acknowledged both ways, resumed by cursor."""

from collections.abc import Sequence

from aiohttp import web
from pydantic import Field, model_validator

from autoreply.channels.base import ChannelHome, Delivery, Host, Sending
from autoreply.channels.signature import Signature
from autoreply.channels.stream import Desk, cleared, error_frame, frame_type, serve_socket, take_frame
from autoreply.channels.wire import Acks, Incoming, Refused, SocketQuery, decode, frame, parse, query
from autoreply.hookspecs import RegisterChannel, hookimpl
from autoreply.settings import Secret, Section


class WebsocketSettings(Section):
    """``[channels.websocket]``."""

    enabled: bool = Field(False, description="take messages on this channel")
    secret: Secret | None = Field(None, description="signs the handshake; required when enabled")

    @model_validator(mode="after")
    def _secret_there(self) -> "WebsocketSettings":
        if self.enabled and self.secret is None:
            raise ValueError('secret is required when enabled; write secret = { file = "var/websocket.secret" }')
        return self


class WebsocketChannel:
    """See the module. ``GET /v1/ws?after=CURSOR``."""

    takes_key = True
    fetched = True

    def __init__(self, settings: WebsocketSettings, home: ChannelHome) -> None:
        """Read the secret.

        Raises:
            ValueError: there is none, or it is not fit to sign with.
        """
        if settings.secret is None:
            raise ValueError("channel websocket needs a secret")
        self.name = home.name
        self._signature = Signature(settings.secret.read(home.folder))
        self._desk = Desk(home.name)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [web.get("/v1/ws", self._connect, allow_head=False)]

    async def start(self, host: Host) -> None:
        self._desk.open(host)

    async def stop(self) -> None:
        self._desk.close()

    async def close(self) -> None:
        """Nothing to let go of: the server closes the connections."""

    async def send(self, sending: Sending) -> Delivery:
        self._desk.wake(sending.released.key.conversation)
        return Delivery.OFFERED

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        self._signature.check(request.headers, request.raw_path)
        asked = query(SocketQuery, request.query)
        return await serve_socket(request, self._desk, self._answer, after=asked.after)

    async def _answer(self, text: str) -> str:
        data = decode(text)
        kind = frame_type(data)
        if kind == "message":
            return await self._message(data)
        if kind == "ack":
            return frame("acked", {"keys": await self._desk.acknowledge(parse(Acks, data).keys)})
        cleared(data)
        return frame("pong", {})

    async def _message(self, data: dict[str, object]) -> str:
        try:
            incoming = parse(Incoming, data)
            host = self._desk.host
            message = incoming.message(self.name, host.shop_id, host.clock.now())
            return await take_frame(self._desk, message, incoming.message_id)
        except Refused as e:
            return error_frame(e, data.get("message_id"))


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    register("websocket", WebsocketChannel, settings=WebsocketSettings)
