"""A copy of the journal as of one moment, made while the server runs, and looked through before it counts as one."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from autoreply.journal.files import reading, told
from autoreply.journal.records import JournalError
from autoreply.journal.verify import problems


def back_up(source: Path, target: Path) -> int:
    """Copy the journal to ``target``, a file that is not there yet; returns its size in bytes.

    The copy is one file for its owner alone, with everything committed up to now. It takes its name only after it was
    verified, so that a file of that name is a sound backup.

    Raises:
        JournalError: the journal cannot be read or is not sound, or the copy cannot be written.
    """
    if target.exists():
        raise JournalError(f"{target} is there already; give another name")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(source, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as e:
        raise JournalError(f"{target} cannot be written: {e.strerror or e}") from e
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, part: Path) -> None:
    with reading(source) as db:
        try:
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                db.backup(copy)  # all pages in one go: in steps it would begin anew at every commit of the server
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without -wal and -shm beside it
                found = problems(copy)
        except sqlite3.Error as e:
            raise JournalError(told(source, "backed up", e)) from e
    if found:
        raise JournalError(f"journal {source} is not sound, no backup was made: {found[0]}")
