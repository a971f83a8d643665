"""Channel http over real sockets: signatures, refusals, replies by cursor, replies by callback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import ValidationError
from standardwebhooks import Webhook

from autoreply.channels.base import ChannelHome, SendFailed
from autoreply.channels.http import HttpChannel, HttpSettings
from autoreply.settings import Secret

from .conftest import OTHER_SECRET, SECRET, Running, Start, buyer_key, incoming, signed

MESSAGES = "/v1/messages"


def body(**changes: Any) -> str:
    return json.dumps(incoming(**changes))


# In -----------------------------------------------------------------------------------------------------------------


async def test_a_signed_message_is_kept_and_acknowledged(shop: Running) -> None:
    status, answer = await shop.post(MESSAGES, body(text="明天能到吗"))
    assert (status, answer) == (202, {"seq": 1, "duplicate": False})
    (message,) = shop.host.messages
    assert message.text == "明天能到吗"
    assert message.key == ("http", "main", "c-1")
    assert datetime.fromtimestamp(message.sent_at, UTC) == datetime(2025, 11, 11, 12, tzinfo=UTC)
    assert abs(message.received_at - shop.host.clock.now()) < 60


async def test_a_message_id_is_taken_once(shop: Running) -> None:
    first = await shop.post(MESSAGES, body())
    again = await shop.post(MESSAGES, body())
    assert first == (202, {"seq": 1, "duplicate": False})
    assert again == (202, {"seq": 1, "duplicate": True})
    assert len(shop.host.messages) == 1


async def test_two_messages_with_the_same_text_are_two_messages(shop: Running) -> None:
    await shop.post(MESSAGES, body(message_id="m-1", text="在吗"))
    _, answer = await shop.post(MESSAGES, body(message_id="m-2", text="在吗"))
    assert answer == {"seq": 2, "duplicate": False}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param(signed(body(), OTHER_SECRET), id="another secret"),
        pytest.param(signed(body(text="改过的")), id="another body"),
        pytest.param({**signed(body()), "webhook-id": "other"}, id="another id"),
        pytest.param(signed(body(), at=datetime.now(UTC) - timedelta(hours=6)), id="too old"),
        pytest.param(signed(body(), at=datetime.now(UTC) + timedelta(hours=6)), id="too new"),
        pytest.param({**signed(body()), "webhook-timestamp": "yesterday"}, id="no timestamp"),
        pytest.param({**signed(body()), "webhook-timestamp": "nan"}, id="timestamp is no number"),
        pytest.param({**signed(body()), "webhook-signature": "v1"}, id="no comma"),
        pytest.param({**signed(body()), "webhook-signature": "v1,三"}, id="not base64"),
        pytest.param({**signed(body()), "webhook-signature": "v2,AAAA"}, id="another version"),
    ],
)
async def test_a_bad_signature_is_401_and_does_not_say_why(shop: Running, headers: dict[str, str]) -> None:
    async with shop.client.post(
        shop.url + MESSAGES, data=body(), headers={"Content-Type": "application/json", **headers}
    ) as response:
        assert response.status == 401
        assert await response.json() == {"error": "the signature is missing, wrong or too old"}
    assert shop.host.messages == []


async def test_one_of_several_signatures_is_enough(shop: Running) -> None:
    """As while a secret is being changed."""
    old, new = signed(body(), OTHER_SECRET), signed(body())
    both = f"{old['webhook-signature']} {new['webhook-signature']}"
    status, _ = await shop.post(MESSAGES, body(), headers={"webhook-signature": both})
    assert status == 202


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        pytest.param(body(text=...), "text", id="missing"),
        pytest.param(body(txet="?"), "txet", id="misspelt"),
        pytest.param(body(text=5), "text", id="wrong type"),
        pytest.param(body(text=""), "text", id="empty"),
        pytest.param(body(text="长" * 20_001), "text", id="too long"),
        pytest.param(body(message_id=""), "message_id", id="empty id"),
        pytest.param(body(message_id=7), "message_id", id="id is a number"),
        pytest.param(body(buyer_id="a\x00b"), "buyer_id", id="NUL in an id"),
        pytest.param(body(conversation="\ud800"), "conversation", id="half a pair in an id"),
        pytest.param(body(conversation="c" * 129), "conversation", id="id too long"),
        pytest.param(body(shop="other"), "shop", id="another shop"),
        pytest.param(body(kind="video"), "kind", id="unknown kind"),
        pytest.param(body(author="bot"), "author", id="unknown author"),
        pytest.param(body(time="2025-11-11T20:00:00"), "time", id="time without offset"),
        pytest.param(body(time="yesterday"), "time", id="no time"),
        pytest.param(body(time=1762862400000), "time", id="milliseconds"),
        pytest.param(body(time=True), "time", id="boolean time"),
        pytest.param("[]", "body", id="a list"),
        pytest.param("", "body", id="nothing"),
        pytest.param("{", "body", id="cut short"),
        pytest.param('{"text": NaN}', "body", id="NaN"),
        pytest.param('{"text": "a", "text": "b"}', "text", id="given twice"),
        pytest.param('{"a":' * 30_000, "body", id="nested too deeply"),
        pytest.param('{"time": ' + "1" * 5000 + "}", "body", id="endless number"),
        pytest.param('{"\\ud800": 1}', "body", id="half a pair in a name"),
    ],
)
async def test_a_malformed_body_is_422_with_the_field(shop: Running, sent: str, field: str) -> None:
    status, answer = await shop.post(MESSAGES, sent)
    assert (status, answer["field"]) == (422, field)
    assert answer["error"]
    assert shop.host.messages == []


async def test_a_body_in_gbk_is_told_so(shop: Running) -> None:
    status, answer = await shop.post(MESSAGES, json.dumps(incoming(), ensure_ascii=False).encode("gbk"))
    assert (status, answer) == (422, {"error": "is not UTF-8", "field": "body"})


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=gbk", "application/x-www-form-urlencoded"])
async def test_another_content_type_is_415(shop: Running, kind: str) -> None:
    status, answer = await shop.post(MESSAGES, body(), headers={"Content-Type": kind})
    assert (status, answer["field"]) == (415, "content-type")


async def test_a_huge_body_is_413(shop: Running) -> None:
    status, answer = await shop.post(MESSAGES, " " * 300_000)
    assert status == 413
    assert "error" in answer


async def test_a_body_that_is_not_the_gzip_it_says_is_400(shop: Running) -> None:
    status, answer = await shop.post(MESSAGES, body(), headers={"Content-Encoding": "gzip"})
    assert status == 400
    assert "error" in answer


async def test_the_longest_text_fits_however_it_is_written(shop: Running) -> None:
    status, _ = await shop.post(MESSAGES, json.dumps(incoming(text="😀" * 20_000), ensure_ascii=True))
    assert status == 202


async def test_half_an_emoji_and_nul_are_cleaned_from_a_text(shop: Running) -> None:
    """Platforms cut texts at a length and so through an emoji: the message counts all the same."""
    status, _ = await shop.post(MESSAGES, body(text="好的\ud83d\x00"))
    assert status == 202
    assert shop.host.messages[0].text == "好的\ufffd\ufffd"


@pytest.mark.parametrize(
    "time", [0, 1, 253402300799, "1999-12-31T23:59:59Z", "2093-01-01T00:00:00+08:00", 1762862400.25]
)
async def test_a_skewed_clock_is_accepted(shop: Running, time: object) -> None:
    status, _ = await shop.post(MESSAGES, body(time=time))
    assert status == 202


async def test_images_need_no_text(shop: Running) -> None:
    status, _ = await shop.post(MESSAGES, body(kind="image", text=""))
    assert status == 202


async def test_what_an_agent_wrote_is_no_buyers_message(shop: Running) -> None:
    status, _ = await shop.post(MESSAGES, body(author="agent", text="我来处理"))
    assert status == 202
    assert (await shop.get("/v1/replies"))[1]["replies"] == []


async def test_a_full_inbox_is_429_and_says_when_to_come_back(shop: Running) -> None:
    shop.host.full = True
    async with shop.client.post(
        shop.url + MESSAGES, data=body(), headers={"Content-Type": "application/json", **signed(body())}
    ) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "7"
        assert (await response.json())["retry_after"] == 7


async def test_nothing_is_acknowledged_that_cannot_be_kept(shop: Running) -> None:
    shop.host.broken = True
    assert (await shop.post(MESSAGES, body()))[0] == 503
    assert (await shop.post("/v1/replies/ack", '{"keys": ["r1"]}'))[0] == 503
    assert (await shop.get("/v1/replies"))[0] == 503


async def test_a_stopped_channel_takes_nothing_and_still_gives_replies(shop: Running) -> None:
    await shop.post(MESSAGES, body())
    await shop.channels["http"].stop()
    status, answer = await shop.post(MESSAGES, body(message_id="m-2"))
    assert (status, answer["retry_after"]) == (503, 5)
    assert len((await shop.get("/v1/replies?wait=5"))[1]["replies"]) == 1


# Replies by cursor --------------------------------------------------------------------------------------------------


async def test_replies_are_fetched_by_cursor_and_acknowledged(shop: Running) -> None:
    await shop.post(MESSAGES, body(message_id="m-1", text="一"))
    await shop.post(MESSAGES, body(message_id="m-2", text="二", conversation="c-2"))
    _, got = await shop.get("/v1/replies?after=0&wait=5&limit=1")
    (first,) = got["replies"]
    assert {k: first[k] for k in ("shop", "conversation", "text", "in_reply_to")} == {
        "shop": "main",
        "conversation": "c-1",
        "text": "收到：一",
        "in_reply_to": ["m-1"],
    }
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert got["cursor"] == first["cursor"]
    _, rest = await shop.get(f"/v1/replies?after={got['cursor']}&wait=5")
    assert [r["text"] for r in rest["replies"]] == ["收到：二"]

    assert await shop.post("/v1/replies/ack", json.dumps({"keys": [first["key"]]})) == (200, {"acked": 1})
    assert await shop.host.state_of(first["key"]) == "sent"
    assert await shop.post("/v1/replies/ack", json.dumps({"keys": [first["key"], "r-unknown"]})) == (200, {"acked": 0})


async def test_a_long_poll_ends_when_a_reply_comes(shop: Running) -> None:
    waiting = asyncio.create_task(shop.get("/v1/replies?wait=60"))
    await shop.post(MESSAGES, body())
    async with asyncio.timeout(10):
        _, got = await waiting
    assert [r["in_reply_to"] for r in got["replies"]] == [["m-1"]]


async def test_a_poll_without_news_is_empty(shop: Running) -> None:
    assert await shop.get("/v1/replies?after=3&wait=0.01") == (200, {"replies": [], "cursor": 3})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=9223372036854775808", "after"),
        ("after=1&after=2", "after"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("wait=61", "wait"),
        ("wait=nan", "wait"),
        ("since=1", "since"),
        ("%ff=1", "\ufffd"),
    ],
)
async def test_a_bad_query_is_422_with_the_parameter(shop: Running, query: str, field: str) -> None:
    status, answer = await shop.get(f"/v1/replies?{query}")
    assert (status, answer["field"]) == (422, field)


async def test_the_signature_of_a_get_is_over_its_path_and_query(shop: Running) -> None:
    async with shop.client.get(shop.url + "/v1/replies?after=0", headers=signed("/v1/replies?after=9")) as response:
        assert response.status == 401


# Replies by callback ------------------------------------------------------------------------------------------------


@dataclass
class Callback:
    """A peer's server. ``answers`` are its next statuses, then 204; "hang" and "cut" take a reply and say nothing."""

    answers: list[int | str] = field(default_factory=list)
    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    @property
    def taken(self) -> set[str]:
        """Keys of the replies it has, each once, however often they came."""
        return {json.loads(text)["key"] for _, text in self.calls}

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        answer = self.answers.pop(0) if self.answers else 204
        self.calls.append((dict(request.headers), text))
        self.called.set()
        if answer == "hang":
            await asyncio.sleep(60)
        if answer == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=answer if isinstance(answer, int) else 204, headers={"Location": "/elsewhere"})

    async def until_called(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.calls) < times:
                self.called.clear()
                await self.called.wait()


