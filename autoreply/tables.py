"""Tables out of files as shops have them: CSV, TSV and XLSX, in the encodings that their programs write."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

csv.field_size_limit(10_000_000)

KINDS = (".csv", ".tsv", ".tab", ".xlsx")
"""Suffixes of files that hold tables."""


class Unreadable(Exception):
    """A file that cannot be read; the message says why and what to do. ``line`` is where, from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


Row = tuple[int, Sequence[object]]
"""A row of a table with the line on which it starts. Cells are texts; those of a workbook what they hold, or None."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. ``name`` is its file's, with ``#`` and the sheet's title in a workbook of several."""

    name: str
    title: str
    rows: Iterator[Row]


def read_sheets(path: Path) -> tuple[list[Sheet], list[str]]:
    """The tables of a file, rows without any value left out of workbooks, and remarks on how it was read.

    Raises:
        Unreadable: it is none of ``KINDS`` or broken; a broken CSV only once its rows are read.
        OSError: it cannot be opened.
    """
    kind = path.suffix.lower()
    if kind == ".xlsx":
        return _workbook(path), []
    if kind not in KINDS:
        raise Unreadable(f"{path}: save it as .xlsx or .csv; {kind or 'a file without a suffix'} cannot be read")
    text, remarks = decoded(path.read_bytes())
    return [Sheet(str(path), "", _rows(str(path), text, kind))], [f"{path}: {remark}" for remark in remarks]


def decoded(raw: bytes) -> tuple[str, list[str]]:
    """A file's bytes as text: UTF-16 with its mark, UTF-8 with or without, else GB18030, which includes GBK.

    A file is taken for a damaged UTF-8 one where three quarters at least of what is not ASCII are sound.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), []
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        text = raw.decode("utf-8-sig", "replace")
    broken = text.count("\ufffd")
    if broken * 3 <= sum(c > "\x7f" for c in text) - broken:
        return text, [f"{broken} places are not UTF-8; they are read as \ufffd"]
    text = raw.decode("gb18030", "replace")
    broken = text.count("\ufffd")
    return text, [f"{broken} places are neither UTF-8 nor GB18030; they are read as \ufffd"] if broken else []


def _rows(name: str, text: str, kind: str) -> Iterator[Row]:
    """Rows of CSV by the usual rules; in TSV, as programs write it, a quotation mark is a character like any other."""
    if kind == ".csv":
        reader = csv.reader(io.StringIO(text, newline=""))
    else:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    started = 1
    try:
        for cells in reader:
            yield started, cells
            started = reader.line_num + 1
    except csv.Error as e:
        raise Unreadable(f"{name}:{started}: {e}", started) from e


def _workbook(path: Path) -> list[Sheet]:
    try:
        openpyxl = import_module("openpyxl")  # an optional part without type information
    except ImportError:
        raise Unreadable(
            f"{path}: reading .xlsx needs openpyxl; install autoreply[xlsx], or save the sheet as .csv"
        ) from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = {s.title: list(enumerate(s.iter_rows(values_only=True), 1)) for s in book.worksheets}
        finally:
            book.close()
    except OSError:
        raise
    except Exception as e:  # whatever a broken file makes the reader raise
        raise Unreadable(f"{path}: is no .xlsx that can be read: {type(e).__name__}: {e}") from e
    several = len(sheets) > 1
    return [
        Sheet(f"{path}#{title}" if several else str(path), title, (r for r in rows if any(map(_filled, r[1]))))
        for title, rows in sheets.items()
    ]


def _filled(cell: object) -> bool:
    return cell is not None and cell != ""
