"""What the agent asks of a store. Saved means durable: what ``save`` has returned from survives a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal
from kronveil.model.autonomy import Standing
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event, Severity
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.policy import Decision, Point
from kronveil.model.silence import Silence
from kronveil.sdk.errors import Permanent


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
    """Newest opened first. Empty tuples mean any; ``cluster`` is a name.

    ``text`` is found in an incident's title, id, kind, cluster, or the name and namespace of what it is about; upper
    and lower case of ASCII letters are the same.
    """

    limit: int = 100
    before: str | None = None
    statuses: tuple[IncidentStatus, ...] = ()
    severities: tuple[Severity, ...] = ()
    cluster: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentCount:
    """How many incidents have these three in common."""

    status: IncidentStatus
    severity: Severity
    cluster: str
    count: int


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
class ChangeQuery:
    """Newest first by event time. ``around`` with ``within`` asks for both sides of a moment."""

    limit: int = 100
    before: str | None = None
    cluster: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    around: datetime | None = None
    within: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """See EventPage."""

    items: tuple[Change, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ExecutionQuery:
    """Newest requested first."""

    limit: int = 100
    before: str | None = None
    incident_id: str | None = None
    runbook_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """See EventPage."""

    items: tuple[Execution, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Newest first. Empty filters mean any; ``act`` may be a noun alone, as ``execution``."""

    limit: int = 100
    before: str | None = None
    actor: str | None = None
    act: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """See EventPage."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Newest first. None means any."""

    limit: int = 100
    before: str | None = None
    execution_id: str | None = None
    runbook_id: str | None = None
    incident_id: str | None = None
    point: Point | None = None
    is_allowed: bool | None = None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """See EventPage."""

    items: tuple[Decision, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The remembered answer to a write that carried an idempotency key.

    ``request`` is a digest of what was asked; the same key with another request is a mistake of the caller.
    An act on an incident is answered by the incident as it is now (``incident_id``); every other write by the
    ``status`` and ``answer`` that were given then.
    """

    key: str
    request: str
    incident_id: str
    at: datetime
    status: int | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Writes:
    """What is saved together, in one transaction: all of it or nothing.

    Events and changes whose id is stored already are left as they are. Incidents and executions replace what has their
    id. ``counters`` are added to the stored ones (events received for each cluster uid: ``events:<uid>``).
    ``cluster_heard`` sets when a cluster uid was last heard. ``audit`` is put at the end of its chain, in this order.
    With a ``fence`` all of it is refused once another agent has taken a higher one.
    """

    events: Sequence[Event] = ()
    incidents: Sequence[Incident] = ()
    counters: Mapping[str, int] = field(default_factory=dict[str, int])
    cluster_heard: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    receipts: Sequence[Receipt] = ()
    changes: Sequence[Change] = ()
    silences: Sequence[Silence] = ()
    silences_ended: Sequence[str] = ()
    executions: Sequence[Execution] = ()
    fence: int | None = None
    decisions: Sequence[Decision] = ()
    standings: Sequence[Standing] = ()
    audit: Sequence[AuditNote] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a start begins with: incidents not yet past reopening, counters, and when each cluster was last heard.

    ``changes`` are the newest ones of the last day, oldest first, so that a suspect can still be named; ``silences``
    those that have not ended; ``executions`` every run that has not ended, and the newest that have.
    """

    incidents: tuple[Incident, ...]
    counters: Mapping[str, int]
    cluster_heard: Mapping[str, datetime]
    changes: tuple[Change, ...] = ()
    silences: tuple[Silence, ...] = ()
    executions: tuple[Execution, ...] = ()
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one step over old incidents did, and where the next begins; at the end, None."""

    gone: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of a save: ``what`` is event, change, incident, silence, receipt, counter or cluster; ``id`` which."""

    what: str
    id: str


class Unstorable(Permanent):
    """Some records of a save hold what no store can keep; nothing was saved. Save the others without ``records``."""

    def __init__(self, message: str, records: Sequence[Record]) -> None:
        super().__init__(message)
        self.records = tuple(records)


class Overtaken(Permanent):
    """Another agent has taken over since; nothing was saved, and nothing that this one wants to save ever will be."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may carry runs out. ``fence`` grows with each that takes it; ``until`` is when another may, unasked."""

    fence: int
    holder: str
    until: datetime


class Store(Protocol):
    """Durable memory. Every method raises Transient when the disk is full or locked now, Permanent when the file is
    damaged or too new; the text names the file and the way out."""

    async def save(self, writes: Writes) -> None:
        """Save all of it durably, or raise and leave everything as it was. Concurrent calls share a commit.

        Raises Unstorable when records of ``writes`` are not data: for this caller only, naming all of them.
        A number that is none (NaN, infinity) is kept as no value.
        """

    async def restore(self, resolved_since: datetime) -> Restored:
        """Every incident not resolved or closed, and those resolved at or after ``resolved_since``."""
        ...

    async def events(self, query: EventQuery) -> EventPage:
        """A page; an unreadable cursor raises ValueError."""
        ...

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        """Those that are stored, oldest first."""
        ...

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """A page; an unreadable cursor raises ValueError."""
        ...

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        """How many of all incidents, or of those in which ``text`` is found, there are by what narrows a list."""
        ...

    async def incident(self, incident_id: str) -> Incident | None:
        """One, or None."""

    async def changes(self, query: ChangeQuery) -> ChangePage:
        """A page; an unreadable cursor raises ValueError."""
        ...

    async def changes_by_id(self, ids: Sequence[str]) -> tuple[Change, ...]:
        """Those that are stored, oldest first."""
        ...

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        """What incidents, over or not, suspect of these changes: by incident id, newest opened first, 1,000 at most."""
        ...

    async def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        """Those that have not ended, newest first; with ``ended`` those that have, too."""
        ...

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """A page; an unreadable cursor raises ValueError."""
        ...

    async def execution(self, execution_id: str) -> Execution | None:
        """One, or None."""

    async def take_lease(self, holder: str, until: datetime) -> Lease:
        """Take over: from now on whoever saves with a lower fence is refused. Durable when it returns."""
        ...

    async def renew_lease(self, lease: Lease, until: datetime) -> Lease:
        """Hold it until then. Raises Overtaken when another has taken it since."""
        ...

    async def lease(self) -> Lease | None:
        """Who holds it, None before the first."""

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        """A page of what the policy said; an unreadable cursor raises ValueError."""
        ...

    async def audit(self, query: AuditQuery) -> AuditPage:
        """A page of the audit; an unreadable cursor raises ValueError."""
        ...

    async def audit_from(self, seq: int, limit: int) -> tuple[AuditEntry, ...]:
        """Entries from ``seq`` on, oldest first: to export them, and to compute their chain again."""
        ...

    async def audit_seal(self) -> AuditSeal:
        """Up to where the audit was forgotten; seq 0 when nothing was."""
        ...

    async def forget_audit(self, before: datetime, limit: int) -> int:
        """Delete at most ``limit`` of the oldest entries, all older than that, and seal the chain where they end; how
        many were deleted. The newest entry is always kept."""
        ...

    async def forget_decisions(self, before: datetime, limit: int) -> int:
        """Delete at most ``limit`` decisions older than that; how many were deleted."""
        ...

    async def receipt(self, key: str) -> Receipt | None:
        """The remembered answer for an idempotency key, or None."""

    async def forget(self, events_before: datetime, limit: int) -> int:
        """Delete at most ``limit`` events older than that which no kept incident cites; how many were deleted."""
        ...

    async def forget_silences(self, ended_before: datetime, limit: int) -> int:
        """Delete at most ``limit`` silences that ended before that; how many were deleted."""
        ...

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        """Look at ``limit`` incidents that were over before that, from the cursor ``after`` on, and delete those whose
        whole family (all above and all under them) was; what they cited may then be forgotten.

        A family is left as it is while any of it is not over, or not for that long. An unreadable cursor raises
        ValueError. Incidents that may still change must not be asked for.
        """
        ...

    async def check(self) -> None:
        """Return when the store can be written to, else raise."""
