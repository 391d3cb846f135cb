"""Starting with nothing to watch yet, and stopping in time whatever the clusters do."""

import os
import signal

import pytest

from tests.acceptance.agents import AgentProcess, agent_in_process, configured
from tests.acceptance.world import busy, pods, quiet_lab
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_an_agent_that_starts_before_its_clusters_finds_them_by_itself(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        for cluster in lab.clusters.values():
            await cluster.stop_server()
        async with agent_in_process(configured(tmp_path, lab.clusters)) as agent:

            async def is_unhealthy():
                return (await agent.health())["status"] == "unhealthy"

            await eventually(is_unhealthy, "an agent that hears nobody is unhealthy")
            fleet = await agent.fleet()
            assert (fleet["pods"], fleet["nodes"], fleet["complete"]) == (None, None, False)
            assert len(fleet["missing"]) == fleet["clusters"]["unknown"] == 3
            for cluster in lab.clusters.values():
                await cluster.start_server()
            await agent.all_live(*lab.clusters)

            async def is_whole():
                return (await agent.fleet())["pods"] == sum(map(pods, lab.clusters.values()))

            await eventually(is_whole, "the totals are whole")
            assert (await agent.health())["status"] == "healthy"


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_in_time_under_load_while_a_cluster_hangs(tmp_path, asked):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha, beta, gamma = lab.clusters.values()
        process = AgentProcess(configured(tmp_path, lab.clusters))
        async with busy(alpha, beta), process, process.started() as agent:
            await agent.all_live(*lab.clusters)
            gamma.hang()
            async with agent.stream():
                await agent.becomes("gamma", "stale", "unreachable")
                os.kill(process.process.pid, asked)
                # Five seconds by contract, and a machine that is busy; one that waits for the cluster takes minutes.
                assert await process.ended(within_s=30) == 0
        assert not (tmp_path / "data" / "ports.json").exists()
        assert "Traceback" not in process.process.log_tail(200)
