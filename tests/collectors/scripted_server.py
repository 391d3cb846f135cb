"""A small API server that does as it is told: it lists in pages, watches, forgets, refuses, hangs and breaks."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.abc
import anyio.lowlevel

from kronveil.collectors.kubernetes.kinds import KINDS

PATHS = {kind.name: kind.path_in(None, kind.versions[0]).rsplit("/", 1)[0] for kind in KINDS}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
CLUSTER_UID = "5a9c0000-0000-4000-8000-00000000c1a5"


class Stream:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        data = await self._reader.read(65_536)
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


class ScriptedServer:
    """Objects by kind and name, a log of changes, and moods."""

    def __init__(self, token: str = "let-me-in") -> None:
        self.token = self.next_token = token
        self.version = 1000
        self.objects: dict[str, dict[tuple[str, str], dict[str, Any]]] = {kind: {} for kind in PATHS}
        self.log: list[tuple[int, str, str, dict[str, Any]]] = []
        self.oldest = 0
        self.sent = 0
        self.paths = dict(PATHS)
        self.page_size: int | None = None
        self.forbidden: set[str] = set()
        self.served = {kind.name for kind in KINDS if not kind.is_custom}
        self.unhung = anyio.Event()
        self.unhung.set()
        self.is_refusing = False
        self.silent_watches: set[str] = set()
        self.busy: dict[str, int] = {}
        self.broken: dict[str, int] = {}
        self.broken_for_s = 0
        self.expired_pages = 0
        self.sent_away_at: dict[str, float] = {}
        self.stayed_away_s: dict[str, float] = {}
        """For how long those who were told that it is busy or broken did not come again."""
        self.streams_lists = False
        self.streamed: dict[str, int] = defaultdict(int)
        self.cut_lists: dict[str, int] = {}
        self.is_closing = False
        self.clock_ahead_s: float | None = None
        self.requests: list[str] = []
        self.accepted: dict[str, str] = {}
        self.headers: list[tuple[str, ...]] = []
        self.lists: dict[str, int] = defaultdict(int)
        self.watches: dict[str, int] = defaultdict(int)
        self.watched: dict[str, anyio.Event] = defaultdict(anyio.Event)
        self.insert_line: dict[str, list[bytes]] = defaultdict(list)
        self.mangle_list: dict[str, bytes] = {}
        self.lists_at_once = 0
        self.most_lists_at_once = 0
        self.list_delay_s = 0.0
        self.port = 0
        self._changed = anyio.Event()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._serving: anyio.CancelScope | None = None
        self._streams: set[anyio.CancelScope] = set()
        self.put("namespaces", "kube-system", uid=CLUSTER_UID)

    # --- the world ---

    def put(self, kind: str, name: str, *, namespace: str = "", uid: str = "", **rest: Any) -> dict[str, Any]:
        """Create or replace an object."""
        self.version += 1
        key = (namespace, name)
        before = self.objects[kind].get(key)
        metadata = {
            "name": name,
            "uid": uid or (before["metadata"]["uid"] if before else f"{kind}-{name}-{self.version}"),
            "creationTimestamp": "2026-11-25T00:00:00Z",
            **rest.pop("metadata", {}),
            "resourceVersion": str(self.version),
        }
        if namespace:
            metadata["namespace"] = namespace
        item = {"kind": kind, "metadata": metadata, **rest}
        self.objects[kind][key] = item
        self._note("MODIFIED" if before else "ADDED", kind, item)
        return item

    def delete(self, kind: str, name: str, *, namespace: str = "") -> None:
        """Delete an object."""
        self.version += 1
        item = self.objects[kind].pop((namespace, name))
        last = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        self._note("DELETED", kind, last)

    def bookmark(self, kind: str) -> None:
        """Tell watches of a kind the current version."""
        bookmark = {"kind": kind, "metadata": {"resourceVersion": str(self.version), "creationTimestamp": None}}
        self._note("BOOKMARK", kind, bookmark)

    async def watching(self, kind: str) -> None:
        """Return once a watch of the kind is open."""
        with anyio.fail_after(30):
            await self.watched[kind].wait()

    def insert(self, kind: str, line: bytes) -> None:
        """Send this line to the next watch of the kind that looks."""
        self.insert_line[kind].append(line)
        self.wake()

    def compact(self) -> None:
        """Forget everything so far: nobody can watch from a version seen until now."""
        self.version += 1
        self.oldest = self.version
        self.log.clear()

    def wake(self) -> None:
        """Let watches look again."""
        self._changed.set()
        self._changed = anyio.Event()

    def _note(self, change: str, kind: str, item: dict[str, Any]) -> None:
        self.log.append((self.version, change, kind, item))
        self.wake()

    def restore(self, version: int) -> None:
        """Go back to an older store, as after a backup: the same objects, under versions from there on."""
        self.log.clear()
        self.oldest, self.version = 0, version
        for kind in self.objects.values():
            for item in kind.values():
                self.version += 1
                item["metadata"]["resourceVersion"] = str(self.version)
        self.wake()

    # --- moods ---

    def hang(self) -> None:
        """Take requests and answer none."""
        self.unhung = anyio.Event()

    def drop_streams(self) -> None:
        """Cut every open connection."""
        for scope in list(self._streams):
            scope.cancel()

    async def go_down(self) -> None:
        """Close the port and every connection."""
        if self._serving is not None:
            self._serving.cancel()
            self._serving = None
            await anyio.sleep(0.01)

    async def come_up(self) -> None:
        """Listen again, on the same port."""
        assert self._tasks is not None
        if self._serving is None:
            await self._tasks.start(self._listen)

    # --- serving ---

    async def _listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        with anyio.CancelScope() as scope:
            self._serving = scope
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    # Who was accepted just now would be lost to a server that is closed already.
                    for listening in server.sockets:
                        asyncio.get_running_loop().remove_reader(listening.fileno())
                    await anyio.lowlevel.checkpoint()
                    await anyio.lowlevel.checkpoint()
                    server.close()
                    # Who was let in just now is not yet among the connections.
                    for _ in range(3):
                        await anyio.lowlevel.checkpoint()
                        self.drop_streams()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with anyio.CancelScope() as scope:
            self._streams.add(scope)
            try:
                if not self.is_closing:
                    await self._talk(Stream(reader, writer))
            except (anyio.EndOfStream, OSError):
                pass
            finally:
                self._streams.discard(scope)
                writer.close()

    async def _talk(self, stream: Stream) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                data += await stream.receive()
            head, _, data = data.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            target = lines[0].split(" ")[1]
            self.requests.append(target)
            await self.unhung.wait()
            await self._answer(stream, target, headers)

    async def _answer(self, stream: Stream, target: str, headers: dict[str, str]) -> None:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if self.is_refusing or shown not in (self.token, self.next_token):
            await self._refuse(stream, 401, "Unauthorized", "Unauthorized")
            return
        if parts.path == "/version":
            await self._json(stream, 200, {"gitVersion": "v1.37.2"})
            return
        if parts.path == "/apis":
            await self._json(stream, 200, {"kind": "APIGroupList", "groups": self._groups()})
            return
        kind, namespace, name = self._target(parts.path)
        self.accepted[kind] = headers.get("accept", "")
        if kind not in self.served or not parts.path.startswith(self.paths[kind] + "/"):
            await self._bytes(stream, 404, b"404 page not found\n")
        elif kind in self.forbidden and query.get("limit") != "1":
            await self._refuse(
                stream, 403, "Forbidden", f'{kind} is forbidden: User "viewer" cannot list resource "{kind}"'
            )
        elif self._is_busy_or_broken(kind, query):
            await self._send_away(stream, kind)
        elif name:
            await self._json(stream, 200, self.objects[kind]["", name])
        elif query.get("watch") == "true" and "sendInitialEvents" in query:
            await self._watch_with_list(stream, kind, namespace)
        elif query.get("watch") == "true":
            await self._watch(stream, kind, namespace, int(query["resourceVersion"]))
        else:
            await self._list(stream, kind, namespace, query)

    def _groups(self) -> list[dict[str, Any]]:
        paths = sorted({self.paths[kind] for kind in self.served if self.paths[kind].startswith("/apis/")})
        pairs = [path.split("/")[2:] for path in paths]
        return [{"name": group, "versions": [{"groupVersion": f"{group}/{v}", "version": v}]} for group, v in pairs]

    @staticmethod
    def _target(path: str) -> tuple[str, str, str]:
        words = path.split("/")
        words = words[3:] if words[1] == "api" else words[4:]
        if words[0] == "namespaces" and len(words) == 3:
            return words[2], words[1], ""
        if len(words) == 2:
            return words[0], "", words[1]
        return words[0], "", ""

    def _is_busy_or_broken(self, kind: str, query: dict[str, str]) -> bool:
        if query.get("limit") == "1":
            return False
        if kind in self.sent_away_at:
            self.stayed_away_s[kind] = anyio.current_time() - self.sent_away_at.pop(kind)
        return self.busy.get(kind, 0) > 0 or self.broken.get(kind, 0) > 0

    async def _send_away(self, stream: Stream, kind: str) -> None:
        self.sent_away_at[kind] = anyio.current_time()
        if self.busy.get(kind, 0) > 0:
            self.busy[kind] -= 1
            await self._refuse(stream, 429, "TooManyRequests", "slow down", extra="Retry-After: 1\r\n")
            return
        self.broken[kind] -= 1
        extra = f"Retry-After: {self.broken_for_s}\r\n" if self.broken_for_s else ""
        await self._refuse(stream, 500, "InternalError", "etcdserver: leader changed", extra=extra)

    async def _list(self, stream: Stream, kind: str, namespace: str, query: dict[str, str]) -> None:
        items = [item for (space, _), item in sorted(self.objects[kind].items()) if namespace in ("", space)]
        start, version = 0, self.version
        if "continue" in query and self.expired_pages > 0:
            self.expired_pages -= 1
            await self._refuse(stream, 410, "Expired", "The provided continue parameter is too old")
            return
        if "continue" in query:
            start, version = map(int, query["continue"].split("-"))
        limit = int(query.get("limit", 500))
        is_probe = limit == 1
        if not is_probe:
            self.lists[kind] += 1
            self.lists_at_once += 1
            self.most_lists_at_once = max(self.most_lists_at_once, self.lists_at_once)
            limit = self.page_size or limit
            if self.list_delay_s:
                await anyio.sleep(self.list_delay_s)
            self.lists_at_once -= 1
        page = items[start : start + limit]
        metadata = {"resourceVersion": str(version)}
        if start + limit < len(items):
            metadata["continue"] = f"{start + limit}-{version}"
        if not is_probe:
            self.sent += len(page)
            if kind in self.mangle_list:
                await self._bytes(stream, 200, self.mangle_list.pop(kind))
                return
        await self._json(stream, 200, {"kind": "List", "metadata": metadata, "items": page})

    async def _watch_with_list(self, stream: Stream, kind: str, namespace: str) -> None:
        if not self.streams_lists:
            await self._refuse(stream, 422, "Invalid", "sendInitialEvents: Forbidden: the feature is off")
            return
        self.streamed[kind] += 1
        items = [item for (space, _), item in sorted(self.objects[kind].items()) if namespace in ("", space)]
        version = self.version
        await stream.send(HEAD)
        for item in items:
            await self._frame(stream, {"type": "ADDED", "object": item})
            self.sent += 1
            if self.cut_lists.get(kind):
                self.cut_lists[kind] -= 1
                raise anyio.EndOfStream
        marks = {"annotations": {"k8s.io/initial-events-end": "true"}, "resourceVersion": str(version)}
        await self._frame(stream, {"type": "BOOKMARK", "object": {"kind": kind, "metadata": marks}})
        await self._watch(stream, kind, namespace, version, is_begun=True)

    @staticmethod
    async def _frame(stream: Stream, frame: dict[str, Any]) -> None:
        line = json.dumps(frame).encode() + b"\n"
        await stream.send(b"%x\r\n%s\r\n" % (len(line), line))

    async def _watch(self, stream: Stream, kind: str, namespace: str, version: int, *, is_begun: bool = False) -> None:
        self.watches[kind] += 1
        self.watched[kind].set()
        if version < self.oldest and not is_begun:
            await self._refuse(stream, 410, "Expired", "too old resource version")
            return
        if not is_begun:
            await stream.send(HEAD)
        while True:
            changed = self._changed
            if self.insert_line[kind]:
                line = self.insert_line[kind].pop(0)
                await stream.send(b"%x\r\n%s\r\n" % (len(line), line))
            if kind not in self.silent_watches:
                for at, change, of, item in list(self.log):
                    is_old = at <= version if change != "BOOKMARK" else at < version
                    if of != kind or is_old:
                        continue
                    space = item["metadata"].get("namespace", "")
                    if namespace not in ("", space) and change != "BOOKMARK":
                        continue
                    if change == "BOOKMARK" and at == version:
                        continue
                    line = json.dumps({"type": change, "object": item}).encode() + b"\n"
                    await stream.send(b"%x\r\n%s\r\n" % (len(line), line))
                    self.sent += change != "BOOKMARK"
                    version = at
            await changed.wait()

    async def _refuse(self, stream: Stream, code: int, reason: str, message: str, *, extra: str = "") -> None:
        body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
        await self._json(stream, code, body, extra=extra)

    async def _json(self, stream: Stream, code: int, body: object, *, extra: str = "") -> None:
        await self._bytes(stream, code, json.dumps(body).encode(), extra=extra)

    async def _bytes(self, stream: Stream, code: int, body: bytes, *, extra: str = "") -> None:
        if self.clock_ahead_s is not None:
            extra += f"Date: {formatdate(time.time() + self.clock_ahead_s, usegmt=True)}\r\n"
        head = f"HTTP/1.1 {code} Word\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        await stream.send(head.encode() + body)

    def write_kubeconfig(self, path: Path, token: str | None = None) -> Path:
        """A kubeconfig with one context, ``scripted``."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "scripted",
            "clusters": [{"name": "scripted", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "viewer", "user": {"token": token or self.token}}],
            "contexts": [{"name": "scripted", "context": {"cluster": "scripted", "user": "viewer"}}],
        }
        path.write_text(json.dumps(config))
        return path


@asynccontextmanager
async def serve(token: str = "let-me-in") -> AsyncIterator[ScriptedServer]:
    """A scripted server on a port the kernel chose."""
    server = ScriptedServer(token)
    async with anyio.create_task_group() as tasks:
        server._tasks = tasks
        await server.come_up()
        yield server
        tasks.cancel_scope.cancel()
