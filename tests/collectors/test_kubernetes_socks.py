"""A kubeconfig's `proxy-url` of the kind socks5: the API server is asked through it, and what it needs is named."""

import json
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import anyio.abc
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.kubeconfig import read_access
from kronveil.sdk.errors import Permanent
from tests.collectors.scripted_server import serve

PASSWORD = "hush-hush"


class SocksProxy:
    """The least of a SOCKS 5 proxy: a user name and a password, and connections to loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[tuple[str, int]] = []
        self.names: list[str] = []

    async def serve(self, client: anyio.abc.SocketStream) -> None:
        async with client:
            try:
                await self._serve(client)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

    async def _serve(self, client: anyio.abc.SocketStream) -> None:
        _, count = await exactly(client, 2)
        assert 2 in await exactly(client, count)
        await client.send(b"\x05\x02")
        _, length = await exactly(client, 2)
        self.names.append((await exactly(client, length)).decode())
        (length,) = await exactly(client, 1)
        is_known = await exactly(client, length) == PASSWORD.encode()
        await client.send(b"\x01\x00" if is_known else b"\x01\x01")
        _, _, _, kind = await exactly(client, 4)
        if kind == 1:
            host = socket.inet_ntoa(await exactly(client, 4))
        else:
            (length,) = await exactly(client, 1)
            host = (await exactly(client, length)).decode()
        (port,) = struct.unpack("!H", await exactly(client, 2))
        self.asked.append((host, port))
        async with await anyio.connect_tcp("127.0.0.1", port) as server, anyio.create_task_group() as tasks:
            await client.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            tasks.start_soon(pump, server, client, tasks.cancel_scope)
            await pump(client, server, tasks.cancel_scope)


async def exactly(stream: anyio.abc.SocketStream, count: int) -> bytes:
    received = b""
    while len(received) < count:
        received += await stream.receive(count - len(received))
    return received


async def pump(source: anyio.abc.SocketStream, to: anyio.abc.SocketStream, scope: anyio.CancelScope) -> None:
    try:
        async for chunk in source:
            await to.send(chunk)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    scope.cancel()


@asynccontextmanager
async def proxy() -> AsyncIterator[SocksProxy]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    socks = SocksProxy(int(listener.extra(anyio.abc.SocketAttribute.local_port)))
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, socks.serve)
        yield socks
        tasks.cancel_scope.cancel()


def kubeconfig(path: Path, server: str, proxy_url: str, token: str) -> Path:
    text = {
        "current-context": "east",
        "clusters": [{"name": "east", "cluster": {"server": server, "proxy-url": proxy_url}}],
        "users": [{"name": "me", "user": {"token": token}}],
        "contexts": [{"name": "east", "context": {"cluster": "east", "user": "me"}}],
    }
    path.write_text(json.dumps(text))
    return path


@pytest.mark.anyio
@pytest.mark.parametrize(("scheme", "host"), [("socks5", "127.0.0.1"), ("socks5h", "api.internal.example")])
async def test_an_api_server_is_asked_through_it(tmp_path: Path, scheme: str, host: str) -> None:
    async with serve() as server, proxy() as socks:
        url = f"{scheme}://me:{PASSWORD}@127.0.0.1:{socks.port}"
        # A name that only the proxy could know is handed to it as it is.
        path = kubeconfig(tmp_path / "kubeconfig", f"http://{host}:{server.port}", url, server.token)
        config = ClusterConfig(name="east", kubeconfig_path=path, poll_interval=timedelta(seconds=5))
        async with component.open(config) as collector:
            await collector.probe()
            assert PASSWORD not in repr(collector)
        assert set(socks.asked) == {(host, server.port)}
        assert set(socks.names) == {"me"}


def test_without_the_package_it_needs_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    path = kubeconfig(tmp_path / "kubeconfig", "https://h", f"socks5://me:{PASSWORD}@h:1080", "t")
    with pytest.raises(Permanent) as caught:
        read_access(path, None)
    assert "needs the package socksio. Install kronveil[socks]" in str(caught.value)
    assert PASSWORD not in str(caught.value)
