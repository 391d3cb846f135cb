"""`kill -9` at each entry of a run's journal: after the next start the run goes on, acts once, and tells the truth."""

import os
import sys
from pathlib import Path

import pytest

from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.agents import Agent, AgentProcess, Found, configured
from tests.acceptance.world import SOUND, hunger, quiet_lab
from tests.real.processes import ServerProcess
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
SHOP_SEARCH = ("shop", "search")
# requested, its plan, then of two steps what was intended and what came of it, the settle time, the verdict, the end.
ENTRIES = range(1, 9)
RAISE = """\
name: Pod OOM
description: One step that acts, and one that cannot.
when: [pod.oom_killed]
auto_execute: true
steps:
  - {name: Raise the memory limit, action: set_resources, with: {raise_by_percent: 50, at_most: 4Gi}}
  - {name: Tell who is on call, action: notify_oncall}
"""
AUTOMATIC = {"live": True, "auto_execute": True, "settle": "1s"}


async def the_only_run(agent: Agent) -> Found:
    """The one run of the runbook that there is, once it has ended."""

    async def has_ended() -> Found | None:
        runs = await agent.everything("executions", runbook_id="pod-oom")
        assert len(runs) <= 1, runs
        return runs[0] if runs and runs[0]["ended_at"] else None

    found = await eventually(has_ended, "the run has ended")
    assert found is not None
    return found


@pytest.mark.parametrize("number", ENTRIES)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_outlives_a_kill_at_this_entry_of_its_journal(tmp_path: Path, when: str, number: int) -> None:
    async with quiet_lab() as lab:
        alpha = lab.clusters["alpha"]
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        watched = {"name": "alpha", "kubeconfig_path": str(tmp_path / "kubeconfig"), "context": "alpha", "write": {}}
        (tmp_path / "runbooks").mkdir()
        (tmp_path / "runbooks" / "pod-oom.yaml").write_text(RAISE, encoding="utf-8")
        file = configured(tmp_path, [watched], runbooks={**AUTOMATIC, "directory": str(tmp_path / "runbooks")})
        argv = [sys.executable, "-m", "tests.acceptance.dying_agent", str(file), when, str(number)]
        dying = ServerProcess("dying", argv, tmp_path)
        dying.start({"PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, (os.environ.get("PYTHONPATH"),))))})

        async def is_dead() -> bool:
            return not dying.is_running

        hunger(alpha, SOUND, 150)
        released = alpha.world.find(DEPLOYMENT, SHOP_SEARCH)
        assert released is not None
        before = released.obj["metadata"]["generation"]
        await eventually(is_dead, "the agent is killed")
        await dying.kill()

        async with AgentProcess(file) as process, process.started() as agent:
            run = await the_only_run(agent)
            target = alpha.world.find(DEPLOYMENT, SHOP_SEARCH)
            await process.process.stop()
    assert target is not None
    (container,) = target.obj["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "192Mi"
    assert target.obj["metadata"]["generation"] == before + 1, "it acted once"
    assert (run["status"], run["verdict"]) == ("done", "effective")
    assert [step["status"] for step in run["steps"]] == ["done", "failed"]
