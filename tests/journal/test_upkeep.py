"""Forgetting by age, erasing a buyer, telling whether a file is sound, copying it: on journals that the store wrote."""

import json
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoreply.clock import ManualClock
from autoreply.journal import HandoffRequest, Journal, JournalError, Outgoing, Settled, Store
from autoreply.journal.backup import back_up
from autoreply.journal.buyers import erase, in_hand
from autoreply.journal.export import of_buyer, rows
from autoreply.journal.files import reading
from autoreply.journal.retention import DAY, keep_purging, purge
from autoreply.journal.schema import OTHERS, TABLES, scripts
from autoreply.journal.verify import figures, problems
from autoreply.model import Behaviour, ConversationKey, Message, Priority

NOW = 1_773_201_600.0
OLD = NOW - 200 * DAY
WORDS = "收货人：李小明，手机13812345678，文三路12号2幢301室"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def key(name: str) -> ConversationKey:
    return ConversationKey("http", "main", name)


def talk(store: Store, name: str, at: float, *, buyer: str = "", text: str = WORDS, answered: bool = True) -> None:
    """A buyer's message at a moment and, unless it is to wait, its turn with a reply that was sent."""
    buyer = buyer or f"buyer of {name}"
    with store:
        message = Message(key(name), f"m-{name}-{at}", buyer, text, received_at=at)
        seq = store.accept(message, 0.0).seq
        if not answered:
            return
        reply = Outgoing(f"r-{name}-{at}", f"好的，{text}", "plugin", {"backed": {}}, (message.message_id,))
        turn = Settled(
            key=key(name),
            buyer_id=buyer,
            seqs=(seq,),
            behaviour=Behaviour.ANSWER,
            replies=(reply,),
            state={"last": {"slug": "change_address", "slots": {"said": text, "at": at}}},
            handoff=None,
            intents=("change_address",),
            rules=(),
            rulebook="v1",
            trace=[{"stage": "turn", "text": text}],
            at=at,
        )
        for row in store.settle(turn) or ():
            assert store.claim(row.id, at)
            store.mark(row.id, "sent", at=at)


def waits(store: Store, name: str, at: float) -> None:
    with store:
        store.open_handoff(key(name), f"buyer of {name}", HandoffRequest("complaint", Priority.HIGH), at)


