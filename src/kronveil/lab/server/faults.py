"""Ways in which the API of a cluster can misbehave on request."""

import socket
import struct
from asyncio import Transport
from typing import Any

import anyio


class ServerStoppedError(Exception):
    """The server was stopped while it hung: there is nobody left to answer."""


class _Gate:
    """What requests wait at while a server hangs."""

    def __init__(self) -> None:
        self.opened = anyio.Event()
        self.is_abandoned = False


class Faults:
    """The present faults of one server. All off at first."""

    def __init__(self) -> None:
        self.forbidden: set[str] = set()
        self._gate: _Gate | None = None
        self._garble = False
        self.watch_connections: set[Transport] = set()

    def hang(self) -> None:
        """Answer nothing more, new and running requests alike, without closing anything."""
        if self._gate is None:
            self._gate = _Gate()

    def unhang(self) -> None:
        """Go on where it hung."""
        if self._gate is not None:
            self._gate.opened.set()
            self._gate = None

    def abandon(self) -> None:
        """Let go of the requests that wait, unanswered; a server that hung hangs on for new ones."""
        if self._gate is not None:
            gate, self._gate = self._gate, _Gate()
            gate.is_abandoned = True
            gate.opened.set()

    async def passage(self) -> None:
        """Return at once, or when the server hangs no more. Raises ServerStoppedError."""
        while (gate := self._gate) is not None:
            await gate.opened.wait()
            if gate.is_abandoned:
                raise ServerStoppedError

    def garble_next(self) -> None:
        """Let the next watch frame, on whichever watch, be cut so that it is no JSON."""
        self._garble = True

    def spoil(self, frames: list[bytes]) -> list[bytes]:
        """The frames as they go out."""
        if self._garble and frames:
            self._garble = False
            frames = [frames[0][: len(frames[0]) // 2] + b"\n", *frames[1:]]
        return frames

    def drop_watches(self) -> int:
        """Reset the TCP connection of every open watch; answers how many there were."""
        dropped = list(self.watch_connections)
        for transport in dropped:
            reset(transport)
        return len(dropped)


def reset(transport: Any) -> None:
    """Close a connection with a TCP reset in place of a goodbye."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
