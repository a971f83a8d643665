"""Group commits: many operations in one, each kept or refused for itself, told in the order of the calls."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from autoreply.journal import Journal, JournalError, Store
from autoreply.model import ConversationKey, Message

KEY = ConversationKey("http", "main", "c-1")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(tmp_path / "journal.db")
    opened.start()
    yield opened
    await opened.stop()


def keep(id: str) -> Any:
    """An operation that keeps a message of that id."""
    return lambda store: store.accept(Message(KEY, id, "b", "在吗"), 0.0)


def ids(store: Store) -> list[str]:
    return [m.message_id for m in store.undone()]


def kept(tmp_path: Path) -> list[str]:
    """What another process would find in the file."""
    store = Store(tmp_path / "journal.db")
    try:
        return ids(store)
    finally:
        store.close()


async def test_what_is_told_is_on_disk(journal: Journal, tmp_path: Path) -> None:
    await journal.run(keep("m-1"))
    assert kept(tmp_path) == ["m-1"]


async def test_many_at_once_are_told_in_the_order_of_the_calls(journal: Journal) -> None:
    told: list[int] = []
    futures = [journal.run(keep(f"m-{n}")) for n in range(2000)]
    numbers = {future: n for n, future in enumerate(futures)}
    for future in futures:
        future.add_done_callback(lambda done: told.append(numbers[done]))
    await asyncio.gather(*futures)
    await asyncio.sleep(0)
    assert told == list(range(2000))
    assert await journal.run(ids) == [f"m-{n}" for n in range(2000)]


async def test_an_operation_that_fails_is_undone_alone(journal: Journal, tmp_path: Path) -> None:
    def fails_halfway(store: Store) -> None:
        keep("half")(store)
        raise KeyError("mistake")

    def twice(store: Store) -> None:
        store.db.execute("INSERT INTO counters VALUES ('cursor', 1)")

    first, bad, wrong, last = (journal.run(op) for op in (keep("a"), fails_halfway, twice, keep("b")))
    await first
    with pytest.raises(KeyError, match="mistake"):
        await bad
    with pytest.raises(sqlite3.IntegrityError):  # ours, not the disk's: trying again would not help
        await wrong
    await last
    assert kept(tmp_path) == ["a", "b"]


async def test_a_full_disk_refuses_and_once_there_is_room_all_goes_on(journal: Journal, tmp_path: Path) -> None:
    await journal.run(
        lambda s: s.db.execute(f"PRAGMA max_page_count = {s.db.execute('PRAGMA page_count').fetchone()[0]}")
    )
    results = await asyncio.gather(*(journal.run(keep(f"m-{n}")) for n in range(3000)), return_exceptions=True)
    refused = {f"m-{n}" for n, r in enumerate(results) if isinstance(r, JournalError)}
    assert refused
    assert set(kept(tmp_path)) == {f"m-{n}" for n in range(3000)} - refused
    await journal.run(lambda s: s.db.execute("PRAGMA max_page_count = 1000000"))
    await journal.run(keep("later"))
    assert "later" in kept(tmp_path)


async def test_what_must_be_written_waits_for_the_disk(journal: Journal, tmp_path: Path) -> None:
    journal._store.db.execute("PRAGMA query_only = ON")
    work = asyncio.create_task(journal.insist(keep("m-1")))
    with pytest.raises(JournalError):
        await journal.run(keep("m-2"))
    assert not work.done()
    journal._store.db.execute("PRAGMA query_only = OFF")
    await work
    assert kept(tmp_path) == ["m-1"]


async def test_a_mistake_of_ours_is_not_tried_again(journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError):
        await journal.insist(lambda store: 1 // 0)


async def test_an_operation_whose_caller_went_away_is_kept_all_the_same(journal: Journal, tmp_path: Path) -> None:
    future = journal.run(keep("m-1"))
    future.cancel()
    await journal.run(keep("m-2"))
    assert kept(tmp_path) == ["m-1", "m-2"]


async def test_a_stop_finishes_what_was_asked_for_and_takes_no_more(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    with pytest.raises(RuntimeError, match="not started"):
        journal.run(keep("m-0"))
    journal.start()
    futures = [journal.run(keep(f"m-{n}")) for n in range(1000)]
    await journal.stop()
    await asyncio.gather(*futures)
    assert len(kept(tmp_path)) == 1000
    with pytest.raises(JournalError, match="closed"):
        await journal.run(keep("late"))
    with pytest.raises(JournalError, match="closed"):
        await journal.insist(keep("late"))


async def test_a_journal_that_was_never_started_can_be_closed(tmp_path: Path) -> None:
    await Journal(tmp_path / "journal.db").stop()
