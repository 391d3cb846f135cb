"""recover: a killed writer keeps all that it acknowledged; a start on a long past costs what a first one does."""

import random
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import anyio

from kronveil.bench.fleet import process, watching
from kronveil.bench.history import lengthen
from kronveil.bench.measure import Sample, spread
from kronveil.bench.record import SEED, Counts, Measure, Record, Value
from kronveil.bench.saver import BATCH
from kronveil.sdk.storage import EventQuery
from kronveil.stores.sqlite import open_sqlite

PEER = "loses all (published)"
LONGEST_LIFE_S = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """How many kills; how long the past is that a start meets, and how many starts."""

    kills: int
    events: int
    rounds: int


@dataclass(slots=True)
class Kept:
    """What was acknowledged, and what was found after the last kill."""

    acknowledged: int = 0
    found: int = 0
    lost: int = 0
    duplicated: int = 0


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Twenty kills and a million events; the quick form has two and 50,000. A hundred kills are in ``make soak``."""
    return await measured(Plan(2, 50_000, 2) if quick else Plan(20, 1_000_000, 7))


async def measured(plan: Plan) -> list[Record]:
    """The kills first, then starts in turns."""
    kept, lives = await _killed(plan.kills)
    first, late, wall_s = await _starts(plan)
    counts = Counts(kept.found, kept.found, lost=kept.lost, duplicated=kept.duplicated)
    value = Value("acknowledged events lost", spread([float(kept.lost + kept.duplicated)]))
    return [
        Record(
            "recover",
            f"{plan.kills} random kills",
            "event",
            lives,
            Measure("limit", floor=0.0, goal=0.0),
            counts=counts,
            peer=PEER,
            value=value,
            more={"acknowledged": kept.acknowledged},
        ),
        Record(
            "recover",
            f"start with {plan.events:,} events",
            "start",
            late,
            Measure("cost", floor=1.2, goal=1.2),
            first,
            "first start",
            counts=counts,
        ),
        Record(
            "recover",
            f"after a kill, {plan.events:,} events",
            "start",
            late,
            Measure("limit", floor=10.0, goal=2.0),
            value=Value("s more until healthy", spread(wall_s)),
        ),
        Record("recover", "bare: first start", "start", first),
    ]


async def _killed(kills: int) -> tuple[Kept, list[Sample]]:
    lives: list[Sample] = []
    chance, kept = random.Random(SEED), Kept()  # noqa: S311 - the same moments each time
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        for _ in range(kills):
            cpu_s, began = _of_children(), time.perf_counter()
            said = await _life(Path(name), kept.acknowledged, chance.uniform(0, LONGEST_LIFE_S))
            new = max(BATCH, said - kept.acknowledged)
            lives.append(Sample(new, _of_children() - cpu_s, time.perf_counter() - began))
            kept.acknowledged = max(kept.acknowledged, said)
            await _look(Path(name), kept)
    return kept, lives


def _of_children() -> float:
    """CPU of the processes of ours that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _life(folder: Path, first: int, life_s: float) -> int:
    """Let it save until it is killed; the last number it acknowledged."""
    said = b""
    async with process("kronveil.bench.saver", str(folder), str(first)) as saver:
        assert saver.stdout is not None  # noqa: S101 - it was opened with pipes
        said += await saver.stdout.receive()  # it has begun
        await anyio.sleep(life_s)
        saver.kill()
        async for more in saver.stdout:
            said += more
        await saver.wait()
    # A line that was cut off by the kill says nothing.
    return max((int(line) for line in said.split(b"\n")[:-1]), default=first)


async def _look(folder: Path, kept: Kept) -> None:
    """Everything acknowledged is there, nothing twice. The next life writes some again that nobody acknowledged."""
    async with open_sqlite(folder) as store:
        numbers: list[int] = []
        query: EventQuery | None = EventQuery(limit=1_000)
        while query is not None:
            page = await store.events(query)
            numbers += [int(event.id.rpartition("_")[2]) for event in page.items]
            query = EventQuery(limit=1_000, before=page.next_cursor) if page.next_cursor else None
    kept.found = len(numbers)
    kept.lost += len(set(range(kept.acknowledged)).difference(numbers))
    kept.duplicated += len(numbers) - len(set(numbers))


async def _starts(plan: Plan) -> tuple[list[Sample], list[Sample], list[float]]:
    """First starts on nothing, and starts on the long past that the one before left when it was killed."""
    first: list[Sample] = []
    late: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        lengthen(Path(name) / "state", 0, plan.events)
        for _ in range(plan.rounds):
            with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as empty:
                first.append(await _start(Path(empty)))
            late.append(await _start(Path(name)))
    return first, late, [then.wall_s - now.wall_s for now, then in zip(first, late, strict=True)]


async def _start(folder: Path) -> Sample:
    """Until it answers that it is healthy. It is killed when that was seen."""
    began = time.perf_counter()
    async with watching(None, 0, folder) as subject:
        await subject.get("/health")
        wall_s = time.perf_counter() - began
        cost = await subject.cost()
    return Sample(1, cost.cpu_s, wall_s)