@asynccontextmanager
async def peer(*answers: int | str) -> AsyncIterator[Callback]:
    callback = Callback(list(answers))
    app = web.Application()
    app.router.add_post("/replies", callback.handle)
    server = TestServer(app, shutdown_timeout=0.1)
    await server.start_server()
    callback.url = str(server.make_url("/replies"))
    try:
        yield callback
    finally:
        await server.close()


async def settled(shop: Running, callback: Callback, wanted: str) -> None:
    """Return once the one reply that the callback got is in the state ``wanted``."""
    (key,) = callback.taken
    async with asyncio.timeout(10):
        while await shop.host.state_of(key) != wanted:  # noqa: ASYNC110 - the journal has no event for it
            await asyncio.sleep(0.01)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again almost at once."""
    monkeypatch.setattr("autoreply.conversation.delivery._BACKOFF", (0.01, 0.01))


async def test_a_reply_is_posted_signed_and_with_its_key(start: Start) -> None:
    async with peer() as callback:
        shop = await start(callback_url=callback.url)
        await shop.post(MESSAGES, body(text="包装好看吗"))
        await callback.until_called(1)
        headers, text = callback.calls[0]
        reply = Webhook(SECRET).verify(text, headers)
        assert reply["text"] == "收到：包装好看吗"
        assert reply["key"] == headers["webhook-id"]
        await settled(shop, callback, "sent")


async def test_with_a_callback_nothing_is_fetched(start: Start) -> None:
    async with peer() as callback:
        shop = await start(callback_url=callback.url)
        assert (await shop.get("/v1/replies"))[0] == 404


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", [500, 503, 429, 408, 425, "cut"])
async def test_trouble_of_the_moment_is_tried_again_with_the_same_key(start: Start, trouble: int | str) -> None:
    async with peer(trouble, trouble) as callback:
        shop = await start(callback_url=callback.url)
        await shop.post(MESSAGES, body())
        await callback.until_called(3)
        assert len(callback.taken) == 1
        assert {h["webhook-id"] for h, _ in callback.calls} == callback.taken
        await settled(shop, callback, "sent")


@pytest.mark.usefixtures("quick")
async def test_a_callback_that_takes_a_reply_and_then_hangs_gets_it_again_with_the_same_key(start: Start) -> None:
    async with peer("hang") as callback:
        shop = await start(callback_url=callback.url, callback_timeout=0.2)
        await shop.post(MESSAGES, body())
        await callback.until_called(2)
        assert len(callback.taken) == 1
        await settled(shop, callback, "sent")


@pytest.mark.parametrize("status", [302, 400, 404, 410])
async def test_a_callback_that_says_no_is_not_asked_again(start: Start, status: int) -> None:
    async with peer(status) as callback:
        shop = await start(callback_url=callback.url)
        await shop.post(MESSAGES, body())
        await callback.until_called(1)
        await settled(shop, callback, "failed")
        (handoff,) = await shop.host.journal.run(lambda store: store.handoffs())
        assert str(status) in handoff.reason
        assert len(callback.calls) == 1


@pytest.mark.usefixtures("quick")
async def test_a_callback_that_is_down_is_tried_until_it_is_up(start: Start) -> None:
    port = unused_port()
    callback = Callback()
    shop = await start(callback_url=f"http://127.0.0.1:{port}/replies")
    await shop.post(MESSAGES, body())
    app = web.Application()
    app.router.add_post("/replies", callback.handle)
    server = TestServer(app, port=port)
    await server.start_server()
    try:
        await callback.until_called(1)
        await settled(shop, callback, "sent")
    finally:
        await server.close()


@pytest.mark.parametrize(
    ("make", "unknown"),
    [
        (lambda: peer("hang"), True),
        (lambda: peer("cut"), True),
        (lambda: peer(500), False),
    ],
    ids=["hangs", "is cut", "fails"],
)
async def test_only_what_may_have_arrived_is_unknown(
    start: Start, make: Callable[[], Any], unknown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = asyncio.get_running_loop().create_future()
    async with make() as callback:
        shop = await start(callback_url=callback.url, callback_timeout=0.2)
        real: Callable[..., Awaitable[Any]] = shop.channels["http"].send

        async def watched(sending: Any) -> Any:
            try:
                return await real(sending)
            except SendFailed as e:
                if not failure.done():
                    failure.set_result(e)
                raise

        monkeypatch.setattr(shop.channels["http"], "send", watched)
        await shop.host.say(buyer_key("http", conversation="c-1"), "您好")
        async with asyncio.timeout(10):
            failed = await failure
    assert (failed.retry, failed.unknown) == (True, unknown)


# Settings -----------------------------------------------------------------------------------------------------------


def test_enabled_without_a_secret_is_told() -> None:
    with pytest.raises(ValidationError, match="secret is required when enabled"):
        HttpSettings(enabled=True)


@pytest.mark.parametrize("secret", ["short", "whsec_", "whsec_AAAA", "not base64 at all, but long enough to be one!"])
def test_a_secret_that_is_not_fit_to_sign_with_is_told(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SECRET", secret)
    with pytest.raises(ValueError, match="at least 24 bytes"):
        HttpChannel(HttpSettings(enabled=True, secret=Secret(env="TEST_SECRET")), ChannelHome("http", tmp_path))


def test_a_fresh_secret_file_is_fit_to_sign_with(tmp_path: Path) -> None:
    settings = HttpSettings(enabled=True, secret=Secret(file=Path("http.secret")))
    HttpChannel(settings, ChannelHome("http", tmp_path))
    assert (tmp_path / "http.secret").read_text().startswith("whsec_")
