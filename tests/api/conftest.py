"""A desk, an application before it, a client of that, and a real server where a socket is needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from kronveil.api import ApiOptions, create_app
from kronveil.api.serve import open_listeners, serving
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
    """The same application served as the agent serves it, on a port the kernel chooses; its authority (host:port)."""
    with open_listeners("127.0.0.1", {"api": port}, way_out="") as listeners:
        app = create_app(desk, options or ApiOptions())
        async with serving({each.name: app for each in listeners}, listeners, on_stop=app.end_streams):
            yield f"127.0.0.1:{listeners[0].port}"
