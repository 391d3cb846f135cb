"""relist: every watch of a fleet ends with 410 at once and all is listed again, against bare paged typed decoding.

Both read the same pages over real sockets from the same servers. Ours is the whole agent, in a process of its own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import msgspec
from anyio.abc import SocketStream

from kronveil.bench.bare import Pod
from kronveil.bench.fleet import Canned, Cost, Subject, canned, watching
from kronveil.bench.measure import Sample, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value

PEER = "goes blind (published)"
MOST_LISTS = 4
READ = 256 * 1024
REST_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the fleet is, and how often all of it is listed again."""

    clusters: int
    pods: int
    rounds: int

    @property
    def all_pods(self) -> int:
        """Of the whole fleet."""
        return self.clusters * self.pods


class Metadata(msgspec.Struct, gc=False):
    """What a page says of itself."""

    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, gc=False):
    """A page of a list, as a bare reader wants it."""

    metadata: Metadata
    items: tuple[Pod, ...]


decode_page = msgspec.json.Decoder(Page).decode


@dataclass(slots=True)
class Storm:
    """One relist of everything, as seen from outside."""

    sample: Sample
    late_ms: Sequence[float]
    extra_mib: float
    most_lists: int
    received: int
    merged: int


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Twenty clusters of 5,000 pods; the quick form has four of 1,000."""
    return await measured(Plan(4, 1_000, 3) if quick else Plan(20, 5_000, 5))


async def measured(plan: Plan) -> list[Record]:
    """Ours and bare in turns, on one fleet."""
    storms: list[Storm] = []
    bare: list[Sample] = []
    async with canned(plan.pods) as servers, watching(servers, plan.clusters) as subject:
        await subject.settled(plan.pods)
        watches = await _still(servers)
        for _ in range(plan.rounds + 1):  # the first is thrown away
            storms.append(await _storm(servers, subject, plan, watches))
            bare.append(await _bare(servers.port, plan))
        last = await subject.cost()
    return _records(plan, storms[1:], bare[1:], last)


async def _still(servers: Canned) -> int:
    """How many watches there are, once no more are opened."""
    watches = -1
    while (now := (await servers.tally())["watches"]) != watches:
        watches = now
        await anyio.sleep(REST_S)
    return watches


async def _storm(servers: Canned, subject: Subject, plan: Plan, watches: int) -> Storm:
    await anyio.sleep(REST_S)
    before, books_before = await subject.begin(), await _books(subject)
    began = time.perf_counter()
    await servers.expire()
    await anyio.sleep(0.05)  # until the watches have ended
    await servers.watched(watches)
    wall_s = time.perf_counter() - began
    members = await subject.settled(plan.pods)
    after, tally = await subject.cost(), await servers.tally()
    books = tuple(sum(one["books"][name] for one in members) for name in ("received", "merged"))
    return Storm(
        Sample(plan.all_pods, after.cpu_s - before.cpu_s, wall_s),
        after.late_ms,
        max(0, after.peak_kib - before.rss_kib) / 1024,
        tally["most_lists"],
        books[0] - books_before[0],
        books[1] - books_before[1],
    )


async def _books(subject: Subject) -> tuple[int, int]:
    members = await subject.clusters()
    return (sum(one["books"]["received"] for one in members), sum(one["books"]["merged"] for one in members))


async def _bare(port: int, plan: Plan) -> Sample:
    """Four readers who decode every page of every cluster and let go of it."""
    clusters, pods = iter(range(plan.clusters)), 0

    async def read() -> None:
        nonlocal pods
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            for cluster in clusters:
                place = "0"
                while place:
                    page = decode_page(await _get(stream, f"/c/{cluster}/api/v1/pods?limit=500&continue={place}"))
                    pods += len(page.items)
                    place = page.metadata.continue_

    cpu, wall = time.process_time(), time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(MOST_LISTS):
            tasks.start_soon(read)
    return Sample(pods, time.process_time() - cpu, time.perf_counter() - wall)


async def _get(stream: SocketStream, target: str) -> bytes:
    await stream.send(f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    head, _, rest = (await stream.receive(READ)).partition(b"\r\n\r\n")
    missing = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
    parts = [rest]
    while missing > 0:
        part = await stream.receive(READ)
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _records(plan: Plan, storms: Sequence[Storm], bare: Sequence[Sample], last: Cost) -> list[Record]:
    samples = [storm.sample for storm in storms]
    name = f"{plan.clusters} x {plan.pods:,} pods"
    wanted = plan.all_pods * len(storms)
    received, merged = sum(storm.received for storm in storms), sum(storm.merged for storm in storms)
    late_ms = [late for storm in storms for late in storm.late_ms]

    def bounded(variant: str, unit: str, values: Sequence[float], bounds: Measure) -> Record:
        value = Value(unit, spread(values))
        return Record("relist", variant, "pod", samples, bounds, value=value, peak_rss_kib=peak)

    peak = last.peak_kib
    return [
        Record(
            "relist",
            name,
            "pod",
            samples,
            Measure("cost", goal=2.0),
            bare,
            "bare paged decode",
            # Nothing of it is new. What else is listed beside the pods is received, too.
            counts=Counts(received, 0, merged, lost=max(0, wanted - received)),
            latency_ms=percentiles(late_ms),
            peer=PEER,
            more={"cpu_s": round(spread([sample.cpu_s for sample in samples]).median, 2)},
            peak_rss_kib=peak,
        ),
        bounded("CPU of one storm", "s CPU", [sample.cpu_s for sample in samples], Measure("limit", floor=20.0)),
        bounded(
            "event loop late, p99",
            "ms",
            [percentiles(storm.late_ms)["p99"] for storm in storms],
            Measure("limit", floor=500.0, goal=100.0),
        ),
        bounded("memory beyond the steady", "MiB", [storm.extra_mib for storm in storms], Measure("limit", goal=150.0)),
        bounded(
            "lists at once", "lists", [storm.most_lists for storm in storms], Measure("limit", MOST_LISTS, MOST_LISTS)
        ),
        Record("relist", "bare: paged typed decode", "pod", bare),
    ]
