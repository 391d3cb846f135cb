"""The overview: what needs somebody, how the fleet is, and what happened to it lately."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from kronveil.api.asking import DeskHere, json_answer
from kronveil.api.asks import OverviewSpan
from kronveil.api.overview import Seen, overview
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.shapes import overview as shapes
from kronveil.sdk.storage import ChangeQuery, IncidentQuery

router = APIRouter(tags=["fleet"])
MOST_INCIDENTS = 500
MOST_CHANGES = 500


@router.get("/overview", response_model=shapes.Overview, responses=refusals(503))
async def get_overview(desk: DeskHere, asked: Annotated[OverviewSpan, Query()]) -> Response:
    """What needs somebody, figures with their worth, and a lane for each cluster over the window."""
    now = desk.now()
    window = timedelta(seconds=asked.window_s)
    begin = now - window
    since = begin if asked.since is None else asked.since
    if since > now:
        raise not_valid(["query", "since"], "lies in the future")
    page = await desk.incidents(IncidentQuery(limit=MOST_INCIDENTS))
    held = desk.open_incidents()
    known = {each.id: each for each in (*page.items, *held)}
    past = [each for each in known.values() if each.resolved_at is None or each.resolved_at >= begin]
    changes = await desk.changes(ChangeQuery(limit=MOST_CHANGES, around=now - window / 2, within=window / 2))
    cut = page.next_cursor is not None and page.items[-1].opened_at >= begin
    seen = Seen(
        now=now,
        window_from=begin,
        since=since,
        health=desk.health(),
        fleet=desk.fleet(),
        members=desk.members(),
        held=held,
        past=past,
        changes=changes.items,
        runs=desk.loop.all(),
        # What happened before the window's beginning is on no lane, so that it cannot be counted.
        is_truncated=cut or changes.next_cursor is not None or since < begin,
    )
    return json_answer(overview(seen))
