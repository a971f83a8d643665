"""``autoreply drafts``: answers that the bot made, sent, changed or dropped from the terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoreply.journal import HandoffRequest, OutboxRow, Outgoing, Store, people
from autoreply.model import ConversationKey, Message, Priority

from .conftest import Call

KEY = ConversationKey("http", "main", "c-1")
TEXT = "您好，收货后七天内可以开具电子普通发票。"


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store(folder / "journal.db")
    try:
        with store:
            yield store
    finally:
        store.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shop with one draft, number 1."""
    path = tmp_path / "config.toml"
    path.write_text('[store]\npath = "journal.db"\n[channels.http]\n', encoding="utf-8")
    with opened(tmp_path) as store:
        store.accept(Message(KEY, "m-1", "b-1", "发票能开公司的吗", received_at=100.0), 0.0)
        draft = {"backed": {}, "origin": "canned", "duties": [], "override": None}
        store.put(KEY, Outgoing("r-1", TEXT, "canned", draft, ("m-1",)), 101.0, "draft")
        store.open_handoff(KEY, "b-1", HandoffRequest(people.DRAFT, Priority.NORMAL), 101.0)
    return path


def ready(config: Path) -> list[OutboxRow]:
    with opened(config.parent) as store:
        return store.unsent()


def test_a_draft_is_listed_with_what_it_answers(invoke: Call, config: Path) -> None:
    (row,) = json.loads(invoke("drafts", "list", "--json", "--config", config).out)
    assert (row["id"], row["text"], row["asked"]) == (1, TEXT, "发票能开公司的吗")
    assert row["conversation"] == {"channel": "http", "shop": "main", "conversation": "c-1"}
    ran = invoke("drafts", "list", "--config", config)
    assert "发票能开公司的吗" in ran.out
    assert "http/main/c-1" in ran.out


def test_a_draft_that_is_sent_leaves_as_a_persons_word(invoke: Call, config: Path) -> None:
    assert invoke("drafts", "send", "1", "--config", config).out == f"to be sent: {TEXT}\n"
    (row,) = ready(config)
    assert (row.key, row.text, row.origin) == ("r-1", TEXT, "agent")
    assert invoke("handoff", "list", "--config", config).out == "nobody waits\n"
    assert invoke("drafts", "list", "--config", config).out == "no drafts\n"


def test_a_changed_draft_has_passed_the_gate(invoke: Call, config: Path) -> None:
    ran = invoke("drafts", "edit", "1", "您加我微信详聊吧", "--config", config)
    assert ran.code == 1
    assert "off-contact" in ran.err
    better = "您好，可以开公司抬头的发票，请您下单时填写。"
    assert invoke("drafts", "edit", "1", better, "--config", config).code == 0
    invoke("drafts", "send", "1", "--config", config)
    (row,) = ready(config)
    assert (row.text, row.draft["origin"]) == (better, "agent")


def test_a_dropped_draft_is_not_sent(invoke: Call, config: Path) -> None:
    assert invoke("drafts", "drop", "1", "--config", config).code == 0
    assert ready(config) == []
    assert invoke("handoff", "list", "--config", config).out == "nobody waits\n"


@pytest.mark.parametrize("args", [["send", "9"], ["edit", "9", "您好"], ["drop", "9"]], ids=" ".join)
def test_a_number_that_is_no_draft(invoke: Call, config: Path, args: list[str]) -> None:
    ran = invoke("drafts", *args, "--config", config)
    assert (ran.code, ran.err) == (1, "no draft 9; `autoreply drafts list` shows them all\n")
