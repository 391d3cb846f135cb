"""Two real clusters for all tests of this folder, and their logs beside any failure."""

from collections.abc import AsyncIterator, Generator

import pytest

from .servers import KubeCluster, clusters_on_one_etcd

REGIONS = {"us-east-real": "us-east-1", "eu-west-real": "eu-west-1"}
_running: dict[str, KubeCluster] = {}


@pytest.fixture(scope="session")
async def two_clusters(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[tuple[KubeCluster, KubeCluster]]:
    """us-east-real and eu-west-real, empty of nodes at first, shared by all tests: each uses a namespace of its own."""
    async with clusters_on_one_etcd(tmp_path_factory.mktemp("servers"), REGIONS) as clusters:
        _running.update(clusters)
        yield clusters["us-east-real"], clusters["eu-west-real"]
        _running.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of each server's log with a failed test."""
    report = yield
    if report.failed:
        for cluster in _running.values():
            for process in cluster.processes.values():
                state = "running" if process.is_running else "NOT RUNNING"
                report.sections.append((f"{cluster.name}/{process.name}, {state}", process.log_tail(12)))
    return report