def count(store: Store, table: str) -> int:
    return int(store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def counts(store: Store) -> dict[str, int]:
    return {table.records: count(store, table.name) for table in TABLES}


# The schema ----------------------------------------------------------------------------------------------------------


def test_every_column_of_every_table_is_known_for_what_it_holds(store: Store) -> None:
    names = store.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {n for (n,) in names} == {t.name for t in TABLES} | set(OTHERS)
    for table in TABLES:
        columns = {r[1] for r in store.db.execute(f"PRAGMA table_info({table.name})")}
        assert columns == set(table.columns), table.name


@pytest.mark.parametrize("version", range(1, max(scripts()) + 1))
def test_a_file_of_every_earlier_version_is_brought_up_to_date_with_all_it_holds(path: Path, version: int) -> None:
    raw = sqlite3.connect(path)
    for number in range(1, version + 1):
        raw.executescript(f"{scripts()[number]}; PRAGMA user_version = {number};")
    where, values = "channel, shop, conversation", "'http', 'main', 'c'"
    raw.executescript(
        f"""
        INSERT INTO inbox ({where}, message_id, author, buyer_id, kind, text, sent_at, received_at, done)
            VALUES ({values}, 'm1', 'buyer', 'b', 'text', '第一句', 1.0, 1.0, 1),
                   ({values}, 'm2', 'buyer', 'b', 'text', '第二句', 2.0, 2.0, 0);
        INSERT INTO outbox (key, {where}, origin, text, draft, in_reply_to, state, created_at)
            VALUES ('r1', {values}, 'canned', '好的', '{{}}', '["m1"]', 'ready', 1.5);
        INSERT INTO decisions ({where}, behaviour, intents, rules, rulebook, trace, at)
            VALUES ({values}, 'answer', '["stock"]', '[]', 'v1', '[]', 1.5);
        INSERT INTO conversations ({where}, buyer_id, state, updated_at) VALUES ({values}, 'b', '{{"said": 1}}', 1.5);
        INSERT INTO handoffs ({where}, buyer_id, reason, priority, created_at, updated_at)
            VALUES ({values}, 'b', 'complaint', 'high', 1.5, 1.5);
        """  # noqa: S608
    )
    raw.close()
    store = Store(path)
    assert [m.text for m in store.undone()] == ["第二句"]
    assert [(r.key, r.text) for r in store.unsent()] == [("r1", "好的")]
    assert store.conversation(key("c")).state == {"said": 1}
    assert [(h.reason, h.state) for h in store.handoffs()] == [("complaint", "open")]
    assert [d["intents"] for d in store.decisions()] == [["stock"]]
    store.close()
    with reading(path) as db:
        assert problems(db) == []


# Forgetting ----------------------------------------------------------------------------------------------------------


def test_what_is_older_goes_and_the_rest_stays(store: Store) -> None:
    for n in range(450):  # more than fit into one step
        talk(store, f"old{n % 7}", OLD + n)
    talk(store, "new", NOW)
    deleted = purge(store, NOW - 190 * DAY)
    assert deleted == {"messages": 450, "replies": 450, "decisions": 450, "conversations": 7, "handoffs": 0}
    assert counts(store) == {"messages": 1, "replies": 1, "decisions": 1, "conversations": 1, "handoffs": 0}
    assert problems(store.db) == []


def test_a_long_conversation_loses_its_beginning_alone(store: Store) -> None:
    talk(store, "c", OLD)
    talk(store, "c", NOW)
    purge(store, NOW - 190 * DAY)
    assert [e.at for e in store.transcript(key("c"))] == [NOW, NOW]
    assert store.conversation(key("c")).state != {}


def test_what_still_waits_stays_whole_however_old(store: Store) -> None:
    talk(store, "unanswered", OLD)
    talk(store, "unanswered", OLD + 1, answered=False)
    talk(store, "queued", OLD)
    waits(store, "queued", OLD)
    talk(store, "unsent", OLD)
    with store:
        store.put(key("unsent"), Outgoing("agent-1", "马上为您处理", "agent"), OLD)
    before = counts(store)
    assert not purge(store, NOW).total()
    assert counts(store) == before
    with store:
        store.give_back(key("queued"), OLD + 2)
    assert purge(store, NOW) == {"messages": 1, "replies": 1, "decisions": 1, "conversations": 1, "handoffs": 1}
    assert problems(store.db) == []


def test_nothing_of_what_was_deleted_can_be_read_in_the_file(store: Store, path: Path) -> None:
    for n in range(50):
        talk(store, f"c{n}", OLD)
    purge(store, NOW)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "13812345678" not in path.read_bytes().decode("latin-1")


async def test_the_server_forgets_once_a_day(path: Path) -> None:
    import asyncio

    clock, journal = ManualClock(OLD), Journal(path)
    journal.start()
    await journal.run(lambda store: store.accept(Message(key("c"), "m1", "b", "在吗", received_at=OLD), 0.0))
    await journal.run(lambda store: store.db.execute("UPDATE inbox SET done = 1"))
    task = asyncio.create_task(keep_purging(journal, clock, keep_days=lambda: 190))

    async def left() -> int:
        for _ in range(40):  # every step is a turn of the loop and of the journal's thread
            await asyncio.sleep(0)
            await journal.run(lambda store: None)
        return await journal.run(lambda store: count(store, "inbox"))

    async def settle() -> None:
        await left()

    await clock.advance_to(OLD + 189 * DAY, settle)
    assert await left() == 1
    await clock.advance_to(OLD + 192 * DAY, settle)
    assert await left() == 0
    task.cancel()
    await journal.stop()


# Erasing -------------------------------------------------------------------------------------------------------------


def test_an_erased_buyer_is_gone_and_still_counted(store: Store, path: Path) -> None:
    talk(store, "a", NOW, buyer="tb-2048")
    talk(store, "a", NOW + 60, buyer="tb-2048")
    talk(store, "b", NOW, buyer="tb-2048")
    talk(store, "other", NOW, buyer="someone", text="有货吗")
    waits(store, "a", NOW)
    before = counts(store)
    with store:
        erased = erase(store, "tb-2048", NOW + 100)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    for gone in ("13812345678", "李小明", "tb-2048", "m-a-"):
        assert gone.encode() not in content
    assert counts(store) == before
    assert erased.rows == {"messages": 3, "replies": 3, "decisions": 3, "handoffs": 1, "conversations": 2}
    found = store.db.execute("SELECT buyer_id, count(*), count(DISTINCT conversation) FROM inbox GROUP BY 1").fetchall()
    assert sorted(found) == sorted([(erased.pseudonym, 3, 2), ("someone", 1, 1)])
    assert store.handoffs() == []
    assert [e.text for e in store.transcript(key("other"))] == ["有货吗", "好的，有货吗"]
    assert problems(store.db) == []


def test_erasing_leaves_no_words_anywhere_in_the_buyers_rows(store: Store) -> None:
    talk(store, "a", NOW, buyer="tb-2048")
    with store:
        store.put(key("a"), Outgoing("agent-1", WORDS, "agent", {"override": WORDS}), NOW)
        name = erase(store, "tb-2048", NOW).pseudonym
    (conversation,) = of_buyer(store.db, name)
    told = json.dumps(conversation, ensure_ascii=False)
    assert not any(word in told for word in ("收货人", "好的", "1381234", "m-a"))
    assert [r["state"] for r in conversation["replies"]] == ["sent", "withdrawn"]


def test_a_second_erasure_cannot_be_linked_to_the_first(store: Store) -> None:
    names = set()
    for n in range(3):
        talk(store, f"c{n}", NOW + n, buyer="tb-2048")
        with store:
            names.add(erase(store, "tb-2048", NOW + n).pseudonym)
    assert len(names) == 3


def test_a_peer_that_fetches_from_the_beginning_does_not_meet_erased_replies(store: Store) -> None:
    talk(store, "a", NOW, buyer="tb-2048")
    talk(store, "b", NOW, buyer="someone")
    assert len(store.offered("http", 0, 10)) == 2
    with store:
        erase(store, "tb-2048", NOW)
    assert [r.conversation for r in store.offered("http", 0, 10)] == [key("b")]


def test_what_is_in_hand_is_told_and_dropped_only_when_asked(store: Store) -> None:
    talk(store, "a", NOW, buyer="tb-2048", answered=False)
    assert in_hand(store, "tb-2048") == 1
    assert in_hand(store, "someone") == 0
    with store:
        erase(store, "tb-2048", NOW)
    assert store.undone() == []
    assert problems(store.db) == []


def test_the_same_id_on_another_channel_may_be_another_person(store: Store) -> None:
    talk(store, "a", NOW, buyer="7")
    with store:
        elsewhere = ConversationKey("websocket", "main", "a")
        store.accept(Message(elsewhere, "m1", "7", "在吗", received_at=NOW), 0.0)
        assert len(of_buyer(store.db, "7")) == 2
        erase(store, "7", NOW, channel="http")
    assert [c["channel"] for c in of_buyer(store.db, "7")] == ["websocket"]


# Traces --------------------------------------------------------------------------------------------------------------


def test_traces_are_kept_masked_and_texts_as_written(store: Store) -> None:
    talk(store, "a", NOW)
    (decision,) = store.decisions()
    assert decision["trace"] == [{"stage": "turn", "text": "收货人：李**，手机138****5678，************"}]
    assert store.transcript(key("a"))[0].text == WORDS


# Exports -------------------------------------------------------------------------------------------------------------


def test_an_export_is_masked_and_its_ids_hold_within_it(store: Store) -> None:
    talk(store, "a", NOW, buyer="tb-2048")
    talk(store, "a", NOW + 1, buyer="tb-2048")
    found = list(rows(store.db))
    told = json.dumps(found, ensure_ascii=False)
    for hidden in ("13812345678", "李小明", "文三路", "tb-2048", "m-a-"):
        assert hidden not in told
    messages = [r for r in found if r["record"] == "message"]
    replies = [r for r in found if r["record"] == "reply"]
    assert len({m["buyer_id"] for m in messages}) == len({r["conversation"] for r in found}) == 1
    assert [r["in_reply_to"] for r in replies] == [[m["message_id"]] for m in messages]
    again = list(rows(store.db))
    assert again[0]["buyer_id"] != found[0]["buyer_id"]


def test_an_unmasked_export_is_as_written(store: Store) -> None:
    talk(store, "a", NOW, buyer="tb-2048")
    first, *_ = rows(store.db, unmasked=True)
    assert (first["text"], first["buyer_id"], first["conversation"]) == (WORDS, "tb-2048", "a")


def test_an_export_of_a_span_or_of_one_conversation(store: Store) -> None:
    for n in range(4):
        talk(store, f"c{n % 2}", NOW + n)
    of = {"unmasked": True, "conversation": "c1"}
    assert {r["conversation"] for r in rows(store.db, **of)} == {"c1"}  # type: ignore[arg-type]
    span = [r for r in rows(store.db, unmasked=True, since=NOW + 1, until=NOW + 3) if r["record"] == "message"]
    assert [r["received_at"] for r in span] == [NOW + 1, NOW + 2]


# Sound or not --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("DELETE FROM decisions", "message 1 of http/main/a counts as answered"),
        ("DELETE FROM decisions", "reply r-a-"),
        ("UPDATE outbox SET state = 'lost'", "has the state lost, which there is not"),
        ("UPDATE counters SET value = 0", "has cursor 1, above the last one given"),
        ("UPDATE outbox SET state = 'sending', cursor = NULL", "is on its way without a cursor"),
        ("UPDATE conversations SET state = 'x'", "conversations http main a: state is no JSON"),
        ("DELETE FROM counters", "the counter of cursors is missing"),
    ],
)
def test_rows_that_cannot_be_are_told(store: Store, harm: str, told: str) -> None:
    talk(store, "a", NOW)
    assert problems(store.db) == []
    store.db.execute(harm)
    assert any(told in problem for problem in problems(store.db))


