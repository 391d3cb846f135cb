"""What a control plane does to its clients at its worst, on real servers: history gone, kills, a dead webhook."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import anyio.abc
import pytest

from . import scenes
from .api_client import ApiClient, Manifest
from .gate import Gate, gate_to
from .kubeconfig import write_kubeconfig
from .processes import free_port
from .running_agent import Found, RunningAgent, balance
from .scenes import SPACE, warning
from .servers import KubeCluster
from .waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

Clusters = tuple[KubeCluster, KubeCluster]
BACK_WITHIN_S = 90  # the longest waits of the agent's and the controllers' back-offs, on a busy machine


@asynccontextmanager
async def behind_a_gate(
    cluster: KubeCluster, folder: Path
) -> AsyncIterator[tuple[RunningAgent, Gate, anyio.abc.TaskGroup]]:
    """An agent that reads the cluster through a gate, and has."""
    port = urlsplit(cluster.url).port
    assert port is not None
    async with gate_to(port) as (gate, tasks):
        access = replace(cluster.access("viewer"), server=f"https://127.0.0.1:{gate.port}")
        path = write_kubeconfig(folder / "gate.kubeconfig", [access])
        only = {"name": cluster.name, "kubeconfig_path": str(path), "context": cluster.name}
        async with RunningAgent(folder, [only]) as agent:
            await agent.becomes(cluster.name, "live")
            yield agent, gate, tasks


async def version_of(api: ApiClient, kind: str) -> str:
    """The resource version of a list of now."""
    return str((await api.raw(f"/api/v1/{kind}?limit=1")).json()["metadata"]["resourceVersion"])


async def is_expired(api: ApiClient, kind: str, version: str) -> bool:
    """Whether the server refuses to go on from this version."""
    answer = await api.raw(f"/api/v1/{kind}?watch=true&timeoutSeconds=1&resourceVersion={version}")
    return answer.status_code == 410 or '"code":410' in answer.text


async def test_history_compacted_while_the_agent_was_away_is_listed_anew_without_loss_or_double(
    clusters: Clusters, tmp_path: Path
) -> None:
    cluster = clusters[0]
    api = cluster.api
    async with behind_a_gate(cluster, tmp_path) as (agent, gate, tasks):
        for name, fail, replicas in (("kept", None, 3), ("mended", "image", 1)):
            await api.create(scenes.deployment(name, SPACE, fail=fail, replicas=replicas))
        await scenes.becomes_available(api, "kept", SPACE)
        before = await agent.incident("mended", family="image")
        relists = await agent.relists(cluster.name)
        versions = {kind: await version_of(api, kind) for kind in ("pods", "events")}

        await gate.shut()
        await api.patch("Deployment", "mended", scenes.failing(None), SPACE)
        await scenes.becomes_available(api, "mended", SPACE)
        await api.create(scenes.deployment("broken-unseen", SPACE, fail="image"))
        [first, *_] = await scenes.pods_of(api, "kept", SPACE)
        await api.create(warning("unseen", first, "happened while nobody watched"))
        await api.delete("Pod", first["metadata"]["name"], SPACE)
        await cluster.etcd.compact()
        # A server that starts keeps no more of the past than its etcd does.
        await cluster.stop_api_server()
        await cluster.start_api_server()
        await cluster.restart_controllers()
        for kind, version in versions.items():
            assert await is_expired(api, kind, version), f"the server would still go on with {kind} from {version}"

        await gate.open(tasks)
        await agent.becomes(cluster.name, "live", within_s=BACK_WITHIN_S)
        await scenes.becomes_available(api, "kept", SPACE, within_s=BACK_WITHIN_S)
        await eventually(lambda: agent.counts_right(cluster), "totals are the API server's", within_s=BACK_WITHIN_S)
        healed = await agent.incident("mended", family="image", status="resolved")
        assert healed["id"] == before["id"]
        await agent.incident("broken-unseen", family="image")
        unseen = await eventually(
            lambda: agent.events(message="happened while nobody watched"), "the warning of that time is found"
        )
        assert len(unseen) == 1
        assert not await agent.incidents("kept")
        assert await agent.relists(cluster.name) > relists
        assert balance(await agent.cluster(cluster.name)) == 0
    await api.delete("Deployment", "broken-unseen", SPACE)


async def test_an_api_server_killed_while_pods_change_and_a_crash_of_etcd_lose_nothing(
    agent: RunningAgent, clusters: Clusters
) -> None:
    cluster, _ = clusters
    api = cluster.api
    await api.create(scenes.deployment("worn", SPACE, replicas=2))
    await api.create(scenes.deployment("torn", SPACE, fail="image"))
    await scenes.becomes_available(api, "worn", SPACE)
    before = await agent.incident("torn", family="image")

    # Ten pods are on their way when it dies.
    await api.patch("Deployment", "worn", {"spec": {"replicas": 12}}, SPACE)
    await cluster.kill_api_server()
    await cluster.start_api_server()
    await cluster.restart_controllers()
    await scenes.becomes_available(api, "worn", SPACE, within_s=BACK_WITHIN_S)
    await agent.becomes(cluster.name, "live", within_s=BACK_WITHIN_S)
    await eventually(lambda: agent.counts_right(cluster), "all ten are counted", within_s=BACK_WITHIN_S)

    await api.patch("Deployment", "worn", {"spec": {"replicas": 4}}, SPACE)
    await cluster.etcd.restart()
    for each in clusters:
        await each.is_ready()
        await each.restart_controllers()
    await scenes.becomes_available(api, "worn", SPACE, within_s=BACK_WITHIN_S)
    for each in clusters:
        await agent.becomes(each.name, "live", within_s=BACK_WITHIN_S)
        await eventually(lambda c=each: agent.counts_right(c), f"totals of {each.name}", within_s=BACK_WITHIN_S)  # type: ignore[misc]
        assert balance(await agent.cluster(each.name)) == 0
    assert (await agent.incident("torn", family="image"))["id"] == before["id"]
    assert not await agent.incidents("worn")

    await api.patch("Deployment", "torn", scenes.failing(None), SPACE)
    await scenes.becomes_available(api, "torn", SPACE, within_s=BACK_WITHIN_S)
    await agent.incident("torn", family="image", status="resolved")


def dead_webhook(space: str) -> Manifest:
    """Asks a service that is down about each new pod of a namespace, and lets none in without its word."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "pod-policy.kronveil.test"},
        "webhooks": [
            {
                "name": "pod-policy.kronveil.test",
                "clientConfig": {"url": f"https://127.0.0.1:{free_port()}/validate"},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 1,
            }
        ],
    }


