"""Five thousand pods on kwok's nodes, real controllers and the whole agent: `tests/real` has five hundred."""

import time
from pathlib import Path

import pytest

from tests.real import crowd, scenes
from tests.real.running_agent import RunningAgent, balance, entry
from tests.real.servers import clusters_on_one_etcd

from .memory import resident_mib

pytestmark = pytest.mark.anyio
DEPLOYMENTS, REPLICAS, NODES = 50, 100, 14
WITHIN_S = 600


@pytest.mark.timeout(2400)
async def test_five_thousand_pods_are_counted_and_one_broken_deployment_is_one_incident(
    tmp_path: Path, summary: list[str]
) -> None:
    (tmp_path / "servers").mkdir()
    async with clusters_on_one_etcd(tmp_path / "servers", {"crowded": "eu-west-1"}) as clusters:
        cluster = clusters["crowded"]
        await scenes.make_nodes(cluster.api, [f"crowd-{index}" for index in range(NODES)], region=cluster.region)
        await scenes.make_namespace(cluster.api, "crowd")
        async with RunningAgent(tmp_path, [entry(cluster, tmp_path)]) as agent:
            await agent.becomes(cluster.name, "live")
            began = time.monotonic()
            await crowd.a_crowd_is_counted(
                agent, cluster, "crowd", deployments=DEPLOYMENTS, replicas=REPLICAS, within_s=WITHIN_S
            )
            assert balance(await agent.cluster(cluster.name)) == 0
            took, held = time.monotonic() - began, resident_mib(agent.process.pid)
            summary.append(
                f"{DEPLOYMENTS * REPLICAS} pods came, failed, healed and went in {took:.0f} s; {held:.0f} MiB"
            )
