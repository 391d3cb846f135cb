"""The Kubernetes collector keeps every promise of the contract against a real API server: the lab is honest."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio.abc
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.sdk.contracts import Collector
from kronveil.sdk.testing.collector import CollectorContract

from .gate import Gate, gate_to
from .kubeconfig import write_kubeconfig
from .servers import TOKENS, KubeCluster


class RealSource:
    """See ``FakeSource``. Its objects are pods bound to a node that does not exist, so that nobody else tends them.

    The moods are made by a gate in front of the API server; a refused token by writing another into the token file.
    """

    sent = None

    def __init__(self, cluster: KubeCluster, gate: Gate, tasks: anyio.abc.TaskGroup, folder: Path, space: str) -> None:
        self.secret = TOKENS["viewer"][0]
        self.kubeconfig = folder / "kubeconfig"
        self.space = space
        self._cluster = cluster
        self._gate = gate
        self._tasks = tasks
        self._token_file = folder / "token"
        self._changes = 0
        access = cluster.access("viewer", token_file=self._token_file)
        write_kubeconfig(self.kubeconfig, [replace(access, server=f"https://127.0.0.1:{gate.port}")])

    async def add(self, name: str) -> None:
        container = {"name": "checkout", "image": "registry.example/checkout:2.31.0"}
        await self._cluster.api.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.space},
                "spec": {"nodeName": "nowhere", "containers": [container]},
            }
        )
        await self._wait_for("ImagePullBackOff", name)

    async def change(self, name: str) -> None:
        self._changes += 1
        await self._wait_for(f"Reason{self._changes}", name)

    async def _wait_for(self, reason: str, name: str) -> None:
        container = {
            "name": "checkout",
            "image": "registry.example/checkout:2.31.0",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": reason, "message": "Back-off pulling image"}},
        }
        status = {"phase": "Pending", "containerStatuses": [container]}
        await self._cluster.api.patch_status("Pod", name, status, self.space)

    async def touch(self, name: str) -> None:
        self._changes += 1
        annotations = {"touched": str(self._changes)}
        await self._cluster.api.patch("Pod", name, {"metadata": {"annotations": annotations}}, self.space)

    async def remove(self, name: str) -> None:
        await self._cluster.api.delete("Pod", name, self.space)

    async def answer(self) -> None:
        self._gate.pass_on()
        self._token_file.write_text(self.secret)
        await self._gate.open(self._tasks)

    async def go_down(self) -> None:
        await self._gate.shut()

    async def hang(self) -> None:
        self._gate.hang()

    async def refuse_credentials(self) -> None:
        self._token_file.write_text("a-token-nobody-knows")
        self._gate.cut()

    async def break_stream(self) -> None:
        self._gate.cut()


@pytest.mark.anyio
class TestKubernetesCollectorOnRealServer(CollectorContract):
    component = component
    is_streaming = True

    @pytest.fixture(autouse=True)
    def _given(self, tmp_path: Path, two_clusters: tuple[KubeCluster, KubeCluster]) -> None:
        self.folder = tmp_path
        self.cluster = two_clusters[0]

    @asynccontextmanager
    async def source(self) -> AsyncIterator[RealSource]:
        space = f"contract-{self.folder.name.replace('_', '-')[-40:].strip('-')}"
        await self.cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        try:
            async with gate_to(urlsplit(self.cluster.url).port or 0) as (gate, tasks):
                yield RealSource(self.cluster, gate, tasks, self.folder, space)
        finally:
            await self.cluster.api.delete("Namespace", space)

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        return component.open(
            ClusterConfig(
                name=self.cluster.name,
                kubeconfig_path=source.kubeconfig,
                namespaces=(source.space,),  # the namespaces of other tests are still being emptied
                poll_interval=timedelta(milliseconds=500),
                streaming_lists=self.is_streaming,
            )
        )


class TestInPagesOnRealServer(TestKubernetesCollectorOnRealServer):
    """The way of older servers, which newer ones keep."""

    is_streaming = False
