"""What people decide about a run, from a terminal: edit it, sign it, answer it; and that a late signature is none."""

import pytest

from kronveil.lab.kinds import DEPLOYMENT
from tests.acceptance.test_closed_loop import LIVE, approve, limit_of, the_run, watched
from tests.acceptance.world import SOUND, hunger, quiet_lab
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
ASKING = """\
name: Pod OOM
description: Raises the memory limit, and asks before it scales.
when: [pod.oom_killed]
inputs:
  percent: {type: number, default: 50, at_least: 1, at_most: 100}
steps:
  - name: Raise the memory limit
    action: set_resources
    with: {raise_by_percent: "${{ inputs.percent }}", at_most: 4Gi}
  - {name: May it have another replica, ask: "Is there room for one more replica of ${{ target.name }}?"}
  - {name: Add a replica, action: kubectl_scale, with: {by: 1, at_most: 9}}
"""


async def test_a_run_is_edited_signed_and_answered_at_a_terminal(tmp_path):
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "pod-oom.yaml").write_text(ASKING, encoding="utf-8")
    async with quiet_lab() as lab, watched(tmp_path, lab, **LIVE, directory=str(tmp_path / "runbooks")) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        first, name = run["plan"]["hash"], run["id"]
        refused = await agent.cli("edit", name, "--set", "percent=900", "--reason", "much more")
        assert refused.returncode == 2
        assert b"percent" in refused.stderr
        assert (await agent.cli("edit", name, "--set", "percent=60", "--reason", "a little more")).returncode == 0
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        assert run["plan"]["hash"] != first
        assert run["parameters"] == {"percent": "60"}
        old = await agent.http.post(f"/executions/{name}/approve", json={"plan_hash": first, "reason": "as I saw it"})
        assert (old.status_code, "look again" in old.json()["detail"]) == (409, True)
        signed = await agent.cli("approve", name, "--yes", "--reason", "it fits")
        assert signed.returncode == 0, signed.stderr

        async def asks() -> bytes | None:
            shown = (await agent.cli("executions", name)).stdout
            return shown if b"It asks: Is there room for one more replica of search?" in shown else None

        shown = await eventually(asks, "the run asks")
        assert shown is not None
        assert b"kronveil answer" in shown
        assert b"without tokens nobody can be told from anybody else" in b" ".join(shown.split())
        assert limit_of(lab, "search") != "128Mi"
        assert (await agent.cli("answer", name, "perhaps", "--reason", "x")).returncode == 2
        before = replicas_of(lab)
        assert (await agent.cli("answer", name, "continue", "--reason", "there is")).returncode == 0
        run = await the_run(agent, "pod-oom", "verifying", "done")
        assert replicas_of(lab) == before + 1
        assert "continue, said local: there is" in run["steps"][1]["message"]
        assert (await agent.cli("answer", name, "stop", "--reason", "no")).returncode == 2


async def test_a_signature_that_comes_too_late_is_refused_and_nothing_was_done(tmp_path):
    late = {**LIVE, "approval_expires": "1s"}
    async with quiet_lab() as lab, watched(tmp_path, lab, **late) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "expired")
        assert run["problem"] == "nobody approved it in time"
        refused = await approve(agent, run)
        assert (refused.status_code, "expired" in refused.json()["detail"]) == (409, True)
        assert limit_of(lab, "search") == "128Mi"


def replicas_of(lab):
    """How many replicas of search are asked for."""
    found = lab.clusters["alpha"].world.find(DEPLOYMENT, ("shop", "search"))
    assert found is not None
    return found.obj["spec"]["replicas"]
