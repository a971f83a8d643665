"""Runs a loaded shop: journal, loop, channels, web server; hooks of plugins at start and stop; reload while running."""

import asyncio
import gc
import inspect
import signal
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from autoreply.app import App, StartError, make_channels, make_notifiers
from autoreply.clock import SystemClock
from autoreply.conversation import Engine
from autoreply.journal import Journal
from autoreply.journal.queues import write_nothing
from autoreply.journal.retention import keep_purging
from autoreply.pipeline import Brain, Result
from autoreply.plugins import Plugins, call
from autoreply.reload import Reloader
from autoreply.server import WebServer

if TYPE_CHECKING:
    from autoreply.metrics import Metrics

log = structlog.get_logger(__name__)

Page = tuple[Callable[[web.Request], Awaitable[web.StreamResponse]], str]

HOOK_WITHIN = 30.0
"""Seconds that what a startup or shutdown hook returned may take."""


def spare_collector() -> None:
    """Later collections pass over what was loaded, and come less often: looking for cycles, of which messages leave
    few, took a tenth of their time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def serve(app: App, ready: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reloads. ``ready`` is called with the web address once messages are taken.

    Raises:
        StartError, JournalError, ServerError: it cannot start.
    """
    stop = asyncio.Event()
    channels, notifiers = make_channels(app), make_notifiers(app)
    journal = Journal(app.journal_path)
    journal.start()
    clock = SystemClock()
    metrics = _metrics(app, lambda: reloader.app.brain, journal, channels) if app.settings.server.metrics else None

    def decided(result: Result) -> None:
        if metrics is not None:
            metrics.decided(result)
        observe(plugins(), result)

    engine = Engine(app.brain, journal, clock, app.settings, channels, decided, notifiers, metrics)

    async def adopt(new: App) -> None:
        await new.brain.records.start()
        await start_plugins(new)
        old = reloader.app
        engine.adopt(new.brain, new.settings)
        await stop_plugins(old)
        await asyncio.sleep(old.brain.plugin_timeout)  # turns that began before may still look something up
        await old.brain.records.close()

    reloader = Reloader(app, adopt)

    def plugins() -> Plugins:
        return reloader.app.plugins

    _on_signals(stop.set, reloader.ask)
    routes = [*(r for c in channels.values() for r in c.routes()), *pages(app.plugins)]
    routes += metrics.routes() if metrics is not None else ()
    server = WebServer(app.settings.server, routes, lambda: engine.running, lambda: journal.run(write_nothing))
    background: list[asyncio.Task[None]] = []
    try:
        spare_collector()
        await app.brain.records.start()
        await start_plugins(app)
        resumed = await engine.start()
        for channel in channels.values():
            await channel.start(engine)
        await server.start()
        background.append(asyncio.create_task(reloader.run()))
        background.append(
            asyncio.create_task(keep_purging(journal, clock, lambda: reloader.app.settings.store.keep_days))
        )
        log.info("started", shop=app.brain.shop.id, channels=sorted(channels), resumed=resumed)
        ready(server.url)
        await stop.wait()
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        made = channels.values()
        steps: list[Callable[[], Awaitable[None]]] = [c.stop for c in made]
        steps += [engine.stop, *(c.close for c in made), server.stop, partial(stop_plugins, reloader.app)]
        steps += [reloader.app.brain.records.close, journal.stop]
        for step in steps:
            try:
                await step()
            except Exception:
                log.exception("a part failed to stop; the others are stopped all the same")
        log.info("stopped", kept=engine.in_hand)


def _metrics(app: App, brain: Callable[[], Brain], journal: Journal, channels: Collection[str]) -> "Metrics":
    from autoreply.metrics import Metrics

    return Metrics(brain, journal, SystemClock(), channels, app.brain.shop.id)


async def start_plugins(app: App) -> None:
    """Call the startup hooks of all plugins.

    Raises:
        StartError: one of them failed.
    """
    for hook in app.plugins.manager.hook.startup.get_hookimpls():
        try:
            async with asyncio.timeout(HOOK_WITHIN):
                await _done(call("startup", hook, app))
        except Exception as e:
            raise StartError(f"startup of plugin {hook.plugin_name} failed: {type(e).__name__}: {e}") from e


async def stop_plugins(app: App) -> None:
    """Call the shutdown hooks of all plugins; one that fails keeps no other from being called."""
    for hook in app.plugins.manager.hook.shutdown.get_hookimpls():
        try:
            async with asyncio.timeout(HOOK_WITHIN):
                await _done(call("shutdown", hook, app))
        except Exception:
            log.exception("a shutdown hook failed", plugin=hook.plugin_name)


async def _done(given: object) -> None:
    if inspect.isawaitable(given):
        await given


def pages(plugins: Plugins) -> list[web.RouteDef]:
    """The pages of plugins, and a list of them under ``/plugins``."""
    own: dict[str, Page] = {path: entry.target for path, entry in sorted(plugins.pages.items())}

    async def index(request: web.Request) -> web.Response:
        return web.json_response([{"path": path, "title": title} for path, (_, title) in own.items()])

    return [web.get("/plugins", index), *(web.get(path, handler) for path, (handler, _) in own.items())]


def observe(plugins: Plugins, result: Result) -> None:
    """Tell each observing plugin of a decision; what one of them raises stays here, and the others are told as well."""
    for observer in plugins.manager.hook.observe_turn.get_hookimpls():
        try:
            call("observe_turn", observer, result)
        except Exception:
            log.exception("an observe_turn hook failed", plugin=observer.plugin_name)


def _on_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    _on(loop, (signal.SIGINT, signal.SIGTERM), stop)
    if hasattr(signal, "SIGHUP"):
        _on(loop, (signal.SIGHUP,), reload)


def _on(loop: asyncio.AbstractEventLoop, signals: Iterable[signal.Signals], call: Callable[[], None]) -> None:
    for name in signals:
        try:
            loop.add_signal_handler(name, call)
        except NotImplementedError:  # Windows: the loop has no signal handlers
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(call))
