"""Many API servers in one process: canned pages of pods over real sockets, and watches that stay silent until told.

Run as a module; it prints its port. A cluster is a prefix of the path (``/c/7``); ``/control`` is for the bench.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from kronveil.bench.frames import (
    METRICS_TIME,
    PodName,
    deployments_page,
    metrics_page,
    pods_page,
    replicasets_page,
)
from kronveil.bench.saying import OWN, PODS_PER_DEPLOYMENT, Speakers, owned

PAGE = 500
BOOKMARK_EVERY_S = 60.0
LONGEST_HEAD = 64 * 1024
MISSING = b'{"kind":"Status","status":"Failure","reason":"NotFound","message":"no such resource","code":404}'
EMPTY = b'{"metadata":{"resourceVersion":"1000000"},"items":[]}'
EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}'
)
BOOKMARK = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1000000"}}}'
GROUPS = json.dumps(
    {
        "groups": [
            {"name": name, "versions": [{"version": version}]}
            for name, version in (
                ("apps", "v1"),
                ("autoscaling", "v2"),
                ("batch", "v1"),
                ("discovery.k8s.io", "v1"),
                ("networking.k8s.io", "v1"),
                ("policy", "v1"),
                ("storage.k8s.io", "v1"),
            )
        ]
    }
).encode()


class Pages:
    """The lists of one cluster, made once; those of another differ in names and uids."""

    def __init__(self, pods: int) -> None:
        names = [PodName(number, PODS_PER_DEPLOYMENT) for number in range(pods)]
        firsts = names[::PODS_PER_DEPLOYMENT]
        starts = range(0, pods, PAGE)
        self._lists = {
            "pods": [
                pods_page(
                    names[start : start + PAGE],
                    version=1_000_000,
                    token=str(number) if start + PAGE < pods else "",
                )
                for number, start in enumerate(starts, 1)
            ],
            "replicasets": [replicasets_page(firsts)],
            "deployments": [deployments_page(firsts)],
        }

        self._metrics = metrics_page(names)

    def measured(self, cluster: int) -> bytes:
        """What its pods use, measured now."""
        now = datetime.now(UTC).isoformat(timespec="seconds").encode()
        return self._metrics.replace(METRICS_TIME, now).replace(OWN[0], b"%04x%s" % (cluster, OWN[0][4:]))

    def of(self, cluster: int, kind: str, number: int) -> tuple[bytes, bool]:
        """A page, and whether it is the last one."""
        pages = self._lists.get(kind) or [EMPTY]
        body = pages[number]
        return owned(body, cluster), number + 1 == len(pages)


class Servers:
    """Answers for every cluster, and counts what it is asked."""

    def __init__(self, pods: int, *, is_measured: bool = False) -> None:
        self._pages = Pages(pods)
        self._is_measured = is_measured
        self._expired = anyio.Event()
        self._lists: set[str] = set()
        self._most_lists = 0
        self._page_count = 0
        self._watches = 0
        self._speakers = Speakers()
        self._numbers = count()

    async def serve(self, stream: SocketStream) -> None:
        """Answer one connection until it is closed."""
        async with stream:
            reader = BufferedByteReceiveStream(stream)
            try:
                while True:
                    head = await reader.receive_until(b"\r\n\r\n", LONGEST_HEAD)
                    await self._answer(stream, head.split(b" ", 2)[1].decode())
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

    async def _answer(self, stream: SocketStream, target: str) -> None:
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query))
        if parts.path == "/control/say":
            await _send(stream, json.dumps(await self._speakers.say(asked)).encode())
            return
        if parts.path.startswith("/control/"):
            await _send(stream, self._controlled(parts.path.rpartition("/")[2]))
            return
        _, _, cluster, path = parts.path.split("/", 3)
        if asked.get("watch") == "true":
            await self._watch(stream, int(cluster) if path.endswith("/pods") else None)
        elif path == "version":
            await _send(stream, b'{"gitVersion":"v1.30.0"}')
        elif path == "apis":
            await _send(stream, GROUPS)
        elif path.endswith("/kube-system"):
            await _send(stream, b'{"metadata":{"name":"kube-system","uid":"%s"}}' % uid_of(int(cluster)).encode())
        elif "/metrics.k8s.io/" in path:
            is_there = self._is_measured and path.endswith("/pods")
            await _send(stream, self._pages.measured(int(cluster)) if is_there else MISSING, 200 if is_there else 404)
        elif asked.get("limit") == "1":
            await _send(stream, EMPTY)
        else:
            await self._list(stream, int(cluster), path, asked)

    async def _list(self, stream: SocketStream, cluster: int, path: str, asked: Mapping[str, str]) -> None:
        """A page. A list is under way from its first page to the end of its last."""
        name = f"{cluster}/{path}"
        self._lists.add(name)
        self._most_lists = max(self._most_lists, len(self._lists))
        self._page_count += 1
        is_last = True
        try:
            body, is_last = self._pages.of(cluster, path.rpartition("/")[2], int(asked.get("continue", "0")))
            await _send(stream, body)
        finally:
            if is_last:
                self._lists.discard(name)

    async def _watch(self, stream: SocketStream, pods_of: int | None) -> None:
        """Silence and bookmarks, until all watches are ended; what watches of pods are told to say."""
        # Not all at the same moment: each real server has its own.
        wait_s = BOOKMARK_EVERY_S * (next(self._numbers) % 97 + 1) / 97
        self._watches += 1
        try:
            await stream.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            expired = self._expired
            if pods_of is not None:
                self._speakers.open(pods_of, stream)
            while not expired.is_set():
                with anyio.move_on_after(wait_s) as quiet:
                    await expired.wait()
                if quiet.cancelled_caught:
                    await _send_chunk(stream, BOOKMARK)
                    wait_s = BOOKMARK_EVERY_S
        finally:
            self._watches -= 1
        # A watch that had something to say: one that never had is asked for again later and later.
        await _send_chunk(stream, BOOKMARK)
        await _send_chunk(stream, EXPIRED)
        await stream.send(b"0\r\n\r\n")

    def _controlled(self, what: str) -> bytes:
        if what == "expire":
            self._most_lists = self._page_count = 0
            self._expired.set()
            self._expired = anyio.Event()
        return json.dumps(
            {"watches": self._watches, "most_lists": self._most_lists, "pages": self._page_count}
        ).encode()


def uid_of(cluster: int) -> str:
    """Its kube-system namespace's."""
    return f"4f2c1e0a-0000-4000-8000-{cluster:012d}"


async def _send(stream: SocketStream, body: bytes, status: int = 200) -> None:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    await stream.send(head.encode() + body if len(body) < 16_384 else head.encode())
    if len(body) >= 16_384:
        await stream.send(body)


async def _send_chunk(stream: SocketStream, line: bytes) -> None:
    await stream.send(b"%x\r\n%s\n\r\n" % (len(line) + 1, line))


async def _main(pods: int, *, is_measured: bool) -> None:
    servers = Servers(pods, is_measured=is_measured)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=2048)
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no database is near
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await listener.serve(servers.serve)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=5_000, help="of each cluster")
    parser.add_argument("--measured", action="store_true", help="metrics.k8s.io is served, of pods")
    asked = parser.parse_args()
    anyio.run(partial(_main, asked.pods, is_measured=asked.measured))
