"""soak: pods come, fail, recover and go for days of the agent's clock; what it holds in memory must stay the same."""

import gc
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import anyio

from kronveil.agent.agent import Agent
from kronveil.bench.agents import agent_on, balance, frozen, settled
from kronveil.bench.cluster import Cluster, chunked
from kronveil.bench.fit import slope
from kronveil.bench.frames import PodName, frame
from kronveil.bench.measure import Sample, Spread
from kronveil.bench.record import Measure, Record, Value
from kronveil.bench.resident import resident_kib
from kronveil.model.incident import IncidentStatus
from kronveil.stores.sqlite import open_sqlite

BEAT_S = 0.05
ARRIVALS = 6
MOST_IN_FLIGHT = 200
TURNS_OF_A_LIFE = 8
WARM = 0.6
DAY_S = 86_400
LONG = 0.5  # days; a shorter run only shows that it ends
PODS_PER_DEPLOYMENT = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How many seconds it lasts, how many of the agent's seconds one of them is, and how many pods just stay."""

    seconds: float
    speed: int
    pods: int

    @property
    def days(self) -> float:
        """Of the agent's clock."""
        return self.seconds * self.speed / DAY_S


class FastClock:
    """Runs so many times as fast as ours."""

    def __init__(self, speed: int) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._start = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)


class Lives:
    """Each beat new pods are there, those of a while ago fail, those before them recover, and the oldest are gone."""

    def __init__(self, first: int) -> None:
        self._numbers = count(first)
        self._versions = count(first * 10)
        self._turns: deque[list[int]] = deque()
        self.failed = 0

    def beat(self) -> list[bytes]:
        """The frames of one beat."""
        self._turns.appendleft([next(self._numbers) for _ in range(ARRIVALS)])
        lines = [self._line(number) for number in self._turns[0]]
        lines += [self._line(number, is_failing=True) for number in self._at(TURNS_OF_A_LIFE)]
        self.failed += len(self._at(TURNS_OF_A_LIFE))
        lines += [self._line(number) for number in self._at(2 * TURNS_OF_A_LIFE)]
        if len(self._turns) > 3 * TURNS_OF_A_LIFE:
            lines += [_deleted(self._line(number)) for number in self._turns.pop()]
        return lines

    def end(self) -> Iterator[list[bytes]]:
        """All that are left are gone."""
        while self._turns:
            yield [_deleted(self._line(number)) for number in self._turns.pop()]

    def _at(self, age: int) -> list[int]:
        return self._turns[age] if len(self._turns) > age else []

    def _line(self, number: int, *, is_failing: bool = False) -> bytes:
        return frame(PodName(number, PODS_PER_DEPLOYMENT), next(self._versions), is_failing=is_failing)


@dataclass(slots=True)
class Course:
    """What was held, second by second."""

    at_s: list[float] = field(default_factory=list[float])
    rss_kib: list[float] = field(default_factory=list[float])

    def note(self, at_s: float) -> None:
        """Now."""
        gc.collect()
        self.at_s.append(at_s)
        self.rss_kib.append(resident_kib())

    def percent_a_day(self, speed: int) -> float:
        """How much more is held after one more day of the agent's clock, once it was warm."""
        first = next((number for number, at_s in enumerate(self.at_s) if at_s >= self.at_s[-1] * WARM), 0)
        held = self.rss_kib[first:]
        if len(held) < 2 or not held[0]:
            return 0.0
        return slope(self.at_s[first:], held) / held[0] * 100 * DAY_S / speed


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """One minute for 16 hours; ``make soak`` takes longer."""
    return await measured(Plan(3, 2_000, 200) if quick else Plan(60, 1_000, 1_000))


async def measured(plan: Plan) -> list[Record]:
    """Ends by itself."""
    cluster = Cluster(plan.pods, PODS_PER_DEPLOYMENT)
    clock, lives, course = FastClock(plan.speed), Lives(plan.pods), Course()
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        async with open_sqlite(Path(folder)) as store, agent_on([cluster], store, clock) as agent:
            with frozen():
                cpu_s, began = time.process_time(), time.perf_counter()
                sent = await _live(plan, agent, cluster, lives, course)
                for lines in lives.end():
                    await cluster.put(chunked(lines))
                    sent += len(lines)
                sample = Sample(sent, time.process_time() - cpu_s, time.perf_counter() - began)
                await settled(agent, cluster.items + sent)
                left = await _left(agent)
                counts = balance([agent], cluster.items + sent)
            more = {
                "incidents": float(agent.figures().incidents_opened),
                "open_at_the_end": float(left),
                "days": round(plan.days, 2),
                "mib": round(course.rss_kib[-1] / 1024, 1),
            }
    growth = course.percent_a_day(plan.speed)
    return [
        Record(
            "soak",
            f"{plan.seconds:g} s for {plan.days * 24:.0f} h",
            "frame",
            [sample],
            # The allocator alone breathes by a part of a MiB: in a day that is less, in a minute more.
            Measure(
                "limit", floor=max(1.0, 20 / plan.days), goal=max(1.0, 4 / plan.days) if plan.days > LONG else None
            ),
            counts=counts,
            value=Value("% more RSS a day", Spread(growth, growth, growth)),
            more=more,
        )
    ]


def _deleted(line: bytes) -> bytes:
    return line.replace(b'"MODIFIED"', b'"DELETED"', 1)


async def _live(plan: Plan, agent: Agent, cluster: Cluster, lives: Lives, course: Course) -> int:
    """A beat of lives, over and over; how many frames there were."""
    began, sent, due_s = time.perf_counter(), 0, 0.0
    while (at_s := time.perf_counter() - began) < plan.seconds:
        lines = lives.beat()
        await cluster.put(chunked(lines))
        sent += len(lines)
        if at_s >= due_s:
            course.note(at_s)
            due_s = at_s + max(0.2, plan.seconds / 200)
        await anyio.sleep(BEAT_S)
        # On a machine that is busy otherwise it is not the queue that is to be measured.
        while agent.books().in_flight > MOST_IN_FLIGHT:  # noqa: ASYNC110 - no event says so
            await anyio.sleep(BEAT_S)
    course.note(time.perf_counter() - began)
    return sent


async def _left(agent: Agent) -> int:
    """How many incidents are still open some minutes of the agent's clock after all pods are gone."""
    left = -1
    with anyio.move_on_after(20):
        while left := sum(one.status is not IncidentStatus.RESOLVED for one in agent.open_incidents()):  # noqa: ASYNC110 - no event
            await anyio.sleep(0.1)
    return left
