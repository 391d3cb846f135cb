"""Times variants in turns, so that whatever else the machine does meets all of them alike."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

ROUNDS = 5
QUICK_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to do the same work. ``work`` returns how many units it did; ``prepare`` is not timed."""

    name: str
    work: Callable[[], Awaitable[int]]
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one variant: CPU of the whole process, user and system."""

    units: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds for each unit."""
        return self.cpu_s / self.units * 1e6

    @property
    def wall_us(self) -> float:
        """Wall microseconds for each unit."""
        return self.wall_s / self.units * 1e6


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and its quartiles."""

    median: float
    q1: float
    q3: float

    @property
    def is_narrow(self) -> bool:
        """Whether the middle half lies within 30 % of the median."""
        return self.q3 - self.q1 <= 0.3 * self.median


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles; of one value, itself."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    q1, median, q3 = quantiles(values, n=4, method="inclusive")
    return Spread(median, q1, q3)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest."""
    ranked = sorted(values)
    return {f"p{p}": ranked[min(len(ranked) - 1, len(ranked) * p // 100)] for p in (50, 95, 99)} | {"max": ranked[-1]}


async def interleaved(variants: Sequence[Variant], rounds: int) -> dict[str, list[Sample]]:
    """A, B, A, B: every variant once a round. The first round is thrown away: it warms up code, not data."""
    samples: dict[str, list[Sample]] = {variant.name: [] for variant in variants}
    for _ in range(rounds + 1):
        for variant in variants:
            if variant.prepare is not None:
                variant.prepare()
            samples[variant.name].append(await _timed(variant))
    return {name: taken[1:] for name, taken in samples.items()}


async def _timed(variant: Variant) -> Sample:
    cpu, wall = time.process_time(), time.perf_counter()
    units = await variant.work()
    return Sample(units, time.process_time() - cpu, time.perf_counter() - wall)
