"""``autoreply handoff``: a queue filled by the journal itself, worked on by the command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

import pytest

from autoreply.journal import HandoffRequest, OutboxRow, Store
from autoreply.model import Author, ConversationKey, Kind, Message, Priority

from .conftest import Call

URGENT = ConversationKey("http", "main", "c-urgent")
CALM = ConversationKey("http", "main", "c-calm")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[store]\npath = "journal.db"\n[conversation]\ntakeover_minutes = 20\n', encoding="utf-8")
    return path


@contextmanager
def opened(config: Path) -> Iterator[Store]:
    store = Store(config.parent / "journal.db")
    try:
        with store:
            yield store
    finally:
        store.close()


@pytest.fixture
def waiting(config: Path) -> Path:
    """Two conversations wait: a calm one since earlier, and an urgent one."""
    with opened(config) as store:
        for n, (key, text) in enumerate(((CALM, "我另一个号的订单帮我查查"), (URGENT, "我要投诉你们"))):
            message = Message(key, f"m{n}", f"buyer{n}", text, received_at=1_773_194_400.0 + n)
            store.accept(message, agent_until=0)
        store.accept(Message(URGENT, "m9", "buyer1", "", Author.BUYER, Kind.IMAGE, received_at=1_773_194_460.0), 0)
        store.open_handoff(
            CALM, "buyer0", HandoffRequest("order_info: a person's matter", Priority.NORMAL), 1_773_194_400
        )
        store.open_handoff(URGENT, "buyer1", HandoffRequest("complaint", Priority.HIGH), 1_773_194_401)
    return config


def outbox(config: Path) -> list[OutboxRow]:
    with opened(config) as store:
        return store.unsent()


def number(invoke: Call, config: Path, key: ConversationKey) -> int:
    items = json.loads(invoke("handoff", "list", "--json", "--config", config).out)
    return next(i["id"] for i in items if i["conversation"]["conversation"] == key.conversation)


def test_urgent_ones_come_first_with_reason_and_local_time(invoke: Call, waiting: Path) -> None:
    ran = invoke("handoff", "list", "--config", waiting)
    assert ran.code == 0
    urgent, calm = (ran.out.index(key.conversation) for key in (URGENT, CALM))
    assert urgent < calm
    for part in ("high", "complaint", "buyer1", "2026-03-11 10:00", "order_info: a person's matter"):
        assert part in ran.out


def test_show_gives_the_transcript(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, URGENT)
    ran = invoke("handoff", "show", item, "--config", waiting)
    assert "10:00  buyer  我要投诉你们" in ran.out
    assert "10:01  buyer  [image]" in ran.out
    data = json.loads(invoke("handoff", "show", item, "--json", "--config", waiting).out)
    assert [e["kind"] for e in data["transcript"]] == ["text", "image"]
    assert data["reason"] == "complaint"


def test_a_reply_is_kept_to_be_sent_and_takes_the_conversation_over(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    before = time()
    ran = invoke("handoff", "reply", item, "您好，请您用下单的账号联系我们核对。", "--config", waiting)
    assert ran.code == 0, ran.err
    [row] = outbox(waiting)
    assert (row.conversation, row.text, row.origin) == (CALM, "您好，请您用下单的账号联系我们核对。", "agent")
    assert row.key.startswith("agent-")
    with opened(waiting) as store:
        record = store.conversation(CALM)
    assert record.agent_until is not None
    assert before + 20 * 60 <= record.agent_until <= time() + 20 * 60


def test_what_the_gate_blocks_is_shown_and_not_sent(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    ran = invoke("handoff", "reply", item, "您加我微信详聊吧", "--config", waiting)
    assert ran.code == 1
    assert "off-contact" in ran.err
    assert "nothing was sent" in ran.err
    assert outbox(waiting) == []
    with opened(waiting) as store:
        assert store.conversation(CALM).agent_until is None


def test_a_recorded_reason_sends_it_all_the_same(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    ran = invoke(
        "handoff", "reply", item, "您加我微信详聊吧", "--override", "platform staff asked for it", "--config", waiting
    )
    assert ran.code == 0, ran.err
    [row] = outbox(waiting)
    assert row.text == "您加我微信详聊吧"
    assert row.draft["override"] == "platform staff asked for it"


def test_a_rewrite_needs_a_reason_too(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    ran = invoke("handoff", "reply", item, "你稍等一下", "--config", waiting)
    assert ran.code == 1
    assert "→ 您稍等一下" in ran.err
    assert outbox(waiting) == []


def test_resume_gives_the_conversation_back_and_closes_the_item(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    invoke("handoff", "reply", item, "您好，已为您登记。", "--config", waiting)
    assert invoke("handoff", "resume", item, "--config", waiting).code == 0
    with opened(waiting) as store:
        assert store.conversation(CALM).agent_until is None
    open_ = json.loads(invoke("handoff", "list", "--json", "--config", waiting).out)
    all_ = json.loads(invoke("handoff", "list", "--all", "--json", "--config", waiting).out)
    assert item not in [i["id"] for i in open_]
    assert next(i["state"] for i in all_ if i["id"] == item) == "done"


@pytest.mark.parametrize("args", [["show", "99"], ["reply", "99", "您好"], ["resume", "99"]], ids=" ".join)
def test_a_number_that_nobody_has(invoke: Call, waiting: Path, args: list[str]) -> None:
    ran = invoke("handoff", *args, "--config", waiting)
    assert (ran.code, ran.err) == (1, "no handoff 99; `autoreply handoff list --all` shows them all\n")


def test_before_the_first_start_there_is_no_journal(invoke: Call, config: Path) -> None:
    ran = invoke("handoff", "list", "--config", config)
    assert ran.code == 1
    assert f"no journal at {config.parent / 'journal.db'} yet" in ran.err
    assert not (config.parent / "journal.db").exists()


def test_an_empty_queue(invoke: Call, config: Path) -> None:
    with opened(config):
        pass
    assert invoke("handoff", "list", "--config", config).out == "nobody waits\n"


def test_a_file_that_is_no_journal_is_one_line(invoke: Call, config: Path) -> None:
    (config.parent / "journal.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    ran = invoke("handoff", "list", "--config", config)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_listing_needs_no_matcher(invoke: Call, waiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("the whole shop was loaded")

    monkeypatch.setattr("autoreply.cli.handoff.load", loaded)
    assert invoke("handoff", "list", "--config", waiting).code == 0
