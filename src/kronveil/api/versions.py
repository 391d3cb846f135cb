"""ETags: what a reader has already is not sent again, and what has changed since is not acted upon unseen.

They are weak: two answers with the same tag mean the same, though ages in them may have grown.
"""

from hashlib import blake2b

from fastapi import Request, Response

from kronveil.api.encode import encode
from kronveil.api.problems import Refusal
from kronveil.model.incident import Incident


def content_tag(*content: object) -> str:
    """A tag for shapes."""
    return f'W/"{blake2b(encode(content), digest_size=12).hexdigest()}"'


def incident_tag(incident: Incident, *content: object) -> str:
    """A tag that begins with the incident's version, so that an act can name it."""
    return f'W/"{incident.version}-{blake2b(encode(content), digest_size=8).hexdigest()}"'


def unless_known(request: Request, tag: str, answer: bytes) -> Response:
    """The answer, or 304 when the caller has it."""
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(None, 304, headers)
    return Response(answer, 200, headers, "application/json")


def check_unchanged(request: Request, incident: Incident) -> None:
    """Raise 412 when ``If-Match`` names another version of the incident than the one that is."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    versions = {tag.removeprefix("W/").strip('"').partition("-")[0] for tag in _tags(given)}
    if str(incident.version) not in versions:
        raise Refusal(
            412,
            f"{incident.id} has changed since you looked: it is at version {incident.version} now. Look, then act.",
        )


def _tags(header: str) -> list[str]:
    return [each.strip() for each in header.split(",") if each.strip()]
