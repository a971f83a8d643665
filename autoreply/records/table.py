"""Records out of files: CSV, TSV or XLSX, read anew when they change.

A file that cannot be read whole changes nothing: the version before stays, and the log says what is wrong where.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from pydantic import Field

from autoreply.clock import Clock
from autoreply.records import columns
from autoreply.records.columns import Names
from autoreply.records.model import Order, Product
from autoreply.records.rows import Line, orders_from, products_from
from autoreply.records.sources import RecordsDown, RecordsHome, newest_first
from autoreply.settings import Section
from autoreply.tables import Sheet, Unreadable, read_sheets
from autoreply.tomlfile import Problem, did_you_mean

T = TypeVar("T")

POLL = 1.0
"""Seconds between two looks whether a file has changed."""
PATIENCE = 1.0
"""Seconds that a lookup waits for a changed file to be read, before it is answered from the version before."""
AGAIN = 10.0
"""Seconds after which a file that could not be read is tried again though it has not changed: a program that has it
open may have let go of it."""
_HEAD_WITHIN = 10
"""Rows within which the names of the columns stand; exports may put a title above them."""
_NAMES = {"": columns.PRODUCTS, "sizes": columns.SIZES, "faq": columns.FAQ}

log = structlog.get_logger(__name__)


class TableSettings(Section):
    """``[records.orders]`` or ``[records.products]`` with ``source = "table"``."""

    files: tuple[Path, ...] = Field(
        min_length=1, description="CSV, TSV or XLSX, relative to the settings file; orders/*.csv is all of them"
    )
    sizes: Path | None = Field(None, description="products: size charts, where they are no sheet 尺码 of a workbook")
    faq: Path | None = Field(None, description="products: questions, where they are no sheet 问答 of a workbook")


class TableOrders:
    """Orders out of files. The table of a shop is that shop's: its id is not looked for in it."""

    def __init__(self, settings: TableSettings, home: RecordsHome) -> None:
        if settings.sizes is not None or settings.faq is not None:
            raise ValueError("sizes and faq belong to [records.products]")
        self._zone = home.timezone
        self._watched = Watched(settings.files, home, self._read)

    async def start(self) -> None:
        await self._watched.now()

    async def close(self) -> None:
        self._watched.close()

    async def orders_of(self, shop_id: str, buyer_id: str) -> tuple[Order, ...]:
        _, by_buyer = await self._watched.now()
        return by_buyer.get(buyer_id, ())

    async def order(self, shop_id: str, order_no: str) -> Order | None:
        by_number, _ = await self._watched.now()
        return by_number.get(order_no)

    def _read(self, files: Sequence[Path]) -> tuple[dict[str, Order], dict[str, tuple[Order, ...]]]:
        problems: list[Problem] = []
        tables = [t for path in files for t in _tables(path, _sheets(path, problems), columns.ORDER_LINES, problems)]
        orders = orders_from(tables, self._zone, problems)
        if problems:
            raise RecordsDown("", problems)
        by_buyer: dict[str, list[Order]] = {}
        for order in newest_first(orders):
            by_buyer.setdefault(order.buyer_id, []).append(order)
        return {o.order_no: o for o in orders}, {buyer: tuple(own) for buyer, own in by_buyer.items()}


class TableProducts:
    """Products out of files: a line for each sku; sizes and questions in files or sheets of their own."""

    def __init__(self, settings: TableSettings, home: RecordsHome) -> None:
        self._sizes = _under(home.folder, settings.sizes)
        self._faq = _under(home.folder, settings.faq)
        more = [path for path in (settings.sizes, settings.faq) if path is not None]
        self._watched = Watched((*settings.files, *more), home, self._read)

    async def start(self) -> None:
        await self._watched.now()

    async def close(self) -> None:
        self._watched.close()

    async def product(self, shop_id: str, product_id: str) -> Product | None:
        return (await self._watched.now())[0].get(product_id)

    async def products(self, shop_id: str) -> tuple[Product, ...]:
        return (await self._watched.now())[1]

    def _read(self, files: Sequence[Path]) -> tuple[dict[str, Product], tuple[Product, ...]]:
        problems: list[Problem] = []
        found: dict[str, list[list[Line]]] = {"": [], "sizes": [], "faq": []}
        for path in files:
            parts: dict[str, list[Sheet]] = {}
            for sheet in _sheets(path, problems):
                parts.setdefault(self._kind(path, sheet), []).append(sheet)
            for kind, sheets in parts.items():
                found[kind] += _tables(path, sheets, _NAMES[kind], problems)
        products = tuple(products_from(found[""], chain(*found["sizes"]), chain(*found["faq"]), problems))
        if problems:
            raise RecordsDown("", problems)
        return {p.product_id: p for p in products}, products

    def _kind(self, path: Path, sheet: Sheet) -> str:
        """What a sheet holds, by its file or its title."""
        named = {"尺码": "sizes", "sizes": "sizes", "问答": "faq", "faq": "faq"}.get(sheet.title.strip().casefold(), "")
        return {self._sizes: "sizes", self._faq: "faq"}.get(path, named)


# Reading -----------------------------------------------------------------------------------------------------------


