"""watch: from a frame of a watch to the incident on a client's screen, by the whole agent; at rest and under load."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import anyio
from websockets.asyncio.client import ClientConnection, connect

from kronveil.bench.fleet import TOKEN, Canned, Subject, canned, watching
from kronveil.bench.measure import Sample, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value

PEER = "none (panics)"
SEEN_WITHIN_S = 60
EVERY_S = 0.05
BURST = 1e9  # as fast as it is taken


@dataclass(frozen=True, slots=True)
class Plan:
    """Clusters, their pods, how many of them fail in a round; how long the agent is loaded to find out what it can."""

    clusters: int
    pods: int
    fails: int
    rounds: int
    burst_s: float


class Screen:
    """A client of the live stream that notes when it first saw an incident of each deployment."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.seen: dict[str, int] = {}

    async def look(self) -> None:
        """Until cancelled."""
        async for message in self._connection:
            now = time.monotonic_ns()
            told = json.loads(message)
            for frame in told.get("frames", [told]):
                if frame["type"] == "incident":
                    self.seen.setdefault(frame["data"]["resource"]["name"], now)

    async def has_seen(self, names: Iterable[str]) -> None:
        """Return when it has seen them all, or will not any more."""
        with anyio.move_on_after(SEEN_WITHIN_S):
            while not self.seen.keys() >= set(names):  # noqa: ASYNC110 - another task notes them
                await anyio.sleep(0.01)


class Watching:
    """The servers, the agent and the screen."""

    def __init__(self, servers: Canned, subject: Subject, screen: Screen, plan: Plan) -> None:
        self._servers = servers
        self._subject = subject
        self._screen = screen
        self._plan = plan
        self._first = 0

    async def can(self) -> float:
        """How many frames a second it takes when it gets as many as it takes."""
        before, began = await self._received(), time.perf_counter()
        told = await self._servers.say(fail=0, first=0, every_s=0, load=BURST, seconds=self._plan.burst_s)
        with anyio.fail_after(SEEN_WITHIN_S):
            while await self._received() < before + told["frames"]:  # noqa: ASYNC110 - another process
                await anyio.sleep(0.05)
        return told["frames"] / (time.perf_counter() - began)

    async def round(self, load: float) -> tuple[Sample, list[float], int]:
        """Some pods fail while ``load`` frames a second say nothing new; how long each took, how many were not seen."""
        fails, before, began = self._plan.fails, await self._subject.cost(), time.perf_counter()
        told = await self._servers.say(
            fail=fails, first=self._first, every_s=EVERY_S, load=load, seconds=fails * EVERY_S if load else 0
        )
        self._first += fails
        frames = told.pop("frames")
        await self._screen.has_seen(told)
        after = await self._subject.cost()
        sample = Sample(frames, after.cpu_s - before.cpu_s, time.perf_counter() - began)
        seen = self._screen.seen
        took = [(seen[name] - at) / 1e6 for name, at in told.items() if name in seen]
        return sample, took, fails - len(took)

    async def _received(self) -> int:
        return sum(one["books"]["received"] for one in await self._subject.clusters())


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Twenty clusters."""
    return await measured(Plan(4, 300, 10, 5, 0.5) if quick else Plan(20, 100, 20, 5, 3.0))


async def measured(plan: Plan) -> list[Record]:
    """First at rest; then what it can at most; then at half of that."""
    async with canned(plan.pods) as servers, watching(servers, plan.clusters) as subject:
        await subject.settled(plan.pods)
        url = f"{subject.url.replace('http', 'ws', 1)}/ws/events?batch=1"
        async with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}, max_size=None) as connection:
            return await _looked_at(Screen(connection), servers, subject, plan)


async def _looked_at(screen: Screen, servers: Canned, subject: Subject, plan: Plan) -> list[Record]:
    one, clusters = Watching(servers, subject, screen, plan), f"{plan.clusters} clusters"
    records: list[Record] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(screen.look)
        at_rest = [await one.round(0) for _ in range(plan.rounds)]
        half = await one.can() / 2
        loaded = [await one.round(half) for _ in range(plan.rounds)]
        records += [
            _record(f"{clusters} at rest: frame to incident", at_rest, Measure("limit", floor=500.0, goal=150.0)),
            _record(f"{clusters}, {half:,.0f} frames/s beside it", loaded, Measure("limit", floor=2_000.0, goal=500.0)),
        ]
        tasks.cancel_scope.cancel()
    return records


def _record(variant: str, rounds: Sequence[tuple[Sample, list[float], int]], bounds: Measure) -> Record:
    took = [each for _, times, _ in rounds for each in times]
    lost = sum(missed for _, _, missed in rounds)
    return Record(
        "watch",
        variant,
        "frame",
        [sample for sample, _, _ in rounds],
        bounds,
        counts=Counts(len(took) + lost, len(took), lost=lost),
        latency_ms=percentiles(took or [0.0]),
        peer=PEER,
        value=Value("ms p99", spread([percentiles(times or [0.0])["p99"] for _, times, _ in rounds])),
    )
