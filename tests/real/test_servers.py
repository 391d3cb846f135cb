"""The test clusters are what the other tests of this folder take them for."""

from pathlib import Path

import anyio
import pytest

from . import scenes
from .api_client import ApiClient, ApiError, Manifest
from .servers import KubeCluster, installed_folder
from .waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def cluster(two_clusters: tuple[KubeCluster, KubeCluster]) -> KubeCluster:
    """The first cluster with two nodes."""
    first, _ = two_clusters
    await scenes.make_nodes(first.api, ["servers-1", "servers-2"], region=first.region)
    return first


@pytest.fixture(scope="module")
async def space(cluster: KubeCluster) -> str:
    return await scenes.make_namespace(cluster.api, "servers")


async def only_pod(api: ApiClient, name: str, space: str) -> Manifest:
    pods = await eventually(lambda: scenes.pods_of(api, name, space), f"a pod of {name}")
    assert len(pods) == 1
    return pods[0]


async def test_nodes_become_ready_and_carry_their_region(cluster: KubeCluster) -> None:
    node = await cluster.api.get("Node", "servers-1")
    assert scenes.condition(node, "Ready") == "True"
    assert node["metadata"]["labels"]["topology.kubernetes.io/region"] == cluster.region


async def test_a_deployment_becomes_available(cluster: KubeCluster, space: str) -> None:
    await cluster.api.create(scenes.deployment("web", space, replicas=3))
    await scenes.becomes_available(cluster.api, "web", space)
    pods = await scenes.pods_of(cluster.api, "web", space)
    assert [scenes.condition(pod, "Ready") for pod in pods] == ["True"] * 3


async def test_a_deleted_pod_is_replaced(cluster: KubeCluster, space: str) -> None:
    await cluster.api.create(scenes.deployment("replaced", space))
    await scenes.becomes_available(cluster.api, "replaced", space)
    before = await only_pod(cluster.api, "replaced", space)
    await cluster.api.delete("Pod", before["metadata"]["name"], space)

    async def another() -> bool:
        pods = await scenes.pods_of(cluster.api, "replaced", space)
        return [p["metadata"]["uid"] for p in pods] not in ([], [before["metadata"]["uid"]])

    await eventually(another, "the replica set made another pod")
    await scenes.becomes_available(cluster.api, "replaced", space)


