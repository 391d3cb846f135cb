"""Silences: what people said needs nobody for a while. What they hush is marked, counted and listed all the same."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kronveil.agent.desk import Desk
from kronveil.api import encode, shapes
from kronveil.api.asking import (
    DeskHere,
    FoundSilence,
    IdempotencyKey,
    KnownCaller,
    NoQuery,
    json_answer,
    read_body,
)
from kronveil.api.asks import NewSilence, SilenceFilter, SilencePreview
from kronveil.api.problems import not_valid
from kronveil.api.replays import OnceRoute, fresh_id
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.wording import stamp
from kronveil.model.silence import Silence

router = APIRouter(tags=["silences"], route_class=OnceRoute)
LONGEST = timedelta(days=3650)


@router.get("/silences", response_model=shapes.SilenceList, responses=refusals(503))
async def list_silences(desk: DeskHere, asked: Annotated[SilenceFilter, Query()]) -> Response:
    """Silences that have not ended, newest first."""
    items = [_shape(desk, silence) for silence in await desk.silences(ended=asked.ended)]
    return json_answer(shapes.SilenceList(items, None))


@router.post(
    "/silences",
    response_model=shapes.Silence,
    status_code=201,
    responses=refusals(400, 409, 413, 415, 503),
    openapi_extra=body_of(NewSilence, required=True),
)
async def create_silence(
    request: Request, desk: DeskHere, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Hush what matches all patterns given, from now or later on until it ends."""
    asked = await read_body(request, NewSilence)
    starts_at = asked.starts_at or desk.now()
    if starts_at < desk.now() - timedelta(days=1):
        raise not_valid(["body", "starts_at"], "lies more than a day in the past")
    if not max(starts_at, desk.now()) < asked.ends_at <= desk.now() + LONGEST:
        raise not_valid(["body", "ends_at"], "must lie in the future, after starts_at, and at most ten years from now")
    silence = replace(
        _matching(asked, starts_at, asked.ends_at),
        id=f"sil_{fresh_id(request)[:16]}",
        created_by=caller.name,
        reason=asked.reason,
        is_maintenance=asked.maintenance,
    )
    await desk.silence(silence)
    return json_answer(_shape(desk, silence), 201)


@router.post(
    "/silences/preview",
    response_model=shapes.Hushed,
    responses=refusals(400, 413, 415),
    openapi_extra=body_of(SilencePreview, required=True),
)
async def preview_silence(request: Request, desk: DeskHere, _: NoQuery) -> Response:
    """Which incidents, open or lately resolved, such a silence would hush. Changes nothing."""
    asked = await read_body(request, SilencePreview)
    silence = _matching(asked, desk.now(), desk.now())
    return json_answer(shapes.Hushed([encode.incident_shape(each) for each in desk.hushed_by(silence)], None))


@router.delete(
    "/silences/{id}",  # noqa: FAST003 - its dependency takes it
    status_code=204,
    response_class=Response,
    responses=refusals(404, 409, 503),
)
async def end_silence(
    desk: DeskHere, silence: FoundSilence, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """End a silence now. It stays in the list of those that have ended."""
    await desk.end_silence(silence.id, caller.name)
    return Response(status_code=204)


def _matching(asked: NewSilence | SilencePreview, starts_at: datetime, ends_at: datetime) -> Silence:
    """A silence with the patterns asked for, and nobody's yet. Refuses one that would hush everything."""
    patterns = {name: getattr(asked, name) for name in ("cluster", "namespace", "owner", "kind")}
    if not any(pattern.strip("*") for pattern in patterns.values()):
        raise not_valid(["body", "cluster"], "give at least one of cluster, namespace, owner and kind: this is all")
    for name, pattern in patterns.items():
        if "*" in pattern[:-1]:
            raise not_valid(["body", name], "may have one * and only at its end")
    return Silence("", starts_at, ends_at, created_by="", reason="", **patterns)


def _shape(desk: Desk, silence: Silence) -> shapes.Silence:
    now = desk.now()
    is_over = silence.ends_at <= now
    return shapes.Silence(
        id=silence.id,
        state="ended" if is_over else "pending" if silence.starts_at > now else "active",
        starts_at=stamp(silence.starts_at),
        ends_at=stamp(silence.ends_at),
        created_by=silence.created_by,
        reason=silence.reason,
        cluster=silence.cluster,
        namespace=silence.namespace,
        owner=silence.owner,
        kind=silence.kind,
        maintenance=silence.is_maintenance,
    )
