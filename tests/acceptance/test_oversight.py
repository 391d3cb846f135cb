"""What the policy decided about a run, and who did what, is there afterwards, whole, and shows when it was changed."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from typer.testing import CliRunner, Result

from kronveil.cli.commands import app
from kronveil.lab import Lab
from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.test_closed_loop import LIVE, approve, the_run
from tests.acceptance.world import SOUND, hunger, quiet_lab
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
AUTOMATIC = {**LIVE, "auto_execute": True}
NOT_IN_THE_SHOP = """package kronveil.policy

import rego.v1

default allow := false

allow if {
	count(permit) > 0
	count(deny) == 0
}

permit contains reason if some reason in data.kronveil.bundled.permit

deny contains {"rule": "shop-is-sacred", "text": "nothing is done in the shop"} if input.where.namespace == "shop"
"""


@asynccontextmanager
async def watched(folder: Path, lab: Lab, **sections: Any) -> AsyncIterator[Agent]:
    lab.write_kubeconfig(folder / "kubeconfig")
    alpha: Found = {"name": "alpha", "kubeconfig_path": str(folder / "kubeconfig"), "context": "alpha", "write": {}}
    async with agent_in_process(configured(folder, [alpha], **sections)) as agent:
        await agent.all_live("alpha")
        yield agent


async def kronveil(*arguments: object) -> Result:
    """The command line, beside the agent's own loop."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, [*map(str, arguments)]))


async def test_a_run_is_decided_three_times_and_audited_whole_and_a_changed_entry_shows(tmp_path):
    exported = tmp_path / "audit.jsonl"
    async with quiet_lab() as lab, watched(tmp_path, lab, runbooks=LIVE) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        assert (await approve(agent, run)).status_code == 200
        run = await the_run(agent, "pod-oom", "done")
        incident = run["incident_id"]
        silence = {"reason": "noise", "cluster": "alpha", "ends_at": _later(1)}
        made = await agent.http.post("/silences", json=silence)
        await agent.http.delete(f"/silences/{made.json()['id']}")
        await agent.http.post(f"/incidents/{incident}/note", json={"text": "seen"})

        decisions = await agent.everything("decisions", execution_id=run["id"])
        assert [(each["point"], each["result"], each["rule"]) for each in decisions] == [
            ("start", "allowed", "person"),
            ("approve", "allowed", "person"),
            ("propose", "allowed", "person"),
        ]
        assert [
            each["message"].endswith(f"({decisions[1]['id']})") for each in run["timeline"] if each["what"] == "policy"
        ]
        entries = await agent.everything("audit", target=run["id"])
        acts = [each["act"].removeprefix("execution.") for each in reversed(entries)]
        order = ["requested", "planned", "approved", "step", "verifying", "effective", "done"]
        assert [act for act in dict.fromkeys(acts) if act in order] == order
        approved = next(each for each in entries if each["act"] == "execution.approved")
        assert (approved["actor"], approved["why"].startswith("the limit is too tight")) == ("local", True)
        assert json.loads(approved["after"])["plan"] == run["plan"]["hash"]
        others = {each["act"] for each in await agent.everything("audit")}
        assert {"silence.created", "silence.ended", "incident.note", "policy.allowed"} <= others
        card = await agent.get("runbooks/pod-oom")
        (tally,) = card["standing"]["record"]
        assert (card["level"], tally["matched"], tally["approved"], tally["effective"]) == ("automatic", 1, 1, 1)

        assert (await agent.get("audit/verify"))["whole"] is True
        result = await kronveil("audit", "verify", "--url", agent.url)
        assert (result.exit_code, "is whole" in result.output) == (0, True)
        assert (await kronveil("audit", "export", "--url", agent.url, "--to", exported)).exit_code == 0
    assert (await kronveil("audit", "verify", "--file", exported)).exit_code == 0
    offline = await kronveil("audit", "verify", "--data-dir", tmp_path / "data")
    assert (offline.exit_code, "is whole" in offline.output) == (0, True)
    with closing(sqlite3.connect(tmp_path / "data" / "kronveil.db")) as connection, connection:
        connection.execute("UPDATE audit SET actor = 'eve' WHERE seq = ?", (approved["seq"],))
    broken = await kronveil("audit", "verify", "--data-dir", tmp_path / "data")
    assert (broken.exit_code, f"BROKEN at seq {approved['seq']}" in broken.output) == (1, True)
    lines = exported.read_text().splitlines()
    exported.write_text("\n".join([*lines[:5], *lines[6:]]) + "\n")
    assert (await kronveil("audit", "verify", "--file", exported)).exit_code == 1


def _later(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


async def test_in_a_change_freeze_what_would_be_automatic_waits_for_an_admin(tmp_path):
    freeze = {"name": "turn of the year", "begins": _later(-1), "ends": _later(1)}
    async with quiet_lab() as lab, watched(tmp_path, lab, runbooks=AUTOMATIC, policy={"freezes": [freeze]}) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        run = await the_run(agent, "pod-oom", "awaiting_approval")
        assert run["automatic"] is False
        denied, *_ = await agent.everything("decisions", result="denied")
        assert (denied["rule"], denied["point"], denied["actor"]) == ("freeze", "propose", "kronveil")
        assert json.loads(denied["inputs"])["when"]["freezes"][0]["name"] == "turn of the year"
        assert (await approve(agent, run)).status_code == 200, "who calls without a token here is an admin, too"
        assert (await the_run(agent, "pod-oom", "done"))["verdict"] == "effective"


async def test_an_operators_own_policy_decides_and_says_why(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "shop.rego").write_text(NOT_IN_THE_SHOP)
    policy = {"directory": str(tmp_path / "rules")}
    async with quiet_lab() as lab, watched(tmp_path, lab, runbooks=AUTOMATIC, policy=policy) as agent:
        hunger(lab.clusters["alpha"], SOUND, 150)
        opened = await agent.the_incident("memory", "alpha", "open")

        async def is_denied() -> list[Found]:
            return [each for each in await agent.everything("decisions") if each["result"] == "denied"]

        assert {each["rule"] for each in await eventually(is_denied, "it is denied", within_s=40)} == {"shop-is-sacred"}
        asked = {"incident_id": opened["id"], "mode": "live"}
        refused = await agent.http.post("/runbooks/pod-oom/executions", json=asked)
        assert (refused.status_code, "nothing is done in the shop" in refused.json()["detail"]) == (403, True)
        rehearsed = await agent.http.post("/runbooks/pod-oom/executions", json={**asked, "mode": "rehearse"})
        assert rehearsed.status_code == 202, "a rehearsal changes nothing"
        assert [each["mode"] for each in await agent.everything("executions")] == ["rehearse"]


async def test_a_level_that_was_lowered_holds_for_the_next_incident_and_after_a_restart(tmp_path):
    async with quiet_lab() as lab:
        async with watched(tmp_path, lab, runbooks=AUTOMATIC) as agent:
            body = {"level": "suggest", "reason": "too eager"}
            assert (await agent.http.post("/runbooks/pod-oom/level", json=body)).status_code == 200
        async with watched(tmp_path, lab, runbooks=AUTOMATIC) as agent:
            assert (await agent.get("runbooks/pod-oom"))["level"] == "suggest"
            hunger(lab.clusters["alpha"], SOUND, 150)
            run = await the_run(agent, "pod-oom", "done")
            assert (run["mode"], run["verdict"]) == ("rehearse", "rehearsed")
            raised = await agent.http.post("/runbooks/pod-oom/level", json={"level": "automatic", "reason": "trust me"})
            assert (raised.status_code, "one at a time" in raised.json()["detail"]) == (403, True)
