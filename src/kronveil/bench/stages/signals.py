"""signals: what it costs to keep what pods use, to find one pod's day again, and what an agent holds that reads it."""

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import anyio

from kronveil.bench.fleet import canned, watching
from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Sample, Variant, interleaved, percentiles, spread
from kronveil.bench.record import SEED, Counts, Measure, Record, Value
from kronveil.model.signal import Bounds, Scrape, Subject
from kronveil.model.signal import Sample as Measured
from kronveil.sdk.signals import SeriesQuery, SignalStore
from kronveil.stores.sqlite.signals import open_signals

PODS = 5_000
BEGAN = 1_795_000_020
A_DAY = 1_440
MIB = 1024
FLEET = 20, 5_000
READINGS = 4
READ_WITHIN_S = 300
_BOUNDS = Bounds(0.25, None, 2.0**27, 2.0**28)


@dataclass(slots=True)
class Keeping:
    """A store, and a bare table with a row a sample, fed with the same readings of one cluster."""

    store: SignalStore
    bare: sqlite3.Connection
    made: int = 0
    bare_made: int = 0
    kept: int = 0
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - made-up values
    subjects: Sequence[Subject] = field(
        default_factory=lambda: [
            Subject(
                "shop",
                f"svc-{n // 10:04d}-7d4b9c6f8d-{n:05d}",
                "app",
                "node-1",
                "Deployment",
                f"svc-{n // 10:04d}",
                _BOUNDS,
            )
            for n in range(PODS)
        ]
    )

    def reading(self, number: int) -> Scrape:
        """What all pods use in one minute."""
        at = BEGAN + 60 * number
        values = [(self.random.random(), self.random.random() * 2**28) for _ in self.subjects]
        samples = [Measured(each, at - 7, *used) for each, used in zip(self.subjects, values, strict=True)]
        return Scrape("metrics.k8s.io", at, 60.0, samples, {})

    async def keep(self, readings: Sequence[Scrape]) -> int:
        """Keep them."""
        for each in readings:
            self.kept += (await self.store.keep("bench", each)).new
        return len(readings) * PODS


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """One cluster of 5,000 pods in a file, for a day (quick: two hours); then agents on fleets, with it and without."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        records = await _file(Path(folder), quick=quick)
    return records if quick else [*records, await _fleet()]


async def _file(folder: Path, *, quick: bool) -> list[Record]:
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=NORMAL")
    bare.execute("CREATE TABLE samples (subject INTEGER, at INTEGER, cpu REAL, memory REAL, PRIMARY KEY (subject, at))")
    async with open_signals(folder, largest=2**40) as store:
        keeping = Keeping(store, bare)
        taken = await _kept(keeping, QUICK_ROUNDS if quick else ROUNDS)
        while keeping.made < (120 if quick else A_DAY):
            await keeping.keep([keeping.reading(keeping.made)])
            keeping.made += 1
        found, looked = await _found(keeping)
        use = await store.use()
    bare.close()
    given = keeping.made * PODS
    counts = Counts(given, keeping.kept, lost=given - keeping.kept + keeping.made - found)
    per_sample = spread([use.size / given])
    return [
        Record(
            "signals",
            "keep a reading of 5,000 pods",
            "sample",
            taken["ours"],
            Measure("speed", floor=0.3, goal=0.6),
            taken["bare"],
            "executemany, a row a sample",
            counts=counts,
        ),
        Record(
            "signals",
            "bytes on disk",
            "sample",
            taken["ours"],
            Measure("limit", floor=24.0, goal=14.0),
            value=Value("bytes a sample of two values", per_sample),
            more={"gib_a_day_at_100000_pods": round(per_sample.median * 100_000 * A_DAY / 2**30, 2)},
        ),
        Record(
            "signals",
            f"one deployment of {PODS:,} pods over {keeping.made} minutes",
            "query",
            looked,
            Measure("limit", floor=2_000.0, goal=500.0),
            value=Value("ms", spread([sample.wall_s * 1000 for sample in looked])),
            latency_ms=percentiles([sample.wall_s * 1000 for sample in looked]),
        ),
    ]


async def _kept(keeping: Keeping, rounds: int) -> dict[str, list[Sample]]:
    readings: list[Scrape] = []

    def make() -> None:
        readings[:] = [keeping.reading(keeping.made)]
        keeping.made += 1

    async def ours() -> int:
        return await keeping.keep(readings)

    async def bare() -> int:
        rows = [(n, each.at, each.cpu, each.memory) for n, each in enumerate(readings[0].samples)]
        keeping.bare.execute("BEGIN")
        keeping.bare.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", rows)
        keeping.bare.execute("COMMIT")
        return len(rows)

    return await interleaved([Variant("ours", ours, make), Variant("bare", bare)], rounds)


async def _found(keeping: Keeping) -> tuple[int, list[Sample]]:
    """How many points one pod has, and what it took to find those of its deployment, again and again."""
    since, until = (datetime.fromtimestamp(BEGAN + at, UTC) for at in (-60, 60 * keeping.made))
    query = SeriesQuery(since, until, ("container.memory.working_set",), "bench", owner="svc-0123")
    looked: list[Sample] = []
    points = 0
    for _ in range(5):
        cpu, wall = time.process_time(), time.perf_counter()
        page = await keeping.store.series(query)
        looked.append(Sample(1, time.process_time() - cpu, time.perf_counter() - wall))
        points = len(page.items[0].points)
    return points, looked


async def _fleet() -> Record:
    """100,000 pods: what an agent holds once it has read all of them several times."""
    clusters, pods = FLEET
    async with canned(pods, measured=True) as servers, watching(servers, clusters, metrics_interval_s=20) as subject:
        began = time.perf_counter()
        await subject.settled(pods)
        wanted = READINGS * pods
        with anyio.fail_after(READ_WITHIN_S):
            while True:
                sources = (await subject.get("/signals"))["sources"]
                if all(each["books"]["delivered"] >= wanted for each in sources):
                    break
                await anyio.sleep(1)
        cost = await subject.cost()
    books = [each["books"] for each in sources]
    received, kept, repeated, dropped, waiting = (
        sum(each["received"] for each in books),
        sum(each["delivered"] for each in books),
        sum(each["merged"] for each in books),
        sum(sum(each["dropped"].values()) for each in books),
        sum(each["in_flight"] for each in books),
    )
    sample = Sample(max(1, kept), cost.cpu_s, time.perf_counter() - began)
    return Record(
        "signals",
        f"an agent that reads {clusters * pods:,} pods",
        "sample",
        [sample],
        Measure("limit", goal=450.0),
        counts=Counts(received, kept + waiting, repeated, dropped),
        value=Value("MiB RSS", spread([cost.rss_kib / MIB])),
        peak_rss_kib=cost.peak_kib,
        more={"readings_of_each_cluster": READINGS},
    )
