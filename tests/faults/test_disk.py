"""Disks that are full, read-only or lose the end of a file: nothing is acknowledged that is not kept."""

import asyncio
import json
import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from autoreply.app import App
from autoreply.journal import JournalError, Store

from .form import runs, tell
from .web import WebShop, message, web_shop

resource = pytest.importorskip("resource", reason="limits on files are POSIX")

MESSAGES = runs(300, 3000)
LONG = "请问" + "这一款" * 300
Disk = Callable[[bool], None]
"""Makes room on a full disk, or takes it away."""


def mount(folder: Path, options: str, *, again: bool = False) -> None:
    """A small disk of its own."""
    kind = ["-o", f"remount,{options}"] if again else ["-t", "tmpfs", "-o", options, "tmpfs"]
    subprocess.run(["mount", *kind, str(folder)], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount(folder, "size=1500k")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


@pytest.fixture
def no_long_files() -> Iterator[Disk]:
    """Files may not grow beyond 700 kB: the system refuses the write, as at a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def room(enough: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft if enough else 700_000, hard))

    yield room
    room(True)


def kept(path: Path) -> set[str]:
    """What another process finds in the journal."""
    with closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("SELECT message_id FROM inbox")}


async def fills_up(app: App, folder: Path, room: Disk, fault: str) -> None:
    """Messages come in until nothing more fits, then there is room again and the peer sends the rest once more."""
    acknowledged: set[str] = set()
    refused: list[int] = []

    async def send(shop: WebShop, n: int) -> None:
        body = json.dumps(message(f"m{n}", f"c{n % 40}", text=f"{LONG}编号{n}", kind="text"))
        status, answer = await shop.post(body)
        if status == 202:
            acknowledged.add(f"m{n}")
        else:
            assert (status, answer["retry_after"]) == (503, 5)
            assert "cannot be kept" in answer["error"]
            refused.append(n)

    async with web_shop(app, folder) as shop:
        room(False)
        for start in range(0, MESSAGES, 20):
            await asyncio.gather(*(send(shop, n) for n in range(start, start + 20)))
            if len(refused) > 60:
                break
        assert refused
        assert acknowledged <= kept(folder / "journal.db")
        assert (await shop.get("/v1/replies?after=0"))[0] in (200, 503)
        times = len(refused)
        room(True)
        again, refused[:] = list(refused), []
        for n in again:
            await send(shop, n)
        assert not refused
        await shop.quiet()
        answered = await shop.answered()
        assert set(answered) == acknowledged
        assert len(answered) == len(set(answered))
    tell(fault, f"{len(acknowledged)} messages", f"{times} refused with 503, 0 acknowledged and not kept, 0 twice")


async def test_a_full_disk(app: App, small_disk: Path) -> None:
    await fills_up(
        app, small_disk, lambda enough: mount(small_disk, f"size={64 if enough else 1}m", again=True), "disk full"
    )


async def test_a_quota_that_is_used_up(app: App, tmp_path: Path, no_long_files: Disk) -> None:
    await fills_up(app, tmp_path, no_long_files, "file may not grow")


def test_a_disk_that_may_only_be_read_is_told_at_the_start(small_disk: Path) -> None:
    Store(small_disk / "journal.db").close()
    mount(small_disk, "ro", again=True)
    with pytest.raises(JournalError, match=r"journal\.db cannot be opened: .* can be read and written"):
        Store(small_disk / "journal.db")
    mount(small_disk, "rw", again=True)
    Store(small_disk / "journal.db").close()
    tell("read-only file", "1", "refused at the start with the reason; opens once it may be written")


async def talk(app: App, folder: Path, count: int) -> None:
    async with web_shop(app, folder) as shop:
        for n in range(count):
            assert (await shop.post(json.dumps(message(f"m{n}", f"c{n % 7}"))))[0] == 202
        await shop.quiet()


async def test_a_file_that_lost_its_end_is_told_at_the_start(app: App, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await talk(app, tmp_path, 60)
    whole = path.read_bytes()
    before = kept(path)
    for _ in range(runs(10, 200)):
        length = random.randrange(1, len(whole))
        path.write_bytes(whole[:length])
        with pytest.raises(JournalError, match=r"journal\.db cannot be opened"):
            Store(path)
        assert path.read_bytes() == whole[:length], "a damaged file is left as it is"
    path.write_bytes(whole)
    assert kept(path) == before
    Store(path).close()
    tell("journal truncated", str(runs(10, 200)), "refused at the start with the reason, file left as it is")


async def test_a_log_that_lost_its_end_holds_all_up_to_there(app: App, tmp_path: Path) -> None:
    """The write-ahead log of a process that was killed, cut anywhere: what is left is what was committed first."""
    alive, times = tmp_path / "alive", runs(10, 200)
    alive.mkdir()
    async with web_shop(app, alive) as shop:
        for n in range(60):
            assert (await shop.post(json.dumps(message(f"m{n}", f"c{n % 7}"))))[0] == 202
        await shop.quiet()
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(alive / name, tmp_path / name)
    log = (tmp_path / "journal.db-wal").read_bytes()
    base = (tmp_path / "journal.db").read_bytes()
    for n in range(times):
        folder = tmp_path / f"cut{n}"
        folder.mkdir()
        (folder / "journal.db").write_bytes(base)
        (folder / "journal.db-wal").write_bytes(log[: random.randrange(len(log))])
        store = Store(folder / "journal.db")
        found = [row[0] for row in store.db.execute("SELECT message_id FROM inbox ORDER BY seq")]
        assert found == [f"m{i}" for i in range(len(found))]
        assert store.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        store.close()
    async with web_shop(app, folder) as shop:  # the peer sends again what was never acknowledged by this file
        for n in range(60):
            assert (await shop.post(json.dumps(message(f"m{n}", f"c{n % 7}"))))[0] == 202
        await shop.quiet()
        answered = await shop.answered()
        assert sorted(answered) == sorted(f"m{n}" for n in range(60))
    tell("log truncated", str(times), "opens with all that was committed before the cut; goes on")


async def test_a_file_that_is_damaged_under_the_running_shop(app: App, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await talk(app, tmp_path, 60)
    async with web_shop(app, tmp_path) as shop:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(size - 4096))
        status, answer = await shop.post(json.dumps(message("late", "c1")))
        assert status == 503
        assert "kept" in answer["error"]
        assert shop.engine.in_hand == 0
    tell("journal damaged while running", "1", "503, nothing acknowledged")
