"""Modes, takeovers, the queue's agents and drafts in the journal; files of the first schema come along."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import pytest

from autoreply.journal import HandoffRequest, Outgoing, Store, people
from autoreply.journal.drafts import draft, drafts, edit_draft
from autoreply.journal.handoffs import claim_item, notices, told
from autoreply.journal.people import ALL, FOREVER, Scope, Standing, Takeover
from autoreply.model import ConversationKey, Mode, Priority

KEY = ConversationKey("http", "main", "c-1")
OTHER = ConversationKey("webchat", "main", "c-2")
NOW = 1000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def taken(scope: Scope, subject: str = "", channel: str = ALL, until: float = FOREVER) -> Takeover:
    return Takeover(scope, channel, subject, "小王", NOW, until)


# Files of an earlier schema ------------------------------------------------------------------------------------------


@pytest.fixture
def first_schema(path: Path) -> Path:
    """A journal as version 1 left it, with a conversation that waits for a person and one that is done."""
    raw = sqlite3.connect(path)
    raw.executescript(resources.files("autoreply.journal").joinpath("migrations", "0001.sql").read_text("utf-8"))
    raw.executescript(
        """
        INSERT INTO inbox VALUES (7,'http','main','c-1','m-7','buyer','b-1','text','什么时候能寄出',90,91,0);
        INSERT INTO outbox VALUES
            (3,'r3','http','main','c-1','plugin','为您查看','{"backed":{}}','["m-6"]','sent',2,1,'',80,81);
        INSERT INTO conversations VALUES ('http','main','c-1','b-1','{"said":{"greeting.default":1}}',500,60,80);
        INSERT INTO handoffs VALUES (1,'http','main','c-0','b-0','complaint','high','done',10,20);
        INSERT INTO handoffs VALUES (2,'http','main','c-1','b-1','invoice','normal','open',70,75);
        INSERT INTO decisions VALUES (1,'http','main','c-1','answer','["greeting"]','[]','v1','[]',80);
        PRAGMA user_version = 1;
        """
    )
    raw.close()
    return path


def test_a_file_of_the_first_schema_is_brought_along_with_all_that_is_in_it(first_schema: Path) -> None:
    store = Store(first_schema)
    assert [m.message_id for m in store.undone()] == ["m-7"]
    assert [r.key for r in store.offered("http", 0, 10)] == ["r3"]
    record = store.conversation(KEY)
    assert (record.state, record.agent_until, record.agent_said) == ({"said": {"greeting.default": 1}}, 500.0, ())
    (item,) = store.handoffs()
    assert (item.id, item.agent, item.waiting_since, item.raised_at) == (2, "", 70.0, None)
    (decision,) = store.decisions()
    assert (decision["behaviour"], decision["reason"]) == ("answer", "")
    assert people.standing(store, KEY, NOW) == Standing()
    assert notices(store) == []  # nobody is told of what waited already
    store.close()


def test_a_file_that_was_brought_along_takes_all_that_is_new(first_schema: Path) -> None:
    store = Store(first_schema)
    with store:
        people.switch_mode(store, "main", ALL, Mode.OFF, NOW)
        assert claim_item(store, 2, "小王", NOW, NOW + 60)
        store.open_handoff(OTHER, "b-2", HandoffRequest("new", Priority.NORMAL), NOW)
        assert [n.kind for n in notices(store)] == ["new"]
    store.close()


# Modes ---------------------------------------------------------------------------------------------------------------


def test_what_was_switched_wins_over_the_settings_and_a_channel_over_the_shop(store: Store) -> None:
    people.settle_modes(store, "main", {ALL: Mode.AUTO, "http": Mode.NIGHT}, NOW)
    assert people.standing(store, KEY, NOW) == Standing(Mode.NIGHT, "settings for http")
    assert people.standing(store, OTHER, NOW) == Standing(Mode.AUTO, "settings for the shop")
    people.switch_mode(store, "main", ALL, Mode.OFF, NOW)
    people.switch_mode(store, "main", "http", Mode.ASSIST, NOW)
    assert people.standing(store, KEY, NOW) == Standing(Mode.ASSIST, "switched for http")
    assert people.standing(store, OTHER, NOW) == Standing(Mode.OFF, "switched for the shop")
    people.switch_mode(store, "main", ALL, None, NOW)
    assert people.standing(store, KEY, NOW).mode is Mode.NIGHT


def test_settings_read_anew_replace_those_of_before_and_leave_what_was_switched(store: Store) -> None:
    people.settle_modes(store, "main", {ALL: Mode.AUTO, "http": Mode.OFF}, NOW)
    people.switch_mode(store, "main", "webchat", Mode.OFF, NOW)
    people.settle_modes(store, "main", {ALL: Mode.NIGHT}, NOW)
    assert people.standing(store, KEY, NOW).mode is Mode.NIGHT
    assert people.standing(store, OTHER, NOW).mode is Mode.OFF


def test_another_shops_modes_are_its_own(store: Store) -> None:
    people.switch_mode(store, "second", ALL, Mode.OFF, NOW)
    assert people.standing(store, KEY, NOW).mode is Mode.AUTO


# Takeovers -----------------------------------------------------------------------------------------------------------


def test_a_takeover_reaches_its_buyer_or_its_shop_and_ends_at_its_time(store: Store) -> None:
    people.take_wide(store, "main", taken(Scope.BUYER, "b-1", "http", until=NOW + 60))
    assert people.standing(store, KEY, NOW, "b-1").taken is Scope.BUYER
    assert people.standing(store, KEY, NOW, "b-2").taken is None
    assert people.standing(store, OTHER, NOW, "b-1").taken is None  # the same id on another channel is another person
    assert people.standing(store, KEY, NOW + 60, "b-1").taken is None
    people.take_wide(store, "main", taken(Scope.SHOP))
    assert people.standing(store, OTHER, NOW, "b-2").taken is Scope.SHOP
    assert people.standing(store, KEY, NOW, "b-1").taken is Scope.SHOP


def test_a_takeover_taken_again_goes_on_with_the_new_end(store: Store) -> None:
    people.take_wide(store, "main", taken(Scope.SHOP, until=NOW + 60))
    people.take_wide(store, "main", Takeover(Scope.SHOP, ALL, "", "小李", NOW + 30, NOW + 90))
    assert people.takeovers(store, "main", NOW) == [Takeover(Scope.SHOP, ALL, "", "小李", NOW, NOW + 90)]


def test_resuming_the_shop_resumes_each_channel_of_it(store: Store) -> None:
    people.take_wide(store, "main", taken(Scope.SHOP, channel="http"))
    people.take_wide(store, "main", taken(Scope.SHOP, channel="webchat"))
    people.take_wide(store, "main", taken(Scope.BUYER, "b-1", "http"))
    assert people.resume_wide(store, "main", Scope.SHOP) == 2
    assert [t.scope for t in people.takeovers(store, "main", NOW)] == [Scope.BUYER]


def test_takeovers_that_are_over_are_forgotten(store: Store) -> None:
    people.take_wide(store, "main", taken(Scope.BUYER, "b-1", until=NOW))
    people.take_wide(store, "main", taken(Scope.BUYER, "b-2"))
    people.sweep(store, NOW)
    assert [r[0] for r in store.db.execute("SELECT subject FROM takeovers")] == ["b-2"]


# The queue -----------------------------------------------------------------------------------------------------------


def test_of_many_who_claim_at_once_one_has_it(store: Store, path: Path) -> None:
    store.open_handoff(KEY, "b-1", HandoffRequest("invoice", Priority.NORMAL), NOW)

    def claim(agent: str) -> bool:
        own = Store(path)
        try:
            with own:
                return claim_item(own, 1, agent, NOW, NOW + 60)
        finally:
            own.close()

    with ThreadPoolExecutor(8) as pool:
        agents = [f"agent {n}" for n in range(8)]
        got = dict(zip(agents, pool.map(claim, agents), strict=True))
    (winner,) = [agent for agent, has in got.items() if has]
    assert store.handoffs()[0].agent == winner


def test_what_is_done_cannot_be_claimed(store: Store) -> None:
    store.open_handoff(KEY, "b-1", HandoffRequest("invoice", Priority.NORMAL), NOW)
    store.close_handoff(KEY, NOW)
    assert not claim_item(store, 1, "小王", NOW, NOW + 60)
    assert not claim_item(store, 99, "小王", NOW, NOW + 60)


def test_each_kind_of_notice_is_there_once_for_each_item(store: Store) -> None:
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.LOW):
        store.open_handoff(KEY, "b-1", HandoffRequest(f"reason {priority}", priority), NOW)
    assert [(n.kind, n.item.id) for n in notices(store)] == [("new", 1), ("raised", 1)]
    told(store, notices(store)[0].id, ["bell"], done=True)
    assert [n.kind for n in notices(store)] == ["raised"]


# Drafts --------------------------------------------------------------------------------------------------------------


def test_a_draft_is_changed_under_its_key_and_seen_by_nobody_outside(store: Store) -> None:
    row = store.put(KEY, Outgoing("r-1", "今天可以发出", "plugin"), NOW, "draft")
    assert drafts(store) == [row]
    assert (store.unsent(), store.offered("http", 0, 10), store.claim(row.id, NOW)) == ([], [], None)
    assert edit_draft(store, row, Outgoing("r-1", "明天可以发出", "agent", {"override": "checked"}))
    changed = draft(store, row.id)
    assert changed is not None
    assert (changed.key, changed.text, changed.draft) == ("r-1", "明天可以发出", {"override": "checked"})
    assert draft(store, row.id + 1) is None
