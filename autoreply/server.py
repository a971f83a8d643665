"""The one HTTP server that all web channels share, with health checks and errors as JSON."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestPayloadError

from autoreply.channels.wire import MAX_BODY, Refused, dumps
from autoreply.settings import Server

CLOSING = web.AppKey("closing", asyncio.Event)
"""Set when the server stops; whoever holds a connection open lets go of it then."""
_RETRY_AFTER = 5
_STOP_WITHIN = 5.0
_CHECK_WITHIN = 2.0

log = structlog.get_logger(__name__)


class ServerError(Exception):
    """The server cannot listen; the text says what to do."""


class WebServer:
    """Listens on the configured address.

    ``/healthz`` says that the process lives. ``/readyz`` says whether messages are taken (``ready``) and can be kept
    (``keeps``, asked each time): 503 where one of both does not hold.
    """

    def __init__(
        self,
        settings: Server,
        routes: Iterable[web.AbstractRouteDef],
        ready: Callable[[], bool],
        keeps: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._settings = settings
        self._ready = ready
        self._keeps = keeps
        app = web.Application(middlewares=[_errors_as_json], client_max_size=MAX_BODY)
        app[CLOSING] = asyncio.Event()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.add_routes(routes)
        self._app = app
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_WITHIN)

    async def start(self) -> None:
        """Listen.

        Raises:
            ServerError: the address cannot be used.
        """
        host, port = self._settings.host, self._settings.port
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as e:
            await self._runner.cleanup()
            raise ServerError(_advice(e, host, port)) from e

    async def stop(self) -> None:
        """Take no more connections, finish the requests in flight, close the others."""
        self._app[CLOSING].set()
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The port listened on; the one that the system chose where the settings say 0."""
        return int(self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """Address for a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readyz(self, request: web.Request) -> web.Response:
        found = {"ready": self._ready()}
        if self._keeps is not None:
            found["journal"] = await _works(self._keeps)
        found["ready"] = all(found.values())
        return web.json_response(found, status=200 if found["ready"] else 503)


async def _works(check: Callable[[], Awaitable[object]]) -> bool:
    """Whether a check returns in time; what it raises is the answer no, and logged."""
    try:
        async with asyncio.timeout(_CHECK_WITHIN):
            await check()
    except Exception as e:
        log.warning("not ready", reason=f"{type(e).__name__}: {e}".rstrip(": "))
        return False
    return True


def _advice(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; stop the program that has it, or change port under [server]"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} may not be used without more rights; choose one above 1023 under [server] port"
    return f"cannot listen on {host}:{port} ({error.strerror or error}); change host or port under [server]"


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal as ``{"error", "field"?}``; what goes wrong unforeseen is logged, and the peer may try again."""
    try:
        return await handler(request)
    except Refused as e:
        return _refusal(e)
    except web.HTTPException as e:
        if e.status < 400:
            raise
        field = "body" if isinstance(e, web.HTTPRequestEntityTooLarge) else None
        refusal = _refusal(Refused(e.status, e.reason.lower(), field))
        if "Allow" in e.headers:
            refusal.headers["Allow"] = e.headers["Allow"]
        return refusal
    except RequestPayloadError:
        return _refusal(Refused(400, "cannot be read as sent", "body"))
    except ConnectionError:
        raise
    except Exception:
        log.exception("request failed", method=request.method, path=request.path)
        return _refusal(Refused(503, "temporary failure", retry_after=_RETRY_AFTER))


def _refusal(refused: Refused) -> web.Response:
    headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
    return web.json_response(refused.body(), status=refused.status, headers=headers, dumps=dumps)
