"""What the agent asks of a store of measured values. A minute of them may be lost with the machine, never a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kronveil.model.signal import Bounds, Scrape, SubjectKind


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Which series, in the order in which lists have them."""

    cluster: str
    kind: SubjectKind
    namespace: str
    name: str
    part: str
    signal: str


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which series, and what of them. None and empty mean any.

    ``name`` may end in ``*``, as may ``owner``, which is the name of a pod's top controller (``owner_kind`` its kind).
    ``after`` is the key of the last series of the page before. With ``with_points`` false only ``last`` is looked up.
    """

    since: datetime
    until: datetime
    signals: Sequence[str] = ()
    cluster: str | None = None
    kind: SubjectKind | None = None
    namespace: str | None = None
    name: str | None = None
    part: str | None = None
    owner_kind: str | None = None
    owner: str | None = None
    node: str | None = None
    after: SeriesKey | None = None
    limit: int = 20
    with_points: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """One series: ``points`` are times (seconds since the epoch) and values, oldest first, no time twice.

    ``last`` is the newest kept at or before the end of the range, also where that is before its beginning.
    ``interval_s`` is how often its source was read.
    """

    key: SeriesKey
    points: Sequence[tuple[int, float]]
    last: tuple[int, float] | None
    interval_s: float
    node: str
    owner_kind: str
    owner: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """``has_more``: others match beyond the limit. ``is_truncated``: older points of the range were not all read."""

    items: tuple[Series, ...]
    has_more: bool
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a reading's samples."""

    new: int
    repeated: int


@dataclass(frozen=True, slots=True)
class SignalUse:
    """What is kept now: subjects that were measured in the newest hour, readings, and the bytes of it all."""

    subjects: int
    scrapes: int
    size: int


class SignalStore(Protocol):
    """Measured values of one cluster after the other. Raises Transient when the disk is full or locked now."""

    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        """Keep a reading. What was kept of a subject at that very time, or a later one, before is not kept again."""
        ...

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """Series that have a value in the range, by their keys."""
        ...

    async def counts(self, cluster: str | None) -> dict[str, int]:
        """How many series of each signal the last reading told of, of one cluster or of all there are."""
        ...

    async def forget(self, before: datetime) -> int:
        """Forget readings older than that, and the oldest while there are more bytes than allowed; how many."""
        ...

    async def use(self) -> SignalUse:
        """What is kept now."""
        ...
