"""One result with all that is needed to judge it, and to compare it with another day's."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from kronveil.bench.measure import Sample, Spread, spread

SEED = 20261125
LIBRARIES = ("anyio", "msgspec", "sqlalchemy", "fastapi", "uvicorn", "pydantic", "httpx2")


@dataclass(frozen=True, slots=True)
class Measure:
    """How the ratio to bare reads. ``speed``: bare's cost over ours, more is better. ``cost``: ours over bare's.

    ``limit`` is about no ratio but about the record's ``value``, of which less is better.
    ``of`` is what is compared: CPU, or wall time where the disk is waited for.
    """

    kind: Literal["speed", "cost", "limit"]
    floor: float | None = None
    goal: float | None = None
    of: Literal["cpu", "wall"] = "cpu"

    def ratios(self, ours: Sequence[Sample], bare: Sequence[Sample]) -> Spread:
        """Round by round, since both halves of a round met the same machine."""
        pairs = [(self._cost(mine), self._cost(theirs)) for mine, theirs in zip(ours, bare, strict=True)]
        return spread([theirs / mine if self.kind == "speed" else mine / theirs for mine, theirs in pairs])

    def holds(self, ratio: float, bound: float | None) -> bool | None:
        """Whether the bound is kept; None when there is none."""
        if bound is None:
            return None
        return ratio >= bound if self.kind == "speed" else ratio <= bound

    def _cost(self, sample: Sample) -> float:
        return sample.cpu_us if self.of == "cpu" else sample.wall_us


@dataclass(frozen=True, slots=True)
class Value:
    """What is judged by itself: a stall, a slope, an exponent; ``unit`` says of what.

    ``narrow_within``: how far apart the quartiles may be, where a part of the median says nothing (it may be near 0).
    """

    unit: str
    spread: Spread
    narrow_within: float | None = None

    def is_steady(self, bounds: Measure) -> bool:
        """Whether the rounds agree: with one another, or at least in that the goal is kept."""
        if bounds.goal is not None and self.spread.q3 <= bounds.goal:
            return True
        if self.narrow_within is not None:
            return self.spread.q3 - self.spread.q1 <= self.narrow_within
        return self.spread.is_narrow


@dataclass(frozen=True, slots=True)
class Counts:
    """Whether everything that went in came out: in = stored + deduplicated + rejected + lost."""

    taken: int
    stored: int
    deduplicated: int = 0
    rejected: int = 0
    lost: int = 0
    duplicated: int = 0

    @property
    def is_balanced(self) -> bool:
        """Nothing lost, nothing twice, and the sum is right."""
        sums_up = self.taken == self.stored + self.deduplicated + self.rejected
        return sums_up and not self.lost and not self.duplicated


@dataclass(frozen=True, slots=True)
class Record:
    """A variant of a stage against its reference, if it has one."""

    stage: str
    variant: str
    unit: str
    samples: Sequence[Sample]
    measure: Measure | None = None
    bare: Sequence[Sample] | None = None
    against: str | None = None
    counts: Counts | None = None
    latency_ms: Mapping[str, float] | None = None
    peer: str | None = None
    more: Mapping[str, float] = field(default_factory=dict[str, float])
    value: Value | None = None
    peak_rss_kib: int | None = None
    """Of the process that was measured; None: of this one."""

    @property
    def figure(self) -> Spread | None:
        """What floor and goal are about: the value, or else the ratio."""
        return self.value.spread if self.value is not None else self.ratio

    @property
    def ratio(self) -> Spread | None:
        """The ratio to the reference."""
        return self.measure.ratios(self.samples, self.bare) if self.measure and self.bare else None

    @property
    def is_steady(self) -> bool:
        """Whether the rounds agree with one another."""
        if self.value is not None and self.measure is not None:
            return self.value.is_steady(self.measure)
        return (self.ratio or spread([sample.cpu_us for sample in self.samples])).is_narrow

    def misses(self, bound: Literal["floor", "goal"]) -> bool:
        """Whether it has that bound and does not keep it."""
        if self.figure is None or self.measure is None:
            return False
        return self.measure.holds(self.figure.median, getattr(self.measure, bound)) is False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The machine and the program, before and after a stage."""

    load_before: float
    load_after: float

    @property
    def is_calm(self) -> bool:
        """Whether no more was to be done than there are cores."""
        return max(self.load_before, self.load_after) <= (os.cpu_count() or 1)


def as_json(record: Record, circumstances: Circumstances) -> dict[str, Any]:
    """The record as `--json` writes it."""
    cpu, ratio, measure, counts = (
        spread([s.cpu_us for s in record.samples]),
        record.ratio,
        record.measure,
        record.counts,
    )
    value, figure = record.value, record.figure
    return {
        "stage": record.stage,
        "variant": record.variant,
        "unit": record.unit,
        "n": sum(sample.units for sample in record.samples),
        "rounds": len(record.samples),
        "cpu_us": _spread(cpu),
        "wall_per_s": sum(s.units for s in record.samples) / sum(s.wall_s for s in record.samples),
        "latency_ms": dict(record.latency_ms) if record.latency_ms else None,
        "against": record.against,
        "ratio_kind": f"{measure.kind}, {measure.of}" if measure and ratio else None,
        "ratio_to_bare": _spread(ratio) if ratio else None,
        "ratio_to_peer": None,
        "peer_published": record.peer,
        "floor": measure.floor if measure else None,
        "value": _spread(value.spread) if value else None,
        "value_unit": value.unit if value else None,
        "floor_met": measure.holds(figure.median, measure.floor) if measure and figure else None,
        "goal": measure.goal if measure else None,
        "goal_met": measure.holds(figure.median, measure.goal) if measure and figure else None,
        "taken": counts.taken if counts else None,
        "stored": counts.stored if counts else None,
        "deduplicated": counts.deduplicated if counts else None,
        "rejected": counts.rejected if counts else None,
        "lost": counts.lost if counts else None,
        "duplicated": counts.duplicated if counts else None,
        "balanced": counts.is_balanced if counts else None,
        "peak_rss_kib": record.peak_rss_kib or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        **record.more,
        "valid": circumstances.is_calm and record.is_steady,
        "load_before": circumstances.load_before,
        "load_after": circumstances.load_after,
        "cores": os.cpu_count(),
        "seed": SEED,
        "commit": _commit(),
        "python": sys.version.split()[0],
        "libraries": _libraries(),
    }


def _spread(values: Spread) -> dict[str, float]:
    return {"median": values.median, "q1": values.q1, "q3": values.q3}


@cache
def _commit() -> str | None:
    """The commit of the source tree, when this runs from one."""
    here = Path(__file__).parent
    asked = subprocess.run(  # noqa: S603 - no word of it comes from outside
        ["git", "-C", str(here), "rev-parse", "HEAD"],  # noqa: S607 - the machine's own git
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or None


@cache
def _libraries() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}
