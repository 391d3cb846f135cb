"""Measured values through a real API server: not served, forbidden, without a backend, and served.

The objects are those that metrics-server serves, as a custom resource of the same group: list, rights and wire are the
API server's own, only who measures is missing.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .api_client import Manifest
from .running_agent import Found, RunningAgent, entry
from .scenes import SPACE
from .servers import KubeCluster
from .waiting import eventually

pytestmark = pytest.mark.anyio
GROUP = "metrics.k8s.io"
OFTEN = {"metrics_interval": "1s"}


def definition(plural: str, kind: str, scope: str) -> Manifest:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, in a test"},
        },
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {"plural": plural, "kind": kind, "listKind": f"{kind}List"},
            "versions": [version],
        },
    }


def measured(kind: str, name: str, **values: Any) -> Manifest:
    metadata = {"name": name, **({"namespace": SPACE} if kind == "PodMetrics" else {})}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": kind,
        "metadata": metadata,
        "timestamp": now,
        "window": "15.3s",
    } | values


async def source(agent: RunningAgent, cluster: KubeCluster) -> Found:
    found: list[Found] = (await agent.get("signals", cluster=cluster.name))["sources"]
    return found[0]


async def comes_to(agent: RunningAgent, cluster: KubeCluster, state: str) -> Found:
    async def is_so() -> Found | None:
        found = await source(agent, cluster)
        return found if found["state"] == state else None

    found = await eventually(is_so, f"values of {cluster.name} are {state}")
    assert found is not None
    return found


async def test_values_are_read_where_they_are_served_and_said_to_be_missing_where_not(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    cluster, other = clusters
    entries = [entry(cluster, tmp_path, "certificate", **OFTEN), entry(other, tmp_path, **OFTEN)]
    definitions = [definition("pods", "PodMetrics", "Namespaced"), definition("nodes", "NodeMetrics", "Cluster")]
    async with RunningAgent(tmp_path, entries) as agent:
        for each in clusters:
            await agent.becomes(each.name, "live")
        assert (await comes_to(agent, cluster, "not_served"))["reason"] == f"the API group {GROUP} is not served"
        # Who has no right learns that before it learns that there is nothing.
        assert GROUP in (await comes_to(agent, other, "forbidden"))["reason"]
        try:
            for each in definitions:
                await cluster.api.create(each)
            await comes_to(agent, cluster, "served")
            usage = {"cpu": "156789n", "memory": "64Mi"}
            await cluster.api.create(measured("PodMetrics", "api-1", containers=[{"name": "app", "usage": usage}]))
            await cluster.api.create(measured("NodeMetrics", "agent-1", usage={"cpu": "1500m", "memory": "7Gi"}))

            async def is_read() -> dict[str, float] | None:
                items = (await agent.get("series", cluster=cluster.name, limit="100"))["items"]
                found = {each["signal"]: each["last"]["value"] for each in items if each["last"]}
                return found if len(found) == 6 else None

            values = await eventually(is_read, "six series are there")
            assert values is not None
            assert values["container.cpu.usage"] == values["pod.cpu.usage"] == pytest.approx(0.000157)
            assert values["container.memory.working_set"] == values["pod.memory.working_set"] == 64 * 2**20
            assert (values["node.cpu.usage"], values["node.memory.working_set"]) == (1.5, 7 * 2**30)
        finally:
            for each in definitions:
                await cluster.api.delete("CustomResourceDefinition", each["metadata"]["name"])
        await comes_to(agent, cluster, "not_served")
        assert all([(await agent.cluster(each.name))["state"] == "live" for each in clusters])


async def test_a_metrics_api_whose_backend_is_gone_is_failing(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    """The state of a cluster whose metrics-server does not run: the aggregation layer answers 503 for it."""
    cluster, _ = clusters
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1beta1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-server", "namespace": SPACE, "port": 443},
        },
    }
    await cluster.api.create(service)
    try:
        async with RunningAgent(tmp_path, [entry(cluster, tmp_path, "certificate", **OFTEN)]) as agent:
            await agent.becomes(cluster.name, "live")
            assert "503" in (await comes_to(agent, cluster, "failing"))["reason"]
            assert (await agent.cluster(cluster.name))["state"] == "live"
    finally:
        await cluster.api.delete("APIService", service["metadata"]["name"])
