"""An OPA server of the operator's own is asked as it wants to be; whatever else it answers is an error, never a yes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from kronveil.policies.opa import OpaEngine, open_opa
from kronveil.sdk.errors import Permanent, PluginError, Transient
from kronveil.sdk.policy import POLICY

pytestmark = pytest.mark.anyio
Answer = Callable[[str, bytes], tuple[int, bytes]]


@asynccontextmanager
async def asked(answer: Answer) -> AsyncIterator[OpaEngine]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        async with open_opa(f"http://127.0.0.1:{server.server_port}/", timedelta(seconds=30)) as engine:
            yield engine
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_it_is_asked_for_the_package_with_the_document_as_input() -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(path: str, body: bytes) -> tuple[int, bytes]:
        seen.append((path, body))
        return 200, b'{"result": {"allow": true, "deny": []}}'

    async with asked(answer) as engine:
        assert await engine.evaluate(POLICY, {"point": "start"}) == {"allow": True, "deny": []}
    assert seen == [("/v1/data/kronveil/policy", b'{"input":{"point":"start"}}')]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"{}", Permanent),
        (200, b'{"result": true}', Permanent),
        (200, b"allowed", Permanent),
        (500, b'{"result": {"allow": true}}', Transient),
        (302, b"", Transient),
    ],
)
async def test_what_is_no_answer_is_an_error(status: int, body: bytes, kind: type[PluginError]) -> None:
    async with asked(lambda _path, _body: (status, body)) as engine:
        with pytest.raises(kind):
            await engine.evaluate(POLICY, {})


async def test_one_that_is_not_there_is_an_error() -> None:
    async with asked(lambda _path, _body: (200, b"")) as engine:
        gone = engine
    async with open_opa("http://127.0.0.1:1", timedelta(seconds=5)) as engine:
        with pytest.raises(Transient, match="cannot be asked"):
            await engine.evaluate(POLICY, {})
    assert gone.digest == "opa 127.0.0.1"
