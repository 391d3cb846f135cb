"""The Kubernetes collector keeps every promise of the contract, against a cluster of the lab."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.lab import App, ClusterPlan, Story, open_lab
from kronveil.sdk.contracts import Collector
from kronveil.sdk.testing.collector import CollectorContract
from tests.collectors.lab_source import LabSource

APP = App("shop", "checkout", image="registry.example/checkout:1", replicas=3)
QUIET = Story("quiet", "Nothing happens", "", (ClusterPlan("east", "eu-central-1", apps=(APP,)),))


@pytest.mark.anyio
class TestKubernetesCollectorOnLab(CollectorContract):
    component = component

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def source(self) -> AsyncIterator[LabSource]:
        async with open_lab(QUIET) as lab:
            cluster = next(iter(lab.clusters.values()))
            yield LabSource(lab, cluster, self.folder / "kubeconfig")

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        return component.open(
            ClusterConfig(
                name=source.cluster.name,
                kubeconfig_path=source.kubeconfig,
                context=source.cluster.name,
                poll_interval=timedelta(milliseconds=300),
            )
        )
