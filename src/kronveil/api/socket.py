"""The live stream over a WebSocket: what the client says in, frames out, and an honest code at the end."""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from kronveil.api.asks import SocketStart
from kronveil.api.callers import Caller, Doorman, NotAuthenticated
from kronveil.api.encode import encode
from kronveil.api.feed import Composer, Feed, Message, TooSlow
from kronveil.api.frames import ClientError
from kronveil.api.interest import Subscribe, interest_of, read_client_frame
from kronveil.api.pace import Pace
from kronveil.api.problems import request_id_of
from kronveil.sdk.errors import PluginError

NOT_UNDERSTOOD = 1008
TRY_LATER = 1013
NOT_AUTHENTICATED = 4401
NOT_ALLOWED = 4403
TOO_SLOW = 4408
A_BUG = 1011
MOST_MISTAKES = 50
_PING = Message('{"type":"ping"}')
_log = logging.getLogger("kronveil.api")


@dataclass(frozen=True, slots=True)
class Close:
    """How a stream ends. The text must fit a close frame: 123 bytes."""

    code: int
    reason: str


async def serve_socket(websocket: WebSocket, composer: Composer, doorman: Doorman, pace: Pace) -> None:
    """Speak with one client until it leaves or has to."""
    # Accepted before it is refused: a browser's page can read a close code, but not why a handshake failed.
    await websocket.accept()
    try:
        close = await _refuse_or_stream(websocket, composer, doorman, pace)
    except Exception:  # noqa: BLE001 - the last place where a bug can still be told
        request_id = request_id_of(websocket.scope)
        _log.exception("stream %s failed", request_id)
        close = Close(A_BUG, f"This is a bug of the agent; its log tells more about {request_id}.")
    if close is None:
        return
    # A client that does not read keeps the close frame waiting behind what it has not read.
    with anyio.move_on_after(pace.hold_s), contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.close(close.code, close.reason.encode()[:123].decode(errors="ignore"))


async def _refuse_or_stream(websocket: WebSocket, composer: Composer, doorman: Doorman, pace: Pace) -> Close | None:
    if websocket.scope["state"]["wait_s"] is not None:
        return Close(TRY_LATER, "too many requests from this client; try again in a moment")
    try:
        asked = SocketStart.model_validate(dict(websocket.query_params))
    except ValidationError as error:
        return Close(NOT_UNDERSTOOD, "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors()))
    try:
        caller = caller_of(doorman, websocket.headers.get("authorization"), asked.ticket)
    except NotAuthenticated as error:
        return Close(NOT_AUTHENTICATED, str(error))
    why_not = websocket.scope["state"]["why_not"]
    if why_not is not None:
        return Close(NOT_ALLOWED, why_not)
    feed = Feed(composer, asked.since, asked.epoch, in_batches=asked.batch)
    try:
        return await _Conversation(websocket, feed, composer, Watch(doorman, caller, pace)).hold()
    finally:
        feed.end()


def caller_of(doorman: Doorman, authorization: str | None, ticket: str | None) -> Caller:
    """Who opens a stream: by token, else by ticket, else by being local. Raises NotAuthenticated."""
    if ticket is not None and authorization is None:
        return doorman.redeem(ticket)
    caller = doorman.who(authorization)
    if caller is None:
        raise NotAuthenticated("This agent asks for a token, or a ticket from POST /api/v1/stream/tickets.")
    return caller


class Watch:
    """Looks, once a second, whether the one who opened a stream is still let in."""

    def __init__(self, doorman: Doorman, caller: Caller, pace: Pace) -> None:
        self.pace = pace
        self._doorman = doorman
        self._caller = caller
        self.next_at = time.monotonic() + pace.recheck_s if caller.token_id else math.inf

    def is_welcome(self, now: float) -> bool:
        """False once the token is gone."""
        if now < self.next_at:
            return True
        self.next_at = now + self.pace.recheck_s
        return self._doorman.still_lets_in(self._caller)


class _Conversation:
    """Both directions of one socket."""

    def __init__(self, websocket: WebSocket, feed: Feed, composer: Composer, watch: "Watch") -> None:
        self._websocket = websocket
        self._feed = feed
        self._composer = composer
        self._watch = watch
        self._pace = watch.pace
        self._mistakes = 0
        self._heard_at: float | None = None

    async def hold(self) -> Close | None:
        """Until it is over; None when the client has left."""
        close: Close | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen, tasks.cancel_scope.cancel)
            try:
                close = await self._tell()
            except TooSlow as slow:
                close = Close(TOO_SLOW, f"too slow: {slow}; resume with since and epoch")
            except PluginError as error:
                close = Close(TRY_LATER, str(error))
            except WebSocketDisconnect:
                close = None
            tasks.cancel_scope.cancel()
        return close

    async def _listen(self, leave: Callable[[], None]) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                leave()
                return
            await self._hear(message.get("text") or message.get("bytes") or "")

    async def _hear(self, text: str | bytes) -> None:
        try:
            frame = read_client_frame(text)
        except ValueError as error:
            self._mistakes += 1
            # Told by this task, so that a client that does not read its answers is not listened to either.
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.send_text(encode(ClientError("error", str(error))).decode())
            return
        if isinstance(frame, Subscribe):
            self._feed.interest = interest_of(frame)
        else:
            self._heard_at = time.monotonic()

    async def _tell(self) -> Close:
        await self._send(await self._feed.begin())
        status_at = ping_at = time.monotonic()
        ping_at += self._pace.ping_s
        while True:
            now = time.monotonic()
            if now >= status_at:
                await self._send([self._composer.status()])
                status_at = now + self._pace.status_s
            if now >= ping_at:
                await self._send([_PING])
                ping_at = now + self._pace.ping_s
            if self._heard_at is not None and now - self._heard_at > self._pace.answer_s:
                return Close(
                    TOO_SLOW, f"no answer to a ping for {self._pace.answer_s:g} s; resume with since and epoch"
                )
            if not self._watch.is_welcome(now):
                return Close(NOT_AUTHENTICATED, "the token was revoked or has expired")
            if self._mistakes > MOST_MISTAKES:
                return Close(NOT_UNDERSTOOD, f"more than {MOST_MISTAKES} frames were not understood")
            await self._send(await self._feed.next(min(status_at, ping_at, self._watch.next_at) - now))

    async def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            with anyio.move_on_after(self._pace.send_s) as patience:
                try:
                    await self._websocket.send({"type": "websocket.send", "text": message.text})
                except RuntimeError:
                    # What the server raises for a socket that it has closed by itself meanwhile.
                    raise WebSocketDisconnect from None
            if patience.cancelled_caught:
                raise TooSlow(f"a message could not be sent for {self._pace.send_s:g} s")
