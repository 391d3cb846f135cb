"""Whatever is asked of any operation, with or without sense: never a bug, and every answer is one that is declared."""

import json
from functools import cache
from pathlib import Path
from typing import Self

import hypothesis.strategies as st
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, example, given, settings

from kronveil.api import ApiOptions
from tests.api.conforming import faults, filled, published, resolve
from tests.api.conftest import client_of, tokens_in
from tests.api.plain_desk import PlainDesk, change, event, incident

OPERATIONS = [
    (method.upper(), path, operation)
    for path, ways in published()["paths"].items()
    for method, operation in ways.items()
    if not path.endswith("/stream")
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(
    ["2026-11-25T12:00:00Z", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "2026-02-30T00:00Z"]
)
IDS = st.sampled_from(["inc-1", "ev-00001", "east", "made", "quiet"]) | TEXT


def values(schema):  # noqa: PLR0911 - a case a line
    """Values as a schema wants them, mostly."""
    schema = resolve(schema)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of([values(each) for each in schema[union]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return TIMES
    kind = schema.get("type")
    if kind == "integer":
        return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63)) | st.integers()
    if kind == "array":
        return st.lists(values(schema["items"]), max_size=3)
    if kind == "object":
        properties = {name: values(each) for name, each in schema.get("properties", {}).items()}
        return st.fixed_dictionaries({}, optional=properties)
    return {"boolean": st.booleans(), "null": st.none(), "number": st.floats()}.get(kind, TEXT | IDS)


def as_query(value):
    if isinstance(value, list):
        return [str(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def requests():
    """Any request: an operation, its path, query, headers and body."""
    return st.sampled_from(range(len(OPERATIONS))).flatmap(_request_of)


def _request_of(index):
    _, path, operation = OPERATIONS[index]
    parameters = operation.get("parameters", [])
    query = {each["name"]: values(each["schema"]) for each in parameters if each["in"] == "query"}
    header = {each["name"]: st.text(st.characters(min_codepoint=32, max_codepoint=126)) for each in parameters}
    header = {name: text for name, text in header.items() if name.lower() not in query and "{" not in name}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    bodies = (values(body) | JSON) if body else st.none()
    if "{" in path:
        parts = st.just(filled(path)) | IDS.map(
            lambda part: path.replace("{id}", _quoted(part)).replace("{name}", _quoted(part))
        )
    else:
        parts = st.just(path)
    names = [each["name"] for each in parameters if each["in"] == "header"]
    return st.fixed_dictionaries(
        {
            "operation": st.just(index),
            "path": parts,
            "query": st.fixed_dictionaries({}, optional=query) | st.dictionaries(TEXT, TEXT, max_size=2),
            "headers": st.fixed_dictionaries({}, optional={name: header[name] for name in names}),
            "content": bodies.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20),
        }
    )


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


def a_desk() -> PlainDesk:
    desk = PlainDesk()
    desk.stored = [event(number) for number in range(1, 4)]
    desk.ledger = [change(1)]
    desk.known = {each.id: each for each in (incident(1), incident(2, cluster="west"))}
    return desk


class Asked:
    """One application for all requests: making its schemas takes hundreds of times as long as an answer."""

    def __init__(self, portal: BlockingPortal, folder: Path) -> None:
        self._portal = portal
        self._folder = folder
        self._desk = a_desk()
        self._client = portal.wrap_async_context_manager(client_of(self._desk, ApiOptions(tokens=tokens_in(folder))))

    def __enter__(self) -> Self:
        self._http = self._client.__enter__()
        return self

    def __exit__(self, *failure) -> None:
        self._client.__exit__(*failure)

    def answer(self, request):
        """The answer to a request before which nobody did anything."""
        live = self._desk.live
        vars(self._desk).update({**vars(a_desk()), "live": live})
        tokens_in(self._folder)
        return self._portal.call(self._send, request)

    async def _send(self, request):
        method, _, _ = OPERATIONS[request["operation"]]
        query = {name: as_query(value) for name, value in request["query"].items() if value is not None}
        headers = {name: value.strip() for name, value in request["headers"].items()}
        return await self._http.request(
            method,
            request["path"],
            params=query,
            headers={**headers, "Content-Type": "application/json"},
            content=request["content"] if method == "POST" else None,
        )


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    with start_blocking_portal() as portal, Asked(portal, tmp_path_factory.mktemp("tokens")) as one:
        yield one


def check(request, response) -> None:
    method, template, operation = OPERATIONS[request["operation"]]
    told = f"{method} {request['path']} {request['query']} {request['headers']} {request['content']!r}: {response.text}"
    assert response.status_code != 500, told
    matched = request["path"] == filled(template) or request["path"].count("/") == template.count("/")
    if not matched or not request["path"].rpartition("/")[2] or response.status_code in {404, 405}:
        assert response.status_code < 500, told
        return
    assert str(response.status_code) in operation["responses"], told
    declared = operation["responses"][str(response.status_code)].get("content", {})
    if not response.content:
        assert not declared or response.status_code == 304, told
        return
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in declared, told
    assert faults(response.json(), declared[media_type]["schema"]) == [], told


# What iterating over the class gives has no type: its metaclass does it.
HEALTH: list[HealthCheck] = list(HealthCheck)  # pyright: ignore[reportAssignmentType]
FAR_AWAY = b'{"reason": "x", "cluster": "a", "ends_at": "9999-12-31T23:59:59-05:00"}'


def a_request(path, method="GET", **parts):
    index = next(n for n, (way, template, _) in enumerate(OPERATIONS) if (way, template) == (method, path))
    return {"operation": index, "path": filled(path), "query": {}, "headers": {}, "content": b""} | parts


@example(request_of_any_kind=a_request("/api/v1/incidents/{id}/merge", "POST", content=b'{"ids": ["\\u0000"]}'))
@example(request_of_any_kind=a_request("/api/v1/changes", query={"around": "0001-01-01T00:00:00Z", "window_s": 604800}))
@example(
    request_of_any_kind=a_request("/api/v1/changes", query={"around": "9999-12-31T23:59:59+00:00", "window_s": 604800})
)
@example(request_of_any_kind=a_request("/api/v1/events", query={"since": "0001-01-01T00:00:00+23:59"}))
@example(request_of_any_kind=a_request("/api/v1/silences", "POST", content=FAR_AWAY))
@example(request_of_any_kind=a_request("/api/v1/tokens", "POST", content=b'{"role": "viewer", "expires_s": 315360000}'))
@given(request_of_any_kind=requests())
@settings(max_examples=300, deadline=None, suppress_health_check=HEALTH)
def test_no_request_is_a_bug_and_every_answer_is_declared(asked, request_of_any_kind):
    check(request_of_any_kind, asked.answer(request_of_any_kind))


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"reason": "\\ud800"}', b"\xff", b"1e999", b'{"a":' * 5000])
def test_no_body_is_a_bug(asked, content):
    request = a_request("/api/v1/incidents/{id}/resolve", "POST", content=content)
    check(request, asked.answer(request))
