"""idle: what watching a fleet costs in which nothing happens, and whether that depends on how many pods it has."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from kronveil.bench.fleet import Subject, canned, watching
from kronveil.bench.measure import Sample, spread
from kronveil.bench.record import Counts, Measure, Record, Value

REST_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Two fleets of as many clusters, with few and with many pods, looked at for some seconds, some times."""

    clusters: int
    few: int
    many: int
    seconds: float
    rounds: int


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Twenty clusters, of 100 and of 5,000 pods each."""
    return await measured(Plan(4, 50, 500, 0.6, 5) if quick else Plan(20, 100, 5_000, 6.0, 5))


async def measured(plan: Plan) -> list[Record]:
    """Both agents over the same seconds."""
    async with (
        canned(plan.few) as small,
        canned(plan.many) as large,
        watching(small, plan.clusters) as few,
        watching(large, plan.clusters) as many,
    ):
        await few.settled(plan.few)
        await many.settled(plan.many)
        await anyio.sleep(REST_S)
        windows = [await _window((few, many), plan) for _ in range(plan.rounds)]
        members = await few.clusters() + await many.clusters()
    of_few, of_many = ([pair[number] for pair in windows] for number in (0, 1))
    books = [one["books"] for one in members]
    counts = Counts(sum(one["received"] for one in books), 0, sum(one["merged"] + one["delivered"] for one in books))
    name = f"{plan.clusters} quiet clusters"
    return [
        Record(
            "idle",
            name,
            "second",
            of_few,
            Measure("limit", floor=5.0, goal=2.0),
            counts=counts,
            value=Value("% of a core", spread([sample.cpu_s / sample.wall_s * 100 for sample in of_few])),
        ),
        Record(
            "idle",
            f"{name}, {plan.many:,} pods each",
            "second",
            of_many,
            Measure("cost", goal=1.25),
            of_few,
            f"{plan.few} pods each",
            counts=counts,
        ),
    ]


async def _window(subjects: Sequence[Subject], plan: Plan) -> list[Sample]:
    before = [await subject.cost() for subject in subjects]
    began = time.perf_counter()
    await anyio.sleep(plan.seconds)
    wall_s = time.perf_counter() - began
    after = [await subject.cost() for subject in subjects]
    return [
        Sample(max(1, round(plan.seconds)), now.cpu_s - then.cpu_s, wall_s)
        for then, now in zip(before, after, strict=True)
    ]
