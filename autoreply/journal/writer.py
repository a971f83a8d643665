"""The journal for asyncio: one thread owns the store and commits whatever has come in meanwhile in one go."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import structlog

from autoreply.journal.connection import of_the_file
from autoreply.journal.records import JournalError
from autoreply.journal.store import Store

log = structlog.get_logger(__name__)
T = TypeVar("T")

_BATCH = 512
"""Operations in one commit at most, so that none waits long for its turn."""

_PAUSE = (0.1, 5.0)
"""Seconds before the second try of what must be written, doubled at each further one up to the second number."""

_Job = tuple[Callable[[Store], Any], "asyncio.Future[Any]"]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Journal:
    """Runs operations on the store in group commits. An operation's future resolves only after its commit.

    Futures resolve in the order of the calls. An operation that raises is undone alone; the others of its batch stay.
    It may be run again for that, so it must do nothing but read and write the store.
    """

    def __init__(self, path: Path | str) -> None:
        """Open the file; raises JournalError as ``Store`` does. Use from one event loop."""
        self._store = Store(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to work; call inside the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what was asked for, then close the file."""
        self._closed = True
        self._jobs.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._store.close()

    def run(self, operation: Callable[[Store], T]) -> "asyncio.Future[T]":
        """Run ``operation`` in the next commit.

        The future fails with JournalError when the file cannot be written: then nothing of it is kept.
        """
        if self._loop is None:
            raise RuntimeError("the journal is not started")
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(JournalError("journal is closed"))
        else:
            self._jobs.put((operation, future))
        return future

    async def insist(self, operation: Callable[[Store], T]) -> T:
        """Run an operation without which the work in hand cannot go on: tried until the file can be written again."""
        pause, longest = _PAUSE
        while True:
            try:
                return await self.run(operation)
            except JournalError as e:
                if self._closed:
                    raise
                log.error("journal cannot be written; trying again", error=str(e), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < _BATCH:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._commit(batch)
                    return
                batch.append(more)
            self._commit(batch)

    def _commit(self, batch: list[_Job]) -> None:
        try:
            outcomes = self._together(batch)
        except Exception as e:
            self._roll_back()
            outcomes = _refused(batch, e) if of_the_file(e) else self._each_for_itself(batch)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_resolve, outcomes)

    def _together(self, batch: list[_Job]) -> list[_Outcome]:
        """Do all of a batch as one; raises whatever one of them raises."""
        db = self._store.db
        db.execute("BEGIN IMMEDIATE")
        outcomes: list[_Outcome] = [(future, operation(self._store), None) for operation, future in batch]
        db.execute("COMMIT")
        return outcomes

    def _each_for_itself(self, batch: list[_Job]) -> list[_Outcome]:
        """Do a batch so that what fails is undone alone. Two more statements for each operation, so not the rule."""
        db = self._store.db
        outcomes: list[_Outcome] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            for operation, future in batch:
                db.execute("SAVEPOINT one")
                try:
                    outcomes.append((future, operation(self._store), None))
                except Exception as e:
                    db.execute("ROLLBACK TO one")
                    outcomes.append((future, None, _as_journal_error(e)))
                db.execute("RELEASE one")
            db.execute("COMMIT")
        except sqlite3.Error as e:
            self._roll_back()
            return _refused(batch, e)
        return outcomes

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself, and a broken disk may refuse even this: the thread goes on.
        with contextlib.suppress(sqlite3.Error):
            self._store.db.execute("ROLLBACK")


def _refused(batch: list[_Job], error: Exception) -> list[_Outcome]:
    return [(future, None, _as_journal_error(error)) for _, future in batch]


def _as_journal_error(error: Exception) -> Exception:
    return JournalError(f"journal cannot be written: {error}") if of_the_file(error) else error


def _resolve(outcomes: list[_Outcome]) -> None:
    for future, value, error in outcomes:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
