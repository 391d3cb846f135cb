"""From the agent's nouns to what goes over the wire: one way for REST, for the live stream and for its snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

import msgspec

from kronveil.agent.desk import AgentHealth
from kronveil.agent.live import Item
from kronveil.api import run_shapes, shapes
from kronveil.api.run_encode import execution_shape
from kronveil.api.suspicion import Suspicions
from kronveil.api.wording import resource_shape, stamp, stamp_or_none
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event, Severity
from kronveil.model.execution import Execution
from kronveil.model.fleet import Books, ClusterState, Fleet, KindStanding, Member, Missing
from kronveil.model.health import ComponentHealth
from kronveil.model.incident import ClusterRef, Incident, IncidentStatus, Moment

_STAGES: Mapping[IncidentStatus, shapes.LoopStage] = {
    IncidentStatus.OPEN: "detected",
    IncidentStatus.ACKNOWLEDGED: "acknowledged",
    IncidentStatus.MITIGATED: "recovered",
    IncidentStatus.RESOLVED: "recovered",
    IncidentStatus.CLOSED: "detected",
}
NEEDS_SOMEBODY = frozenset({IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.MITIGATED})


def restamp(written: str) -> str:
    """A time that a file holds, as the wire has it."""
    return stamp(datetime.fromisoformat(written))


def spell(span: timedelta) -> str:
    """A duration as the health answer shows it: 2m30s."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def seconds_between(earlier: datetime | None, later: datetime) -> float | None:
    """Never negative: a source whose clock is ahead was heard just now."""
    return None if earlier is None else max(0.0, round((later - earlier).total_seconds(), 3))


def event_shape(event: Event) -> shapes.Event:
    """An event."""
    origin = event.origin
    return shapes.Event(
        event.id,
        event.kind,
        event.severity,
        stamp(event.at),
        stamp(event.received_at),
        origin.cluster_name,
        origin.cluster_region,
        resource_shape(event.resource),
        event.message,
        dict(event.attributes),
        event.merged_into,
    )


def evidence_shape(event: Event) -> shapes.Evidence:
    """An event as evidence."""
    return shapes.Evidence(
        id=event.id,
        at=stamp(event.at),
        kind=event.kind,
        severity=event.severity,
        cluster_name=event.origin.cluster_name,
        resource=resource_shape(event.resource),
        message=event.message,
        attributes=dict(event.attributes),
    )


def cluster_ref_shape(cluster: ClusterRef) -> shapes.ClusterRef:
    """A cluster by name."""
    return shapes.ClusterRef(cluster.name, cluster.uid or None, cluster.region)


def moment_shape(moment: Moment) -> shapes.TimelineEntry:
    """A line of a timeline."""
    return shapes.TimelineEntry(stamp(moment.at), moment.what, moment.message, moment.actor, moment.event_id)


def incident_shape(incident: Incident) -> shapes.Incident:
    """An incident as lists and the stream show it."""
    return shapes.Incident(
        id=incident.id,
        kind=incident.kind,
        family=incident.family,
        title=incident.title,
        severity=incident.severity,
        status=incident.status,
        loop_stage=_STAGES[incident.status],
        clusters=[cluster_ref_shape(each) for each in incident.clusters or (incident.cluster,)],
        resource=resource_shape(incident.resource),
        opened_at=stamp(incident.opened_at),
        updated_at=stamp(incident.updated_at),
        resolved_at=stamp_or_none(incident.resolved_at),
        acknowledged_by=incident.acknowledged_by,
        owner=incident.assigned_to,
        silenced=incident.is_silenced,
        event_count=incident.event_count,
        version=incident.version,
        parent_id=incident.parent_id,
        children=list(incident.children),
        suspects=[suspect_shape(suspect) for suspect in incident.suspects],
        changes=list(dict.fromkeys(suspect.change_id for suspect in incident.suspects)),
        evidence=list(incident.evidence),
        timeline=[moment_shape(moment) for moment in incident.timeline],
        executions=[],
    )


def incident_detail(
    incident: Incident, evidence: Sequence[Event], changes: Sequence[Change], suspicions: Suspicions
) -> shapes.IncidentDetail:
    """An incident whole, with what was changed near it, newest first."""
    brief = incident_shape(incident)
    told = {field.name: getattr(brief, field.name) for field in fields(shapes.Incident)}
    told["evidence"] = [evidence_shape(event) for event in evidence]
    told["changes"] = [change_shape(change, suspicions) for change in changes]
    return shapes.IncidentDetail(**told)


def suspect_shape(suspect: Suspect) -> shapes.Suspect:
    """A possible cause."""
    return shapes.Suspect(
        change_id=suspect.change_id,
        what=suspect.what,
        score=round(suspect.score, 3),
        reasons=list(suspect.reasons),
        evidence_for=list(suspect.evidence_for),
        evidence_against=list(suspect.evidence_against),
    )


def change_shape(change: Change, suspicions: Suspicions | None = None) -> shapes.Change:
    """A line of the ledger; without ``suspicions``, as when it was recorded and no incident could name it yet."""
    named = suspicions.of(change.id) if suspicions is not None else None
    return shapes.Change(
        id=change.id,
        kind=change.kind,
        at=stamp(change.at),
        received_at=stamp(change.received_at),
        actor=change.actor or None,
        target=resource_shape(change.resource),
        owner=None if change.owner is None else resource_shape(change.owner),
        cluster_name=change.origin.cluster_name,
        cluster_region=change.origin.cluster_region,
        summary=change.summary,
        diff=[shapes.FieldDiff(each.kind, each.path, each.before, each.after) for each in change.fields],
        source=change.source,
        incidents=list(named.incidents) if named is not None else [],
        suspicion=None if named is None else round(named.score, 3),
        reasons=list(named.reasons) if named is not None else [],
    )


