"""Signatures by the Standard Webhooks scheme, through its library: HMAC-SHA256 over ``id.timestamp.payload``.

The library's replay window of five minutes to either side of the machine's clock is fixed there. Within it, repeated
messages are told by their message id.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook, WebhookVerificationError

from autoreply.channels.wire import Refused

_LEAST_BYTES = 24
"""Shortest secret that the Standard Webhooks specification allows."""


_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Signature:
    """Signs and checks with one secret."""

    def __init__(self, secret: str) -> None:
        """``secret``: base64 of at least 24 random bytes, with or without ``whsec_`` before it.

        Raises:
            ValueError: it is something else.
        """
        bare = secret.removeprefix("whsec_")
        try:
            key = b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        except binascii.Error:
            key = b""
        if len(key) < _LEAST_BYTES:
            raise ValueError("the secret must be base64 of at least 24 bytes; make one with: openssl rand -base64 32")
        self._webhook = Webhook(key)

    def check(self, headers: Mapping[str, str], payload: str) -> None:
        """Return if ``headers`` hold a valid, fresh signature of ``payload``.

        Raises:
            Refused: 401, without saying what was wrong.
        """
        try:
            self._webhook.verify(payload, {n: headers[n] for n in _HEADERS if n in headers}, json_parse=False)
        except (WebhookVerificationError, ValueError):
            # The library raises plain ValueErrors for headers that are no base64 or lack a version.
            raise Refused(401, "the signature is missing, wrong or too old") from None

    def headers(self, message_id: str, payload: str) -> dict[str, str]:
        """The three headers that sign ``payload`` now."""
        now = datetime.now(UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, payload),
        }
