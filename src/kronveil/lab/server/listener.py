"""One cluster's port: opened, closed and opened again, with uvicorn's HTTP protocol on it."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from kronveil.lab.server.faults import reset

LOOPBACK = "127.0.0.1"
STOPPING_S = 2
KEEP_ALIVE_S = 120
"""Longer than clients keep idle connections, as on a real API server: closing first would cost them requests."""


class Listener:
    """Serves an application on a loopback port that stays the same over stop and start."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None, *, abandon: Callable[[], None]) -> None:
        """``abandon`` lets go of the requests that wait for something else than their connection."""
        self._tls = tls
        self._abandon = abandon
        self._config = Config(
            app,
            lifespan="off",
            ws="none",
            http="httptools",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Open the port: the first time one the kernel chooses, later the same."""
        if self._server is not None:
            return
        listening = socket.create_server((LOOPBACK, self.port))
        # Who is accepted inherits it. The event loop does so itself only for sockets that name their protocol.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listening.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=listening, ssl=self._tls)

    async def stop(self) -> None:
        """Close the port and every connection: from now on connecting is refused."""
        if self._server is None:
            return
        server, self._server = self._server, None
        # Who was accepted just now would be lost to a server that is closed already: it is let in first.
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        server.close()
        # Under TLS a connection learns of its end in the second round of the loop only, and one that was accepted just
        # now is not yet among them in the first.
        for _ in range(4):
            for connection in list(self._state.connections):
                reset(connection.transport)
            await asyncio.sleep(0)
        self._abandon()
        if running := list(self._state.tasks):
            _, late = await asyncio.wait(running, timeout=STOPPING_S)
            for task in late:
                task.cancel()

    def _protocol(self) -> HttpToolsProtocol:
        state: dict[str, Any] = {}
        protocol = HttpToolsProtocol(self._config, self._state, state)
        protocol.access_log = False
        # Answers reach their own connection through this: to reset it, and to see its client certificate.
        state["connection"] = protocol
        return protocol
