"""Nodes, deployments and Warning events off the wire become records and observations."""

from datetime import UTC, datetime

import pytest

from kronveil.collectors.kubernetes.translate.kept import Kept, Shelves
from kronveil.collectors.kubernetes.translate.nodes import region_of
from kronveil.model.facts import NodeFacts, WarningFacts, WorkloadFacts
from kronveil.model.resource import Resource
from tests.collectors.sampled import FIRST, LATER, NOW, sample, told, translate


def test_the_first_list_keeps_healthy_nodes_and_deployments_without_a_word() -> None:
    assert translate("nodes", sample("nodes", "ready"), at=FIRST)[1] is None
    for name in ("available", "rolling_out"):
        assert translate("deployments", sample("deployments", name), at=FIRST)[1] is None


@pytest.mark.parametrize(
    ("name", "ready", "at", "message"),
    [
        ("lost", None, "01:03:40", "unknown whether ready: NodeStatusUnknown: Kubelet stopped posting node status."),
        ("broken", False, "01:03:50", "not ready: KubeletNotReady: container runtime network not ready"),
        ("under_pressure", True, "01:03:55", "ready; MemoryPressure; cordoned"),
    ],
)
def test_the_first_list_reports_a_node_in_trouble(name: str, ready: bool | None, at: str, message: str) -> None:  # noqa: FBT001
    observation = told("nodes", sample("nodes", name), at=FIRST)
    assert isinstance(observation.facts, NodeFacts)
    assert observation.facts.ready is ready
    assert observation.at == datetime.fromisoformat(f"2026-11-25T{at}Z")
    assert observation.message.startswith(message)


def test_a_nodes_heartbeat_is_no_news_but_its_readiness_is() -> None:
    item = sample("nodes", "ready")
    kept, _ = translate("nodes", item)
    item["status"]["conditions"][2]["lastHeartbeatTime"] = "2026-11-25T01:06:00Z"
    kept, observation = translate("nodes", item, kept)
    assert observation is None
    item["status"]["conditions"][2] |= {"status": "Unknown", "lastTransitionTime": "2026-11-25T01:07:00Z"}
    observation = told("nodes", item, before=kept)
    assert observation.at == datetime(2026, 11, 25, 1, 7, tzinfo=UTC)


def test_a_region_is_read_from_either_label() -> None:
    assert region_of(translate("nodes", sample("nodes", "ready"))[0]) == "eu-central-1"
    assert region_of(translate("nodes", sample("nodes", "broken"))[0]) == "eu-central-1"
    assert region_of(translate("nodes", sample("nodes", "under_pressure"))[0]) is None


def test_a_stuck_rollout_is_told_with_its_reason_and_time() -> None:
    observation = told("deployments", sample("deployments", "stuck"), at=FIRST)
    facts = observation.facts
    assert isinstance(facts, WorkloadFacts)
    assert (facts.desired, facts.updated, facts.available, facts.progressing) == (3, 1, 2, False)
    assert facts.images == ("registry.example/shop/checkout:2.31.0",)
    assert observation.kind == "workload.changed"
    assert observation.at == datetime(2026, 11, 25, 1, 4, tzinfo=UTC)
    assert observation.message.startswith("2 of 3 available, 1 updated; ProgressDeadlineExceeded: ReplicaSet")


def test_a_deployment_short_of_replicas_is_reported_and_one_of_none_is_not() -> None:
    assert told("deployments", sample("deployments", "short"), at=FIRST).message == "1 of 3 available, 3 updated"
    empty = sample("deployments", "available")
    empty["spec"]["replicas"] = 0
    empty["status"] = {}
    assert translate("deployments", empty, at=FIRST)[1] is None


def test_a_rollout_is_told_step_by_step() -> None:
    kept, _ = translate("deployments", sample("deployments", "available"), at=FIRST)
    kept, observation = translate("deployments", sample("deployments", "rolling_out"), kept)
    assert observation is not None
    kept, observation = translate("deployments", sample("deployments", "rolling_out"), kept)
    assert observation is None
    assert told("deployments", sample("deployments", "stuck"), before=kept).at == datetime(
        2026, 11, 25, 1, 4, tzinfo=UTC
    )


def test_a_replica_set_is_kept_for_its_owner() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout", "uid": "d-1", "controller": True}
    metadata = {"name": "checkout-7d", "namespace": "shop", "uid": "r-1", "resourceVersion": "5"}
    kept, observation = translate("replicasets", {"metadata": {**metadata, "ownerReferences": [owner]}})
    assert observation is None
    assert kept.owner == Resource("Deployment", "checkout", "shop", "d-1")


def test_a_warning_is_about_the_object_it_names_and_its_owner() -> None:
    shelves = Shelves()
    deployment = Resource("Deployment", "checkout", "shop", "d-1")
    pod = Resource("Pod", "checkout-7d4b9c6f5d-9qzlm", "shop", "p-9")
    shelves.of("pods")["p-9"] = Kept(pod, deployment, 1, ())
    observation = told("events", sample("events", "back_off"), shelves=shelves)
    assert observation.kind == "kubernetes.warning"
    assert (observation.resource, observation.owner) == (pod, deployment)
    assert observation.facts == WarningFacts("BackOff", 5, "kubelet", "checkout")
    assert observation.at == datetime(2026, 11, 25, 1, 4, 30, tzinfo=UTC)
    assert observation.message.startswith("BackOff: Back-off pulling image")
    assert observation.key == "e-17a@9001"


def test_an_event_of_the_new_form_has_its_count_and_time_in_its_series() -> None:
    observation = told("events", sample("events", "new_form"))
    assert observation.facts == WarningFacts("FailedScheduling", 4, "default-scheduler", "")
    assert observation.at == datetime(2026, 11, 25, 1, 5, 1, 654321, tzinfo=UTC)


def test_a_repeat_is_told_again_only_when_it_counts_more() -> None:
    item = sample("events", "back_off")
    kept, _ = translate("events", item)
    assert translate("events", item, kept)[1] is None
    item["metadata"]["resourceVersion"] = "9101"
    item["lastTimestamp"] = "2026-11-25T01:09:00Z"
    assert translate("events", item, kept)[1] is None
    item["count"] = 6
    assert told("events", item, before=kept).key == "e-17a@9101"


def test_a_warning_long_before_the_start_is_told_as_old_by_the_first_list_alone() -> None:
    for name, when, is_old in (("old", FIRST, True), ("old", LATER, False), ("back_off", FIRST, False)):
        facts = told("events", sample("events", name), at=when).facts
        assert isinstance(facts, WarningFacts)
        assert facts.is_old is is_old


def test_an_event_that_is_no_warning_is_not_told() -> None:
    item = sample("events", "back_off")
    item["type"] = "Normal"
    assert translate("events", item)[1] is None


def test_an_unreadable_time_counts_as_now() -> None:
    item = sample("events", "back_off")
    item["lastTimestamp"] = "yesterday"
    assert told("events", item).at == NOW
