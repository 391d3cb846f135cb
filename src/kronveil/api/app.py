"""Puts the API together: routes, problems, streams, the console and the gate before them, as one ASGI application."""

import functools
import json
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from kronveil.agent.desk import Desk
from kronveil.api.answers import Answers
from kronveil.api.asking import NoQuery, may_call
from kronveil.api.callers import Doorman
from kronveil.api.feed import Composer
from kronveil.api.frames import FRAME_KINDS
from kronveil.api.gate import Gate
from kronveil.api.options import BUILT_CONSOLE, ApiOptions
from kronveil.api.pages import Console
from kronveil.api.problems import answer_with_problems
from kronveil.api.replays import Replays
from kronveil.api.routes import (
    acts,
    agent,
    audit,
    changes,
    events,
    fleet,
    incidents,
    injecting,
    inventory,
    notifiers,
    overview,
    policies,
    runs,
    signals,
    silences,
    streams,
    tokens,
)
from kronveil.api.shapes import Problem
from kronveil.api.socket import Streams, serve_socket
from kronveil.api.texts import IncidentTexts

PREFIX = "/api/v1"
WITH_ETAG = ("/incidents/{id}", "/clusters", "/clusters/{name}", "/config")
_ABOUT = """What the agent knows, and what you may tell it.

Lists are pages: `items` and `next_cursor`. Answers about the whole fleet say whether they are `complete` and which
clusters they leave out. Times are RFC 3339 in UTC, ages and durations are seconds. Errors are RFC 9457 problem
documents. On loopback no token is needed unless the operator says so; elsewhere send `Authorization: Bearer TOKEN`.
"""


def create_app(desk: Desk, options: ApiOptions) -> Gate:
    """The ASGI application to serve. Raises ConfigError when the options leave nobody who could call."""
    options.check()
    doorman = Doorman(options, desk.now)
    api = build_api()
    api.state.desk = desk
    api.state.doorman = doorman
    api.state.pace = options.pace
    api.state.tokens = options.tokens
    api.state.notifiers = options.notifiers
    api.state.texts = IncidentTexts()
    api.state.replays = Replays(desk)
    if options.inject is not None:
        api.state.inject = options.inject
        api.include_router(injecting.router, prefix=PREFIX)
    api.state.composer = composer = Composer(desk)
    sockets = Streams(composer, doorman, options.pace)

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(websocket, sockets)

    api.router.routes.append(WebSocketRoute(f"{PREFIX}/ws/events", socket))
    console = Console(options.console or BUILT_CONSOLE)
    return Gate(api, console, options, doorman, Answers(desk.live), sockets.fan.run, composer.ending)


def build_api() -> FastAPI:
    """The routes alone; enough to publish their schema."""
    api = FastAPI(
        title="Kronveil",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    for each in (
        agent,
        overview,
        fleet,
        inventory,
        signals,
        events,
        incidents,
        acts,
        changes,
        silences,
        runs,
        policies,
        audit,
        notifiers,
        tokens,
        streams,
    ):
        api.include_router(each.router, prefix=PREFIX, dependencies=[Depends(may_call)])
    answer_with_problems(api)
    published = functools.cache(lambda: json.dumps(openapi(api)).encode())

    @api.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def get_openapi(_: NoQuery) -> Response:
        return Response(published(), media_type="application/json")

    return api


def _operation_id(route: APIRoute) -> str:
    return route.name


def openapi(api: FastAPI) -> dict[str, Any]:
    """The schema as published: OpenAPI 3.1, problems under their own media type, frames by name, one way to sign in."""
    schema = api.openapi()
    components = schema["components"]
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"token": []}]
    frames = [{"$ref": f"#/components/schemas/{kind.__name__}"} for kind in FRAME_KINDS]
    components["schemas"] |= _definitions(Problem)
    del components["schemas"]["AnyFrame"]
    components["schemas"]["Frame"] = {"oneOf": frames, "discriminator": {"propertyName": "type"}}
    for path in WITH_ETAG:
        schema["paths"][f"{PREFIX}{path}"]["get"]["responses"]["304"] = {"description": "You have it already"}
    stream = schema["paths"][f"{PREFIX}/stream"]["get"]["responses"]["200"]
    stream["content"] = {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Frame"}}}
    return schema


def _definitions(kind: type) -> dict[str, Any]:
    """What the schema says of a shape and of what is in it, by name."""
    described = TypeAdapter(kind).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    for each in described["properties"].values():
        each.pop("default", None)  # as FastAPI does with one of null
    return {**described.pop("$defs", {}), kind.__name__: described}
