"""Incidents, in lists and whole."""

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
from kronveil.model.incident import Incident
from kronveil.sdk.storage import ChangeQuery, ExecutionQuery, IncidentQuery

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
    )
    try:
        page = await desk.incidents(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    answer = shapes.IncidentList([], page.next_cursor, *coverage(desk, asked.cluster))
    return json_answer(shapes.with_texts(answer, texts.of(page.items)))


@router.get("/incidents/{id}", response_model=shapes.IncidentDetail, responses=refusals(404, 503))  # noqa: FAST003 - its dependency takes it
async def get_incident(
    request: Request, desk: DeskHere, incident: FoundIncident, _: NoQuery, _tag: IfNoneMatch = None
) -> Response:
    """One incident whole, with its evidence in full."""
    evidence = await desk.events_by_id(incident.evidence)
    changes = await changes_near(desk, incident)
    shape = encode.incident_detail(incident, evidence, changes, Suspicions(desk.open_incidents()))
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
