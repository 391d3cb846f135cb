"""The life of one incident: conditions come and clear, it heals, resolves, is reopened. Only this changes one.

A ``Case`` is the working copy of an incident: changes cost the same however long the incident has lived; what leaves
the room is an immutable snapshot.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from kronveil.logic.conditions import Held
from kronveil.logic.identity import cluster_identity, object_identity
from kronveil.logic.kinds import SEVERITIES
from kronveil.logic.wording import lines_left_out
from kronveil.model.change import Suspect
from kronveil.model.event import Severity
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus, Moment
from kronveil.model.resource import Resource

KRONVEIL = "kronveil"
FIRST_EVIDENCE, NEWEST_EVIDENCE = 20, 30
FIRST_MOMENTS, MOST_MOMENTS = 100, 200
KEPT_CLEARED, MOST_CLEARED = 50, 100
MANY_SUBJECTS = 5
MANY_REOPENINGS = 3
GROUP_KEYS = ("systemic/", "storm/", "service/")
LEFT_OUT = "left_out"

_RESOLVED, _CLOSED = IncidentStatus.RESOLVED, IncidentStatus.CLOSED
_ORDER = {severity: rank for rank, severity in enumerate(Severity)}
_RAISED = {Severity.HIGH: Severity.CRITICAL, Severity.MEDIUM: Severity.HIGH, Severity.LOW: Severity.MEDIUM}


class Refusal(Exception):  # noqa: N818 - read as the answer it is
    """This may not be done to the incident now; the text tells a person why."""


class Case:
    """The working copy of an incident. ``told`` is the snapshot taken last: what store and people know."""

    __slots__ = (
        "_evidence",
        "_left_out",
        "_timeline",
        "acknowledged_by",
        "active",
        "assigned_to",
        "children",
        "cluster",
        "cluster_id",
        "clusters",
        "conditions",
        "event_count",
        "family",
        "healed_at",
        "id",
        "is_group",
        "is_silenced",
        "key",
        "kind",
        "opened_at",
        "parent_id",
        "resolved_at",
        "resource",
        "severity",
        "status",
        "suspects",
        "title",
        "told",
        "updated_at",
        "version",
    )

    def __init__(  # noqa: PLR0913 - what never changes, or starts with the first symptom
        self,
        *,
        id: str,  # noqa: A002 - it is called so everywhere else
        key: str,
        kind: str,
        family: str,
        title: str,
        severity: Severity,
        cluster: ClusterRef,
        resource: Resource,
        opened_at: datetime,
    ) -> None:
        self.id = id
        self.key = key
        # It has no trouble of its own, but stands for its children.
        self.is_group = key.startswith(GROUP_KEYS)
        self.kind = kind
        self.family = family
        self.title = title
        self.severity = severity
        self.cluster = cluster
        self.cluster_id = cluster_identity(cluster.uid, cluster.name)
        self.resource = resource
        self.opened_at = self.updated_at = opened_at
        self.status = IncidentStatus.OPEN
        self.resolved_at: datetime | None = None
        self.healed_at: datetime | None = None
        self.acknowledged_by: str | None = None
        self.assigned_to: str | None = None
        self.parent_id: str | None = None
        self.children: dict[str, None] = {}
        self.suspects: tuple[Suspect, ...] = ()
        self.is_silenced = False
        self.clusters: tuple[ClusterRef, ...] = ()
        self.event_count = self.version = self.active = 0
        self.conditions: dict[tuple[str, str, str], Held] = {}
        self._evidence: dict[str, None] = {}
        self._timeline: list[Moment] = []
        # How many lines the one in the middle stands for; 0 until that is asked for.
        self._left_out = 0
        self.told: Incident

    @classmethod
    def restore(cls, incident: Incident) -> "Case":
        """The working copy of an incident that was stored."""
        case = cls(
            id=incident.id,
            key=incident.key,
            kind=incident.kind,
            family=incident.family,
            title=incident.title,
            severity=incident.severity,
            cluster=incident.cluster,
            resource=incident.resource,
            opened_at=incident.opened_at,
        )
        case.status = incident.status
        case.updated_at = incident.updated_at
        case.resolved_at = incident.resolved_at
        case.acknowledged_by = incident.acknowledged_by
        case.assigned_to = incident.assigned_to
        case.parent_id = incident.parent_id
        case.children = dict.fromkeys(incident.children)
        case.suspects = incident.suspects
        case.is_silenced = incident.is_silenced
        case.clusters = incident.clusters
        case.event_count = incident.event_count
        case.version = incident.version
        case.told = incident
        case._evidence = dict.fromkeys(incident.evidence)
        case._timeline = list(incident.timeline)
        for condition in incident.conditions:
            case._hold(condition)
        case.active = sum(held.is_active for held in case.conditions.values())
        if case.active == 0 and not case.is_group and not case.is_kept_open:
            cleared = [held.cleared_at for held in case.conditions.values() if held.cleared_at is not None]
            case.healed_at = max(cleared, default=case.updated_at)
        return case

    @property
    def is_resolved(self) -> bool:
        """Whether it is over, for now."""
        return self.status is _RESOLVED or self.status is _CLOSED

    @property
    def is_kept_open(self) -> bool:
        """Whether a person has opened it again: then only a person, or a trouble that comes and goes, resolves it."""
        turns = (one for one in reversed(self._timeline) if one.what in ("reopened", "resolved", "recovered"))
        last = next(turns, None)
        return last is not None and last.what == "reopened" and last.actor != KRONVEIL

    @property
    def is_parted(self) -> bool:
        """Whether a person took it out of a group: then nothing but a person puts it into one."""
        return any(one.what == "split" for one in self._timeline)

    @property
    def story(self) -> Sequence[Moment]:
        """Its lines so far, oldest first."""
        return self._timeline

    @property
    def resolver(self) -> str | None:
        """Who resolved it: ``kronveil`` or a person; None while it is open."""
        if not self.is_resolved:
            return None
        return next((one.actor for one in reversed(self._timeline) if one.what in ("resolved", "closed")), KRONVEIL)

    def tell_all(self) -> Incident:
        """The incident as it is now, one version on; ``told`` from now on."""
        self.version += 1
        self.told = self.snapshot()
        return self.told

    def snapshot(self) -> Incident:
        """The incident as it is now, told or not."""
        return Incident(
            self.id,
            self.key,
            self.kind,
            self.family,
            self.title,
            self.severity,
            self.status,
            self.cluster,
            self.resource,
            self.opened_at,
            self.updated_at,
            self.resolved_at,
            self.acknowledged_by,
            self.event_count,
            tuple([held.snapshot() for held in self.conditions.values()]),
            tuple(self._evidence),
            tuple(self._timeline),
            self.version,
            self.parent_id,
            tuple(self.children),
            self.suspects,
            self.assigned_to,
            self.is_silenced,
            self.clusters,
        )

    # What happens to its conditions.

    def suffer(self, condition: Condition, severity: Severity) -> Held:
        """A symptom is there (anew). The caller sees to reopening first."""
        held = self.conditions.get(_name(condition.subject, condition.kind, condition.part))
        if held is None:
            held = self._hold(condition)
            self.active += 1
        else:
            self.active += not held.is_active
            held.set(since=condition.since, now=condition.seen_at, mark=condition.mark)
        self.healed_at = None
        if self.status is IncidentStatus.MITIGATED:
            self.status = IncidentStatus.ACKNOWLEDGED if self.acknowledged_by else IncidentStatus.OPEN
        self._weigh(condition.kind, severity)
        return held

    def recover(self, held: Held, now: datetime) -> list[Held]:
        """A symptom is over. Returns the conditions, long over, that the incident lets go of."""
        if not held.is_active:
            return []
        held.clear(now)
        self.active -= 1
        if self.active == 0:
            self.healed_at = now
        return self._let_go() if len(self.conditions) - self.active > MOST_CLEARED else []

    def _hold(self, condition: Condition) -> Held:
        held = Held(self, condition)
        self.conditions[_name(condition.subject, condition.kind, condition.part)] = held
        return held

    def _let_go(self) -> list[Held]:
        over = [(name, held) for name, held in self.conditions.items() if not held.is_active][:-KEPT_CLEARED]
        for name, _ in over:
            del self.conditions[name]
        return [held for _, held in over]

    def _weigh(self, kind: str, severity: Severity) -> None:
        self.worsen(severity)
        if self.active < MANY_SUBJECTS:
            return
        worst = self.severity
        # Breadth counts once: the severity of an incident rises while it is open, and never falls.
        own = severity if kind == self.kind else SEVERITIES.get(self.kind)
        if worst == own:
            subjects = {object_identity(held.subject) for held in self.conditions.values() if held.is_active}
            if len(subjects) >= MANY_SUBJECTS:
                worst = _RAISED.get(worst, worst)
        self.severity = worst

    # What is told of it.

    def count(self, event_id: str | None, now: datetime) -> None:
        """One more event belongs to it; ``event_id`` only when the event is stored."""
        self.event_count += 1
        self.updated_at = now
        if event_id is not None and event_id not in self._evidence:
            self._evidence[event_id] = None
            if len(self._evidence) > FIRST_EVIDENCE + NEWEST_EVIDENCE:
                del self._evidence[next(islice(self._evidence, FIRST_EVIDENCE, None))]

    def tell(self, moment: Moment) -> None:
        """One more line in its story; the middle of a long story is left out, and says so."""
        if moment.at is not self.updated_at:
            self.updated_at = max(self.updated_at, moment.at)
        timeline = self._timeline
        timeline.append(moment)
        if len(timeline) <= MOST_MOMENTS:
            return
        if not self._left_out:
            gap = timeline[FIRST_MOMENTS]
            self._left_out = int(gap.message.partition(" ")[0]) if gap.what == LEFT_OUT else 1
        self._left_out += 1
        until = timeline.pop(FIRST_MOMENTS + 1).at
        timeline[FIRST_MOMENTS] = Moment(until, LEFT_OUT, lines_left_out(self._left_out))

    def has_told(self, message: str) -> bool:
        """Whether a line says this already."""
        return any(moment.message == message for moment in self._timeline)

    # Its status.

    def reopen(self, moment: Moment) -> None:
        """It is back within the reopening window: the same incident goes on."""
        self.status = IncidentStatus.OPEN
        self.resolved_at = None
        self.acknowledged_by = None
        self.tell(moment)
        # What comes back again and again is worse than what came once.
        if sum(one.what == "reopened" and one.actor == KRONVEIL for one in self._timeline) == MANY_REOPENINGS:
            self.severity = _RAISED.get(self.severity, self.severity)

    def worsen(self, severity: Severity) -> bool:
        """Be at least this bad; whether that changed anything."""
        if severity is self.severity or _ORDER[severity] >= _ORDER[self.severity]:
            return False
        self.severity = severity
        return True

    def resolve(self, moment: Moment) -> list[Held]:
        """It is over, by observed recovery or by a person's word; or nobody looks any more (``moment`` says "closed").

        Returns the conditions that were still active.
        """
        active = [held for held in self.conditions.values() if held.is_active]
        for held in active:
            held.clear(moment.at)
        self.active = 0
        self.status = _CLOSED if moment.what == "closed" else _RESOLVED
        self.resolved_at = moment.at
        self.healed_at = None
        self.tell(moment)
        return active

    def mitigate(self, moment: Moment) -> bool:
        """Something was done, and since then no symptom is seen; whether that is so and is news."""
        if self.active or self.status not in (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED):
            return False
        self.status = IncidentStatus.MITIGATED
        self.tell(moment)
        return True

    def acknowledge(self, actor: str, moment: Moment) -> None:
        """Somebody has seen it."""
        self.status = IncidentStatus.ACKNOWLEDGED
        self.acknowledged_by = actor
        self.tell(moment)

    def unacknowledge(self, moment: Moment) -> None:
        """Nobody has seen it after all."""
        self.status = IncidentStatus.OPEN
        self.acknowledged_by = None
        self.tell(moment)

    def go_on(self, status: IncidentStatus, by: str | None, cleared: Sequence[Held], moment: Moment) -> None:
        """It was not over after all: as before a person resolved it."""
        self.status, self.acknowledged_by, self.resolved_at = status, by, None
        for held in cleared:
            if not held.is_active:
                held.set(since=held.since, now=moment.at, mark=held.mark)
                self.active += 1
        if self.active == 0:
            self.healed_at = moment.at
        self.tell(moment)

    def pin(self, event_id: str, moment: Moment) -> bool:
        """Evidence that stays; whether it was not pinned yet."""
        if self._is_pinned(event_id):
            return False
        self._evidence.pop(event_id, None)
        self._evidence = {event_id: None, **self._evidence}
        self.tell(moment)
        return True

    def unpin(self, event_id: str, moment: Moment) -> None:
        """Not pinned any more."""
        self._evidence.pop(event_id, None)
        self.tell(replace(moment, event_id=event_id))

    def _is_pinned(self, event_id: str) -> bool:
        about = (one.what for one in reversed(self._timeline) if one.event_id == event_id)
        return next((what for what in about if what in ("pinned", "undone")), None) == "pinned"


def _name(subject: Resource, kind: str, part: str) -> tuple[str, str, str]:
    return (object_identity(subject), kind, part)
