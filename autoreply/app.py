"""Puts the parts together: one settings file → everything a turn is decided with, or every problem at once."""

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel

from autoreply.canned import canned
from autoreply.channels.base import Channel, ChannelHome
from autoreply.clock import SystemClock
from autoreply.compliance import Gate, Rulebook, load_rulebook, shipped_rulebooks
from autoreply.conversation.notices import Notifier
from autoreply.handlers import Bound
from autoreply.learning import MISSING, extras_of, trained
from autoreply.pipeline import Brain
from autoreply.plugins import Plugins, Registered, load_plugins, validated
from autoreply.records import RecordsHome
from autoreply.records.connect import connect
from autoreply.settings import Settings, parse
from autoreply.shipped import shipped
from autoreply.texts import Texts, check_text
from autoreply.tomlfile import Problem, ProblemsFound, TomlFile, did_you_mean, read, read_folders
from autoreply.understanding import Catalogue, Extras, Understander, load_catalogue, semantic

log = structlog.get_logger(__name__)
T = TypeVar("T")

HOST_VALUES = ("first", "second", "back")
"""What the framework fills into its own texts besides the shop's facts: two intents' names, when a person is back."""


class StartError(Exception):
    """The responder cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class App:
    """A shop, loaded and checked, not yet running. ``folder`` is where relative paths of the settings start from."""

    config: Path
    settings: Settings
    folder: Path
    brain: Brain
    plugins: Plugins
    channel_settings: dict[str, Any]
    warnings: tuple[Problem, ...]
    notifier_settings: dict[str, Any] = field(default_factory=dict)

    @property
    def journal_path(self) -> Path:
        return self.folder / self.settings.store.path


def config_path(given: Path | None) -> Path:
    """The settings file to use: the given one, ``config.toml`` here, or the shipped example."""
    if given is not None:
        return given
    here = Path("config.toml")
    return here if here.exists() else shipped("config.example.toml")


def plugins_of(config: Path) -> tuple[Plugins, list[Problem]]:
    """The plugins of a shop alone, and what is wrong with them or with the settings file."""
    settings, problems = parse(read(config))
    plugins = load_plugins(_folder_of(config) / settings.folders.plugins, problems)
    return plugins, problems


def load_app(config: Path, *, progress: Callable[[str], None] = lambda text: None, rule_tests: bool = False) -> App:
    """Load settings, intents, rulebooks and plugins, and check them against each other.

    ``rule_tests`` also runs the tests that the rules carry, which takes longer than all the rest.

    Raises:
        ProblemsFound: with all problems of all files.
    """
    with _collector_resting():
        return _load_app(config, progress, rule_tests)


@contextlib.contextmanager
def _collector_resting() -> Iterator[None]:
    """No garbage collection while much is made that stays: it would take a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load_app(config: Path, progress: Callable[[str], None], rule_tests: bool) -> App:
    file = read(config)
    folder = _folder_of(config)
    settings, problems = parse(file)
    before = len(problems)
    plugins = load_plugins(folder / settings.folders.plugins, problems)
    complete = len(problems) == before
    intents = shipped("intents"), *plugins.intents, folder / settings.folders.intents
    files = _collected(problems, partial(read_folders, *intents))
    catalogue = _collected(problems, partial(load_catalogue, files)) if files is not None else None
    rules = *plugins.rulebooks, folder / settings.folders.rulebooks
    rulebook = _collected(problems, partial(_rulebook, rules, settings, rule_tests))
    channel_settings = validated("channels", plugins.channels, settings.channels, file, problems, complete=complete)
    notifier_settings = validated("notify", plugins.notifiers, settings.notify, file, problems, complete=complete)
    handler_settings = validated("plugins", plugins.handlers, settings.plugins, file, problems, complete=complete)
    home = RecordsHome(folder, ZoneInfo(settings.shop.timezone), SystemClock())
    records = connect(settings.records, plugins.record_sources, home, file, problems)
    if files is not None:
        problems += _unknown_intents(files, plugins)
        problems += _bad_texts(files, plugins)
    if settings.understanding.semantic and not semantic.available():
        problems.append(file.problem(("understanding", "semantic"), MISSING))
    if problems or catalogue is None or rulebook is None:
        raise ProblemsFound(problems)
    handlers = bound_handlers(catalogue, plugins, handler_settings)
    extras = extras_of(settings.understanding.semantic, plugins.features)
    brain = Brain(
        shop=settings.shop,
        catalogue=catalogue,
        understander=_understander(catalogue, settings, extras, progress),
        gate=Gate(rulebook, settings.shop),
        texts=Texts(texts_of(catalogue)),
        handlers=handlers,
        plugin_timeout=settings.limits.plugin_timeout,
        text_length=settings.limits.text_length,
        records=records,
        recognisers={name: entry.target for name, entry in plugins.slots.items()},
    )
    warnings = tuple(rulebook.warnings)
    return App(config, settings, folder, brain, plugins, channel_settings, warnings, notifier_settings)


