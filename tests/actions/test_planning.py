"""What a plan says before anybody signs it: rights, webhooks, owners, budgets, autoscalers and quotas."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kronveil.collectors.kubernetes.doors import warnings_in
from kronveil.model.execution import StepPlan
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import Permanent, Transient
from tests.actions.contracts import PARTS
from tests.actions.ground import Ground, lab_ground
from tests.actions.scenes import APP, a_node, budget, case, deployment, running_pods

pytestmark = pytest.mark.anyio


async def planned(ground: Ground, action: str, **parameters: Any) -> StepPlan:
    todo = case(ground, action, **parameters)
    return await PARTS[action].make(Means(ground.doors)).rehearse(todo.step, todo.target)


def results(plan: StepPlan, name: str) -> list[str]:
    return [each.result for each in plan.checks if each.name == name]


async def test_a_webhook_that_denies_is_quoted_and_one_that_warns_is_shown(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        assert ground.lab is not None
        await ground.create("Deployment", deployment())
        ground.lab.warn_of_writes("deployments", 'limits are the "platform" team\'s')
        plan = await planned(ground, "kubectl_scale")
        assert results(plan, "admission") == ["warned"]
        ground.lab.deny_writes("deployments", "change freeze until Monday")
        with pytest.raises(Permanent, match="denied the request: change freeze until Monday"):
            await planned(ground, "kubectl_scale")


async def test_a_webhook_that_denies_when_it_is_done_leaves_the_target_as_it_is(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        assert ground.lab is not None
        await ground.create("Deployment", deployment())
        plan = await planned(ground, "kubectl_scale")
        ground.lab.deny_writes("deployments", "frozen")
        with pytest.raises(Permanent, match="frozen"):
            await PARTS["kubectl_scale"].make(Means(ground.doors)).perform(plan, "exe-1/0")
        assert (await ground.get("Deployment", APP))["spec"]["replicas"] == 2


async def test_a_missing_right_is_named_before_anything_is_asked_for(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        assert ground.lab is not None
        await ground.create("Deployment", deployment())
        assert results(await planned(ground, "kubectl_scale"), "rights") == ["passed"]
        ground.lab.forbid("deployments")
        with pytest.raises(Permanent, match="may not patch deployments in shop"):
            await planned(ground, "kubectl_scale")


async def test_what_stands_around_the_target_is_told(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        await running_pods(ground, 2)
        await ground.create("Service", {"metadata": {"name": "front"}, "spec": {"selector": {"app": APP}}})
        scale = {"scaleTargetRef": {"kind": "Deployment", "name": APP}, "minReplicas": 2, "maxReplicas": 5}
        await ground.create("HorizontalPodAutoscaler", {"metadata": {"name": "auto"}, "spec": scale})
        await ground.create("ResourceQuota", {"metadata": {"name": "team"}, "spec": {"hard": {"pods": "2"}}})

        async def is_full() -> bool:
            status = (await ground.get("ResourceQuota", "team")).get("status", {})
            return bool(status.get("used", {}).get("pods") == "2")

        await ground.until(is_full, "the quota counts")
        plan = await planned(ground, "kubectl_scale")
        assert results(plan, "autoscaler") == ["warned"]
        assert results(plan, "quota") == ["failed"]
        assert plan.blast_radius == ("1 pods are added", "front sends requests to them (service)")


async def test_the_owner_and_other_writers_are_named(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        made = deployment()
        made["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api"}
        await ground.create("Deployment", made)
        plan = await planned(ground, "kubectl_scale")
        assert results(plan, "owner") == ["warned"]
        assert results(plan, "field manager") == ["warned"]


async def test_a_budget_that_forbids_it_now_is_waited_for_not_gone_around(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        pods = await running_pods(ground, 2)
        await ground.create("PodDisruptionBudget", budget(least=2))
        plan = await planned(ground, "restart_pod", pod=pods[0]["metadata"]["name"])
        assert results(plan, "dry run") == results(plan, "disruption budget") == ["failed"]
        with pytest.raises(Transient, match="a disruption budget forbids it now"):
            await PARTS["restart_pod"].make(Means(ground.doors)).perform(plan, "exe-1/0")


async def test_a_drain_that_is_held_says_how_far_it_came_and_goes_on_when_called_again(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        name = await a_node(ground)
        host = (await ground.get("Node", name))["metadata"]["labels"]["kubernetes.io/hostname"]
        await ground.create("Deployment", deployment(selector={"kubernetes.io/hostname": host}))
        await running_pods(ground, 2)
        await ground.create("PodDisruptionBudget", budget(least=2))
        plan = await planned(ground, "drain", node=name, timeout="6s")
        assert plan.details is not None
        plan = replace(plan, details={**plan.details, "timeout_s": "6"})
        action = PARTS["drain"].make(Means(ground.doors))
        with pytest.raises(Transient, match=r"the node stays cordoned; still there: api-.*budget forbids"):
            await action.perform(plan, "exe-1/0")
        assert (await ground.get("Node", name))["spec"]["unschedulable"] is True
        await ground.delete("PodDisruptionBudget", APP)
        longer = replace(plan, details={**(plan.details or {}), "timeout_s": "60"})
        outcome = await action.perform(longer, "exe-1/0")
        assert "pods are evicted" in outcome.message
        await action.compensate(plan, "exe-1/0/undo")
        assert "unschedulable" not in (await ground.get("Node", name))["spec"]


async def test_a_pod_that_nothing_would_make_again_keeps_its_node_from_being_drained(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        name = await a_node(ground)
        spec = {"nodeName": name, "containers": [{"name": "main", "image": "registry.test/lone:1"}]}
        await ground.create("Pod", {"metadata": {"name": "lone"}, "spec": spec})
        with pytest.raises(Permanent, match="nothing would make again: shop/lone"):
            await planned(ground, "drain", node=name)


async def test_data_of_a_node_is_lost_only_when_that_is_allowed(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        name = await a_node(ground)
        host = (await ground.get("Node", name))["metadata"]["labels"]["kubernetes.io/hostname"]
        made = deployment(selector={"kubernetes.io/hostname": host})
        made["spec"]["template"]["spec"]["volumes"] = [{"name": "scratch", "emptyDir": {}}]
        await ground.create("Deployment", made)
        await running_pods(ground, 2)
        with pytest.raises(Permanent, match="lose_local_data"):
            await planned(ground, "drain", node=name)
        assert (await planned(ground, "drain", node=name, lose_local_data=True)).diff


def test_warnings_of_the_server_are_read_once_each_and_bounded():
    headers = ['299 - "a \\"quoted\\" word"', '299 - "a \\"quoted\\" word"', "garbage", f'299 - "{"x" * 999}"']
    assert warnings_in(headers) == ('a "quoted" word', "x" * 300)
