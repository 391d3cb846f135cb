"""What a person may do to an incident: durable, attributed, done once for each key, and refused when illegal."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from kronveil.agent.desk import Act
from kronveil.api import encode, shapes
from kronveil.api.asking import (
    DeskHere,
    FoundIncident,
    IdempotencyKey,
    IfMatch,
    KnownCaller,
    NoQuery,
    json_answer,
    read_body,
)
from kronveil.api.asks import Assignment, Merge, Note, Nothing, Pin, Reopening, Resolution
from kronveil.api.problems import not_valid
from kronveil.api.replays import kept_name
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.versions import check_unchanged

router = APIRouter(tags=["incidents"])
Asked = TypeVar("Asked", bound=BaseModel)


class Acting:
    """An act about to be carried out: who asks, about what, and with which key."""

    def __init__(
        self,
        request: Request,
        desk: DeskHere,
        incident: FoundIncident,
        _: NoQuery,
        caller: KnownCaller,
        key: IdempotencyKey,
        _tag: IfMatch = None,
    ) -> None:
        self.desk = desk
        self._request = request
        self._incident = incident
        self._caller = caller
        self._key = None if key is None else kept_name(caller.name, key)

    async def asked(self, kind: type[Asked]) -> Asked:
        """The body; refused when the incident is not the one that the caller saw."""
        body = await read_body(self._request, kind)
        check_unchanged(self._request, self._incident)
        return body

    async def carry_out(self, verb: str, reason: str = "", others: tuple[str, ...] = ()) -> Response:
        """Do it; the incident afterwards."""
        act = Act(self._incident.id, verb, self._caller.name, reason, self._key, others)
        return json_answer(encode.incident_shape(await self.desk.act(act)))


ActingHere = Annotated[Acting, Depends()]
Route = Callable[[ActingHere], Awaitable[Response]]


def _act(verb: str, body: type[BaseModel], *, is_body_needed: bool = True) -> Callable[[Route], Route]:
    """The route of an act. Its path parameter is taken by what finds the incident."""
    return router.post(
        f"/incidents/{{id}}/{verb}",
        response_model=shapes.Incident,
        responses=refusals(400, 404, 409, 412, 413, 415, 503),
        openapi_extra=body_of(body, required=is_body_needed),
    )


@_act("acknowledge", Nothing, is_body_needed=False)
async def acknowledge_incident(acting: ActingHere) -> Response:
    """Say that somebody has seen it and looks after it. It stays open until recovery is observed."""
    await acting.asked(Nothing)
    return await acting.carry_out("acknowledge")


@_act("resolve", Resolution)
async def resolve_incident(acting: ActingHere) -> Response:
    """Say, with a reason, that it is over, though the agent has not observed that."""
    asked = await acting.asked(Resolution)
    return await acting.carry_out("resolve", asked.reason)


@_act("reopen", Reopening)
async def reopen_incident(acting: ActingHere) -> Response:
    """Say, with a reason, that it is not over. It stays open until a person resolves it, or it comes and goes again."""
    asked = await acting.asked(Reopening)
    return await acting.carry_out("reopen", asked.reason)


@_act("assign", Assignment)
async def assign_incident(acting: ActingHere) -> Response:
    """Give it to somebody to work on, or to nobody."""
    asked = await acting.asked(Assignment)
    return await acting.carry_out("assign", asked.to or "")


@_act("note", Note)
async def note_incident(acting: ActingHere) -> Response:
    """Add words to its timeline."""
    asked = await acting.asked(Note)
    return await acting.carry_out("note", asked.text)


@_act("pin", Pin)
async def pin_evidence(acting: ActingHere) -> Response:
    """Take a stored event for evidence of it."""
    asked = await acting.asked(Pin)
    if not await acting.desk.events_by_id([asked.event_id]):
        raise not_valid(["body", "event_id"], "There is no stored event with this id")
    return await acting.carry_out("pin", asked.event_id)


@_act("merge", Merge)
async def merge_incidents(acting: ActingHere) -> Response:
    """Put others under this one. They keep their ids, titles and timelines, and close on their own."""
    asked = await acting.asked(Merge)
    return await acting.carry_out("merge", others=tuple(dict.fromkeys(asked.ids)))


@_act("split", Nothing, is_body_needed=False)
async def split_incident(acting: ActingHere) -> Response:
    """Take it out from under the incident that it was put under."""
    await acting.asked(Nothing)
    return await acting.carry_out("split")


@_act("undo", Nothing, is_body_needed=False)
async def undo_act(acting: ActingHere) -> Response:
    """Take back your own last act on it, within 10 seconds."""
    await acting.asked(Nothing)
    return await acting.carry_out("undo")
