"""``autoreply audit``: a journal that the engine itself wrote, read back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autoreply import Context, Outcome, Reply
from autoreply.app import App
from autoreply.compliance import Draft
from autoreply.conversation.delivery import kept_draft
from autoreply.handlers import Bound
from autoreply.journal import Outgoing, Settled, Store
from autoreply.model import Behaviour, ConversationKey, Message, Turn
from autoreply.pipeline import run

from .conftest import Call

NOON = 1_773_201_600.0
"""11 March 2026, 12:00 in Shanghai."""
FIRST = ConversationKey("http", "main", "c-1")
SECOND = ConversationKey("http", "main", "c-2")


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


async def turn(app: App, store: Store, key: ConversationKey, text: str, at: float) -> None:
    """A buyer's message answered by the pipeline and kept as the engine keeps it."""
    message = Message(key, f"m{at}", "buyer", text, sent_at=at, received_at=at)
    result = await run(app.brain, Turn(key, (message,)), {}, now=at)
    replies = tuple(
        Outgoing(f"r{at}-{n}", s.released.text, s.draft.origin, kept_draft(s.draft))
        for n, s in enumerate(result.replies)
    )
    version = app.brain.gate.rulebook.version
    store.settle(
        Settled(
            key=key,
            buyer_id="buyer",
            seqs=(),
            behaviour=result.behaviour,
            replies=replies,
            state=result.state,
            handoff=None,
            intents=result.intents,
            rules=result.rules,
            rulebook=version,
            trace=result.trace.steps,
            at=at,
        )
    )


@pytest.fixture
async def journal(app: App, config: Path) -> Path:
    """An answer, a text that the gate stopped, what an agent typed, and a holding line of the next day."""
    blocked = telling(app, "亲可以加我微信详聊的")
    with opened(config) as store:
        await turn(app, store, FIRST, "能开发票吗", NOON)
        await turn(blocked, store, SECOND, "在吗", NOON + 60)
        draft = Draft(FIRST, "您打我电话13812345678", {}, "agent", override="buyer asked for the phone")
        store.put(FIRST, Outgoing("agent-1", draft.text, "agent", kept_draft(draft)), NOON + 120)
        hold = Outgoing("r9-hold", "您好，请稍等。", "host", kept_draft(Draft(FIRST, "您好，请稍等。", {}, "host")))
        version = app.brain.gate.rulebook.version
        trace: list[dict[str, Any]] = [{"stage": "hold", "text": hold.text}]
        store.settle(
            Settled(FIRST, "buyer", (), Behaviour.HOLD, (hold,), None, None, (), (), version, trace, NOON + 86_400)
        )
    return config


def telling(app: App, text: str) -> App:
    """The shop with a greeting of the test's own."""

    async def greets(ctx: Context[Any]) -> Outcome:
        return Reply(text)

    return replace(app, brain=replace(app.brain, handlers={**app.brain.handlers, "greeting": Bound(greets)}))


def audited(invoke: Call, config: Path, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(invoke("audit", "--json", "--config", config, *args).out)
    return found


def test_each_text_stands_with_who_released_it_under_which_rules(invoke: Call, journal: Path, app: App) -> None:
    answer, stopped, holding, typed, hold = audited(invoke, journal)
    version = app.brain.gate.rulebook.version
    assert (answer["by"], answer["state"], answer["rulebook"], answer["key"]) == (
        "plugin",
        "ready",
        version,
        f"r{NOON}-0",
    )
    assert answer["text"] == answer["left"] != ""
    assert (stopped["by"], stopped["action"], stopped["state"], stopped["left"]) == ("bot", "block", "blocked", "")
    assert stopped["rules"] == ["off-contact"]
    assert (holding["conversation"], holding["by"], holding["state"]) == (str(SECOND), "host", "ready")
    assert (typed["by"], typed["override"], typed["rulebook"]) == ("agent", "buyer asked for the phone", "")
    assert (hold["action"], hold["rulebook"], hold["text"]) == ("hold", version, "您好，请稍等。")


def test_phone_numbers_are_masked(invoke: Call, journal: Path) -> None:
    ran = invoke("audit", "--config", journal)
    assert "13812345678" not in ran.out
    assert [e["text"] for e in audited(invoke, journal) if e["by"] == "agent"] == ["您打我电话138****5678"]


@pytest.mark.parametrize(
    "written", ["138 1234 5678", "138-1234-5678", "+86 13812345678", "8613812345678", "电话13812345678，"]
)
def test_phone_numbers_are_masked_however_they_are_written(invoke: Call, config: Path, written: str) -> None:
    with opened(config) as store:
        store.put(FIRST, Outgoing("agent-1", written, "agent"), NOON)
    (entry,) = audited(invoke, config)
    assert "****5678" in entry["text"]
    assert "1234" not in entry["text"]


def test_by_conversation_rule_and_day(invoke: Call, journal: Path) -> None:
    assert len(audited(invoke, journal, "--conversation", "c-2")) == 2
    assert len(audited(invoke, journal, "--conversation", "http/main/c-1")) == 3
    assert [e["rules"] for e in audited(invoke, journal, "--rule", "off-contact")] == [["off-contact"]]
    assert len(audited(invoke, journal, "--day", "2026-03-11")) == 4
    assert len(audited(invoke, journal, "--day", "2026-03-12")) == 1
    assert audited(invoke, journal, "--day", "2026-03-13") == []


def test_the_last_ones_are_shown_and_the_rest_is_counted(invoke: Call, journal: Path) -> None:
    assert [e["action"] for e in audited(invoke, journal, "--last", "1")] == ["hold"]
    assert "5 texts; the last 2 of them, --last shows more" in invoke("audit", "--config", journal, "--last", "2").out


def test_people_see_time_version_and_reason(invoke: Call, journal: Path, app: App) -> None:
    out = "".join(invoke("audit", "--config", journal).out.split())
    assert app.brain.gate.rulebook.version in out
    assert "2026-03-11" in out


def test_the_journal_is_read_while_another_process_holds_it_open(invoke: Call, journal: Path) -> None:
    before = (journal.parent / "journal.db").read_bytes()
    with opened(journal) as store:
        store.put(FIRST, Outgoing("agent-2", "还没有提交", "agent"), NOON)
        assert len(audited(invoke, journal)) == 5
        raised = store.db
        raised.execute("ROLLBACK")
        raised.execute("BEGIN")
    assert (journal.parent / "journal.db").read_bytes() == before


def test_without_a_journal_it_says_so_and_makes_none(invoke: Call, config: Path) -> None:
    ran = invoke("audit", "--config", config)
    assert ran.code == 1
    assert "no journal at" in ran.err
    assert not (config.parent / "journal.db").exists()


def test_a_file_that_is_no_journal_is_told(invoke: Call, config: Path) -> None:
    (config.parent / "journal.db").write_bytes(b"no database at all" * 100)
    ran = invoke("audit", "--config", config)
    assert ran.code == 1
    assert "cannot be read" in ran.err
    assert "put it aside" in ran.err


async def test_a_reply_is_found_by_its_decision_also_where_both_are_masked(
    app: App, invoke: Call, config: Path
) -> None:
    with opened(config) as store:
        await turn(telling(app, "快递单号是2026139000011112222哦"), store, FIRST, "在吗", NOON)
    (entry,) = audited(invoke, config)
    assert (entry["text"], entry["left"], entry["state"]) == (
        masked := "快递单号是***************2222哦",
        masked,
        "ready",
    )
