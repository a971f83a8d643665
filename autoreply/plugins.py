"""One manager for all plugins: shipped, installed (entry-point group ``autoreply``), and the shop's own folder."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
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
from autoreply.tomlfile import Problem, TomlFile, did_you_mean

ENTRY_POINT_GROUP = "autoreply"


class Origin(IntEnum):
    """Where a plugin comes from; of two that want one intent, the higher wins."""

    SHIPPED = 0
    INSTALLED = 1
    SHOP = 2


@dataclass(frozen=True, slots=True)
class Registered:
    """A handler or a channel as its plugin registered it; ``file`` and ``line`` say where it stands."""

    name: str
    target: Any
    settings: type[BaseModel] | None
    plugin: str
    origin: Origin
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Plugins:
    """All that was registered, winners only, and the manager for the observing hooks."""

    manager: pluggy.PluginManager
    handlers: Mapping[str, Registered]
    channels: Mapping[str, Registered]


@dataclass(frozen=True, slots=True)
class _Found:
    """A plugin before it has registered anything."""

    origin: Origin
    name: str
    plugin: object

    @property
    def file(self) -> str:
        return str(getattr(self.plugin, "__file__", None) or self.name)


def load_plugins(shop_folder: Path | None, problems: list[Problem], *, installed: bool = True) -> Plugins:
    """Load every plugin; what is wrong with one of them goes to ``problems``, and the others are loaded all the same.

    Wrong is: it cannot be imported, implements no hook or an unknown one, raises while it registers, or wants an
    intent or a channel that another one of the same origin has.
    """
    manager = pluggy.PluginManager("autoreply")
    manager.add_hookspecs(hookspecs)
    from autoreply import channels

    found = [
        _Found(Origin.SHIPPED, f"autoreply.channels.{m.__name__.rpartition('.')[2]}", m) for m in channels.builtin()
    ]
    found += _folder(shipped("plugins"), Origin.SHIPPED, problems)
    if installed:
        found += _installed(problems)
    if shop_folder is not None and shop_folder.is_dir() and not shop_folder.samefile(shipped("plugins")):
        found += _folder(shop_folder, Origin.SHOP, problems)
    handlers: dict[str, Registered] = {}
    registered_channels: dict[str, Registered] = {}
    for entry in found:
        if _sound(manager, entry, problems):
            _collect(manager, entry, handlers, registered_channels, problems)
    return Plugins(manager, handlers, registered_channels)


def _folder(folder: Path, origin: Origin, problems: list[Problem]) -> list[_Found]:
    """The modules of a folder; those whose names begin with ``_`` are helpers of others."""
    modules: list[_Found] = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        name = f"autoreply_{origin.name.lower()}_plugins.{path.stem}"
        try:
            modules.append(_Found(origin, name, _import(path, name)))
        except (Exception, SystemExit) as e:
            problems.append(Problem(str(path), _line(e, str(path)), "", f"cannot be imported: {_told(e)}"))
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


def _installed(problems: list[Problem]) -> list[_Found]:
    plugins: list[_Found] = []
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
        try:
            plugins.append(_Found(Origin.INSTALLED, point.name, point.load()))
        except (Exception, SystemExit) as e:
            message = f"installed plugin {point.name!r} cannot be imported: {_told(e)}"
            problems.append(Problem(point.value, 1, "", message))
    return plugins


def _line(error: BaseException, file: str) -> int:
    """The line of a file where an error came from, nearest to the error; 1 where the file had no part in it."""
    if isinstance(error, SyntaxError) and error.filename == file and error.lineno:
        return error.lineno
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((f.lineno for f in frames if f.filename == file and f.lineno), 1)


def _told(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}"


def _sound(manager: pluggy.PluginManager, entry: _Found, problems: list[Problem]) -> bool:
    """Register a plugin with pluggy, unless one of its hooks is unknown or takes what the hook does not give."""
    specs = {name for name in vars(hookspecs) if getattr(getattr(hookspecs, name), "autoreply_spec", None)}
    hooks = [name for name in dir(entry.plugin) if manager.parse_hookimpl_opts(entry.plugin, name) is not None]
    before = len(problems)
    if not hooks:
        message = "implements no hook: put @hookimpl before register_handlers, or begin the name of a helper with _"
        problems.append(Problem(entry.file, 1, "", message))
    for name in hooks:
        function = getattr(entry.plugin, name)
        if name not in specs:
            problems.append(
                Problem(entry.file, _starts(function), name, f"is no hook{did_you_mean(name, sorted(specs))}")
            )
            continue
        gives = set(inspect.signature(getattr(hookspecs, name)).parameters)
        if odd := sorted(set(inspect.signature(function).parameters) - gives - {"self"}):
            message = f"wants {', '.join(odd)}, but this hook gives {', '.join(sorted(gives))}"
            problems.append(Problem(entry.file, _starts(function), name, message))
    if len(problems) > before:
        return False
    manager.register(entry.plugin, entry.name)
    return True


def _starts(function: Any) -> int:
    """First line of a function, or of what a partial or a method wraps; 1 for anything else."""
    return int(getattr(getattr(inspect.unwrap(function), "__code__", None), "co_firstlineno", 1))


def _collect(
    manager: pluggy.PluginManager,
    entry: _Found,
    handlers: dict[str, Registered],
    channels: dict[str, Registered],
    problems: list[Problem],
) -> None:
    """Let one plugin register its handlers and channels."""

    def put(table: dict[str, Registered], what: str, new: Registered) -> None:
        other = table.get(new.name)
        if new.settings is not None and not (isinstance(new.settings, type) and issubclass(new.settings, BaseModel)):
            problems.append(
                Problem(new.file, new.line, new.name, "settings must be a pydantic model, such as a Section")
            )
        elif other is not None and other.origin == new.origin:
            message = f"the {what} {new.name!r} is taken by {other.file}:{other.line} already; remove one of the two"
            problems.append(Problem(new.file, new.line, new.name, message))
        elif other is None or other.origin < new.origin:
            table[new.name] = new

    def handler(slug: str, handler: Handler, *, settings: type[BaseModel] | None = None) -> None:
        line = _starts(handler)
        if inspect.isfunction(handler) and not inspect.iscoroutinefunction(handler):
            problems.append(
                Problem(entry.file, line, slug, f"handler {handler.__name__} must be an async def function")
            )
            return
        put(handlers, "intent", Registered(slug, handler, settings, entry.name, entry.origin, entry.file, line))

    def channel(name: str, factory: ChannelFactory, *, settings: type[BaseModel]) -> None:
        put(channels, "channel", Registered(name, factory, settings, entry.name, entry.origin, entry.file, 1))

    others = [p for p in manager.get_plugins() if p is not entry.plugin]
    for hook, register in (("register_handlers", handler), ("register_channels", channel)):
        try:
            manager.subset_hook_caller(hook, others)(register=register)
        except Exception as e:
            problems.append(Problem(entry.file, _line(e, entry.file), hook, f"raised {_told(e)}"))


def validated(
    section: str,
    registered: Mapping[str, Registered],
    given: Mapping[str, Any],
    file: TomlFile,
    problems: list[Problem],
    *,
    complete: bool = True,
) -> dict[str, BaseModel | None]:
    """Settings of each registered name from its ``[section.name]``; what is wrong goes to ``problems``.

    ``complete`` is False where some plugin could not be loaded, so that an unknown name may well be that plugin's.
    """
    for name in given if complete else ():
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
