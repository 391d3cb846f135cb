"""What routes share: the desk, the caller, things that must exist, and bodies read only after that is known."""

from typing import Annotated, TypeVar

from fastapi import Depends, Header, Path, Request, Response
from pydantic import BaseModel, ValidationError

from kronveil.agent.desk import Desk, NotFound
from kronveil.api.callers import Caller, Doorman
from kronveil.api.encode import encode
from kronveil.api.problems import Refusal, not_valid, several_not_valid
from kronveil.api.roles import LEAST_ROLE
from kronveil.api.shapes import FieldError
from kronveil.api.texts import IncidentTexts
from kronveil.api.tokens import Token, TokenFile
from kronveil.model.event import Event
from kronveil.model.fleet import Member
from kronveil.model.incident import Incident
from kronveil.model.silence import Silence

Body = TypeVar("Body", bound=BaseModel)


def json_answer(shape: object, status: int = 200) -> Response:
    """Encoded bytes, past the framework's own serialisation; nothing of it is kept by a cache."""
    return Response(encode(shape), status, {"Cache-Control": "no-store"}, "application/json")


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _doorman(request: Request) -> Doorman:
    doorman: Doorman = request.app.state.doorman
    return doorman


async def _caller(request: Request) -> Caller | None:
    caller: Caller | None = request.scope["state"]["caller"]
    return caller


async def _known_caller(caller: Annotated[Caller | None, Depends(_caller)]) -> Caller:
    if caller is None:
        raise Refusal(401, "This agent asks for a token: Authorization: Bearer TOKEN.")
    return caller


async def may_call(request: Request, caller: Annotated[Caller | None, Depends(_caller)]) -> None:
    """Runs before every route: 401 and 403 come before what lies behind."""
    least = LEAST_ROLE[f"{request.method} {request.scope['route'].path}"]
    if least is not None and least not in (await _known_caller(caller)).roles:
        named = " and ".join((await _known_caller(caller)).roles)
        raise Refusal(403, f"This needs the role {least}; this caller has {named}.")


async def _texts(request: Request) -> IncidentTexts:
    texts: IncidentTexts = request.app.state.texts
    return texts


async def _tokens(request: Request) -> TokenFile:
    tokens: TokenFile | None = request.app.state.tokens
    if tokens is None:
        raise Refusal(503, "This agent keeps no tokens: it has no data folder.")
    return tokens


async def _no_query(request: Request) -> None:
    unknown = sorted(set(request.query_params))
    if unknown:
        errors = [FieldError(["query", name], "There is no such query parameter here") for name in unknown]
        raise Refusal(422, f"There is no such query parameter here: {', '.join(unknown)}.", errors=errors)


TextsHere = Annotated[IncidentTexts, Depends(_texts)]
TokensHere = Annotated[TokenFile, Depends(_tokens)]
DeskHere = Annotated[Desk, Depends(_desk)]
DoormanHere = Annotated[Doorman, Depends(_doorman)]
AnyCaller = Annotated[Caller | None, Depends(_caller)]
KnownCaller = Annotated[Caller, Depends(_known_caller)]
NoQuery = Annotated[None, Depends(_no_query)]


async def _incident(desk: DeskHere, incident_id: Annotated[str, Path(alias="id")]) -> Incident:
    return await desk.incident(incident_id)


async def _member(desk: DeskHere, name: str) -> Member:
    for member in desk.members():
        if member.name == name:
            return member
    raise NotFound(f"There is no cluster named {name!r} in this fleet.")


async def _token(tokens: TokensHere, token_id: Annotated[str, Path(alias="id")]) -> Token:
    found = tokens.by_id(token_id)
    if found is None:
        raise NotFound(f"There is no token {token_id!r}.")
    return found


async def _event(desk: DeskHere, event_id: Annotated[str, Path(alias="id")]) -> Event:
    for event in await desk.events_by_id([event_id]):
        return event
    raise NotFound(f"There is no event {event_id!r}; repeats of one are counted, and old ones are forgotten.")


async def _silence(desk: DeskHere, silence_id: Annotated[str, Path(alias="id")]) -> Silence:
    for silence in await desk.silences(ended=False):
        if silence.id == silence_id:
            return silence
    raise NotFound(f"There is no silence {silence_id!r} that has not ended.")


# Named before NoQuery in a route, so that 404 comes before 422.
FoundIncident = Annotated[Incident, Depends(_incident)]
FoundSilence = Annotated[Silence, Depends(_silence)]
FoundEvent = Annotated[Event, Depends(_event)]
FoundToken = Annotated[Token, Depends(_token)]
FoundMember = Annotated[Member, Depends(_member)]


def is_key(given: str) -> bool:
    """Whether it may be an idempotency key."""
    return 1 <= len(given) <= 200 and given.isascii() and given.isprintable()


async def idempotency_key(
    given: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Your name for this very request: sent again with the same key, it is done only once.",
        ),
    ] = None,
) -> str | None:
    """As sent; 422 for one that cannot be a key."""
    if given is not None and not is_key(given):
        raise not_valid(["header", "Idempotency-Key"], "must be 1 to 200 printable ASCII characters")
    return given


IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The `ETag` of an answer you have: 304 when it still holds.")
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description='The `ETag` (or `"VERSION"`) you looked at: 412 when it has changed since.'),
]
IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The body as what was asked for; called when the thing it is for is known to exist."""
    content = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content and media_type != "application/json":
        raise Refusal(415, "Send the body as application/json.")
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    if problems[0]["type"] == "json_invalid":
        raise Refusal(400, f"The body is not JSON: {problems[0]['msg']}.")
    errors = [
        FieldError(
            ["body", *each["loc"]],
            "There is no such key here" if each["type"] == "extra_forbidden" else each["msg"],
        )
        for each in problems
    ]
    raise several_not_valid(errors)
