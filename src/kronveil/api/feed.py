"""One client's way through the live stream: a hello, what it missed, then what happens. WebSocket and SSE both send
what this hands them; it knows neither."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeAlias

import anyio

from kronveil.agent.desk import Desk
from kronveil.agent.live import Frame, Item, Subscriber
from kronveil.api import encode, shapes
from kronveil.api.interest import EVERYTHING, Interest
from kronveil.api.routes.agent import status_shape
from kronveil.api.suspicion import Suspicions
from kronveil.api.wire import text_frame
from kronveil.api.wording import stamp
from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.sdk.storage import ChangeQuery, EventQuery

SNAPSHOT_EVENTS = 100
SNAPSHOT_CHANGES = 50
CHUNK_BYTES = 128 * 1024
_STATUS_KEPT_S = 0.25
_HELLO_KEPT_S = 0.25
_COMPOSED_KEPT = 32


class TooSlow(Exception):  # noqa: N818 - read as what is said of the client
    """The client does not keep up; it may come back and resume."""


class Message(NamedTuple):
    """One message for a client. ``place``: the number to resume after once it is read, None when it moves nothing."""

    data: bytes
    place: int | None = None


@dataclass(frozen=True)
class Chunk:
    """Messages that belong together, and the number last sent after them."""

    messages: Sequence[Message]
    prev: int

    @cached_property
    def wire(self) -> bytes:
        """All of them as they go over a WebSocket; the same bytes for all who are sent them."""
        return b"".join(text_frame(message.data) for message in self.messages)


_Key: TypeAlias = tuple[int, int, int, bool, Interest]


class Composer:
    """Puts numbers around what was encoded once. Clients with the same interest share the very same bytes.

    ``ending`` is set when the agent stops: streams end by themselves instead of being cut off.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ending = anyio.Event()
        self._chunks: OrderedDict[_Key, Chunk] = OrderedDict()
        self._status = Message(b"")
        self._status_until = 0.0
        self._hello: Message | None = None
        self._hello_until = 0.0
        self._at: datetime | None = None
        self._stamp = ""

    def chunk(self, frames: Sequence[Frame], prev: int, interest: Interest, *, in_batches: bool) -> Chunk:
        """These frames, which follow one another in the stream, as far as they are of interest."""
        key = (prev, frames[0].seq, frames[-1].seq, in_batches, interest)
        chunk = self._chunks.get(key)
        if chunk is None:
            wanted = frames if interest == EVERYTHING else [frame for frame in frames if interest.wants(frame)]
            chunk = self._chunks[key] = self._compose(wanted, prev, in_batches=in_batches)
            if len(self._chunks) > _COMPOSED_KEPT:
                self._chunks.popitem(last=False)
        return chunk

    def _compose(self, frames: Sequence[Frame], prev: int, *, in_batches: bool) -> Chunk:
        messages: list[Message] = []
        for frame in frames:
            if frame.at is not self._at:
                self._at, self._stamp = frame.at, stamp(frame.at)
            head = f'{{"type":"{frame.topic}","seq":{frame.seq},"prev":{prev},"at":"{self._stamp}","data":'
            messages.append(Message(b"%b%b}" % (head.encode(), frame.data), frame.seq))
            prev = frame.seq
        if in_batches and len(messages) > 1:
            joined = b",".join([message.data for message in messages])
            messages = [Message(b'{"type":"batch","frames":[%b]}' % joined, prev)]
        return Chunk(messages, prev)

    def status(self) -> Message:
        """The heartbeat; computed once for all who ask within the same moment."""
        if time.monotonic() >= self._status_until:
            data = encode.encode(status_shape(self.desk))
            head = f'{{"type":"status","seq":{self.desk.live.seq},"at":"{stamp(self.desk.now())}","data":'
            self._status = Message(b"%b%b}" % (head.encode(), data))
            self._status_until = time.monotonic() + _STATUS_KEPT_S
        return self._status

    def hello(self, seq: int, snapshot: shapes.Snapshot | None) -> Message:
        """The first frame of a stream, or of a new beginning in it."""
        live, at = self.desk.live, stamp(self.desk.now())
        head = f'{{"type":"hello","seq":{seq},"epoch":"{live.epoch}","at":"{at}","snapshot":'
        return Message(b"%b%b}" % (head.encode(), encode.encode(snapshot)), seq)

    def kept_hello(self) -> Message | None:
        """The one with a snapshot that another client got a moment ago, if nothing was published since: they often come
        all at once."""
        hello = self._hello
        if hello is None or hello.place != self.desk.live.seq or time.monotonic() >= self._hello_until:
            self._hello = None
        return self._hello

    def full_hello(self, events: Sequence[Event], changes: Sequence[Change]) -> Message:
        """One with a snapshot."""
        self._hello = self.hello(self.desk.live.seq, self.snapshot(events, changes))
        self._hello_until = time.monotonic() + _HELLO_KEPT_S
        return self._hello

    def snapshot(self, events: Sequence[Event], changes: Sequence[Change]) -> shapes.Snapshot:
        """Everything a page shows, now."""
        desk = self.desk
        incidents = desk.open_incidents()
        suspicions = Suspicions(incidents)
        return shapes.Snapshot(
            incidents=[encode.incident_shape(incident) for incident in incidents],
            clusters=[encode.cluster_shape(member) for member in desk.members()],
            fleet=encode.fleet_shape(desk.fleet()),
            events=[encode.event_shape(event) for event in events],
            changes=[encode.change_shape(change, suspicions) for change in changes],
            health=encode.health_shape(desk.health()),
        )


