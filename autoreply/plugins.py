"""One manager for all plugins: shipped, installed (entry-point group ``autoreply``), and the shop's own folder."""

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

TRACE_HOOKS = "AUTOREPLY_TRACE_HOOKS"
"""Environment variable: when set, every call of a hook is written to the standard error stream."""

_KINDS = {
    "handler": "handlers",
    "channel": "channels",
    "record source": "record_sources",
    "notifier": "notifiers",
    "slot": "slots",
    "feature": "features",
    "command": "commands",
    "page": "pages",
}
_SWITCHED = ("channels", "notifiers")
"""Kinds that run only where their settings say ``enabled``."""
_ONE = {table: one for one, table in _KINDS.items()} | {"handlers": "intent"}


class Origin(IntEnum):
    """Where a plugin comes from; of two that want one intent, the higher wins."""

    SHIPPED = 0
    INSTALLED = 1
    SHOP = 2


@dataclass(frozen=True, slots=True)
class Registered:
    """Something that a plugin registered under a name; ``file`` and ``line`` say where it stands.

    ``section`` is where its settings are read from; ``state`` is the model of a handler's memory.
    """

    name: str
    target: Any
    settings: type[BaseModel] | None
    plugin: str
    origin: Origin
    file: str
    line: int
    section: str = ""
    state: type[BaseModel] | None = None
    priority: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """Of two that want the same name the higher wins."""
        return self.origin, self.priority

    @property
    def memory(self) -> str:
        """Under which key of a conversation's state the memory of a handler is kept."""
        return f"{self.plugin}:{self.state.__name__}" if self.state else self.plugin


