"""The whole agent on two real Kubernetes clusters: what breaks becomes an incident, and what heals resolves it."""

from pathlib import Path

import pytest

from . import scenes
from .api_client import ApiClient
from .running_agent import Found, RunningAgent, balance, entry
from .scenes import SPACE, warning
from .servers import KubeCluster
from .waiting import eventually, stays

pytestmark = pytest.mark.anyio

Clusters = tuple[KubeCluster, KubeCluster]


async def run_deployment(api: ApiClient, name: str, *, fail: str | None = None, replicas: int = 1) -> None:
    await api.create(scenes.deployment(name, SPACE, fail=fail, replicas=replicas))
    if fail is None:
        await scenes.becomes_available(api, name, SPACE)


async def roll_out(api: ApiClient, name: str, *, fail: str | None) -> None:
    await api.patch("Deployment", name, scenes.failing(fail), SPACE)
    if fail is None:
        await scenes.becomes_available(api, name, SPACE)


def names(incident: Found) -> list[str]:
    """The clusters of an incident."""
    return [cluster["name"] for cluster in incident["clusters"]]


async def test_the_fleet_is_counted_and_told_by_uid_and_region(agent: RunningAgent, clusters: Clusters) -> None:
    for cluster in clusters:
        row = await agent.cluster(cluster.name)
        system = await cluster.api.get("Namespace", "kube-system")
        assert row["uid"] == system["metadata"]["uid"]
        assert row["region"] == cluster.region
        assert row["version"].startswith("v1.37")
        await eventually(lambda c=cluster: agent.counts_right(c), f"totals of {cluster.name}")  # type: ignore[misc]
    fleet = await agent.get("fleet")
    assert fleet["clusters"]["live"] == fleet["clusters"]["total"] == 2
    assert (fleet["complete"], fleet["missing"]) == (True, [])


async def test_a_bad_image_on_both_clusters_is_one_incident_each_until_it_is_taken_back(
    agent: RunningAgent, clusters: Clusters
) -> None:
    for cluster in clusters:
        await run_deployment(cluster.api, "shop", replicas=2)
    for cluster in clusters:
        await roll_out(cluster.api, "shop", fail="image")

    async def open_in() -> set[str]:
        found = await agent.incidents("shop")
        assert all(item["kind"] == "pod.image_pull_failed" and item["family"] == "image" for item in found), found
        return {name for item in found if item["status"] == "open" for name in names(item)}

    async def in_both() -> bool:
        return await open_in() == {cluster.name for cluster in clusters}

    await eventually(in_both, "an image incident in each cluster", within_s=60)
    # The kubelet's reason alternates between two words: neither a second incident nor a recovery.
    await stays(in_both, "both stay open while the image is missing", for_s=7)
    found = await agent.incidents("shop")
    assert len(found) == 2
    assert all(item["resource"]["kind"] == "Deployment" and item["resource"]["namespace"] == SPACE for item in found)

    for cluster in clusters:
        await roll_out(cluster.api, "shop", fail=None)

    async def all_resolved() -> bool:
        return [item["status"] for item in await agent.incidents("shop")] == ["resolved"] * 2

    await eventually(all_resolved, "both incidents are resolved", within_s=60)


async def test_a_container_killed_again_and_again_is_one_memory_incident(
    agent: RunningAgent, clusters: Clusters
) -> None:
    api = clusters[0].api
    await run_deployment(api, "hungry")
    await roll_out(api, "hungry", fail="oom")
    found = await agent.incident("hungry", family="memory")
    assert found["kind"] == "pod.oom_killed"
    assert names(found) == [clusters[0].name]

    async def repeats() -> bool:
        again = await agent.incident("hungry", family="memory")
        return bool(again["event_count"] > found["event_count"] and again["id"] == found["id"])

    await eventually(repeats, "later kills join the same incident", within_s=60)
    assert {item["family"] for item in await agent.incidents("hungry")} == {"memory"}

    await roll_out(api, "hungry", fail=None)
    resolved = await agent.incident("hungry", family="memory", status="resolved")
    assert resolved["id"] == found["id"]
    assert resolved["resolved_at"] is not None


async def test_a_container_that_keeps_ending_with_an_error_is_a_crash_incident(
    agent: RunningAgent, clusters: Clusters
) -> None:
    api = clusters[0].api
    await run_deployment(api, "crashing", fail="crash")
    found = await agent.incident("crashing", family="crash")
    assert found["kind"] == "pod.crash_looping"
    assert {item["family"] for item in await agent.incidents("crashing")} == {"crash"}

    await roll_out(api, "crashing", fail=None)
    await agent.incident("crashing", family="crash", status="resolved")


