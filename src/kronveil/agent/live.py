"""The live stream: numbered frames in one replayable past, and each subscriber a place in it.

The pipeline publishes what is durable; api sends what it is handed. One task owns all of this, so nothing locks.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
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
LEAST_REPLAYABLE = 10_000
LEAST_REPLAYABLE_FOR = timedelta(minutes=5)
MOST_PAST_BYTES = 64 << 20
"""A past of large frames is kept shorter, but not under ``LEAST_REPLAYABLE`` frames or those of five minutes."""
BYTES_AT_ALL = 256 << 20
"""More is not kept in any case: incidents with long stories are tens of KiB each time they are told."""


@noun
class Frame:
    """One numbered message. ``data`` is encoded JSON; ``item`` is what filters look at."""

    seq: int
    topic: str
    at: datetime
    data: bytes
    item: Item


class Live:
    """Numbers, keeps and hands out frames. ``epoch`` names this run; numbers of another epoch mean nothing here."""

    def __init__(self, epoch: str, encode: Callable[[Item], bytes], *, replayable: int = REPLAYABLE_FRAMES) -> None:
        self.epoch = epoch
        self.seq = 0
        self.published_bytes = 0
        self._encode = encode
        self._replayable = replayable
        self._past: list[Frame] = []
        self._ends: list[int] = []  # how many bytes were published up to and with each of them
        self._subscribers: set[Subscriber] = set()
        self._news: anyio.Event | None = None

    @property
    def subscriber_count(self) -> int:
        """How many clients are connected now."""
        return len(self._subscribers)

    def publish(self, topic: str, items: Iterable[Item], at: datetime) -> None:
        """Number and keep items, each encoded once. Never waits: whoever is behind has a place in what is kept."""
        before = self.seq
        for item in items:
            self.seq += 1
            data = self._encode(item)
            self.published_bytes += len(data)
            self._past.append(Frame(self.seq, topic, at, data, item))
            self._ends.append(self.published_bytes)
        if self.seq != before:
            self._forget(at)
            if self._news is not None:
                self._news.set()
                self._news = None

    def _forget(self, now: datetime) -> None:
        kept, held = self._replayable, self.published_bytes - self._begin(0)
        if held > MOST_PAST_BYTES:
            kept = min(kept, LEAST_REPLAYABLE, self._within(now))
        if held > BYTES_AT_ALL:
            kept = len(self._past) - bisect_right(self._ends, self.published_bytes - BYTES_AT_ALL // 2)
        # Some more than enough, so that not each frame moves all that are kept.
        if len(self._past) > kept + kept // 8:
            del self._past[:-kept], self._ends[:-kept]

    def _within(self, now: datetime) -> int:
        """How many frames there are of the last five minutes. After the clock was set it may be all, or few."""
        return len(self._past) - bisect_right(self._past, now - LEAST_REPLAYABLE_FOR, key=_when)

    async def news(self, seq: int) -> None:
        """Return when there is a frame after ``seq``."""
        while self.seq <= seq:
            if self._news is None:
                self._news = anyio.Event()
            await self._news.wait()

    def since(self, seq: int, most_bytes: int | None = None) -> list[Frame] | None:
        """Every frame after ``seq``, or None when some of them are no longer kept (or ``seq`` is from the future).

        With ``most_bytes`` only the first of them, together no more than that, but one at least.
        """
        if seq > self.seq:
            return None
        if seq == self.seq:
            return []
        first = self._index(seq + 1)
        if first < 0:
            return None
        if most_bytes is None or self.bytes_after(seq) <= most_bytes:
            return self._past[first:]
        end = bisect_right(self._ends, self._begin(first) + most_bytes, first)
        return self._past[first : max(first + 1, end)]

    def bytes_after(self, seq: int) -> int:
        """How much was published after ``seq``, as far as it is kept."""
        first = max(self._index(seq + 1), 0)
        return self.published_bytes - self._begin(first) if first < len(self._past) else 0

    def _begin(self, index: int) -> int:
        return self._ends[index] - len(self._past[index].data)

    def _index(self, seq: int) -> int:
        return seq - self.seq - 1 + len(self._past)

    def join(self, seq: int | None = None) -> "Subscriber":
        """A new subscriber; it gets every frame after ``seq``, else every frame published from now on."""
        subscriber = Subscriber(self, self.seq if seq is None else seq)
        self._subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: "Subscriber") -> None:
        """Forget a subscriber; harmless when it is gone already."""
        self._subscribers.discard(subscriber)


def _when(frame: Frame) -> datetime:
    return frame.at


class Subscriber:
    """One client's place in the stream. Nothing is queued for it: who is behind costs no memory, until what it would
    need next is no longer kept and it ``is_lost``."""

    def __init__(self, live: Live, seq: int) -> None:
        self._live = live
        self._joined_at = live.seq
        self.seq = seq
        self.is_lost = False

    @property
    def is_behind(self) -> bool:
        """Whether there is something to take."""
        return self.seq < self._live.seq

    @property
    def waiting_bytes(self) -> int:
        """What was published since it joined and not taken yet; the past that it asked for is not held against it."""
        return self._live.bytes_after(max(self.seq, self._joined_at)) if self.is_behind else 0

    def take(self, most_bytes: int | None = None) -> list[Frame]:
        """What comes next, oldest first: all of it, or as much as ``Live.since`` gives of it."""
        frames = self._live.since(self.seq, most_bytes)
        if frames is None:
            self.is_lost = True
            return []
        if frames:
            self.seq = frames[-1].seq
        return frames
