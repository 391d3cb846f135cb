"""What the tests do to the lab's clusters: always through the clusters' own API, as a pipeline or a person would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx2

from kronveil.lab import Lab, LabCluster, load_story, open_lab
from kronveil.lab.images import WELL_BEHAVED
from kronveil.lab.kinds import DEPLOYMENT, EVENT, NODE, POD

STORY = Path(__file__).with_name("three-clusters.yaml")
GOOD, BAD = "ghcr.io/example/cart:1.0.0", "ghcr.io/example/cart:9.9.9"
SOUND, LEAKY = "ghcr.io/example/search:2.0.0", "ghcr.io/example/search:2.1.0"


@asynccontextmanager
async def quiet_lab(*, speed: float = 10, tls: bool = False, seed: int = 1) -> AsyncIterator[Lab]:
    """Three clusters, alpha, beta and gamma, in which nothing happens by itself."""
    async with open_lab(load_story(STORY), speed=speed, tls=tls, seed=seed) as lab:
        yield lab


async def release(cluster: LabCluster, app: str, image: str, *, namespace: str = "shop") -> None:
    """Release another image of a deployment."""
    await _set_container(cluster, namespace, app, {"image": image})


async def ask_for(cluster: LabCluster, app: str, cpu: str) -> None:
    """Let the containers of a deployment of the shop ask for so much processor."""
    await _set_container(cluster, "shop", app, {"resources": {"requests": {"cpu": cpu}}})


async def scale(cluster: LabCluster, app: str, replicas: int) -> None:
    """Give a deployment of the shop another number of replicas."""
    await _patch(cluster, f"/apis/apps/v1/namespaces/shop/deployments/{app}", {"spec": {"replicas": replicas}})


def hunger(cluster: LabCluster, image: str, memory_mi: float, *, grows_for_s: float = 1.5) -> None:
    """Let what runs an image need so much memory from now on, though nobody changed anything: more data, more load.

    It is killed before it gets ready, so that no reading of a busy machine takes it for well in between.
    """
    cluster.simulation.set_behaviour(image, replace(WELL_BEHAVED, memory_mi=memory_mi, grows_for_s=grows_for_s))


async def label(cluster: LabCluster, pod: str, value: str) -> None:
    """Give a pod of the shop a label, so that it becomes another version of itself."""
    await _patch(cluster, f"/api/v1/namespaces/shop/pods/{pod}", {"metadata": {"labels": {"touched": value}}})


async def warn(cluster: LabCluster, name: str, message: str, *, reason: str = "Unhealthy", of: str = "") -> None:
    """Record a Warning event about an object of the shop, as a component of the cluster would."""
    body = warning(name, message, reason=reason, of=of)
    async with _http(cluster) as http:
        answer = await http.post("/api/v1/namespaces/shop/events", json=body)
    answer.raise_for_status()


def warning(name: str, message: str, *, reason: str = "Unhealthy", of: str = "") -> dict[str, Any]:
    """The body of a Warning event."""
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": "shop", "name": of or name, "uid": ""},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 1,
        "source": {"component": "kubelet"},
    }


@asynccontextmanager
async def busy(*clusters: LabCluster, every_s: float = 0.02) -> AsyncIterator[None]:
    """A load of distinct Warning events in these clusters, for as long as the block lasts."""
    async with anyio.create_task_group() as tasks:
        for cluster in clusters:
            tasks.start_soon(_warn_for_ever, cluster, every_s)
        yield
        tasks.cancel_scope.cancel()


async def _warn_for_ever(cluster: LabCluster, every_s: float) -> None:
    """What the cluster did not take is recorded again."""
    number = 0
    async with _http(cluster) as http:
        while True:
            body = warning(f"load-{number}", f"probe {number} failed", of=f"pod-{number}")
            with suppress(httpx2.HTTPError), anyio.move_on_after(2):
                answer = await http.post("/api/v1/namespaces/shop/events", json=body)
                # 409: it was taken, and only the answer was lost.
                number += answer.status_code in (201, 409)
            await anyio.sleep(every_s)


def pods(cluster: LabCluster) -> int:
    """How many pods the cluster really has."""
    return len(cluster.world.list(POD))


def nodes(cluster: LabCluster) -> int:
    """How many nodes the cluster really has."""
    return len(cluster.world.list(NODE))


def is_settled(cluster: LabCluster) -> bool:
    """Whether every pod that is wanted is there and ready, and no other."""
    wanted = sum(each.obj["spec"]["replicas"] for each in cluster.world.list(DEPLOYMENT))
    ready = sum(each.obj["status"].get("readyReplicas", 0) for each in cluster.world.list(DEPLOYMENT))
    return wanted == ready == pods(cluster)


def warnings_of(cluster: LabCluster) -> list[dict[str, Any]]:
    """The Warning events that the cluster holds."""
    return [each.obj for each in cluster.world.list(EVENT) if each.obj.get("type") == "Warning"]


def waiting_pods(cluster: LabCluster, app: str) -> list[dict[str, Any]]:
    """The pods of an app with a container that waits because of its image."""
    found = []
    for each in cluster.world.list(POD, "shop"):
        states = [one.get("state", {}) for one in each.obj["status"].get("containerStatuses", [])]
        reasons = {state.get("waiting", {}).get("reason") for state in states}
        if each.key[1].startswith(app) and reasons & {"ErrImagePull", "ImagePullBackOff"}:
            found.append(each.obj)
    return found


async def _set_container(cluster: LabCluster, namespace: str, app: str, change: dict[str, Any]) -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"name": app, **change}]}}}}
    await _patch(cluster, f"/apis/apps/v1/namespaces/{namespace}/deployments/{app}", patch)


async def _patch(cluster: LabCluster, path: str, patch: dict[str, Any]) -> None:
    async with _http(cluster) as http:
        answer = await http.patch(path, json=patch)
    answer.raise_for_status()


def _http(cluster: LabCluster) -> httpx2.AsyncClient:
    headers = {"Content-Type": "application/strategic-merge-patch+json", "Authorization": f"Bearer {cluster.token}"}
    return httpx2.AsyncClient(base_url=cluster.url, headers=headers, trust_env=False, timeout=20)
