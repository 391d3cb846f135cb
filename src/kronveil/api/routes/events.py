"""Events: what the collectors reported, as the agent keeps it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from kronveil.api import encode, shapes
from kronveil.api.asking import DeskHere, FoundEvent, NoQuery, json_answer
from kronveil.api.asks import EventFilter
from kronveil.api.problems import Refusal, not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.model.event import Event
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


@router.get("/evidence/{id}", response_model=shapes.Evidence, responses=refusals(404, 503))  # noqa: FAST003 - its dependency takes it
async def get_evidence(event: FoundEvent, _: NoQuery) -> Response:
    """One event as evidence, by the id that incidents and suspects name it with."""
    return json_answer(encode.evidence_shape(event))


@router.get("/events/{id}/explain", response_model=shapes.Explanation, responses=refusals(404, 503))
async def explain_event(desk: DeskHere, event_id: Annotated[str, Path(alias="id")], _: NoQuery) -> Response:
    """What became of an event: each stage it passed, what that did, and why. Known for the newest 10,000."""
    stored = next(iter(await desk.events_by_id([event_id])), None)
    stages = desk.explain(event_id)
    if stages is None and stored is None:
        raise Refusal(404, f"There is no event {event_id!r}; what merged long ago is only counted.")
    told = [shapes.Stage(each.name, each.result, each.reason, list(each.refs)) for each in stages or ()]
    if stages is None and stored is not None:
        told = [_from_the_store(stored)]
    event = None if stored is None else encode.event_shape(stored)
    return json_answer(shapes.Explanation(event, told, stages is not None))


def _from_the_store(event: Event) -> shapes.Stage:
    if event.merged_into is not None:
        return shapes.Stage("dedup", "merged", f"It repeats {event.merged_into}", [event.merged_into])
    return shapes.Stage("dedup", "kept", "It was the first of its kind and is stored", [])
