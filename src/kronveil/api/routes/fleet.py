"""The fleet and its clusters."""

import base64
import binascii
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Request, Response

from kronveil.agent.desk import ClusterRequest, Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import (
    DeskHere,
    FoundMember,
    IdempotencyKey,
    IfNoneMatch,
    KnownCaller,
    NoQuery,
    json_answer,
    read_body,
)
from kronveil.api.asks import NewCluster, Nothing, Page, Pause
from kronveil.api.problems import not_valid
from kronveil.api.replays import OnceRoute
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.versions import content_tag, unless_known
from kronveil.model.fleet import Member
from kronveil.sdk.errors import PluginError

router = APIRouter(tags=["fleet"], route_class=OnceRoute)
PROBE_ENDS_S = 15
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def coverage(desk: Desk, cluster: str | None = None) -> tuple[bool, list[shapes.Missing]]:
    """Whether an answer leaves out no cluster, and which ones it does: of all, or of the one asked for."""
    fleet = desk.fleet()
    missing = [encode.missing_shape(each) for each in fleet.missing if cluster in (None, each.cluster)]
    return (fleet.complete if cluster is None else not missing), missing


@router.get("/fleet", response_model=shapes.Fleet, responses=refusals())
async def get_fleet(desk: DeskHere, _: NoQuery) -> Response:
    """Totals over all clusters heard from, with the clusters that they leave out."""
    return json_answer(encode.fleet_shape(desk.fleet()))


@router.get("/clusters", response_model=shapes.ClusterList, responses=refusals())
async def list_clusters(
    request: Request, desk: DeskHere, page: Annotated[Page, Query()], _tag: IfNoneMatch = None
) -> Response:
    """Every cluster that is expected to report, by name, whether it does or not."""
    after = _name_in(page.cursor)
    members = sorted((each for each in desk.members() if each.name > after), key=lambda member: member.name)
    shown = members[: page.limit]
    next_cursor = _cursor_after(shown[-1].name) if len(members) > len(shown) else None
    items = [encode.cluster_shape(member) for member in shown]
    answer = shapes.ClusterList(items, next_cursor, *coverage(desk))
    tag = content_tag(_ageless(shown), next_cursor, [(each.cluster, each.reason) for each in answer.missing])
    return unless_known(request, tag, encode.encode(answer))


@router.post(
    "/clusters",
    response_model=shapes.Cluster,
    status_code=201,
    responses=refusals(400, 409, 413, 415, 503),
    openapi_extra=body_of(NewCluster, required=True),
)
async def add_cluster(
    request: Request, desk: DeskHere, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Watch one more cluster, from now on and after each start. Whether it answers, its state tells soon."""
    asked = await read_body(request, NewCluster)
    desk.add_cluster(ClusterRequest(**asked.model_dump(exclude={"namespaces"}), namespaces=tuple(asked.namespaces)))
    await desk.audit.note(caller.name, "cluster.added", asked.name, after=asked.model_dump(exclude={"name"}))
    return json_answer(encode.cluster_shape(_member_of(desk, asked.name)), 201)


@router.delete(
    "/clusters/{name}",  # noqa: FAST003 - its dependency takes it
    status_code=204,
    response_class=Response,
    responses=refusals(404, 409, 503),
)
async def remove_cluster(
    desk: DeskHere, member: FoundMember, _: NoQuery, caller: KnownCaller, _key: IdempotencyKey
) -> Response:
    """Watch a cluster no longer, nor after the next start. What is open in it is closed within a minute, and says that
    it was not observed to recover. One that the configuration file names stays (409)."""
    desk.remove_cluster(member.name, caller.name)
    await desk.audit.note(caller.name, "cluster.removed", member.name, before={"region": member.region})
    return Response(status_code=204)


@router.post(
    "/clusters/{name}/pause",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Cluster,
    responses=refusals(400, 404, 413, 415, 503),
    openapi_extra=body_of(Pause, required=True),
)
async def pause_cluster(
    request: Request, desk: DeskHere, member: FoundMember, _: NoQuery, caller: KnownCaller, _key: IdempotencyKey
) -> Response:
    """Ask a cluster nothing until it is resumed. It ages like any silent one, and says why."""
    asked = await read_body(request, Pause)
    desk.pause_cluster(member.name, caller.name, asked.reason)
    await desk.audit.note(caller.name, "cluster.paused", member.name, asked.reason)
    return json_answer(encode.cluster_shape(_member_of(desk, member.name)))


@router.post(
    "/clusters/{name}/resume",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Cluster,
    responses=refusals(400, 404, 413, 415, 503),
    openapi_extra=body_of(Nothing, required=False),
)
async def resume_cluster(
    request: Request, desk: DeskHere, member: FoundMember, _: NoQuery, caller: KnownCaller, _key: IdempotencyKey
) -> Response:
    """Watch a paused cluster again; one that is not paused is left as it is."""
    await read_body(request, Nothing)
    desk.resume_cluster(member.name)
    await desk.audit.note(caller.name, "cluster.resumed", member.name)
    return json_answer(encode.cluster_shape(_member_of(desk, member.name)))


def _member_of(desk: Desk, name: str) -> Member:
    return next(each for each in desk.members() if each.name == name)


@router.get("/clusters/{name}", response_model=shapes.ClusterDetail, responses=refusals(404))  # noqa: FAST003 - its dependency takes it
async def get_cluster(
    request: Request, desk: DeskHere, member: FoundMember, _: NoQuery, _tag: IfNoneMatch = None
) -> Response:
    """One cluster: its state and why, what is known of each kind of object, its books, and what is open in it."""
    answer = encode.cluster_detail_shape(member, desk.open_incidents())
    return unless_known(request, content_tag(_ageless([member]), answer.incidents), encode.encode(answer))


def _ageless(members: Sequence[Member]) -> list[shapes.Cluster]:
    """As they were at one moment of the past: what only grows older is the same then."""
    return [encode.cluster_shape(replace(member, as_of=_LONG_AGO)) for member in members]


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
