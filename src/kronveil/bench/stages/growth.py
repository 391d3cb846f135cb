"""growth: what one more event, beat or page costs as the fleet and its past double three times; the exponent is judged.

0 is flat and may be 0.1, 1 is in proportion and may be 1.1.
"""

import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kronveil.agent.agent import Agent
from kronveil.agent.live import Live
from kronveil.api.encode import encode_item
from kronveil.bench.agents import agent_on, balance, frozen, settled
from kronveil.bench.cluster import Cluster, chunked
from kronveil.bench.fit import exponent
from kronveil.bench.frames import PodName, frame
from kronveil.bench.history import event, lengthen
from kronveil.bench.measure import Sample, Variant, interleaved, spread
from kronveil.bench.record import Counts, Measure, Record, Value
from kronveil.bench.stages.correlate import Fleet
from kronveil.bench.stages.dedup import Stream
from kronveil.sdk.storage import EventQuery, Store
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.codec import from_us, to_us

FLAT = Measure("limit", floor=0.1, goal=0.1)
LINEAR = Measure("limit", floor=1.1, goal=1.1)
PODS_PER_DEPLOYMENT = 10
ONE_FAILS_OF = 50
BEAT = timedelta(milliseconds=500)
DOUBLINGS = (1, 2, 4, 8)
PAGE, PAGES_BACK, STARTS = 50, 20, 5
LESS_OF_EACH = 10  # of many clusters


@dataclass(frozen=True, slots=True)
class Plan:
    """The smallest of each series; the others are twice, four and eight times that."""

    clusters: int
    pods: int
    incidents: int
    keys: int
    subscribers: int
    history: int
    work: int
    rounds: int


