"""An agent under test, in this process or in one of its own, looked at only through its public surface."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Self

import anyio
import httpx2
from websockets.asyncio.client import ClientConnection, connect

from kronveil.app import running
from kronveil.config import load
from tests.real.processes import ServerDiedError, ServerProcess
from tests.real.waiting import eventually

KRONVEIL = str(Path(sys.executable).with_name("kronveil"))
QUICK = {"poll_interval": "300ms", "stale_after": "1500ms", "unreachable_after": "4s"}
NEEDS_SOMEBODY = {"open", "acknowledged", "mitigated"}
Found = dict[str, Any]


def configured(
    folder: Path,
    clusters: Iterable[str | Found] = (),
    *,
    kubernetes: Mapping[str, Any] | None = None,
    incidents: Mapping[str, Any] | None = None,
    **sections: Any,
) -> Path:
    """Write a configuration with short times; a cluster given by name is a context of ``folder/kubeconfig``."""
    entries = [
        {"name": each, "kubeconfig_path": str(folder / "kubeconfig"), "context": each}
        if isinstance(each, str)
        else each
        for each in clusters
    ]
    text = {
        "agent": {"data_dir": str(folder / "data"), "log_level": "warning"},
        "listen": {"api": 0, "dashboard": None, "prometheus": None, "health": None},
        "collectors": {"kubernetes": {**QUICK, **(kubernetes or {}), "clusters": entries}},
        "incidents": {"resolve_after": "1s", **(incidents or {})},
        **sections,
    }
    file = folder / "kronveil.yaml"
    file.write_text(json.dumps(text, indent=1), encoding="utf-8")  # JSON is YAML
    return file


@dataclass
class Agent:
    """A running agent, asked over REST, its WebSocket and the command line."""

    url: str
    http: httpx2.AsyncClient

    async def get(self, path: str, **parameters: str) -> Found:
        """The body of an answer that must be good."""
        answer = await self.http.get(f"/{path}", params=parameters)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:500]}"
        body: Found = answer.json()
        return body

    async def health(self) -> Found:
        """Its health; an unhealthy agent answers too, with 503."""
        body: Found = (await self.http.get("/health")).json()
        return body

    async def fleet(self) -> Found:
        return await self.get("fleet")

    async def cluster(self, name: str) -> Found:
        return await self.get(f"clusters/{name}")

    async def everything(self, path: str, **parameters: str) -> list[Found]:
        """All items of a list, over all its pages."""
        items: list[Found] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, limit="500", **parameters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def incidents(self, family: str | None = None, cluster: str | None = None) -> list[Found]:
        """All incidents ever, newest first; of a family and of a cluster, where these are named."""
        found = await self.everything("incidents", **({"cluster": cluster} if cluster else {}))
        return [each for each in found if family in (None, each["family"])]

    async def the_incident(self, family: str, cluster: str | None, *statuses: str, within_s: float = 60) -> Found:
        """Wait until the one incident of a family in a cluster (in all of them: None) has one of these statuses.

        Two of one family and cluster are never right in these tests.
        """

        async def is_so() -> Found | None:
            found = await self.incidents(family, cluster)
            assert len(found) <= 1, found
            return found[0] if found and found[0]["status"] in statuses else None

        found = await eventually(
            is_so, f"the {family} incident of {cluster or 'the fleet'} is {statuses}", within_s=within_s
        )
        assert found is not None
        return found

    async def becomes(self, cluster: str, *states: str, within_s: float = 60) -> Found:
        """Wait until a cluster is in one of these states."""

        async def is_so() -> Found | None:
            found = await self.cluster(cluster)
            return found if found["state"] in states else None

        try:
            found = await eventually(is_so, f"{cluster} becomes {states}", within_s=within_s, every_s=0.05)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {await self.cluster(cluster)}") from None
        assert found is not None
        return found

    async def all_live(self, *clusters: str, within_s: float = 60) -> None:
        """Wait until these clusters are live."""
        for cluster in clusters:
            await self.becomes(cluster, "live", within_s=within_s)

    async def has_event(self, text: str, within_s: float = 60, **parameters: str) -> Found:
        """Wait for an event whose message contains this text."""

        async def is_there() -> Found | None:
            found = await self.everything("events", **parameters)
            return next((each for each in found if text in each["message"]), None)

        found = await eventually(is_there, f"an event says {text!r}", within_s=within_s)
        assert found is not None
        return found

    @asynccontextmanager
    async def stream(self, query: str = "") -> AsyncIterator[ClientConnection]:
        """Its live stream."""
        address = self.url.replace("http://", "ws://")
        async with connect(
            f"{address}/api/v1/ws/events{query}", max_size=None, max_queue=None, proxy=None, open_timeout=60
        ) as connection:
            yield connection

    async def cli(self, *words: str) -> CompletedProcess[bytes]:
        """A client command, asked of this agent."""
        return await command(*words, KRONVEIL_URL=self.url)


async def frame_of(connection: ClientConnection, *types: str, within_s: float = 60) -> Found:
    """The next frame of one of these types."""
    with anyio.fail_after(within_s):
        while True:
            frame: Found = json.loads(await connection.recv())
            if frame["type"] in types:
                return frame


async def incident_frame(connection: ClientConnection, family: str, *statuses: str, within_s: float = 60) -> Found:
    """The next frame about an incident of a family in one of these statuses."""
    with anyio.fail_after(within_s):
        while True:
            frame = await frame_of(connection, "incident", within_s=within_s)
            if frame["data"]["family"] == family and frame["data"]["status"] in statuses:
                return frame


async def command(*words: str, **environment: str) -> CompletedProcess[bytes]:
    """Run `kronveil`, and whatever it answers."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KRONVEIL")}
    with anyio.fail_after(90):
        return await anyio.run_process([KRONVEIL, *words], check=False, env={**ours, **environment})


