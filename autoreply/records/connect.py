"""``[records.orders]`` and ``[records.products]`` of the settings → the sources that they name, guarded."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from autoreply.plugins import Registered
from autoreply.records.breaker import GuardedOrders, GuardedProducts
from autoreply.records.desk import Records
from autoreply.records.sources import RecordsHome
from autoreply.tomlfile import Problem, TomlFile, did_you_mean

_GUARDS: Mapping[str, Any] = {"orders": GuardedOrders, "products": GuardedProducts}


def connect(
    given: Mapping[Literal["orders", "products"], Mapping[str, Any]],
    registered: Mapping[str, Registered],
    home: RecordsHome,
    file: TomlFile,
    problems: list[Problem],
) -> Records:
    """Make the sources; nothing is opened yet. What is wrong goes to ``problems``, and that source is left out."""
    made = {kind: _source(kind, section, registered, home, file, problems) for kind, section in given.items()}
    return Records(**{kind: _GUARDS[kind](source, home.clock) for kind, source in made.items() if source is not None})


def _source(
    kind: str,
    section: Mapping[str, Any],
    registered: Mapping[str, Registered],
    home: RecordsHome,
    file: TomlFile,
    problems: list[Problem],
) -> Any:
    place = ("records", kind)
    name = section.get("source")
    able = [n for n, entry in registered.items() if entry.target[kind] is not None]
    if name not in able:
        told = f"is no source of {kind}{did_you_mean(str(name), able)}" if name else "is missing: " + " | ".join(able)
        problems.append(file.problem((*place, "source") if name else place, told if name else f"source {told}"))
        return None
    entry = registered[name]
    if entry.settings is None:
        raise TypeError(f"the record source {name!r} was registered without settings")
    try:
        settings = entry.settings.model_validate({k: v for k, v in section.items() if k != "source"})
    except ValidationError as e:
        problems += file.problems(e, entry.settings, place)
        return None
    try:
        return entry.target[kind](settings, home)
    except ValueError as e:
        problems.append(file.problem(place, f"cannot be used: {e}"))
        return None
