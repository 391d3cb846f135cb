"""Events: what the collectors reported, as the agent keeps it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kronveil.api import encode, shapes
from kronveil.api.asking import DeskHere, json_answer
from kronveil.api.asks import EventFilter
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.sdk.storage import EventQuery

router = APIRouter(tags=["events"])


@router.get("/events", response_model=shapes.EventList, responses=refusals(503))
async def list_events(desk: DeskHere, asked: Annotated[EventFilter, Query()]) -> Response:
    """Events, newest first. Events that arrive meanwhile never shift a page."""
    query = EventQuery(
        limit=asked.limit,
        before=asked.cursor,
        since=asked.since,
        cluster=asked.cluster,
        kind=asked.kind,
        severity=asked.severity,
    )
    try:
        page = await desk.events(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    items = [encode.event_shape(event) for event in page.items]
    return json_answer(shapes.EventList(items, page.next_cursor, *coverage(desk, asked.cluster)))
