"""The live stream for those who read it as server-sent events, and the tickets that open it from a browser."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from kronveil.api import encode, shapes
from kronveil.api.asking import AnyCaller, DeskHere, DoormanHere, KnownCaller, NoQuery, json_answer
from kronveil.api.asks import StreamStart
from kronveil.api.callers import NotAuthenticated
from kronveil.api.frames import AnyFrame
from kronveil.api.gate import stranger
from kronveil.api.routes.declared import refusals

router = APIRouter(tags=["stream"])


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.post("/stream/tickets", response_model=shapes.Ticket, responses=refusals(413))
async def create_stream_ticket(desk: DeskHere, doorman: DoormanHere, caller: KnownCaller, _: NoQuery) -> Response:
    """A ticket that opens one stream within 30 seconds, for browsers, which cannot send a token with a WebSocket."""
    ticket, ends = doorman.issue_ticket(caller, desk.now())
    return json_answer(shapes.Ticket(ticket, encode.stamp(ends)))


@router.get("/stream", response_class=EventStream, response_model=AnyFrame, responses=refusals())
async def read_stream(desk: DeskHere) -> Response:
    """x"""
    raise NotImplementedError
