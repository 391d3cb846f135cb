"""What is asked of the sockets under a connection: to notice a vanished peer, and to be closed when given up early."""

import socket
from typing import Any, Protocol

import anyio

CLOSE_TIMEOUT_S = 0.5
READ_BYTES = 1 << 20


class _Stream(Protocol):
    async def aclose(self) -> None: ...


class Handshake:
    """Remembers a socket while TLS is being negotiated on it: the library leaves it open when cancelled just then.

    ``trace`` goes into a request's extensions.
    """

    def __init__(self) -> None:
        self._stream: _Stream | None = None

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Note what the library says it does."""
        if event == "connection.connect_tcp.complete":
            self._stream = info["return_value"]
        elif not event.startswith("connection.start_tls.") or event.endswith(".complete"):
            self._stream = None

    async def give_up(self) -> None:
        """Close what was left half-way."""
        if self._stream is not None:
            with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
                await self._stream.aclose()


def read_at_once() -> None:
    """Let the library take from a socket all that is there, not 64 KiB: half of what reading a page of a list costs.

    It has no setting for this. A gulp is as long as what the event loop has read (at most 256 KiB), not ``READ_BYTES``.
    """
    import httpcore2  # noqa: PLC0415 - imported when a cluster is opened, not when the program starts

    httpcore2.AsyncHTTP11Connection.READ_NUM_BYTES = READ_BYTES  # pyright: ignore[reportAttributeAccessIssue]


def keepalive() -> list[tuple[int, int, int]]:
    """Options by which the kernel notices within a minute that a peer vanished without a word."""
    options: list[tuple[int, int, int]] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        number: Any = getattr(socket, name, None)
        if number is not None:
            options.append((socket.IPPROTO_TCP, number, value))
    return options