def bound_handlers(
    catalogue: Catalogue, plugins: Plugins, settings: Mapping[str, BaseModel | None]
) -> dict[str, Bound]:
    """A handler for each intent: its plugin's, or the built-in one."""
    handlers = {slug: Bound(canned, intent) for slug, intent in catalogue.intents.items()}
    for slug in catalogue.intents.keys() & plugins.handlers.keys():
        entry = plugins.handlers[slug]
        handlers[slug] = Bound(entry.target, settings[slug], entry.plugin, entry.memory, entry.state)
    return handlers


def texts_of(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """All texts by key: ``<slug>.<name>`` of the intents, ``host.<name>`` of the framework."""
    texts = {f"{i.slug}.{name}": variants for i in catalogue.intents.values() for name, variants in i.answers.items()}
    return texts | {f"host.{name}": variants for name, variants in catalogue.host_texts.items()}


def _folder_of(config: Path) -> Path:
    """Where relative paths of a settings file start from: its folder, or here for the one inside the package."""
    packed = config == shipped("config.example.toml") and "_shipped" in config.parts
    return Path.cwd() if packed else config.parent


def _collected(problems: list[Problem], load: Callable[[], T]) -> T | None:
    """What ``load`` gives; where it finds problems, those are added and the rest is loaded all the same."""
    try:
        return load()
    except ProblemsFound as e:
        problems += e.problems
        return None


def _rulebook(own: Sequence[Path], settings: Settings, rule_tests: bool) -> Rulebook:
    files = [read(path) for path in shipped_rulebooks()] + read_folders(*own)
    today = datetime.now(ZoneInfo(settings.shop.timezone)).date()
    return load_rulebook(files, today=today, run_tests=rule_tests)


def _unknown_intents(files: Sequence[TomlFile], plugins: Plugins) -> list[Problem]:
    """Handlers of intents that no file describes. One that a shop has switched off is described all the same."""
    described = [str(file.data.get("slug")) for file in files]
    message = "this plugin answers an intent that no file in intents/ describes"
    return [
        Problem(entry.file, entry.line, slug, message + did_you_mean(slug, described))
        for slug, entry in plugins.handlers.items()
        if slug not in described
    ]


def _bad_texts(files: Sequence[TomlFile], plugins: Plugins) -> list[Problem]:
    """Texts that could never be filled. ``default`` without a plugin is filled from the shop's facts alone."""
    problems = []
    for file in files:
        slug, answers = str(file.data.get("slug", "")), file.data.get("answers")
        for name, variants in answers.items() if isinstance(answers, dict) else ():
            canned_text = name == "default" and slug not in plugins.handlers
            values = HOST_VALUES if not slug else () if canned_text else None
            if variants == []:
                problems.append(file.problem(("answers", name), "holds no text; take the key out"))
            for n, text in enumerate(variants if isinstance(variants, list) else ()):
                if isinstance(text, str) and (wrong := check_text(text, values)):
                    problems.append(file.problem(("answers", name, n), f"is no valid text: {wrong}"))
    return problems


def _understander(
    catalogue: Catalogue, settings: Settings, extras: Extras, progress: Callable[[str], None]
) -> Understander:
    given = settings.understanding
    numbers = {k: v for k, v in (("threshold", given.threshold), ("margin", given.margin)) if v is not None}
    weights = trained(catalogue, progress, extras)
    if extras.encoder is not None:
        extras.encoder.one("")  # loads it now, not with a buyer's first message
    return Understander(catalogue, **numbers, weights=weights, extras=extras)


def make_channels(app: App) -> dict[str, Channel]:
    """The channels whose settings say ``enabled``.

    Raises:
        StartError: a channel cannot be made, such as for a secret that is not there.
    """
    return {
        name: _made("channels", entry, given, ChannelHome(name, app.folder))
        for name, entry in app.plugins.channels.items()
        if (given := app.channel_settings[name]) is not None and given.enabled
    }


def make_notifiers(app: App) -> dict[str, Notifier]:
    """The notifiers whose settings say ``enabled``.

    Raises:
        StartError: a notifier cannot be made, such as for a secret that is not there.
    """
    return {
        name: _made("notify", entry, given, app.folder)
        for name, entry in app.plugins.notifiers.items()
        if (given := app.notifier_settings[name]) is not None and given.enabled
    }


def _made(section: str, entry: Registered, given: Any, home: ChannelHome | Path) -> Any:
    try:
        return entry.target(given, home)
    except (ValueError, OSError) as e:
        raise StartError(f"[{section}.{entry.name}] cannot start: {e}") from e
