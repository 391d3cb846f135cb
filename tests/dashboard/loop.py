"""A cluster whose trouble has a cure, and an agent that may act on it once somebody signs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from kronveil.lab import Lab, load_story, open_lab
from tests.dashboard.fleet import BAD, ConsoleAgent, set_image
from tests.real.waiting import eventually

Found = dict[str, Any]
STORY = Path(__file__).with_name("loop-fleet.yaml")
LIVE = {"live": True, "auto_execute": False, "settle": "2s"}
# Nothing that is bundled destroys; what asks for the target's name must be seen on a page all the same.
REMOVE_JOB = """\
name: Remove a failed job
description: Deletes the job, so that the next release can run it again.
when: [job.failed]
steps:
  - name: Delete the job
    action: delete_job
"""
# For what does not happen by itself here, so that no test but one ever asks for it.
RESTART = """\
name: Restart it
description: Restarts all pods of a deployment, one after the other.
when: [node.not_ready]
steps:
  - name: Restart the pods
    action: rollout_restart
"""
# Of its own, so that what is bundled may grow cleverer than it.
RAISE = """\
name: Raise the limit
description: Gives a container half as much memory again.
when: [pod.oom_killed]
steps:
  - name: Raise the memory limit
    action: set_resources
"""
ASK_FIRST = """\
name: Ask first
description: Restarts what two people signed for, once a third says that now is the time.
when: [node.not_ready]
approvals: 2
inputs:
  cause: {type: text, default: nobody said, description: What it is good for.}
steps:
  - name: Is now the time?
    ask: Shall its pods be restarted now?
  - name: Restart the pods
    action: rollout_restart
"""
RUNBOOKS = {"remove-job": REMOVE_JOB, "restart": RESTART, "raise-limit": RAISE, "ask-first": ASK_FIRST}


@dataclass(frozen=True)
class Looped:
    """The cluster, and the agent that watches it."""

    lab: Lab
    agent: ConsoleAgent

    async def asked(self, path: str, token: str = "", **query: str) -> Found:
        """The agent's own answer, without a page."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(base_url=self.agent.url, headers=headers, trust_env=False) as http:
            answer = await http.get(f"/api/v1/{path}", params=query)
        found: Found = answer.raise_for_status().json()
        return found

    async def told(self, path: str, body: Found, token: str = "") -> httpx2.Response:
        """What the agent answers to a write that no page made."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(base_url=self.agent.url, headers=headers, trust_env=False) as http:
            return await http.post(f"/api/v1/{path}", json=body)

    async def run(self, run_id: str) -> Found:
        """A run as the agent has it."""
        return await self.asked(f"executions/{run_id}")

    async def break_image(self, app: str) -> None:
        """Release an image of an app that cannot be pulled."""
        await set_image(self.lab, "alpha", app, BAD)

    async def plan_for(
        self, app: str, runbook: str = "roll-back-release", *, skip: frozenset[str] = frozenset()
    ) -> Found:
        """Wait until a plan of a runbook for an app waits for its signature."""

        async def waits() -> Found | None:
            runs = (await self.asked("executions", runbook_id=runbook))["items"]
            return next((each for each in runs if each["id"] not in skip and _waits_for(each, app)), None)

        found = await eventually(waits, f"a plan of {runbook} for {app} waits", within_s=60)
        assert found is not None
        return found

    async def proven(self, run: Found) -> Found:
        """Sign a plan without a page, and wait until its run has its verdict."""
        signed = {"plan_hash": run["plan"]["hash"], "reason": "The release is broken"}
        (await self.told(f"executions/{run['id']}/approve", signed)).raise_for_status()
        return await self.over(run)

    async def over(self, run: Found) -> Found:
        """Wait for the end of a run."""

        async def has_ended() -> Found | None:
            now = await self.run(run["id"])
            return now if now["ended_at"] else None

        found = await eventually(has_ended, f"{run['id']} has ended", within_s=60)
        assert found is not None
        return found


def _waits_for(run: Found, app: str) -> bool:
    if run["status"] != "awaiting_approval":
        return False
    return any(step["target"] and step["target"]["resource"]["name"] == app for step in run["plan"]["steps"])


@asynccontextmanager
async def open_loop(folder: Path, **runbooks: Any) -> AsyncIterator[Looped]:
    """The cluster at ten times its speed, and an agent that may write to it."""
    books = folder / "runbooks"
    books.mkdir()
    for name, text in RUNBOOKS.items():
        (books / f"{name}.yaml").write_text(text)
    async with open_lab(load_story(STORY), seed=1, speed=10) as lab:
        lab.write_kubeconfig(folder / "kubeconfig")
        settings = {**LIVE, "directory": str(books), **runbooks}
        agent = ConsoleAgent(
            folder, kubeconfig=folder / "kubeconfig", clusters=list(lab.clusters), may_write=True, runbooks=settings
        )
        async with agent:
            await agent.all_heard()
            yield Looped(lab, agent)
