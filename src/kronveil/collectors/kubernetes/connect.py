"""One cluster's API server: asks it, and turns each way of failing into a SourceError. Our own client on httpx2.

The kubeconfig and the files it names are read again when they change and after each 401.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import msgspec

from kronveil.collectors.kubernetes.access import Access, tls_context
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.kubeconfig import read_access
from kronveil.collectors.kubernetes.plugins import Credentials, ask
from kronveil.collectors.kubernetes.sockets import CLOSE_TIMEOUT_S, Handshake, keepalive, read_at_once
from kronveil.collectors.kubernetes.trouble import (
    AnswerError,
    BusyError,
    ExpiredError,
    ForbiddenError,
    MissingError,
    RefusedError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
    explain,
)
from kronveil.collectors.kubernetes.wire import decode_status
from kronveil.sdk.errors import Permanent

if TYPE_CHECKING:
    import httpx2

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0
LONGEST_REASON = 300
LONGEST_ANSWER = 64 * 1024 * 1024
LONGEST_MEASURED_S = 2.0
USER_AGENT = "kronveil"
JSON = "application/json"
MOST_CREDENTIALS = 3
ASK_AGAIN = timedelta(seconds=10)

Parameters = Mapping[str, str | int]


class Session:
    """A client with one set of credentials. Closed when it was replaced and the last request on it ended."""

    def __init__(self, access: Access, renew_at: datetime | None = None) -> None:
        import httpx2  # noqa: PLC0415 - imported when a cluster is opened, not when the program starts

        read_at_once()
        self.access = access
        self.renew_at = renew_at
        self.users = 0
        self.is_retired = False
        transport = httpx2.AsyncHTTPTransport(
            verify=access.tls,
            trust_env=False,
            proxy=httpx2.Proxy(access.proxy.reveal()) if access.proxy else None,
            # The probe and lists share these; each watch holds one of its own.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=60),
            socket_options=keepalive(),
        )
        headers = [("user-agent", USER_AGENT), *access.impersonation]
        if access.token is not None:
            headers.append(("authorization", f"Bearer {access.token.reveal()}"))
        basic = access.basic
        self.client = httpx2.AsyncClient(
            base_url=access.server,
            transport=transport,
            trust_env=False,
            headers=headers,
            auth=(basic[0], basic[1].reveal()) if basic and access.token is None else None,
        )

    @property
    def is_old(self) -> bool:
        """Whether its files were changed, or its plugin is to be asked again."""
        return self.access.is_changed or (self.renew_at is not None and now_utc() >= self.renew_at)

    async def release(self) -> None:
        """Close the client once nobody uses it any more."""
        if self.is_retired and self.users == 0:
            with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                await self.client.aclose()


class Connection:
    """Asks one API server. Every method raises a SourceError whose text is for a person and holds no secret."""

    def __init__(self, config: ClusterConfig, access: Access) -> None:
        self._config = config
        # A plugin is asked when the first request needs its credentials.
        self._session = Session(access, now_utc() if access.plugin else None)
        self._expires_at: datetime | None = None
        self.skew_s: float | None = None
        """How far the server's clock is ahead of ours, as its answers say; to the second, as they are."""
        self._lock = anyio.Lock()

    def __repr__(self) -> str:
        return f"Connection({self._config.name!r}, {self.address!r})"

    @property
    def address(self) -> str:
        """The API server's host and port."""
        parts = urlsplit(self._session.access.server)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    async def get(
        self,
        path: str,
        parameters: Parameters | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
        *,
        accept: str = JSON,
        longest: int = LONGEST_ANSWER,
    ) -> bytes:
        """The body of a good answer, all of it within ``timeout_s`` of silence and not over ``longest`` bytes."""
        headers = {"accept": accept, "accept-encoding": "gzip"}
        async with self._answer(path, parameters or {}, timeout_s, headers) as response:
            try:
                return await self._whole(response, path, longest)
            except self._failures() as error:
                raise UnreachableError(explain(error, self.address, timeout_s)) from None

    async def exchange(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        *,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> tuple[int, bytes, tuple[str, ...]]:
        """The status, body and Warning headers of any answer but a 401; a refusal is an answer as well."""
        await self.refresh()
        refusal = ""
        for _ in range(MOST_CREDENTIALS):
            session = self._session
            headers = {"accept": JSON, "content-type": content_type} if body is not None else {"accept": JSON}
            try:
                async with self._send(
                    session, path, parameters or {}, timeout_s, headers, method=method, body=body
                ) as response:
                    if response.status_code != 401:
                        warnings = tuple(response.headers.get_list("warning"))
                        return response.status_code, await self._whole(response, path, LONGEST_ANSWER), warnings
                    refusal = await self._words(response, session)
            except self._failures() as error:
                raise UnreachableError(explain(error, self.address, timeout_s)) from None
            finally:
                await session.release()
            if not await self.refresh(refused=session):
                break
        raise UnauthorizedError(f"the API server refuses the credentials (401): {refusal}. {self._who()}")

    @staticmethod
    async def _whole(response: "httpx2.Response", path: str, longest: int) -> bytes:
        parts: list[bytes] = []
        length = 0
        async for part in response.aiter_bytes():
            parts.append(part)
            length += len(part)
            if length > longest:
                raise TooLargeError(f"the answer to {path} is longer than {longest // 2**20} MiB")
        return b"".join(parts)

    @asynccontextmanager
    async def stream(
        self, path: str, parameters: Parameters, silence_s: float, *, accept: str = JSON
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """The chunks of a good answer, as they come; silence longer than ``silence_s`` ends it as unreachable."""
        headers = {"accept": accept, "accept-encoding": "identity"}
        async with self._answer(path, parameters, silence_s, headers) as response:
            yield self._chunks(response, silence_s)

    async def _chunks(self, response: "httpx2.Response", silence_s: float) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_raw():
                yield chunk
        except self._failures() as error:
            raise UnreachableError(explain(error, self.address, silence_s)) from None

    @asynccontextmanager
    async def _answer(
        self, path: str, parameters: Parameters, timeout_s: float, headers: Mapping[str, str]
    ) -> AsyncGenerator["httpx2.Response"]:
        """A response with status 200, its body not yet read. Reads changed credentials before, and after a 401."""
        await self.refresh()
        refusal = ""
        # Credentials that were renewed meanwhile are used at once, others are reported.
        for _ in range(MOST_CREDENTIALS):
            session = self._session
            try:
                async with self._send(session, path, parameters, timeout_s, headers) as response:
                    if response.status_code != 401:
                        await self._refuse(response, path, session)
                        yield response
                        return
                    refusal = await self._words(response, session)
            finally:
                await session.release()
            if not await self.refresh(refused=session):
                break
        raise UnauthorizedError(f"the API server refuses the credentials (401): {refusal}. {self._who()}")

    @asynccontextmanager
    async def _send(  # noqa: PLR0913 - the parts of a request
        self,
        session: Session,
        path: str,
        parameters: Parameters,
        timeout_s: float,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> AsyncGenerator["httpx2.Response"]:
        import httpx2  # noqa: PLC0415

        request = session.client.build_request(
            method,
            path,
            content=body,
            params=dict(parameters),
            headers=dict(headers),
            timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
        )
        if session.access.server_name:
            request.extensions["sni_hostname"] = session.access.server_name
        session.users += 1
        began = now_utc()
        try:
            try:
                # A watch may stay silent, but whether it begins is known soon.
                with anyio.fail_after(ANSWER_TIMEOUT_S):
                    response = await self._first_word(session, request)
            except self._failures() as error:
                raise UnreachableError(explain(error, self.address, min(timeout_s, ANSWER_TIMEOUT_S))) from None
            self._measure(response.headers.get("date", ""), began, now_utc())
            try:
                yield response
            finally:
                # Also when cancelled, or the connection is lost to its pool; but never for long.
                with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                    await response.aclose()
        finally:
            session.users -= 1

    def _measure(self, date: str, sent: datetime, answered: datetime) -> None:
        """Compare the clock of the server with the middle of the time that its answer took."""
        took = answered - sent
        # Ours was set meanwhile, or nobody knows when in this time the server looked at its own.
        if not date or not timedelta() <= took <= timedelta(seconds=LONGEST_MEASURED_S):
            return
        try:
            told = parsedate_to_datetime(date)
        except ValueError:
            return
        if told.tzinfo is None:
            return
        # It tells whole seconds: on average it is half of one later.
        skew_s = (told - sent - took / 2).total_seconds() + 0.5
        self.skew_s = float(round(skew_s)) if abs(skew_s) > 1.5 else 0.0

    @staticmethod
    async def _first_word(session: Session, request: "httpx2.Request") -> "httpx2.Response":
        """Connect, ask, and return when the answer begins."""
        handshake = Handshake()
        request.extensions["trace"] = handshake.trace
        try:
            return await session.client.send(request, stream=True)
        except BaseException:
            await handshake.give_up()
            raise

    async def _refuse(self, response: "httpx2.Response", path: str, session: Session) -> None:
        """Raise for any answer but 200."""
        status = response.status_code
        if status == 200:
            return
        words = await self._words(response, session)
        if status == 403:
            raise ForbiddenError(words)
        if status == 410:
            raise ExpiredError(words)
        if status == 504 and "resource version" in words.lower():
            # The server is behind what we have seen, as after a restore: only a new list tells what is true.
            raise ExpiredError(words)
        if status == 429:
            raise BusyError(f"the API server is busy (429): {words}", _retry_after(response.headers))
        kind = {400: RefusedError, 404: MissingError, 422: RefusedError}.get(status, AnswerError)
        error = kind(f"the API server answers {status} to {path}: {words}")
        # As with 429: one that starts, stops or is overloaded may say how long that takes.
        error.retry_after = _retry_after(response.headers) if status >= 500 else None
        raise error

    async def _words(self, response: "httpx2.Response", session: Session) -> str:
        """What an error answer says, shortened, on one line, without our own credentials."""
        try:
            with anyio.fail_after(CONNECT_TIMEOUT_S):
                body = await response.aread()
            text = decode_status(body).message or response.reason_phrase
        except (msgspec.DecodeError, TimeoutError):
            text = response.reason_phrase or "no reason given"
        except self._failures():
            text = response.reason_phrase or "no reason given"
        text = " ".join(text.split())
        access = session.access
        for secret in (access.token, access.basic[1] if access.basic else None):
            if secret:
                text = text.replace(secret.reveal(), "********")
        return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"

    def _who(self) -> str:
        access = self._session.access
        file = next(iter(access.stamps), None)
        return f"Renew those of context {access.context!r}" + (f" in {file}" if file else "")

    async def refresh(self, *, refused: Session | None = None) -> bool:
        """Read the credentials again when they are old, or were ``refused``; whether there are others now.

        Once for all who ask at the same time.
        """
        if refused is None and not self._session.is_old:
            return False
        async with self._lock:
            old = self._session
            if refused is not None and refused is not old:
                return True
            if refused is None and not old.is_old:
                return False
            session = await self._renewed(old, is_refused=refused is not None)
            if session is None:
                return False
            self._session = session
            old.is_retired = True
            await old.release()
            return True

    async def _renewed(self, old: Session, *, is_refused: bool) -> Session | None:
        """A session with new credentials, None when there are none."""
        try:
            access = await anyio.to_thread.run_sync(
                read_access, self._config.kubeconfig_path, self._config.context, abandon_on_cancel=True
            )
        except Permanent as error:
            raise UnreachableError(str(error)) from None
        if access.plugin is None:
            return None if is_refused and access.stamps == old.access.stamps else Session(access)
        try:
            given = await ask(access.plugin, now_utc())
            renewed = await anyio.to_thread.run_sync(_equip, access, given, abandon_on_cancel=True)
        except UnauthorizedError:
            if is_refused or self._expires_at is None or now_utc() >= self._expires_at:
                raise
            # What it gave before still holds for a while.
            old.renew_at = now_utc() + ASK_AGAIN
            return None
        self._expires_at = given.expires_at
        is_same = renewed.token == old.access.token and given.certificate is None
        return None if is_refused and is_same else Session(renewed, given.renew_at)

    async def close(self) -> None:
        """Close the client."""
        self._session.is_retired = True
        with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
            await self._session.client.aclose()

    @staticmethod
    def _failures() -> tuple[type[Exception], ...]:
        import httpx2  # noqa: PLC0415

        # A host name that cannot even be encoded is a UnicodeError.
        return (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, UnicodeError)


@asynccontextmanager
async def open_connection(config: ClusterConfig) -> AsyncGenerator[Connection]:
    """Read the kubeconfig and be ready to ask. Raises Permanent when the configuration cannot work."""
    access = await anyio.to_thread.run_sync(read_access, config.kubeconfig_path, config.context, abandon_on_cancel=True)
    connection = Connection(config, access)
    try:
        yield connection
    finally:
        await connection.close()


def now_utc() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def _equip(access: Access, given: Credentials) -> Access:
    """The access with what a plugin gave. Raises UnauthorizedError for a certificate that is none."""
    if given.certificate is None or given.key is None:
        return replace(access, token=given.token)
    try:
        tls = tls_context(access.trust, given.certificate.reveal().encode(), given.key.reveal().encode())
    except (OSError, ValueError):
        raise UnauthorizedError("the certificate that the exec plugin gave cannot be loaded") from None
    return replace(access, token=given.token, tls=tls)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    text = headers.get("retry-after", "")
    return timedelta(seconds=min(int(text), 300)) if text.isdigit() else None
