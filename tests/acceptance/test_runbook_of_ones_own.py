"""A runbook of the operator's own with all that one may hold, from its file to its end on a cluster."""

import pytest

from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.test_closed_loop import LIVE, approve, limit_of, the_run
from tests.acceptance.world import SOUND, hunger, quiet_lab
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
RAISE = """\
name: Raise
description: Part of another.
inputs:
  percent: {type: number}
steps:
  - name: Raise by ${{ inputs.percent }} %
    action: set_resources
    with: {raise_by_percent: "${{ inputs.percent }}", at_most: 1Gi}
"""
CAREFUL = """\
name: Careful
description: Asks before it acts.
when: [OOMKilled]
inputs:
  percent: {type: number, default: 100}
  most: {type: number, default: 3}
steps:
  - {name: Look, id: change, action: review_changes, diagnose: true}
  - name: Ask about ${{ target.name }}
    if: not default(steps.change.can_roll_back, false)
    ask: "${{ incident.title }}. Go on?"
    timeout: 10m
  - {name: Raise, runbook: raise, with: {percent: "${{ inputs.percent }}"}}
  - name: At once
    together:
      - {name: Add a replica, action: kubectl_scale, with: {by: 1, at_most: "${{ inputs.most }}"}}
      - {name: "Say ${{ word }}", for_each: "['a', 'b']", as: word, action: wait, with: {for: 1s}}
  - {name: Never, if: incident.family == 'crash', action: rollout_restart}
"""


async def asks(agent: Agent, run_id: str) -> Found:
    """Wait until the run asks its question."""

    async def has_asked() -> Found | None:
        run = await agent.get(f"executions/{run_id}")
        return run if run["question"] is not None else None

    found = await eventually(has_asked, "the run asks")
    assert found is not None
    return found


async def test_a_runbook_with_all_that_one_may_hold_is_planned_asked_about_and_carried_out(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "raise.yaml").write_text(RAISE, encoding="utf-8")
    (mine / "careful.yaml").write_text(CAREFUL, encoding="utf-8")
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha: Found = {
            "name": "alpha",
            "kubeconfig_path": str(tmp_path / "kubeconfig"),
            "context": "alpha",
            "write": {},
        }
        file = configured(tmp_path, [alpha], runbooks={**LIVE, "directory": str(mine)})
        async with agent_in_process(file) as agent:
            await agent.all_live("alpha")
            hunger(lab.clusters["alpha"], SOUND, 150)
            run = await the_run(agent, "careful", "awaiting_approval")
            steps = run["plan"]["steps"]
            assert [(each["name"], each["together"], bool(each["left_out"])) for each in steps] == [
                ("Look", None, False),
                ("Ask about search", None, False),
                ("Raise by 100 %", None, False),
                ("Add a replica", 1, False),
                ("Say a", 1, False),
                ("Say b", 1, False),
                ("Never", None, True),
            ]
            signed = await approve(agent, run)
            assert signed.status_code == 200, signed.text
            asked = (await asks(agent, run["id"]))["question"]
            assert (asked["step"], "Go on?" in asked["text"]) == (1, True)
            assert limit_of(lab, "search") == "128Mi"
            answer = {"step": asked["step"], "answer": "continue", "reason": "looked at it"}
            assert (await agent.http.post(f"/executions/{run['id']}/answer", json=answer)).status_code == 200
            run = await the_run(agent, "careful", "done", "failed")
            assert (run["status"], run["verdict"], limit_of(lab, "search")) == ("done", "effective", "256Mi"), run
            target = lab.clusters["alpha"].world.find(DEPLOYMENT, ("shop", "search"))
            assert target is not None
            assert target.obj["spec"]["replicas"] == 3
