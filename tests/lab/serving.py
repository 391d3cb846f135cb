"""A lab on virtual time with its servers up, and a client for its first cluster."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2

from kronveil.lab import Lab, LabCluster, Story, VirtualClock, open_lab
from tests.lab.living import story

PODS = "/api/v1/namespaces/shop/pods"
DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/api"
MERGE = {"content-type": "application/merge-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}


@dataclass(frozen=True)
class Served:
    """What a test of the API needs."""

    lab: Lab
    cluster: LabCluster
    http: httpx2.AsyncClient

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET that must succeed."""
        response = await self.http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def version(self, path: str = PODS) -> str:
        """The version a list of now shows."""
        return str((await self.get(path, limit=1))["metadata"]["resourceVersion"])

    async def set_image(self, image: str) -> None:
        """Patch the app's image, as kubectl does."""
        container = {"name": "api", "image": image}
        patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
        response = await self.http.patch(DEPLOYMENT, json=patch, headers=STRATEGIC)
        assert response.status_code == 200, response.text


@asynccontextmanager
async def served(told: Story | None = None, **options: Any) -> AsyncIterator[Served]:
    async with open_lab(told or story(), clock=VirtualClock(), **options) as lab:
        cluster = next(iter(lab.clusters.values()))
        async with client_of(cluster) as http:
            yield Served(lab, cluster, http)


def client_of(cluster: LabCluster, **options: Any) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {cluster.token}"}
    return httpx2.AsyncClient(base_url=cluster.url, headers=headers, timeout=10, **options)


@asynccontextmanager
async def watching(http: httpx2.AsyncClient, path: str, **query: Any) -> AsyncIterator["Frames"]:
    async with http.stream("GET", path, params={"watch": 1, **query}) as response:
        yield Frames(response)


class Frames:
    """The frames of an open watch, one after another."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Any:
        """The next frame, within a few seconds."""
        with anyio.fail_after(30):
            return json.loads(await anext(self._lines))

    async def take(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]

    async def until_end(self) -> list[Any]:
        """Every frame until the server ends the watch."""
        with anyio.fail_after(30):
            return [json.loads(line) async for line in self._lines]
