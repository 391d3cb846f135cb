"""Writes the page of the API from its schema: ``python -m kronveil.api.reference docs/reference/api.md``."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kronveil.api.app import PREFIX, build_api, openapi
from kronveil.api.roles import INCLUDED, LEAST_ROLE, ROLES

_HEAD = f"""# The API

Made from the schema that a running agent publishes at `{PREFIX}/openapi.json`; what a field means stands there.

**Who may call.** On loopback a caller without a token is `local` and may do everything, unless `api.auth: required`.
Elsewhere every call needs `Authorization: Bearer TOKEN`; `kronveil token create --role ROLE` makes one. A token that is
sent is always checked and decides name and role. Order of refusal: 429, 401, 403, 404, then 409, 412 or 422. Errors are
RFC 9457 problem documents with the `request_id` that the agent's log has.

**Writes** take `Idempotency-Key`: the same request again (method, path and body to the byte) with the same key, by the
same caller within a day, is done once and gets the first answer, also after a restart; another request with that key is
refused (422). What was refused may be tried again. The text of a new token is never stored: it is repeated for ten
minutes while the agent runs, afterwards the same request is answered 409 with the token's id. Acts on incidents are
answered with the incident as it is now, and take `If-Match` (412 when it has changed since). `GET` of an incident, of
clusters and of the configuration answers with an `ETag` and takes `If-None-Match` (304).

**Lists** are `{{"items": [...], "next_cursor": null | "..."}}`; a page is never shifted by what arrives meanwhile.
Answers about the fleet say whether they are `complete`, and name what is `missing`.

**Limits.** A client off this machine may ask 50 times a second, 200 at once; 429 names in `Retry-After` when to come
back. The client is the real one behind `api.trusted_proxies`. A body has at most 1 MiB.

**Live.** `{PREFIX}/ws/events` (WebSocket) and `{PREFIX}/stream` (server-sent events) send `hello`, then numbered frames
(`event`, `incident`, `cluster`, `change`) and `status` every two seconds; `since` and `epoch` resume without a hole.
Browsers open them with a ticket from `POST {PREFIX}/stream/tickets`. A stream ends within a second of its token.
No burst lets a client go that reads. One is closed with 4408 when it takes nothing for 2 s while more than 1 MiB waits,
or for 10 s at all, or has more than 1 MiB waiting for 10 s; it resumes with `since` and `epoch`.

## Roles

| role | includes |
|---|---|
"""


def page() -> str:
    """The page, always the same text for the same routes."""
    schema = openapi(build_api())
    roles = "\n".join(f"| `{role}` | {', '.join(INCLUDED[role])} |" for role in ROLES)
    sections = "\n".join(_section(path, method, schema) for path, method in _operations(schema))
    return f"{_HEAD}{roles}\n\n## Operations\n\n{sections}"


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path in sorted(schema["paths"]):
        for method in schema["paths"][path]:
            yield path, method


def _section(path: str, method: str, schema: Mapping[str, Any]) -> str:
    operation = schema["paths"][path][method]
    least = LEAST_ROLE[f"{method.upper()} {path.removeprefix(PREFIX)}"]
    lines = [f"### {method.upper()} {path.removeprefix(PREFIX)}", "", " ".join(operation["description"].split()), ""]
    query = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good = [status for status in operation["responses"] if status < "400"]
    facts = {
        "role": f"`{least}`" if least else "looks at its caller itself",
        "query": ", ".join(f"`{name}`" for name in query),
        "body": ", ".join(f"`{name}`" for name in body.get("properties", ())),
        "answers": ", ".join(f"{status} {_named(operation['responses'][status])}".strip() for status in sorted(good)),
    }
    lines += [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    return "\n".join([*lines, ""])


def _named(response: Mapping[str, Any]) -> str:
    for content in response.get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        return f"`{name}`" if name else ""
    return ""


def main() -> int:
    """Write it to the path given, or to standard output."""
    if len(sys.argv) == 2:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
