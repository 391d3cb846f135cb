"""The Kubernetes collector keeps every promise of the contract, against a scripted API server."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.sdk.contracts import Collector
from kronveil.sdk.testing.collector import CollectorContract
from tests.collectors.scripted_server import serve
from tests.collectors.scripted_source import SECRET, ScriptedSource


@pytest.mark.anyio
class TestKubernetesCollector(CollectorContract):
    component = component

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def source(self) -> AsyncIterator[ScriptedSource]:
        async with serve(SECRET) as server:
            yield ScriptedSource(server, server.write_kubeconfig(self.folder / "kubeconfig"))

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        config = ClusterConfig(
            name="scripted", kubeconfig_path=source.kubeconfig, poll_interval=timedelta(milliseconds=300)
        )
        return component.open(config)
