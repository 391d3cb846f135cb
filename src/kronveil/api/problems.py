"""Every refusal and failure as an RFC 9457 problem document, wherever it comes from."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from kronveil.agent.desk import Denied, KeyReused, NotFound, Refused
from kronveil.api.encode import encode
from kronveil.api.shapes import FieldError, Problem
from kronveil.sdk.errors import ConfigError, Permanent, Transient

PROBLEM_JSON = "application/problem+json"
_log = logging.getLogger("kronveil.api")

_TITLES: Mapping[int, tuple[str, str]] = {
    400: ("bad-request", "The request cannot be read"),
    401: ("not-authenticated", "A valid token is needed"),
    403: ("not-allowed", "This caller may not do this"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "This path does not take this method"),
    409: ("refused", "This may not be done to it now"),
    413: ("too-large", "The request is too large"),
    415: ("not-json", "The body must be JSON"),
    422: ("not-valid", "The request is not valid"),
    412: ("changed", "It is not what it was when you looked"),
    429: ("too-many", "Too many requests from this client"),
    500: ("bug", "The agent made a mistake"),
    503: ("unavailable", "This cannot be done now"),
}


class Refusal(Exception):  # noqa: N818 - read as the answer it is
    """The API refuses by itself, before the agent is asked."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def not_valid(loc: Sequence[str | int], msg: str) -> Refusal:
    """422 about one field."""
    return several_not_valid([FieldError(list(loc), msg)])


def several_not_valid(errors: Sequence[FieldError]) -> Refusal:
    """422 about each of these fields."""
    return Refusal(422, "; ".join(f"{_place(each.loc)}: {each.msg}" for each in errors), errors=errors)


def _place(loc: Sequence[str | int]) -> str:
    """As a person writes it: ``status[1]``, without the part of the request it is in when there is more to say."""
    inner = loc[1:] or loc
    return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in inner).removeprefix(".")


def request_id_of(scope: Scope) -> str:
    """The id that the answer and the log share."""
    return str(scope.get("state", {}).get("request_id", ""))


def answer(scope: Scope, refusal: Refusal) -> Response:
    """The problem document for a refusal."""
    slug, title = _TITLES.get(refusal.status) or ("other", HTTPStatus(refusal.status).phrase)
    problem = Problem(
        type=f"urn:kronveil:problem:{slug}",
        title=title,
        status=refusal.status,
        detail=refusal.detail,
        instance=scope["path"],
        request_id=request_id_of(scope),
        errors=list(refusal.errors) or None,
    )
    return Response(encode(problem), refusal.status, refusal.headers, PROBLEM_JSON)


def bug(scope: Scope) -> Response:
    """500 for what we did not foresee: no traceback, but the id to find it by in the log."""
    told = f"This is a bug of the agent. Its log tells more about request {request_id_of(scope)}."
    return answer(scope, Refusal(500, told))


def log_bug(scope: Scope, error: BaseException) -> None:
    """The traceback, for the operator, under the id that the caller was given."""
    _log.error("request %s to %s failed", request_id_of(scope), scope["path"], exc_info=error)


def _from_validation(error: RequestValidationError) -> Refusal:
    return several_not_valid([FieldError(list(each["loc"]), _worded(each)) for each in error.errors()])


def _worded(error: Mapping[str, Any]) -> str:
    where = "query parameter" if error["loc"][0] == "query" else "key"
    if error["type"] == "extra_forbidden":
        return f"There is no such {where} here"
    return str(error["msg"])


def _from_framework(error: HTTPException) -> Refusal:
    details = {
        404: "Nothing is at this path. The paths of this version are in /api/v1/openapi.json.",
        405: "This path exists, but not with this method; see the Allow header.",
    }
    return Refusal(error.status_code, details.get(error.status_code, str(error.detail)), headers=error.headers)


def _from_agent(error: Exception) -> Refusal:
    if isinstance(error, NotFound):
        return Refusal(404, str(error))
    if isinstance(error, ConfigError):
        return Refusal(503, str(error))
    if isinstance(error, KeyReused):
        return Refusal(422, str(error), errors=[FieldError(["header", "Idempotency-Key"], str(error))])
    if isinstance(error, Transient) and error.retry_after is not None:
        seconds = max(1, round(error.retry_after.total_seconds()))
        return Refusal(503, str(error), headers={"Retry-After": str(seconds)})
    if isinstance(error, Denied):
        return Refusal(403, str(error))
    return Refusal(409 if isinstance(error, Refused) else 503, str(error))


def answer_with_problems(app: FastAPI) -> None:
    """Teach an application that all of its errors are problem documents."""

    async def refused(request: Request, error: Exception) -> Response:
        return answer(request.scope, error if isinstance(error, Refusal) else _from_agent(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows for the type checker
        return answer(request.scope, _from_validation(error))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - narrows for the type checker
        return answer(request.scope, _from_framework(error))

    async def mistaken(request: Request, _: Exception) -> Response:
        # The framework raises it again after this answer, and the gate logs it.
        return bug(request.scope)

    app.add_exception_handler(Exception, mistaken)
    for kind in (Refusal, NotFound, Refused, KeyReused, ConfigError, Transient, Permanent):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)
