"""A whole fleet for a stage: canned API servers and an agent that watches them, each in a process of its own."""

import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx2
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from kronveil.bench.bytecode import environment

READY_WITHIN_S = 120
CONFIGURATION = """\
agent: {{data_dir: {folder}/state, log_level: error}}
listen: {{api: 0, dashboard: 0, grpc: 0, otlp_grpc: 0, otlp_http: 0, prometheus: 0, health: 0, debug: 0}}
api: {{auth: required, bootstrap_token: {token}}}
collectors:
  kubernetes:
    metrics_interval: {metrics_interval_s}s
    clusters: [{clusters}]
"""
TOKEN = "a-token-of-the-bench-and-of-nothing-else"  # noqa: S105 - opens nothing but its own agent


@dataclass(frozen=True, slots=True)
class Cost:
    """What the agent's process used so far, and how late its event loop was each time since ``begin``."""

    cpu_s: float
    rss_kib: int
    peak_kib: int
    late_ms: Sequence[float]


class Canned:
    """The API servers."""

    def __init__(self, port: int, client: httpx2.AsyncClient) -> None:
        self.port = port
        self._client = client

    async def expire(self) -> None:
        """End every watch with 410: the whole fleet has to be listed again."""
        await self._ask("expire")

    async def tally(self) -> dict[str, int]:
        """Open watches; since the last ``expire`` the pages given and the most lists that were under way at once."""
        return await self._ask("tally")

    async def watched(self, at_least: int) -> None:
        """Return when so many watches are open and no list is missing."""
        with anyio.fail_after(READY_WITHIN_S):
            while (await self._ask("tally"))["watches"] < at_least:  # noqa: ASYNC110 - another process
                await anyio.sleep(0.02)

    async def say(self, **what: float) -> dict[str, int]:
        """Have the watches of pods say something; see ``kronveil.bench.saying``."""
        return await self._ask(f"say?{urlencode(what)}")

    async def _ask(self, what: str) -> dict[str, int]:
        answer = await self._client.get(f"http://127.0.0.1:{self.port}/control/{what}", timeout=120)
        found: dict[str, int] = answer.json()
        return found


class Subject:
    """The agent's process and its API."""

    def __init__(self, process: Process, client: httpx2.AsyncClient) -> None:
        assert process.stdout is not None  # noqa: S101 - it was opened with pipes
        self.process = process
        self.url = ""
        self._said = BufferedByteReceiveStream(process.stdout)
        self._client = client

    async def ready(self) -> None:
        """Wait until its ports are open."""
        with anyio.fail_after(READY_WITHIN_S):
            self.url = f"http://127.0.0.1:{json.loads(await self._line())['api']}/api/v1"

    async def begin(self) -> Cost:
        """Look at peaks from now on."""
        return await self._asked("begin")

    async def cost(self) -> Cost:
        """What it used."""
        return await self._asked("cost")

    async def get(self, path: str) -> Any:
        """An answer of its API."""
        answer = await self._client.get(f"{self.url}{path}", headers={"authorization": f"Bearer {TOKEN}"}, timeout=60)
        answer.raise_for_status()
        return answer.json()

    async def clusters(self) -> list[dict[str, Any]]:
        """Every member of its fleet."""
        found: list[dict[str, Any]] = (await self.get("/clusters"))["items"]
        return found

    async def settled(self, pods: int) -> list[dict[str, Any]]:
        """Wait until every cluster has that many pods, all is known, and nothing is in flight."""
        with anyio.fail_after(READY_WITHIN_S):
            while True:
                members = await self.clusters()
                if all(_is_settled(one, pods) for one in members):
                    return members
                await anyio.sleep(0.1)

    async def _asked(self, what: str) -> Cost:
        assert self.process.stdin is not None  # noqa: S101 - it was opened with pipes
        await self.process.stdin.send(f"{what}\n".encode())
        return Cost(**json.loads(await self._line()))

    async def _line(self) -> bytes:
        return await self._said.receive_until(b"\n", 1 << 26)


def _is_settled(member: dict[str, Any], pods: int) -> bool:
    return member["pods"] == pods and member["state"] == "live" and not member["books"]["in_flight"]


@asynccontextmanager
async def canned(pods: int, *, measured: bool = False) -> AsyncGenerator[Canned]:
    """API servers with so many pods in each cluster; ``measured``: that say what those use."""
    asked = ["--pods", str(pods), *(["--measured"] if measured else [])]
    async with process("kronveil.bench.canned", *asked) as started, httpx2.AsyncClient() as client:
        assert started.stdout is not None  # noqa: S101 - it was opened with pipes
        line = await BufferedByteReceiveStream(started.stdout).receive_until(b"\n", 100)
        yield Canned(int(line), client)


@asynccontextmanager
async def watching(
    servers: Canned | None, clusters: int, folder: Path | None = None, *, metrics_interval_s: int = 60
) -> AsyncGenerator[Subject]:
    """An agent on the first ``clusters`` of them; with ``folder`` on the state that is kept there."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as made:
        kept = folder or Path(made)
        file = _configured(kept, servers.port if servers else 9, clusters, metrics_interval_s)
        async with process("kronveil.bench.subject", str(file)) as started, httpx2.AsyncClient() as client:
            subject = Subject(started, client)
            await subject.ready()
            yield subject


def _configured(folder: Path, port: int, clusters: int, metrics_interval_s: int) -> Path:
    names = [f"cluster-{number:02d}" for number in range(clusters)]
    kubeconfig = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": f"http://127.0.0.1:{port}/c/{number}"}}
            for number, name in enumerate(names)
        ],
        "users": [{"name": "reader", "user": {"token": "of-the-bench"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "reader"}} for name in names],
    }
    kubeconfig.write_text(json.dumps(config), encoding="utf-8")
    file = folder / "kronveil.yaml"
    each = (f"{{name: {name}, kubeconfig_path: {kubeconfig}, context: {name}}}" for name in names)
    file.write_text(
        CONFIGURATION.format(
            folder=folder, token=TOKEN, clusters=", ".join(each), metrics_interval_s=metrics_interval_s
        ),
        encoding="utf-8",
    )
    return file


@asynccontextmanager
async def process(module: str, *arguments: str) -> AsyncGenerator[Process]:
    """A module of ours, ended with the block."""
    command = [sys.executable, "-m", module, *arguments]
    async with await anyio.open_process(command, stderr=None, env=environment()) as started:
        try:
            yield started
        finally:
            with anyio.CancelScope(shield=True):
                if started.returncode is None:
                    started.kill()
                await started.wait()
