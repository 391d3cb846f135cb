"""How the client commands ask a running agent; every failure ends in words and one of four exit codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeGuard
from urllib.parse import quote

import typer

from kronveil.cli.ending import FAILED, UNREACHABLE, WRONG_USAGE, end
from kronveil.cli.finding import addresses, credentials, is_here, reason_of, token

if TYPE_CHECKING:
    import httpx2

WRITES_TRIED = 3
BETWEEN_TRIES_S = 1.0
WAY_IN = (
    "Put a token into KRONVEIL_TOKEN. One is made on the agent's machine: kronveil token create --role ROLE -c FILE"
)

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="KRONVEIL_URL", help="Where the agent is. Default: the one running on this machine."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the agent's own answer as JSON.")]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent said, and the time on its clock when it said it."""

    body: dict[str, Any]
    at: datetime


def fetch(url: str | None, path: str, params: Mapping[str, Any] | None = None) -> Answer:
    """Read something, or end with words and a code."""
    return _answer_of(_ask(url, "GET", path, params=params))


def fetch_all(url: str | None, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A whole list, page by page, as if it had been one."""
    asked = {"limit": 500, **(params or {})}
    page = fetch(url, path, asked).body
    items: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = fetch(url, path, asked | {"cursor": page["next_cursor"]}).body
        items += page["items"]
    return page | {"items": items}


def send(
    url: str | None, path: str, body: Mapping[str, Any], *, if_version: int | None = None, about: str = ""
) -> Answer:
    """Ask for a change. Carries a key of its own, so that the agent does it once whatever the network does.

    With ``if_version`` only what is still at this version is changed. ``about`` is what a refusal is said to be about.
    """
    headers = {} if if_version is None else {"If-Match": f'"{if_version}"'}
    return _answer_of(_ask(url, "POST", path, json=body, headers=headers), about=about)


def remove(url: str | None, path: str) -> None:
    """Ask for something to be gone, with a key of its own as ``send``; end with words and a code when it stays."""
    response = _ask(url, "DELETE", path)
    if response.status_code != 204:
        _answer_of(response)


def path_to(*names: str) -> str:
    """The path of a thing, whatever its names are made of."""
    return "/".join(quote(name, safe="") for name in names)


def _ask(
    url: str | None, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
) -> "httpx2.Response":
    """Of the first address where somebody listens. What was said there once is not said to another agent."""
    import uuid  # noqa: PLC0415 - keeps `kronveil --help` quick

    import httpx2  # noqa: PLC0415

    sent = {**credentials(), **(headers or {})}
    if method != "GET":
        sent["Idempotency-Key"] = uuid.uuid4().hex
    tried: dict[str, str] = {}
    for base in addresses(url):
        try:
            with httpx2.Client(timeout=httpx2.Timeout(30, connect=5), trust_env=not is_here(base)) as client:
                return _told(client, method, f"{base}/api/v1/{path}", headers=sent, **request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            tried[base] = reason_of(error)
        except httpx2.TransportError as error:
            _broke_off(base, method, reason_of(error))
    return unreachable(tried)


def _told(client: "httpx2.Client", method: str, address: str, **request: Any) -> "httpx2.Response":
    """The answer. A connection that breaks off is tried again: the key keeps a change from being made twice."""
    import time  # noqa: PLC0415

    import httpx2  # noqa: PLC0415

    for _ in range(WRITES_TRIED - 1):
        try:
            return client.request(method, address, **request)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            time.sleep(BETWEEN_TRIES_S)
    return client.request(method, address, **request)


def _broke_off(base: str, method: str, why: str) -> NoReturn:
    doubt = "" if method == "GET" else " It may have been done or not: look before you try again."
    end(UNREACHABLE, f"{base} was reached, but gave no answer: {why}.{doubt}")


def unreachable(tried: Mapping[str, str]) -> NoReturn:
    """End with 3: nobody answers, and where was asked."""
    where = "\n".join(f"No agent answers at {base}: {why}." for base, why in tried.items())
    end(
        UNREACHABLE,
        f"{where}\nStart one with `kronveil up` or `kronveil demo`, or say where it is: --url or KRONVEIL_URL.",
    )


def _is_object(body: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(body, dict)


def _answer_of(response: "httpx2.Response", *, about: str = "") -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not _is_object(body):
        end(FAILED, f"{response.url} answers with {response.status_code}, but not as a Kronveil agent does.")
    # An unhealthy agent answers its health with 503; a refusal is a problem document.
    if response.is_success or response.headers.get("content-type") == "application/json":
        return Answer(body, _clock_of(response.headers.get("date")))
    return refused(body, response.status_code, about=about, retry_after=response.headers.get("retry-after"))


def refused(problem: Mapping[str, Any], status: int, *, about: str = "", retry_after: str | None = None) -> NoReturn:
    """End with the agent's own words: 2 when the command line was wrong, else 1."""
    detail = str(problem.get("detail", status))
    # What is not there is named by the detail; its title would only say so twice.
    is_missing = status == 404 and "detail" in problem
    said = detail if is_missing else f"{problem.get('title', 'The agent refuses')}: {detail}"
    lines = [said if about in said else f"{about}: {said}"]
    if status == 401:
        lines.append(WAY_IN if token() is None else "KRONVEIL_TOKEN holds another token, or one that is over.")
    if retry_after is not None:
        lines.append(f"Try again in {retry_after} s.")
    if status >= 500:
        lines.append(f"Request {problem.get('request_id', 'without an id')}.")
    end(WRONG_USAGE if status == 422 else FAILED, "\n".join(lines))


def _clock_of(date: str | None) -> datetime:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        return parsedate_to_datetime(date or "")
    except ValueError:
        return datetime.now(UTC)


def print_json(body: object) -> None:
    """For programs: the answer as it came."""
    import json  # noqa: PLC0415

    typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
