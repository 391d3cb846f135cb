"""A desk, an application before it, a client of that, and a real server where a socket is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
import uvicorn

from kronveil.api import ApiOptions, create_app
from tests.api.plain_desk import PlainDesk, event, incident


@pytest.fixture
def desk() -> PlainDesk:
    plain = PlainDesk()
    plain.stored = [event(number) for number in range(1, 4)]
    plain.known = {each.id: each for each in (incident(1), incident(2, cluster="west"))}
    return plain


@asynccontextmanager
async def client_of(desk, options: ApiOptions | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(desk, options or ApiOptions())
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
async def client(desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(desk) as opened:
        yield opened


@asynccontextmanager
async def served(desk, options: ApiOptions | None = None, *, port: int = 0) -> AsyncIterator[str]:
    """The same application behind a real server on a port the kernel chooses; its authority (host:port)."""
    config = uvicorn.Config(
        create_app(desk, options or ApiOptions()),
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        with anyio.fail_after(10):
            while not server.started:  # noqa: ASYNC110 - the server has no event for it
                await anyio.sleep(0.01)
        bound = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"127.0.0.1:{bound}"
        finally:
            server.should_exit = True