def test_many_problems_of_one_sort_are_told_in_part(store: Store) -> None:
    for n in range(30):
        talk(store, f"c{n}", NOW)
    store.db.execute("UPDATE outbox SET state = 'lost'")
    assert len(problems(store.db)) == 21


@pytest.mark.parametrize("harm", ["overwritten", "cut off"])
def test_damage_is_found(store: Store, path: Path, harm: str) -> None:
    for n in range(200):
        talk(store, f"c{n}", NOW)
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    with path.open("rb+") as file:
        if harm == "overwritten":
            file.seek(4096 * 6)
            file.write(b"\xff" * 4096)
        else:
            file.truncate(4096 * 40)
    told = []
    try:
        with reading(path) as db:
            told = problems(db)
    except JournalError as e:  # where not even the version can be read
        assert harm == "cut off"
        told = [str(e)]
    assert any("damaged" in problem for problem in told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"garbage" * 1000, "put it aside and take a sound backup"),
        (b"", "is no journal"),
    ],
)
def test_what_is_no_journal_is_told_with_what_to_do(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalError, match=told), reading(path):
        pass
    assert path.read_bytes() == content


def test_figures(store: Store) -> None:
    talk(store, "a", NOW)
    talk(store, "b", NOW + 5, answered=False)
    waits(store, "a", NOW)
    found = figures(store.db)
    assert found["rows"] == {"messages": 2, "replies": 1, "decisions": 1, "handoffs": 1, "conversations": 1}
    assert (found["oldest"], found["newest"]) == (NOW, NOW + 5)
    assert (found["buyers"], found["unanswered"], found["unsent"], found["handoffs_open"]) == (2, 1, 0, 1)


