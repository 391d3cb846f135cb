"""ws: the live stream to a thousand sockets, and to fifty that are told much, against websockets' own broadcast()."""

import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kronveil.bench.measure import Sample, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value
from kronveil.bench.talk import Talker, talking

PEER = "none (panics)"
STREAM = "/api/v1/ws/events"
PADDING, LARGE = 100, 20_000
AGAINST = "broadcast()"


@dataclass(frozen=True, slots=True)
class Load:
    """So many turns with so many events each, so many seconds apart."""

    turns: int
    each: int
    every_s: float
    padding: int = PADDING

    @property
    def events(self) -> int:
        """Of all turns."""
        return self.turns * self.each


@dataclass(frozen=True, slots=True)
class Plan:
    """Many clients and few. ``single``, ``burst`` and ``fast`` are one event at a time to the many, several at a time
    to the many, and 500 a second to the few; ``large`` is for the few beside one that does not read. A brief one has
    only the first two."""

    many: int
    few: int
    single: Load
    burst: Load
    fast: Load
    large: Load
    rounds: int
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A load for so many clients, and what is wanted of it."""

    name: str
    clients: int
    load: Load
    measure: Measure
    batches: bool = True


QUICK = Plan(300, 10, Load(8, 1, 0.06), Load(5, 10, 0.06), Load(5, 25, 0.05), Load(5, 5, 0.05, LARGE), 5, is_brief=True)
WHOLE = Plan(1_000, 50, Load(20, 1, 0.1), Load(10, 10, 0.1), Load(40, 25, 0.05), Load(20, 10, 0.1, LARGE), 7)


@dataclass(slots=True)
class Side:
    """A server with its clients, and what each round cost and brought."""

    server: Talker
    crowd: Talker
    clients: int
    samples: list[Sample] = field(default_factory=list[Sample])
    ages_ms: list[list[float]] = field(default_factory=list[list[float]])
    expected: int = 0
    heard: int = 0
    messages: int = 0
    peak_kib: int = 0

    async def run(self, load: Load) -> None:
        """One round: until every client has heard every event."""
        before, began = await self.server.ask("cost"), time.perf_counter()
        await self.server.ask("publish", turns=load.turns, each=load.each, every_s=load.every_s, padding=load.padding)
        told = await self.crowd.ask("expect", each=load.events)
        after = await self.server.ask("cost")
        events = self.clients * load.events
        self.samples.append(Sample(events, after["cpu_s"] - before["cpu_s"], time.perf_counter() - began))
        self.ages_ms.append(told["ages_ms"])
        self.expected += events
        self.heard += told["events"]
        self.messages += told["messages"]
        self.peak_kib = after["peak_kib"]

    def counts(self) -> Counts:
        """Every client heard every event once."""
        lost, more = max(0, self.expected - self.heard), max(0, self.heard - self.expected)
        return Counts(self.expected, self.heard - more, lost=lost, duplicated=more)


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """A thousand clients; three hundred in the quick form."""
    return await measured(QUICK if quick else WHOLE)


async def measured(plan: Plan) -> list[Record]:
    """Each load in turns by both servers."""
    records: list[Record] = []
    cases = (
        Case("one event at a time", plan.many, plan.single, Measure("speed", floor=0.5, goal=0.8), batches=False),
        Case(f"{plan.burst.each} events at a time, batch=1", plan.many, plan.burst, Measure("speed", goal=5.0)),
        Case(f"{plan.fast.each / plan.fast.every_s:.0f} events/s, batch=1", plan.few, plan.fast, Measure("speed")),
    )
    for case in cases[:2] if plan.is_brief else cases:
        records += await against_broadcast(case, plan.rounds)
    return records if plan.is_brief else [*records, await beside_one_that_stalls(plan)]


async def against_broadcast(case: Case, rounds: int) -> list[Record]:
    """One load, in turns by both servers."""
    async with _ours(case.clients, batches=case.batches) as ours, _reference(case.clients) as reference:
        for _ in range(rounds + 1):  # the first is thrown away
            await ours.run(case.load)
            await reference.run(case.load)
    return _compared(f"{case.clients:,} clients, {case.name}", ours, reference, case.measure)


async def beside_one_that_stalls(plan: Plan) -> Record:
    """The same clients with, and without, one more that takes nothing."""
    async with _ours(plan.few, batches=True) as ours:
        with_one: list[Sample] = []
        without: list[Sample] = []
        await ours.run(plan.large)
        for _ in range(plan.rounds):
            await ours.run(plan.large)
            without.append(ours.samples[-1])
            await ours.crowd.ask("stall")
            await ours.run(plan.large)
            with_one.append(ours.samples[-1])
            await ours.crowd.ask("leave")
    return Record(
        "ws",
        f"{plan.few} clients beside one that does not read",
        "event to a client",
        with_one,
        Measure("cost", goal=1.05),
        without,
        "nobody stalls",
        counts=ours.counts(),
        latency_ms=percentiles([age for ages in ours.ages_ms[1:] for age in ages]),
        peak_rss_kib=ours.peak_kib,
    )


def _compared(name: str, ours: Side, reference: Side, measure: Measure) -> list[Record]:
    ages = [percentiles(each)["p99"] for each in ours.ages_ms[1:]]
    samples: Sequence[Sample] = ours.samples[1:]
    return [
        Record(
            "ws",
            name,
            "event to a client",
            samples,
            measure,
            reference.samples[1:],
            AGAINST,
            counts=ours.counts(),
            peer=PEER,
            more={"events_in_a_message": round(ours.heard / ours.messages, 1)},
            peak_rss_kib=ours.peak_kib,
        ),
        Record(
            "ws",
            f"{name}: published to read",
            "event to a client",
            samples,
            Measure("limit", goal=250.0),
            latency_ms=percentiles([age for each in ours.ages_ms[1:] for age in each]),
            value=Value("ms p99", spread(ages)),
            peak_rss_kib=ours.peak_kib,
        ),
        Record(
            "ws",
            f"{name}, {AGAINST}",
            "event to a client",
            reference.samples[1:],
            counts=reference.counts(),
            latency_ms=percentiles([age for each in reference.ages_ms[1:] for age in each]),
        ),
    ]


@asynccontextmanager
async def _ours(clients: int, *, batches: bool) -> AsyncGenerator[Side]:
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        async with _side("ours", folder, f"{STREAM}?batch=1" if batches else STREAM, clients) as side:
            yield side


@asynccontextmanager
async def _reference(clients: int) -> AsyncGenerator[Side]:
    async with _side("websockets", ".", "/", clients) as side:
        yield side


@asynccontextmanager
async def _side(kind: str, folder: str, path: str, clients: int) -> AsyncGenerator[Side]:
    greeted = "greeted" if kind == "ours" else "silent"
    async with (
        talking("kronveil.bench.served", kind, folder) as server,
        talking("kronveil.bench.crowd", str(server.began["port"]), path, str(clients), greeted) as crowd,
    ):
        yield Side(server, crowd, clients)
