"""The server's end of a WebSocket, with a way around ASGI for bytes that are the same for many clients."""

import struct
from collections.abc import Callable
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "kronveil.wire"
_TEXT = 0x81  # the last fragment of a text, so the only one


def text_frame(payload: bytes) -> bytes:
    """A text as a server sends it: whole, not masked, not compressed (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", _TEXT, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT, 126, size) + payload
    return struct.pack("!BBQ", _TEXT, 127, size) + payload


class Wire(Protocol):
    """What is written to at once, without waiting; whoever writes looks first whether it ``is_full``."""

    is_full: bool
    on_room: Callable[[], object] | None

    @property
    def unsent_bytes(self) -> int:
        """What was written and the network has not taken yet."""
        ...

    def write(self, frames: bytes) -> None:
        """Send whole frames; nothing when the other end is gone or the socket is being closed."""

    def abort(self) -> None:
        """Drop the connection with all that is unsent."""


class WebSocketWire(WebSocketsSansIOProtocol):
    """uvicorn's protocol, found by the application as an extension of the scope."""

    is_full = False
    on_room: Callable[[], object] | None = None

    async def run_asgi(self) -> None:
        """Show itself to the application."""
        extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
        extensions[EXTENSION] = self
        await super().run_asgi()

    def pause_writing(self) -> None:
        """The network takes less than is written."""
        super().pause_writing()
        self.is_full = True

    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        self.is_full = False
        if self.on_room is not None:
            self.on_room()

    @property
    def unsent_bytes(self) -> int:
        """What was written and the network has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write(self, frames: bytes) -> None:
        """Send whole frames."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def abort(self) -> None:
        """Drop the connection."""
        self.transport.abort()
