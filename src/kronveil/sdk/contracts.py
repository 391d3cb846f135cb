"""What a part promises the agent, and what the agent hands a part."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar, runtime_checkable

from kronveil.model.fleet import Standing
from kronveil.model.inventory import PodLine, WorkloadLine
from kronveil.model.observation import Observation
from kronveil.model.signal import Scrape

C = TypeVar("C")
NOTHING_DROPPED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Batch:
    """What a collector hands over at once; the books are kept from it.

    Every frame or list item that the source sent is counted exactly once: it became one of ``observations``, or it
    is in ``unchanged`` (no watched field changed), or in ``dropped`` under a reason. So
    received = len(observations) + unchanged + sum(dropped.values()).
    ``unsourced`` are observations that no frame stands behind (an object missing from a list, a list completed):
    they are judged like the others but are not part of the books.
    ``standing``, when given, replaces what was known of the source. ``scrape`` is a reading of measured values; it has
    books of its own, in samples: received = len(scrape.samples) + sum(scrape.dropped.values()).
    """

    observations: tuple[Observation, ...] = ()
    unsourced: tuple[Observation, ...] = ()
    unchanged: int = 0
    dropped: Mapping[str, int] = field(default_factory=lambda: NOTHING_DROPPED)
    standing: Standing | None = None
    scrape: Scrape | None = None


class Emit(Protocol):
    """Hand a batch to the agent. Returns when it is accepted; waits while the agent's intake is full."""

    async def __call__(self, batch: Batch, /) -> None: ...


class Collector(Protocol):
    """A stream from one source (one cluster)."""

    async def run(self, emit: Emit) -> None:
        """Report until cancelled. Deals with a lost source itself, and says so in ``Standing.error``.

        Raises Permanent when only another configuration can help; anything else that escapes is reported and the
        collector is opened again after a growing, jittered wait.
        """

    async def probe(self) -> None:
        """Ask the source now. Returns when it answers, else raises Transient or Permanent with the reason."""


@runtime_checkable
class Inventory(Protocol):
    """What a collector may offer besides: what it holds now, from what it keeps. It asks its source nothing.

    Both may be read in steps while the collector goes on: what comes or goes meanwhile may be missing or still there.
    """

    def pods(self) -> Iterator[PodLine]:
        """Every pod it knows, in no order."""
        ...

    def workloads(self) -> Iterator[WorkloadLine]:
        """Every deployment, stateful set and daemon set it knows, in no order."""
        ...


@dataclass(frozen=True, slots=True)
class Component(Generic[C]):
    """A part: its name, what it takes and how it is opened. Resources live exactly as long as the opened block."""

    name: str
    summary: str
    config: type[C]
    open: Callable[[C], AbstractAsyncContextManager[Collector]]
    emits: frozenset[str]
