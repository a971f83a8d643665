"""The web server: health, errors as JSON, a clear word where it cannot listen, a stop that finishes requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from structlog.testing import capture_logs

from autoreply.server import CLOSING, ServerError, WebServer
from autoreply.settings import Server


@asynccontextmanager
async def serving(
    *routes: web.AbstractRouteDef, ready: Callable[[], bool] = lambda: True
) -> AsyncIterator[tuple[WebServer, ClientSession]]:
    server = WebServer(Server(port=0), routes, ready)
    await server.start()
    try:
        async with ClientSession(server.url) as client:
            yield server, client
    finally:
        await server.stop()


async def test_health_and_readiness() -> None:
    ready = False
    async with serving(ready=lambda: ready) as (_, client):
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/readyz")).status == 503
        ready = True
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (200, {"ready": True})


async def test_unknown_pages_and_methods_are_told_as_json() -> None:
    async with serving() as (_, client):
        missing = await client.get("/nothing")
        assert (missing.status, await missing.json()) == (404, {"error": "not found"})
        wrong = await client.post("/healthz")
        assert (wrong.status, await wrong.json()) == (405, {"error": "method not allowed"})
        assert "GET" in wrong.headers["Allow"]


async def test_a_failing_handler_is_logged_and_the_peer_only_told_to_try_again() -> None:
    async def fail(request: web.Request) -> web.Response:
        raise RuntimeError("secret detail")

    async with serving(web.get("/fail", fail)) as (_, client):
        with capture_logs() as logs:
            answer = await client.get("/fail")
        text = await answer.text()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "secret" not in text
        assert "RuntimeError" not in text
        assert [(entry["event"], entry["path"]) for entry in logs] == [("request failed", "/fail")]


async def test_a_redirect_stays_one() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound("/healthz")

    async with serving(web.get("/", elsewhere)) as (_, client):
        assert (await client.get("/", allow_redirects=False)).status == 302
        assert (await client.get("/")).status == 200


async def test_a_body_beyond_the_limit_is_413() -> None:
    async def read(request: web.Request) -> web.Response:
        return web.json_response(len(await request.read()))

    async with serving(web.post("/read", read)) as (_, client):
        assert await (await client.post("/read", data=b"x" * 200_000)).json() == 200_000
        assert (await client.post("/read", data=b"x" * 300_000)).status == 413


async def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    async with serving() as (server, _):
        other = WebServer(Server(port=server.port), [], lambda: True)
        with pytest.raises(ServerError, match=rf"port {server.port} on 127.0.0.1 is taken; .* \[server\]"):
            await other.start()


async def test_a_host_that_does_not_exist_is_told() -> None:
    server = WebServer(Server(host="192.0.2.1", port=0), [], lambda: True)
    with pytest.raises(ServerError, match=r"cannot listen on 192.0.2.1:0 .* \[server\]"):
        await server.start()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
async def test_the_address_shown_can_be_opened(host: str) -> None:
    server = WebServer(Server(host=host, port=0), [], lambda: True)
    await server.start()
    try:
        async with ClientSession() as client:
            assert (await client.get(server.url + "/healthz")).status == 200
    finally:
        await server.stop()


async def test_a_stop_finishes_what_is_in_flight_and_wakes_what_waits() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.json_response("done")

    async def patient(request: web.Request) -> web.Response:
        await request.app[CLOSING].wait()
        return web.json_response("closing")

    server = WebServer(Server(port=0), [web.get("/slow", slow), web.get("/patient", patient)], lambda: True)
    await server.start()
    async with ClientSession(server.url) as client, asyncio.timeout(4), asyncio.TaskGroup() as tasks:
        working = tasks.create_task(client.get("/slow"))
        waiting = tasks.create_task(client.get("/patient"))
        await begun.wait()
        stopping = tasks.create_task(server.stop())
        assert await (await waiting).json() == "closing"
        go_on.set()
        assert await (await working).json() == "done"
        await stopping
