"""The page of all settings, made from the pydantic models: every section with type, default and meaning."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AnyHttpUrl, BaseModel, HttpUrl
from pydantic.fields import FieldInfo

from autoreply.plugins import Registered, load_plugins
from autoreply.settings import Secret, Settings

_HEAD = """# Settings

Made from the models by `python -m autoreply.cli.reference settings > docs/settings.md`; do not edit.

One TOML file, `config.toml`; [config.example.toml](../config.example.toml) has it with comments. What is left out has
the default; – is no default: the shop has not said. A key that is not known is an error, told with its line by
`autoreply check`. Relative paths start from the folder of the file. Installed plugins tell of their sections
themselves; `autoreply plugins` lists them.
"""

_TYPES: dict[Any, str] = {
    bool: "true, false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    str: "text",
    Path: "path",
    time: "time: 16:00:00",
    date: "date: 2026-12-31",
    AnyHttpUrl: "address",
    HttpUrl: "address",
    Secret: '{ env = "NAME" } or { file = "path" }',
}
_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}", "min_length": "at least {}"}
_RECORDS = """
## [records.orders], [records.products]

Where orders and products are looked up; see [records.md](records.md). `source` names the kind, the other keys are that
kind's.
"""


def settings_page() -> str:
    """The page as Markdown."""
    plugins = load_plugins(None, [], installed=False)
    parts = [_HEAD, *_sections(Settings)]
    parts += _registered("channels", plugins.channels)
    parts += _registered("plugins", plugins.handlers)
    parts += _registered("notify", plugins.notifiers)
    parts.append(_RECORDS)
    for name, entry in plugins.record_sources.items():
        if entry.settings is not None:
            parts += [f'\n### source = "{name}"\n', *_table([entry.settings])]
    return "".join(parts)


def _sections(model: type[BaseModel], under: str = "") -> Iterator[str]:
    """Each section below a model in the order of its fields, with what it holds."""
    for name, field in model.model_fields.items():
        inner = _models(field.annotation)
        if not inner or inner[0] is Secret:
            continue
        place = f"{under}{name}"
        origin = get_origin(field.annotation)
        place = f"{place}.<name>" if origin is dict else place
        title = f"[[{place}]]" if origin is tuple else f"[{place}]"
        yield f"\n## {title}\n\n{_first(inner[0])}\n"
        yield from _table(inner)
        yield from _sections(inner[0], f"{place}.")


def _registered(room: str, entries: Mapping[str, Registered]) -> Iterator[str]:
    """The sections of what plugins registered; handlers that share one are told together."""
    models: dict[str, list[type[BaseModel]]] = {}
    for entry in entries.values():
        if entry.settings is not None and entry.settings not in models.setdefault(entry.section, []):
            models[entry.section].append(entry.settings)
    for section, found in sorted(models.items()):
        about = _first(found[0])
        yield f"\n## [{room}.{section}]\n" + (f"\n{about}\n" if about else "")
        yield from _table(found)
        for model in found:
            yield from _sections(model, f"{room}.{section}.")


def _table(models: list[type[BaseModel]]) -> Iterator[str]:
    """Keys of a section. Those that are sections themselves come later."""
    fields = {name: field for model in models for name, field in model.model_fields.items()}
    rows = [(n, f) for n, f in fields.items() if _models(f.annotation) in ([], [Secret])]
    if rows:
        yield "\n| key | value | default | meaning |\n|---|---|---|---|\n"
    for name, field in rows:
        cells = (f"`{name}`", _type(field), _default(field), field.description or "")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The settings models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _type(field: FieldInfo) -> str:
    told = _named(field.annotation)
    bounds = [
        w.format(f"{limit:g}") for m in field.metadata for k, w in _BOUNDS.items() if (limit := _of(m, k)) is not None
    ]
    return f"{told}, {' '.join(bounds)}" if bounds and told not in ("text",) else told


def _of(bound: object, name: str) -> float | None:
    limit = getattr(bound, name, None)
    return float(limit) if limit is not None else None


def _named(annotation: Any) -> str:
    """A type in the words of somebody who writes TOML."""
    if annotation in _TYPES:
        return _TYPES[annotation]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _named(parts[0])
    if origin in (Union, UnionType):
        return " or ".join(_named(part) for part in parts if part is not NoneType)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if origin in (tuple, list):
        return f"list of: {_named(parts[0])}"
    if origin is dict:
        return f"table of: {_named(parts[1])}"
    raise TypeError(f"no words for {annotation!r}: add it here")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return f"`{_toml(value)}`" if value not in (None, (), {}, []) else "–"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return json.dumps(value.value)
        case str() | Path():
            return json.dumps(value.as_posix() if isinstance(value, Path) else value, ensure_ascii=False)
        case tuple() | list():
            return f"[{', '.join(map(_toml, value))}]"
        case float() | Decimal():
            return f"{value:g}"
        case _:
            return str(value)


def _first(model: type[BaseModel]) -> str:
    """The first paragraph of a model's docstring, on one line; without the section's name, which is the heading."""
    text = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0]
    told = re.sub(r"^``\[[^`]+``[.:]?\s*", "", " ".join(text.split())).replace("``", "`")
    return told[:1].upper() + told[1:]
