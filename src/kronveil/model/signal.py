"""Measured values of pods, containers and nodes: what each is called, its unit, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from kronveil.model.noun import noun


class Unit(StrEnum):
    """What a value counts; no prefixes, so that values can be compared without looking."""

    CORES = "cores"
    BYTES = "bytes"


class SubjectKind(StrEnum):
    """Of what something is measured."""

    POD = "Pod"
    CONTAINER = "Container"
    NODE = "Node"


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured quantity of one kind of subject."""

    name: str
    unit: Unit
    kind: SubjectKind
    meaning: str


_CPU = "Processor time used, averaged over the source's own window."
_WORKING_SET = "Memory in use that the kernel cannot reclaim: what the out-of-memory killer looks at."
SIGNALS: tuple[Signal, ...] = (
    Signal("pod.cpu.usage", Unit.CORES, SubjectKind.POD, f"{_CPU} The sum of a pod's containers."),
    Signal("pod.memory.working_set", Unit.BYTES, SubjectKind.POD, f"{_WORKING_SET} The sum of a pod's containers."),
    Signal("container.cpu.usage", Unit.CORES, SubjectKind.CONTAINER, _CPU),
    Signal("container.memory.working_set", Unit.BYTES, SubjectKind.CONTAINER, _WORKING_SET),
    Signal("node.cpu.usage", Unit.CORES, SubjectKind.NODE, _CPU),
    Signal("node.memory.working_set", Unit.BYTES, SubjectKind.NODE, _WORKING_SET),
)
BY_NAME: Mapping[str, Signal] = MappingProxyType({signal.name: signal for signal in SIGNALS})


@noun
class Bounds:
    """What a container asks for and may use at most, in cores and bytes; None where that is not said or not known."""

    cpu_request: float | None = None
    cpu_limit: float | None = None
    memory_request: float | None = None
    memory_limit: float | None = None

    def of(self, unit: Unit) -> tuple[float | None, float | None]:
        """Request and limit of what is counted in this unit."""
        if unit is Unit.CORES:
            return self.cpu_request, self.cpu_limit
        return self.memory_request, self.memory_limit


UNBOUNDED = Bounds()


@noun
class Subject:
    """A container of a pod (``part`` names it), or a node (no namespace, no part). Values are kept only of these; those
    of a pod are the sum of its containers'. ``owner_kind`` and ``owner`` name its top controller, ``node`` where it
    runs, as far as that is known."""

    namespace: str
    name: str
    part: str = ""
    node: str = ""
    owner_kind: str = ""
    owner: str = ""
    bounds: Bounds = UNBOUNDED


@noun
class Sample:
    """What was measured of one subject. ``at``: seconds since the epoch, as the source says. None is not measured,
    never zero."""

    subject: Subject
    at: int
    cpu: float | None
    memory: float | None


@noun
class Scrape:
    """One reading of a source, at one moment; a subject comes once at most.

    ``dropped`` were measured, but in a way that cannot be used, by reason. ``interval_s``: when the next is due.
    """

    source: str
    at: int
    interval_s: float
    samples: Sequence[Sample]
    dropped: Mapping[str, int]


class SourceState(StrEnum):
    """How it stands with the values of a cluster."""

    UNKNOWN = "unknown"
    SERVED = "served"
    NOT_SERVED = "not_served"
    FORBIDDEN = "forbidden"
    FAILING = "failing"
    OFF = "off"


@noun
class SignalStanding:
    """What a collector knows of where it reads values; ``read_at``: the last good reading, ``reason``: for a person."""

    state: SourceState = SourceState.UNKNOWN
    source: str = ""
    reason: str | None = None
    read_at: datetime | None = None
    interval_s: float = 0.0


@noun
class Point:
    """A measured value, or what a span of several came to: mean, least and most. ``at``: seconds since the epoch."""

    at: float
    value: float
    low: float
    high: float
