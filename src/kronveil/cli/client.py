"""How the client commands find and ask a running agent; every failure ends in words and one of four exit codes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeGuard

import typer

if TYPE_CHECKING:
    import httpx2

FAILED, WRONG_USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130
DEFAULT_URL = "http://127.0.0.1:8080"
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound

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


def end(code: int, message: str) -> NoReturn:
    """Say why on standard error and end with this code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def token() -> str | None:
    """The caller's token, from the environment: an argument would show in the machine's list of processes."""
    return os.environ.get("KRONVEIL_TOKEN") or None


def addresses(url: str | None) -> list[str]:
    """Where to ask, best first: what was said, else what agents of this user wrote down, else the default port."""
    if url is not None:
        return [_checked(url)]
    return list(dict.fromkeys([*_written_down(), DEFAULT_URL]))


def _checked(url: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415 - keeps `kronveil --help` quick

    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        end(WRONG_USAGE, f"{url!r} is not the address of an agent. Write it like {DEFAULT_URL}.")
    return url.rstrip("/")


def _written_down() -> Iterator[str]:
    import json  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from kronveil.config.places import state_folder  # noqa: PLC0415

    own = os.environ.get("KRONVEIL__AGENT__DATA_DIR")
    for folder in (Path(own) if own else state_folder(), state_folder().with_name("kronveil-demo")):
        try:
            ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
            host, port = str(ports.get("host", "")), int(ports["api"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
        host = _ANY_HOST.get(host, host)
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def fetch(url: str | None, path: str, params: Mapping[str, Any] | None = None) -> Answer:
    """Read something, or end with words and a code."""
    return _answer_of(_first_that_answers(url, "GET", path, params=params))


def send(url: str | None, path: str, body: Mapping[str, Any]) -> Answer:
    """Ask for a change. Carries a key of its own, so that the agent does it once whatever the network does."""
    import uuid  # noqa: PLC0415

    return _answer_of(_first_that_answers(url, "POST", path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex}))


def remove(url: str | None, path: str) -> None:
    """Ask for something to be gone, with a key of its own as ``send``; end with words and a code when it stays."""
    import uuid  # noqa: PLC0415

    response = _first_that_answers(url, "DELETE", path, headers={"Idempotency-Key": uuid.uuid4().hex})
    if response.status_code != 204:
        _answer_of(response)


def credentials() -> dict[str, str]:
    """The header that says who asks, when there is a token to say it with."""
    held = token()
    return {} if held is None else {"Authorization": f"Bearer {held}"}


def is_here(base: str) -> bool:
    """Whether the address is this very machine, which no proxy can reach for us."""
    from urllib.parse import urlsplit  # noqa: PLC0415

    return urlsplit(base).hostname in {"localhost", "127.0.0.1", "::1"}


def _first_that_answers(
    url: str | None, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
) -> "httpx2.Response":
    import httpx2  # noqa: PLC0415

    tried: dict[str, str] = {}
    for base in addresses(url):
        try:
            with httpx2.Client(timeout=httpx2.Timeout(30, connect=5), trust_env=not is_here(base)) as client:
                return client.request(
                    method, f"{base}/api/v1/{path}", headers={**credentials(), **(headers or {})}, **request
                )
        except httpx2.TransportError as error:
            tried[base] = str(error) or type(error).__name__
    return unreachable(tried)


def unreachable(tried: Mapping[str, str]) -> NoReturn:
    """End with 3: nobody answers, and where was asked."""
    where = "\n".join(f"No agent answers at {base}: {why}." for base, why in tried.items())
    end(
        UNREACHABLE,
        f"{where}\nStart one with `kronveil up` or `kronveil demo`, or say where it is: --url or KRONVEIL_URL.",
    )


def _is_object(body: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(body, dict)


def _answer_of(response: "httpx2.Response") -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not _is_object(body):
        end(FAILED, f"{response.url} answers with {response.status_code}, but not as a Kronveil agent does.")
    # An unhealthy agent answers its health with 503; a refusal is a problem document.
    if response.is_success or response.headers.get("content-type") == "application/json":
        return Answer(body, _clock_of(response.headers.get("date")))
    return refused(body, response.status_code)


def refused(problem: Mapping[str, Any], status: int) -> NoReturn:
    """End with the agent's own words: 2 when the command line was wrong, else 1."""
    detail = str(problem.get("detail", status))
    # What is not there is named by the detail; its title would only say so twice.
    is_missing = status == 404 and "detail" in problem
    lines = [detail if is_missing else f"{problem.get('title', 'The agent refuses')}: {detail}"]
    if status == 401:
        lines.append("Put a token into KRONVEIL_TOKEN." if token() is None else "KRONVEIL_TOKEN holds another token.")
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
