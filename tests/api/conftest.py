"""A desk, an application before it, a client of that, and a real server where a socket is needed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from kronveil.api import ApiOptions, create_app
from kronveil.api.options import NamedNotifier
from kronveil.api.serve import open_listeners, serving
from kronveil.api.tokens import Token, TokenFile
from kronveil.notifiers.log import LogConfig, LogNotifier
from tests.api.plain_desk import NOON, PlainDesk, event, incident
from tests.api.plain_loop import planned_run


@pytest.fixture
def desk() -> PlainDesk:
    plain = PlainDesk()
    plain.stored = [event(number) for number in range(1, 4)]
    plain.known = {each.id: each for each in (incident(1), incident(2, cluster="west"))}
    plain.loop.runs["run-1"] = replace(planned_run(incident(1), NOON), id="run-1")
    return plain


def tokens_in(folder: Path) -> TokenFile:
    """A file of tokens with one in it, whose id is ``made``."""
    made = Token("made", "nightly", "viewer", "2026-11-25T12:00:00+00:00", None, "salt", "no text has this hash")
    (folder / "tokens.json").write_text(json.dumps({"tokens": [asdict(made)]}))
    return TokenFile(folder)


@asynccontextmanager
async def client_of(desk, options: ApiOptions | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    if options is None:
        with TemporaryDirectory() as folder:
            told = {"log": NamedNotifier("the log", LogNotifier(LogConfig()))}
            async with client_of(desk, ApiOptions(tokens=tokens_in(Path(folder)), notifiers=told)) as client:
                yield client
        return
    app = create_app(desk, options)
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
        apps = {each.name: app for each in listeners}
        async with serving(apps, listeners, beside=app.stream, on_stop=app.end_streams):
            yield f"127.0.0.1:{listeners[0].port}"
