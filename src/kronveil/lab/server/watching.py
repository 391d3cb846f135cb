"""Watching: each change once from the asked version on, bookmarks in between, 410 when the past is gone."""

from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from kronveil.lab.kinds import NEW_EVENT, JsonObject, Kind
from kronveil.lab.selectors import Test
from kronveil.lab.server.answers import ApiError, expired
from kronveil.lab.server.faults import Faults, reset
from kronveil.lab.server.reading import int_of, tests_of, too_large
from kronveil.lab.server.tables import table
from kronveil.lab.server.targets import Target
from kronveil.lab.server.views import View
from kronveil.lab.world import Change, ExpiredError, Record, World

LONGEST_WATCH_S = 1800
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch request, as an ASGI answer. Constructed by ``open_watch``, which refuses what cannot be served."""

    world: World
    faults: Faults
    target: Target
    view: View
    tests: list[Test]
    start: int | None
    """The version to go on from; None: begin with what is there."""
    bookmark_every_s: float | None
    timeout_s: float
    marks_initial_end: bool
    held: list[bytes] = field(default_factory=list[bytes])
    """What is kept back to be sent in the wrong order."""
    transports: list[Any] = field(default_factory=list[Any])
    """The connection, once there is one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until the client goes or the time is over."""
        transport = scope["state"]["connection"].transport
        self.faults.watch_connections.add(transport)
        self.transports.append(transport)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_cancel_on_disconnect, receive, tasks.cancel_scope)
                await self._stream(send)
                tasks.cancel_scope.cancel()
        finally:
            self.faults.watch_connections.discard(transport)

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        if self.faults.take("close"):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        shelf = self.world.shelves[self.target.kind]
        waker = _Waker()
        shelf.wakers.add(waker)
        try:
            position = await self._send_initial(send)
            end = anyio.current_time() + self.timeout_s
            while anyio.current_time() < end:
                try:
                    changes = shelf.since(position)
                except ExpiredError as error:
                    await self._send(send, [_error_frame(str(error))])
                    break
                position = shelf.end
                await self._send(send, [frame for change in changes if (frame := self._frame(change))])
                await self._wait(send, waker, end, position)
        finally:
            shelf.wakers.discard(waker)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_initial(self, send: Send) -> int:
        """What is there already, for a client that names no version; answers the log position to go on from."""
        shelf = self.world.shelves[self.target.kind]
        if self.start is not None:
            position = shelf.position_after(self.start)
            await self._send(send, [])
            return position
        frames = [
            self._encode(b"ADDED", record)
            for record in self.world.list(self.target.kind, self.target.namespace)
            if all(test(record.obj) for test in self.tests)
        ]
        position = shelf.end
        if self.marks_initial_end:
            frames.append(self._bookmark({INITIAL_EVENTS_END: "true"}))
        await self._send(send, frames)
        return position

    async def _wait(self, send: Send, waker: "_Waker", end: float, position: int) -> None:
        """Until there is a change, sending bookmarks meanwhile."""
        every = self.bookmark_every_s
        while (now := anyio.current_time()) < end:
            with anyio.move_on_after(min(end - now, every or end - now)):
                await waker.wait()
                return
            if every and self.world.shelves[self.target.kind].end == position:
                await self._send(send, [self._bookmark({})])

    async def _send(self, send: Send, frames: list[bytes]) -> None:
        """Write frames in one go; without any, only the headers go out."""
        await self.faults.passage()
        if not frames:
            await _send_body(send, b"")
            return
        await self.faults.watch_passage(self.target.kind.plural)
        body = b"".join(self.faults.spoil(frames, self.held))
        if body and self.faults.take("cut"):
            await _send_body(send, body[: len(body) // 2])
            reset(self.transports[0])
            return
        async for piece in self.faults.pieces(body):
            await _send_body(send, piece)

    def _frame(self, change: Change) -> bytes | None:
        """A change as this watch sees it: what no longer matches was deleted, what matches now was added."""
        if self.target.namespace and change.record.key[0] != self.target.namespace:
            return None
        kind = change.type
        if self.tests:
            matches = all(test(change.record.obj) for test in self.tests)
            matched = change.previous is not None and all(test(change.previous.obj) for test in self.tests)
            if kind == "DELETED":
                return self._encode(b"DELETED", change.record) if matched else None
            if not (matches or matched):
                return None
            kind = "DELETED" if not matches else kind if matched else "ADDED"
        return self._encode(kind.encode(), change.record)

    def _encode(self, kind: bytes, record: Record) -> bytes:
        if self.view is View.TABLE:
            body = msgspec.json.encode(table(record.kind, [record], {}, self.world.now))
        else:
            body = self.view.encode(record)
        return b'{"type":"%b","object":%b}\n' % (kind, body)

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        metadata: JsonObject = {"resourceVersion": str(self.world.version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        body: JsonObject = {"kind": self.target.kind.name, "apiVersion": self.target.kind.api_version}
        if self.view is View.TABLE:
            body = table(self.target.kind, [], {"resourceVersion": str(self.world.version)}, self.world.now)
        elif self.view is View.METADATA:
            body = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        elif self.view is View.NEW_EVENT:
            body["apiVersion"] = NEW_EVENT.api_version
        return msgspec.json.encode({"type": "BOOKMARK", "object": {**body, "metadata": metadata}}) + b"\n"


def open_watch(  # noqa: PLR0913 - all that a watch is about
    world: World,
    faults: Faults,
    target: Target,
    query: QueryParams,
    *,
    view: View,
    bookmark_every_s: float,
    streams_lists: bool,
) -> Watch:
    """Read a watch request. Raises ApiError: 410 for a version that is gone, 504 for one from the future."""
    asked = query.get("resourceVersion", "")
    version = int_of(query, "resourceVersion")
    initial = query.get("sendInitialEvents") in ("true", "1")
    if "sendInitialEvents" in query:
        _check_streaming(query, streams_lists=streams_lists)
    start = None if asked in ("", "0") or initial else version
    if version > world.version:
        raise too_large(version, world.version)
    if start is not None:
        _check_not_gone(world, target.kind, start)
    wants_bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
    return Watch(
        world=world,
        faults=faults,
        target=target,
        view=view,
        tests=tests_of(target, query),
        start=start,
        bookmark_every_s=bookmark_every_s if wants_bookmarks else None,
        timeout_s=int_of(query, "timeoutSeconds") or LONGEST_WATCH_S,
        marks_initial_end=initial and wants_bookmarks,
    )


def _check_streaming(query: QueryParams, *, streams_lists: bool) -> None:
    """Refuse, in the words of an API server, what a streaming list may not ask (or an old server does not know)."""
    what = ""
    if query.get("resourceVersionMatch") != "NotOlderThan":
        what = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    if not streams_lists:
        what = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
    if what:
        message = f'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: {what}'
        raise ApiError(422, "Invalid", message, group="meta.k8s.io", kind="ListOptions")


def _check_not_gone(world: World, kind: Kind, version: int) -> None:
    try:
        world.shelves[kind].position_after(version)
    except ExpiredError as error:
        raise expired(str(error)) from error


async def _send_body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _error_frame(message: str) -> bytes:
    return msgspec.json.encode({"type": "ERROR", "object": expired(message).status()}) + b"\n"


async def _cancel_on_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


class _Waker:
    """Set by a shelf at each change; a watch waits for it."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def __call__(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        self._event = anyio.Event()