class Feed:
    """Hands out the messages that are due to one client, in order and without holes."""

    def __init__(self, composer: Composer, since: int | None, epoch: str | None, *, in_batches: bool = False) -> None:
        self._composer = composer
        self._live = composer.desk.live
        self._in_batches = in_batches
        self._since = since if epoch == self._live.epoch and (since or 0) <= self._live.seq else None
        self._prev = 0
        self._subscriber: Subscriber | None = None
        self.interest = EVERYTHING

    async def begin(self) -> list[Message]:
        """The hello, with a gap before it when the past that was asked for is gone."""
        seq = self._since
        if seq is None:
            return [await self._start_over()]
        if self._live.since(seq, most_bytes=0) is None:
            hello = await self._start_over()
            return [Message(b'{"type":"gap","from":%d,"to":%d}' % (seq + 1, self._prev)), hello]
        self._join(seq)
        return [self._composer.hello(seq, None)]

    async def _start_over(self) -> Message:
        hello = self._composer.kept_hello() or await self._full_hello()
        self._join(self._live.seq)
        return hello

    async def _full_hello(self) -> Message:
        events, changes, published = await self._newest()
        # No await from here on: the snapshot, its number and the place in the stream belong to the same moment.
        new_events = [item for item in published if isinstance(item, Event)]
        new_changes = [item for item in published if isinstance(item, Change)]
        return self._composer.full_hello(
            list({event.id: event for event in [*new_events, *events]}.values())[:SNAPSHOT_EVENTS],
            list({change.id: change for change in [*new_changes, *changes]}.values())[:SNAPSHOT_CHANGES],
        )

    async def _newest(self) -> tuple[Sequence[Event], Sequence[Change], list[Item]]:
        """The stored events and changes, and all that was published while they were read, each newest first."""
        desk = self._composer.desk
        while True:
            before = self._live.seq
            events = await desk.events(EventQuery(limit=SNAPSHOT_EVENTS))
            changes = await desk.changes(ChangeQuery(limit=SNAPSHOT_CHANGES))
            meanwhile = self._live.since(before)
            if meanwhile is not None:
                return events.items, changes.items, [frame.item for frame in reversed(meanwhile)]

    def _join(self, seq: int) -> None:
        self._prev = seq
        self._subscriber = self._live.join(seq)

    @property
    def is_behind(self) -> bool:
        """Whether anything was published that this client was not handed yet."""
        return self._subscriber is not None and self._subscriber.is_behind

    @property
    def waiting_bytes(self) -> int:
        """How much was published since this client came and was not handed to it, of interest to it or not."""
        return self._subscriber.waiting_bytes if self._subscriber is not None else 0

    def due(self) -> Chunk:
        """What comes next, as much as goes well together. Raises TooSlow when that is no longer kept."""
        frames = self._subscriber.take(CHUNK_BYTES) if self._subscriber is not None else []
        if frames:
            chunk = self._composer.chunk(frames, self._prev, self.interest, in_batches=self._in_batches)
            self._prev = chunk.prev
            return chunk
        if self._subscriber is not None and self._subscriber.is_lost:
            raise TooSlow("what comes next for it is no longer kept")
        return Chunk((), self._prev)

    async def next(self, wait_s: float) -> Sequence[Message]:
        """What is due now, waiting at most so long for it. Raises TooSlow."""
        if self._subscriber is not None:
            with anyio.move_on_after(wait_s):
                await self._live.news(self._subscriber.seq)
        return self.due().messages

    def end(self) -> None:
        """Let go of the place in the stream."""
        if self._subscriber is not None:
            self._live.leave(self._subscriber)
