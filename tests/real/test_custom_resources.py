"""A custom resource of our own on a real API server: from its definition and a condition to an incident and back."""

from pathlib import Path
from typing import Any

import pytest

from .api_client import ApiClient, Manifest
from .running_agent import RunningAgent, entry
from .scenes import SPACE
from .servers import KubeCluster
from .waiting import eventually

pytestmark = pytest.mark.anyio
GROUP = "db.kronveil.test"
WATCHED = {
    "group": GROUP,
    "resource": "databases",
    "kind": "Database",
    "conditions": [{"type": "Ready", "after": "0s", "symptom": "resource.database_down", "severity": "high"}],
}


def definition() -> Manifest:
    """As `kubectl apply` of an operator's manifests would make it: two versions, the older one stored and served."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"databases.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "databases", "singular": "database", "kind": "Database", "listKind": "DatabaseList"},
            "versions": [version],
        },
    }


async def serve(api: ApiClient) -> None:
    await api.create(definition())

    async def is_served() -> bool:
        return (await api.raw(f"/apis/{GROUP}/v1beta1/databases")).status_code == 200

    await eventually(is_served, "the API server serves the new kind", within_s=60)


def ready(status: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": status, "reason": "DiskFull", "lastTransitionTime": "2026-11-25T01:00:00Z"}
    return {"conditions": [condition]}


async def test_a_condition_of_a_custom_resource_becomes_an_incident_and_its_recovery_ends_it(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    cluster, other = clusters
    await serve(cluster.api)
    try:
        manifest = {
            "apiVersion": f"{GROUP}/v1beta1",
            "kind": "Database",
            "metadata": {"name": "orders", "namespace": SPACE},
            "spec": {"size": 1},
        }
        await cluster.api.create(manifest)
        entries = [entry(each, tmp_path, "certificate", custom_resources=[WATCHED]) for each in clusters]
        async with RunningAgent(tmp_path, entries) as agent:
            for each in clusters:
                await agent.becomes(each.name, "live")

            async def is_read() -> bool:
                kinds = [(await agent.cluster(each.name))["kinds"].get(f"databases.{GROUP}") for each in clusters]
                return [one and (one["count"], one["state"]) for one in kinds] == [(1, "heard"), (None, "not_served")]

            await eventually(is_read, f"it is read, and {other.name} says that it has none", within_s=60)
            await cluster.api.set_status("Database", "orders", ready("False"), SPACE)
            found = await agent.incident("orders", family="resource", within_s=60)
            assert (found["kind"], found["severity"]) == ("resource.database_down", "high")
            assert found["title"] == f"Database {SPACE}/orders: Ready is False"
            await cluster.api.set_status("Database", "orders", ready("True"), SPACE)
            await agent.incident("orders", family="resource", status="resolved", within_s=60)
    finally:
        await cluster.api.delete("CustomResourceDefinition", f"databases.{GROUP}")
