"""From an incident to a plan, an approval, an act and a verdict: nothing is done that was not shown and signed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kronveil.lab import Lab
from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.world import BAD, LEAKY, SOUND, hunger, quiet_lab, release, scale
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
LIVE = {"live": True, "auto_execute": False, "settle": "2s"}


def limit_of(lab: Lab, app: str) -> str:
    """The memory limit of an app of alpha's shop, as its cluster really has it."""
    found = lab.clusters["alpha"].world.find(DEPLOYMENT, ("shop", app))
    assert found is not None
    limit: str = found.obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    return limit


@asynccontextmanager
async def watched(folder: Path, lab: Lab, *, may_write: bool = True, **runbooks: Any) -> AsyncIterator[Agent]:
    """An agent that may write to alpha, or only read there."""
    lab.write_kubeconfig(folder / "kubeconfig")
    alpha: Found = {"name": "alpha", "kubeconfig_path": str(folder / "kubeconfig"), "context": "alpha"}
    if may_write:
        alpha["write"] = {}
    async with agent_in_process(configured(folder, [alpha], runbooks=runbooks)) as agent:
        await agent.all_live("alpha")
        yield agent


async def the_run(agent: Agent, runbook: str, *statuses: str, skip: frozenset[str] = frozenset()) -> Found:
    """Wait for a run of a runbook that has one of these statuses."""

    async def is_there() -> Found | None:
        runs = await agent.everything("executions", runbook_id=runbook)
        return next((run for run in runs if run["status"] in statuses and run["id"] not in skip), None)

    try:
        found = await eventually(is_there, f"a run of {runbook} is {statuses}", within_s=40)
    except AssertionError as late:
        raise AssertionError(f"{late}; there are {await agent.everything('executions')}") from None
    assert found is not None
    return found


async def approve(agent: Agent, run: Found, reason: str = "the limit is too tight") -> Any:
    return await agent.http.post(
        f"/executions/{run['id']}/approve", json={"plan_hash": run["plan"]["hash"], "reason": reason}
    )


async def test_a_limit_that_is_too_tight_is_raised_once_approved_and_proven_to_help(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab, **LIVE) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        assert limit_of(lab, "search") == "128Mi"
        (step,) = [each for each in run["plan"]["steps"] if each["effect"] != "read"]
        assert [(each["path"], each["before"], each["after"]) for each in step["diff"]] == [
            ("spec.template.spec.containers[search].resources.limits.memory", '"128Mi"', '"192Mi"')
        ]
        assert (await approve(agent, run)).status_code == 200
        run = await the_run(agent, "pod-oom", "done")
        assert (run["verdict"], limit_of(lab, "search")) == ("effective", "192Mi")
        told = run["steps"][-1]
        assert (told["name"], told["status"]) == ("Tell who is on call", "failed")
        assert "nobody to tell" in told["message"]
        (card,) = [each for each in (await agent.get("runbooks"))["items"] if each["id"] == "pod-oom"]
        assert (card["success_rate"], card["verdicts"], card["waiting"]) == (1.0, 1, [])


async def test_a_target_that_was_changed_after_the_plan_was_made_is_refused_by_the_field(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab, **LIVE) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        await scale(lab.clusters["alpha"], "search", 5)
        assert (await approve(agent, run)).status_code == 200
        run = await the_run(agent, "pod-oom", "failed")
        assert "the target changed since it was approved" in run["problem"]
        assert (limit_of(lab, "search"), run["verdict"]) == ("128Mi", None)


async def test_with_live_runs_off_everything_is_only_rehearsed(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab) as agent:
        await release(lab.clusters["alpha"], "cart", BAD)
        run = await the_run(agent, "roll-back-release", "done")
        assert (run["mode"], run["verdict"]) == ("rehearse", "rehearsed")
        assert any(diff["path"].endswith("image") for diff in run["plan"]["steps"][0]["diff"])
        incident = await agent.the_incident("image", "alpha", "open")
        asked = {"incident_id": incident["id"], "mode": "live"}
        refused = await agent.http.post("/runbooks/roll-back-release/executions", json=asked)
        assert (refused.status_code, "runbooks.live" in refused.json()["detail"]) == (403, True)
        (card,) = [each for each in (await agent.get("runbooks"))["items"] if each["id"] == "roll-back-release"]
        assert (card["success_rate"], card["recent"]) == (None, [])


