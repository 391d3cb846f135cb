"""Ways in which the API of a cluster can misbehave on request."""

import socket
import struct
from asyncio import Transport
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import anyio

_END = b"}}\n"
PIECE = 65536


class ServerStoppedError(Exception):
    """The server was stopped while it hung: there is nobody left to answer."""


class _Halt:
    """From when a gate is shut until it opens, or those who wait are let go."""

    def __init__(self) -> None:
        self.is_over = anyio.Event()
        self.is_abandoned = False


class _Gate:
    """What requests wait at while it is shut. Open at first."""

    def __init__(self) -> None:
        self._halt: _Halt | None = None

    @property
    def is_shut(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._halt is not None

    def shut(self) -> None:
        """Let nobody pass."""
        self._halt = self._halt or _Halt()

    def open(self) -> None:
        """Let those who wait pass, and whoever comes."""
        if self._halt is not None:
            self._halt.is_over.set()
            self._halt = None

    def abandon(self) -> None:
        """Let those who wait go, unanswered; it stays shut for new ones."""
        if self._halt is not None:
            halt, self._halt = self._halt, _Halt()
            halt.is_abandoned = True
            halt.is_over.set()

    async def wait(self) -> None:
        """Until it opens, if it is shut. Raises ServerStoppedError when it was abandoned."""
        if (halt := self._halt) is not None:
            await halt.is_over.wait()
            if halt.is_abandoned:
                raise ServerStoppedError


class Faults:
    """The present faults of one server. All off at first."""

    def __init__(self) -> None:
        self.forbidden: set[str] = set()
        self.denied: dict[str, str] = {}
        """What an admission webhook says when it denies writes of a kind, by its plural."""
        self.warned: dict[str, str] = {}
        """What an admission webhook warns of at each write of a kind, by its plural."""
        self._all = _Gate()
        self._watches = _Gate()
        self._silenced = ""
        self._metrics = _Gate()
        self._left: Counter[str] = Counter()
        self._refusal = (0, 0.0)
        self._large_frame = 0
        self.bytes_per_s: float | None = None
        """How slowly watches and lists trickle; None: as fast as the client reads."""
        self.watch_connections: set[Transport] = set()

    def hang(self) -> None:
        """Answer nothing more, new and running requests alike, without closing anything."""
        self._all.shut()

    def unhang(self) -> None:
        """Go on where it hung."""
        self._all.open()

    def abandon(self) -> None:
        """Let go of the requests that wait, unanswered; a server that hung hangs on for new ones."""
        for gate in (self._all, self._watches, self._metrics):
            gate.abandon()

    async def passage(self) -> None:
        """Return at once, or when the server hangs no more. Raises ServerStoppedError."""
        while self._all.is_shut:
            await self._all.wait()

    def silence(self, plural: str = "") -> None:
        """Send nothing more on watches (of one kind), open and new ones, and close none."""
        self._silenced = plural
        self._watches.shut()

    def unsilence(self) -> None:
        """Go on with the watches where they fell silent."""
        self._watches.open()

    def hang_metrics(self) -> None:
        """Answer nothing more about metrics.k8s.io, as when its service is there and does not answer."""
        self._metrics.shut()

    def unhang_metrics(self) -> None:
        """Answer again."""
        self._metrics.open()

    async def metrics_passage(self) -> None:
        """As ``passage``, for metrics.k8s.io."""
        while self._metrics.is_shut:
            await self._metrics.wait()

    async def watch_passage(self, plural: str) -> None:
        """As ``passage``, for what a watch of a kind has to send."""
        await self.passage()
        while self._watches.is_shut and self._silenced in ("", plural):
            await self._watches.wait()

    def plan(self, what: str, times: int) -> None:
        """Let one of the countable faults (garble, repeat, swap, cut, close) happen so many times."""
        self._left[what] = times

    def take(self, what: str) -> bool:
        """Whether a countable fault is to happen now; it is counted."""
        if self._left[what] <= 0:
            return False
        self._left[what] -= 1
        return True

    def refuse(self, times: int, code: int, *, retry_after_s: float = 0) -> None:
        """Answer the next requests with an error."""
        self._refusal = (code, retry_after_s)
        self._left["refuse"] = times

    def refusal(self) -> tuple[int, float] | None:
        """The code and Retry-After with which to answer this request, if it is to fail."""
        return self._refusal if self.take("refuse") else None

    def enlarge(self, size: int) -> None:
        """Let the object of the next watch frame be so many bytes large."""
        self._large_frame = size

    def spoil(self, frames: list[bytes], held: list[bytes]) -> list[bytes]:
        """The frames as they go out. ``held`` is what this watch keeps back to send it in the wrong order."""
        if not frames:
            return frames
        if self.take("garble"):
            return [frames[0][: len(frames[0]) // 2] + b"\n", *frames[1:]]
        if held:
            return [frames[0], held.pop(), *frames[1:]]
        if self.take("swap"):
            if len(frames) == 1:
                held.extend(frames)
                return []
            return [frames[1], frames[0], *frames[2:]]
        return [frame for frame in frames for _ in range(1 + self.take("repeat"))]

    async def pieces(self, body: bytes) -> AsyncIterator[bytes]:
        """What is sent, in the pieces in which it goes out: whole, in a trickle, or with a frame blown up."""
        if self._large_frame and body.endswith(_END):
            size, self._large_frame = self._large_frame, 0
            yield body[: -len(_END)] + b',"padding":"'
            for sent in range(0, size, PIECE):
                yield b"x" * min(PIECE, size - sent)
            yield b'"' + _END
            return
        if self.bytes_per_s is None:
            yield body
            return
        step = max(1, int(self.bytes_per_s / 20))
        for start in range(0, len(body), step):
            yield body[start : start + step]
            await anyio.sleep(0.05)

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
