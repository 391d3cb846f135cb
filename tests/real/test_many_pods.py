"""Five hundred pods on kwok's nodes through the whole agent; tests/soak has the same with five thousand."""

import pytest

from . import crowd, scenes
from .running_agent import RunningAgent, balance
from .servers import KubeCluster

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(400)
async def test_five_hundred_pods_are_counted_and_one_broken_deployment_is_one_incident(
    agent: RunningAgent, clusters: tuple[KubeCluster, KubeCluster]
) -> None:
    cluster = clusters[0]
    await scenes.make_namespace(cluster.api, "crowd")
    await crowd.a_crowd_is_counted(agent, cluster, "crowd", deployments=10, replicas=50, within_s=120)
    fleet = await agent.get("fleet")
    assert (fleet["complete"], fleet["missing"]) == (True, [])
    assert balance(await agent.cluster(cluster.name)) == 0