# Copies --------------------------------------------------------------------------------------------------------------


def test_a_backup_holds_what_was_committed_and_opens_as_a_journal(store: Store, path: Path, tmp_path: Path) -> None:
    talk(store, "a", NOW)
    target = tmp_path / "backups" / "copy.db"
    with store:
        store.accept(Message(key("b"), "m9", "b", "还没有提交", received_at=NOW), 0.0)
        size = back_up(path, target)  # while another connection is in the middle of writing
    assert size == target.stat().st_size
    assert sorted(p.name for p in target.parent.iterdir()) == ["copy.db"]
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    copy = Store(target)
    assert [e.text for e in copy.transcript(key("a"))] == [WORDS, f"好的，{WORDS}"]
    assert copy.undone() == []
    copy.close()
    with reading(target) as db:
        assert problems(db) == []


def test_a_journal_that_is_not_sound_gives_no_backup(store: Store, path: Path, tmp_path: Path) -> None:
    talk(store, "a", NOW)
    store.db.execute("DELETE FROM decisions")
    with pytest.raises(JournalError, match="is not sound, no backup was made"):
        back_up(path, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_never_takes_the_place_of_another_file(store: Store, path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"precious")
    with pytest.raises(JournalError, match="is there already"):
        back_up(path, target)
    assert target.read_bytes() == b"precious"