async def test_a_rollout_held_up_by_a_dead_webhook_is_one_incident_that_quotes_it(
    agent: RunningAgent, clusters: Clusters
) -> None:
    cluster = clusters[0]
    api = cluster.api
    space = await scenes.make_namespace(api, "behind-a-webhook")
    await api.create(scenes.deployment("held-up", space, replicas=2, deadline_s=5))
    await scenes.becomes_available(api, "held-up", space)
    await api.create(dead_webhook(space))

    async def is_refused() -> bool:
        """The API server takes a webhook up some moments after it was written."""
        pod = {"containers": [{"name": "main", "image": "registry.test/probe:1.0"}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": pod}
        answer = await api.attempt("Pod", space, body, dry_run=True)
        return answer.status_code >= 400 and "failed calling webhook" in answer.text

    try:
        await eventually(is_refused, "new pods are refused", within_s=30)
        rollout = {"spec": {"template": {"metadata": {"labels": {"rollout": "2"}}}}}
        await api.patch("Deployment", "held-up", rollout, space)

        async def quoted() -> Found | None:
            found = await agent.incidents_in(space)
            assert len(found) <= 1, found
            whole = await agent.get(f"incidents/{found[0]['id']}") if found else {"evidence": []}
            said = [piece["message"] for piece in whole["evidence"]]
            is_told = any('failed calling webhook "pod-policy.kronveil.test"' in message for message in said)
            return whole if is_told else None

        found = await eventually(quoted, "an incident quotes the webhook", within_s=60)
        assert found is not None
        assert (found["kind"], found["status"]) == ("workload.rollout_stuck", "open")
        assert (found["resource"]["kind"], found["resource"]["name"]) == ("Deployment", "held-up")
        # The pods of before are untouched, and nobody says otherwise.
        assert len(await scenes.pods_of(api, "held-up", space)) == 2
    finally:
        await api.delete("ValidatingWebhookConfiguration", "pod-policy.kronveil.test")
    # The replica set's own growing waits are cut short by a rollout to what ran before.
    await api.patch("Deployment", "held-up", {"spec": {"template": {"metadata": {"labels": {"rollout": None}}}}}, space)
    await scenes.becomes_available(api, "held-up", space, within_s=BACK_WITHIN_S)

    async def is_over() -> bool:
        again = await agent.incidents_in(space)
        return [(item["id"], item["status"]) for item in again] == [(found["id"], "resolved")]

    await eventually(is_over, "the one incident is resolved", within_s=BACK_WITHIN_S)
