"""One manager for all plugins: shipped, installed (entry-point group ``autoreply``), and the shop's own folder."""

import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from pydantic import BaseModel, ValidationError

from autoreply import hookspecs
from autoreply.hookspecs import ChannelFactory, Handler
from autoreply.shipped import shipped
from autoreply.tomlfile import Problem, ProblemsFound, TomlFile, did_you_mean

ENTRY_POINT_GROUP = "autoreply"


class Origin(IntEnum):
    """Where a plugin comes from; of two that want one intent, the higher wins."""

    SHIPPED = 0
    INSTALLED = 1
    SHOP = 2


@dataclass(frozen=True, slots=True)
class Registered:
    """A handler or a channel as its plugin registered it."""

    name: str
    target: Any
    settings: type[BaseModel] | None
    plugin: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Plugins:
    """All that was registered, winners only, and the manager for the observing hooks."""

    manager: pluggy.PluginManager
    handlers: Mapping[str, Registered]
    channels: Mapping[str, Registered]


def load_plugins(shop_folder: Path | None = None, *, installed: bool = True) -> Plugins:
    """Load every plugin.

    Raises:
        ProblemsFound: a plugin cannot be imported, or two of the same origin want one name.
    """
    manager = pluggy.PluginManager("autoreply")
    manager.add_hookspecs(hookspecs)
    problems: list[Problem] = []
    found: list[tuple[Origin, str, object]] = []
    from autoreply import channels

    found += [(Origin.SHIPPED, f"autoreply.channels.{m.__name__.rpartition('.')[2]}", m) for m in channels.builtin()]
    found += _folder(shipped("plugins"), Origin.SHIPPED, problems)
    if installed:
        found += _installed(problems)
    if shop_folder is not None and shop_folder.is_dir() and not shop_folder.samefile(shipped("plugins")):
        found += _folder(shop_folder, Origin.SHOP, problems)
    handlers: dict[str, Registered] = {}
    registered_channels: dict[str, Registered] = {}
    for origin, name, plugin in found:
        try:
            manager.register(plugin, name)
        except (ValueError, pluggy.PluginValidationError) as e:
            problems.append(Problem(_file(plugin), 1, "", f"is no valid plugin: {e}"))
            continue
        _collect(manager, plugin, name, origin, handlers, registered_channels, problems)
    if problems:
        raise ProblemsFound(problems)
    return Plugins(manager, handlers, registered_channels)


def _folder(folder: Path, origin: Origin, problems: list[Problem]) -> list[tuple[Origin, str, object]]:
    modules: list[tuple[Origin, str, object]] = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        name = f"autoreply_{origin.name.lower()}_plugins.{path.stem}"
        try:
            modules.append((origin, name, _import(path, name)))
        except Exception as e:
            line = next(
                (f.lineno for f in reversed(traceback.extract_tb(e.__traceback__)) if f.filename == str(path)), 1
            )
            line = e.lineno if isinstance(e, SyntaxError) and e.lineno else line
            problems.append(Problem(str(path), line or 1, "", f"cannot be imported: {type(e).__name__}: {e}"))
    return modules


def _import(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _installed(problems: list[Problem]) -> list[tuple[Origin, str, object]]:
    plugins: list[tuple[Origin, str, object]] = []
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
        try:
            plugins.append((Origin.INSTALLED, point.name, point.load()))
        except Exception as e:
            message = f"installed plugin {point.name!r} cannot be imported: {type(e).__name__}: {e}"
            problems.append(Problem(point.value, 1, "", message))
    return plugins


def _collect(
    manager: pluggy.PluginManager,
    plugin: object,
    name: str,
    origin: Origin,
    handlers: dict[str, Registered],
    channels: dict[str, Registered],
    problems: list[Problem],
) -> None:
    def put(table: dict[str, Registered], what: str, entry: Registered) -> None:
        other = table.get(entry.name)
        if other is not None and other.origin == entry.origin:
            message = f"wants {what} {entry.name!r}, which plugin {other.plugin} has taken; remove one of the two"
            problems.append(Problem(_file(plugin), 1, "", message))
        elif other is None or other.origin < entry.origin:
            table[entry.name] = entry

    def handler(slug: str, handler: Handler, *, settings: type[BaseModel] | None = None) -> None:
        put(handlers, "intent", Registered(slug, handler, settings, name, origin))

    def channel(channel: str, factory: ChannelFactory, *, settings: type[BaseModel]) -> None:
        put(channels, "channel", Registered(channel, factory, settings, name, origin))

    others = [p for p in manager.get_plugins() if p is not plugin]
    for hook, register in (("register_handlers", handler), ("register_channels", channel)):
        try:
            manager.subset_hook_caller(hook, others)(register=register)
        except Exception as e:
            problems.append(Problem(_file(plugin), 1, hook, f"raised {type(e).__name__}: {e}"))


def _file(plugin: object) -> str:
    return str(getattr(plugin, "__file__", None) or plugin)


def validated(
    section: str,
    registered: Mapping[str, Registered],
    given: Mapping[str, Any],
    file: TomlFile,
    problems: list[Problem],
) -> dict[str, BaseModel | None]:
    """Settings of each registered name from its ``[section.name]``; what is wrong goes to ``problems``."""
    for name in given:
        if name not in registered:
            message = "is not registered by any plugin" + did_you_mean(name, list(registered))
            problems.append(file.problem((section, name), message))
    settings: dict[str, BaseModel | None] = {}
    for name, entry in registered.items():
        if entry.settings is None:
            if given.get(name):
                problems.append(file.problem((section, name), "takes no settings"))
            settings[name] = None
            continue
        try:
            settings[name] = entry.settings.model_validate(given.get(name, {}))
        except ValidationError as e:
            problems += file.problems(e, entry.settings, (section, name))
    return settings


def names(plugins: Iterable[Registered]) -> list[str]:
    """Names of the plugins behind some registrations, each once."""
    return sorted({p.plugin for p in plugins})
