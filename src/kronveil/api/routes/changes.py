"""The ledger of changes: what was changed, when, by whom, and which incidents suspect it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from kronveil.agent.desk import Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import DeskHere, json_answer
from kronveil.api.asks import ChangeFilter
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.api.suspicion import Suspicions
from kronveil.sdk.storage import ChangeQuery

router = APIRouter(tags=["changes"])
_NOT_READ = {
    "cicd": "builds and deployments of CI are not read in this version",
    "cloud": "changes of cloud accounts are not read in this version",
}


def sources_missing(desk: Desk) -> list[shapes.SourceMissing]:
    """What the ledger cannot know of."""
    missing = [shapes.SourceMissing(source, reason) for source, reason in _NOT_READ.items()]
    if not desk.members():
        missing.insert(0, shapes.SourceMissing("kubernetes", "no cluster is configured"))
    return missing


@router.get("/changes", response_model=shapes.ChangeList, responses=refusals(503))
async def list_changes(desk: DeskHere, asked: Annotated[ChangeFilter, Query()]) -> Response:
    """The ledger of changes, newest first by the time they were made."""
    if asked.window_s is not None and asked.around is None:
        raise not_valid(["query", "window_s"], "goes with around: how far to both sides of it")
    namespace, _, name = (asked.target or "").rpartition("/")
    query = ChangeQuery(
        limit=asked.limit,
        before=asked.cursor,
        cluster=asked.cluster,
        kind=asked.kind,
        namespace=namespace or None,
        name=name or None,
        around=asked.around,
        within=timedelta(seconds=asked.window_s or 3600),
    )
    try:
        page = await desk.changes(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    suspicions = Suspicions(desk.open_incidents(), await desk.suspecting([change.id for change in page.items]))
    items = [encode.change_shape(change, suspicions) for change in page.items]
    answer = shapes.ChangeList(items, page.next_cursor, *coverage(desk, asked.cluster), sources_missing(desk))
    return json_answer(answer)
