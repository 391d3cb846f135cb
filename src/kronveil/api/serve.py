"""Opens the ports and serves the application on them, inside the scope of whoever asked."""

import contextlib
import errno
import os
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import uvicorn

from kronveil.api.interest import LONGEST_CLIENT_FRAME
from kronveil.api.wire import WebSocketWire
from kronveil.sdk.errors import ConfigError

STOP_DEADLINE_S = 3
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Listener:
    """An open port. ``name`` is its key in the configuration's ``listen`` section."""

    name: str
    host: str
    port: int
    socket: socket.socket

    @property
    def url(self) -> str:
        """Where a browser or a client finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextlib.contextmanager
def open_listeners(host: str, ports: Mapping[str, int | None], *, way_out: str) -> Generator[Sequence[Listener]]:
    """Bind every port that is not None; 0 lets the kernel choose. Closed again when the block is left.

    Raises ConfigError when one cannot be had: it names the port, who asked for it and ``way_out``.
    """
    with contextlib.ExitStack() as opened:
        listeners: list[Listener] = []
        for name, port in ports.items():
            if port is not None:
                bound = opened.enter_context(_bind(name, host, port, way_out))
                listeners.append(Listener(name, host, bound.getsockname()[1], bound))
        yield listeners


def _bind(name: str, host: str, port: int, way_out: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, for only then does the event loop switch Nagle's algorithm off: with it the second write of
    # an answer waits 40 ms for the client to acknowledge the first.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
        bound.setblocking(False)  # noqa: FBT003 - the socket library's own signature
    except OSError as error:
        bound.close()
        reason = {
            errno.EADDRINUSE: "another program listens there already",
            errno.EACCES: "ports below 1024 need more rights than this process has",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }.get(error.errno or 0, os.strerror(error.errno or 0) if error.errno else str(error))
        raise ConfigError(f"listen.{name}: cannot open {host}:{port}: {reason}.\n{way_out}") from error
    return bound


class _Server(uvicorn.Server):
    """uvicorn, but signals are the agent's business: it has more to stop than a server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    apps: Mapping[str, Any],
    listeners: Sequence[Listener],
    *,
    beside: Callable[[], Coroutine[Any, Any, None]],
    on_stop: Callable[[], None],
) -> AsyncGenerator[None]:
    """Serve on every listener the application of its name, and run ``beside``, while the block is entered.

    On leaving, ``on_stop`` tells streams to end, requests get a moment to, and the rest is cut off.
    """
    servers = [_Server(_settings(apps[listener.name])) for listener in listeners]
    async with anyio.create_task_group() as writing:
        writing.start_soon(beside)
        async with anyio.create_task_group() as tasks:
            for server, listener in zip(servers, listeners, strict=True):
                tasks.start_soon(server.serve, [listener.socket])
            with anyio.fail_after(10):
                while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn offers no event for it
                    await anyio.sleep(0.005)
            try:
                yield
            finally:
                on_stop()
                for server in servers:
                    server.should_exit = True
                tasks.cancel_scope.deadline = anyio.current_time() + STOP_DEADLINE_S
        writing.cancel_scope.cancel()


def _settings(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # whom to believe is decided by api.trusted_proxies
        ws=WebSocketWire,
        # Frames of our own tell a page that it is alive; these find peers that are gone without a word. They wait
        # longer than a client that was too slow is held, so that it reads its 4408 first.
        ws_ping_interval=20,
        ws_ping_timeout=80,
        ws_max_size=LONGEST_CLIENT_FRAME,
        ws_per_message_deflate=False,  # frames are encoded once for all clients; packing them again for each is not
        timeout_graceful_shutdown=STOP_DEADLINE_S - 1,
    )
