"""The agent as its users run it: `kronveil up -c FILE` in its own process, looked at through its REST interface."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx2
from ruamel.yaml import YAML

from .processes import ServerProcess
from .scenes import SPACE
from .servers import KubeCluster
from .waiting import eventually

Found = dict[str, Any]
# Quick enough that a test sees a cluster go stale and an incident resolve; still three probes to a verdict.
POLL, STALE, UNREACHABLE, RESOLVE = "500ms", "3s", "6s", "3s"


class RunningAgent:
    """One agent on one data folder. Entering starts it; it may be killed and started again inside the block."""

    def __init__(
        self, folder: Path, clusters: Sequence[Found], *, unreachable_after: str = UNREACHABLE, **sections: Found
    ) -> None:
        self.folder = folder
        self._sections = sections
        self._unreachable_after = unreachable_after
        self._config = folder / "kronveil.yaml"
        self._ports = folder / "data" / "ports.json"
        self._write_config(clusters)
        command = [str(Path(sys.executable).with_name("kronveil")), "up", "-c", str(self._config)]
        self.process = ServerProcess("kronveil", command, folder)
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._hang_up()
        await self.process.stop()

    async def start(self) -> None:
        """Start it and wait until its interface answers."""
        # A file of the life before would name ports that nobody listens on.
        self._ports.unlink(missing_ok=True)
        self.process.start()

        async def ports() -> Found | None:
            self.process.ensure_alive()
            return json.loads(self._ports.read_text()) if self._ports.exists() else None

        chosen = await eventually(ports, "the agent wrote its ports", within_s=60)
        assert chosen is not None
        self._http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{chosen['api']}/api/v1", trust_env=False)

    async def kill(self) -> None:
        """`kill -9`: no goodbye, nothing flushed."""
        await self._hang_up()
        await self.process.kill()

    async def get(self, path: str, **parameters: str) -> Any:
        """Body of a GET that must succeed."""
        self.process.ensure_alive()
        assert self._http is not None
        answer = await self._http.get(f"/{path}", params=parameters)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    async def post(self, path: str, body: Found) -> Any:
        """Body of a POST that must succeed."""
        assert self._http is not None
        answer = await self._http.post(f"/{path}", json=body)
        assert answer.status_code < 300, f"POST {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    async def incidents_in(self, namespace: str) -> list[Found]:
        """Every incident, open or not, of the objects of a namespace."""
        items: list[Found] = (await self.get("incidents", limit="500"))["items"]
        return [item for item in items if item["resource"]["namespace"] == namespace]

    async def incidents(self, resource: str) -> list[Found]:
        """Every incident, open or not, of the object of this name, in the agent's test namespace or in none.

        The wider one over several clusters is not among them.
        """
        items: list[Found] = (await self.get("incidents", limit="500"))["items"]
        wanted = [(resource, SPACE), (resource, None)]
        return [
            item
            for item in items
            if (item["resource"]["name"], item["resource"]["namespace"]) in wanted and not item["children"]
        ]

    async def events(self, *, message: str, **parameters: str) -> list[Found]:
        """Events whose message contains this text, over all pages."""
        found: list[Found] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self.get("events", limit="500", **parameters, **({"cursor": cursor} if cursor else {}))
            found += [event for event in page["items"] if message in event["message"]]
            cursor = page["next_cursor"]
        return found

    async def cluster(self, name: str) -> Found:
        found: Found = await self.get(f"clusters/{name}")
        return found

    async def relists(self, name: str) -> int:
        """How many complete lists were taken again of a cluster since the agent started."""
        rows: list[Found] = (await self.get("collectors"))["items"]
        return next(int(row["relists"]) for row in rows if row["source"] == name)

    async def counts_right(self, cluster: KubeCluster) -> bool:
        """Whether the totals of a cluster are what its API server itself lists."""
        row = await self.cluster(cluster.name)
        listed = [len(await cluster.api.list(kind)) for kind in ("Pod", "Node")]
        return [row["pods"], row["nodes"]] == listed

    async def becomes(self, name: str, *states: str, within_s: float = 60) -> Found:
        """Wait until a cluster is in one of these states, and give its row."""

        row: Found = {}

        async def is_so() -> bool:
            row.update(await self.cluster(name))
            return row["state"] in states

        try:
            await eventually(is_so, f"cluster {name} becomes {' or '.join(states)}", within_s=within_s)
        except AssertionError as error:
            error.add_note(f"It is: {row}")
            raise
        return row

    async def incident(self, resource: str, *, family: str, status: str = "open", within_s: float = 60) -> Found:
        """Wait for the incident of an object and family to have this status; there must never be two."""

        async def is_so() -> Found | None:
            found = [item for item in await self.incidents(resource) if item["family"] == family]
            assert len(found) <= 1, found
            return found[0] if found and found[0]["status"] == status else None

        found = await eventually(is_so, f"{family} incident of {resource} is {status}", within_s=within_s)
        assert found is not None
        return found

    async def _hang_up(self) -> None:
        if self._http:
            await self._http.aclose()
        self._http = None

    def _write_config(self, clusters: Sequence[Found]) -> None:
        closed = dict.fromkeys(("grpc", "otlp_grpc", "otlp_http", "prometheus", "debug"))
        times = {"poll_interval": POLL, "stale_after": STALE, "unreachable_after": self._unreachable_after}
        with self._config.open("w") as file:
            YAML().dump(
                {
                    "agent": {"name": "kronveil-real", "data_dir": str(self.folder / "data")},
                    "listen": {"host": "127.0.0.1", "api": 0, "dashboard": 0, "health": 0, **closed},
                    "collectors": {"kubernetes": {**times, "clusters": list(clusters)}},
                    "incidents": {"resolve_after": RESOLVE, "reopen_within": "15m"},
                    **self._sections,
                },
                file,
            )


def balance(row: Found) -> int:
    """What the books of a cluster leave unexplained: zero, always."""
    books = row["books"]
    explained = books["delivered"] + books["merged"] + sum(books["dropped"].values()) + books["in_flight"]
    return int(books["received"] - explained)


def entry(cluster: KubeCluster, folder: Path, user: str = "viewer", **keys: Any) -> Found:
    """The configuration of one cluster, read as a user who may only read unless another one is named."""
    kubeconfig = cluster.write_kubeconfig(folder / f"{cluster.name}.kubeconfig", user)
    return {"name": cluster.name, "kubeconfig_path": str(kubeconfig), "context": cluster.name, **keys}
