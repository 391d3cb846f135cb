"""The closed loop on a real API server: planned by its dry run, approved, done once though the agent dies, proven."""

from pathlib import Path

import pytest

from . import scenes
from .running_agent import Found, RunningAgent, entry
from .servers import KubeCluster
from .waiting import eventually

pytestmark = pytest.mark.anyio
LIVE = {"live": True, "auto_execute": False, "settle": "3s"}


async def the_run(agent: RunningAgent, incident_id: str, runbook: str, *statuses: str) -> Found:
    """Wait for the run of a runbook for an incident to have one of these statuses."""

    async def is_there() -> Found | None:
        runs: list[Found] = (await agent.get("executions", runbook_id=runbook))["items"]
        mine = [run for run in runs if run["incident_id"] == incident_id]
        assert len(mine) <= 1, mine
        assert not mine or mine[0]["status"] not in ("failed", "expired"), mine[0]["problem"]
        return mine[0] if mine and mine[0]["status"] in statuses else None

    found = await eventually(is_there, f"the run of {runbook} is {statuses}", within_s=90)
    assert found is not None
    return found


async def test_a_bad_release_is_rolled_back_once_though_the_agent_is_killed(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    cluster, name = clusters[0], "loop"
    kubeconfig = cluster.write_kubeconfig(tmp_path / "act.kubeconfig", "actor")
    acting = {"kubeconfig_path": str(kubeconfig), "context": cluster.name}
    await cluster.api.create(scenes.deployment(name, scenes.SPACE, replicas=2))
    await scenes.becomes_available(cluster.api, name, scenes.SPACE)
    async with RunningAgent(tmp_path, [entry(cluster, tmp_path, write=acting)], runbooks=LIVE) as agent:
        await agent.becomes(cluster.name, "live")
        await cluster.api.patch("Deployment", name, scenes.failing("image"), scenes.SPACE)
        incident = await agent.incident(name, family="image")
        run = await the_run(agent, incident["id"], "roll-back-release", "awaiting_approval")
        (step,) = [each for each in run["plan"]["steps"] if each["effect"] == "mutate"]
        assert [(each["before"], each["after"]) for each in step["diff"]] == [('"image"', None)]
        before = (await cluster.api.get("Deployment", name, scenes.SPACE))["metadata"]["generation"]
        signed = {"plan_hash": run["plan"]["hash"], "reason": "the release is bad"}
        await agent.post(f"executions/{run['id']}/approve", signed)
        await agent.kill()
        await agent.start()
        run = await the_run(agent, incident["id"], "roll-back-release", "done")
        assert run["verdict"] == "effective", run["verdict_reason"]
        after = await cluster.api.get("Deployment", name, scenes.SPACE)
        assert scenes.FAIL not in after["spec"]["template"]["metadata"]["labels"]
        assert after["metadata"]["generation"] == before + 1
        assert after["metadata"]["annotations"]["kronveil.io/acted"].startswith(run["id"])
        await agent.incident(name, family="image", status="resolved")
    await cluster.api.delete("Deployment", name, scenes.SPACE)
