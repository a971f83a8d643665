"""TOML with places: every problem in a file can be told with its line and field.

``tomllib`` validates and reads; this module adds where each key stands, which tomllib does not keep.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

Place = tuple[str | int, ...]
"""The way to a value: keys and list indices, as in pydantic's ``loc``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: where, what, and what to do about it."""

    file: str
    line: int
    field: str
    message: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}: {field}{self.message}"


class ProblemsFound(Exception):
    """All problems of a load at once; nothing was loaded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$"""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_ITEM = re.compile(r"""\{[^{}]*\}|"(?:[^"\\]|\\.)*"|'[^']*'|#.*$|[-+\w.:]+""")
_STRINGS = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'|#.*$""")


@dataclass(frozen=True)
class TomlFile:
    """A parsed file: ``data`` as tomllib reads it, ``lines`` from a place to its 1-based line."""

    path: Path
    data: dict[str, Any]
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Line of the value at ``place``, or of the nearest thing that holds it."""
        for end in range(len(place), 0, -1):
            if (found := self.lines.get(place[:end])) is not None:
                return found
        return 1

    def problem(self, place: Place, message: str, level: Literal["error", "warning"] = "error") -> Problem:
        """A problem at ``place``, with this file's name and line."""
        return Problem(str(self.path), self.line(place), dotted(place), message, level)

    def problems(self, error: ValidationError, model: type[BaseModel], under: Place = ()) -> list[Problem]:
        """A pydantic error as problems with lines, unknown keys with a "did you mean".

        ``model`` is the one that refused the data found at ``under``.
        """
        return [self._problem(e, model, under) for e in error.errors(include_url=False)]

    def _problem(self, error: Any, model: type[BaseModel], under: Place) -> Problem:
        place = under + tuple(error["loc"])
        while place and not self._holds(place) and self._holds(place[:-1]) and error["type"] != "missing":
            place = place[:-1]
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "missing":
            message = "is required and missing"
        elif error["type"] == "extra_forbidden":
            message = "is not a known setting" + did_you_mean(str(place[-1]), _known_fields(model, error["loc"][:-1]))
        elif isinstance(error["input"], (str, int, float, bool)):
            message = f"{message[0].lower()}{message[1:]}, got {error['input']!r}"
        return self.problem(place, message)

    def _holds(self, place: Place) -> bool:
        here: Any = self.data
        for part in place:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return False
        return True


def _known_fields(model: type[BaseModel], place: Place) -> list[str]:
    """Names of the settings that the model nested at ``place`` knows."""
    for part in place:
        if not isinstance(part, str) or part not in model.model_fields:
            continue
        nested = _models_in(model.model_fields[part].annotation)
        if nested is None:
            return []
        model = nested
    return list(model.model_fields)


def _models_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for a in get_args(annotation) if (found := _models_in(a))), None)


def dotted(place: Place) -> str:
    """``("shop", "presale", 0)`` → ``shop.presale[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``"; did you mean 'cutoff'?"`` or an empty string."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def read(path: Path) -> TomlFile:
    """Read one TOML file.

    Raises:
        ProblemsFound: the file is missing, not UTF-8, or not TOML; with the line where known.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProblemsFound([Problem(str(path), 1, "", "no such file")]) from None
    except UnicodeDecodeError as e:
        line = path.read_bytes()[: e.start].count(b"\n") + 1
        message = "is not UTF-8; save it as UTF-8 in the editor"
        raise ProblemsFound([Problem(str(path), line, "", message)]) from None
    except OSError as e:
        raise ProblemsFound([Problem(str(path), 1, "", f"cannot be read: {e.strerror}")]) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        found = re.search(r"\(at line (\d+), column \d+\)", str(e))
        line = int(found[1]) if found else text.count("\n") + 1
        message = f"is not valid TOML: {re.sub(r' *[(]at .*[)]', '', str(e))}"
        raise ProblemsFound([Problem(str(path), line, "", message)]) from None
    return TomlFile(path, data, dict(_places(text)))


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Where each table, key and array item starts. Knows only what valid TOML may look like; tomllib checked that."""
    prefix: Place = ()
    counts: dict[Place, int] = {}
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if header := _HEADER.match(line):
            prefix = _resolve(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = (*prefix, counts[prefix])
            yield prefix, number
        elif key := _KEY.match(line):
            place = prefix + _parts(key[1])
            yield place, number
            start = number
            number = _value_end(lines, number - 1, key[2])
            if number > start and key[2].lstrip().startswith("["):
                yield from _items(place, lines, start, number)


def _parts(name: str) -> Place:
    return tuple(p.strip("\"'") for p in _PART.findall(name))


def _resolve(parts: Place, counts: dict[Place, int]) -> Place:
    """A header below an array of tables belongs to its last table: ``[a.b]`` → ``("a", 2, "b")``."""
    place: Place = ()
    for i, part in enumerate(parts):
        place = (*place, part)
        if i < len(parts) - 1 and place in counts:
            place = (*place, counts[place])
    return place


def _value_end(lines: list[str], index: int, value: str) -> int:
    """Number of lines read once the value that starts on ``lines[index]`` is complete."""
    stripped = value.strip()
    for quote in ('"""', "'''"):
        if stripped.startswith(quote):
            if quote in stripped[3:]:
                return index + 1
            return next((i + 1 for i in range(index + 1, len(lines)) if quote in lines[i]), len(lines))
    depth = _depth(value)
    while depth > 0 and index + 1 < len(lines):
        index += 1
        depth += _depth(lines[index])
    return index + 1


def _depth(line: str) -> int:
    bare = _STRINGS.sub("", line)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")


def _items(place: Place, lines: list[str], start: int, end: int) -> Iterator[tuple[Place, int]]:
    """Items of an array that is written over several lines; an inline table counts as one item."""
    index = 0
    for number in range(start, end + 1):
        line = lines[number - 1]
        if number == start:
            line = line.split("=", 1)[1].lstrip().removeprefix("[")
        for item in _ITEM.findall(line):
            if not item.startswith("#"):
                yield (*place, index), number
                index += 1
