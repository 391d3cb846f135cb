"""The agent itself: health, status, figures, its parts, its configuration, and who the caller is to it."""

from fastapi import APIRouter, Request, Response

from kronveil import __version__
from kronveil.agent.desk import Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import AnyCaller, DeskHere, IfNoneMatch, KnownCaller, NoQuery, json_answer
from kronveil.api.routes.declared import Responses, refusals
from kronveil.api.settings import setting_shape
from kronveil.api.versions import content_tag, unless_known
from kronveil.api.wording import stamp, stamp_or_none
from kronveil.model.fleet import Member
from kronveil.model.health import ComponentHealth, HealthStatus
from kronveil.model.incident import IncidentStatus

router = APIRouter(tags=["agent"])
_UNHEALTHY: Responses = {503: {"model": shapes.Health, "description": "Unhealthy: the store or all intake is down"}}


def status_shape(desk: Desk) -> shapes.Status:
    """The agent in one answer."""
    health = desk.health()
    return shapes.Status(
        server_time=stamp(desk.now()),
        version=__version__,
        uptime_s=round(health.uptime.total_seconds(), 3),
        simulated=desk.is_simulated,
        health=health.status,
        fleet=encode.fleet_shape(desk.fleet()),
        incidents_open=encode.severity_counts(desk.open_incidents()),
        books=encode.books_shape(desk.books()),
    )


@router.get("/health", response_model=shapes.Health, responses=refusals() | _UNHEALTHY)
async def get_health(desk: DeskHere, caller: AnyCaller, _: NoQuery) -> Response:
    """The agent's own health. Open without a token, and then with names and statuses only."""
    health = desk.health()
    status = 503 if health.status is HealthStatus.UNHEALTHY else 200
    return json_answer(encode.health_shape(health, is_trusted=caller is not None), status)


@router.get("/status", response_model=shapes.Status, responses=refusals())
async def get_status(desk: DeskHere, _: NoQuery) -> Response:
    """The agent, its fleet and its open incidents in one answer; the stream sends the same every two seconds."""
    return json_answer(status_shape(desk))


@router.get("/metrics/summary", response_model=shapes.Summary, responses=refusals())
async def get_metrics_summary(desk: DeskHere, _: NoQuery) -> Response:
    """Figures for a first look, each counted by the agent."""
    fleet, incidents = desk.fleet(), desk.open_incidents()
    summary = shapes.Summary(
        as_of=stamp(desk.now()),
        events_total=fleet.events,
        incidents_open=encode.severity_counts(incidents),
        incidents_unacknowledged=sum(incident.status is IncidentStatus.OPEN for incident in incidents),
        clusters=encode.fleet_clusters_shape(fleet),
        pods=fleet.pods,
        nodes=fleet.nodes,
        books=encode.books_shape(desk.books()),
        stream_clients=desk.live.subscriber_count,
        complete=fleet.complete,
        missing=[encode.missing_shape(each) for each in fleet.missing],
    )
    return json_answer(summary)


def _collector(member: Member) -> shapes.Collector:
    standing = member.standing
    return shapes.Collector(
        name="kubernetes",
        source=member.name,
        state=member.state,
        reason=member.why,
        last_success=stamp_or_none(standing.heard_at),
        age_s=encode.seconds_between(standing.heard_at, member.as_of),
        relists=standing.relists,
        books=encode.books_shape(member.books),
    )


@router.get("/collectors", response_model=shapes.CollectorList, responses=refusals())
async def list_collectors(desk: DeskHere, _: NoQuery) -> Response:
    """Every source that a collector reads: one for each cluster."""
    fleet = desk.fleet()
    missing = [encode.missing_shape(each) for each in fleet.missing]
    items = [_collector(member) for member in desk.members()]
    return json_answer(shapes.CollectorList(items, None, fleet.complete, missing))


@router.get("/parts", response_model=shapes.PartList, responses=refusals())
async def list_parts(desk: DeskHere, _: NoQuery) -> Response:
    """Every part of the agent with its health, and the books of those that receive something."""
    return json_answer(shapes.PartList([_part(desk, each) for each in desk.health().components], None))


def _part(desk: Desk, component: ComponentHealth) -> shapes.Part:
    return shapes.Part(
        name=component.name,
        kind=component.kind,
        state=component.status,
        since=stamp(component.since),
        reason=component.message,
        last_success=stamp_or_none(component.last_success),
        age_s=encode.seconds_between(component.last_success, desk.now()),
        books=encode.books_shape(desk.books()) if component.name == "kubernetes" else None,
    )


@router.get("/me", response_model=shapes.Me, responses=refusals())
async def get_me(caller: KnownCaller, _: NoQuery) -> Response:
    """Who you are to the agent, and what you may do."""
    return json_answer(shapes.Me(caller.name, list(caller.roles), caller.authenticated))


@router.get("/config", response_model=shapes.SettingList, responses=refusals())
async def list_settings(request: Request, desk: DeskHere, _: NoQuery, _tag: IfNoneMatch = None) -> Response:
    """The configuration in force: each leaf with its value, its default and its source. Secrets are masked."""
    shape = shapes.SettingList([setting_shape(each) for each in desk.settings], None)
    return unless_known(request, content_tag(shape), encode.encode(shape))
