"""What routes declare for the published schema beside their answer."""

from typing import Any

from pydantic import BaseModel

from kronveil.api.problems import PROBLEM_JSON

_WORDS = {
    400: "The request cannot be read",
    401: "A valid token is needed",
    403: "Not allowed from here, or for this caller",
    404: "There is no such thing",
    409: "It exists, but this may not be done to it now",
    412: "It has changed since: `If-Match` names another version",
    413: "The body has more than 1 MiB",
    415: "The body is not JSON",
    422: "Not valid; `errors` lists everything that is wrong",
    429: "Too many requests from this client; `Retry-After` says when to come back",
    500: "A bug; the log tells more under the same request id",
    503: "It cannot be done now; the text says why",
}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
"""By name, and described once: FastAPI would make what reads one anew for each status of each route."""
Responses = dict[int | str, dict[str, Any]]


def refusals(*statuses: int) -> Responses:
    """These, and those that any call may meet."""
    return {
        status: {"description": _WORDS[status], "content": {PROBLEM_JSON: {"schema": PROBLEM}}}
        for status in sorted({401, 403, 422, 429, 500, *statuses})
    }


def body_of(kind: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """Bodies are read by hand, after 404 is ruled out; this tells the schema what they are."""
    schema = {key: value for key, value in kind.model_json_schema().items() if key != "title"}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
