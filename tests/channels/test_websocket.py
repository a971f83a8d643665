"""Channel websocket over real sockets: acks both ways, resume by cursor, bad frames, slow and many peers."""

import asyncio
import json
import random
from typing import Any

import pytest
from aiohttp import ClientWSTimeout, WSMsgType, WSServerHandshakeError

from autoreply.channels import stream

from .conftest import OTHER_SECRET, Running, Socket, Start, buyer_key, incoming, signed


async def told(socket: Socket, count: int) -> list[dict[str, Any]]:
    """The next replies."""
    return [await socket.hear("reply") for _ in range(count)]


async def test_a_message_is_accepted_answered_and_the_answer_acknowledged(shop: Running) -> None:
    async with shop.socket() as socket:
        await socket.say(type="message", **incoming(text="有红色的吗"))
        first, second = await socket.hear(), await socket.hear()
        accepted, reply = (first, second) if first["type"] == "accepted" else (second, first)
        assert accepted == {"type": "accepted", "message_id": "m-1", "seq": 1, "duplicate": False}
        assert reply["text"] == "收到：有红色的吗"
        assert reply["in_reply_to"] == ["m-1"]
        await socket.say(type="ack", keys=[reply["key"]])
        assert await socket.hear() == {"type": "acked", "keys": 1}
        assert await shop.host.state_of(reply["key"]) == "sent"


async def test_a_repeated_message_is_a_duplicate(shop: Running) -> None:
    async with shop.socket() as socket:
        for _ in range(2):
            await socket.say(type="message", **incoming())
        answers = [await socket.hear("accepted") for _ in range(2)]
    assert sorted(a["duplicate"] for a in answers) == [False, True]
    assert {a["seq"] for a in answers} == {1}


async def test_messages_keep_their_order_however_fast_they_come(shop: Running) -> None:
    async with shop.socket() as socket:
        for n in range(300):
            await socket.say(type="message", **incoming(message_id=f"m-{n}", text=f"第{n}句"))
        accepted = sorted([await socket.hear("accepted") for _ in range(300)], key=lambda a: a["seq"])
    assert [a["message_id"] for a in accepted] == [f"m-{n}" for n in range(300)]


async def test_a_ping_is_answered(shop: Running) -> None:
    async with shop.socket() as socket:
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


# Resume -------------------------------------------------------------------------------------------------------------


async def test_after_a_reconnect_everything_above_the_cursor_comes_in_order(shop: Running) -> None:
    key = buyer_key("websocket", conversation="c-1")
    async with shop.socket() as socket:
        await shop.host.say(key, "一")
        (first,) = await told(socket, 1)
    for text in "二三四":
        await shop.host.say(key, text)
    async with shop.socket(f"/v1/ws?after={first['cursor']}") as socket:
        replies = await told(socket, 3)
        await shop.host.say(key, "五")
        replies += await told(socket, 1)
    assert [r["text"] for r in replies] == list("二三四五")
    assert [r["cursor"] for r in replies] == sorted({r["cursor"] for r in replies})


async def test_replies_that_are_made_during_the_catch_up_come_once(shop: Running) -> None:
    key = buyer_key("websocket", conversation="c-1")
    for n in range(250):
        await shop.host.say(key, f"早{n}")
    async with shop.socket() as socket:
        making = asyncio.gather(*(shop.host.say(key._replace(conversation=f"c{n}"), f"晚{n}") for n in range(50)))
        replies = await told(socket, 300)
        await making
        await socket.say(type="ping")
        assert (await socket.hear())["type"] == "pong"
    assert len({r["key"] for r in replies}) == 300
    assert [r["cursor"] for r in replies] == sorted(r["cursor"] for r in replies)


async def test_a_line_cut_again_and_again_loses_nothing_and_shows_nothing_twice(shop: Running) -> None:
    """The peer resends what was not accepted, resumes by cursor, and acknowledges late."""
    waiting = {f"m-{n}": incoming(message_id=f"m-{n}", conversation=f"c-{n % 7}") for n in range(60)}
    seen: list[dict[str, Any]] = []
    chance = random.Random(7)
    async with asyncio.timeout(20):
        while waiting or len(seen) < 60:
            cursor = seen[-1]["cursor"] if seen else 0
            async with shop.socket(f"/v1/ws?after={cursor}") as socket:
                for message in chance.sample(sorted(waiting.values(), key=lambda m: m["message_id"]), len(waiting)):
                    await socket.say(type="message", **message)
                    await socket.say(type="message", **message)
                for _ in range(chance.randint(1, 40)):
                    if not waiting and len(seen) == 60:
                        break
                    frame = await socket.hear("accepted", "reply")
                    if frame["type"] == "reply":
                        seen.append(frame)
                    else:
                        waiting.pop(frame["message_id"], None)
    assert sorted(r["in_reply_to"][0] for r in seen) == sorted(f"m-{n}" for n in range(60))
    assert len({r["key"] for r in seen}) == 60
    assert len(shop.host.messages) == 60


async def test_two_peers_both_see_every_reply(shop: Running) -> None:
    async with shop.socket() as one, shop.socket() as two:
        await one.say(type="message", **incoming())
        assert (await told(one, 1)) == (await told(two, 1))


