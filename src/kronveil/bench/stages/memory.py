"""memory: what the agent holds for nothing at all, and for each pod that it keeps, as the system counts it (RSS)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from kronveil.bench.fit import slope
from kronveil.bench.fleet import canned, watching
from kronveil.bench.measure import Sample, spread
from kronveil.bench.record import Counts, Measure, Record, Value

PEER = "176 MB for 10,000 pods if it cached; 46 MB idle (published)"
MIB = 1024
PER = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The fleets that are compared, as clusters and pods of each, smallest first; and how often."""

    fleets: Sequence[tuple[int, int]]
    rounds: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """What one agent held when it knew all of its fleet."""

    pods: int
    rss_mib: float
    sample: Sample
    received: int
    merged: int


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """10,000, 40,000 and 100,000 pods in clusters of 5,000; the quick form has one cluster, of 1,000 and of 8,000."""
    if quick:
        return await measured(Plan(((1, 1_000), (1, 8_000)), 1))
    return await measured(Plan(((2, 5_000), (8, 5_000), (20, 5_000)), 3))


async def measured(plan: Plan) -> list[Record]:
    """An agent for each size of fleet, and one for none at all, in turns."""
    idle: list[Fleet] = []
    rounds: list[list[Fleet]] = []
    for _ in range(plan.rounds):
        idle.append(await _held(0, 1))
        rounds.append([await _held(clusters, pods) for clusters, pods in plan.fleets])
    return _records(plan, idle, rounds)


async def _held(clusters: int, pods: int) -> Fleet:
    began = time.perf_counter()
    async with canned(pods) as servers, watching(servers, clusters) as subject:
        members = await subject.settled(pods)
        cost = await subject.cost()
    books = [one["books"] for one in members]
    return Fleet(
        sum(one["pods"] for one in members),
        cost.rss_kib / MIB,
        Sample(max(1, clusters * pods), cost.cpu_s, time.perf_counter() - began),
        sum(one["received"] for one in books),
        sum(one["merged"] + one["delivered"] for one in books),
    )


def _records(plan: Plan, idle: Sequence[Fleet], rounds: Sequence[Sequence[Fleet]]) -> list[Record]:
    slopes = [slope([fleet.pods for fleet in fleets], [fleet.rss_mib for fleet in fleets]) * PER for fleets in rounds]
    largest = [fleets[-1] for fleets in rounds]
    clusters, pods = plan.fleets[-1]
    expected = clusters * pods * len(rounds)
    found = sum(fleet.pods for fleet in largest)
    received, settled = (sum(getattr(fleet, name) for fleet in largest) for name in ("received", "merged"))
    counts = Counts(received, 0, settled, lost=max(0, expected - found), duplicated=max(0, found - expected))
    peak_kib = round(max(fleet.rss_mib for fleet in largest) * MIB)

    def bounded(variant: str, unit: str, values: Sequence[float], of: Sequence[Fleet], bounds: Measure) -> Record:
        samples = [fleet.sample for fleet in of]
        value = Value(unit, spread(values))
        return Record("memory", variant, "pod", samples, bounds, counts=counts, value=value, peak_rss_kib=peak_kib)

    records = [
        Record(
            "memory",
            "each further 10,000 pods",
            "pod",
            [fleet.sample for fleet in largest],
            Measure("limit", floor=60.0, goal=30.0),
            counts=counts,
            peer=PEER,
            value=Value("MiB RSS per 10,000 pods", spread(slopes)),
            peak_rss_kib=peak_kib,
            more={f"mib_at_{fleet.pods}": round(fleet.rss_mib, 1) for fleet in rounds[-1]},
        ),
        bounded("nothing to watch", "MiB RSS", [one.rss_mib for one in idle], idle, Measure("limit", 120.0, 110.0)),
    ]
    if largest[0].pods == 10 * PER:
        rss = [fleet.rss_mib for fleet in largest]
        records.append(bounded("100,000 pods", "MiB RSS", rss, largest, Measure("limit", goal=450.0)))
    return records