@asynccontextmanager
async def agent_in_process(file: Path) -> AsyncIterator[Agent]:
    """The agent of a configuration, in this process: the quick way."""
    config = load(file, {"HOME": str(file.parent)})
    async with running(config) as listeners, _asked(listeners[0].url) as agent:
        yield agent


@asynccontextmanager
async def _asked(url: str) -> AsyncIterator[Agent]:
    async with httpx2.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=20) as http:
        yield Agent(url, http)


class AgentProcess:
    """`kronveil up -c FILE` in a process of its own, which may be killed and started again."""

    def __init__(self, file: Path) -> None:
        self.folder = file.parent
        self._ports = self.folder / "data" / "ports.json"
        self.process = ServerProcess("kronveil", [KRONVEIL, "up", "-c", str(file)], self.folder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.process.kill()

    @asynccontextmanager
    async def started(self) -> AsyncIterator[Agent]:
        """Start it and ask it; leaving the block leaves it running."""
        self._ports.unlink(missing_ok=True)
        self.process.start()

        async def ports() -> Found | None:
            self.process.ensure_alive()
            return json.loads(self._ports.read_text()) if self._ports.exists() else None

        try:
            chosen = await eventually(ports, "the agent wrote its ports", within_s=120, every_s=0.02)
        except ServerDiedError:
            raise
        except AssertionError as late:
            raise AssertionError(f"{late}; its log ends with:\n{self.process.log_tail(40)}") from None
        assert chosen is not None
        async with _asked(f"http://127.0.0.1:{chosen['api']}") as agent:
            try:
                yield agent
            except httpx2.TransportError:
                if self.process._process is not None:
                    # An agent that broke off has most likely ended: then its exit code and its log say why.
                    await anyio.sleep(0.5)
                    self.process.ensure_alive()
                raise

    async def ended(self, within_s: float) -> int:
        """Its exit code, once it has ended by itself."""
        assert self.process._process is not None
        running = self.process._process

        async def code() -> tuple[int] | None:
            return None if running.poll() is None else (running.returncode,)

        found = await eventually(code, "the agent ended", within_s=within_s, every_s=0.02)
        assert found is not None
        return found[0]
