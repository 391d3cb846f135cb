"""One bounded HTTP request to somewhere outside: no redirect is followed, no proxy of the environment is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import anyio

from kronveil.sdk.errors import Permanent, Transient

LONGEST_ANSWER = 64 * 1024
LONGEST_WAIT_S = 300


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Headers may hold credentials: they are not shown."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {place(self.url)!r})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is cut where ``is_cut``."""

    status: int
    body: bytes
    is_cut: bool
    retry_after: timedelta | None
    took_s: float


def place(url: str) -> str:
    """Host and port of an address: what may be shown of it, for a path or a query may be a secret."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]


async def send(request: Request, *, timeout_s: float = 10.0, longest: int = LONGEST_ANSWER) -> Answer:
    """The answer, whatever its status. Raises Transient when none came, Permanent for what is no address."""
    import httpx2  # noqa: PLC0415 - imported when something is sent, not when the program starts

    began = anyio.current_time()
    try:
        with anyio.fail_after(timeout_s):
            async with (
                httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout_s) as client,
                client.stream(
                    request.method, request.url, content=request.body, headers=dict(request.headers)
                ) as response,
            ):
                body, is_cut = b"", False
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > longest:
                        body, is_cut = body[:longest], True
                        break
                wait = response.headers.get("retry-after", "")
                after = timedelta(seconds=min(int(wait), LONGEST_WAIT_S)) if wait.isdecimal() else None
                return Answer(response.status_code, body, is_cut, after, anyio.current_time() - began)
    except TimeoutError:
        raise Transient(f"{place(request.url)} did not answer within {timeout_s:g} s") from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError, ValueError):
        raise Permanent("that is no address that can be asked") from None
    except (httpx2.HTTPError, OSError) as error:
        # The text of the library is left out: it may quote what was sent.
        raise Transient(f"{place(request.url)} cannot be reached ({_why(error)})") from None


def _why(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
