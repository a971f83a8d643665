"""The journal's file: opened with care, and what each of its operations keeps."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.journal import Changed, HandoffRequest, JournalError, Outgoing, Settled, Store
from autoreply.model import Author, Behaviour, ConversationKey, Kind, Message, Priority

KEY = ConversationKey("http", "main", "c-1")
OTHER = ConversationKey("http", "main", "c-2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def message(id: str = "m-1", key: ConversationKey = KEY, **more: Any) -> Message:
    return Message(key, id, "buyer-1", "请问今天能发货吗", received_at=more.pop("received_at", 100.0), **more)


def reply(key: str = "r-1", text: str = "今天可以发出", origin: str = "plugin") -> Outgoing:
    return Outgoing(key, text, origin, {"backed": {"今天": "shop.shipping"}}, ("m-1",))


def settled(**changes: Any) -> Settled:
    plain = Settled(KEY, "buyer-1", (), Behaviour.ANSWER, (), {"said": {}}, None, ("invoice",), (), "v1", (), 100.0)
    return replace(plain, **changes)


# The file ------------------------------------------------------------------------------------------------------------


def test_the_folder_is_made_and_what_is_kept_is_there_at_the_next_opening(path: Path) -> None:
    first = Store(path)
    with first:
        first.accept(message(), 0.0)
    first.close()
    for _ in range(2):
        again = Store(path)
        assert [m.message_id for m in again.undone()] == ["m-1"]
        again.close()


def test_the_file_survives_the_loss_of_power(store: Store) -> None:
    assert store.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    store = Store(path)
    store.db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(JournalError, match="newer version; upgrade"):
        Store(path)
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (99,)
    raw.close()


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_journal_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalError, match="cannot be opened"):
        Store(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE contacts (name TEXT)")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another program"):
        Store(path)
    assert path.read_bytes() == before


def test_an_empty_file_is_a_new_journal(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    Store(path).close()


@pytest.mark.parametrize("place", ["var", "var/file/journal.db"])
def test_a_place_where_no_file_can_be_is_told(path: Path, tmp_path: Path, place: str) -> None:
    path.parent.mkdir()
    (tmp_path / "var" / "file").touch()
    with pytest.raises(JournalError, match="cannot be opened"):
        Store(tmp_path / place)


def test_a_truncated_file_is_an_error_and_nothing_is_made_up(path: Path) -> None:
    store = Store(path)
    with store:
        for n in range(200):
            store.accept(message(f"m-{n}"), 0.0)
    store.close()
    path.write_bytes(path.read_bytes()[:20_000])
    try:
        broken = Store(path)
    except JournalError:
        return
    with broken, pytest.raises(sqlite3.DatabaseError):
        broken.undone()
    broken.close()


def test_many_who_open_a_new_file_at_once_all_can(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(Store, [path] * 8))
    for n, store in enumerate(stores):
        with store:
            assert not store.accept(message(f"m-{n}"), 0.0).duplicate
        store.close()


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    def fails_halfway() -> None:
        with store:
            store.accept(message(), 0.0)
            raise KeyError

    with pytest.raises(KeyError):
        fails_halfway()
    assert store.undone() == []
    with store:
        store.accept(message(), 0.0)
    assert len(store.undone()) == 1


def test_what_cannot_be_written_is_a_journal_error_and_the_store_goes_on(store: Store, path: Path) -> None:
    store.db.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalError, match="cannot be written"), store:
        store.accept(message(), 0.0)
    store.db.execute("PRAGMA query_only = OFF")
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="full"), store:
        store.accept(replace(message(), text="很长" * 50_000), 0.0)
    store.db.execute("PRAGMA max_page_count = 1000000")
    store.db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"), store:
        store.accept(message(), 0.0)
    other.close()
    assert store.undone() == []
    with store:
        store.accept(message(), 0.0)
    assert len(store.undone()) == 1


# In ------------------------------------------------------------------------------------------------------------------


def test_a_message_comes_back_as_it_was_given(store: Store) -> None:
    given_ = message(kind=Kind.CARD, sent_at=99.25, received_at=100.125)
    seq = store.accept(given_, 0.0).seq
    assert store.undone() == [replace(given_, seq=seq)]


def test_an_id_is_taken_once_for_each_channel_and_shop(store: Store) -> None:
    first = store.accept(message("x"), 0.0)
    assert store.accept(message("x", OTHER), 0.0) == replace(first, duplicate=True)
    for elsewhere in (KEY._replace(channel="websocket"), KEY._replace(shop="second")):
        assert not store.accept(message("x", elsewhere), 0.0).duplicate


def test_an_agents_message_needs_no_answer_and_takes_over(store: Store) -> None:
    store.accept(message("a", author=Author.AGENT), agent_until=500.0)
    assert store.undone() == []
    record = store.conversation(KEY)
    assert record.agent_present(499.0)
    assert not record.agent_present(500.0)
    assert not store.conversation(OTHER).agent_present(499.0)


def test_the_time_since_which_an_agent_is_there_is_that_of_the_first_message(store: Store) -> None:
    def since() -> Any:
        return store.db.execute("SELECT agent_since FROM conversations").fetchone()[0]

    store.take_over(KEY, 100.0, 200.0)
    store.take_over(KEY, 150.0, 250.0)
    assert since() == 100.0
    store.take_over(KEY, 300.0, 400.0)  # the first had long ended
    assert since() == 300.0
    store.give_back(KEY, 310.0)
    assert since() is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=5))
def test_any_text_is_kept_to_the_letter(texts: list[str]) -> None:
    store = Store(":memory:")
    for n, text in enumerate(texts):
        store.accept(replace(message(f"m-{n}"), text=text), 0.0)
    assert [m.text for m in store.undone()] == texts
    assert [e.text for e in store.transcript(KEY)] == texts
    store.close()


# Turns ---------------------------------------------------------------------------------------------------------------


def test_a_turn_leaves_everything_or_nothing(store: Store) -> None:
    seq = store.accept(message(), 0.0).seq
    turn = settled(
        seqs=(seq,),
        replies=(reply("r-1"), reply("r-1")),  # a key twice: the second cannot be kept
        handoff=HandoffRequest("reason", Priority.HIGH),
    )
    with pytest.raises(sqlite3.IntegrityError), store:
        store.settle(turn)
    assert (len(store.undone()), store.unsent(), store.handoffs(), store.decisions()) == (1, [], [], [])
    with store:
        rows = store.settle(replace(turn, replies=(reply("r-1"), reply("r-2"))))
    assert rows is not None
    assert [r.key for r in rows] == ["r-1", "r-2"]
    assert store.undone() == []
    assert store.conversation(KEY).state == {"said": {}}
    assert store.conversation(KEY).handoff_open
    (decision,) = store.decisions(KEY)
    assert (decision["behaviour"], decision["intents"]) == ("answer", ["invoice"])


def test_where_an_agent_has_come_in_a_turn_leaves_no_words(store: Store) -> None:
    seq = store.accept(message(), 0.0).seq
    store.take_over(KEY, 100.0, 200.0)
    handoff = HandoffRequest("reason", Priority.HIGH)
    assert store.settle(settled(seqs=(seq,), replies=(reply(),), handoff=handoff, at=150.0)) is None
    assert (store.undone(), store.unsent(), store.handoffs()) == ([], [], [])
    assert store.conversation(KEY).state == {}
    assert store.decisions()[0]["behaviour"] == "silent"


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.settle(settled(state={"rounds": 2})),
        lambda store: store.open_handoff(KEY, "", HandoffRequest("reason", Priority.HIGH), 1.0),
        lambda store: store.take_over(KEY, 1.0, 50.0),
    ],
    ids=["another turn", "a person is called", "an agent was here"],
)
def test_a_turn_is_not_kept_where_the_conversation_is_another_by_then(store: Store, change: Any) -> None:
    seq = store.accept(message(), 0.0).seq
    store.settle(settled(state={"rounds": 1}))
    basis = store.conversation(KEY)
    with store:
        change(store)
    with pytest.raises(Changed), store:
        store.settle(settled(seqs=(seq,), replies=(reply(),), basis=basis))
    assert (len(store.undone()), store.unsent()) == (1, [])
    with store:
        assert store.settle(settled(seqs=(seq,), replies=(reply(),), basis=store.conversation(KEY)))
    assert store.undone() == []


def test_replies_may_be_claimed_by_the_commit_that_keeps_them(store: Store) -> None:
    several = (reply("r-1"), reply("r-2"))
    sent = store.settle(settled(replies=several, leaves="sending"))
    assert sent is not None
    assert [(r.state, r.attempts, r.cursor) for r in sent] == [("sending", 1, 1), ("ready", 0, None)]
    assert store.unsent() == sent
    offered = store.settle(settled(replies=(reply("r-3"), reply("r-4")), leaves="offered"))
    assert offered is not None
    assert [(r.state, r.attempts, r.cursor) for r in offered] == [("offered", 1, 2), ("offered", 1, 3)]
    assert store.offered("http", 1, 10) == offered
    assert store.unsent() == sent


def test_a_turn_that_leaves_no_state_changes_none(store: Store) -> None:
    store.settle(settled(state={"rounds": 1}))
    store.settle(settled(state=None))
    assert store.conversation(KEY).state == {"rounds": 1}


def test_what_is_no_json_is_an_error_and_not_something_else(store: Store) -> None:
    with pytest.raises(TypeError):
        store.settle(settled(state={"seen": {1, 2}}))


def test_decisions_are_told_newest_first(store: Store) -> None:
    for n in range(3):
        store.settle(settled(key=(KEY, OTHER)[n % 2], trace=({"stage": "turn", "n": n},)))
    assert [d["trace"][0]["n"] for d in store.decisions()] == [2, 1, 0]
    assert [d["trace"][0]["n"] for d in store.decisions(KEY)] == [2, 0]
    assert len(store.decisions(limit=1)) == 1


# Out -----------------------------------------------------------------------------------------------------------------


def test_a_reply_comes_back_as_it_was_kept(store: Store) -> None:
    row = store.put(KEY, reply(), 100.5)
    assert store.unsent() == [row]
    assert (row.key, row.conversation, row.text, row.in_reply_to) == ("r-1", KEY, "今天可以发出", ("m-1",))
    assert (row.state, row.cursor, row.attempts, row.created_at) == ("ready", None, 0, 100.5)
    assert row.draft == {"backed": {"今天": "shop.shipping"}}
    assert store.has_key("r-1")
    assert not store.has_key("r-2")


def test_cursors_rise_in_the_order_in_which_replies_leave(store: Store) -> None:
    rows = [store.put(KEY, reply(f"r-{n}"), 0.0) for n in range(3)]
    cursors = [claimed.cursor for r in reversed(rows) if (claimed := store.claim(r.id, 0.0))]
    assert cursors == sorted(set(cursors), key=lambda c: c or 0)
    again = store.claim(rows[0].id, 0.0)
    assert again is not None
    assert (again.cursor, again.attempts) == (cursors[-1], 2)  # still where a reader may have seen it


@pytest.mark.parametrize("state", ["sent", "offered", "unknown", "failed", "withdrawn"])
def test_a_reply_whose_fate_is_known_does_not_leave_again(store: Store, state: str) -> None:
    row = store.put(KEY, reply(), 0.0)
    store.claim(row.id, 0.0)
    assert store.mark(row.id, state)
    assert store.claim(row.id, 0.0) is None
    assert store.unsent() == []
    assert not store.mark(row.id, "ready")


def test_a_takeover_forgets_the_question_the_bot_had_asked(store: Store) -> None:
    seq = store.accept(message(), 0.0).seq
    state = {"pending": {"slug": "size", "slot": "height"}, "asked": 1, "said": {"size.ask": 1}}
    store.settle(settled(seqs=(seq,), state=state))
    store.take_over(KEY, 10.0, 20.0)
    assert store.conversation(KEY).state == {"said": {"size.ask": 1}}


def test_a_takeover_withdraws_what_has_not_left_and_never_a_persons_words(store: Store) -> None:
    waiting, leaving = store.put(KEY, reply("waits"), 0.0), store.put(KEY, reply("leaves"), 0.0)
    persons, elsewhere = store.put(KEY, reply("person", origin="agent"), 0.0), store.put(OTHER, reply("other"), 0.0)
    store.claim(leaving.id, 0.0)
    store.take_over(KEY, 10.0, 20.0)
    assert store.claim(waiting.id, 15.0) is None
    assert store.claim(leaving.id, 15.0) is None  # it may have arrived; it is not repeated
    assert store.claim(persons.id, 15.0)
    assert store.claim(elsewhere.id, 15.0)
    states = dict(store.db.execute("SELECT key, state FROM outbox").fetchall())
    assert states == {"waits": "withdrawn", "leaves": "unknown", "person": "sending", "other": "sending"}


def test_replies_of_the_bot_do_not_leave_while_an_agent_is_there(store: Store) -> None:
    store.take_over(KEY, 10.0, 20.0)
    row = store.put(KEY, reply(), 15.0)
    assert store.claim(row.id, 15.0) is None
    late = store.put(KEY, reply("r-2"), 20.0)
    assert store.claim(late.id, 20.0)


# People --------------------------------------------------------------------------------------------------------------


def test_the_queue_is_sorted_by_urgency_and_then_by_how_long_one_waits(store: Store) -> None:
    for n, priority in enumerate([Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.NORMAL, Priority.HIGH]):
        store.open_handoff(KEY._replace(conversation=str(n)), "b", HandoffRequest("r", priority), float(n))
    assert [i.conversation.conversation for i in store.handoffs()] == ["2", "4", "1", "3", "0"]


def test_urgency_is_raised_and_never_lowered(store: Store) -> None:
    seen = []
    for priority in (Priority.LOW, Priority.NORMAL, Priority.LOW, Priority.HIGH, Priority.NORMAL):
        store.open_handoff(KEY, "b", HandoffRequest(priority, priority), 1.0)
        seen.append(store.handoffs()[0].priority)
    assert seen == [Priority.LOW, Priority.NORMAL, Priority.NORMAL, Priority.HIGH, Priority.HIGH]
    assert len(store.handoffs()) == 1


def test_the_queue_names_the_buyer_also_where_the_reason_does_not(store: Store) -> None:
    store.accept(message(), 0.0)
    store.accept(replace(message("a", author=Author.AGENT), buyer_id="agent-7"), 0.0)
    store.open_handoff(KEY, "", HandoffRequest("reply r-1 is failed", Priority.HIGH), 1.0)
    assert store.handoffs()[0].buyer_id == "buyer-1"


def test_a_conversation_given_back_leaves_the_queue_and_may_enter_it_again(store: Store) -> None:
    store.open_handoff(KEY, "b", HandoffRequest("first", Priority.NORMAL), 1.0)
    store.give_back(KEY, 2.0)
    assert store.handoffs() == []
    store.open_handoff(KEY, "b", HandoffRequest("second", Priority.NORMAL), 3.0)
    (open_,) = store.handoffs()
    assert open_.reason == "second"
    assert [i.reason for i in store.handoffs(done=True)] == ["second", "first"]
    assert store.handoff(open_.id) == open_
    assert store.handoff(999) is None


def test_a_transcript_tells_who_said_what_in_the_order_it_was_said(store: Store) -> None:
    # A hand-driven clock and quick answers: question and answer may bear the same time.
    for n in range(3):
        store.accept(message(f"m-{n}", received_at=100.0), 0.0)
        store.put(KEY, reply(f"r-{n}"), 100.0 + n)
    store.accept(message("a", author=Author.AGENT, received_at=200.0), 0.0)
    store.put(KEY, reply("p", origin="agent"), 201.0)
    assert [e.who for e in store.transcript(KEY)] == ["buyer"] * 3 + ["bot"] * 3 + ["agent", "agent"]
    assert [e.who for e in store.transcript(KEY, limit=2)] == ["agent", "agent"]
    assert store.transcript(OTHER) == []


def test_a_change_by_another_process_is_noticed_and_ones_own_is_not(store: Store, path: Path) -> None:
    before = store.changed_elsewhere()
    store.accept(message(), 0.0)
    assert store.changed_elsewhere() == before
    other = Store(path)
    other.accept(message("m-2"), 0.0)
    other.close()
    assert store.changed_elsewhere() != before