async def test_a_pod_that_fits_on_no_node_is_an_incident_until_it_fits(agent: RunningAgent, clusters: Clusters) -> None:
    api = clusters[0].api
    await api.create(scenes.deployment("giant", SPACE, cpu="1000"))
    found = await agent.incident("giant", family="scheduling")
    assert found["kind"] == "pod.unschedulable"

    modest = {"name": "main", "resources": {"requests": {"cpu": "1"}}}
    await api.patch("Deployment", "giant", {"spec": {"template": {"spec": {"containers": [modest]}}}}, SPACE)
    await scenes.becomes_available(api, "giant", SPACE)
    await agent.incident("giant", family="scheduling", status="resolved")


async def test_a_rollout_that_outruns_its_deadline_is_an_incident_until_it_is_through(
    agent: RunningAgent, clusters: Clusters
) -> None:
    api = clusters[1].api
    await api.create(scenes.deployment("slow", SPACE, deadline_s=3))
    await scenes.becomes_available(api, "slow", SPACE)
    await roll_out(api, "slow", fail="image")
    found = await agent.incident("slow", family="rollout")
    assert found["kind"] == "workload.rollout_stuck"

    await roll_out(api, "slow", fail=None)
    await agent.incident("slow", family="rollout", status="resolved")
    await agent.incident("slow", family="image", status="resolved")


async def test_a_node_that_stops_answering_is_an_incident_until_it_is_back(
    agent: RunningAgent, clusters: Clusters
) -> None:
    api = clusters[1].api
    await scenes.make_nodes(api, ["agent-frail"], region=clusters[1].region)
    await scenes.break_node(api, "agent-frail")
    found = await agent.incident("agent-frail", family="node")
    assert found["kind"] == "node.not_ready"
    assert names(found) == [clusters[1].name]
    assert found["resource"]["kind"] == "Node"

    await scenes.repair_node(api, "agent-frail")
    await agent.incident("agent-frail", family="node", status="resolved")
    await api.delete("Node", "agent-frail")


async def test_a_warning_of_the_cluster_becomes_an_event_with_its_origin(
    agent: RunningAgent, clusters: Clusters
) -> None:
    cluster = clusters[0]
    await run_deployment(cluster.api, "probed")
    [pod] = await scenes.pods_of(cluster.api, "probed", SPACE)
    await cluster.api.create(warning("probed.1", pod, "Readiness probe failed: 503 of probed"))

    async def one() -> list[Found]:
        return await agent.events(message="Readiness probe failed: 503 of probed", cluster=cluster.name)

    [event] = await eventually(one, "the Warning is an event")
    assert (event["cluster_name"], event["cluster_region"]) == (cluster.name, cluster.region)
    assert event["resource"]["uid"] == pod["metadata"]["uid"]
    assert not await agent.events(message="503 of probed", cluster=clusters[1].name)


@pytest.mark.timeout(240)
async def test_a_restart_of_the_api_server_loses_nothing_and_doubles_nothing(
    agent: RunningAgent, clusters: Clusters
) -> None:
    cluster, other = clusters
    await run_deployment(cluster.api, "steady", replicas=2)
    await run_deployment(cluster.api, "broken", fail="image")
    before = await agent.incident("broken", family="image")
    received = (await agent.get("fleet"))["events"]

    await cluster.stop_api_server()
    await agent.becomes(cluster.name, "stale", "unreachable")
    away = await agent.becomes(cluster.name, "unreachable")
    assert away["pods"] is not None, "what was known is shown with its age, not forgotten"
    fleet = await agent.get("fleet")
    assert fleet["complete"] is False
    assert [gap["cluster"] for gap in fleet["missing"]] == [cluster.name]
    assert (await agent.cluster(other.name))["state"] == "live"
    assert (await agent.incident("broken", family="image"))["id"] == before["id"]

    await cluster.start_api_server()
    # Before the agent is back: what happens in between must be found by its next list.
    [first, _] = await scenes.pods_of(cluster.api, "steady", SPACE)
    await cluster.api.create(warning("in-between", first, "happened before the agent was back"))
    await cluster.api.delete("Pod", first["metadata"]["name"], SPACE)
    # The longest wait of its back-off, and of its patience with a refusal by a server that has just started.
    await agent.becomes(cluster.name, "live", within_s=60)

    await cluster.restart_controllers()
    await scenes.becomes_available(cluster.api, "steady", SPACE)
    await eventually(lambda: agent.counts_right(cluster), "totals are the API server's again")
    in_between = await eventually(
        lambda: agent.events(message="happened before the agent was back"), "the event in between is found"
    )
    assert len(in_between) == 1
    assert (await agent.incident("broken", family="image"))["id"] == before["id"]
    assert not await agent.incidents("steady")
    assert balance(await agent.cluster(cluster.name)) == 0
    assert (await agent.get("fleet"))["events"] > received

    await roll_out(cluster.api, "broken", fail=None)
    await agent.incident("broken", family="image", status="resolved")


