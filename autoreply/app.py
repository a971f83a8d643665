"""Puts the parts together: one settings file → everything a turn is decided with, or every problem at once."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import platformdirs
import structlog

from autoreply.channels.base import Channel, ChannelHome
from autoreply.clock import SystemClock
from autoreply.compliance import Gate, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.conversation import Engine
from autoreply.hookspecs import Handler
from autoreply.journal import Journal
from autoreply.pipeline import Brain, Result, canned
from autoreply.plugins import Plugins, Registered, load_plugins, validated
from autoreply.server import WebServer
from autoreply.settings import Settings, parse
from autoreply.shipped import shipped
from autoreply.texts import Texts, check_text
from autoreply.tomlfile import Problem, ProblemsFound, TomlFile, read
from autoreply.understanding import Catalogue, Understander, Weights, load_catalogue, train

log = structlog.get_logger(__name__)
T = TypeVar("T")


class StartError(Exception):
    """The responder cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class App:
    """A shop, loaded and checked, not yet running. ``folder`` is where relative paths of the settings start from."""

    settings: Settings
    folder: Path
    brain: Brain
    plugins: Plugins
    channel_settings: dict[str, Any]
    warnings: tuple[Problem, ...]

    @property
    def journal_path(self) -> Path:
        return self.folder / self.settings.store.path


def config_path(given: Path | None) -> Path:
    """The settings file to use: the given one, ``config.toml`` here, or the shipped example."""
    if given is not None:
        return given
    here = Path("config.toml")
    return here if here.exists() else shipped("config.example.toml")


def load_app(config: Path, *, progress: Callable[[str], None] = lambda text: None) -> App:
    """Load settings, intents, rulebooks and plugins, and check them against each other.

    Raises:
        ProblemsFound: with all problems of all files.
    """
    file = read(config)
    folder = Path.cwd() if config == shipped("config.example.toml") and not _in_checkout(config) else config.parent
    settings, problems = parse(file)
    catalogue = _collected(problems, partial(_catalogue, folder / settings.folders.intents))
    rulebook = _collected(problems, partial(_rulebook, folder / settings.folders.rulebooks, settings))
    plugins = _collected(problems, partial(load_plugins, folder / settings.folders.plugins))
    channel_settings: dict[str, Any] = {}
    handlers: dict[str, tuple[Handler, Any]] = {}
    if plugins is not None:
        channel_settings = validated("channels", plugins.channels, settings.channels, file, problems)
        handler_settings = validated("plugins", plugins.handlers, settings.plugins, file, problems)
        handlers = {slug: (entry.target, handler_settings[slug]) for slug, entry in plugins.handlers.items()}
        if catalogue is not None:
            problems += _unknown_intents(catalogue, plugins)
    if catalogue is not None:
        problems += _bad_texts(catalogue)
    if problems or catalogue is None or rulebook is None or plugins is None:
        raise ProblemsFound(problems)
    handlers = {slug: (canned, intent) for slug, intent in catalogue.intents.items()} | handlers
    brain = Brain(
        shop=settings.shop,
        catalogue=catalogue,
        understander=_understander(catalogue, settings, progress),
        gate=Gate(rulebook, settings.shop),
        texts=Texts(texts_of(catalogue)),
        handlers=handlers,
        plugin_timeout=settings.limits.plugin_timeout,
        text_length=settings.limits.text_length,
    )
    return App(settings, folder, brain, plugins, channel_settings, tuple(rulebook.warnings))


