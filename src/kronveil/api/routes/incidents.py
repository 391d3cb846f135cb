"""Incidents, in lists and whole."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kronveil.agent.desk import Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import (
    DeskHere,
    FoundIncident,
    IfNoneMatch,
    NoQuery,
    TextsHere,
    json_answer,
)
from kronveil.api.asks import IncidentFilter
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.api.suspicion import Suspicions
from kronveil.api.versions import incident_tag, unless_known
from kronveil.model.change import Change
from kronveil.model.event import Severity
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.sdk.storage import ChangeQuery, ExecutionQuery, IncidentCount, IncidentQuery

router = APIRouter(tags=["incidents"])
CHANGES_SHOWN = 30
RUNS_SHOWN = 50
LOOK_BACK = timedelta(hours=1)


@router.get("/incidents", response_model=shapes.IncidentList, responses=refusals(503))
async def list_incidents(desk: DeskHere, texts: TextsHere, asked: Annotated[IncidentFilter, Query()]) -> Response:
    """Incidents, newest opened first."""
    query = IncidentQuery(
        limit=asked.limit,
        before=asked.cursor,
        statuses=tuple(asked.status),
        severities=tuple(asked.severity),
        cluster=asked.cluster,
        text=asked.q,
    )
    try:
        page = await desk.incidents(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    counts = facets(query, await desk.incident_counts(asked.q)) if asked.facets else None
    answer = shapes.IncidentList([], page.next_cursor, *coverage(desk, asked.cluster), counts)
    return json_answer(shapes.with_texts(answer, texts.of(page.items)))


def facets(query: IncidentQuery, counts: Sequence[IncidentCount]) -> shapes.Facets:
    """Each facet is counted under the filters of the other two, so that it tells what choosing in it would show."""
    status: Counter[IncidentStatus] = Counter()
    severity: Counter[Severity] = Counter()
    cluster: Counter[str] = Counter()
    for each in counts:
        is_status = not query.statuses or each.status in query.statuses
        is_severity = not query.severities or each.severity in query.severities
        is_cluster = query.cluster in (None, each.cluster)
        if is_severity and is_cluster:
            status[each.status] += each.count
        if is_status and is_cluster:
            severity[each.severity] += each.count
        if is_status and is_severity:
            cluster[each.cluster] += each.count
    return shapes.Facets(dict(status), dict(severity), dict(cluster))


@router.get("/incidents/{id}", response_model=shapes.IncidentDetail, responses=refusals(404, 503))  # noqa: FAST003 - its dependency takes it
async def get_incident(
    request: Request, desk: DeskHere, incident: FoundIncident, _: NoQuery, _tag: IfNoneMatch = None
) -> Response:
    """One incident whole, with its evidence in full."""
    evidence = await desk.events_by_id(incident.evidence)
    changes = await changes_near(desk, incident)
    suspicions = Suspicions(desk.open_incidents(), await desk.suspecting([change.id for change in changes]))
    shape = encode.incident_detail(incident, evidence, changes, suspicions)
    runs = await desk.loop.page(ExecutionQuery(limit=RUNS_SHOWN, incident_id=incident.id))
    shape.executions = [run.id for run in runs.items]
    return unless_known(request, incident_tag(incident, shape), encode.encode(shape))


async def changes_near(desk: Desk, incident: Incident) -> Sequence[Change]:
    """What it suspects, and what else was changed in its cluster shortly before, newest first."""
    suspected = await desk.changes_by_id([suspect.change_id for suspect in incident.suspects])
    near = ChangeQuery(
        limit=CHANGES_SHOWN,
        cluster=incident.cluster.name,
        around=incident.opened_at - LOOK_BACK / 2,
        within=LOOK_BACK / 2,
    )
    others = (await desk.changes(near)).items
    all_of_them = {change.id: change for change in (*suspected, *others)}
    return sorted(all_of_them.values(), key=lambda change: change.at, reverse=True)
