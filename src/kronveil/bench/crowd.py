"""Many clients of a live stream in one process, as cheap as clients can be: they count what comes and how old it is.

Run as a module with a port, a path, a number and whether the server speaks first (``greeted``): until it has, a client
has no place in the stream. The protocols are asyncio's own, for a task and a buffer for each of a
thousand clients would cost more than what is measured.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio

from kronveil.bench.fleet import TOKEN
from kronveil.bench.talk import answering

EVENT, SENT = b'"type":"event"', b'"message":"@'
DEADLINE_S = 120
AT_ONCE = 50
_TEXT, _PING = 1, 9
_PONG = b"\x8a\x80\x00\x00\x00\x00"


class Crowd:
    """What all clients heard together since it was last asked."""

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.events = self.messages = self.bytes = 0
        self.ages_ms: list[float] = []

    def heard(self, payload: bytes) -> int:
        """A message came; how many events were in it."""
        events = payload.count(EVENT)
        self.events += events
        self.messages += 1
        at = payload.rfind(SENT)
        if at >= 0:
            sent = int(payload[at + len(SENT) : payload.index(b" ", at)])
            self.ages_ms.append((time.monotonic_ns() - sent) / 1e6)
        return events

    async def all_heard(self, each: int) -> Mapping[str, Any]:
        """When every client has heard so many events, or the deadline has passed."""
        with anyio.move_on_after(DEADLINE_S):
            while any(client.events < each for client in self.clients):  # noqa: ASYNC110 - counted by protocols
                await anyio.sleep(0.005)
        told = {
            "events": self.events,
            "messages": self.messages,
            "bytes": self.bytes,
            "least": min(client.events for client in self.clients),
            "most": max(client.events for client in self.clients),
            "lost": sum(client.is_lost for client in self.clients),
            "ages_ms": [round(age, 2) for age in self.ages_ms],
        }
        self.events = self.messages = self.bytes = 0
        self.ages_ms = []
        for client in self.clients:
            client.events = 0
        return told


class Client(asyncio.Protocol):
    """One WebSocket, by hand."""

    def __init__(self, crowd: Crowd, target: str) -> None:
        self.events = 0
        self.is_open = self.is_greeted = self.is_lost = False
        self._crowd = crowd
        self._target = target
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is a socket
        self._transport = transport
        transport.write(
            f"GET {self._target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count every whole frame in it."""
        self._buffer += data
        if not self.is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.is_open = b" 101 " in self._buffer[:end]
            del self._buffer[: end + 4]
        at = 0
        while (found := _frame(self._buffer, at)) is not None:
            opcode, begin, at = found
            self._crowd.bytes += at - begin
            if opcode == _TEXT:
                self.is_greeted = True
                self.events += self._crowd.heard(bytes(self._buffer[begin:at]))
            elif opcode == _PING and self._transport is not None:
                self._transport.write(_PONG)
        del self._buffer[:at]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        """The server let it go."""
        self.is_lost = True

    def stop_reading(self) -> None:
        """From now on what comes stays with the network."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self._transport.pause_reading()

    def leave(self) -> None:
        """Be gone."""
        assert self._transport is not None  # noqa: S101 - it is connected
        self._transport.abort()


def _frame(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    """Opcode, begin and end of the payload of the frame that begins there; None when it is not whole yet."""
    if len(buffer) < at + 2:
        return None
    size, begin = buffer[at + 1], at + 2
    if size > 125:
        begin = at + (4 if size == 126 else 10)
        size = int.from_bytes(buffer[at + 2 : begin])
    return (buffer[at] & 15, begin, begin + size) if len(buffer) >= begin + size else None


async def _main(port: int, target: str, count: int, *, is_greeted: bool) -> None:
    crowd = Crowd()
    stalled: list[Client] = []

    async def connect() -> Client:
        _, client = await asyncio.get_running_loop().create_connection(lambda: Client(crowd, target), "127.0.0.1", port)
        with anyio.fail_after(DEADLINE_S):
            while not (client.is_greeted if is_greeted else client.is_open):  # noqa: ASYNC110 - counted by protocols
                await anyio.sleep(0.001)
        return client

    async def answer(asked: dict[str, Any]) -> Mapping[str, Any]:
        if asked["do"] == "expect":
            return await crowd.all_heard(asked["each"])
        if asked["do"] == "stall":
            one = await connect()
            one.stop_reading()
            stalled.append(one)
        else:
            while stalled:
                stalled.pop().leave()
        return {}

    for first in range(0, count, AT_ONCE):
        crowd.clients += await asyncio.gather(*[connect() for _ in range(min(AT_ONCE, count - first))])
    await answering({"clients": len(crowd.clients)}, answer)


if __name__ == "__main__":
    _, _port, _target, _count, _greeted = sys.argv
    anyio.run(partial(_main, int(_port), _target, int(_count), is_greeted=_greeted == "greeted"))
