"""The live stream over a WebSocket: what the client says in, frames out, and an honest code at the end."""

import contextlib
import logging
import time
from collections.abc import Callable

import anyio
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from kronveil.api.asks import SocketStart
from kronveil.api.callers import Caller, Doorman, NotAuthenticated
from kronveil.api.encode import encode
from kronveil.api.fan import Fan
from kronveil.api.feed import Composer, Feed
from kronveil.api.frames import ClientError
from kronveil.api.interest import Subscribe, interest_of, read_client_frame
from kronveil.api.lines import (
    A_BUG,
    NOT_ALLOWED,
    NOT_AUTHENTICATED,
    NOT_UNDERSTOOD,
    TRY_LATER,
    Close,
    Line,
    Watch,
)
from kronveil.api.pace import Pace
from kronveil.api.problems import request_id_of
from kronveil.api.wire import EXTENSION, Wire, text_frame
from kronveil.sdk.errors import PluginError

MOST_MISTAKES = 50
_log = logging.getLogger("kronveil.api")


class Streams:
    """What all sockets of one agent share."""

    def __init__(self, composer: Composer, doorman: Doorman, pace: Pace) -> None:
        self.composer = composer
        self.doorman = doorman
        self.pace = pace
        self.fan = Fan(composer, pace)


async def serve_socket(websocket: WebSocket, streams: Streams) -> None:
    """Speak with one client until it leaves or has to."""
    # Accepted before it is refused: a browser's page can read a close code, but not why a handshake failed.
    await websocket.accept()
    try:
        close = await _refuse_or_stream(websocket, streams)
    except Exception:  # noqa: BLE001 - the last place where a bug can still be told
        request_id = request_id_of(websocket.scope)
        _log.exception("stream %s failed", request_id)
        close = Close(A_BUG, f"This is a bug of the agent; its log tells more about {request_id}.")
    if close is None:
        return
    # A client that does not read keeps the close frame waiting behind what it has not read.
    with (
        anyio.move_on_after(streams.pace.hold_s) as patience,
        contextlib.suppress(WebSocketDisconnect, RuntimeError),
    ):
        await websocket.close(close.code, close.reason.encode()[:123].decode(errors="ignore"))
    if patience.cancelled_caught:
        _wire_of(websocket).abort()


def _wire_of(websocket: WebSocket) -> Wire:
    wire: Wire = websocket.scope["extensions"][EXTENSION]
    return wire


async def _refuse_or_stream(websocket: WebSocket, streams: Streams) -> Close | None:
    if websocket.scope["state"]["wait_s"] is not None:
        return Close(TRY_LATER, "too many requests from this client; try again in a moment")
    try:
        asked = SocketStart.model_validate(dict(websocket.query_params))
    except ValidationError as error:
        return Close(NOT_UNDERSTOOD, "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors()))
    try:
        caller = caller_of(streams.doorman, websocket.headers.get("authorization"), asked.ticket)
    except NotAuthenticated as error:
        return Close(NOT_AUTHENTICATED, str(error))
    why_not = websocket.scope["state"]["why_not"]
    if why_not is not None:
        return Close(NOT_ALLOWED, why_not)
    feed = Feed(streams.composer, asked.since, asked.epoch, in_batches=asked.batch)
    line = Line(_wire_of(websocket), feed, Watch(streams.doorman, caller, streams.pace))
    try:
        return await _Conversation(websocket, feed, line, streams).hold()
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


class _Conversation:
    """Both directions of one socket."""

    def __init__(self, websocket: WebSocket, feed: Feed, line: Line, streams: Streams) -> None:
        self._websocket = websocket
        self._feed = feed
        self._line = line
        self._fan = streams.fan
        self._pace = streams.pace
        self._mistakes = 0

    async def hold(self) -> Close | None:
        """Until it is over; None when the client has left."""
        close: Close | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen, tasks.cancel_scope.cancel)
            try:
                for message in await self._feed.begin():
                    self._line.wire.write(text_frame(message.data))
                self._fan.add(self._line)
                close = await self._line.ended()
            except PluginError as error:
                close = Close(TRY_LATER, str(error))
            finally:
                self._fan.remove(self._line)
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
            if self._mistakes > MOST_MISTAKES:
                self._line.end(Close(NOT_UNDERSTOOD, f"more than {MOST_MISTAKES} frames were not understood"))
            # Told by this task, so that a client that does not read its answers is not listened to either.
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.send_text(encode(ClientError("error", str(error))).decode())
            return
        if isinstance(frame, Subscribe):
            self._feed.interest = interest_of(frame)
        else:
            self._line.heard_at = time.monotonic()
