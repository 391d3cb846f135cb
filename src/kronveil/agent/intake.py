"""Where collectors hand over: stamps origin and arrival, keeps the books, and makes them wait while it is full.

Before it: collectors, through ``Source.emit``. After it: the pipeline, through ``Intake.take``.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

import anyio

from kronveil.agent.books import Ledger
from kronveil.model.fleet import Standing
from kronveil.model.noun import noun
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin
from kronveil.model.signal import Scrape
from kronveil.sdk.contracts import Batch

CAPACITY = 10_000
Clock = Callable[[], datetime]
Measure = Callable[["Source", Scrape], None]


@noun
class Arrival:
    """One observation with its origin. ``is_booked`` when a frame of the source stands behind it."""

    observation: Observation
    source: "Source"
    origin: Origin
    received_at: datetime
    is_booked: bool


class Source:
    """One collector's way in: its origin, its books, and what it last said of itself.

    ``is_held_up`` while its collector waits for room.
    """

    def __init__(self, intake: "Intake", origin: Origin) -> None:
        self._intake = intake
        self.configured = origin
        self.known_as = origin.cluster_name
        self.origin = origin
        self.ledger = Ledger()
        self.samples = Ledger()
        """The books of measured values, in samples."""
        self.is_held_up = False
        self.standing: Standing | None = None

    async def emit(self, batch: Batch, /) -> None:
        """Accept a batch, or wait until there is room. A batch given up while waiting is counted as dropped."""
        booked = len(batch.observations)
        self.ledger.receive(booked + batch.unchanged + sum(batch.dropped.values()))
        self.ledger.merge(batch.unchanged)
        for reason, count in batch.dropped.items():
            self.ledger.drop(reason, count)
        self.ledger.depart(booked)
        if batch.standing is not None:
            self.update(batch.standing)
        if batch.scrape is not None:
            self._intake.measure(self, batch.scrape)
        if not booked and not batch.unsourced:
            return
        try:
            self.is_held_up = True
            await self._intake.room()
        except BaseException:
            self.ledger.abandon("collector stopped while the intake was full", booked)
            raise
        finally:
            self.is_held_up = False
        self._intake.accept(self, batch.observations, is_booked=True)
        self._intake.accept(self, batch.unsourced, is_booked=False)

    def update(self, standing: Standing) -> None:
        """Take over what the collector knows of its source; the uid it names becomes part of the origin."""
        self.standing = standing
        self._stamp()

    def stand_for(self, name: str) -> None:
        """Report under the first name of a cluster that is configured under several."""
        self.known_as = name
        self._stamp()

    def _stamp(self) -> None:
        standing = self.standing or Standing()
        region = self.configured.cluster_region or standing.region
        wanted = Origin(self.configured.collector, self.known_as, standing.uid, region)
        if wanted != self.origin:
            self.origin = wanted


class Intake:
    """A bounded queue in memory between collectors and the pipeline."""

    def __init__(self, clock: Clock, capacity: int = CAPACITY, *, measure: Measure | None = None) -> None:
        self._clock = clock
        self._capacity = capacity
        self._queue: deque[Arrival] = deque()
        self._filled = anyio.Event()
        self._drained = anyio.Event()
        self.measure = measure or _give_up
        """Who takes readings of measured values; nobody waits for it."""

    def __len__(self) -> int:
        return len(self._queue)

    def source(self, origin: Origin) -> Source:
        """A way in for one collector."""
        return Source(self, origin)

    async def room(self) -> None:
        """Return when there is room; a batch may then exceed the capacity once, so that no batch is too large."""
        while len(self._queue) >= self._capacity:
            self._drained = anyio.Event()
            await self._drained.wait()

    def accept(self, source: Source, observations: Sequence[Observation], *, is_booked: bool) -> None:
        """Queue observations of a source, stamped with its origin and the time now."""
        if not observations:
            return
        now = self._clock()
        self._queue.extend(Arrival(each, source, source.origin, now, is_booked) for each in observations)
        self._filled.set()

    def wake(self) -> None:
        """Let the pipeline look up although nothing has arrived."""
        self._filled.set()

    async def wait(self) -> None:
        """Return when something is queued or ``wake`` was called."""
        await self._filled.wait()

    def take(self, limit: int) -> list[Arrival]:
        """At most ``limit`` arrivals, oldest first; empty when there are none."""
        taken = [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        if not self._queue:
            self._filled = anyio.Event()
        if len(self._queue) < self._capacity:
            self._drained.set()
        return taken


def _give_up(source: Source, scrape: Scrape) -> None:
    count = len(scrape.samples) + sum(scrape.dropped.values())
    source.samples.receive(count)
    source.samples.drop("values are not kept", count)
