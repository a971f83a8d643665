"""Texts out of files as shops have them: a line each, or one column of CSV, TSV or XLSX."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from autoreply.tables import KINDS, Unreadable, decoded, read_sheets
from autoreply.tomlfile import did_you_mean

NAMES = (
    *("text", "reply", "answer", "content", "message"),
    *("回复", "内容", "话术", "答案", "回答", "文本", "消息", "短语"),
)
"""What a column of texts is called, as the whole name or as a part of it."""
_NO_TEXTS = re.compile(r"时间|日期|编号|次数|数量|类型|类别|分类|状态|标题|人$|者$|\bid\b|date|time|type|count", re.I)
"""What says that a column called 回复时间 holds something else."""


__all__ = ["Choice", "Unreadable", "Written", "decoded", "lines_of", "read_texts"]


@dataclass(frozen=True, slots=True)
class Written:
    """One text and where it stands. ``column`` is the place in its line, from 1, where that is known."""

    file: str
    line: int
    text: str
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a table is read: the column of that name, of rows that hold these values in other columns."""

    column: str | None = None
    where: Mapping[str, str] | None = None


Row = tuple[int, Sequence[str]]
"""A row of a table with the line on which it starts."""


def read_texts(path: Path, choice: Choice = Choice()) -> tuple[list[Written], list[str]]:
    """The texts of a file in order, empty ones too, and remarks on how it was read.

    Raises:
        Unreadable: no such file, an unknown format, or no telling which column holds the texts.
    """
    kind = path.suffix.lower()
    try:
        if kind in (*KINDS, ".xls", ".et", ".ods", ".numbers"):
            return _tables(path, choice)
        text, remarks = decoded(path.read_bytes())
    except OSError as e:
        raise Unreadable(f"cannot read {path}: {e.strerror}") from e
    remarks = [f"{path}: {remark}" for remark in remarks]
    if choice.column or choice.where:
        raise Unreadable(f"{path}: has no columns; they are read from .csv, .tsv and .xlsx")
    return list(lines_of(str(path), io.StringIO(text, newline=""))), remarks


def lines_of(name: str, stream: IO[str]) -> Iterator[Written]:
    """A text for each line. Only line feeds end one."""
    for number, line in enumerate(stream.read().removesuffix("\n").split("\n"), 1):
        yield Written(name, number, line.removesuffix("\r"), 1)


# Tables ------------------------------------------------------------------------------------------------------------


def _tables(path: Path, choice: Choice) -> tuple[list[Written], list[str]]:
    """The texts of a table; of a workbook, those of all sheets that have a column of texts."""
    sheets, remarks = read_sheets(path)
    found: list[Written] = []
    left_out: list[str] = []
    for sheet in sheets:
        rows = ((line, ["" if cell is None else str(cell) for cell in cells]) for line, cells in sheet.rows)
        try:
            found += _column(sheet.name, rows, choice)
        except Unreadable as e:
            if len(sheets) == 1:
                raise
            left_out.append(f"left out: {e}")
    if left_out and not found:
        raise Unreadable("; ".join(left_out))
    return found, remarks + left_out


def _column(name: str, rows: Iterator[Row], choice: Choice) -> Iterator[Written]:
    """The texts of one column. A table with a single one that has no known name has no head."""
    first = next(rows, None)
    if first is None:
        return
    head = [cell.strip().removeprefix("\ufeff") for cell in first[1]]
    place = _place(name, head, choice.column)
    kept = {_named(name, head, key): value for key, value in (choice.where or {}).items()}
    for line, cells in rows if place is not None else chain([first], rows):
        if all(at < len(cells) and cells[at].strip() == value for at, value in kept.items()):
            at = place or 0
            yield Written(name, line, cells[at] if at < len(cells) else "")


def _place(name: str, head: Sequence[str], column: str | None) -> int | None:
    """Which column holds the texts; None: the only one, and the first row is a text already."""
    if column is not None:
        return _named(name, head, column)
    exact = [n for n, cell in enumerate(head) if cell.casefold() in NAMES]
    part = [n for n, cell in enumerate(head) if any(k in cell.casefold() for k in NAMES) and not _NO_TEXTS.search(cell)]
    for found in (exact, part if len(head) > 1 else []):
        if len(found) == 1:
            return found[0]
        if found:
            several = "、".join(head[n] for n in found)
            raise Unreadable(f"{name}: several columns may hold the texts: {several}; choose one with --column")
    if len(head) == 1:
        return None
    raise Unreadable(f"{name}: no telling which column holds the texts: {'、'.join(head)}; choose one with --column")


def _named(name: str, head: Sequence[str], column: str) -> int:
    if column not in head:
        known = "、".join(head)
        raise Unreadable(f"{name}: no column {column!r}{did_you_mean(column, list(head))}; there are: {known}")
    return list(head).index(column)
