"""The journal's file on SQLite: opened with care, brought up to date, written in transactions."""

import sqlite3
from pathlib import Path
from typing import Self

from autoreply.journal.files import told
from autoreply.journal.records import JournalError
from autoreply.journal.schema import scripts

_OUR_MISTAKES = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)


def of_the_file(error: BaseException | None) -> bool:
    """SQLite speaks of the file or the disk, which may recover; not of a mistake in what it was asked to do."""
    return isinstance(error, sqlite3.Error) and not isinstance(error, _OUR_MISTAKES)


class Connection:
    """One connection to the journal file; ``with`` it, what is done is one transaction."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file and bring its schema up to date.

        Raises:
            JournalError: it cannot be opened, is no journal, or was written by a newer version.
        """
        self.path = path
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _see_that_it_is_whole(path)
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            try:
                self._migrate()
            except BaseException:
                self.db.close()
                raise
        except (sqlite3.Error, OSError) as e:
            raise JournalError(told(path, "opened", e)) from e

    def _migrate(self) -> None:
        steps = scripts()
        version, tables = self._version()
        if version > max(steps):
            raise JournalError(f"journal {self.path} was written by a newer version; upgrade autoreply")
        if tables and not version:
            raise JournalError(f"{self.path} is another program's file; set [store] path to one of its own")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA secure_delete = FAST")  # what is erased later has left no copy at an earlier update
        for number in range(version + 1, max(steps) + 1):
            try:
                self.db.executescript(f"BEGIN IMMEDIATE;\n{steps[number]}\nPRAGMA user_version = {number};\nCOMMIT;")
            except sqlite3.Error:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                if self._version()[0] < number:  # else another process took the same step a moment earlier
                    raise

    def _version(self) -> tuple[int, int]:
        """The schema's version and how many tables there are, read at one moment."""
        row = self.db.execute(
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
        ).fetchone()
        return int(row[0]), int(row[1])

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as e:
            raise JournalError(told(self.path, "written", e)) from e
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if kind is None:
                self.db.execute("COMMIT")
        except sqlite3.Error as e:
            error = e
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        if of_the_file(error):
            raise JournalError(f"journal {self.path} cannot be written: {error}") from error

    def changed_elsewhere(self) -> int:
        """A number that changes when another process commits to the file."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])


def _see_that_it_is_whole(path: Path) -> None:
    """SQLite takes a file of less than a page for a new one, and fills the rest of a last page with zeros.

    Its header says how many pages there are (https://sqlite.org/fileformat.html, 1.3.8). Beside a log, or the journal
    of a transaction, the file may be anything.
    """
    if not path.exists() or any(
        (beside := path.with_name(path.name + end)).exists() and beside.stat().st_size for end in ("-wal", "-journal")
    ):
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(100)
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    if 0 < size < 100 or (header[:6] == b"SQLite" and size != pages * (65536 if page == 1 else page)):
        raise sqlite3.DatabaseError("malformed: the file was cut short")
