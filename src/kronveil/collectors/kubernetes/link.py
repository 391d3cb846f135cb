"""Whether the API server answers at all: the first contact, the light probe, and the one back-off of a cluster."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import anyio
import msgspec

from kronveil.collectors.kubernetes.config import DEFAULT_POLL_INTERVAL, ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, now_utc
from kronveil.collectors.kubernetes.trouble import (
    BusyError,
    ForbiddenError,
    GarbledError,
    MissingError,
    SourceError,
    UnauthorizedError,
)
from kronveil.collectors.kubernetes.wire import decode_any_page, decode_named, decode_version
from kronveil.sdk.backoff import FIRST_S, LONGEST_S, Backoff, jittered

LONGEST_PROBE_S = 10.0
SHORTEST_PROBE_S = 2.0
T = TypeVar("T")


class Link:
    """The state of one connection. Watches wait here while it is down, and ask for a probe when they lose theirs.

    ``on_change`` is called with each sign of life, ``on_news`` when it is to be told now, ``on_version`` with what each
    good probe saw, ``on_down`` when the API server stops answering.
    """

    def __init__(  # noqa: PLR0913 - one callback for each thing it can say
        self,
        connection: Connection,
        config: ClusterConfig,
        *,
        on_change: Callable[[], None],
        on_news: Callable[[], None],
        on_version: Callable[[int], None],
        on_down: Callable[[], None],
    ) -> None:
        self.uid = ""
        self.version: str | None = None
        self.error: str | None = None
        self.uid_error: str | None = None
        self.heard_at: datetime | None = None
        self.tries = 0
        self.next_try_at: datetime | None = None
        self._connection = connection
        self._config = config
        self._on_change = on_change
        self._on_news = on_news
        self._on_version = on_version
        self._on_down = on_down
        self._up = anyio.Event()
        self._is_replaced = anyio.Event()
        self._replacement = ""
        self._asked = anyio.Event()
        self._answered = anyio.Event()
        self._poll_s = (config.poll_interval or DEFAULT_POLL_INTERVAL).total_seconds()
        # Who asks often wants to hear soon that it is back: 30 s at the usual 15 s.
        self._backoff = Backoff(longest_s=min(max(2 * self._poll_s, FIRST_S), LONGEST_S))
        self._timeout_s = min(max(self._poll_s, SHORTEST_PROBE_S), LONGEST_PROBE_S)

    @property
    def is_up(self) -> bool:
        """Whether the last probe was answered."""
        return self._up.is_set()

    def heard(self, at: datetime) -> None:
        """A sign of life came over a watch or a list."""
        self.heard_at = at
        self._on_change()

    async def wait_up(self) -> None:
        """Return while the API server answers, else wait for it."""
        await self._up.wait()

    async def wait_replaced(self) -> str:
        """Return, with what to say, once another cluster answers than the one that was watched."""
        await self._is_replaced.wait()
        return self._replacement

    async def ask(self) -> None:
        """Have a probe made now, since something was lost, and wait for what it says."""
        if not self.is_up:
            return
        self._asked.set()
        await self._answered.wait()

    async def run(self) -> None:
        """Probe for ever: every ``poll_interval`` while it answers, after a growing wait while it does not."""
        while True:
            pause_s = await self._try()
            self._answered.set()
            self._answered = anyio.Event()
            self._asked = anyio.Event()
            with anyio.move_on_after(pause_s):
                await self._asked.wait()

    async def probe(self) -> int:
        """Ask once: who it is, when not known, and the version of its pods (0 when we may not list them)."""
        # A server that just started refuses for a moment what it allows.
        if not self.is_up or self.uid_error:
            await self._introduce()
        namespace = self._config.namespaces[0] if self._config.namespaces else None
        path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        try:
            body = await self._connection.get(path, {"limit": 1}, timeout_s=self._timeout_s)
        except (ForbiddenError, BusyError):
            # It lives. What it refuses is told by the kind that needs it.
            return 0
        version = _read(decode_any_page, body, path).metadata
        return int(version.resource_version) if version.resource_version.isdecimal() else 0

    async def _introduce(self) -> None:
        try:
            self.version = _read(decode_version, await self._get("/version"), "/version").git_version or None
        except (ForbiddenError, MissingError):
            self.version = None
        path = "/api/v1/namespaces/kube-system"
        try:
            self._identify(_read(decode_named, await self._get(path), path).metadata.uid)
        except (ForbiddenError, MissingError) as error:
            what = "forbidden" if isinstance(error, ForbiddenError) else "missing"
            self.uid_error = f"{what}: {error}. Without get on the namespace kube-system the cluster has no identity"

    def _identify(self, uid: str) -> None:
        if self.uid and uid != self.uid:
            address = self._connection.address
            self._replacement = f"another cluster answers at {address}: its uid was {self.uid} and is {uid}"
            self._is_replaced.set()
            return
        self.uid, self.uid_error = uid, None

    async def _get(self, path: str) -> bytes:
        return await self._connection.get(path, timeout_s=self._timeout_s)

    async def _try(self) -> float:
        """Probe once and note the outcome; how long to wait before the next."""
        began = now_utc()
        was_up = self.is_up
        try:
            # A login program may take longer than an answer, above all when those of many clusters start at once.
            await self._connection.refresh()
            with anyio.fail_after(self._timeout_s * 2):
                version = await self.probe()
        except (SourceError, TimeoutError) as error:
            words = str(error) or f"no answer from {self._connection.address} within {self._timeout_s * 2:g} s"
            still_heard = self.heard_at is not None and self.heard_at > began
            if was_up and still_heard and not isinstance(error, UnauthorizedError):
                # Slow, not gone: the watches go on telling.
                return jittered(self._poll_s)
            return self._went_down(words, error)
        self.heard_at = now_utc()
        self.error, self.tries, self.next_try_at = None, 0, None
        self._backoff.reset()
        if not was_up:
            self._up.set()
        self._on_version(version)
        self._on_news()
        return self._poll_s

    def _went_down(self, words: str, error: Exception) -> float:
        asked = error.retry_after if isinstance(error, SourceError) else None
        at_least = asked.total_seconds() if asked is not None else 0.0
        pause_s = self._backoff.next_s(at_least)
        if self.is_up:
            self._up = anyio.Event()
            self._on_down()
        self.error = words
        self.tries += 1
        self.next_try_at = now_utc() + timedelta(seconds=pause_s)
        self._on_news()
        return pause_s


def _read(decode: Callable[[bytes], T], body: bytes, path: str) -> T:
    try:
        return decode(body)
    except msgspec.DecodeError:
        raise GarbledError(f"the answer to {path} is not what a Kubernetes API server sends") from None