class Watching:
    """An agent on a fleet. Each round a part of the pods is heard from, and every fiftieth of these turns."""

    def __init__(self, agent: Agent, clusters: Sequence[Cluster], frames: int) -> None:
        self.agent = agent
        self.sent = sum(cluster.items for cluster in clusters)
        self._clusters = clusters
        self._frames = frames
        self._round = 0
        self._chunks: list[list[bytes]] = []

    def make(self) -> None:
        """The frames of the next round."""
        self._round += 1
        self._chunks = [chunked(self._lines(cluster.pods)) for cluster in self._clusters]

    async def run(self) -> int:
        """Send them; back when nothing is in flight any more."""
        for cluster, chunks in zip(self._clusters, self._chunks, strict=True):
            await cluster.put(chunks)
        frames = self._frames * len(self._clusters)
        self.sent += frames
        await settled(self.agent, self.sent)
        return frames

    def _lines(self, pods: int) -> list[bytes]:
        step = max(1, pods // self._frames)
        return [
            frame(
                PodName(number * step % pods, PODS_PER_DEPLOYMENT),
                pods * 10 + self._round * self._frames + number,
                is_failing=number % ONE_FAILS_OF == 0 and self._round % 2 == 1,
            )
            for number in range(self._frames)
        ]


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Up to 40 clusters, 40,000 pods, 10,000 incidents, 200,000 keys, 1,000 subscribers, 1,000,000 events."""
    if quick:
        return await measured(Plan(1, 250, 250, 5_000, 25, 5_000, 500, 3))
    return await measured(Plan(5, 5_000, 1_250, 25_000, 125, 125_000, 4_000, 7))


async def measured(plan: Plan) -> list[Record]:
    """Series by series."""
    return [
        await _clusters(plan),
        await _pods(plan),
        *await _incidents(plan),
        await _keys(plan),
        await _subscribers(plan),
        *await _history(plan),
    ]


async def _clusters(plan: Plan) -> Record:
    """As many frames from each of more and more clusters of 500 pods."""
    fleets = {
        size: [
            Cluster(500, PODS_PER_DEPLOYMENT, name=f"c{number}", uid=f"4f2c1e0a-0000-4000-8000-{number:012d}")
            for number in range(size)
        ]
        for size in (plan.clusters * times for times in DOUBLINGS)
    }
    return await _watched("clusters", fleets, plan.work // LESS_OF_EACH, plan)


async def _pods(plan: Plan) -> Record:
    """As many frames, from one cluster with more and more pods."""
    fleets = {size: [Cluster(size, PODS_PER_DEPLOYMENT)] for size in (plan.pods * times for times in DOUBLINGS)}
    return await _watched("pods", fleets, plan.work, plan)


async def _watched(name: str, fleets: Mapping[int, Sequence[Cluster]], frames: int, plan: Plan) -> Record:
    """``frames`` are those of each cluster in a round."""
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="kronveil-bench-")))
        watching: list[Watching] = []
        for size, clusters in fleets.items():
            store = await opened.enter_async_context(open_sqlite(folder / str(size)))
            agent = await opened.enter_async_context(agent_on(clusters, store))
            watching.append(Watching(agent, clusters, frames))
        with frozen():
            taken = await interleaved(
                [Variant(str(size), one.run, one.make) for size, one in zip(fleets, watching, strict=True)],
                plan.rounds,
            )
        counts = balance([one.agent for one in watching], sum(one.sent for one in watching))
    return _record(f"{name}: a frame", "frame", list(fleets), taken, counts=counts)


async def _incidents(plan: Plan) -> list[Record]:
    """A report about an open incident, and a beat of the clock, with more and more of them open."""
    sizes = [plan.incidents * times for times in DOUBLINGS]
    fleets = {size: Fleet(size) for size in sizes}

    def beating(fleet: Fleet) -> Callable[[], Awaitable[int]]:
        async def beat() -> int:
            for _ in range(plan.work // 20):
                fleet.beat(BEAT)
            return plan.work // 20

        return beat

    def reporting(fleet: Fleet) -> Callable[[], Awaitable[int]]:
        return lambda: fleet.take(plan.work)

    with frozen():
        reports = await interleaved(
            [Variant(str(size), reporting(fleet)) for size, fleet in fleets.items()], plan.rounds
        )
        largest = fleets[sizes[-1]]
        counts = Counts(plan.work, stored=largest.recorded, deduplicated=largest.merged)
        beats = await interleaved([Variant(str(size), beating(fleet)) for size, fleet in fleets.items()], plan.rounds)
    return [
        _record("open incidents: a report", "report", sizes, reports, counts=counts),
        _record("open incidents: a beat", "beat", sizes, beats),
    ]


async def _keys(plan: Plan) -> Record:
    """An event against more and more live keys of the dedup window."""
    sizes = [plan.keys * times for times in DOUBLINGS]
    streams = {size: Stream(size) for size in sizes}

    def taking(stream: Stream) -> Callable[[], Awaitable[int]]:
        return lambda: stream.take(plan.work * 2)

    with frozen():
        taken = await interleaved([Variant(str(size), taking(stream)) for size, stream in streams.items()], plan.rounds)
    last = streams[sizes[-1]]
    counts = Counts(plan.work * 2, stored=last.firsts, deduplicated=last.repeats)
    return _record("dedup keys: an event", "event", sizes, taken, counts=counts)


async def _subscribers(plan: Plan) -> Record:
    """A frame for each of more and more clients of the live stream, who take what they are given."""
    sizes = [plan.subscribers * times for times in DOUBLINGS]
    shown = event(to_us(from_us(1_795_000_000_000_000)))
    given = dict.fromkeys(sizes, 0)

    def publishing(size: int) -> Callable[[], Awaitable[int]]:
        live = Live("bench", encode_item)
        clients = [live.join() for _ in range(size)]

        async def publish() -> int:
            for _ in range(10):
                live.publish("event", [shown] * 10, shown.at)
                given[size] += sum(len(client.take()) for client in clients)
            return 100

        return publish

    taken = await interleaved([Variant(str(size), publishing(size)) for size in sizes], plan.rounds)
    expected = sizes[-1] * 100 * (plan.rounds + 1)
    counts = Counts(expected, given[sizes[-1]], lost=max(0, expected - given[sizes[-1]]))
    return _record("subscribers: a frame to all", "frame", sizes, taken, counts=counts, bounds=LINEAR)


class Past:
    """An open store with a past: pages of it, and what a start reads of it."""

    def __init__(self, store: Store, since: datetime) -> None:
        self._store = store
        self._since = since
        self.found = 0

    async def read(self) -> int:
        """Pages, each from where the one before ended."""
        cursor = None
        for _ in range(PAGES_BACK):
            page = await self._store.events(EventQuery(limit=PAGE, before=cursor))
            self.found += len(page.items)
            cursor = page.next_cursor
        return PAGES_BACK

    async def restore(self) -> int:
        """As often as makes a figure."""
        for _ in range(STARTS):
            await self._store.restore(self._since)
        return STARTS


async def _history(plan: Plan) -> list[Record]:
    """Pages back, and what a start reads, of a longer and longer past."""
    sizes = [plan.history * times for times in DOUBLINGS]
    pages: dict[str, list[Sample]] = {}
    starts: dict[str, list[Sample]] = {}
    found = had = 0
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        for size in sizes:
            lengthen(Path(name), had, size)
            had = size
            async with open_sqlite(Path(name)) as store:
                newest = await store.events(EventQuery(limit=1))
                past = Past(store, newest.items[0].received_at)
                taken = await interleaved([Variant("page", past.read), Variant("start", past.restore)], plan.rounds)
            pages[str(size)], starts[str(size)] = taken["page"], taken["start"]
            found += past.found
    wanted = PAGES_BACK * PAGE * (plan.rounds + 1) * len(sizes)
    counts = Counts(wanted, found, lost=max(0, wanted - found))
    return [
        _record("history: a page", "page", sizes, pages, counts=counts),
        _record("history: what a start reads", "start", sizes, starts),
    ]


def _record(  # noqa: PLR0913 - what a series is
    variant: str,
    unit: str,
    sizes: Sequence[int],
    taken: dict[str, list[Sample]],
    *,
    counts: Counts | None = None,
    bounds: Measure = FLAT,
) -> Record:
    """The exponent, round by round, since the sizes of a round met the same machine."""
    rounds = zip(*(taken[str(size)] for size in sizes), strict=True)
    exponents = [exponent(sizes, [sample.cpu_us for sample in samples]) for samples in rounds]
    least, most = (spread([sample.cpu_us for sample in taken[str(size)]]).median for size in (sizes[0], sizes[-1]))
    return Record(
        "growth",
        variant,
        unit,
        taken[str(sizes[-1])],
        bounds,
        counts=counts,
        value=Value(f"exponent, {sizes[0]:,} to {sizes[-1]:,}", spread(exponents), narrow_within=0.1),
        more={"times": round(most / least, 2)},
    )
