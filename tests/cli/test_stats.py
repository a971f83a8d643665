"""``autoreply stats``: the figures of a journal, as a table and as data."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autoreply.journal import HandoffRequest, Outgoing, Settled, Store
from autoreply.model import Author, Behaviour, ConversationKey, Message, Priority

from .conftest import Call

KEY = ConversationKey("http", "main", "c-1")
START = datetime(2026, 3, 11, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shop where one question was answered after two seconds, and another by an agent after four minutes."""
    path = tmp_path / "config.toml"
    path.write_text('[store]\npath = "journal.db"\n', encoding="utf-8")
    store = Store(tmp_path / "journal.db")
    with store:
        for n, (after, behaviour, request) in enumerate(
            ((0, Behaviour.ANSWER, None), (600, Behaviour.ESCALATE, HandoffRequest("wrong goods", Priority.HIGH)))
        ):
            at = START + after
            seq = store.accept(Message(KEY, f"m-{n}", "b-1", "第几层货架", received_at=at), 0.0).seq
            replies = () if request else (Outgoing(f"r-{n}", "为您查看", "canned"),)
            turn = Settled(KEY, "b-1", (seq,), behaviour, replies, {}, request, (), (), "v1", (), at + 1)
            for row in store.settle(turn) or ():
                store.claim(row.id, at + 2)
                store.mark(row.id, "sent", at=at + 2)
        store.accept(Message(KEY, "a-1", "x", "我来处理", Author.AGENT, received_at=START + 840), START + 900)
    store.close()
    return path


def test_figures_as_data(invoke: Call, config: Path) -> None:
    ran = invoke("stats", "--since", "2026-03-11", "--json", "--config", config)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert (found["since"], found["turns"]) == ("2026-03-11", 2)
    assert found["behaviours"] == {"answer": 1, "escalate": 1}
    assert found["reasons"] == {"wrong goods": 1}
    assert found["every"] == {"rounds": 2, "median": 121.0, "p95": 240.0, "prompt": 0.5, "in_time": 0.5}
    assert found["first"]["in_time"] == 1.0
    assert found["people"]["median"] == 239.0


def test_figures_as_tables(invoke: Call, config: Path) -> None:
    ran = invoke("stats", "--since", "2026-03-11", "--config", config)
    for part in ("answered by the bot", "1  50.0%", "wrong goods", "4.0 min", "≤ 3 min"):
        assert part in ran.out


def test_what_lies_before_is_left_out(invoke: Call, config: Path) -> None:
    found = json.loads(invoke("stats", "--since", "2026-03-12", "--json", "--config", config).out)
    assert (found["turns"], found["every"]["rounds"], found["every"]["in_time"]) == (0, 0, None)


def test_before_the_first_start_there_is_nothing_to_count(invoke: Call, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[store]\npath = "none.db"\n', encoding="utf-8")
    ran = invoke("stats", "--config", path)
    assert ran.code == 1
    assert "no journal at" in ran.err
