"""One client's way through the live stream: a hello, what it missed, then what happens. WebSocket and SSE both send
what this hands them; it knows neither."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import anyio
import anyio.lowlevel

from kronveil.agent.desk import Desk
from kronveil.agent.live import Frame, Item, Subscriber
from kronveil.api import encode, shapes
from kronveil.api.interest import EVERYTHING, Interest
from kronveil.api.routes.agent import status_shape
from kronveil.api.suspicion import Suspicions
from kronveil.api.wording import stamp
from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.sdk.storage import ChangeQuery, EventQuery

SNAPSHOT_EVENTS = 100
SNAPSHOT_CHANGES = 50
REPLAY_AT_ONCE = 200
_STATUS_KEPT_S = 0.25
_COMPOSED_KEPT = 32


class TooSlow(Exception):  # noqa: N818 - read as what is said of the client
    """The client does not keep up; it may come back and resume."""


class Message(NamedTuple):
    """One message for a client. ``place``: the number to resume after once it is read, None when it moves nothing."""

    text: str
    place: int | None = None


class Composer:
    """Puts numbers around what was encoded once. Clients that hear everything share the very same text.

    ``ending`` is set when the agent stops: streams end by themselves instead of being cut off.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ending = anyio.Event()
        self._shared: OrderedDict[tuple[int, int, int, bool], list[Message]] = OrderedDict()
        self._status = ""
        self._status_until = 0.0
        self._at: datetime | None = None
        self._stamp = ""

    def frames(
        self, frames: Sequence[Frame], prev: int, interest: Interest, *, in_batches: bool
    ) -> tuple[list[Message], int]:
        """The messages for these frames, and the number last sent afterwards."""
        if not interest.is_everything:
            frames = [frame for frame in frames if interest.wants(frame)]
        if not frames:
            return [], prev
        last = frames[-1].seq
        if not interest.is_everything:
            return self._compose(frames, prev, in_batches=in_batches), last
        key = (prev, frames[0].seq, last, in_batches)
        messages = self._shared.get(key)
        if messages is None:
            messages = self._shared[key] = self._compose(frames, prev, in_batches=in_batches)
            if len(self._shared) > _COMPOSED_KEPT:
                self._shared.popitem(last=False)
        return messages, last

    def _compose(self, frames: Sequence[Frame], prev: int, *, in_batches: bool) -> list[Message]:
        messages: list[Message] = []
        for frame in frames:
            if frame.at is not self._at:
                self._at, self._stamp = frame.at, stamp(frame.at)
            text = (
                f'{{"type":"{frame.topic}","seq":{frame.seq},"prev":{prev},"at":"{self._stamp}",'
                f'"data":{frame.data.decode()}}}'
            )
            messages.append(Message(text, frame.seq))
            prev = frame.seq
        if not in_batches or len(messages) == 1:
            return messages
        joined = ",".join(message.text for message in messages)
        return [Message(f'{{"type":"batch","frames":[{joined}]}}', prev)]

    def status(self) -> Message:
        """The heartbeat; computed once for all who ask within the same moment."""
        if time.monotonic() >= self._status_until:
            data = encode.encode(status_shape(self.desk)).decode()
            at = stamp(self.desk.now())
            self._status = f'{{"type":"status","seq":{self.desk.live.seq},"at":"{at}","data":{data}}}'
            self._status_until = time.monotonic() + _STATUS_KEPT_S
        return Message(self._status)

    def hello(self, seq: int, snapshot: shapes.Snapshot | None) -> Message:
        """The first frame of a stream, or of a new beginning in it."""
        at = stamp(self.desk.now())
        data = encode.encode(snapshot).decode()
        epoch = self.desk.live.epoch
        return Message(f'{{"type":"hello","seq":{seq},"epoch":"{epoch}","at":"{at}","snapshot":{data}}}', seq)

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
    """Hands out the messages that are due to one client, in order and without holes.

    While it replays the past it is not yet joined, so a long replay fills no backlog; it joins in the very step in
    which nothing is left to replay.
    """

    def __init__(self, composer: Composer, since: int | None, epoch: str | None, *, in_batches: bool = False) -> None:
        self._composer = composer
        self._live = composer.desk.live
        self._in_batches = in_batches
        self._since = since if epoch == self._live.epoch and (since or 0) <= self._live.seq else None
        self._considered = 0
        self._prev = 0
        self._past: list[Frame] = []
        self._subscriber: Subscriber | None = None
        self.interest = EVERYTHING

    async def begin(self) -> list[Message]:
        """The hello, with a gap before it when the past that was asked for is gone."""
        if self._since is None:
            return [await self._start_over()]
        return await self._resume(self._since)

    async def _resume(self, seq: int) -> list[Message]:
        past = self._live.since(seq)
        if past is None:
            return await self._start_after_gap(seq)
        self._past = past
        self._considered = self._prev = seq
        return [self._composer.hello(seq, None)]

    async def _start_after_gap(self, seq: int) -> list[Message]:
        hello = await self._start_over()
        return [Message(f'{{"type":"gap","from":{seq + 1},"to":{self._prev}}}'), hello]

    async def _start_over(self) -> Message:
        events, changes, published = await self._newest()
        # No await from here on: the snapshot, its number and the place in the stream belong to the same moment.
        new_events = [item for item in published if isinstance(item, Event)]
        new_changes = [item for item in published if isinstance(item, Change)]
        snapshot = self._composer.snapshot(
            list({event.id: event for event in [*new_events, *events]}.values())[:SNAPSHOT_EVENTS],
            list({change.id: change for change in [*new_changes, *changes]}.values())[:SNAPSHOT_CHANGES],
        )
        self._considered = self._prev = self._live.seq
        self._subscriber = self._live.join()
        return self._composer.hello(self._live.seq, snapshot)

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

    async def next(self, wait_s: float) -> list[Message]:
        """What is due now, waiting at most so long for it. Raises TooSlow when this client's backlog ran over."""
        if self._subscriber is None:
            return await self._replay()
        with anyio.move_on_after(wait_s):
            await self._subscriber.wait()
        if self._subscriber.is_too_slow:
            raise TooSlow("more than 1 MiB was waiting")
        return self._told(self._subscriber.take())

    async def _replay(self) -> list[Message]:
        await anyio.lowlevel.checkpoint()
        if not self._past:
            more = self._live.since(self._considered)
            if more is None:
                return await self._start_after_gap(self._considered)
            if not more:
                self._subscriber = self._live.join()
                return []
            self._past = more
        chunk, self._past = self._past[:REPLAY_AT_ONCE], self._past[REPLAY_AT_ONCE:]
        return self._told(chunk)

    def _told(self, frames: Sequence[Frame]) -> list[Message]:
        if frames:
            self._considered = frames[-1].seq
        messages, self._prev = self._composer.frames(frames, self._prev, self.interest, in_batches=self._in_batches)
        return messages

    def end(self) -> None:
        """Let go of the place in the stream."""
        if self._subscriber is not None:
            self._live.leave(self._subscriber)
