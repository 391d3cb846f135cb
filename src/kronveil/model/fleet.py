"""The members of the fleet: what each last said of itself, and how that adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class ClusterState(StrEnum):
    """How far a member's word can be trusted now. A member never heard from is unknown, never absent, never live."""

    LIVE = "live"
    PARTIAL = "partial"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KindStanding:
    """One kind of object in one cluster. ``count`` is None until a first complete list.

    A kind that the cluster does not serve (``is_served`` False: no such resource there) makes nothing partial, nor
    does one that is watched only where it may be (``is_needed`` False) while it is forbidden or not listed yet.
    """

    synced: bool = False
    count: int | None = None
    heard_at: datetime | None = None
    error: str | None = None
    is_served: bool = True
    is_needed: bool = True


NO_KINDS: Mapping[str, KindStanding] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a collector knows of its own source now; reported whole each time, never as a difference.

    ``heard_at``: the last sign of life (a frame, a bookmark, a good probe). ``error``: why nothing is heard, in words
    for a person, None while all is well. ``paused`` is set by the operator. ``skew_s`` is how far the source's clock is
    ahead of ours (negative: behind), None while it is not known.
    """

    uid: str = ""
    region: str | None = None
    version: str | None = None
    heard_at: datetime | None = None
    error: str | None = None
    pods: int | None = None
    nodes: int | None = None
    kinds: Mapping[str, KindStanding] = field(default_factory=lambda: NO_KINDS)
    tries: int = 0
    next_try_at: datetime | None = None
    relists: int = 0
    skew_s: float | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """received = delivered + merged + dropped + in flight, in frames and list items, since this agent started."""

    received: int = 0
    delivered: int = 0
    merged: int = 0
    in_flight: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost in silence."""
        return self.received == self.delivered + self.merged + sum(self.dropped.values()) + self.in_flight


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster that is expected to report, with the state judged at ``as_of``."""

    name: str
    state: ClusterState
    standing: Standing
    as_of: datetime
    region: str | None = None
    why: str | None = None
    same_as: str | None = None
    books: Books = field(default_factory=Books)


@dataclass(frozen=True, slots=True)
class Missing:
    """A member whose numbers a fleet answer leaves out, and why."""

    cluster: str
    reason: str
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Totals over the members heard from; ``pods`` and ``nodes`` are None when no member was."""

    total: int
    by_state: Mapping[ClusterState, int]
    pods: int | None
    nodes: int | None
    events: int
    complete: bool
    missing: tuple[Missing, ...] = ()