def texts_of(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """All texts by key: ``<slug>.<name>`` of the intents, ``host.<name>`` of the framework."""
    texts = {f"{i.slug}.{name}": variants for i in catalogue.intents.values() for name, variants in i.answers.items()}
    return texts | {f"host.{name}": variants for name, variants in catalogue.host_texts.items()}


def _in_checkout(config: Path) -> bool:
    return "_shipped" not in config.parts


def _collected(problems: list[Problem], load: Callable[[], T]) -> T | None:
    """What ``load`` gives; where it finds problems, those are added and the rest is loaded all the same."""
    try:
        return load()
    except ProblemsFound as e:
        problems += e.problems
        return None


def _toml_files(*folders: Path) -> list[TomlFile]:
    """Every TOML file of the folders, each folder once; all unreadable ones are told at once."""
    files: list[TomlFile] = []
    problems: list[Problem] = []
    seen: set[Path] = set()
    for folder in folders:
        if folder.resolve() in seen or not folder.is_dir():
            continue
        seen.add(folder.resolve())
        for path in sorted(folder.glob("*.toml")):
            files += filter(None, [_collected(problems, partial(read, path))])
    if problems:
        raise ProblemsFound(problems)
    return files


def _catalogue(own: Path) -> Catalogue:
    return load_catalogue(_toml_files(shipped("intents"), own))


def _rulebook(own: Path, settings: Settings) -> Rulebook:
    files = [read(path) for path in shipped_rulebooks()] + _toml_files(own)
    return load_rulebook(files, today=datetime.now(ZoneInfo(settings.shop.timezone)).date())


def _unknown_intents(catalogue: Catalogue, plugins: Plugins) -> list[Problem]:
    return [
        Problem(entry.plugin, 1, slug, "this plugin answers an intent that no file in intents/ describes")
        for slug, entry in plugins.handlers.items()
        if slug not in catalogue.intents
    ]


def _bad_texts(catalogue: Catalogue) -> list[Problem]:
    problems = []
    for intent in catalogue.intents.values():
        for name, variants in intent.answers.items():
            for n, text in enumerate(variants):
                if wrong := check_text(text):
                    line = intent.answer_lines.get(name, (1,) * len(variants))[n]
                    problems.append(Problem(intent.file, line, f"answers.{name}[{n}]", f"is no valid text: {wrong}"))
    return problems


def _understander(catalogue: Catalogue, settings: Settings, progress: Callable[[str], None]) -> Understander:
    given = settings.understanding
    numbers = {k: v for k, v in (("threshold", given.threshold), ("margin", given.margin)) if v is not None}
    return Understander(catalogue, **numbers, weights=trained(catalogue, progress))


def trained(catalogue: Catalogue, progress: Callable[[str], None] = lambda text: None) -> Weights:
    """Weights of a catalogue: from the cache, or trained now and cached for the next start."""
    path = platformdirs.user_cache_path("autoreply") / f"weights-{catalogue.hash[:16]}.npz"
    with contextlib.suppress(OSError, ValueError):
        weights = Weights.load(path.read_bytes())
        if weights.catalogue == catalogue.hash:
            return weights
    progress("training the matcher on the intents; once, until they change")
    weights = train(catalogue)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".tmp")
        fresh.write_bytes(weights.dump())
        fresh.replace(path)
    return weights


# Running -----------------------------------------------------------------------------------------------------------


def make_channels(app: App) -> dict[str, Channel]:
    """The channels whose settings say ``enabled``.

    Raises:
        StartError: a channel cannot be made, such as for a secret that is not there.
    """
    channels: dict[str, Channel] = {}
    for name, entry in app.plugins.channels.items():
        given = app.channel_settings[name]
        if given is not None and given.enabled:
            channels[name] = _made(entry, given, ChannelHome(name, app.folder))
    return channels


def _made(entry: Registered, given: Any, home: ChannelHome) -> Channel:
    try:
        channel: Channel = entry.target(given, home)
    except (ValueError, OSError) as e:
        raise StartError(f"[channels.{entry.name}] cannot start: {e}") from e
    return channel


async def serve(app: App, ready: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; ``ready`` is called with the web address once messages are taken.

    Raises:
        StartError, JournalError, ServerError: it cannot start.
    """
    stop = asyncio.Event()
    _on_signals(stop.set)
    channels = make_channels(app)
    journal = Journal(app.journal_path)
    journal.start()
    engine = Engine(app.brain, journal, SystemClock(), app.settings, channels, observe=partial(observe, app.plugins))
    server = WebServer(
        app.settings.server, [r for c in channels.values() for r in c.routes()], ready=lambda: engine.running
    )
    try:
        resumed = await engine.start()
        for channel in channels.values():
            await channel.start(engine)
        await server.start()
        log.info("started", shop=app.brain.shop.id, channels=sorted(channels), resumed=resumed)
        ready(server.url)
        await stop.wait()
    finally:
        for channel in channels.values():
            await channel.stop()
        await engine.stop()
        await server.stop()
        await journal.stop()
        log.info("stopped", kept=engine.in_hand)


def observe(plugins: Plugins, result: Result) -> None:
    """Tell the observing plugins of a decision; what one of them raises stays here."""
    try:
        plugins.manager.hook.observe_turn(result=result)
    except Exception:
        log.exception("an observe_turn hook failed")


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop)
        except NotImplementedError:  # Windows: the loop has no signal handlers
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop))
