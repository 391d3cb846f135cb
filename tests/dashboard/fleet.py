"""What a test of the console stands on: the lab's clusters, and an agent in its own process that watches them."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx2
from ruamel.yaml import YAML

from kronveil.lab import Lab
from tests.real.processes import ServerProcess
from tests.real.waiting import eventually

GOOD = "ghcr.io/example/cart:1.0.0"
BAD = "ghcr.io/example/cart:9.9.9"
CLOSED = dict.fromkeys(("grpc", "otlp_grpc", "otlp_http", "debug"))


class ConsoleAgent:
    """`kronveil up -c FILE` on one data folder; after a kill it starts again on the same ports."""

    def __init__(
        self,
        folder: Path,
        *,
        kubeconfig: Path | None = None,
        clusters: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        may_write: bool = False,
        **more: Any,
    ) -> None:
        self.folder = folder
        self._environment = environment
        write: dict[str, Any] = {"write": {}} if may_write else {}
        self._clusters: list[dict[str, Any]] = [
            {"name": name, "kubeconfig_path": str(kubeconfig), "context": name, **write} for name in clusters
        ]
        self._more = more
        self._config = folder / "kronveil.yaml"
        self._ports = folder / "data" / "ports.json"
        self._listen = {"api": 0, "dashboard": 0, "prometheus": 0, "health": 0}
        command = [str(Path(sys.executable).with_name("kronveil")), "up", "-c", str(self._config)]
        self.process = ServerProcess("kronveil", command, folder)

    @property
    def url(self) -> str:
        """Where the console is, on the port of its own."""
        return f"http://127.0.0.1:{self._listen['dashboard']}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.process.stop()

    async def start(self) -> None:
        """Start it and wait for its ports; the first start lets the kernel choose them."""
        self._write_config()
        self._ports.unlink(missing_ok=True)
        self.process.start(self._environment)

        async def ports() -> dict[str, Any] | None:
            self.process.ensure_alive()
            return json.loads(self._ports.read_text()) if self._ports.exists() else None

        chosen = await eventually(ports, "the agent wrote its ports", within_s=30)
        assert chosen is not None
        self._listen = {name: chosen[name] for name in self._listen}

    async def incidents(self) -> list[dict[str, Any]]:
        """Every incident the agent knows."""
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False) as http:
            answer = await http.get("/api/v1/incidents", params={"limit": "500"})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    async def all_heard(self) -> None:
        """Wait until every cluster is live: what is changed from now on, the agent sees as a change."""

        async def live() -> bool:
            async with httpx2.AsyncClient(base_url=self.url, trust_env=False) as http:
                answer = await http.get("/api/v1/fleet")
            counts = answer.raise_for_status().json()["clusters"]
            return bool(counts["live"] == counts["total"] == len(self._clusters))

        await eventually(live, "every cluster is live", within_s=30)

    def _write_config(self) -> None:
        times = {"poll_interval": "500ms", "stale_after": "3s", "unreachable_after": "6s"}
        with self._config.open("w") as file:
            YAML().dump(
                {
                    "agent": {"data_dir": str(self.folder / "data")},
                    "listen": {**self._listen, **CLOSED},
                    "collectors": {"kubernetes": {**times, "clusters": self._clusters}} if self._clusters else {},
                    "incidents": {"resolve_after": "2s"},
                    **self._more,
                },
                file,
            )


async def set_image(lab: Lab, cluster: str, app: str, image: str) -> None:
    """Release another image of an app in the shop, as a pipeline would: by a patch of the deployment."""
    here = lab.clusters[cluster]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": app, "image": image}]}}}}
    headers = {"Content-Type": "application/strategic-merge-patch+json", "Authorization": f"Bearer {here.token}"}
    async with httpx2.AsyncClient(base_url=here.url, headers=headers, trust_env=False) as http:
        answer = await http.patch(f"/apis/apps/v1/namespaces/shop/deployments/{app}", json=patch)
    answer.raise_for_status()
