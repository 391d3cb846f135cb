"""Pods off the wire become records and, when a watched field changed, observations."""

from datetime import UTC, datetime

import pytest

from kronveil.collectors.kubernetes.translate.kept import LONGEST_TEXT, Kept, Shelves
from kronveil.model.facts import PodFacts
from kronveil.model.resource import Resource
from tests.collectors.sampled import FIRST, NOW, sample, told, translate

IMAGE = "registry.example/shop/checkout:2.31.0"
REPLICASET = "6f0c5b1a-3a8a-4f5a-8e0a-2f1f5a1c9b10"


@pytest.mark.parametrize("name", ["healthy", "completed", "mirror", "with_sidecar"])
def test_the_first_list_keeps_a_plainly_healthy_pod_without_a_word(name: str) -> None:
    kept, observation = translate("pods", sample("pods", name), at=FIRST)
    assert observation is None
    assert kept.resource.kind == "Pod"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("image_pull_failed", f'checkout: ImagePullBackOff: Back-off pulling image "{IMAGE}": ErrImagePull'),
        ("oom_killed_and_running", "checkout: running; last ended OOMKilled (exit code 137), 1 restart"),
        ("crash_looping_by_oom", "checkout: CrashLoopBackOff: back-off 40s restarting failed container"),
        ("crash_looping", "checkout: CrashLoopBackOff: back-off 10s restarting failed container"),
        ("unschedulable", "not scheduled: 0/3 nodes are available: 3 Insufficient memory."),
        ("starting", "checkout: ContainerCreating"),
        ("evicted", "Failed: Evicted: The node was low on resource: memory."),
        ("init_crash_looping", "migrate: CrashLoopBackOff: back-off 20s restarting failed container=migrate"),
    ],
)
def test_the_first_list_reports_a_pod_that_is_not_healthy(name: str, message: str) -> None:
    observation = told("pods", sample("pods", name), at=FIRST)
    assert observation.kind == "pod.changed"
    assert observation.message.startswith(message)


def test_an_oom_kill_is_told_with_its_container_exit_and_time() -> None:
    observation = told("pods", sample("pods", "crash_looping_by_oom"))
    facts = observation.facts
    assert isinstance(facts, PodFacts)
    (container,) = facts.containers
    assert (container.state, container.reason, container.restarts) == ("waiting", "CrashLoopBackOff", 4)
    assert (container.last_reason, container.last_exit_code) == ("OOMKilled", 137)
    assert container.last_finished_at == datetime(2026, 11, 25, 1, 4, 12, tzinfo=UTC)
    assert observation.at == datetime(2026, 11, 25, 1, 4, 13, tzinfo=UTC)
    assert observation.attributes == {
        "k8s.pod.phase": "Running",
        "k8s.node.name": "node-eu-3",
        "k8s.container.name": "checkout",
        "image": IMAGE,
        "restart_count": 4,
        "reason": "CrashLoopBackOff",
    }


def test_scheduling_is_told_in_the_schedulers_words() -> None:
    facts = told("pods", sample("pods", "unschedulable")).facts
    assert isinstance(facts, PodFacts)
    assert facts.scheduled is False
    assert facts.scheduling_message.startswith("0/3 nodes are available")


def test_the_same_pod_again_is_no_news() -> None:
    item = sample("pods", "crash_looping")
    kept, _ = translate("pods", item)
    again = sample("pods", "crash_looping")
    again["metadata"]["resourceVersion"] = "990000"
    again["metadata"]["annotations"]["touched"] = "yes"
    again["status"]["podIP"] = "10.98.3.99"
    same, observation = translate("pods", again, kept)
    assert observation is None
    assert same.version == 990000


