"""The ways into a real API server, and what an operator is told when one does not lead in."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from .kubeconfig import Access, write_kubeconfig
from .pki import Authority
from .running_agent import Found, RunningAgent, entry
from .servers import KubeCluster
from .waiting import eventually

pytestmark = pytest.mark.anyio

Clusters = tuple[KubeCluster, KubeCluster]


async def certificate(cluster: KubeCluster, folder: Path) -> Found:
    return entry(cluster, folder, "certificate")


async def token_file(cluster: KubeCluster, folder: Path) -> Found:
    path = cluster.write_kubeconfig(folder / "by-file.kubeconfig", "viewer", token_file=folder / "token")
    return {"name": cluster.name, "kubeconfig_path": str(path), "context": cluster.name}


@pytest.mark.parametrize("way_in", [certificate, token_file])
async def test_other_ways_in_work_like_a_token(
    clusters: Clusters, tmp_path: Path, way_in: Callable[[KubeCluster, Path], Awaitable[Found]]
) -> None:
    async with RunningAgent(tmp_path, [await way_in(clusters[0], tmp_path)]) as agent:
        await agent.becomes(clusters[0].name, "live")


def wrong_token(cluster: KubeCluster) -> Access:
    return cluster.access("expired")


def no_rights(cluster: KubeCluster) -> Access:
    return cluster.access("nobody")


def wrong_authority(cluster: KubeCluster) -> Access:
    return replace(cluster.access("viewer"), ca=Authority(cluster.folder, "stranger", file_name="stranger.crt").path)


def nobody_listens(cluster: KubeCluster) -> Access:
    return replace(cluster.access("viewer"), server="https://127.0.0.1:1")


@pytest.mark.parametrize(
    ("way_in", "says"),
    [
        (wrong_token, "refuses the credentials (401)"),
        (no_rights, "needs get, list, watch on pods"),
        (wrong_authority, "certificate is not trusted"),
        (nobody_listens, "connection refused"),
    ],
)
async def test_a_cluster_that_cannot_be_read_says_why_and_leaves_the_other_alone(
    clusters: Clusters, tmp_path: Path, way_in: Callable[[KubeCluster], Access], says: str
) -> None:
    refused, fine = clusters
    path = write_kubeconfig(tmp_path / "refused.kubeconfig", [way_in(refused)])
    broken = {"name": refused.name, "kubeconfig_path": str(path), "context": refused.name}
    async with RunningAgent(tmp_path, [broken, entry(fine, tmp_path)]) as agent:
        await agent.becomes(fine.name, "live")

        async def told() -> bool:
            fleet = await agent.get("fleet")
            return any(gap["cluster"] == refused.name and says in gap["reason"] for gap in fleet["missing"])

        await eventually(told, f"the fleet gives the reason why {refused.name} is missing: {says}")
        row = await agent.cluster(refused.name)
        assert (row["state"] != "live", row["pods"]) == (True, None), "unknown, not zero"
        assert (await agent.cluster(fine.name))["state"] == "live"
        health = await agent.get("health")
        assert health["status"] == "degraded"


async def test_one_forbidden_kind_leaves_the_rest_watched(clusters: Clusters, tmp_path: Path) -> None:
    cluster = clusters[0]
    async with RunningAgent(tmp_path, [entry(cluster, tmp_path, "no-events")]) as agent:

        async def told() -> bool:
            row = await agent.becomes(cluster.name, "partial")
            return "watch on events" in (row["kinds"]["events"]["error"] or "") and row["kinds"]["pods"]["synced"]

        await eventually(told, "events are named as what may not be read")
        await eventually(lambda: agent.counts_right(cluster), "pods and nodes are counted all the same")


async def test_a_token_that_is_renewed_in_its_file_is_taken_up(clusters: Clusters, tmp_path: Path) -> None:
    cluster = clusters[0]
    found = await token_file(cluster, tmp_path)
    good = (tmp_path / "token").read_text()
    (tmp_path / "token").write_text("not-yet-valid")
    async with RunningAgent(tmp_path, [found]) as agent:
        with anyio.fail_after(10):
            assert (await agent.cluster(cluster.name))["state"] != "live"
        (tmp_path / "token").write_text(good)
        # The back-off may have grown to its longest wait meanwhile.
        await agent.becomes(cluster.name, "live", within_s=60)
