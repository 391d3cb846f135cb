"""The live stream: numbered frames, a replayable past, and one bounded backlog for each subscriber.

The pipeline publishes what is durable; api sends what it is handed. One task owns all of this, so nothing locks.
"""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

import anyio

from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.fleet import Member
from kronveil.model.incident import Incident
from kronveil.model.noun import noun

Item: TypeAlias = Event | Incident | Member | Change | Execution

REPLAYABLE_FRAMES = 20_000
BACKLOG_BYTES = 1 << 20


@noun
class Frame:
    """One numbered message. ``data`` is encoded JSON; ``item`` is what filters look at."""

    seq: int
    topic: str
    at: datetime
    data: bytes
    item: Item


class Subscriber:
    """One client's place in the stream. Its backlog is bounded by bytes; past the bound it is ``too_slow``."""

    def __init__(self) -> None:
        self._backlog: deque[Frame] = deque()
        self._bytes = 0
        self._woken = anyio.Event()
        self.is_too_slow = False

    def offer(self, frame: Frame) -> None:
        """Queue a frame, or mark the client as too slow and let go of what is queued."""
        if self.is_too_slow:
            return
        self._bytes += len(frame.data)
        if self._bytes > BACKLOG_BYTES:
            self.is_too_slow = True
            self._backlog.clear()
        else:
            self._backlog.append(frame)
        self._woken.set()

    async def wait(self) -> None:
        """Return when there is something to take, or the client was found too slow."""
        await self._woken.wait()

    def take(self) -> list[Frame]:
        """Everything queued, oldest first."""
        frames = list(self._backlog)
        self._backlog.clear()
        self._bytes = 0
        self._woken = anyio.Event()
        return frames


class Live:
    """Numbers, keeps and hands out frames. ``epoch`` names this run; numbers of another epoch mean nothing here."""

    def __init__(self, epoch: str, encode: Callable[[Item], bytes], *, replayable: int = REPLAYABLE_FRAMES) -> None:
        self.epoch = epoch
        self.seq = 0
        self._encode = encode
        self._past: deque[Frame] = deque(maxlen=replayable)
        self._subscribers: set[Subscriber] = set()

    @property
    def subscriber_count(self) -> int:
        """How many clients are connected now."""
        return len(self._subscribers)

    def publish(self, topic: str, items: Iterable[Item], at: datetime) -> None:
        """Number and hand out items, each encoded once. Never waits: a slow client is let go, not waited for."""
        for item in items:
            self.seq += 1
            frame = Frame(self.seq, topic, at, self._encode(item), item)
            self._past.append(frame)
            for subscriber in self._subscribers:
                subscriber.offer(frame)

    def since(self, seq: int) -> list[Frame] | None:
        """Every frame after ``seq``, or None when some of them are no longer kept (or ``seq`` is from the future)."""
        if seq > self.seq:
            return None
        if seq == self.seq:
            return []
        if not self._past or self._past[0].seq > seq + 1:
            return None
        return [frame for frame in self._past if frame.seq > seq]

    def join(self) -> Subscriber:
        """A new subscriber; it gets every frame published from now on."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; harmless when it is gone already."""
        self._subscribers.discard(subscriber)
