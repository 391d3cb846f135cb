"""Signed notices, posted as JSON to an address of the operator's own; tried again for a while, told once for a key."""

import hmac
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import anyio

from kronveil.notifiers.once import Told, shortened
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.notifiers import Notice, Notifier, NotifierComponent
from kronveil.sdk.outgoing import Answer, Request, place, send
from kronveil.sdk.secret import Secret

TRIES = 3
FIRST_WAIT_S = 0.5
LONGEST_TITLE, LONGEST_TEXT = 300, 4000
SIGNATURE = "X-Kronveil-Signature"
KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """Signed notices to an address of the operator's own.

    The address may hold a secret in its path or query, as those of chat services do: it is never shown whole.
    """

    url: Secret
    signing_key: Secret | None = None
    timeout: timedelta = timedelta(seconds=10)


class Webhook:
    """See ``Notifier``."""

    def __init__(self, config: WebhookConfig) -> None:
        if urlsplit(config.url.reveal()).scheme not in ("http", "https"):
            raise Permanent("the webhook's address must begin with https:// or http://")
        self._config = config
        self._told = Told()
        self._where = place(config.url.reveal())

    def __repr__(self) -> str:
        return f"Webhook({self._where!r})"

    async def tell(self, notice: Notice) -> str:
        """See ``Notifier.tell``."""
        if notice.key in self._told:
            return self._where
        request, backoff = self._request(notice), Backoff(FIRST_WAIT_S)
        for tried in range(1, TRIES + 1):
            try:
                self._judge(await send(request, timeout_s=self._config.timeout.total_seconds()))
            except Transient as error:
                if tried == TRIES:
                    raise
                after = error.retry_after
                await anyio.sleep(backoff.next_s(after.total_seconds() if after else 0.0))
            else:
                self._told.add(notice.key)
                return self._where
        raise Transient(f"{self._where} was not told")

    def _request(self, notice: Notice) -> Request:
        body = json.dumps(
            {
                "key": notice.key,
                "title": shortened(notice.title, LONGEST_TITLE),
                "text": shortened(notice.text, LONGEST_TEXT),
                "severity": notice.severity,
                "at": notice.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "incident_id": notice.incident_id or None,
                "cluster": notice.cluster or None,
                "resource": notice.resource or None,
            },
            ensure_ascii=False,
        ).encode()
        headers = {"content-type": "application/json", "user-agent": "kronveil", KEY: notice.key}
        if self._config.signing_key is not None:
            headers[SIGNATURE] = signature(self._config.signing_key, body, datetime.now(UTC))
        return Request("POST", self._config.url.reveal(), headers, body)

    def _judge(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            return
        words = f"{self._where} answers {answer.status}"
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise Transient(words, retry_after=answer.retry_after)
        if 300 <= answer.status < 400:
            raise Permanent(f"{words}: it sends elsewhere, which is not followed; write the address it sends to")
        raise Permanent(f"{words}: it does not take notices as they are sent; look at its address and key")


def signature(key: Secret, body: bytes, at: datetime) -> str:
    """``t=SECONDS,v1=HEX``: an HMAC-SHA256 over the time, a dot and the body, so that an old notice is told from a new.

    A receiver computes the same, compares in constant time, and refuses what is older than a few minutes.
    """
    seconds = int(at.timestamp())
    told = hmac.new(key.reveal().encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
    return f"t={seconds},v1={told}"


@asynccontextmanager
async def _open(config: WebhookConfig) -> AsyncGenerator[Notifier]:
    yield Webhook(config)


component = NotifierComponent(
    name="webhook", summary="Signed notices to an address of your own.", config=WebhookConfig, open=_open
)
