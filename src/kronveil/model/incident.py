"""What belongs together and needs somebody: an incident, its conditions, its evidence and its story."""

from datetime import datetime
from enum import StrEnum

from kronveil.model.change import Suspect
from kronveil.model.event import Severity
from kronveil.model.noun import noun
from kronveil.model.resource import Resource


class IncidentStatus(StrEnum):
    """Where an incident stands. ``mitigated`` belongs to the closed loop; ``closed`` is over without anybody having
    observed a recovery: its cluster is no longer watched."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"


@noun
class ClusterRef:
    """A cluster an incident touches."""

    uid: str
    name: str
    region: str | None = None


@noun
class Condition:
    """One symptom of one subject that keeps an incident open until its recovery is observed.

    ``seen_at`` is the last observation that confirmed it; ``cleared_at`` is set by observed recovery.
    ``mark`` tells one-shot symptoms apart (the end time of the killed container), empty otherwise.
    """

    kind: str
    subject: Resource
    part: str
    since: datetime
    seen_at: datetime
    cleared_at: datetime | None = None
    mark: str = ""


@noun
class Moment:
    """One line of an incident's timeline. ``what``: opened, evidence, recovered, resolved, reopened, grouped, joined,
    left_out, left, closed; and of people: acknowledged, assigned, noted, pinned, merged, split, undone."""

    at: datetime
    what: str
    message: str
    actor: str = "kronveil"
    event_id: str | None = None


@noun
class Incident:
    """One open problem of (cluster uid, owner, family), however often it repeats.

    ``key`` is that identity; ``id`` derives from the key and the event that opened it. ``evidence`` holds ids of
    stored events, first ones and newest ones; ``event_count`` counts all of them. ``version`` grows with each change.
    A systemic incident has ``children``, one for each cluster and owner, which live and close on their own and name it
    as ``parent_id``; ``clusters`` are all of theirs (empty for one that has only ``cluster``).
    ``suspects`` are changes before it, most likely first; ``is_silenced`` while a silence covers it.
    """

    id: str
    key: str
    kind: str
    family: str
    title: str
    severity: Severity
    status: IncidentStatus
    cluster: ClusterRef
    resource: Resource
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    acknowledged_by: str | None = None
    event_count: int = 0
    conditions: tuple[Condition, ...] = ()
    evidence: tuple[str, ...] = ()
    timeline: tuple[Moment, ...] = ()
    version: int = 1
    parent_id: str | None = None
    children: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    assigned_to: str | None = None
    is_silenced: bool = False
    clusters: tuple[ClusterRef, ...] = ()
