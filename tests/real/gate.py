"""A door on loopback in front of a real server: it can be shut, hang, or cut what goes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc
import anyio.lowlevel


class Gate:
    """Passes bytes on, both ways, while it is open."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self.port = 0
        self._passage = anyio.Event()
        self._passage.set()
        self._connections: set[anyio.CancelScope] = set()
        self._listening: anyio.CancelScope | None = None

    def cut(self) -> None:
        """End every connection that goes through."""
        for connection in list(self._connections):
            connection.cancel()

    async def shut(self) -> None:
        """Refuse connections, and cut those there are."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
        self.cut()
        await anyio.lowlevel.checkpoint()

    def hang(self) -> None:
        """Take connections and bytes, and pass nothing on."""
        self._passage = anyio.Event()

    def pass_on(self) -> None:
        """Pass on again, what came meanwhile first."""
        self._passage.set()

    async def open(self, tasks: anyio.abc.TaskGroup) -> None:
        """Take connections, on the same port as before."""
        if self._listening is None:
            await tasks.start(self._listen)

    async def _listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.CancelScope() as scope:
            async with await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self.port) as listener:
                self.port = listener.extra(anyio.abc.SocketAttribute.local_port)
                self._listening = scope
                task_status.started()
                await listener.serve(self._connect)

    async def _connect(self, near: anyio.abc.SocketStream) -> None:
        async with (
            near,
            await anyio.connect_tcp("127.0.0.1", self._target_port) as far,
            anyio.create_task_group() as both,
        ):
            self._connections.add(both.cancel_scope)
            both.start_soon(self._pump, near, far, both.cancel_scope)
            await self._pump(far, near, both.cancel_scope)
            self._connections.discard(both.cancel_scope)

    async def _pump(
        self, source: anyio.abc.SocketStream, sink: anyio.abc.SocketStream, scope: anyio.CancelScope
    ) -> None:
        try:
            async for chunk in source:
                await self._passage.wait()
                await sink.send(chunk)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()


@asynccontextmanager
async def gate_to(port: int) -> AsyncIterator[tuple[Gate, anyio.abc.TaskGroup]]:
    """An open gate, and the tasks it lives in."""
    gate = Gate(port)
    async with anyio.create_task_group() as tasks:
        await gate.open(tasks)
        yield gate, tasks
        tasks.cancel_scope.cancel()