def _under(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path


def _sheets(path: Path, problems: list[Problem]) -> list[Sheet]:
    try:
        sheets, remarks = read_sheets(path)
    except (Unreadable, OSError) as e:
        problems.append(_unreadable(path, e))
        return []
    problems += [Problem(str(path), 1, "", f"{r.removeprefix(f'{path}: ')}; save it as UTF-8") for r in remarks]
    return sheets


def _unreadable(path: Path, error: Unreadable | OSError) -> Problem:
    if isinstance(error, OSError):
        return Problem(str(path), 1, "", f"cannot be read: {error.strerror}")
    told = str(error).removeprefix(str(path)).removeprefix(f":{error.line}").removeprefix(": ")
    return Problem(str(path), error.line, "", f"cannot be read: {told}")


def _tables(path: Path, sheets: Sequence[Sheet], names: Names, problems: list[Problem]) -> list[list[Line]]:
    """The lines of each sheet that has the columns asked for; one at least must, further ones may hold anything."""
    try:
        tables = [_lines(sheet, names) for sheet in sheets]
    except Unreadable as e:
        problems.append(_unreadable(path, e))
        return []
    found = [lines for lines in tables if not isinstance(lines, Problem)]
    if not found:
        problems += [problem for problem in tables if isinstance(problem, Problem)]
    return found


def _lines(sheet: Sheet, names: Names) -> list[Line] | Problem:
    """The lines below the head; a problem where there is no head."""
    key = next(iter(names))
    head: list[str] = []
    at: dict[str, int] = {}
    rest: dict[str, int] = {}
    lines: list[Line] = []
    first: tuple[int, list[str]] | None = None
    for number, row in sheet.rows:
        if not at:
            head = ["" if cell is None else str(cell).strip() for cell in row]
            first = first or (number, head)
            if key in (found := columns.places(head, names)):
                at, rest = found, _rest(head, found, names)
            elif number >= first[0] + _HEAD_WITHIN:
                break
            continue
        cells = {name: row[n] for name, n in at.items() if n < len(row) and not _blank(row[n])}
        more = {name: row[n] for name, n in rest.items() if n < len(row) and not _blank(row[n])}
        if cells or more:
            lines.append(Line(sheet.name, number, cells, {name: head[n] for name, n in at.items()}, more))
    if at:
        return lines
    return _headless(sheet.name, *(first or (1, [])), key, names)


def _headless(file: str, line: int, head: Sequence[str], key: str, names: Names) -> Problem:
    known = (key, *names[key])
    hint = next((h for cell in head if cell and (h := did_you_mean(cell, known))), "")
    told = "、".join(cell for cell in head if cell)[:200]
    return Problem(
        file, line, key, f"no such column; call it {'、'.join(known[:4])}{hint}. There are: {told or 'none'}"
    )


def _rest(head: Sequence[str], at: Mapping[str, int], names: Names) -> dict[str, int]:
    """Of products the columns of attributes; of size charts every further column."""
    if names is columns.PRODUCTS:
        return columns.attributes(head)
    if names is columns.SIZES:
        return {name: n for n, name in enumerate(head) if name and n not in at.values()}
    return {}


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


# Watching ----------------------------------------------------------------------------------------------------------


class Watched(Generic[T]):
    """What ``read`` makes of files, kept until one of them changes. Files are read in a thread, oldest first."""

    def __init__(self, files: Sequence[Path], home: RecordsHome, read: Callable[[Sequence[Path]], T]) -> None:
        self._files = files
        self._folder = home.folder
        self._clock: Clock = home.clock
        self._read = read
        self._value: T | None = None
        self._fault: RecordsDown | None = None
        self._seen: object = None
        self._looked = self._failed = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def now(self) -> T:
        """The latest version that could be read.

        Raises:
            RecordsDown: there is none yet; with every problem.
        """
        if self._reading is None and abs(self._clock.now() - self._looked) >= POLL:
            self._looked = self._clock.now()
            stamps = self._stamps()
            if stamps != self._seen or (self._fault is not None and abs(self._looked - self._failed) >= AGAIN):
                self._reading = asyncio.create_task(self._renew(stamps))
        if self._reading is not None:
            # Waited for, not awaited: a lookup that is given up does not take the reading down with it.
            await asyncio.wait({self._reading}, timeout=None if self._value is None else PATIENCE)
        if self._value is None:
            raise RecordsDown("not read yet") if self._fault is None else self._fault.with_traceback(None)
        return self._value

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _renew(self, stamps: Sequence[tuple[int, str, int]]) -> None:
        paths = [Path(name) for _, name, _ in sorted(stamps)]
        fault: RecordsDown | None = None
        try:
            self._value = await asyncio.to_thread(self._read, paths)
        except RecordsDown as e:
            fault = e
        except Exception as e:
            log.exception("reading records failed")
            fault = RecordsDown(f"{type(e).__name__} while the files were read")
        finally:
            self._reading = None
        kept = self._value is not None
        if fault is None:
            log.info("records read", files=[p.name for p in paths])
        elif self._fault is None or fault.reason != self._fault.reason:
            log.error("records cannot be read", reason=fault.reason, former_version_stays=kept)
        self._fault, self._seen = fault, stamps
        if fault is not None:
            self._failed = self._clock.now()

    def _stamps(self) -> list[tuple[int, str, int]]:
        """Time of the last change, name and size of each file; zeros for one that cannot be seen."""
        stamps = []
        for path in (found for file in self._files for found in self._matching(file)):
            try:
                seen = path.stat()
                stamps.append((seen.st_mtime_ns, str(path), seen.st_size))
            except OSError:
                stamps.append((0, str(path), 0))
        return stamps

    def _matching(self, file: Path) -> list[Path]:
        """The files that a path with ``*`` stands for; the path itself where there are none, to be told as missing."""
        path = self._folder / file
        if not any(c in file.name for c in "*?["):
            return [path]
        found = sorted(p for p in path.parent.glob(file.name) if not p.name.startswith(("~$", ".")))
        return found or [path]
