"""The fleet and its clusters."""

import base64
import binascii
import time
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Response

from kronveil.agent.desk import Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import DeskHere, FoundMember, IdempotencyKey, NoQuery, json_answer
from kronveil.api.asks import Page
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.sdk.errors import PluginError

router = APIRouter(tags=["fleet"])
PROBE_ENDS_S = 15


def coverage(desk: Desk, cluster: str | None = None) -> tuple[bool, list[shapes.Missing]]:
    """Whether an answer leaves out no cluster, and which ones it does: of all, or of the one asked for."""
    missing = [encode.missing_shape(each) for each in desk.fleet().missing if cluster in (None, each.cluster)]
    return (desk.fleet().complete if cluster is None else not missing), missing


@router.get("/fleet", response_model=shapes.Fleet, responses=refusals())
async def get_fleet(desk: DeskHere, _: NoQuery) -> Response:
    """Totals over all clusters heard from, with the clusters that they leave out."""
    return json_answer(encode.fleet_shape(desk.fleet()))


@router.get("/clusters", response_model=shapes.ClusterList, responses=refusals())
async def list_clusters(desk: DeskHere, page: Annotated[Page, Query()]) -> Response:
    """Every cluster that is expected to report, by name, whether it does or not."""
    after = _name_in(page.cursor)
    members = sorted((each for each in desk.members() if each.name > after), key=lambda member: member.name)
    shown = members[: page.limit]
    next_cursor = _cursor_after(shown[-1].name) if len(members) > len(shown) else None
    items = [encode.cluster_shape(member) for member in shown]
    return json_answer(shapes.ClusterList(items, next_cursor, *coverage(desk)))


@router.get("/clusters/{name}", response_model=shapes.Cluster, responses=refusals(404))  # noqa: FAST003 - its dependency takes it
async def get_cluster(member: FoundMember, _: NoQuery) -> Response:
    """One cluster: its state and why, what is known of each kind of object, and its books."""
    return json_answer(encode.cluster_shape(member))


@router.post("/clusters/{name}/probe", response_model=shapes.Probe, responses=refusals(404, 413))  # noqa: FAST003 - its dependency takes it
async def probe_cluster(desk: DeskHere, member: FoundMember, _: NoQuery, _key: IdempotencyKey) -> Response:
    """Ask a cluster now. That it does not answer is an answer too: `answered` is false and `detail` says why."""
    began, detail = time.monotonic(), f"no answer within {PROBE_ENDS_S} s"
    answered = False
    with anyio.move_on_after(PROBE_ENDS_S):
        try:
            await desk.probe(member.name)
            answered = True
        except PluginError as error:
            detail = str(error)
    took_s = round(time.monotonic() - began, 3)
    now = next((each for each in desk.members() if each.name == member.name), member)
    return json_answer(shapes.Probe(answered, None if answered else detail, took_s, encode.cluster_shape(now)))


def _cursor_after(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _name_in(cursor: str | None) -> str:
    try:
        return base64.b64decode((cursor or "").encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