@pytest.mark.parametrize("where", ["phase", "ready", "restarts", "reason", "message", "last", "node", "deleted"])
def test_each_watched_field_makes_news(where: str) -> None:
    item = sample("pods", "oom_killed_and_running")
    kept, _ = translate("pods", item)
    container = item["status"]["containerStatuses"][0]
    if where == "phase":
        item["status"]["phase"] = "Unknown"
    elif where == "ready":
        item["status"]["conditions"][2]["status"] = "False"
    elif where == "restarts":
        container["restartCount"] += 1
    elif where == "reason":
        container["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    elif where == "message":
        container["state"] = {"waiting": {"message": "waits"}}
    elif where == "last":
        container["lastState"]["terminated"]["finishedAt"] = "2026-11-25T01:08:00Z"
    elif where == "node":
        item["spec"]["nodeName"] = "node-eu-1"
    else:
        item["metadata"]["deletionTimestamp"] = "2026-11-25T01:10:00Z"
    assert translate("pods", item, kept)[1] is not None


def test_a_change_without_a_time_of_its_own_happened_now() -> None:
    item = sample("pods", "image_pull_failed")
    kept, _ = translate("pods", item)
    item["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] = "ErrImagePull"
    assert told("pods", item, before=kept).at == NOW


def test_a_cluster_whose_clock_runs_ahead_reports_nothing_from_the_future() -> None:
    item = sample("pods", "crash_looping")
    item["status"]["containerStatuses"][0]["lastState"]["terminated"]["finishedAt"] = "2026-11-25T03:00:00Z"
    assert told("pods", item).at == NOW


def test_a_report_has_the_same_key_whenever_it_is_made() -> None:
    item = sample("pods", "crash_looping")
    assert told("pods", item).key == told("pods", item, at=FIRST).key == f"{item['metadata']['uid']}@880505"


def test_the_owner_is_the_deployment_behind_the_replica_set() -> None:
    shelves = Shelves()
    deployment = Resource("Deployment", "checkout", "shop", "d-1")
    shelves.of("replicasets")[REPLICASET] = Kept(
        Resource("ReplicaSet", "checkout-7d4b9c6f5d", "shop", REPLICASET), deployment, 1, ()
    )
    assert told("pods", sample("pods", "crash_looping"), shelves=shelves).owner == deployment


def test_without_replica_sets_the_deployment_is_found_by_the_template_hash() -> None:
    shelves = Shelves()
    shelves.name_deployment(Resource("Deployment", "checkout", "shop", "d-1"))
    assert told("pods", sample("pods", "crash_looping"), shelves=shelves).owner == Resource(
        "Deployment", "checkout", "shop", "d-1"
    )
    assert told("pods", sample("pods", "crash_looping")).owner == Resource("Deployment", "checkout", "shop")


def test_without_hash_or_replica_sets_the_replica_set_is_the_owner() -> None:
    item = sample("pods", "crash_looping")
    item["metadata"]["labels"] = {}
    assert told("pods", item).owner == Resource("ReplicaSet", "checkout-7d4b9c6f5d", "shop", REPLICASET)


def test_an_owner_that_is_known_only_later_is_taken_up() -> None:
    shelves = Shelves()
    item = sample("pods", "crash_looping")
    kept, _ = translate("pods", item, shelves=shelves)
    shelves.name_deployment(Resource("Deployment", "checkout", "shop", "d-1"))
    kept, observation = translate("pods", item, kept, shelves=shelves)
    assert observation is None
    assert kept.owner == Resource("Deployment", "checkout", "shop", "d-1")


def test_a_job_is_the_owner_of_its_pod_and_a_mirror_pod_its_own() -> None:
    assert translate("pods", sample("pods", "completed"))[0].owner == Resource(
        "Job", "backup-29402160", "shop", "c0ffee00-0000-4000-8000-000000000001"
    )
    assert translate("pods", sample("pods", "mirror"))[0].owner is None


def test_a_long_message_is_cut_where_one_can_see_it() -> None:
    item = sample("pods", "image_pull_failed")
    item["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "x" * 5000
    observation = told("pods", item)
    assert len(observation.message) <= LONGEST_TEXT
    assert observation.message.endswith("…")


def test_nulls_and_absent_fields_are_taken_as_unknown() -> None:
    bare = {"metadata": {"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "x", "ownerReferences": None}}
    assert told("pods", {**bare, "spec": None, "status": None}).message == "Unknown"
    assert told("pods", {**bare, "status": {"containerStatuses": None, "conditions": None}}).owner is None