@pytest.mark.timeout(240)
async def test_a_frozen_cluster_is_stale_then_unreachable_then_back_and_the_other_stays_live(
    clusters: Clusters, tmp_path: Path
) -> None:
    fine, frozen = clusters
    entries = [entry(cluster, tmp_path) for cluster in clusters]
    # A long way from stale to unreachable: a busy machine must not sleep through it.
    async with RunningAgent(tmp_path, entries, unreachable_after="20s") as agent:
        for cluster in clusters:
            await agent.becomes(cluster.name, "live")
        known = await agent.cluster(frozen.name)

        async def reach(status: str) -> list[Found]:
            items: list[Found] = (await agent.get("incidents", limit="500"))["items"]
            return [item for item in items if item["kind"] == "cluster.unreachable" and item["status"] == status]

        # Silence with every connection open, as when a firewall starts to swallow packets.
        with frozen.processes["kube-apiserver"].frozen():
            row = await agent.becomes(frozen.name, "stale")
            assert (row["pods"], row["nodes"]) == (known["pods"], known["nodes"]), "shown with its age, not forgotten"
            assert not await reach("open")
            await agent.becomes(frozen.name, "unreachable", within_s=60)
            [found] = await eventually(lambda: reach("open"), "cluster.unreachable is open")
            assert names(found) == [frozen.name]
            fleet = await agent.get("fleet")
            assert [gap["cluster"] for gap in fleet["missing"]] == [frozen.name]
            # Meanwhile the other one is not only called live: what happens there is seen.
            await run_deployment(fine.api, "beside-the-frozen")
            await eventually(lambda: agent.counts_right(fine), "totals of the live one")
            assert (await agent.cluster(fine.name))["state"] == "live"
        await agent.becomes(frozen.name, "live", within_s=60)
        [resolved] = await eventually(lambda: reach("resolved"), "cluster.unreachable is resolved")
        assert resolved["id"] == found["id"]
        await eventually(lambda: agent.counts_right(frozen), "totals of the one that is back", within_s=60)
        assert [balance(await agent.cluster(cluster.name)) for cluster in clusters] == [0, 0]


async def test_a_killed_agent_comes_back_with_the_same_incidents(agent: RunningAgent, clusters: Clusters) -> None:
    api = clusters[0].api
    await run_deployment(api, "survivor", fail="image")
    await run_deployment(api, "healed", fail="image")
    broken = await agent.incident("survivor", family="image")
    healed = await agent.incident("healed", family="image")
    events = (await agent.get("fleet"))["events"]

    await agent.kill()
    await roll_out(api, "healed", fail=None)
    await agent.start()
    # At once, before any cluster can have been listed: from the store.
    assert {i["id"] for i in await agent.incidents("survivor")} == {broken["id"]}
    assert (await agent.get("fleet"))["events"] >= events

    await agent.becomes(clusters[0].name, "live")
    again = await agent.incident("survivor", family="image")
    assert (again["id"], again["opened_at"]) == (broken["id"], broken["opened_at"])
    assert (await agent.incident("healed", family="image", status="resolved"))["id"] == healed["id"]

    await roll_out(api, "survivor", fail=None)
    assert (await agent.incident("survivor", family="image", status="resolved"))["id"] == broken["id"]


async def test_what_is_already_broken_when_the_agent_first_starts_is_an_incident(
    clusters: Clusters, tmp_path: Path
) -> None:
    api = clusters[0].api
    await run_deployment(api, "found-broken", fail="image")
    [pod] = await eventually(lambda: scenes.pods_of(api, "found-broken", SPACE), "its pod")

    async def fails() -> bool:
        status = scenes.container_state(await api.get("Pod", pod["metadata"]["name"], SPACE))
        return "waiting" in status.get("state", {})

    await eventually(fails, "its image cannot be pulled")
    async with RunningAgent(tmp_path, [entry(clusters[0], tmp_path)]) as late:
        await late.incident("found-broken", family="image")
        await roll_out(api, "found-broken", fail=None)
        await late.incident("found-broken", family="image", status="resolved")
