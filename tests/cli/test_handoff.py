"""``autoreply handoff``: a queue filled by the journal itself, worked on by the command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

import pytest

from autoreply.journal import HandoffRequest, OutboxRow, Store
from autoreply.journal.people import standing
from autoreply.model import Author, ConversationKey, Kind, Message, Priority

from .conftest import Call

URGENT = ConversationKey("http", "main", "c-urgent")
CALM = ConversationKey("http", "main", "c-calm")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        '[store]\npath = "journal.db"\n[conversation]\ntakeover_minutes = 20\n[channels.http]\n', encoding="utf-8"
    )
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


NOBODYS = [
    ["show", "99"],
    ["claim", "99", "--agent", "小王"],
    ["release", "99"],
    ["reply", "99", "您好"],
    ["done", "99"],
    ["takeover", "99"],
    ["resume", "99"],
]


@pytest.mark.parametrize("args", NOBODYS, ids=" ".join)
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

    monkeypatch.setattr("autoreply.cli.desk.load", loaded)
    assert invoke("handoff", "list", "--config", waiting).code == 0


# Agents --------------------------------------------------------------------------------------------------------------


def test_a_claimed_item_is_one_agents_and_the_bot_is_silent(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    assert invoke("handoff", "claim", item, "--agent", "小王", "--config", waiting).code == 0
    ran = invoke("handoff", "claim", item, "--agent", "小李", "--config", waiting)
    assert ran.code == 1
    assert ran.err.startswith(f"小王 has {item} since ")
    assert "小王" in invoke("handoff", "list", "--config", waiting).out
    with opened(waiting) as store:
        assert store.conversation(CALM).agent_present(time())


def test_only_who_has_an_item_answers_it(invoke: Call, waiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = number(invoke, waiting, CALM)
    invoke("handoff", "claim", item, "--agent", "小王", "--config", waiting)
    for args in ([], ["--agent", "小李"]):
        ran = invoke("handoff", "reply", item, "您好，已为您登记。", *args, "--config", waiting)
        assert (ran.code, outbox(waiting)) == (1, [])
        assert "小王 has" in ran.err
    monkeypatch.setenv("AUTOREPLY_AGENT", "小王")
    assert invoke("handoff", "reply", item, "您好，已为您登记。", "--config", waiting).code == 0
    assert len(outbox(waiting)) == 1


def test_whoever_answers_under_a_name_has_the_item(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    invoke("handoff", "reply", item, "您好，已为您登记。", "--agent", "小李", "--config", waiting)
    items = json.loads(invoke("handoff", "list", "--json", "--config", waiting).out)
    mine = next(i for i in items if i["id"] == item)
    assert (mine["agent"], mine["waiting_since"]) == ("小李", None)


def test_a_released_item_is_for_anyone(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    invoke("handoff", "claim", item, "--agent", "小王", "--config", waiting)
    assert invoke("handoff", "release", item, "--config", waiting).code == 0
    assert invoke("handoff", "claim", item, "--agent", "小李", "--config", waiting).code == 0


def test_nobody_claims_without_a_name(invoke: Call, waiting: Path) -> None:
    ran = invoke("handoff", "claim", number(invoke, waiting, CALM), "--config", waiting)
    assert (ran.code, ran.err) == (1, "who are you? give --agent NAME\n")


def test_what_is_done_leaves_the_queue_and_cannot_be_claimed(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    assert invoke("handoff", "done", item, "--config", waiting).code == 0
    ran = invoke("handoff", "claim", item, "--agent", "小王", "--config", waiting)
    assert (ran.code, ran.err) == (1, f"handoff {item} is done\n")


# Takeovers -----------------------------------------------------------------------------------------------------------


def taken(config: Path, key: ConversationKey, buyer: str) -> str | None:
    with opened(config) as store:
        found = standing(store, key, time(), buyer).taken
    return None if found is None else str(found)


def test_a_conversation_is_taken_over_for_as_long_as_one_says(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    assert invoke("handoff", "takeover", item, "--minutes", "90", "--config", waiting).code == 0
    with opened(waiting) as store:
        until = store.conversation(CALM).agent_until
    assert until == pytest.approx(time() + 90 * 60, abs=60)


def test_a_conversation_outside_the_queue_is_named_by_its_channel(invoke: Call, waiting: Path) -> None:
    where = ["--channel", "http", "--conversation", "c-7", "--config", waiting]
    assert invoke("handoff", "takeover", "--until-resumed", *where).out == "the bot is silent until resumed\n"
    with opened(waiting) as store:
        assert store.conversation(ConversationKey("http", "main", "c-7")).agent_present(time() + 1e9)
    assert invoke("handoff", "resume", *where).code == 0
    with opened(waiting) as store:
        assert not store.conversation(ConversationKey("http", "main", "c-7")).agent_present(time())


def test_a_buyer_is_taken_over_and_given_back(invoke: Call, waiting: Path) -> None:
    item = number(invoke, waiting, CALM)
    invoke("handoff", "takeover", item, "--scope", "buyer", "--agent", "小王", "--config", waiting)
    assert (taken(waiting, URGENT, "buyer0"), taken(waiting, URGENT, "buyer1")) == ("buyer", None)
    assert "buyer buyer0 on http is taken over by 小王 until " in invoke("handoff", "list", "--config", waiting).out
    given = ["--scope", "buyer", "--buyer", "buyer0", "--channel", "http", "--config", waiting]
    ran = invoke("handoff", "resume", *given)
    assert (ran.code, ran.out) == (0, "the takeover of the buyer is over\n")
    assert taken(waiting, URGENT, "buyer0") is None
    assert number(invoke, waiting, CALM) == item  # the queue stays as it is


def test_the_shop_is_taken_over_until_somebody_resumes(invoke: Call, waiting: Path) -> None:
    invoke("handoff", "takeover", "--scope", "shop", "--until-resumed", "--config", waiting)
    assert taken(waiting, CALM, "") == "shop"
    assert "the shop is taken over until resumed" in invoke("handoff", "list", "--config", waiting).out
    assert invoke("handoff", "resume", "--scope", "shop", "--config", waiting).code == 0
    ran = invoke("handoff", "resume", "--scope", "shop", "--config", waiting)
    assert (ran.code, ran.err) == (1, "there is no takeover of that shop\n")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([], "which conversation? give an ID of the queue, or --conversation and --channel"),
        (["--scope", "buyer", "--channel", "http"], "which buyer? give an ID of the queue, or --buyer and --channel"),
        (["--scope", "shop", "--channel", "htp"], "no channel 'htp' in the settings; did you mean 'http'?"),
    ],
)
def test_what_a_takeover_lacks_is_told(invoke: Call, waiting: Path, args: list[str], told: str) -> None:
    ran = invoke("handoff", "takeover", *args, "--config", waiting)
    assert (ran.code, ran.err) == (1, told + "\n")
