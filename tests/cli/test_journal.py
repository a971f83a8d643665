"""``autoreply journal`` and ``autoreply buyer`` on a journal that the store wrote."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from autoreply.cli import cli
from autoreply.journal import Outgoing, Settled, Store
from autoreply.model import Behaviour, ConversationKey, Message

from .conftest import Call

DAY = 86_400.0
WORDS = "收件人张小明，电话13812345678"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[store]\npath = "journal.db"\n', encoding="utf-8")
    return path


@contextmanager
def opened(config: Path) -> Iterator[Store]:
    store = Store(config.parent / "journal.db")
    try:
        with store:
            yield store
    finally:
        store.close()


def said(config: Path, name: str, at: float, *, answered: bool = True) -> None:
    key = ConversationKey("http", "main", name)
    with opened(config) as store:
        seq = store.accept(Message(key, f"m-{name}-{at}", "tb-2048", WORDS, received_at=at), 0.0).seq
        if not answered:
            return
        reply = Outgoing(f"r-{name}-{at}", "好的，马上为您核对", "canned")
        turn = Settled(
            key, "tb-2048", (seq,), Behaviour.ANSWER, (reply,), {"last": WORDS}, None, ("ack",), (), "v1", (), at
        )
        for row in store.settle(turn) or ():
            assert store.claim(row.id, at)
            store.mark(row.id, "sent", at=at)


@pytest.fixture
def kept(config: Path) -> Path:
    """A conversation of today and one of last year."""
    now = time.time()
    said(config, "new", now)
    said(config, "old", now - 365 * DAY)
    return config


# Journal -------------------------------------------------------------------------------------------------------------


def test_info_tells_what_is_kept_and_what_waits(invoke: Call, kept: Path) -> None:
    said(kept, "waits", time.time(), answered=False)
    found = json.loads(invoke("journal", "info", "--json", "--config", kept).out)
    assert found["rows"]["messages"] == 3
    assert (found["unanswered"], found["unsent"], found["keep_days"]) == (1, 0, 190)
    shown = invoke("journal", "info", "--config", kept).out
    assert "3 messages, 2 replies, 2 decisions, 0 handoffs, 2 conversations" in shown
    assert "unanswered" in shown


def test_an_export_is_masked_unless_told_otherwise(invoke: Call, kept: Path, tmp_path: Path) -> None:
    head, *rows = invoke("journal", "export", "--config", kept).lines
    assert (head["record"], head["masked"]) == ("journal", True)
    assert [r["record"] for r in rows].count("message") == 2
    assert "13812345678" not in json.dumps(rows)
    out = tmp_path / "all.jsonl"
    ran = invoke("journal", "export", "--unmasked", "--out", out, "--config", kept)
    assert ran.err.strip() == f"{out}: 8 rows, as written: keep it safe"
    assert "13812345678" in out.read_text(encoding="utf-8")
    assert invoke("journal", "export", "--out", out, "--config", kept).code == 1
    assert "13812345678" in out.read_text(encoding="utf-8")


def test_an_export_of_days(invoke: Call, kept: Path) -> None:
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() - DAY))
    _, *rows = invoke("journal", "export", "--since", today, "--conversation", "new", "--config", kept).lines
    assert {r["record"] for r in rows} == {"message", "reply", "decision", "conversation"}
    _, *rows = invoke("journal", "export", "--until", "2001-01-01", "--config", kept).lines
    assert rows == []


def test_purge_goes_by_the_settings_or_by_the_days_given(invoke: Call, kept: Path) -> None:
    assert invoke("journal", "purge", "--config", kept).out == "older than 190 days, deleted: 4 rows\n"
    assert invoke("journal", "purge", "--config", kept).out == "older than 190 days, deleted: 0 rows\n"
    with opened(kept) as store:
        assert len(store.decisions()) == 1
    ran = invoke("journal", "purge", "--days", "0", "--config", kept)
    assert ran.code == 2


def test_a_backup_is_verified_and_named_after_the_moment(invoke: Call, kept: Path) -> None:
    ran = invoke("journal", "backup", "--config", kept)
    (copy,) = (kept.parent / "backups").iterdir()
    assert ran.out.startswith(f"{copy}: ")
    assert invoke("journal", "verify", copy, "--config", kept).out == f"{copy}: sound\n"
    named = kept.parent / "mine.db"
    assert invoke("journal", "backup", named, "--config", kept).code == 0
    assert invoke("journal", "backup", named, "--config", kept).err == f"{named} is there already; give another name\n"


def test_verify_tells_what_is_wrong_and_fails(invoke: Call, kept: Path) -> None:
    with opened(kept) as store:
        store.db.execute("DELETE FROM decisions")
    ran = invoke("journal", "verify", "--config", kept)
    assert ran.code == 1
    assert "nothing was ever decided there" in ran.out
    assert ran.out.endswith("4 problems\n")
    found = json.loads(invoke("journal", "verify", "--json", "--config", kept).out)
    assert (found["sound"], len(found["problems"])) == (False, 4)


@pytest.mark.parametrize("command", ["info", "verify", "export", "backup", "purge"])
def test_a_file_that_is_no_journal_is_one_line_with_what_to_do(invoke: Call, config: Path, command: str) -> None:
    (config.parent / "journal.db").write_bytes(b"no database at all" * 100)
    ran = invoke("journal", command, "--config", config)
    assert ran.code == 1
    assert "put it aside and take a sound backup" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    "command", [["journal", c] for c in ("info", "verify", "export", "backup", "purge")] + [["buyer", "export", "b"]]
)
def test_without_a_journal_none_is_made(invoke: Call, config: Path, command: list[str]) -> None:
    ran = invoke(*command, "--config", config)
    assert ran.code == 1
    assert "no journal at" in ran.err
    assert not (config.parent / "journal.db").exists()


def test_a_journal_of_a_newer_version_is_told(invoke: Call, kept: Path) -> None:
    raw = sqlite3.connect(kept.parent / "journal.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    assert "written by a newer version; upgrade" in invoke("journal", "info", "--config", kept).err


# Buyer ---------------------------------------------------------------------------------------------------------------


def test_a_buyer_gets_everything_as_written(invoke: Call, kept: Path, tmp_path: Path) -> None:
    out = tmp_path / "buyer.json"
    ran = invoke("buyer", "export", "tb-2048", "--out", out, "--config", kept)
    assert ran.err == f"{out}: 2 conversations\n"
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["buyer_id"] == "tb-2048"
    for conversation in document["conversations"]:
        assert [m["text"] for m in conversation["messages"]] == [WORDS]
        assert [r["text"] for r in conversation["replies"]] == ["好的，马上为您核对"]
        assert conversation["memory"][0]["state"] == {"last": WORDS}
    assert invoke("buyer", "export", "nobody", "--config", kept).err == "nothing is kept about buyer nobody\n"


def test_erasing_asks_first(invoke: Call, kept: Path) -> None:
    def erase(answer: str) -> int:
        return CliRunner().invoke(cli, ["buyer", "erase", "tb-2048", "--config", str(kept)], input=answer).exit_code

    assert erase("n\n") == 1
    assert "13812345678" in invoke("buyer", "export", "tb-2048", "--config", kept).out
    assert erase("y\n") == 0
    assert invoke("buyer", "export", "tb-2048", "--config", kept).code == 1


def test_an_erased_buyer_is_in_no_file_of_the_journal(invoke: Call, kept: Path) -> None:
    found = json.loads(invoke("buyer", "erase", "tb-2048", "--yes", "--json", "--config", kept).out)
    assert found["conversations"] == 2
    for path in kept.parent.glob("journal.db*"):
        assert b"13812345678" not in path.read_bytes()
        assert b"tb-2048" not in path.read_bytes()
    assert len(json.loads(invoke("buyer", "export", found["pseudonym"], "--config", kept).out)["conversations"]) == 2
    assert invoke("journal", "verify", "--config", kept).code == 0


def test_what_waits_for_an_answer_is_erased_only_when_told(
    invoke: Call, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoreply.cli.buyer._WAIT", 0.0)
    said(kept, "waits", time.time(), answered=False)
    ran = invoke("buyer", "erase", "tb-2048", "--yes", "--config", kept)
    assert ran.code == 1
    assert "nothing was erased" in ran.err
    assert invoke("buyer", "erase", "tb-2048", "--yes", "--drop", "--config", kept).code == 0
    with opened(kept) as store:
        assert store.undone() == []
