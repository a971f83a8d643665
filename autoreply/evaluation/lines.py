"""Files of buyers' lines, with and without labels."""

import io
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoreply.model import NONE
from autoreply.tables import decoded
from autoreply.tomlfile import Problem, ProblemsFound, did_you_mean


@dataclass(frozen=True, slots=True)
class Labelled:
    """A line with the intents it expresses, most prominent first; ``("none",)`` where none can be told."""

    line: int
    """1-based line of its file."""
    text: str
    labels: tuple[str, ...]


def read_lines(file: Path) -> list[str]:
    """The lines of a file, ``-`` for stdin, without their line ends; only line feeds end a line.

    The file is UTF-8 or what :func:`autoreply.tables.decoded` finds it to be, such as GBK, which Windows writes.

    Raises:
        ProblemsFound: the file cannot be read.
    """
    if str(file) == "-":
        return [_ended(line) for line in sys.stdin]
    try:
        text, _ = decoded(file.read_bytes())
    except OSError as e:
        raise ProblemsFound([Problem(str(file), 1, "", f"cannot be read: {e.strerror}")]) from e
    return [_ended(line) for line in io.StringIO(text, newline="\n")]


def _ended(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def read_texts(file: Path) -> list[str]:
    """Messages, one per line, or the column ``text`` of a TSV whose first line names its columns; empty ones are left
    out.

    Raises:
        ProblemsFound: the file cannot be read.
    """
    rows = read_lines(file)
    columns = rows[0].split("\t") if rows else []
    if len(columns) > 1 and "text" in columns:
        column = columns.index("text")
        rows = [cells[column] for row in rows[1:] if len(cells := row.split("\t")) > column]
    return [row for row in rows if row.strip()]


def read_labelled(file: Path, known: Collection[str]) -> list[Labelled]:
    """The labelled lines of a TSV whose first line names the columns ``text`` and ``labels`` (others are ignored).

    Labels are joined with ``+``; ``none`` stands alone. ``known`` are the slugs that may be used besides ``none``.

    Raises:
        ProblemsFound: every problem of the file, with its line.
    """
    rows = read_lines(file)
    columns = rows[0].split("\t") if rows else []
    missing = [name for name in ("text", "labels") if name not in columns]
    if missing:
        message = (
            f"the first line must name the columns text and labels, joined by tabs; {' and '.join(missing)} missing"
        )
        raise ProblemsFound([Problem(str(file), 1, "", message)])
    text, labels = columns.index("text"), columns.index("labels")
    problems: list[Problem] = []
    found: list[Labelled] = []
    for number, row in enumerate(rows[1:], 2):
        cells = row.split("\t")
        if not row.strip():
            continue
        if len(cells) <= max(text, labels):
            problems.append(Problem(str(file), number, "", f"has {len(cells)} columns, {len(columns)} expected"))
            continue
        slugs = tuple(cells[labels].strip().split("+"))
        problems += [Problem(str(file), number, "labels", message) for message in _wrong(slugs, known)]
        found.append(Labelled(number, cells[text], slugs))
    if not found and not problems:
        problems.append(Problem(str(file), 1, "", "holds no labelled line"))
    if problems:
        raise ProblemsFound(problems)
    return found


def _wrong(slugs: Sequence[str], known: Collection[str]) -> Iterable[str]:
    for slug in dict.fromkeys(slugs):
        if slug != NONE and slug not in known:
            yield f"{slug!r} is no intent of this catalogue{did_you_mean(slug, [*known, NONE])}"
    if NONE in slugs and len(slugs) > 1:
        yield "none stands alone"
    elif len(set(slugs)) < len(slugs):
        yield "names an intent twice"
