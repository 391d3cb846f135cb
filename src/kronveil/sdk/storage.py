"""What the agent asks of a store. Saved means durable: what ``save`` has returned from survives a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kronveil.model.event import Event, Severity
from kronveil.model.incident import Incident, IncidentStatus


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Newest first. ``before`` is a cursor from an earlier page; the others narrow."""

    limit: int = 100
    before: str | None = None
    since: datetime | None = None
    cluster: str | None = None
    kind: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Newest opened first. Empty tuples mean any; ``cluster`` is a name."""

    limit: int = 100
    before: str | None = None
    statuses: tuple[IncidentStatus, ...] = ()
    severities: tuple[Severity, ...] = ()
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """``next_cursor`` is None on the last page. Rows that arrive meanwhile never shift a page."""

    items: tuple[Event, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """See EventPage."""

    items: tuple[Incident, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The remembered answer to a write that carried an idempotency key.

    ``request`` is a digest of what was asked; the same key with another request is a mistake of the caller.
    """

    key: str
    request: str
    incident_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Writes:
    """What is saved together, in one transaction: all of it or nothing.

    Events whose id is stored already are left as they are and counted in no number. Incidents replace what has their
    id. ``counters`` are added to the stored ones (events received for each cluster uid: ``events:<uid>``).
    ``cluster_heard`` sets when a cluster uid was last heard.
    """

    events: Sequence[Event] = ()
    incidents: Sequence[Incident] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    cluster_heard: Mapping[str, datetime] = field(default_factory=dict)
    receipts: Sequence[Receipt] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a start begins with: incidents not yet past reopening, counters, and when each cluster was last heard."""

    incidents: tuple[Incident, ...]
    counters: Mapping[str, int]
    cluster_heard: Mapping[str, datetime]


class Store(Protocol):
    """Durable memory. Every method raises Transient when the disk is full or locked now, Permanent when the file is
    damaged or too new; the text names the file and the way out."""

    async def save(self, writes: Writes) -> None:
        """Save all of it durably, or raise and leave everything as it was. Concurrent calls share a commit."""

    async def restore(self, resolved_since: datetime) -> Restored:
        """Every incident not resolved or closed, and those resolved at or after ``resolved_since``."""

    async def events(self, query: EventQuery) -> EventPage:
        """A page; an unreadable cursor raises ValueError."""

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        """Those that are stored, oldest first."""

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """A page; an unreadable cursor raises ValueError."""

    async def incident(self, incident_id: str) -> Incident | None:
        """One, or None."""

    async def receipt(self, key: str) -> Receipt | None:
        """The remembered answer for an idempotency key, or None."""

    async def forget(self, events_before: datetime, limit: int) -> int:
        """Delete at most ``limit`` events older than that which no kept incident cites; how many were deleted."""

    async def check(self) -> None:
        """Return when the store can be written to, else raise."""
