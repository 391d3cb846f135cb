"""The API of one cluster as an ASGI application: who asks, for what, and which part of the server answers."""

import contextlib
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kronveil.lab.kinds import POD, JsonObject
from kronveil.lab.server.access import Access
from kronveil.lab.server.answers import ApiError, json_answer, no_such_path, not_found, refused
from kronveil.lab.server.discovery import discover
from kronveil.lab.server.faults import Faults, ServerStoppedError
from kronveil.lab.server.logs import log_of
from kronveil.lab.server.metrics import GROUP as METRICS
from kronveil.lab.server.metrics import (
    GROUP_ENTRY,
    answer_metrics,
    answer_summary,
    is_metrics_path,
    node_of_summary,
    plural_of,
)
from kronveil.lab.server.reading import Pages, read_list, read_one
from kronveil.lab.server.targets import Target, parse_target
from kronveil.lab.server.views import View
from kronveil.lab.server.watching import open_watch
from kronveil.lab.server.writing import Writer, parse_body, scale_of
from kronveil.lab.times import Clock, wall_clock
from kronveil.lab.usage import Usage
from kronveil.lab.world import World

BOOKMARK_EVERY_S = 15.0
WEBHOOK = "policy.lab.kronveil.io"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_HEALTH = ("/healthz", "/livez", "/readyz")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class ClusterApi:
    """One cluster's API server."""

    def __init__(self, world: World, access: Access, *, version: str = "v1.37.2") -> None:
        self.world = world
        self.access = access
        self.faults = Faults()
        self.bookmark_every_s = BOOKMARK_EVERY_S
        self.streams_lists = True
        """Whether watches may begin with a streamed list, as on servers from 1.34 on."""
        self.version = version
        self.kubelets: Usage | None = None
        """What kubelets tell of themselves."""
        self.usage: Usage | None = None
        """What metrics.k8s.io tells; None: the group is not served."""
        self.clock: Clock = wall_clock
        """What the server takes the time to be, for its Date header."""
        self.catch_up: Callable[[], object] = lambda: None
        """Called before each write, so that it is made at the present and not at the last time something happened."""
        self._pages = Pages(world)
        self._writer = Writer(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        with contextlib.suppress(ClientDisconnect, ServerStoppedError):
            await self.faults.passage()
            if (refusal := self.faults.refusal()) is not None:
                answer: ASGIApp = refused(*refusal)
            else:
                try:
                    answer = await self._answer(Request(scope, receive))
                except ApiError as error:
                    answer = json_answer(error.status(), error.code)
            await answer(scope, receive, self._dated(send))

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.clock(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        return dated

    async def _answer(self, request: Request) -> ASGIApp:
        path = request.url.path.rstrip("/") or "/"
        if path in _HEALTH or path.startswith("/readyz/"):
            return PlainTextResponse("ok")
        user = self.access.authenticate(request)
        target = parse_target(path, self.world.kinds)
        if target is None:
            return await self._answer_else(request, path, user)
        verb = _verb(request, target)
        if not self.faults.forbidden.isdisjoint((target.kind.plural, f"{target.group}/{target.kind.plural}")):
            raise self.access.refuse(user, verb, target)
        if request.method == "GET":
            return self._read(request, target, verb)
        return await self._write(request, target)

    async def _answer_else(self, request: Request, path: str, user: str) -> Response:
        if path == _REVIEWS and request.method == "POST":
            body = parse_body(await request.body(), request.headers.get("content-type", ""))
            return json_answer(self._review(body, user), 201)
        if self.usage is not None and is_metrics_path(path):
            return await self._metrics(request, path, user, self.usage)
        if request.method == "GET" and (node := node_of_summary(path)):
            return self._summary(node, user)
        address = f"{request.url.hostname}:{request.url.port}"
        found = None
        if request.method == "GET":
            found = discover(path, self.world.kinds, version=self.version, address=address)
            if path == "/apis" and found is not None and self.usage is not None:
                found["groups"].append(GROUP_ENTRY)
        if found is None:
            raise no_such_path()
        return json_answer(found)

    async def _metrics(self, request: Request, path: str, user: str, usage: Usage) -> Response:
        if request.method != "GET":
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        plural = plural_of(path)
        if f"{METRICS}/{plural}" in self.faults.forbidden:
            what = f'{plural}.{METRICS} is forbidden: User "{user}" cannot list resource "{plural}" in API group'
            raise ApiError(403, "Forbidden", f'{what} "{METRICS}" at the cluster scope')
        await self.faults.metrics_passage()
        self.catch_up()
        return answer_metrics(path, usage, self.world)

    def _summary(self, node: str, user: str) -> Response:
        """A kubelet's own, through the API server."""
        if "nodes/proxy" in self.faults.forbidden:
            what = f'nodes "{node}" is forbidden: User "{user}" cannot get resource "nodes/proxy" in API group ""'
            raise ApiError(403, "Forbidden", f"{what} at the cluster scope")
        self.catch_up()
        return answer_summary(node, self.kubelets, self.world)

    def _review(self, body: Any, user: str) -> JsonObject:
        spec: JsonObject = body.get("spec") or {}
        asked: JsonObject = spec.get("resourceAttributes") or {}
        kind = self.world.kinds.of_group(asked.get("group", ""), asked.get("resource", ""))
        allowed = kind is not None and kind.plural not in self.faults.forbidden
        status = {"allowed": allowed, "reason": "" if allowed else f"{user} may not"}
        return {**body, "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "status": status}

    def _read(self, request: Request, target: Target, verb: str) -> ASGIApp:
        view = View.asked_by(request.headers.get("accept", ""))
        if target.is_new_event and view is View.WHOLE:
            view = View.NEW_EVENT
        query = request.query_params
        if verb == "watch":
            return open_watch(
                self.world,
                self.faults,
                target,
                query,
                view=view,
                bookmark_every_s=self.bookmark_every_s,
                streams_lists=self.streams_lists,
            )
        if not target.name:
            return read_list(self.world, self._pages, self.faults, target, query, view=view)
        if target.subresource not in ("", "status"):
            return self._read_subresource(target, query)
        return read_one(self.world, target, view)

    def _read_subresource(self, target: Target, query: QueryParams) -> Response:
        record = self.world.find(target.kind, (target.namespace, target.name))
        if record is None:
            raise not_found(target.kind, target.name)
        if target.subresource == "scale" and "scale" in target.kind.subresources:
            return json_answer(scale_of(record))
        if target.subresource == "log" and target.kind is POD:
            return PlainTextResponse(log_of(record.obj, query))
        raise no_such_path()

    async def _write(self, request: Request, target: Target) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        content = await request.body()
        body = parse_body(content, content_type)
        # As a real server does: where a deletion has options in a body, those are all it has.
        query = QueryParams() if request.method == "DELETE" and content else request.query_params
        client = request.headers.get("user-agent", "unknown").partition("/")[0]
        self._writer.manager = query.get("fieldManager") or client
        self.catch_up()
        if (words := self.faults.denied.get(target.kind.plural)) is not None:
            raise ApiError(400, "", f'admission webhook "{WEBHOOK}" denied the request: {words}')
        answer = self._written(request, target, body, query)
        if (words := self.faults.warned.get(target.kind.plural)) is not None:
            quoted = words.replace('"', r"\"")
            answer.headers["warning"] = f'299 - "{quoted}"'
        return answer

    def _written(self, request: Request, target: Target, body: Any, query: QueryParams) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        if request.method == "POST":
            return self._writer.post(target, body, query)
        if request.method == "DELETE":
            return self._writer.delete(target, body, query)
        if target.name and request.method == "PUT":
            return self._writer.put(target, body, query)
        if target.name and request.method == "PATCH":
            return self._writer.patch(target, body, query, content_type)
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def _verb(request: Request, target: Target) -> str:
    if request.method == "GET":
        if request.query_params.get("watch") in ("1", "true"):
            return "watch"
        return "get" if target.name else "list"
    verb = _VERBS.get(request.method, request.method.lower())
    return "deletecollection" if verb == "delete" and not target.name else verb
