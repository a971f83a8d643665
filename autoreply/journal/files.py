"""The journal's file for those who only look, and words for what can be wrong with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from autoreply.journal.records import JournalError
from autoreply.journal.schema import scripts

_ADVICE = (
    (("not a database", "malformed", "corrupt"), "it is damaged or no journal: put it aside and take a sound backup"),
    (("disk is full", "disk i/o"), "make room on the disk, or look to the disk itself"),
    (("readonly", "unable to open", "permission"), "see that the file and its folder can be read and written"),
    (("locked", "busy"), "another program holds it; try again when that one is done"),
)


def told(path: Path | str, cannot: str, error: Exception) -> str:
    """``journal var/a.db cannot be opened: file is not a database; …`` and what to do about it."""
    words = str(error).lower()
    advice = next((f"; {what}" for signs, what in _ADVICE if any(s in words for s in signs)), "")
    return f"journal {path} cannot be {cannot}: {error}{advice}"


@contextmanager
def reading(path: Path, *, any_version: bool = False) -> Iterator[sqlite3.Connection]:
    """The file as of one moment, while others write to it or not; nothing in it is changed.

    Raises:
        JournalError: there is none, it is damaged, no journal, or, unless ``any_version``, not of this version.
    """
    if not path.exists():
        raise JournalError(f"no journal at {path} yet; it is made when `autoreply run` first starts")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")
            _check_version(path, version(db), any_version)
            yield db
    except sqlite3.Error as e:
        raise JournalError(told(path, "read", e)) from e


def version(db: sqlite3.Connection) -> int:
    """The schema's version; 0 where the file is no journal."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _check_version(path: Path, found: int, any_version: bool) -> None:
    latest = max(scripts())
    if found > latest:
        raise JournalError(f"journal {path} was written by a newer version; upgrade autoreply")
    if not found:
        raise JournalError(f"{path} is no journal")
    if found < latest and not any_version:
        raise JournalError(
            f"journal {path} was written by an older version; `autoreply handoff list` or the next start of the server"
            " brings it up to date"
        )
