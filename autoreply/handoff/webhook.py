"""Notifier ``webhook``: a signed POST for each notice, by the Standard Webhooks scheme.

The body is ``{"type": "handoff.new", "timestamp": …, "data": {…}}``, the type ``handoff.new``, ``handoff.raised`` or
``handoff.waiting``. The header ``webhook-id`` is the same at every repetition. The transcript is not in it; the reason
may repeat what the buyer gave for it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from pydantic import Field, HttpUrl, model_validator

from autoreply.channels.signature import Signature
from autoreply.channels.wire import dumps
from autoreply.conversation.notices import Notice
from autoreply.hookspecs import RegisterNotifier, hookimpl
from autoreply.settings import Secret, Section


class WebhookSettings(Section):
    """``[notify.webhook]``."""

    enabled: bool = Field(False, description="post notices of the queue for people")
    url: HttpUrl | None = Field(None, description="where they are posted to; required when enabled")
    secret: Secret | None = Field(None, description="signs them; required when enabled")
    timeout: float = Field(10.0, gt=0, le=15, description="seconds that the other side may take")

    @model_validator(mode="after")
    def _complete(self) -> "WebhookSettings":
        if self.enabled and (self.url is None or self.secret is None):
            raise ValueError('url and secret are required when enabled; secret = { file = "var/notify.secret" }')
        return self


class NotTaken(Exception):
    """The other side answered, and not with a 2xx."""


class WebhookNotifier:
    """See the module."""

    def __init__(self, settings: WebhookSettings, folder: Path) -> None:
        """Read the secret; ``folder`` is where relative paths of the settings start from.

        Raises:
            ValueError: there is no url or secret, or the secret is not fit to sign with.
        """
        if settings.url is None or settings.secret is None:
            raise ValueError("notifier webhook needs a url and a secret")
        self._url = str(settings.url)
        self._signature = Signature(settings.secret.read(folder))
        self._timeout = ClientTimeout(total=settings.timeout)
        self._session: ClientSession | None = None

    async def tell(self, notice: Notice) -> None:
        """Post it.

        Raises:
            ClientError, TimeoutError, NotTaken: it did not arrive, or nobody said so.
        """
        if self._session is None:
            self._session = ClientSession(timeout=self._timeout)
        body = dumps(payload(notice))
        headers = {"Content-Type": "application/json", **self._signature.headers(notice.key, body)}
        async with self._session.post(self._url, data=body.encode(), headers=headers, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                raise NotTaken(f"answered {answer.status}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def payload(notice: Notice) -> dict[str, Any]:
    """The notice as JSON data; times are ISO 8601 in UTC."""
    item = notice.item
    return {
        "type": f"handoff.{notice.kind}",
        "timestamp": _iso(notice.at),
        "data": {
            "id": item.id,
            **item.conversation._asdict(),
            "buyer_id": item.buyer_id,
            "reason": item.reason,
            "priority": item.priority,
            "agent": item.agent,
            "created_at": _iso(item.created_at),
            "waiting_since": _iso(item.waiting_since) if item.waiting_since is not None else None,
        },
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


@hookimpl
def register_notifiers(register: RegisterNotifier) -> None:
    register("webhook", WebhookNotifier, settings=WebhookSettings)
