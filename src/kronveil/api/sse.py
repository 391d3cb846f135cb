"""The live stream as server-sent events: the same frames, one way. ``Last-Event-ID`` is ``epoch:seq``."""

import contextlib
import time
from collections.abc import Iterable

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kronveil.api.feed import Composer, Feed, Message, TooSlow
from kronveil.api.lines import Watch
from kronveil.sdk.errors import PluginError


def place_in(last_event_id: str) -> tuple[int | None, str | None]:
    """Where a reconnecting client was; nowhere when the id is not one of ours."""
    epoch, _, seq = last_event_id.rpartition(":")
    return (int(seq), epoch) if seq.isdecimal() and epoch else (None, None)


class EventStream(Response):
    """Sends until the client leaves or is too slow; it comes back by itself and resumes."""

    media_type = "text/event-stream"

    def __init__(self, composer: Composer, watch: Watch, since: int | None, epoch: str | None) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._composer = composer
        self._watch = watch
        self._pace = watch.pace
        self._feed = Feed(composer, since, epoch)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Speak until it is over."""
        try:
            first = await self._feed.begin()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_until_left, receive, tasks.cancel_scope)
                tasks.start_soon(_until_set, self._composer.ending, tasks.cancel_scope)
                await self._tell(first, send)
                tasks.cancel_scope.cancel()
            with contextlib.suppress(OSError):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._feed.end()

    async def _tell(self, first: Iterable[Message], send: Send) -> None:
        try:
            await self._send(first, send)
            status_at = time.monotonic()
            while self._watch.is_welcome(now := time.monotonic()):
                if now >= status_at:
                    await self._send([self._composer.status()], send)
                    status_at = now + self._pace.status_s
                await self._send(await self._feed.next(min(status_at, self._watch.next_at) - now), send)
        except (TooSlow, PluginError, OSError):
            # The body ends here; the client's own reconnecting, with its last id, is the way on.
            return

    async def _send(self, messages: Iterable[Message], send: Send) -> None:
        body = b"".join(self._event(message) for message in messages)
        if not body:
            return
        with anyio.move_on_after(self._pace.send_s) as patience:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if patience.cancelled_caught:
            raise TooSlow(f"nothing could be sent for {self._pace.send_s:g} s")

    def _event(self, message: Message) -> bytes:
        if message.place is None:
            return b"data: %b\n\n" % message.data
        return b"id: %b:%d\ndata: %b\n\n" % (self._composer.desk.live.epoch.encode(), message.place, message.data)


async def _until_set(ending: anyio.Event, over: anyio.CancelScope) -> None:
    await ending.wait()
    over.cancel()


async def _until_left(receive: Receive, over: anyio.CancelScope) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            over.cancel()
            return