@dataclass(frozen=True, slots=True)
class Plugins:
    """All that was registered, winners only, and the manager for the hooks that are called later.

    ``beaten`` are handlers and channels whose name another plugin won.
    """

    manager: pluggy.PluginManager
    handlers: Mapping[str, Registered]
    channels: Mapping[str, Registered]
    record_sources: Mapping[str, Registered] = field(default_factory=dict)
    notifiers: Mapping[str, Registered] = field(default_factory=dict)
    slots: Mapping[str, Registered] = field(default_factory=dict)
    features: Mapping[str, Registered] = field(default_factory=dict)
    commands: Mapping[str, Registered] = field(default_factory=dict)
    pages: Mapping[str, Registered] = field(default_factory=dict)
    intents: tuple[Path, ...] = ()
    rulebooks: tuple[Path, ...] = ()
    beaten: tuple[tuple[Registered, Registered], ...] = ()
    loaded: tuple["Loaded", ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin that is in use: where it comes from, its version where it has one, the hooks that it implements."""

    name: str
    origin: Origin
    file: str
    version: str
    hooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A plugin before it has registered anything."""

    origin: Origin
    name: str
    plugin: object
    version: str = ""

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
    if os.environ.get(TRACE_HOOKS):
        manager.add_hookcall_monitoring(_before_hook, _after_hook)
    from autoreply import channels, handoff
    from autoreply.records import builtin as records

    found = [_Found(Origin.SHIPPED, m.__name__, m) for m in (*channels.builtin(), *handoff.builtin(), records)]
    found += _folder(shipped("plugins"), Origin.SHIPPED, problems)
    if installed:
        found += _installed(problems)
    if shop_folder is not None and shop_folder.is_dir() and not shop_folder.samefile(shipped("plugins")):
        found += _folder(shop_folder, Origin.SHOP, problems)
    tables = _Tables()
    loaded = []
    for entry in found:
        if _sound(manager, entry, problems):
            _collect(manager, entry, tables, problems)
            loaded.append(Loaded(entry.name, entry.origin, entry.file, entry.version, _hooks(manager, entry.plugin)))
    return Plugins(
        manager,
        **tables.named,
        intents=tuple(tables.folders["register_intents"]),
        rulebooks=tuple(tables.folders["register_rulebooks"]),
        beaten=tuple(tables.beaten),
        loaded=tuple(loaded),
    )


def _folder(folder: Path, origin: Origin, problems: list[Problem]) -> list[_Found]:
    """The modules of a folder; those whose names begin with ``_`` are helpers of others."""
    modules: list[_Found] = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            module = _import(path, f"autoreply_{origin.name.lower()}_plugins.{path.stem}")
            modules.append(_Found(origin, f"{origin.name.lower()}/{path.stem}", module))
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
            version = point.dist.version if point.dist is not None else ""
            plugins.append(_Found(Origin.INSTALLED, point.name, point.load(), version))
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


def _hooks(manager: pluggy.PluginManager, plugin: object) -> tuple[str, ...]:
    return tuple(caller.name for caller in manager.get_hookcallers(plugin) or ())


class _Tables:
    """What all plugins register, by kind and name; problems are where two want the same name with the same right."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Registered]] = {kind: {} for kind in _KINDS.values()}
        self.folders: dict[str, list[Path]] = {"register_intents": [], "register_rulebooks": []}
        self.beaten: list[tuple[Registered, Registered]] = []

    def put(self, kind: str, new: Registered, problems: list[Problem]) -> None:
        table = self.named[kind]
        other = table.get(new.name)
        for model, what in ((new.settings, "settings"), (new.state, "state")):
            if model is not None and not (isinstance(model, type) and issubclass(model, BaseModel)):
                message = f"{what} must be a pydantic model, such as a Section"
                problems.append(Problem(new.file, new.line, new.name, message))
                return
        if kind in _SWITCHED and new.settings is not None and "enabled" not in new.settings.model_fields:
            message = "its settings have no field enabled: bool = False, by which a shop switches it on"
            problems.append(Problem(new.file, new.line, new.name, message))
            return
        if other is None:
            table[new.name] = new
        elif other.rank == new.rank:
            message = (
                f"the {_ONE[kind]} {new.name!r} is taken by {other.file}:{other.line} already; remove one of the two"
                " or give one a priority"
            )
            problems.append(Problem(new.file, new.line, new.name, message))
        else:
            winner, loser = (new, other) if new.rank > other.rank else (other, new)
            table[new.name] = winner
            self.beaten.append((winner, loser))


def _collect(manager: pluggy.PluginManager, entry: _Found, tables: _Tables, problems: list[Problem]) -> None:
    """Let one plugin register all that it has."""

    def registered(name: str, target: Any, settings: type[BaseModel] | None = None, **more: Any) -> Registered:
        line = _starts(target)
        return Registered(name, target, settings, entry.name, entry.origin, entry.file, line, **more)

    def handler(
        slug: str,
        handler: Handler,
        *,
        settings: type[BaseModel] | None = None,
        section: str | None = None,
        state: type[BaseModel] | None = None,
        priority: int = 0,
    ) -> None:
        new = registered(slug, handler, settings, section=section or slug, state=state, priority=priority)
        if inspect.isfunction(handler) and not inspect.iscoroutinefunction(handler):
            message = f"handler {handler.__name__} must be an async def function"
            problems.append(Problem(entry.file, new.line, slug, message))
            return
        tables.put("handlers", new, problems)

    def channel(name: str, factory: ChannelFactory, *, settings: type[BaseModel]) -> None:
        tables.put("channels", replace(registered(name, factory, settings, section=name), line=1), problems)

    def source(name: str, *, settings: type[BaseModel], orders: Any = None, products: Any = None) -> None:
        made = {"orders": orders, "products": products}
        tables.put("record_sources", registered(name, made, settings, section=name), problems)

    def notifier(name: str, factory: Any, *, settings: type[BaseModel]) -> None:
        tables.put("notifiers", registered(name, factory, settings, section=name), problems)

    def slot(name: str, find: Any) -> None:
        tables.put("slots", registered(name, find), problems)

    def feature(name: str, value: Any) -> None:
        tables.put("features", registered(name, value), problems)

    def command(command: Any) -> None:
        tables.put("commands", registered(str(command.name), command), problems)

    def page(path: str, handler: Any, *, title: str) -> None:
        where = f"/plugins/{entry.name.rpartition('/')[2]}/{path.strip('/')}"
        tables.put("pages", registered(where, (handler, title)), problems)

    registers: dict[str, Any] = {
        "register_handlers": handler,
        "register_channels": channel,
        "register_record_sources": source,
        "register_notifiers": notifier,
        "register_slots": slot,
        "register_features": feature,
        "register_commands": command,
        "register_pages": page,
    }
    for hook in tables.folders:
        registers[hook] = lambda folder, hook=hook: _folder_given(entry, hook, folder, tables, problems)
    others = [p for p in manager.get_plugins() if p is not entry.plugin]
    for hook, register in registers.items():
        try:
            manager.subset_hook_caller(hook, others)(register=register)
        except Exception as e:
            problems.append(Problem(entry.file, _line(e, entry.file), hook, f"raised {_told(e)}"))


def _folder_given(entry: _Found, hook: str, folder: Path, tables: _Tables, problems: list[Problem]) -> None:
    path = Path(folder)
    if path.is_dir():
        tables.folders[hook].append(path)
    else:
        problems.append(Problem(entry.file, 1, hook, f"{path} is no folder"))


def call(hook: str, method: pluggy.HookImpl, argument: object) -> object:
    """One plugin's implementation of a hook, called by itself, so that what it raises is known to be that plugin's."""
    if os.environ.get(TRACE_HOOKS):
        _before_hook(hook, [method], {})
    return method.function(*[argument for _ in method.argnames])


def _before_hook(hook: str, methods: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
    for method in methods:
        print(f"hook {hook} → {method.plugin_name}", file=sys.stderr)


def _after_hook(outcome: Any, hook: str, methods: Sequence[pluggy.HookImpl], arguments: Mapping[str, Any]) -> None:
    if outcome.exception is not None:
        print(f"hook {hook} raised {outcome.exception!r}", file=sys.stderr)


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
    known = {entry.section for entry in registered.values()}
    for name in given if complete else ():
        if name not in known:
            message = "is not registered by any plugin" + did_you_mean(name, sorted(known))
            problems.append(file.problem((section, name), message))
    takes = {entry.section for entry in registered.values() if entry.settings is not None}
    for name in sorted(given.keys() & (known - takes)):
        if given[name]:
            problems.append(file.problem((section, name), "takes no settings"))
    settings: dict[str, BaseModel | None] = {}
    read: dict[tuple[str, type[BaseModel]], BaseModel | None] = {}
    for name, entry in registered.items():
        settings[name] = None
        if entry.settings is None:
            continue
        place = entry.section, entry.settings
        if place not in read:
            read[place] = None
            try:
                read[place] = entry.settings.model_validate(given.get(entry.section, {}))
            except ValidationError as e:
                problems += file.problems(e, entry.settings, (section, entry.section))
        settings[name] = read[place]
    return settings
