"""Hooks of plugins around a running shop: observers, startup and shutdown, pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from talks import Talk

from autoreply import Result, hookimpl
from autoreply.app import App, StartError
from autoreply.plugins import Origin, Plugins, Registered
from autoreply.serving import observe, pages, start_plugins, stop_plugins


class Plugin:
    """A plugin made of one hook."""

    def __init__(self, **hooks: Any) -> None:
        vars(self).update(hooks)


@contextmanager
def plugged(app: App, *plugins: Plugin) -> Iterator[None]:
    for plugin in plugins:
        app.plugins.manager.register(plugin)
    try:
        yield
    finally:
        for plugin in plugins:
            app.plugins.manager.unregister(plugin)


def test_an_observer_that_fails_is_logged_and_goes_no_further(app: App) -> None:
    seen: list[Result] = []

    @hookimpl
    def fails(result: Result) -> None:
        raise RuntimeError("an observer's own matter")

    @hookimpl
    def sees(result: Result) -> None:
        seen.append(result)

    result = Talk().say("能开发票吗", "invoice")
    watchers = Plugin(observe_turn=sees), Plugin(observe_turn=fails), Plugin(observe_turn=sees)
    with plugged(app, *watchers), structlog.testing.capture_logs() as logs:
        observe(app.plugins, result)
    assert [entry["event"] for entry in logs] == ["an observe_turn hook failed"]
    assert seen == [result, result]


async def test_what_startup_and_shutdown_return_is_awaited(app: App) -> None:
    done: list[str] = []

    @hookimpl
    async def startup(app: App) -> None:
        done.append(f"up {app.brain.shop.id}")

    @hookimpl
    def shutdown() -> None:
        done.append("down")

    with plugged(app, Plugin(startup=startup, shutdown=shutdown)):
        await start_plugins(app)
        await stop_plugins(app)
    assert done == [f"up {app.brain.shop.id}", "down"]


async def test_a_startup_that_fails_stops_the_start_and_a_shutdown_that_fails_stops_nothing(app: App) -> None:
    @hookimpl
    async def fails() -> None:
        raise OSError("no such device")

    done: list[str] = []

    @hookimpl
    def shutdown() -> None:
        done.append("down")

    with plugged(app, Plugin(startup=fails)), pytest.raises(StartError, match=r"startup of plugin .* no such device"):
        await start_plugins(app)
    with plugged(app, Plugin(shutdown=shutdown), Plugin(shutdown=fails)), structlog.testing.capture_logs() as logs:
        await stop_plugins(app)
    assert (done, [entry["event"] for entry in logs]) == (["down"], ["a shutdown hook failed"])


async def test_pages_of_plugins_are_served_and_listed(app: App) -> None:
    async def visits(request: web.Request) -> web.Response:
        return web.Response(text="no visits today")

    page = Registered("/plugins/fitter/visits", (visits, "Visits"), None, "shop/fitter", Origin.SHOP, "fitter.py", 1)
    plugins = Plugins(app.plugins.manager, {}, {}, pages={page.name: page})
    server = web.Application()
    server.add_routes(pages(plugins))
    async with TestClient(TestServer(server)) as client:
        listed = await (await client.get("/plugins")).json()
        shown = await (await client.get("/plugins/fitter/visits")).text()
    assert listed == [{"path": "/plugins/fitter/visits", "title": "Visits"}]
    assert shown == "no visits today"
