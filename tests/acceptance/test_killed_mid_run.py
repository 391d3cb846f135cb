"""`kill -9` at each entry of a run's journal: after the next start the run goes on, acts once, and tells the truth."""

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.agents import Agent, AgentProcess, Found, configured
from tests.acceptance.world import SOUND, hunger, quiet_lab
from tests.real.processes import ServerProcess
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
Kill = Callable[[Path, Callable[[], None]], Awaitable[None]]
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
AT_ONCE_THEN_BROKEN = """\
name: Pod OOM
description: Two steps at once, and one that is refused, so that what was done is set back.
when: [pod.oom_killed]
auto_execute: true
undo_on_failure: true
steps:
  - name: At once
    together:
      - {name: Raise the memory limit, action: set_resources, with: {raise_by_percent: 50, at_most: 4Gi}}
      - {name: Wait a little, action: wait, with: {for: 1s}}
  - {name: Raise it from where it was before, action: set_resources, with: {raise_by_percent: 60, at_most: 4Gi}}
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


@dataclass
class Outcome:
    """What came of a run whose agent was killed on the way."""

    run: Found
    memory: str
    replicas: int
    changes: int
    """How often the target was changed since it fell ill."""


async def killed_and_started_again(folder: Path, runbook: str, kill: Kill) -> Outcome:
    """A deployment runs out of memory; ``kill`` starts an agent on the file, and comes back when that is dead."""
    async with quiet_lab() as lab:
        alpha = lab.clusters["alpha"]
        lab.write_kubeconfig(folder / "kubeconfig")
        watched = {"name": "alpha", "kubeconfig_path": str(folder / "kubeconfig"), "context": "alpha", "write": {}}
        (folder / "runbooks").mkdir()
        (folder / "runbooks" / "pod-oom.yaml").write_text(runbook, encoding="utf-8")
        file = configured(folder, [watched], runbooks={**AUTOMATIC, "directory": str(folder / "runbooks")})
        target = alpha.world.find(DEPLOYMENT, SHOP_SEARCH)
        assert target is not None
        before = target.obj["metadata"]["generation"]
        await kill(file, lambda: hunger(alpha, SOUND, 150))

        async with AgentProcess(file) as process, process.started() as agent:
            run = await the_only_run(agent)
            target = alpha.world.find(DEPLOYMENT, SHOP_SEARCH)
            await process.process.stop()
    assert target is not None
    (container,) = target.obj["spec"]["template"]["spec"]["containers"]
    return Outcome(
        run,
        container["resources"]["limits"]["memory"],
        target.obj["spec"]["replicas"],
        target.obj["metadata"]["generation"] - before,
    )


def at_entry(when: str, number: int) -> Kill:
    """Killed by itself, at this entry of a journal."""

    async def kill(file: Path, fall_ill: Callable[[], None]) -> None:
        argv = [sys.executable, "-m", "tests.acceptance.dying_agent", str(file), when, str(number)]
        dying = ServerProcess("dying", argv, file.parent)
        dying.start({"PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, (os.environ.get("PYTHONPATH"),))))})

        async def is_dead() -> bool:
            return not dying.is_running

        fall_ill()
        await eventually(is_dead, "the agent is killed")
        await dying.kill()

    return kill


@pytest.mark.parametrize("number", ENTRIES)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_outlives_a_kill_at_this_entry_of_its_journal(tmp_path: Path, when: str, number: int) -> None:
    found = await killed_and_started_again(tmp_path, RAISE, at_entry(when, number))
    assert found.memory == "192Mi"
    assert found.changes == 1, "it acted once"
    assert (found.run["status"], found.run["verdict"]) == ("done", "effective")
    assert [step["status"] for step in found.run["steps"]] == ["done", "failed"]


# Two have begun and none has ended; one has; what was done is about to be set back; it is.
@pytest.mark.parametrize("number", [3, 4, 8, 9])
async def test_steps_at_once_and_setting_back_outlive_a_kill(tmp_path: Path, number: int) -> None:
    found = await killed_and_started_again(tmp_path, AT_ONCE_THEN_BROKEN, at_entry("after", number))
    assert found.run["status"] == "failed", found.run
    assert [step["status"] for step in found.run["steps"]] == ["undone", "done", "failed"], found.run
    assert (found.memory, found.changes) == ("128Mi", 2), "there and back"
