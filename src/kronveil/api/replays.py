"""Writes that are done once for each ``Idempotency-Key``: the same request again gets the first one's answer.

The answer is kept in the store for a day. Those of acts on incidents are too, by the pipeline, in one transaction with
what they do; here a kill may come between a deed and its receipt: that is why what is made gets its id from the key.
"""

import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import anyio
from fastapi import Request, Response
from fastapi.routing import APIRoute

from kronveil.agent.desk import Desk, KeyReused
from kronveil.api.asking import idempotency_key, is_key, may_call
from kronveil.api.problems import Refusal
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import Receipt

KEPT_S = 600
MOST_KEPT = 1000
_log = logging.getLogger("kronveil.api")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ToldOnce(Response):
    """An answer that holds a secret. It is repeated from memory only, for ten minutes: long enough for a client that
    saw no answer. Afterwards the same request is refused with ``afterwards``."""

    def __init__(self, answer: Response, afterwards: str) -> None:
        super().__init__(answer.body, answer.status_code, dict(answer.headers), answer.media_type)
        self.afterwards = afterwards


@dataclass(slots=True)
class _Once:
    """One request: who waits for it holds the lock."""

    digest: str
    began_at: float
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    answer: Response | None = None


class Replays:
    """The answers of the last minutes in memory, those of the last day in the store; by caller and key."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[str, _Once] = OrderedDict()

    async def once(self, key: str, digest: str, carry_out: Callable[[], Awaitable[Response]]) -> Response:
        """Carry it out, or give the answer of when it was. Raises KeyReused for a key of another request.

        What fails is not remembered: it may be tried again with the same key.
        """
        once = self._of(key, digest)
        async with once.lock:
            if once.answer is not None:
                return once.answer
            known = await self._desk.receipt(key)
            if known is not None:
                return _again(known, digest)
            answer = await carry_out()
            if answer.status_code < 400:
                once.answer = answer
                await self._keep(_receipt(key, digest, answer, self._desk))
            return answer

    async def _keep(self, receipt: Receipt) -> None:
        """It is done, so a store that takes no receipt now must not make it look undone."""
        try:
            await self._desk.keep_receipt(receipt)
        except PluginError as error:
            _log.warning("an answer is remembered for %d s only: %s", KEPT_S, error)

    def _of(self, key: str, digest: str) -> _Once:
        now = time.monotonic()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) < MOST_KEPT and now - oldest.began_at < KEPT_S:
                break
            self._kept.popitem(last=False)
        once = self._kept.setdefault(key, _Once(digest, now))
        if once.answer is None and not once.lock.locked():
            once.digest = digest
        if once.digest != digest:
            raise _reused()
        return once


class OnceRoute(APIRoute):
    """A route whose writes are done once for each key. It looks before anything the route asks for is looked up: that a
    cluster is gone is no reason not to answer again that it was removed."""

    def get_route_handler(self) -> Handler:
        """As FastAPI asks for it."""
        carry_out = super().get_route_handler()
        if not any(each.call is idempotency_key for each in self.dependant.dependencies):
            return carry_out

        async def handle(request: Request) -> Response:
            key, caller = request.headers.get("idempotency-key"), request.scope["state"]["caller"]
            if key is None or caller is None or not is_key(key):
                return await carry_out(request)
            await may_call(request, caller)
            content = await request.body()
            asked = f"{request.method} {request.url.path}?{request.url.query}\x1f".encode() + content
            request.state.once = digest = hashlib.sha256(asked).hexdigest()
            request.state.key = kept = kept_name(caller.name, key)
            replays: Replays = request.app.state.replays
            return await replays.once(kept, digest, lambda: carry_out(request))

        return handle


def kept_name(caller: str, key: str) -> str:
    """Under which a caller's key is remembered: two callers may use the same."""
    return f"{caller}\x1f{key}"


def fresh_id(request: Request) -> str:
    """32 hexadecimal digits for what a request makes; of one with a key always the same, so that it is made once even
    if the agent was killed before it could remember its answer."""
    key: str | None = getattr(request.state, "key", None)
    if key is None:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{key}\x1f{request.state.once}".encode()).hexdigest()[:32]


def _receipt(key: str, digest: str, answer: Response, desk: Desk) -> Receipt:
    if isinstance(answer, ToldOnce):
        return Receipt(key, digest, "", desk.now(), 409, answer.afterwards)
    return Receipt(key, digest, "", desk.now(), answer.status_code, bytes(answer.body).decode())


def _again(receipt: Receipt, digest: str) -> Response:
    if receipt.request != digest or receipt.status is None:
        raise _reused()
    if receipt.status >= 400:
        raise Refusal(receipt.status, receipt.answer or "")
    if not receipt.answer:
        return Response(status_code=receipt.status)
    return Response(receipt.answer, receipt.status, {"Cache-Control": "no-store"}, "application/json")


def _reused() -> KeyReused:
    return KeyReused("this Idempotency-Key was used before for another request; send a new key")
