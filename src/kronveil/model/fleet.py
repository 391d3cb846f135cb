"""The members of the fleet: what each last said of itself, and how that adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from kronveil.model.signal import SignalStanding


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
    ``is_forbidden``: nothing is heard of it because we may not ask.
    """

    synced: bool = False
    count: int | None = None
    heard_at: datetime | None = None
    error: str | None = None
    is_served: bool = True
    is_needed: bool = True
    is_forbidden: bool = False


NO_KINDS: Mapping[str, KindStanding] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a collector knows of its own source now; reported whole each time, never as a difference.

    ``heard_at``: the last sign of life (a frame, a bookmark, a good probe). ``error``: why nothing is heard, in words
    for a person, None while all is well. ``paused`` is set by the operator. ``skew_s`` is how far the source's clock is
    ahead of ours (negative: behind), None while it is not known. ``signals``: how it stands with measured values; they
    may be missing without anything else being so.
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
    signals: SignalStanding = SignalStanding()  # noqa: RUF009 - it never changes


@dataclass(frozen=True, slots=True)
class Books:
    """received = delivered + merged + dropped + in flight, in frames and list items, since this agent started."""

    received: int = 0
    delivered: int = 0
    merged: int = 0
    in_flight: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def is_balanced(self) -> bool:
        """Whether nothing was lost in silence."""
        return self.received == self.delivered + self.merged + sum(self.dropped.values()) + self.in_flight


class Reason(StrEnum):
    """Why a member's state is not plainly live, in one word; ``Member.why`` says it in a sentence."""

    PAUSED = "paused"
    NEVER_HEARD = "never_heard"
    SILENT = "silent"
    HELD_UP = "held_up"
    KIND_UNREADABLE = "kind_unreadable"
    KIND_SILENT = "kind_silent"
    CLOCK_SKEW = "clock_skew"
    RETRYING = "retrying"


@dataclass(frozen=True, slots=True)
class Pause:
    """A person's word that a cluster is asked nothing for now."""

    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What the agent sees of a member now. ``since`` is when watching it began; ``is_held_up`` while its collector
    waits for the agent to take what it sends; ``landed`` counts the frames that were in flight and are not any more."""

    name: str
    standing: Standing | None
    books: Books
    since: datetime
    stale_after: timedelta
    unreachable_after: timedelta
    silent_after: timedelta
    pause: Pause | None = None
    is_held_up: bool = False
    landed: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """How far a member's word can be trusted, why, and that in one word; both None when there is nothing to say.

    ``is_news`` is False while it is too early to tell anybody of an unreachable member: it is paused, held up by the
    agent, or the agent has only just begun to look again.
    """

    state: ClusterState
    why: str | None = None
    reason: Reason | None = None
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster that is expected to report, with the state judged at ``as_of``.

    ``silent_after`` is how long a kind may be silent, ``silent`` names those that have been for longer.
    """

    name: str
    state: ClusterState
    standing: Standing
    as_of: datetime
    region: str | None = None
    why: str | None = None
    same_as: str | None = None
    books: Books = field(default_factory=Books)
    reason: Reason | None = None
    pause: Pause | None = None
    silent_after: timedelta | None = None
    silent: frozenset[str] = frozenset()


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
