"""Events of ``chat --jsonl``: what is one, and when it happens."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoreply.app import App
from autoreply.cli.events import BadEvent, Event, Replay, parse
from autoreply.model import Author, Kind

WEDNESDAY = 1_773_194_400
"""11 March 2026, 10:00 in China."""

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["conversation", "buyer_id", "text", "kind", "at", "agent", "message_id"])


def test_a_line_may_leave_everything_but_the_text_to_the_defaults() -> None:
    assert parse('{"text": "在吗"}') == Event("chat", "buyer", "在吗", Author.BUYER, Kind.TEXT, None, None)


def test_an_agents_line() -> None:
    event = parse('{"conversation": 7, "agent": "在的", "at": 3}')
    assert (event.conversation, event.author, event.text, event.at) == ("7", Author.AGENT, "在的", 3.0)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('"在吗"', "is not a JSON object"),
        ("{}", 'has no "text"'),
        ('{"text": "在吗", "agent": "在"}', "either the buyer's or the agent's"),
        ('{"text": 5}', '"text" is no string'),
        ('{"text": "在吗", "kind": "video"}', "may be text, image or card"),
        ('{"text": "在吗", "at": "10:00"}', '"at" is no number'),
        ('{"text": "在吗", "at": NaN}', '"at" is not between'),
        ('{"text": "在吗", "at": -1}', '"at" is not between'),
        ('{"text": "在吗", "at": 1' + "0" * 400 + "}", '"at" is not between'),
    ],
)
def test_what_is_no_event_is_told_why(line: str, says: str) -> None:
    with pytest.raises(BadEvent) as told:
        parse(line)
    assert says in str(told.value)


def parsed(line: str) -> Event | str:
    """The event, or why the line is none."""
    try:
        return parse(line)
    except BadEvent as e:
        return str(e)


@given(st.text())
def test_any_line_is_an_event_or_a_bad_one(line: str) -> None:
    assert isinstance(parsed(line), Event | str)


@given(st.dictionaries(FIELDS, ANY_JSON))
def test_any_object_is_an_event_or_a_bad_one(data: dict[str, Any]) -> None:
    event = parsed(json.dumps(data))
    assert event
    if isinstance(event, Event):
        assert event.conversation
        assert event.buyer_id
        if event.author is Author.BUYER and event.kind is Kind.TEXT:
            assert event.text == data["text"]


def replayed(app: App, *lines: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    replay = Replay(app, found.append)
    with replay.session:
        for line in lines:
            replay.feed(parse(line))
        replay.finish()
    return found


def moments(decisions: list[dict[str, Any]]) -> list[tuple[str, float]]:
    return [(d["conversation"], d["at"]) for d in decisions]


def test_without_at_events_are_ten_seconds_apart(app: App) -> None:
    window = app.settings.conversation.merge_window
    found = replayed(app, '{"text": "嗯"}', '{"text": "嗯"}', '{"text": "嗯", "at": 60}', '{"text": "嗯"}')
    assert [d["at"] for d in found] == [window, 10 + window, 60 + window, 70 + window]


def test_lines_typed_on_and_on_are_answered_at_the_cap(app: App) -> None:
    cap = app.settings.conversation.merge_cap
    found = replayed(app, *(f'{{"text": "还有", "at": {n}}}' for n in range(9)))
    assert found[0]["at"] == cap
    assert sum(d["messages"] for d in found) == 9


def test_small_times_count_from_a_wednesday_at_ten_and_large_ones_from_1970(app: App) -> None:
    small = replayed(app, '{"text": "今天能发出吗", "at": 0}')
    large = replayed(app, f'{{"text": "今天能发出吗", "at": {WEDNESDAY}}}')
    assert small[0]["replies"] == large[0]["replies"]
    assert large[0]["at"] == pytest.approx(WEDNESDAY, abs=app.settings.conversation.merge_cap)


def test_recorded_conversations_may_follow_one_another_each_from_zero(app: App) -> None:
    window = app.settings.conversation.merge_window
    found = replayed(
        app,
        '{"conversation": "a", "text": "嗯", "at": 0}',
        '{"conversation": "a", "text": "嗯", "at": 5000}',
        '{"conversation": "b", "text": "嗯", "at": 0}',
        '{"conversation": "b", "text": "嗯", "at": 1}',
    )
    assert moments(found) == [("a", window), ("a", 5000 + window), ("b", 1 + window)]


def test_a_conversation_that_goes_on_after_the_clock_was_set_back_is_remembered(app: App) -> None:
    found = replayed(
        app,
        '{"conversation": "a", "agent": "我来处理", "at": 100}',
        '{"conversation": "b", "text": "转人工", "at": 0}',
        '{"conversation": "a", "text": "转人工", "at": 200}',
    )
    assert [(d["conversation"], d["behaviour"]) for d in found] == [("b", "escalate"), ("a", "silent")]


def test_the_same_events_give_the_same_decisions(app: App) -> None:
    events = [f'{{"conversation": "c{n % 4}", "text": "能便宜点吗", "at": {n}}}' for n in range(24)]
    assert replayed(app, *events) == replayed(app, *events)
