"""Actions in the whole loop: a roll-back that cures, a webhook that says no, a server that goes down, harm undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.lab import Lab
from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.test_closed_loop import LIVE, approve, the_run
from tests.acceptance.world import BAD, GOOD, SOUND, hunger, quiet_lab, release
from tests.receiver import Said, served

pytestmark = pytest.mark.anyio
HARM = """name: Bad idea
description: Takes a variable from a secret that is not there.
when: [pod.oom_killed]
steps:
  - name: Take a variable from nowhere
    action: patch
    with:
      patch:
        spec:
          template:
            spec:
              containers: [{name: search, env: [{name: MODE, valueFrom: {secretKeyRef: {name: no-such, key: mode}}}]}]
"""


def container_of(lab: Lab, app: str) -> Found:
    found = lab.clusters["alpha"].world.find(DEPLOYMENT, ("shop", app))
    assert found is not None
    container: Found = found.obj["spec"]["template"]["spec"]["containers"][0]
    return container


@asynccontextmanager
async def looped(folder: Path, lab: Lab, *, runbook: str = "", **sections: Any) -> AsyncIterator[Agent]:
    """An agent that may write to alpha; with a runbook of the operator's own beside the bundled ones."""
    lab.write_kubeconfig(folder / "kubeconfig")
    alpha = {"name": "alpha", "kubeconfig_path": str(folder / "kubeconfig"), "context": "alpha", "write": {}}
    runbooks = dict(LIVE)
    if runbook:
        (folder / "runbooks").mkdir()
        (folder / "runbooks" / "own.yaml").write_text(runbook, encoding="utf-8")
        runbooks["directory"] = str(folder / "runbooks")
    async with agent_in_process(configured(folder, [alpha], runbooks=runbooks, **sections)) as agent:
        await agent.all_live("alpha")
        yield agent


async def test_a_roll_back_cures_a_bad_release_and_who_is_on_call_is_told(tmp_path):
    async with served() as server, quiet_lab() as lab:
        server.answer = lambda _: Said(204, b"")
        async with looped(tmp_path, lab, notifiers={"webhook": {"url": f"{server.url}/hook"}, "log": {}}) as agent:
            await release(lab.clusters["alpha"], "cart", BAD)
            run = await the_run(agent, "roll-back-release", "awaiting_approval")
            assert (await approve(agent, run, "the release is bad")).status_code == 200
            run = await the_run(agent, "roll-back-release", "done")
            assert (run["verdict"], container_of(lab, "cart")["image"]) == ("effective", GOOD)
            assert "told log" in run["steps"][-1]["message"]
            assert "webhook (127.0.0.1" in run["steps"][-1]["message"]
            (notice,) = server.received
            assert notice.json["incident_id"] == run["incident_id"]
            tested = await agent.cli("notify", "test", "webhook")
            assert (tested.returncode, b"told 127.0.0.1" in tested.stdout) == (0, True)


async def test_a_notifier_that_cannot_be_opened_stops_nothing_and_says_why(tmp_path):
    async with quiet_lab() as lab, looped(tmp_path, lab, notifiers={"webhook": {"url": "no-address"}}) as agent:
        tested = await agent.cli("notify", "test")
        assert tested.returncode == 1
        assert b"NOT told: it could not be opened: the webhook's address must begin with https://" in tested.stdout


async def test_a_webhook_that_denies_is_quoted_and_nothing_is_changed(tmp_path):
    async with quiet_lab() as lab, looped(tmp_path, lab) as agent:
        lab.clusters["alpha"].deny_writes("deployments", "change freeze until Monday")
        await release_by_force(lab, "cart", BAD)
        run = await the_run(agent, "roll-back-release", "failed")
        assert "change freeze until Monday" in run["problem"]
        assert (run["steps"], container_of(lab, "cart")["image"]) == ([], BAD)


async def test_an_api_server_that_goes_down_mid_run_delays_it_and_nothing_is_done_twice(tmp_path):
    async with quiet_lab() as lab, looped(tmp_path, lab) as agent:
        alpha = lab.clusters["alpha"]
        await release(alpha, "cart", BAD)
        run = await the_run(agent, "roll-back-release", "awaiting_approval")
        await alpha.stop_server()
        assert (await approve(agent, run, "the release is bad")).status_code == 200
        await anyio.sleep(1)
        assert container_of(lab, "cart")["image"] == BAD
        await alpha.start_server()
        run = await the_run(agent, "roll-back-release", "done")
        assert (run["verdict"], container_of(lab, "cart")["image"]) == ("effective", GOOD)
        acts = [change for change in alpha.world.changes() if _is_rolled_back(change.record.obj)]
        assert len({change.record.obj["metadata"]["generation"] for change in acts}) == 1


async def test_an_action_that_does_harm_is_found_out_and_undone(tmp_path):
    async with quiet_lab() as lab, looped(tmp_path, lab, runbook=HARM) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "own", "awaiting_approval")
        before = container_of(lab, "search")
        assert (await approve(agent, run, "let us see")).status_code == 200
        run = await the_run(agent, "own", "done")
        assert run["verdict"] == "harmful"
        assert run["steps"][0]["status"] == "undone"
        assert container_of(lab, "search") == before


async def release_by_force(lab: Lab, app: str, image: str) -> None:
    """Release an image past the webhook, as the cluster's own components could."""

    def change(obj: Found) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
        obj["metadata"]["generation"] += 1

    lab.clusters["alpha"].world.update(DEPLOYMENT, ("shop", app), change)


def _is_rolled_back(obj: Found) -> bool:
    if obj.get("kind") != "Deployment" or obj["metadata"]["name"] != "cart" or obj["metadata"]["generation"] < 3:
        return False
    return bool(obj["spec"]["template"]["spec"]["containers"][0]["image"] == GOOD)