def missing_shape(missing: Missing) -> shapes.Missing:
    """A cluster that an answer leaves out."""
    return shapes.Missing(missing.cluster, missing.reason, missing.age_s)


def books_shape(books: Books) -> shapes.Books:
    """What became of what was received."""
    return shapes.Books(books.received, books.delivered, books.merged, dict(books.dropped), books.in_flight)


def kind_shape(member: Member, name: str, kind: KindStanding) -> shapes.Kind:
    """One kind of object in one cluster."""
    return shapes.Kind(
        synced=kind.synced,
        count=kind.count,
        age_s=seconds_between(kind.heard_at, member.as_of),
        error=kind.error,
        goal_s=None if member.silent_after is None else member.silent_after.total_seconds(),
        state=_kind_state(kind, is_silent=name in member.silent),
    )


def _kind_state(kind: KindStanding, *, is_silent: bool) -> shapes.KindState:
    if not kind.is_served:
        return "not_served"
    if kind.is_forbidden:
        return "forbidden"
    if is_silent:
        return "silent"
    if kind.error is not None:
        return "unreadable"
    return "heard" if kind.synced else "not_listed"


def cluster_shape(member: Member) -> shapes.Cluster:
    """A member of the fleet, with ages as of the moment it was judged."""
    standing, now, pause = member.standing, member.as_of, member.pause
    next_try = None if standing.next_try_at is None else max(0.0, (standing.next_try_at - now).total_seconds())
    return shapes.Cluster(
        name=member.name,
        uid=standing.uid or None,
        region=member.region if member.region is not None else standing.region,
        state=member.state,
        why=member.why,
        reason=member.reason,
        paused=None if pause is None else shapes.Pause(pause.by, stamp(pause.at), pause.reason),
        same_as=member.same_as,
        last_seen=stamp_or_none(standing.heard_at),
        age_s=seconds_between(standing.heard_at, now),
        version=standing.version,
        pods=standing.pods,
        nodes=standing.nodes,
        kinds={name: kind_shape(member, name, kind) for name, kind in standing.kinds.items()},
        books=books_shape(member.books),
        tries=standing.tries,
        next_try_s=None if next_try is None else round(next_try, 3),
        skew_ms=None if standing.skew_s is None else round(standing.skew_s * 1000),
    )


def cluster_detail_shape(member: Member, incidents: Iterable[Incident]) -> shapes.ClusterDetail:
    """One member, with the ids of the incidents in it that need somebody."""
    here = [
        each
        for each in incidents
        if each.status in NEEDS_SOMEBODY and member.name in {ref.name for ref in (each.cluster, *each.clusters)}
    ]
    rank = {severity: number for number, severity in enumerate(Severity)}
    worst_first = sorted(here, key=lambda each: (rank[each.severity], each.opened_at, each.id))
    shape = cluster_shape(member)
    return shapes.ClusterDetail(
        **{each.name: getattr(shape, each.name) for each in fields(shape)},
        incidents=[each.id for each in worst_first],
    )


def fleet_clusters_shape(fleet: Fleet) -> shapes.FleetClusters:
    """How many clusters are in which state."""
    count = fleet.by_state.get
    return shapes.FleetClusters(
        total=fleet.total,
        live=count(ClusterState.LIVE, 0),
        partial=count(ClusterState.PARTIAL, 0),
        stale=count(ClusterState.STALE, 0),
        unreachable=count(ClusterState.UNREACHABLE, 0),
        unknown=count(ClusterState.UNKNOWN, 0),
    )


def fleet_shape(fleet: Fleet) -> shapes.Fleet:
    """Totals with what they leave out."""
    return shapes.Fleet(
        clusters=fleet_clusters_shape(fleet),
        pods=fleet.pods,
        nodes=fleet.nodes,
        events=fleet.events,
        complete=fleet.complete,
        missing=[missing_shape(each) for each in fleet.missing],
    )


def component_shape(component: ComponentHealth) -> shapes.Component:
    """A part's health."""
    return shapes.Component(
        name=component.name,
        status=component.status,
        message=component.message,
        since=stamp(component.since),
        last_success=stamp_or_none(component.last_success),
    )


def health_shape(health: AgentHealth, *, is_trusted: bool = True) -> shapes.Health:
    """The agent's health; a stranger gets names and statuses only."""
    components = [component_shape(component) for component in health.components]
    if not is_trusted:
        components = [shapes.Component(each.name, each.status, None, None, None) for each in components]
    return shapes.Health(health.status, components, spell(health.uptime))


def severity_counts(incidents: Iterable[Incident]) -> shapes.SeverityCounts:
    """How many incidents need somebody, by severity. One under another is not counted: the wider one stands for it."""
    counts = dict.fromkeys(Severity, 0)
    for incident in incidents:
        if incident.status in NEEDS_SOMEBODY and incident.parent_id is None:
            counts[incident.severity] += 1
    return shapes.SeverityCounts(**{severity.value: count for severity, count in counts.items()})


_writer = msgspec.json.Encoder()


def encode(shape: object) -> bytes:
    """The JSON of any shape."""
    return _writer.encode(shape)


def item_shape(item: Item) -> shapes.Event | shapes.Incident | shapes.Cluster | shapes.Change | run_shapes.Execution:
    """What a frame of the live stream carries."""
    match item:
        case Execution():
            return execution_shape(item)
        case Event():
            return event_shape(item)
        case Incident():
            return incident_shape(item)
        case Change():
            return change_shape(item)
        case _:
            return cluster_shape(item)


def encode_item(item: Item) -> bytes:
    """The JSON that ``agent.live.Live`` keeps for each frame."""
    return _writer.encode(item_shape(item))
