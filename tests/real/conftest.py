"""Two real clusters for all tests of this folder, and their logs beside any failure."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from . import scenes
from .processes import STARTED
from .running_agent import RunningAgent, entry
from .servers import KubeCluster, clusters_on_one_etcd

REGIONS = {"us-east-real": "us-east-1", "eu-west-real": "eu-west-1"}


@pytest.fixture(scope="session")
async def two_clusters(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[tuple[KubeCluster, KubeCluster]]:
    """us-east-real and eu-west-real, empty of nodes at first, shared by all tests: each uses a namespace of its own."""
    async with clusters_on_one_etcd(tmp_path_factory.mktemp("servers"), REGIONS) as clusters:
        yield clusters["us-east-real"], clusters["eu-west-real"]


@pytest.fixture(scope="session")
async def clusters(two_clusters: tuple[KubeCluster, KubeCluster]) -> tuple[KubeCluster, KubeCluster]:
    """Both clusters with two nodes and a namespace for the agent's tests."""
    for cluster in two_clusters:
        await scenes.make_nodes(cluster.api, ["agent-1", "agent-2"], region=cluster.region)
        await scenes.make_namespace(cluster.api, scenes.SPACE)
    return two_clusters


@pytest.fixture
async def agent(clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path) -> AsyncIterator[RunningAgent]:
    """An agent that reads both clusters with read-only rights and has listed both."""
    async with RunningAgent(tmp_path, [entry(cluster, tmp_path) for cluster in clusters]) as running:
        for cluster in clusters:
            await running.becomes(cluster.name, "live")
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of each server's log with a failed test."""
    report = yield
    if report.failed:
        for process in STARTED:
            state = "running" if process.is_running else "NOT RUNNING"
            lines = 40 if process.name == "kronveil" else 4  # the servers are rarely the reason
            report.sections.append((f"{process.name} ({state}), {process.log}", process.log_tail(lines)))
    return report
