"""A cluster without a network: lists and watch frames go straight into the collector's own machinery."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

import anyio

from kronveil.bench.frames import PodName, deployments_page, pods_page, replicasets_page
from kronveil.collectors.kubernetes.cluster import ClusterCollector
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, Parameters
from kronveil.collectors.kubernetes.trouble import MissingError
from kronveil.sdk.contracts import Collector

UID = "4f2c1e0a-0000-4000-8000-uid-of-bench"
NAME = "bench"
PAGE = 500
LINES_PER_CHUNK = 7  # about 64 KiB, as a socket gives them
_EMPTY = b'{"metadata":{"resourceVersion":"1"},"items":null}'


class Cluster:
    """Answers like an API server with ``pods`` healthy pods; sends the watch of pods whatever is put in."""

    skew_s: float | None = None

    def __init__(self, pods: int, pods_per_deployment: int, *, name: str = NAME, uid: str = UID) -> None:
        self.pods = pods
        self.name = name
        self.uid = uid
        self.pods_per_deployment = pods_per_deployment
        self._send, self._receive = anyio.create_memory_object_stream[Sequence[bytes]](10)

    @property
    def items(self) -> int:
        """How many objects its lists hold."""
        return self.pods + 2 * len(self._firsts())

    async def put(self, chunks: Sequence[bytes]) -> None:
        """Send these over the watch of pods."""
        await self._send.send(chunks)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Collector]:
        """The collector of this cluster, as app.py would open it on a real one."""
        try:
            yield ClusterCollector(ClusterConfig(name=self.name), cast("Connection", self))
        finally:
            self._send.close()
            self._receive.close()

    # What the collector asks of a connection.

    @property
    def address(self) -> str:
        """Where it seems to be."""
        return "nowhere:0"

    async def refresh(self) -> bool:
        """It needs no credentials."""
        return False

    async def get(
        self,
        path: str,
        parameters: Parameters | None = None,
        timeout_s: float = 0,
        *,
        accept: str = "",
        longest: int = 0,
    ) -> bytes:
        """A page of pods, the namespace that names the cluster, or an empty list. It measures nothing."""
        del timeout_s, accept, longest
        asked = parameters or {}
        if path.startswith("/apis/metrics.k8s.io/"):
            raise MissingError("not served")
        if path == "/version":
            return b'{"gitVersion":"v1.30.0"}'  # one that lists in pages
        if path.endswith("/kube-system"):
            return b'{"metadata":{"name":"kube-system","uid":"%s"}}' % self.uid.encode()
        if asked.get("limit") == 1:
            return _EMPTY
        if path.endswith("/replicasets"):
            return replicasets_page(self._firsts())
        if path.endswith("/deployments"):
            return deployments_page(self._firsts())
        return self._pods_from(int(asked.get("continue", 0))) if path.endswith("/pods") else _EMPTY

    def _pods_from(self, start: int) -> bytes:
        end = min(start + PAGE, self.pods)
        pods = (PodName(number, self.pods_per_deployment) for number in range(start, end))
        return pods_page(pods, version=self.pods, token=str(end) if end < self.pods else "")

    def _firsts(self) -> list[PodName]:
        """The first pod of each deployment."""
        each = self.pods_per_deployment
        return [PodName(number, each) for number in range(0, self.pods, each)]

    def stream(
        self, path: str, parameters: Parameters, silence_s: float, *, accept: str = ""
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The chunks of a watch; silence for every kind but pods."""
        del parameters, silence_s, accept
        return self._streaming(is_silent=not path.endswith("/pods"))

    @asynccontextmanager
    async def _streaming(self, *, is_silent: bool) -> AsyncGenerator[AsyncIterator[bytes]]:
        yield _silence() if is_silent else self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        async for chunks in self._receive:
            for chunk in chunks:
                yield chunk


def chunked(lines: Sequence[bytes]) -> list[bytes]:
    """The lines in pieces of the size in which a socket gives them."""
    return [b"".join(lines[at : at + LINES_PER_CHUNK]) for at in range(0, len(lines), LINES_PER_CHUNK)]


async def _silence() -> AsyncIterator[bytes]:
    await anyio.sleep_forever()
    yield b""
