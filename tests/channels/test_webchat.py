"""Channel webchat over real sockets: the page, whom it lets in, and that one buyer sees one conversation."""

import asyncio
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from .conftest import Running, buyer_key

MINE, YOURS = "mine-0123456789abcdef", "yours-0123456789abcdef"


def path(conversation: str = MINE, after: int = 0) -> str:
    return f"/chat/ws?conversation={conversation}&after={after}"


def line(**changes: Any) -> dict[str, Any]:
    return {"type": "message", "message_id": "line-0001", "text": "在吗", "time": 1762862400.5} | changes


async def test_the_front_door_leads_to_the_page(shop: Running) -> None:
    async with shop.client.get(shop.url + "/") as response:
        assert response.url.path == "/chat"
        assert response.content_type == "text/html"


async def test_the_page_bears_the_shop_s_name_as_text(shop: Running) -> None:
    async with shop.client.get(shop.url + "/chat") as response:
        assert "<h1>坚果铺 &lt;本店&gt;</h1>" in await response.text()


async def test_the_page_may_run_nothing_but_itself(shop: Running) -> None:
    async with shop.client.get(shop.url + "/chat") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|document\.write", page)


async def test_a_line_is_answered_in_its_conversation(shop: Running) -> None:
    async with shop.socket(path()) as socket:
        await socket.say(**line())
        assert await socket.hear("accepted") == {
            "type": "accepted",
            "message_id": "line-0001",
            "seq": 1,
            "duplicate": False,
        }
    (message,) = shop.host.messages
    assert message.key == ("webchat", "main", MINE)
    assert (message.text, message.sent_at) == ("在吗", 1762862400.5)


async def test_a_line_resent_after_a_reconnect_is_taken_once(shop: Running) -> None:
    for duplicate in (False, True):
        async with shop.socket(path()) as socket:
            await socket.say(**line())
            assert (await socket.hear("accepted"))["duplicate"] is duplicate
    assert len(shop.host.messages) == 1


async def test_the_same_line_id_in_another_browser_is_another_line(shop: Running) -> None:
    async with shop.socket(path(MINE)) as mine, shop.socket(path(YOURS)) as yours:
        for socket in (mine, yours):
            await socket.say(**line())
            assert (await socket.hear("accepted"))["duplicate"] is False


async def test_nobody_reads_or_acknowledges_anothers_replies(shop: Running) -> None:
    async with shop.socket(path(MINE)) as mine, shop.socket(path(YOURS)) as yours:
        await mine.say(**line())
        reply = await mine.hear("reply")
        await yours.say(type="ack", keys=[reply["key"]])
        assert await yours.hear() == {"type": "acked", "keys": 0}
        assert await shop.host.state_of(reply["key"]) == "offered"
        await mine.say(type="ack", keys=[reply["key"]])
        assert await mine.hear("acked") == {"type": "acked", "keys": 1}
    async with shop.socket(path(YOURS)) as yours:
        await yours.say(type="ping")
        assert await yours.hear() == {"type": "pong"}


async def test_replies_missed_while_away_come_on_return(shop: Running) -> None:
    async with shop.socket(path()) as socket:
        await socket.say(**line())
        first = await socket.hear("reply")
    await shop.host.say(buyer_key("webchat", conversation=MINE), "还在的")
    await shop.host.say(buyer_key("webchat", conversation=YOURS), "给别人的")
    async with shop.socket(path(after=first["cursor"])) as socket:
        assert (await socket.hear("reply"))["text"] == "还在的"


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (line(author="agent"), "author"),
        (line(kind="image"), "kind"),
        (line(conversation=YOURS), "conversation"),
        (line(text=""), "text"),
        (line(message_id="short"), "message_id"),
        (line(message_id=f"x:{YOURS}"), "message_id"),
    ],
)
async def test_a_page_speaks_as_its_buyer_only(shop: Running, frame: dict[str, Any], field: str) -> None:
    async with shop.socket(path()) as socket:
        await socket.say(**frame)
        told = await socket.hear()
        assert (told["type"], told["field"]) == ("error", field)
    assert shop.host.messages == []


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:1"])
async def test_other_origins_are_turned_away(shop: Running, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    with pytest.raises(WSServerHandshakeError) as refused:
        await shop.client.ws_connect(shop.url + path(), headers=headers)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "conversation", ["", "short", "../../etc/passwd-0000", "a" * 65, "对话对话对话对话对话对话对话对话"]
)
async def test_a_conversation_id_that_could_be_guessed_or_is_odd_is_422(shop: Running, conversation: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        async with shop.socket(path(conversation)):
            pass
    assert refused.value.status == 422


async def test_after_a_stop_lines_wait_for_the_next_start(shop: Running) -> None:
    async with shop.socket(path()) as socket:
        await shop.channels["webchat"].stop()
        await socket.say(**line())
        told = await socket.hear()
        assert (told["message_id"], told["retry_after"]) == ("line-0001", 5)
        async with asyncio.timeout(3):
            await shop.server.stop()
