"""Answers of the API that are not objects: Status, in the words a real API server uses."""

from typing import Any

import msgspec
from starlette.responses import Response

from kronveil.lab.kinds import JsonObject, Kind


class ApiError(Exception):
    """A refusal, to be answered as a Status object."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> JsonObject:
        """The Status object."""
        status: JsonObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            status["details"] = self.details
        return status


def json_answer(body: object, code: int = 200) -> Response:
    """A body of JSON."""
    return Response(msgspec.json.encode(body), code, media_type="application/json")


def _named(kind: Kind, name: str) -> JsonObject:
    return {"name": name, "kind": kind.plural, **({"group": kind.group} if kind.group else {})}


def _full(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def not_found(kind: Kind, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(404, "NotFound", f'{_full(kind)} "{name}" not found', **_named(kind, name))


def no_such_path() -> ApiError:
    """404 for a path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def expired(message: str) -> ApiError:
    """410: the asked-for version is gone."""
    return ApiError(410, "Expired", message)


def invalid(kind: Kind, name: str, why: str) -> ApiError:
    """422: the object breaks a rule."""
    message = f'{kind.name}{"." + kind.group if kind.group else ""} "{name}" is invalid: {why}'
    return ApiError(422, "Invalid", message, **_named(kind, name))


def bad_request(why: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", why)


def unsupported_media_type(accepted: str) -> ApiError:
    """415."""
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)


def conflict(kind: Kind, name: str) -> ApiError:
    """409: somebody else wrote in between."""
    message = (
        f'Operation cannot be fulfilled on {_full(kind)} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return ApiError(409, "Conflict", message, **_named(kind, name))


def already_exists(kind: Kind, name: str) -> ApiError:
    """409: the name is taken."""
    return ApiError(409, "AlreadyExists", f'{_full(kind)} "{name}" already exists', **_named(kind, name))


def refused(code: int, retry_after_s: float) -> Response:
    """What an overloaded or failing server answers."""
    reason, message = _REFUSALS.get(code, ("InternalError", "an error on the server has prevented the request"))
    details = {"retryAfterSeconds": int(retry_after_s)} if retry_after_s else {}
    answer = json_answer(ApiError(code, reason, message, **details).status(), code)
    if retry_after_s:
        answer.headers["retry-after"] = f"{retry_after_s:g}"
    return answer


_REFUSALS = {
    429: ("TooManyRequests", "too many requests, please try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


def success(kind: Kind, name: str, uid: str) -> JsonObject:
    """What a delete that removed the object at once answers."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {**_named(kind, name), "uid": uid},
    }
