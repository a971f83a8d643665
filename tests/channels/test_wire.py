"""The wire formats: whatever comes in is read or refused with the field named, never anything else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoreply.channels.wire import (
    MAX_BODY,
    MAX_TEXT,
    Acks,
    ChatLine,
    Incoming,
    Outgoing,
    Refused,
    decode,
    dumps,
    parse,
)

from .conftest import Running, incoming

texts = st.text(st.characters(), max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from([*Incoming.model_fields, "type", "keys", "txet"])
nearly_messages = st.dictionaries(fields, anything, max_size=3).map(lambda changes: incoming() | changes)


def read(text: str, model: type[Any]) -> Any:
    """What ``text`` is read as; None where it is refused, in a way that can be told back."""
    try:
        return parse(model, decode(text))
    except Refused as e:
        refused = e
    assert refused.status == 422
    assert refused.field
    dumps(refused.body()).encode()
    return None


@given(anything | nearly_messages)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for model in (Incoming, Acks, ChatLine):
        read(json.dumps(value), model)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text, Incoming)


@given(st.data())
def test_a_damaged_message_is_read_or_refused(data: st.DataObject) -> None:
    text = json.dumps(incoming(), ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    read(text[:start] + data.draw(st.text(max_size=8)) + text[end:], Incoming)


@given(st.text(st.characters(), min_size=1, max_size=100))
def test_a_text_comes_through_but_for_what_cannot_be_kept(text: str) -> None:
    got = read(json.dumps(incoming(text=text)), Incoming).text
    assert len(got) == len(text)
    got.encode()
    assert all(a == b or b == "\ufffd" for a, b in zip(text, got, strict=True))


@given(st.floats(0, 253402300799) | st.integers(0, 253402300799) | st.datetimes(timezones=st.timezones()))
def test_any_moment_is_kept(time: Any) -> None:
    sent = time if isinstance(time, (int, float)) else time.isoformat()
    moment = time if isinstance(time, (int, float)) else time.timestamp()
    got = read(json.dumps(incoming(time=sent)), Incoming)
    if 0 <= moment <= 253402300799:
        assert got.time == pytest.approx(moment, abs=1e-3)
    else:
        assert got is None


def test_a_body_of_the_largest_size_has_room_for_the_longest_text() -> None:
    assert len(json.dumps(incoming(text="😀" * MAX_TEXT))) < MAX_BODY


def test_the_shapes_are_exported_as_schemas() -> None:
    schema = Incoming.model_json_schema()
    assert set(schema["required"]) == {"shop", "conversation", "buyer_id", "message_id", "text", "time"}
    assert schema["additionalProperties"] is False
    assert "cursor" in Outgoing.model_json_schema()["properties"]


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(st.binary(max_size=60) | nearly_messages.map(lambda m: json.dumps(m).encode()))
async def test_any_body_posted_is_2xx_or_4xx(shop: Running, body: bytes) -> None:
    for path in ("/v1/messages", "/v1/replies/ack"):
        status, answer = await shop.post(path, body)
        assert status in (200, 202) or (400 <= status < 500 and answer["error"])


@quick
@given(st.binary(max_size=60).map(lambda b: b.decode("latin-1")) | nearly_messages.map(json.dumps))
async def test_any_frame_is_answered(shop: Running, text: str) -> None:
    for path in ("/v1/ws?after=0", "/chat/ws?conversation=0123456789abcdef"):
        async with shop.socket(path) as socket:
            await socket.ws.send_str(text)
            assert (await socket.hear("accepted", "acked", "error"))["type"] in ("accepted", "acked", "error")
            await socket.say(type="ping")
            assert (await socket.hear("pong", "error"))["type"] == "pong"
