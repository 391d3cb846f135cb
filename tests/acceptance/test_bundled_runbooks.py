"""The runbooks for kinds that no source of Kronveil's own tells yet: told by injection, planned against a cluster."""

import pytest

from kronveil.lab.kinds import NODE
from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.test_closed_loop import LIVE, limit_of, the_run
from tests.acceptance.world import SOUND, hunger, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
CART = {"kind": "Deployment", "namespace": "shop", "name": "cart", "uid": ""}


def watched_by(folder, lab, **runbooks):
    lab.write_kubeconfig(folder / "kubeconfig")
    alpha: Found = {"name": "alpha", "kubeconfig_path": str(folder / "kubeconfig"), "context": "alpha", "write": {}}
    return agent_in_process(configured(folder, [alpha], runbooks=runbooks, api={"test_injection": True}))


async def told(agent: Agent, kind: str, resource: Found, **more: object) -> None:
    body = {"cluster": "alpha", "kind": kind, "resource": resource, **more}
    assert (await agent.http.post("/test/inject", json=body)).status_code == 202


async def changed(agent: Agent, app: str) -> None:
    """Wait until the agent knows of a change of an app."""

    async def is_known() -> bool:
        return any(each["target"]["name"] == app for each in await agent.everything("changes"))

    await eventually(is_known, f"a change of {app} is known")


def planned(run: Found) -> list[str]:
    return [step["action"] for step in run["plan"]["steps"] if not step["left_out"]]


async def test_slow_answers_after_a_release_are_answered_by_taking_it_back_and_else_by_a_restart(tmp_path):
    async with quiet_lab() as lab, watched_by(tmp_path, lab, **LIVE) as agent:
        await agent.all_live("alpha")
        await told(agent, "service.latency_high", CART)
        run = await the_run(agent, "high-latency", "awaiting_approval")
        assert planned(run) == ["review_changes", "rollout_restart", "notify_oncall"]
        await release(lab.clusters["alpha"], "search", "ghcr.io/example/search:2.3.0")
        await changed(agent, "search")
        await told(agent, "service.latency_high", {**CART, "name": "search"})
        run = await the_run(agent, "high-latency", "awaiting_approval", skip=frozenset({run["id"]}))
        assert planned(run) == ["review_changes", "rollout_undo", "notify_oncall"]


async def test_what_was_told_is_over_when_it_is_told_so(tmp_path):
    async with quiet_lab() as lab, watched_by(tmp_path, lab) as agent:
        await agent.all_live("alpha")
        await told(agent, "service.latency_high", CART, message="p99 is 2.1 s")
        opened = await agent.the_incident("latency", "alpha", "open")
        assert opened["title"] == "shop/cart answers slowly"
        await told(agent, "service.latency_high", CART, is_over=True)
        await agent.the_incident("latency", "alpha", "resolved")


async def test_a_node_short_of_disk_is_drained_without_loss_of_data_once_somebody_agrees(tmp_path):
    async with quiet_lab() as lab, watched_by(tmp_path, lab, **{**LIVE, "auto_execute": True}) as agent:
        await agent.all_live("alpha")
        node = lab.clusters["alpha"].world.list(NODE)[0].obj["metadata"]
        await told(agent, "node.disk_pressure", {"kind": "Node", "name": node["name"], "uid": node["uid"]})
        run = await the_run(agent, "disk-pressure", "awaiting_approval")
        (step,) = [each for each in run["plan"]["steps"] if each["effect"] != "read"]
        assert (step["action"], step["parameters"]["lose_local_data"]) == ("drain", "false")


async def test_without_the_setting_nothing_can_be_injected(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        async with agent_in_process(configured(tmp_path, [])) as agent:
            assert (await agent.http.post("/test/inject", json={})).status_code == 404


async def test_what_cannot_be_injected_is_refused_in_words(tmp_path):
    async with quiet_lab() as lab, watched_by(tmp_path, lab) as agent:
        body = {"cluster": "alpha", "kind": "service.latency_hi", "resource": CART}
        assert (await agent.http.post("/test/inject", json=body)).status_code == 422
        body |= {"kind": "service.latency_high", "cluster": "nowhere"}
        assert (await agent.http.post("/test/inject", json=body)).status_code == 404


async def test_memory_that_raising_does_not_cure_is_raised_twice_and_then_a_person_is_called(tmp_path):
    async with quiet_lab() as lab, watched_by(tmp_path, lab, **{**LIVE, "auto_execute": True}) as agent:
        await agent.all_live("alpha")
        hunger(lab.clusters["alpha"], SOUND, 9_000)

        async def is_given_up() -> list[Found] | None:
            runs = await agent.everything("executions", runbook_id="pod-oom")
            return runs if any(run["needs_person"] for run in runs) else None

        runs = await eventually(is_given_up, "a person is called", within_s=60)
        assert runs is not None
        assert [(run["verdict"], run["automatic"]) for run in runs] == [("ineffective", True)] * 2
        assert "did not help twice in a row" in runs[0]["needs_person"]
        assert limit_of(lab, "search") == "288Mi"
        incident = await agent.the_incident("memory", "alpha", "open", "acknowledged", "mitigated")
        asked = {"incident_id": incident["id"], "mode": "live"}
        third = await agent.http.post("/runbooks/pod-oom/executions", json=asked)
        assert (third.status_code, "ineffective twice" in third.json()["detail"]) == (409, True)
