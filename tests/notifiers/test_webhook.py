"""The webhook: signed, tried again, told once, and never sent where nobody meant it to go."""

import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest

from kronveil.notifiers.webhook import KEY, SIGNATURE, WebhookConfig, component
from kronveil.sdk.errors import Permanent
from kronveil.sdk.notifiers import Notifier
from kronveil.sdk.secret import Secret
from kronveil.sdk.testing.notifiers import NOTICE, NotifierContract
from tests.receiver import Received, Said, Server, served

pytestmark = pytest.mark.anyio
SIGNING = "signing-key-zq7"


class Hook:
    """A receiver that knows a notice by its key, as the page for receivers says."""

    secret = "path-secret-zq7"

    def __init__(self, server: Server) -> None:
        self.server = server
        server.answer = self._answer
        self._seen: dict[str, str] = {}
        self._loses = self._refuses = False

    @property
    def told(self) -> Sequence[str]:
        return list(self._seen.values())

    async def lose_next_answer(self) -> None:
        self._loses = True

    async def go_down(self) -> None:
        await self.server.stop()

    async def refuse(self) -> None:
        self._refuses = True

    def _answer(self, request: Received) -> Said:
        if self._refuses:
            return Said(403)
        self._seen.setdefault(request.headers[KEY.lower()], request.json["text"])
        loses, self._loses = self._loses, False
        return Said(204, b"", is_lost=loses)


@pytest.mark.anyio
class TestWebhook(NotifierContract):
    """The contract."""

    @asynccontextmanager
    async def receiver(self) -> AsyncIterator[Hook]:
        async with served() as server:
            yield Hook(server)

    def open(self, receiver: Any) -> AbstractAsyncContextManager[Notifier]:
        return component.open(config(receiver.server, "/services/path-secret-zq7"))


def config(server: Server, path: str = "/hook") -> WebhookConfig:
    return WebhookConfig(url=Secret(server.url + path), signing_key=Secret(SIGNING))


async def test_the_signature_is_over_the_time_and_the_body():
    async with served() as server, component.open(config(server)) as notifier:
        await notifier.tell(NOTICE)
        (request,) = server.received
        time, told = (part.partition("=")[2] for part in request.headers[SIGNATURE.lower()].split(","))
        expected = hmac.new(SIGNING.encode(), f"{time}.".encode() + request.body, sha256).hexdigest()
        assert told == expected
        assert (request.headers[KEY.lower()], request.json["incident_id"]) == (NOTICE.key, "inc-1")


async def test_a_redirect_is_not_followed():
    async with served() as elsewhere, served() as server, component.open(config(server)) as notifier:
        server.answer = lambda _: Said(302, headers={"location": elsewhere.url})
        with pytest.raises(Permanent, match="not followed"):
            await notifier.tell(NOTICE)
        assert elsewhere.received == []


async def test_a_receiver_that_is_busy_is_asked_again_with_the_same_key():
    async with served() as server, component.open(config(server)) as notifier:
        server.answer = lambda _: Said(503) if len(server.received) < 2 else Said(200)
        await notifier.tell(NOTICE)
        assert [request.headers[KEY.lower()] for request in server.received] == [NOTICE.key] * 3


async def test_an_address_that_is_none_is_refused_when_it_is_opened():
    with pytest.raises(Permanent, match="https://"):
        async with component.open(WebhookConfig(url=Secret("hooks.example.com"))):
            pass
