"""A small HTTP server that tests talk to: it keeps what it was sent, and answers as it is told."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import SocketAttribute, SocketStream


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """An answer; ``is_lost`` drops the connection instead of giving it."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False


Answerer = Callable[[Received], Said]


class Server:
    """What it received, and how it answers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Answerer = lambda _: Said()
        self.hangs_at: Callable[[Received], bool] = lambda _: False
        """Which request is taken and never answered; it is one alone."""
        self.port = 0
        self._serving = anyio.CancelScope()
        self._is_closed = anyio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0) as listener:
            self.port = listener.extra(SocketAttribute.local_port)
            task_status.started()
            with self._serving:
                await listener.serve(self._talk)
        self._is_closed.set()

    async def stop(self) -> None:
        """Refuse connections from now on."""
        self._serving.cancel()
        await self._is_closed.wait()

    async def _talk(self, stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                request = await _read(stream)
                said = self.answer(request)
                self.received.append(request)
                if self.hangs_at(request):
                    self.hangs_at = lambda _: False
                    await anyio.sleep_forever()
                if not said.is_lost:
                    head = {"content-length": str(len(said.body)), "connection": "close", **said.headers}
                    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
                    await stream.send(f"HTTP/1.1 {said.status} Said\r\n{lines}\r\n".encode() + said.body)


@asynccontextmanager
async def served() -> AsyncIterator[Server]:
    server = Server()
    async with anyio.create_task_group() as tasks:
        await tasks.start(server.serve)
        yield server
        tasks.cancel_scope.cancel()


async def _read(stream: SocketStream) -> Received:
    text = b""
    while b"\r\n\r\n" not in text:
        text += await stream.receive()
    head, _, body = text.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive()
    return Received(method, path, headers, body)
