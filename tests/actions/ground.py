"""Where an action on a cluster is tried: an API server, simulated or real, with a namespace that is the test's own."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2

from kronveil.actions.kubernetes_kinds import list_path, path_to
from kronveil.actions.kubernetes_object import ACTED
from kronveil.collectors.kubernetes.config import ClusterConfig, WriteAccess
from kronveil.collectors.kubernetes.doors import KubernetesDoors
from kronveil.lab import ClusterPlan, LabCluster, Story, open_lab
from kronveil.model.execution import Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import Means
from kronveil.sdk.testing.actions import ActionWorld, Case
from kronveil.sdk.testing.doors import WatchedDoors

_VOLATILE = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid")
_OF_CONTROLLERS = (ACTED, "deployment.kubernetes.io/revision", "batch.kubernetes.io/job-tracking")
MERGE = {"content-type": "application/merge-patch+json"}
LATE_S = 40.0
Object = dict[str, Any]


@dataclass
class Ground:
    """An API server with the rights of an administrator, and the doors that actions use."""

    name: str
    http: httpx2.AsyncClient
    doors: KubernetesDoors
    space: str = "shop"
    lab: LabCluster | None = None
    made_nodes: list[str] = field(default_factory=list)

    def target(self, kind: str, name: str) -> Target:
        return Target("uid", self.name, Resource(kind, name, None if kind == "Node" else self.space))

    async def get(self, kind: str, name: str) -> Object:
        return _good(await self.http.get(path_to(self.target(kind, name).resource)))

    async def find(self, resource: Resource) -> Object | None:
        answer = await self.http.get(path_to(resource))
        return None if answer.status_code == 404 else _good(answer)

    async def list(self, kind: str) -> list[Object]:
        found: list[Object] = _good(await self.http.get(list_path(kind, self.space)))["items"]
        return found

    async def create(self, kind: str, obj: Object) -> Object:
        return _good(await self.http.post(list_path(kind, None if kind == "Node" else self.space), json=obj))

    async def patch(self, kind: str, name: str, body: Object) -> Object:
        path = path_to(self.target(kind, name).resource)
        return _good(await self.http.patch(path, content=json.dumps(body), headers=MERGE))

    async def delete(self, kind: str, name: str) -> None:
        path = path_to(self.target(kind, name).resource)
        body = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
        _good(await self.http.request("DELETE", path, json=body))

    async def until(self, is_so: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Wait for something that a controller does."""
        with anyio.move_on_after(LATE_S):
            while True:
                if found := await is_so():
                    return found
                await anyio.sleep(0.05)
        raise AssertionError(f"never: {what}")


@dataclass
class Scene:
    """What stands on the ground: what is to be done, what must be refused, what is looked at, what somebody changes.

    ``watched`` are objects whose fields are compared, ``standing`` those of which only the presence is.
    """

    case: Case
    refused: Sequence[Case] = ()
    watched: Sequence[Resource] = ()
    standing: Sequence[Resource] = ()
    change: Callable[[], Awaitable[str]] | None = None


class ClusterWorld:
    """``ActionWorld`` on a cluster."""

    secret = "workload-secret-zq7"

    def __init__(self, ground: Ground, scene: Scene) -> None:
        self.ground = ground
        self.scene = scene
        self._doors = WatchedDoors(ground.doors)
        self.means = Means(self._doors)

    @property
    def acts(self) -> int:
        return self._doors.acts

    async def state(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for each in self.scene.watched:
            if obj := await self.ground.find(each):
                found[_named(each)] = _plain(obj)
        for each in self.scene.standing:
            obj = await self.ground.find(each)
            if obj and obj["metadata"]["uid"] == each.uid and "deletionTimestamp" not in obj["metadata"]:
                found[_named(each)] = each.uid
        return found

    def lose_next_answer(self) -> None:
        self._doors.loses_next_answer = True

    def hang_after_next_act(self) -> None:
        self._doors.hangs_after_next_act = True

    async def change_target(self) -> str:
        assert self.scene.change is not None
        return await self.scene.change()


@asynccontextmanager
async def lab_ground(folder: Path) -> AsyncIterator[Ground]:
    """A simulated cluster of two nodes with nothing on them."""
    story = Story("ground", "Ground", "One cluster.", (ClusterPlan("east", "us-east-1", nodes=2),))
    async with open_lab(story, speed=50) as lab:
        lab.write_kubeconfig(folder / "kubeconfig")
        cluster = lab.clusters["east"]
        headers = {"authorization": f"Bearer {cluster.token}"}
        async with httpx2.AsyncClient(base_url=cluster.url, headers=headers, timeout=20, trust_env=False) as http:
            _good(await http.post("/api/v1/namespaces", json={"metadata": {"name": "shop"}}))
            yield Ground("east", http, doors_to("east", folder / "kubeconfig"), lab=cluster)


def doors_to(name: str, kubeconfig: Path) -> KubernetesDoors:
    config = ClusterConfig(name=name, kubeconfig_path=kubeconfig, context=name, write=WriteAccess())
    return KubernetesDoors(lambda: {name: config})


def world_of(ground: Ground, scene: Scene) -> ActionWorld:
    return ClusterWorld(ground, scene)


def _plain(obj: Object) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _VOLATILE}
    annotations = metadata.pop("annotations", None) or {}
    if kept := {name: value for name, value in annotations.items() if name not in _OF_CONTROLLERS}:
        metadata["annotations"] = kept
    spec = obj.get("spec")
    if isinstance(spec, dict):
        spec = {name: value for name, value in spec.items() if name != "taints"}
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata, "spec": spec}


def _named(found: Resource) -> str:
    return f"{found.kind}/{found.namespace}/{found.name}" if found.namespace else f"{found.kind}/{found.name}"


def _good(answer: httpx2.Response) -> Object:
    assert answer.status_code < 300, f"{answer.status_code}: {answer.text[:500]}"
    found: Object = answer.json()
    return found
