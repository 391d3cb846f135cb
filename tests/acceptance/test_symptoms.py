"""The symptoms that no bundled story tells, each from its cause in a cluster to its incident and to its end."""

import pytest

from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import SOUND, ask_for, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
STUCK, UNSTUCK = "ghcr.io/example/tickets:6.0.0", "ghcr.io/example/tickets:5.0.0"


async def test_crash_loops_unschedulable_pods_and_stuck_rollouts_are_told_apart_and_end(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha, beta, gamma = lab.clusters.values()
        async with agent_in_process(configured(tmp_path, lab.clusters)) as agent:
            await agent.all_live(*lab.clusters)
            await release(alpha, "search", "ghcr.io/example/search:3.0.0")
            await ask_for(beta, "cart", "64")
            await release(gamma, "tickets", STUCK, namespace="desk")

            looping = await agent.the_incident("crash", "alpha", "open")
            waiting = await agent.the_incident("scheduling", "beta", "open")
            stuck = await agent.the_incident("rollout", "gamma", "open")
            assert [each["kind"] for each in (looping, waiting, stuck)] == [
                "pod.crash_looping",
                "pod.unschedulable",
                "workload.rollout_stuck",
            ]
            assert [each["resource"]["name"] for each in (looping, waiting, stuck)] == ["search", "cart", "tickets"]

            async def says_why():
                whole = await agent.get(f"incidents/{waiting['id']}")
                return "Insufficient cpu" in str(whole["evidence"])

            await eventually(says_why, "the scheduler's words are evidence")

            await release(alpha, "search", SOUND)
            await ask_for(beta, "cart", "100m")
            await release(gamma, "tickets", UNSTUCK, namespace="desk")
            await agent.the_incident("crash", "alpha", "resolved")
            await agent.the_incident("scheduling", "beta", "resolved")
            await agent.the_incident("rollout", "gamma", "resolved")
            # A release that is rolled out in vain is one trouble, not many.
            assert len(await agent.incidents()) <= 5
