"""The notifier ``webhook``: what it posts, that it is signed, and when it wants to be asked again."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from autoreply.conversation.notices import Notice
from autoreply.handoff.webhook import NotTaken, WebhookNotifier, WebhookSettings
from autoreply.journal import HandoffItem
from autoreply.model import ConversationKey, Priority

SECRET = "whsec_" + b64encode(b"a secret for tests, 32 bytes long").decode()
ITEM = HandoffItem(
    7, ConversationKey("http", "main", "c-1"), "b-1", "complaint", Priority.HIGH, "open", 100.0, 160.0, "", None, 100.0
)
NOTICE = Notice("handoff-7-waiting", "waiting", 160.0, ITEM)


class Ear:
    """The other side: keeps what was posted and answers with ``status``."""

    def __init__(self) -> None:
        self.status = 204
        self.heard: list[tuple[dict[str, str], str]] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.text()))
        return web.Response(status=self.status)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def notifier(ear: Ear, tmp_path: Path) -> AsyncIterator[WebhookNotifier]:
    (tmp_path / "notify.secret").write_text(SECRET, encoding="utf-8")
    app = web.Application()
    app.router.add_post("/notices", ear.hear)
    async with TestServer(app) as server:
        settings = WebhookSettings.model_validate(
            {"enabled": True, "url": str(server.make_url("/notices")), "secret": {"file": "notify.secret"}}
        )
        made = WebhookNotifier(settings, tmp_path)
        yield made
        await made.close()


async def test_a_notice_is_posted_and_signed(notifier: WebhookNotifier, ear: Ear) -> None:
    await notifier.tell(NOTICE)
    ((headers, body),) = ear.heard
    Webhook(SECRET).verify(body, {k.lower(): v for k, v in headers.items()})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace("complaint", "praise"), {k.lower(): v for k, v in headers.items()})
    assert json.loads(body) == {
        "type": "handoff.waiting",
        "timestamp": "1970-01-01T00:02:40.000+00:00",
        "data": {
            "id": 7,
            "channel": "http",
            "shop": "main",
            "conversation": "c-1",
            "buyer_id": "b-1",
            "reason": "complaint",
            "priority": "high",
            "agent": "",
            "created_at": "1970-01-01T00:01:40.000+00:00",
            "waiting_since": "1970-01-01T00:01:40.000+00:00",
        },
    }


async def test_its_id_is_the_same_at_every_repetition(notifier: WebhookNotifier, ear: Ear) -> None:
    await notifier.tell(NOTICE)
    await notifier.tell(NOTICE)
    assert [headers["webhook-id"] for headers, _ in ear.heard] == ["handoff-7-waiting"] * 2


@pytest.mark.parametrize("status", [302, 400, 503])
async def test_what_was_not_taken_is_an_error(notifier: WebhookNotifier, ear: Ear, status: int) -> None:
    ear.status = status
    with pytest.raises(NotTaken, match=str(status)):
        await notifier.tell(NOTICE)


async def test_nobody_there_is_an_error(tmp_path: Path, unused_tcp_port: int) -> None:
    (tmp_path / "notify.secret").write_text(SECRET, encoding="utf-8")
    settings = WebhookSettings.model_validate(
        {"url": f"http://127.0.0.1:{unused_tcp_port}/", "secret": {"file": "notify.secret"}}
    )
    notifier = WebhookNotifier(settings, tmp_path)
    with pytest.raises(ClientConnectorError):
        await notifier.tell(NOTICE)
    await notifier.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("missing", ["url", "secret"])
def test_what_it_needs_is_asked_for_by_the_check(missing: str) -> None:
    given = {"enabled": True, "url": "https://example.com/x", "secret": {"env": "A"}}
    del given[missing]
    with pytest.raises(ValidationError, match="url and secret are required when enabled"):
        WebhookSettings.model_validate(given)


def test_a_secret_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notify.secret").write_text("c2hvcnQ=", encoding="utf-8")
    settings = WebhookSettings.model_validate({"url": "https://example.com/x", "secret": {"file": "notify.secret"}})
    with pytest.raises(ValueError, match="at least 24 bytes"):
        WebhookNotifier(settings, tmp_path)
