"""The first thing a request meets: an id, how often this client asks, who is calling and from where, how much may be
sent, and what every answer carries. Order of refusal: 429, 401, 403, then what lies behind."""

import math
import os
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kronveil.api.answers import Answers, is_hot
from kronveil.api.callers import Doorman, NotAuthenticated
from kronveil.api.limits import WRONG_TOKEN, Limits, Proxies
from kronveil.api.options import ApiOptions
from kronveil.api.origins import Doorplate
from kronveil.api.problems import Refusal, answer, bug, log_bug

MOST_BODY_BYTES = 1 << 20
# Health tells strangers names and statuses; the streams let a ticket stand in for the token, so they look themselves.
OPEN_PATHS = frozenset({"/api/v1/health", "/api/v1/stream"})
_GOOD_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CSP = (
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS: Sequence[tuple[bytes, bytes]] = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """Stands before the API and the console, as one ASGI application."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands before, what it asks, and how streams live and end
        self,
        api: ASGIApp,
        console: ASGIApp,
        options: ApiOptions,
        doorman: Doorman,
        answers: Answers,
        stream: Callable[[], Coroutine[Any, Any, None]],
        ending: anyio.Event,
    ) -> None:
        self.stream = stream
        """To be run beside the servers: it writes to all who follow the live stream over a WebSocket."""
        self._api = api
        self._answers = answers
        self._ending = ending
        self._console = console
        self._doorman = doorman
        self._doorplate = Doorplate(
            is_loopback=options.is_loopback, hosts=options.allowed_hosts, origins=options.allowed_origins
        )
        self._proxies = Proxies(options.trusted_proxies)
        self._limits = Limits()

    def end_streams(self) -> None:
        """The agent stops: let every stream end properly."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse."""
        if scope["type"] == "lifespan":
            await self._api(scope, receive, send)
            return
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        given = headers.get("x-request-id", "")
        request_id = given if _GOOD_REQUEST_ID.fullmatch(given) else os.urandom(16).hex()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        client = self._proxies.client_of((scope.get("client") or ("",))[0], headers.get("x-forwarded-for"))
        wait_s = self._limits.take(client)
        if scope["type"] == "websocket":
            state["wait_s"] = wait_s
            # A browser cannot read a refused handshake; the socket's own close codes tell it why.
            state["why_not"] = self._why_not_here(headers)
            await self._api(scope, receive, send)
            return
        marked = _Marked(send, request_id)
        if wait_s is not None:
            await answer(scope, too_many(wait_s))(scope, receive, marked)
            return
        await self._http(scope, headers, receive, marked)
        if marked.status == 401:
            self._limits.charge(client, WRONG_TOKEN)

    async def _http(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: "_Marked") -> None:
        is_api = scope["path"] == "/api" or scope["path"].startswith("/api/")
        try:
            refusal = self._refusal(scope, headers, is_api=is_api)
            if refusal is not None:
                await answer(scope, refusal)(scope, receive, send)
            elif is_api:
                await self._answer(scope, receive, send)
            else:
                await self._console(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last place where a bug can still be answered
            log_bug(scope, error)
            if not send.has_started:
                await bug(scope)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope["state"]["caller"]
        if caller is not None and is_hot(scope):
            if not await self._answers.again(scope, caller, send):
                await self._api(scope, receive, self._answers.keeping(scope, caller, send))
            return
        try:
            await self._api(scope, _Measured(receive), send)
        finally:
            if scope["method"] not in _READS:
                self._answers.forget()

    def _refusal(self, scope: Scope, headers: Mapping[str, str], *, is_api: bool) -> Refusal | None:
        if is_api:
            try:
                caller = self._doorman.who(headers.get("authorization"))
            except NotAuthenticated as error:
                return stranger(str(error))
            if caller is None and scope["path"] not in OPEN_PATHS:
                return stranger("This agent asks for a token: Authorization: Bearer TOKEN.")
            scope["state"]["caller"] = caller
        why_not = self._why_not_here(headers)
        if why_not is None and is_api and scope["method"] not in _READS:
            why_not = _why_not_from_afar(headers)
        if why_not is not None:
            return Refusal(403, why_not)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > MOST_BODY_BYTES:
            return too_large()
        return None

    def _why_not_here(self, headers: Mapping[str, str]) -> str | None:
        host = headers.get("host")
        return self._doorplate.why_not_host(host) or self._doorplate.why_not_origin(headers.get("origin"), host)


def _why_not_from_afar(headers: Mapping[str, str]) -> str | None:
    """A browser says for whom it writes, also where it names no origin. A second lock: origins are looked at first."""
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("origin") is None:
        return "A browser asks for a page of another site, which may not change anything here."
    return None


def stranger(detail: str) -> Refusal:
    """401, with the scheme that would do."""
    return Refusal(401, detail, headers={"WWW-Authenticate": 'Bearer realm="kronveil"'})


def too_many(wait_s: float) -> Refusal:
    """429, with when to come back."""
    told = "This client asks more often than the agent answers one client. Wait as long as Retry-After says."
    return Refusal(429, told, headers={"Retry-After": str(math.ceil(wait_s))})


def too_large() -> Refusal:
    """413."""
    return Refusal(413, f"A body may have at most {MOST_BODY_BYTES} bytes.")


class _Measured:
    """A body whose length was not announced is measured as it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > MOST_BODY_BYTES:
            raise too_large()
        return message


class _Marked:
    """Puts on each answer what all of them carry."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.has_started = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self.status = message["status"]
            given = message.get("headers", [])
            names = {name for name, _ in given}
            always = [each for each in _ALWAYS if each[0] not in names]
            request_id = (b"x-request-id", self._request_id.encode())
            message = {**message, "headers": [*given, request_id, *always]}
        await self._send(message)