async def test_the_oom_stage_kills_again_and_again_until_the_label_is_gone(cluster: KubeCluster, space: str) -> None:
    api = cluster.api
    await api.create(scenes.deployment("hungry", space, fail="oom"))

    async def killed_thrice() -> Manifest | None:
        for pod in await scenes.pods_of(api, "hungry", space):
            if scenes.container_state(pod).get("restartCount", 0) >= 3:
                return pod
        return None

    pod = await eventually(killed_thrice, "three kills", within_s=30)
    assert pod is not None
    last = scenes.container_state(pod)["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)
    events = await api.list("Event", space)
    assert any(e["reason"] == "BackOff" and e["type"] == "Warning" for e in events)

    await api.patch("Deployment", "hungry", scenes.failing(None), space)
    await scenes.becomes_available(api, "hungry", space)


async def test_the_crash_stage_ends_with_an_error(cluster: KubeCluster, space: str) -> None:
    await cluster.api.create(scenes.deployment("crashing", space, fail="crash"))

    async def last_end() -> Manifest | None:
        pod = await only_pod(cluster.api, "crashing", space)
        found: Manifest | None = scenes.container_state(pod).get("lastState", {}).get("terminated")
        return found

    last = await eventually(last_end, "a container that ended")
    assert last is not None
    assert (last["reason"], last["exitCode"]) == ("Error", 1)


async def test_the_image_stage_backs_off_until_the_label_is_gone(cluster: KubeCluster, space: str) -> None:
    api = cluster.api
    await api.create(scenes.deployment("mistyped", space, fail="image"))

    async def waits_for(reason: str) -> bool:
        pods = await scenes.pods_of(api, "mistyped", space)
        return [scenes.container_state(p).get("state", {}).get("waiting", {}).get("reason") for p in pods] == [reason]

    await eventually(lambda: waits_for("ImagePullBackOff"), "ImagePullBackOff", every_s=0.05)
    await eventually(lambda: waits_for("ErrImagePull"), "the kubelet tries again", every_s=0.05)
    pod = await only_pod(api, "mistyped", space)
    assert pod["status"]["phase"] == "Pending"
    assert scenes.condition(pod, "Ready") == "False"

    await api.patch("Deployment", "mistyped", scenes.failing(None), space)
    await scenes.becomes_available(api, "mistyped", space)


async def test_the_real_controllers_say_when_nothing_fits_and_when_a_rollout_stands_still(
    cluster: KubeCluster, space: str
) -> None:
    api = cluster.api
    await api.create(scenes.deployment("giant", space, cpu="1000"))
    await api.create(scenes.deployment("slow", space, fail="image", deadline_s=2))

    async def is_said() -> bool:
        giant = await only_pod(api, "giant", space)
        reasons = [c.get("reason") for c in giant["status"].get("conditions", []) if c["status"] == "False"]
        slow = await api.get("Deployment", "slow", space)
        return reasons == ["Unschedulable"] and scenes.condition(slow, "Progressing") == "False"

    await eventually(is_said, "Unschedulable, and Progressing is False")


async def test_each_node_renews_its_lease(cluster: KubeCluster) -> None:
    """Without it every node would turn unknown for a moment, again and again."""

    async def renewed() -> str:
        lease = await cluster.api.find("Lease", "servers-1", "kube-node-lease")
        return lease["spec"]["renewTime"] if lease else ""

    first = await eventually(renewed, "a lease of the node")

    async def again() -> bool:
        return await renewed() > first

    await eventually(again, "the lease is renewed", within_s=30)


async def test_a_broken_node_stays_not_ready_until_it_is_repaired(cluster: KubeCluster) -> None:
    await scenes.make_nodes(cluster.api, ["servers-frail"], region=cluster.region)
    await scenes.break_node(cluster.api, "servers-frail")
    condition = (await cluster.api.get("Node", "servers-frail"))["status"]["conditions"]
    assert [c["reason"] for c in condition if c["type"] == "Ready"] == ["KubeletNotReady"]
    await scenes.repair_node(cluster.api, "servers-frail")
    await cluster.api.delete("Node", "servers-frail")


async def test_the_second_cluster_knows_nothing_of_the_first(
    two_clusters: tuple[KubeCluster, KubeCluster], space: str
) -> None:
    first, second = two_clusters
    assert await second.api.find("Namespace", space) is None
    uids = [(await c.api.get("Namespace", "kube-system"))["metadata"]["uid"] for c in (first, second)]
    assert uids[0] != uids[1]


async def test_each_user_may_do_what_its_role_says(cluster: KubeCluster, space: str) -> None:
    async with cluster.client("viewer") as viewer:
        assert await viewer.list("Node")
        with pytest.raises(ApiError) as refused:
            await viewer.create(scenes.deployment("forbidden", space))
        assert refused.value.status == 403
    async with cluster.client("nobody") as nobody:
        assert (await nobody.raw("/api/v1/pods")).status_code == 403


@pytest.mark.parametrize("user", ["admin", "viewer", "certificate"])
async def test_kubectl_gets_in_with_each_kind_of_kubeconfig(cluster: KubeCluster, tmp_path: Path, user: str) -> None:
    config = cluster.write_kubeconfig(tmp_path / "kubeconfig", user)
    kubectl = [str(installed_folder() / "bin" / "kubectl"), f"--kubeconfig={config}", f"--context={cluster.name}"]
    answer = await anyio.run_process([*kubectl, "get", "nodes", "-o", "name"], check=False)
    assert b"node/servers-1" in answer.stdout.split(), answer.stderr


async def test_an_unknown_token_is_refused_with_401(cluster: KubeCluster, tmp_path: Path) -> None:
    access = cluster.access("expired", token_file=tmp_path / "token")
    async with ApiClient(access.server, access.ca, (tmp_path / "token").read_text()) as stranger:
        assert (await stranger.raw("/api/v1/pods")).status_code == 401


async def test_a_restart_of_the_api_server_keeps_the_data(cluster: KubeCluster, space: str) -> None:
    before = (await cluster.api.get("Namespace", space))["metadata"]["uid"]
    await cluster.stop_api_server()
    await cluster.start_api_server()
    assert (await cluster.api.get("Namespace", space))["metadata"]["uid"] == before
    await cluster.restart_controllers()
    await cluster.api.create(scenes.deployment("after-restart", space))
    await scenes.becomes_available(cluster.api, "after-restart", space, within_s=60)
    cluster.ensure_alive()


async def test_a_server_that_ends_on_its_own_is_reported_with_its_log(tmp_path: Path) -> None:
    from .processes import ServerDiedError, ServerProcess
    from .servers import answers

    etcd = ServerProcess("etcd", [str(installed_folder() / "bin" / "etcd"), "--no-such-flag"], tmp_path)
    etcd.start()
    with pytest.raises(ServerDiedError, match="no-such-flag"):
        await answers(etcd, "http://127.0.0.1:1/health")
