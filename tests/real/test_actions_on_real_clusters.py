"""Every action on a cluster keeps its promises on a real API server, too: what proves the lab's to be honest."""

import itertools
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from kronveil.actions.kubernetes_answers import may
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.testing.actions import promises
from tests.actions import scenes as on
from tests.actions.contracts import PARTS, SCENES, ClusterContract
from tests.actions.ground import Ground, doors_to
from tests.real import scenes
from tests.real.servers import TOKENS, KubeCluster

pytestmark = pytest.mark.anyio
CORE: Mapping[str, tuple[str, ...]] = {
    "the_plan_names_everything_that_performing_changes": tuple(SCENES),
    "a_target_that_changed_since_the_plan_is_left_alone": ("kubectl_scale", "patch", "restart_pod", "delete_job"),
    "what_was_done_but_never_answered_is_not_done_again": ("set_resources", "restart_pod", "drain", "delete_job"),
    "undoing_sets_back_once_what_can_be_set_back": ("set_resources", "rollout_undo", "patch", "uncordon"),
    "rehearsing_writes_nothing": ("set_resources", "restart_pod", "drain", "delete_job"),
}
"""What rests on the server's own behaviour; the rest is the lab's to prove."""
_numbers = itertools.count()


class OnRealCluster(ClusterContract):
    def __init__(self, name: str, cluster: KubeCluster, folder: Path) -> None:
        super().__init__(name)
        self._cluster = cluster
        self._folder = folder

    def ground(self) -> AbstractAsyncContextManager[Ground]:
        return real_ground(self._cluster, self._folder, has_node=self.name in ("cordon", "uncordon", "drain"))


@asynccontextmanager
async def real_ground(cluster: KubeCluster, folder: Path, *, has_node: bool = False) -> AsyncIterator[Ground]:
    """A namespace of its own in a real cluster, and a node where one is acted on; actions have the rights that
    ``deploy/kubernetes/act.yaml`` gives, and no more."""
    number = next(_numbers)
    space = await scenes.make_namespace(cluster.api, f"act-{number}")
    nodes = [f"act-node-{number}"] if has_node else []
    if nodes:
        await scenes.make_nodes(cluster.api, nodes, region=cluster.region)
    kubeconfig = cluster.write_kubeconfig(folder / "act.kubeconfig", "actor")
    trust = ssl.create_default_context(cafile=str(cluster.access("admin").ca))
    headers = {"authorization": f"Bearer {TOKENS['admin'][0]}"}
    async with httpx2.AsyncClient(
        base_url=cluster.url, verify=trust, headers=headers, timeout=20, trust_env=False
    ) as http:
        try:
            yield Ground(cluster.name, http, doors_to(cluster.name, kubeconfig), space, made_nodes=nodes)
        finally:
            for name in nodes:
                await cluster.api.delete("Node", name)
            await cluster.api.delete("Namespace", space)


@pytest.mark.parametrize(("promise", "action"), [(each, action) for each in CORE for action in CORE[each]])
async def test_every_action_keeps_its_promises_on_a_real_api_server(
    clusters: tuple[KubeCluster, KubeCluster], promise: str, action: str, tmp_path: Path
) -> None:
    assert f"test_{promise}" in promises()
    await getattr(OnRealCluster(action, clusters[0], tmp_path), f"test_{promise}")()


async def test_a_disruption_budget_holds_a_pod_until_it_allows_to_go(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    async with real_ground(clusters[0], tmp_path) as ground:
        await ground.create("Deployment", on.deployment())
        pods = await on.running_pods(ground, 2)
        await ground.create("PodDisruptionBudget", on.budget(least=2))

        async def is_counted() -> bool:
            status = (await ground.get("PodDisruptionBudget", on.APP)).get("status", {})
            return bool(status.get("currentHealthy") == 2)

        await ground.until(is_counted, "the budget counts its pods")
        action = PARTS["restart_pod"].make(Means(ground.doors))
        case = on.case(ground, "restart_pod", pod=pods[0]["metadata"]["name"])
        plan = await action.rehearse(case.step, case.target)
        assert {(each.name, each.result) for each in plan.checks} >= {
            ("dry run", "failed"),
            ("disruption budget", "failed"),
        }
        with pytest.raises(Transient, match="budget forbids it now"):
            await action.perform(plan, "exe-1/0")
        await ground.patch("PodDisruptionBudget", on.APP, {"spec": {"minAvailable": 1}})

        async def may_go() -> bool:
            status = (await ground.get("PodDisruptionBudget", on.APP)).get("status", {})
            return bool(status.get("disruptionsAllowed") == 1)

        await ground.until(may_go, "the budget lets one go")
        assert (await action.perform(plan, "exe-1/0")).has_changed


async def test_an_identity_that_may_not_write_is_told_which_right_is_missing(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    async with real_ground(clusters[0], tmp_path) as ground:
        await ground.create("Deployment", on.deployment())
        kubeconfig = clusters[0].write_kubeconfig(tmp_path / "read.kubeconfig", "viewer")
        doors = doors_to(clusters[0].name, kubeconfig)
        case = on.case(ground, "kubectl_scale", by=1)
        with pytest.raises(Permanent, match="may not patch deployments in"):
            await PARTS["kubectl_scale"].make(Means(doors)).rehearse(case.step, case.target)
        async with ground.doors.open(clusters[0].name) as door:
            assert (await may(door, "patch", case.target)).result == "passed"


async def test_what_others_wrote_is_named_before_it_is_taken_over(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    async with real_ground(clusters[0], tmp_path) as ground:
        await ground.create("Deployment", on.deployment())
        case = on.case(ground, "set_resources", container="main")
        plan = await PARTS["set_resources"].make(Means(ground.doors)).rehearse(case.step, case.target)
        (check,) = [each for each in plan.checks if each.name == "field manager"]
        assert check.result == "warned"
        assert "limits.memory" in check.detail
