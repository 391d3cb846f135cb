"""The live stream for those who read it as server-sent events, and the tickets that open it from a browser."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from kronveil.api import shapes
from kronveil.api.asking import DeskHere, DoormanHere, KnownCaller, NoQuery, json_answer
from kronveil.api.asks import StreamStart
from kronveil.api.callers import NotAuthenticated
from kronveil.api.frames import AnyFrame
from kronveil.api.gate import stranger
from kronveil.api.lines import Watch
from kronveil.api.routes.declared import refusals
from kronveil.api.socket import caller_of
from kronveil.api.sse import EventStream, place_in
from kronveil.api.wording import stamp

router = APIRouter(tags=["stream"])


@router.post("/stream/tickets", response_model=shapes.Ticket, responses=refusals(413))
async def create_stream_ticket(desk: DeskHere, doorman: DoormanHere, caller: KnownCaller, _: NoQuery) -> Response:
    """A ticket that opens one stream within 30 seconds, for browsers, which cannot send a token with a WebSocket."""
    ticket, ends = doorman.issue_ticket(caller, desk.now())
    return json_answer(shapes.Ticket(ticket, stamp(ends)))


@router.get("/stream", response_class=Response, response_model=AnyFrame, responses=refusals(503))
async def read_stream(
    request: Request,
    asked: Annotated[StreamStart, Query()],
    last_event_id: Annotated[
        str | None, Header(description="`epoch:seq`, as browsers send it by themselves when they come back.")
    ] = None,
) -> Response:
    """The live stream as server-sent events: `hello`, then numbered frames, and `status` every two seconds.

    The same frames as the WebSocket at `/api/v1/ws/events`, one a message. Without `since` (or `Last-Event-ID`) and
    the right `epoch` the `hello` carries a full snapshot. When the past asked for is gone, `gap` says so first.
    """
    state = request.app.state
    try:
        caller = caller_of(state.doorman, request.headers.get("authorization"), asked.ticket)
    except NotAuthenticated as error:
        raise stranger(str(error)) from None
    since, epoch = (asked.since, asked.epoch) if last_event_id is None else place_in(last_event_id)
    return EventStream(state.composer, Watch(state.doorman, caller, state.pace), since, epoch)
