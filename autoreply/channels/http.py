"""Channel ``http``: signed POST in; replies out by a signed callback, or fetched by cursor and acknowledged."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError, web
from pydantic import BaseModel, Field, HttpUrl, model_validator

from autoreply.channels.base import ChannelHome, Delivery, Host, SendFailed, Sending
from autoreply.channels.signature import Signature
from autoreply.channels.stream import Desk, first_of
from autoreply.channels.wire import Acks, Incoming, Outgoing, Refused, RepliesQuery, decode, dumps, parse, query
from autoreply.hookspecs import RegisterChannel, hookimpl
from autoreply.server import CLOSING
from autoreply.settings import Secret, Section

M = TypeVar("M", bound=BaseModel)

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
"""Statuses below 500 that speak of the moment, not of the request."""


class HttpSettings(Section):
    """``[channels.http]``."""

    enabled: bool = Field(False, description="take messages on this channel")
    secret: Secret | None = Field(None, description="signs messages and replies; required when enabled")
    callback_url: HttpUrl | None = Field(None, description="where replies are posted to; left out, they are fetched")
    callback_timeout: float = Field(10.0, gt=0, le=60, description="seconds the callback may take")

    @model_validator(mode="after")
    def _secret_there(self) -> "HttpSettings":
        if self.enabled and self.secret is None:
            raise ValueError('secret is required when enabled; write secret = { file = "var/http.secret" }')
        return self


class HttpChannel:
    """See the module. ``POST /v1/messages``; without a callback ``GET /v1/replies`` and ``POST /v1/replies/ack``."""

    takes_key = True

    def __init__(self, settings: HttpSettings, home: ChannelHome) -> None:
        """Read the secret.

        Raises:
            ValueError: there is none, or it is not fit to sign with.
        """
        if settings.secret is None:
            raise ValueError("channel http needs a secret")
        self.name = home.name
        self._signature = Signature(settings.secret.read(home.folder))
        self._callback = str(settings.callback_url) if settings.callback_url else None
        self.fetched = self._callback is None
        # Connecting has a limit of its own: what fails before anything was sent cannot have arrived.
        self._timeout = ClientTimeout(total=settings.callback_timeout, connect=settings.callback_timeout / 2)
        self._session: ClientSession | None = None
        self._desk = Desk(home.name)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        routes = [web.post("/v1/messages", self._message)]
        if self._callback is None:
            routes += [
                web.get("/v1/replies", self._replies, allow_head=False),
                web.post("/v1/replies/ack", self._ack),
            ]
        return routes

    async def start(self, host: Host) -> None:
        self._desk.open(host)

    async def stop(self) -> None:
        self._desk.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    # In ------------------------------------------------------------------------------------------------------------

    async def _message(self, request: web.Request) -> web.Response:
        incoming = await self._body(request, Incoming)
        host = self._desk.host
        receipt = await self._desk.take(incoming.message(self.name, host.shop_id, host.clock.now()))
        return _json({"seq": receipt.seq, "duplicate": receipt.duplicate}, 202)

    async def _ack(self, request: web.Request) -> web.Response:
        acks = await self._body(request, Acks)
        return _json({"acked": await self._desk.acknowledge(acks.keys)})

    async def _replies(self, request: web.Request) -> web.Response:
        self._signature.check(request.headers, request.raw_path)
        asked = query(RepliesQuery, request.query)
        loop, closing = asyncio.get_running_loop(), request.app[CLOSING]
        until = loop.time() + asked.wait
        with self._desk.listening() as event:
            while True:
                event.clear()
                batch = await self._desk.offered(asked.after, asked.limit)
                if batch or loop.time() >= until or closing.is_set():
                    break
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await first_of(event, closing)
        cursor = batch[-1].cursor if batch else asked.after
        return _json({"replies": [Outgoing.of(s).model_dump() for s in batch], "cursor": cursor})

    async def _body(self, request: web.Request, model: type[M]) -> M:
        """The signed JSON body of a request.

        Raises:
            Refused: 401, 415 or 422.
        """
        if request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8":
            raise Refused(415, "must be application/json in UTF-8", "content-type")
        try:
            text = (await request.read()).decode()
        except UnicodeDecodeError:
            # Before the signature, which is over UTF-8 text: a peer that writes GBK would look for its mistake there.
            raise Refused(422, "is not UTF-8", "body") from None
        self._signature.check(request.headers, text)
        return parse(model, decode(text))

    # Out -----------------------------------------------------------------------------------------------------------

    async def send(self, sending: Sending) -> Delivery:
        if self._callback is None:
            self._desk.wake(sending.released.key.conversation)
            return Delivery.OFFERED
        if self._session is None:
            self._session = ClientSession(timeout=self._timeout)
        body = dumps(Outgoing.of(sending).model_dump())
        headers = {"Content-Type": "application/json", **self._signature.headers(sending.key, body)}
        try:
            async with self._session.post(
                self._callback, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except (ClientConnectorError, ConnectionTimeoutError) as e:
            raise SendFailed(f"callback cannot be reached: {type(e).__name__}", retry=True) from e
        except (ClientError, TimeoutError) as e:
            raise SendFailed(f"callback gave no answer: {type(e).__name__}", retry=True, unknown=True) from e
        if 200 <= status < 300:
            return Delivery.DELIVERED
        raise SendFailed(f"callback answered {status}", retry=status >= 500 or status in _WORTH_ANOTHER_TRY)


def _json(data: object, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, dumps=dumps)


@hookimpl
def register_channels(register: RegisterChannel) -> None:
    register("http", HttpChannel, settings=HttpSettings)