# Bad frames ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "body"),
        ("7", "body"),
        ("{}", "type"),
        ('{"type": ["message"]}', "type"),
        ('{"type": "reply"}', "type"),
        ('{"type": "ping", "extra": 1}', "extra"),
        ('{"type": "ack", "keys": []}', "keys"),
        ('{"type": "ack", "keys": ["\\ud800"]}', "keys.0"),
        (json.dumps({"type": "message", **incoming(text=...)}), "text"),
        (" " * 300_000, "body"),
    ],
)
async def test_a_bad_frame_is_told_and_closes_nothing(shop: Running, text: str, field: str) -> None:
    async with shop.socket() as socket:
        await socket.ws.send_str(text)
        told = await socket.hear()
        assert (told["type"], told["field"]) == ("error", field)
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


async def test_an_error_names_the_message_it_is_about(shop: Running) -> None:
    async with shop.socket() as socket:
        await socket.say(type="message", **incoming(message_id="m-9", shop="other"))
        told = await socket.hear()
    assert (told["message_id"], told["field"]) == ("m-9", "shop")


async def test_a_full_inbox_and_a_broken_journal_say_when_to_try_again(shop: Running) -> None:
    async with shop.socket() as socket:
        shop.host.full = True
        await socket.say(type="message", **incoming())
        assert (await socket.hear())["retry_after"] == 7
        shop.host.full, shop.host.broken = False, True
        await socket.say(type="message", **incoming())
        assert (await socket.hear())["retry_after"] == 5
        shop.host.broken = False
        await socket.say(type="message", **incoming())
        assert (await socket.hear("accepted"))["duplicate"] is False


async def test_repeated_binary_frames_close_their_own_connection_only(shop: Running) -> None:
    async with shop.socket() as good, shop.socket() as bad:
        for n in range(5):
            await bad.ws.send_bytes(bytes([n, 255]))
        for _ in range(4):
            assert (await bad.hear())["type"] == "error"
        closed = await bad.ws.receive(timeout=5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1003)
        await good.say(type="ping")
        assert await good.hear() == {"type": "pong"}


# The connection -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/v1/ws?after=0", {}, 401, id="unsigned"),
        pytest.param("/v1/ws?after=0", signed("/v1/ws?after=0", OTHER_SECRET), 401, id="another secret"),
        pytest.param("/v1/ws?after=0", signed("/v1/ws"), 401, id="signed without the query"),
        pytest.param("/v1/ws?after=x", signed("/v1/ws?after=x"), 422, id="bad cursor"),
    ],
)
async def test_a_bad_handshake_is_refused(shop: Running, path: str, headers: dict[str, str], status: int) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await shop.client.ws_connect(shop.url + path, headers=headers)
    assert refused.value.status == status


async def test_a_plain_get_is_400_as_json(shop: Running) -> None:
    status, answer = await shop.get("/v1/ws")
    assert status == 400
    assert "error" in answer


async def test_too_many_connections_are_refused_and_told_to_come_back(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_LISTENERS", 1)
    async with shop.socket():
        with pytest.raises(WSServerHandshakeError) as refused:
            async with shop.socket():
                pass
        assert refused.value.status == 503
    async with asyncio.timeout(5):
        while True:
            try:
                async with shop.socket() as socket:
                    await socket.say(type="ping")
                    assert await socket.hear() == {"type": "pong"}
                break
            except WSServerHandshakeError:
                await asyncio.sleep(0.01)


async def test_a_peer_that_does_not_read_is_dropped_and_resumes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.2)
    shop = await start()
    key = buyer_key("websocket", conversation="c-1")
    async with shop.socket(autoping=False, timeout=ClientWSTimeout(ws_close=0.1)) as socket:
        socket.ws._response.connection.transport.pause_reading()
        for n in range(60):
            await shop.host.say(key, f"{n}" + "长" * 20_000)
        async with asyncio.timeout(20):
            while shop.channels["websocket"]._desk._count:  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    monkeypatch.setattr(stream, "HEARTBEAT", 20.0)
    async with shop.socket() as socket:
        assert len({r["key"] for r in await told(socket, 60)}) == 60


async def test_stopping_takes_no_more_messages_yet_delivers_and_then_says_goodbye(shop: Running) -> None:
    async with shop.socket() as socket:
        await shop.channels["websocket"].stop()
        await socket.say(type="message", **incoming())
        assert (await socket.hear())["retry_after"] == 5
        await shop.host.say(buyer_key("websocket", conversation="c-1"), "最后一句")
        assert (await told(socket, 1))[0]["text"] == "最后一句"
        async with asyncio.timeout(3):
            stopping = asyncio.create_task(shop.server.stop())
            closed = await socket.ws.receive()
            await stopping
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1001)


async def test_a_journal_that_fails_under_a_connection_ends_it_with_try_again(shop: Running) -> None:
    async with shop.socket() as socket:
        await socket.say(type="ping")
        await socket.hear("pong")
        shop.host.broken = True
        shop.channels["websocket"]._desk.wake("c-1")  # type: ignore[attr-defined]
        closed = await socket.ws.receive(timeout=5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1013)