async def test_where_nothing_may_be_written_nothing_is_proposed_and_who_asks_is_told_what_is_missing(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab, may_write=False, **LIVE) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        opened = await agent.the_incident("memory", "alpha", "open")
        asked = await agent.http.post(
            "/runbooks/pod-oom/executions", json={"incident_id": opened["id"], "mode": "live"}
        )
        assert asked.status_code == 202
        run = await the_run(agent, "pod-oom", "failed")
        assert "alpha has no identity that may write" in run["problem"]
        assert [each["id"] for each in await agent.everything("executions")] == [asked.json()["id"]]


async def test_the_kill_switch_stops_what_was_approved_and_outlives_a_restart(tmp_path):
    switch = tmp_path / "data" / "runs-stopped"
    async with quiet_lab() as lab:
        async with watched(tmp_path, lab, **LIVE) as agent:
            hunger(lab.clusters["alpha"], SOUND, 150)
            run = await the_run(agent, "pod-oom", "awaiting_approval")
            stopped = await agent.http.post("/runbooks/stop", json={"reason": "it makes things worse"})
            assert stopped.json()["stopped"]["reason"] == "it makes things worse"
            refused = await approve(agent, run)
            assert (refused.status_code, "kill switch" in refused.json()["detail"]) == (409, True)
        async with watched(tmp_path, lab, **LIVE) as agent:
            assert (await agent.get("runbooks"))["stopped"]["by"] == "local"
            assert (await approve(agent, run)).status_code == 409
            assert limit_of(lab, "search") == "128Mi"
            # By hand, as with the agent down: the file is the switch.
            switch.unlink()
            assert (await agent.get("runbooks"))["stopped"] is None
            switch.touch()
            assert (await agent.get("runbooks"))["stopped"]["by"] == "a file"
            shown = await agent.cli("runbooks")
            assert b"ALL RUNS ARE STOPPED by a file" in shown.stdout
            assert (await agent.cli("runbooks", "--resume")).returncode == 0
            assert not switch.exists()
            assert (await approve(agent, run)).status_code == 200
            run = await the_run(agent, "pod-oom", "done")
            assert (run["verdict"], limit_of(lab, "search")) == ("effective", "192Mi")


async def test_a_release_that_preceded_is_taken_back_once_somebody_agrees_though_the_runbook_is_automatic(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab, **{**LIVE, "auto_execute": True}) as agent:
        await release(lab.clusters["alpha"], "search", LEAKY)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        steps = {step["action"]: step for step in run["plan"]["steps"]}
        assert "min before it began" in steps["review_changes"]["summary"]
        (image,) = [diff for diff in steps["rollout_undo"]["diff"] if diff["path"].endswith(".image")]
        assert (image["before"], image["after"]) == (f'"{LEAKY}"', f'"{SOUND}"')
        assert steps["set_resources"]["effect"] == "read", "it is left out"
        assert (await approve(agent, run, "the release leaks")).status_code == 200
        run = await the_run(agent, "pod-oom", "done")
        assert (run["verdict"], limit_of(lab, "search")) == ("effective", "128Mi")


async def test_who_runs_it_by_hand_gives_its_inputs_and_wrong_ones_are_refused_by_name(tmp_path):
    async with quiet_lab() as lab, watched(tmp_path, lab, **LIVE) as agent:
        await release(lab.clusters["alpha"], "search", LEAKY)
        incident = await agent.the_incident("memory", "alpha", "open")
        asked = {"incident_id": incident["id"], "mode": "rehearse", "parameters": {"raise_by": 5, "at_most": "much"}}
        refused = await agent.http.post("/runbooks/pod-oom/executions", json=asked)
        assert refused.status_code == 422
        told = {each["loc"][-1]: each["msg"] for each in refused.json()["errors"]}
        assert told == {
            "raise_by": "there is no such input. Did you mean raise_by_percent?",
            "at_most": "'much' is not a quantity. Write 512Mi, 2Gi or 250m.",
        }
        asked["parameters"] = {"roll_back": False, "raise_by_percent": "300", "at_most": "1Gi"}
        made = (await agent.http.post("/runbooks/pod-oom/executions", json=asked)).json()
        run = await the_run(agent, "pod-oom", "done")
        assert run["id"] == made["id"]
        (step,) = [each for each in run["plan"]["steps"] if each["effect"] != "read"]
        assert [(each["before"], each["after"]) for each in step["diff"]] == [('"128Mi"', '"512Mi"')]
        assert limit_of(lab, "search") == "128Mi"
