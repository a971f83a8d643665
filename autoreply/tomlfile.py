"""TOML with places: every problem in a file can be told with its line and field.

``tomllib`` validates and reads; this module adds where each key stands, which tomllib does not keep.
"""

import re
import reprlib
import tomllib
from collections.abc import Sequence
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


_TOKEN = re.compile(
    r"""
    (?P<string>"{3}(?:[^"\\]+|\\[\s\S]|"{1,2}(?!"))*"{3,5} | '{3}(?:[^']+|'{1,2}(?!'))*'{3,5}
        | "(?:[^"\\\n]|\\.)*" | '[^'\n]*')
  | (?P<newline>\n)
  | (?P<skipped>[ \t\r]+|\#[^\n]*)
  | (?P<mark>[\[\]{}=,.])
  | (?P<bare>[^\s\[\]{}=,."'\#]+)
    """,
    re.VERBOSE,
)


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
        while error["type"] != "missing" and not self._holds(place):
            place = place[:-1]  # what pydantic adds to say which of several types it tried
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "missing":
            message = "is required and missing"
        elif error["type"] == "extra_forbidden":
            message = "is not a known setting" + did_you_mean(str(place[-1]), _known_fields(model, error["loc"][:-1]))
        elif isinstance(error["input"], (str, int, float, bool)) and error["type"] != "secret":  # never repeated
            message = f"{message[0].lower()}{message[1:]}, got {reprlib.repr(error['input'])}"
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
        return TomlFile(path, tomllib.loads(text), _Scanner(text).scan())
    except RecursionError:
        raise ProblemsFound([Problem(str(path), 1, "", "is nested too deeply")]) from None
    except ValueError as e:  # TOMLDecodeError, or a number that Python refuses
        found = re.search(r"\(at line (\d+), column \d+\)", str(e))
        line = int(found[1]) if found else text.count("\n") + 1
        message = f"is not valid TOML: {re.sub(r' *[(]at .*[)]', '', str(e))}{_hint(text, line)}"
        raise ProblemsFound([Problem(str(path), line, "", message)]) from None


def read_folders(*folders: Path) -> list[TomlFile]:
    """Every ``*.toml`` of the folders, by name, each folder once; one that is missing holds none.

    Raises:
        ProblemsFound: of all unreadable files at once.
    """
    files: list[TomlFile] = []
    problems: list[Problem] = []
    for folder in dict.fromkeys(f.resolve() for f in folders):
        for path in sorted(folder.glob("*.toml")):
            try:
                files.append(read(path))
            except ProblemsFound as e:
                problems += e.problems
    if problems:
        raise ProblemsFound(problems)
    return files


def _hint(text: str, line: int) -> str:
    """What people most often get wrong on such a line."""
    written = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    if re.search(r"=\s*\d{1,2}:\d{2}\s*(#.*)?$", written):
        return "; a time is written with seconds, such as 16:00:00"
    if re.search("[=\\[,]\\s*[“”‘’「『＂]", written):
        return '; texts stand in straight quotes: "…"'
    return ""


class _Scanner:
    """Walks a text that tomllib has read already, and notes the line on which each table, key and item starts."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._tokens: list[tuple[str, str, int]] = []
        """Kind (a mark is its own kind), text as written, line."""
        self._at = 0
        self._items: dict[Place, int] = {}
        """Arrays of tables: the index of the last table of each."""
        line = 1
        for found in _TOKEN.finditer(text):
            kind, word = found.lastgroup or "", found[0]
            if kind != "skipped":
                self._tokens.append((word if kind == "mark" else kind, word, line))
            line += word.count("\n")
        self._tokens.append(("newline", "", line))

    def scan(self) -> dict[Place, int]:
        table: Place = ()
        while self._skip_newlines():
            if self._next_is("["):
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _header(self) -> Place:
        line = self._tokens[self._at][2]
        array = self._take("[") and self._take("[")
        name = self._key()
        place: Place = ()
        for part in name[:-1]:  # below an array of tables a header belongs to its last table
            place = (*place, part)
            place = (*place, self._items[place]) if place in self._items else place
        place = (*place, name[-1])
        if array:
            self._items[place] = self._items.get(place, -1) + 1
            place = (*place, self._items[place])
        self._note(place, line)
        while self._take("]"):
            pass
        return place

    def _pair(self, table: Place) -> None:
        line = self._tokens[self._at][2]
        place = table + self._key()
        self._note(place, line)
        self._take("=")
        self._value(place)

    def _value(self, place: Place) -> None:
        if self._take("["):
            index = 0
            while self._skip_newlines() and not self._take("]"):
                self._note((*place, index), self._tokens[self._at][2])
                self._value((*place, index))
                index += 1
                self._skip_newlines()
                self._take(",")
        elif self._take("{"):
            while self._skip_newlines() and not self._take("}"):
                self._pair(place)
                self._skip_newlines()
                self._take(",")
        else:
            while self._tokens[self._at][0] not in ("newline", ",", "]", "}"):
                self._at += 1

    def _key(self) -> Place:
        parts = [self._part()]
        while self._take("."):
            parts.append(self._part())
        return tuple(parts)

    def _part(self) -> str:
        kind, word, _ = self._tokens[self._at]
        self._at += 1
        if kind != "string":
            return word
        return str(tomllib.loads(f"key = {word}")["key"]) if "\\" in word else word[1:-1]

    def _note(self, place: Place, line: int) -> None:
        """What holds the place starts here too, unless it was seen before."""
        for end in range(1, len(place)):
            self.lines.setdefault(place[:end], line)
        self.lines[place] = line

    def _next_is(self, kind: str) -> bool:
        return self._tokens[self._at][0] == kind

    def _take(self, kind: str) -> bool:
        taken = self._next_is(kind)
        self._at += taken
        return taken

    def _skip_newlines(self) -> bool:
        """Go on to the next thing written; False at the end of the file."""
        while self._at < len(self._tokens) and self._next_is("newline"):
            self._at += 1
        return self._at < len(self._tokens)
