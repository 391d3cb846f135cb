"""The overview, put together from what the agent holds and what it stored in the window. No waiting, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kronveil.agent.desk import AgentHealth
from kronveil.api import encode
from kronveil.api.shapes import overview as shapes
from kronveil.api.wording import stamp, stamp_or_none
from kronveil.model.change import Change
from kronveil.model.event import Severity
from kronveil.model.execution import Execution
from kronveil.model.fleet import ClusterState, Fleet, Member
from kronveil.model.health import HealthStatus
from kronveil.model.incident import Incident, IncidentStatus

UNREACHABLE = "cluster.unreachable"
_SILENT = frozenset({ClusterState.STALE, ClusterState.UNREACHABLE, ClusterState.UNKNOWN})
_RANK = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that an overview is made of. ``past`` are incidents that were there at any time of the window,
    ``runs`` those of runbooks that are in memory."""

    now: datetime
    window_from: datetime
    since: datetime
    health: AgentHealth
    fleet: Fleet
    members: Sequence[Member]
    held: Sequence[Incident]
    past: Sequence[Incident]
    changes: Sequence[Change]
    runs: Sequence[Execution]
    is_truncated: bool


def overview(seen: Seen) -> shapes.Overview:
    """The answer."""
    incidents, changes = _by_cluster(seen)
    lanes = [_lane(each, incidents.get(each.name, []), changes.get(each.name, [])) for each in seen.members]
    return shapes.Overview(
        as_of=stamp(seen.now),
        window_from=stamp(seen.window_from),
        needs_you=needs_you(seen),
        figures=figures(seen),
        lanes=lanes,
        since=_since(seen),
        truncated=seen.is_truncated,
        complete=seen.fleet.complete,
        missing=[encode.missing_shape(each) for each in seen.fleet.missing],
    )


def needs_you(seen: Seen) -> list[shapes.Need]:
    """Open incidents that nobody has seen, the gravest and oldest first; then silent clusters and failing parts that
    no incident among them tells of."""
    waiting = [
        each
        for each in seen.held
        if each.status is IncidentStatus.OPEN and each.parent_id is None and not each.is_silenced
    ]
    waiting.sort(key=lambda each: (_RANK[each.severity], each.opened_at, each.id))
    told = {each.cluster.name for each in seen.held if each.kind == UNREACHABLE and each.resolved_at is None}
    return [
        *[_incident_need(each) for each in waiting],
        *[_cluster_need(each) for each in seen.members if _is_lost(each) and each.name not in told],
        *[
            shapes.Need("part", each.name, each.message or each.status, stamp(each.since), None, None, None)
            for each in seen.health.components
            if each.status is HealthStatus.UNHEALTHY
        ],
    ]


def _is_lost(member: Member) -> bool:
    return member.state is ClusterState.UNREACHABLE and member.pause is None and member.same_as is None


def _incident_need(incident: Incident) -> shapes.Need:
    since = stamp(incident.opened_at)
    return shapes.Need(
        "incident", incident.id, incident.title, since, None, incident.severity, incident.cluster.name or None
    )


def _cluster_need(member: Member) -> shapes.Need:
    title = member.why or member.state.value
    since = stamp_or_none(member.standing.heard_at)
    return shapes.Need("cluster", member.name, title, since, None, None, member.name)


def figures(seen: Seen) -> list[shapes.Figure]:
    """Counted, none estimated. Those of the fleet are not exact while a cluster is left out."""
    fleet, as_of = seen.fleet, stamp(seen.now)
    alive = [each for each in seen.held if each.status in encode.NEEDS_SOMEBODY and each.parent_id is None]
    complete = fleet.complete
    numbers: Iterable[tuple[str, int | None, bool]] = (
        ("incidents_open", len(alive), complete),
        ("incidents_unacknowledged", sum(each.status is IncidentStatus.OPEN for each in alive), complete),
        ("incidents_silenced", sum(each.is_silenced for each in alive), complete),
        ("clusters", fleet.total, True),
        ("clusters_live", fleet.by_state.get(ClusterState.LIVE, 0), True),
        ("pods", fleet.pods, complete),
        ("nodes", fleet.nodes, complete),
        ("events", fleet.events, True),
    )
    return [shapes.Figure(name, value, exact, as_of) for name, value, exact in numbers]


def _by_cluster(seen: Seen) -> tuple[dict[str, list[Incident]], dict[str, list[Change]]]:
    """The window's incidents and changes, oldest first, looked through once however many clusters there are."""
    incidents: dict[str, list[Incident]] = {}
    changes: dict[str, list[Change]] = {}
    for incident in sorted(seen.past, key=lambda each: (each.opened_at, each.id)):
        for name in clusters_of(incident):
            incidents.setdefault(name, []).append(incident)
    for change in sorted(seen.changes, key=lambda each: (each.at, each.id)):
        changes.setdefault(change.origin.cluster_name, []).append(change)
    return incidents, changes


def _lane(member: Member, incidents: Sequence[Incident], changes: Sequence[Change]) -> shapes.Lane:
    return shapes.Lane(
        cluster=member.name,
        state=member.state,
        gaps=_gaps(member, incidents),
        incidents=[_bar(each) for each in incidents],
        changes=[shapes.Tick(each.id, each.kind, stamp(each.at), each.summary) for each in changes],
    )


def clusters_of(incident: Incident) -> set[str]:
    """The names of all clusters that an incident touches."""
    return {each.name for each in incident.clusters or (incident.cluster,)}


def _bar(incident: Incident) -> shapes.Bar:
    return shapes.Bar(
        incident.id,
        incident.title,
        incident.severity,
        incident.status,
        stamp(incident.opened_at),
        stamp_or_none(incident.resolved_at),
    )


def _gaps(member: Member, mine: Sequence[Incident]) -> list[shapes.LaneGap]:
    """Those that incidents tell of, and the silence of now that none tells of yet."""
    gaps = [
        shapes.LaneGap(stamp(each.opened_at), stamp_or_none(each.resolved_at), each.title)
        for each in mine
        if each.kind == UNREACHABLE
    ]
    if member.state in _SILENT and all(gap.until is not None for gap in gaps):
        heard = stamp_or_none(member.standing.heard_at)
        gaps.append(shapes.LaneGap(heard, None, member.why or member.state.value))
    return gaps


def _since(seen: Seen) -> shapes.Since:
    wide = [each for each in seen.past if each.parent_id is None]
    return shapes.Since(
        at=stamp(seen.since),
        opened=sum(each.opened_at >= seen.since for each in wide),
        recovered=sum(each.resolved_at is not None and each.resolved_at >= seen.since for each in wide),
        executions=sum(each.requested_at >= seen.since for each in seen.runs),
        gaps=sum(each.kind == UNREACHABLE and each.opened_at >= seen.since for each in seen.past),
    )
