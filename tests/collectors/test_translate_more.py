"""The kinds beside pods, nodes and deployments: what they say, and when the first list speaks of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kronveil.collectors.kubernetes.translate.kept import Shelves
from kronveil.collectors.kubernetes.translate.quantities import share_used
from kronveil.model.facts import (
    BudgetFacts,
    CertificateFacts,
    ClaimFacts,
    CronJobFacts,
    HpaFacts,
    JobFacts,
    PodFacts,
    QuotaFacts,
    SyncFacts,
    WorkloadFacts,
)
from kronveil.model.resource import Resource
from tests.collectors.sampled import FIRST, LATER, NOW, sample, told, translate

T3 = "2026-11-25T01:03:00Z"
AT3 = datetime(2026, 11, 25, 1, 3, tzinfo=UTC)


def item(name: str = "one", *, version: int = 7, **rest: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"u-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-25T01:00:00Z",
    }
    return {"metadata": metadata | rest.pop("metadata", {}), **rest}


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": T3}


def owned_by(kind: str, name: str, uid: str) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": name, "uid": uid, "controller": True}]}


def test_a_stateful_set_and_a_daemon_set_count_what_they_want_and_have() -> None:
    stateful = item(spec={"replicas": 3}, status={"updatedReplicas": 3, "availableReplicas": 1})
    facts = told("statefulsets", stateful, at=FIRST).facts
    assert facts == WorkloadFacts(desired=3, updated=3, available=1, short_since=NOW)
    daemons = item(status={"desiredNumberScheduled": 5, "updatedNumberScheduled": 5, "numberAvailable": 5})
    assert translate("daemonsets", daemons, at=FIRST)[1] is None
    observation = told("daemonsets", daemons)
    assert observation.resource.kind == "DaemonSet"
    assert observation.message == "5 of 5 available, 5 updated"


def test_since_when_a_workload_is_short_stays_until_it_is_not() -> None:
    short = item(spec={"replicas": 3}, status={"availableReplicas": 0, "conditions": [condition("Available", "False")]})
    kept, observation = translate("deployments", short, at=FIRST)
    assert observation is not None
    assert isinstance(observation.facts, WorkloadFacts)
    assert observation.facts.short_since == AT3
    short["status"] = {"availableReplicas": 2}
    kept, observation = translate("deployments", short, kept)
    assert observation is not None
    assert isinstance(observation.facts, WorkloadFacts)
    assert observation.facts.short_since == AT3
    short["status"] = {"availableReplicas": 3}
    facts = told("deployments", short, before=kept).facts
    assert isinstance(facts, WorkloadFacts)
    assert facts.short_since is None


def test_a_job_that_gave_up_is_told_at_once_and_others_when_they_end() -> None:
    failed = item(status={"conditions": [condition("Failed", reason="BackoffLimitExceeded", message="Too many")]})
    observation = told("jobs", failed, at=FIRST)
    assert observation.facts == JobFacts(True, False, "BackoffLimitExceeded", "Too many", AT3)  # noqa: FBT003
    assert (observation.at, observation.message) == (AT3, "failed: BackoffLimitExceeded: Too many")
    kept, observation_at_first = translate("jobs", item(status={"active": 1}), at=FIRST)
    assert observation_at_first is None
    ended = told("jobs", item(status={"conditions": [condition("Complete")]}), before=kept).facts
    assert isinstance(ended, JobFacts)
    assert (ended.failed, ended.succeeded, ended.at) == (False, True, AT3)


def test_a_pod_of_a_job_belongs_to_its_cron_job() -> None:
    shelves = Shelves()
    job = item("nightly-29", metadata=owned_by("CronJob", "nightly", "u-cron"))
    kept, _ = translate("jobs", job, shelves=shelves, at=FIRST)
    shelves.of("jobs")[kept.resource.uid] = kept
    pod = item("nightly-29-abc", metadata=owned_by("Job", "nightly-29", "u-nightly-29"), status={"phase": "Failed"})
    assert told("pods", pod, shelves=shelves, at=FIRST).owner == Resource("CronJob", "nightly", "shop", "u-cron")


def test_a_cron_job_is_told_by_the_first_list_unless_it_is_suspended() -> None:
    cron = item(spec={"schedule": "0 3 * * *", "timeZone": "Europe/Berlin"}, status={"lastScheduleTime": T3})
    created = datetime(2026, 11, 25, 1, tzinfo=UTC)
    facts = told("cronjobs", cron, at=FIRST).facts
    assert facts == CronJobFacts(
        "0 3 * * *", suspended=False, last_scheduled_at=AT3, created_at=created, zone="Europe/Berlin"
    )
    cron["spec"]["suspend"] = True
    assert translate("cronjobs", cron, at=FIRST)[1] is None


def test_a_claim_waits_for_its_first_pod_only_where_its_class_binds_late_and_no_pod_came() -> None:
    shelves = Shelves()
    kept, _ = translate("storageclasses", item("late") | {"volumeBindingMode": "WaitForFirstConsumer"})
    shelves.of("storageclasses")["late"] = kept
    pending = item(spec={"storageClassName": "late"}, status={"phase": "Pending"})
    observation = told("persistentvolumeclaims", pending, shelves=shelves, at=FIRST)
    assert isinstance(observation.facts, ClaimFacts)
    assert observation.facts.waits_for_consumer
    assert observation.message == "waits for its first pod (storage class late)"
    pending["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": "n-1"}
    observation = told("persistentvolumeclaims", pending, shelves=shelves)
    assert isinstance(observation.facts, ClaimFacts)
    assert not observation.facts.waits_for_consumer
    bound = item(spec={"storageClassName": "late", "volumeName": "pv-1"}, status={"phase": "Bound"})
    assert translate("persistentvolumeclaims", bound, at=FIRST)[1] is None


def hpa(*conditions: dict[str, str]) -> dict[str, Any]:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "checkout"}, "minReplicas": 2, "maxReplicas": 9}
    return item(spec=spec, status={"currentReplicas": 9, "desiredReplicas": 9, "conditions": list(conditions)})


def test_an_autoscaler_is_limited_or_blind_as_its_conditions_say() -> None:
    assert translate("horizontalpodautoscalers", hpa(condition("ScalingActive")), at=FIRST)[1] is None
    limited = hpa(condition("ScalingLimited", reason="TooManyReplicas", message="more than the maximum"))
    facts = told("horizontalpodautoscalers", limited, at=FIRST).facts
    assert facts == HpaFacts(
        9, 9, 2, 9, "Deployment/checkout", is_limited=True, reason="TooManyReplicas", message="more than the maximum"
    )
    blind = hpa(condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics"))
    facts = told("horizontalpodautoscalers", blind, at=FIRST).facts
    assert isinstance(facts, HpaFacts)
    assert (facts.is_blind, facts.is_limited, facts.reason) == (True, False, "FailedGetResourceMetric")
    at_rest = hpa(condition("ScalingActive", "False", "ScalingDisabled"))
    assert translate("horizontalpodautoscalers", at_rest, at=FIRST)[1] is None


def test_the_old_form_of_an_autoscaler_has_its_conditions_in_an_annotation() -> None:
    old = hpa()
    text = '[{"type":"ScalingActive","status":"False","reason":"FailedGetResourceMetric"}]'
    old["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/conditions": text}
    facts = told("horizontalpodautoscalers", old, at=FIRST).facts
    assert isinstance(facts, HpaFacts)
    assert facts.is_blind
    old["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/conditions": "["}
    assert translate("horizontalpodautoscalers", old, at=FIRST)[1] is None


def test_a_quota_that_is_used_up_is_told() -> None:
    quota = item(status={"hard": {"pods": "10", "requests.cpu": "2"}, "used": {"pods": "10", "requests.cpu": "500m"}})
    observation = told("resourcequotas", quota, at=FIRST)
    assert observation.facts == QuotaFacts((("pods", 1.0), ("requests.cpu", 0.25)))
    assert observation.message == "used up: pods"
    quota["status"]["used"]["pods"] = "9"
    assert translate("resourcequotas", quota, at=FIRST)[1] is None


@pytest.mark.parametrize(
    ("used", "limit", "share"),
    [
        ("1Gi", "2Gi", 0.5),
        ("1536Mi", "1Gi", 1.5),
        ("1999m", "2", 0.999),
        ("99999", "100k", 0.999),
        ("1e3", "2k", 0.5),
        (0, "0", 0.0),
        ("1", "0", 1.0),
        ("?", "1", None),
        ("1", "two", None),
    ],
)
def test_quantities_are_compared_as_numbers(used: str, limit: str, share: float | None) -> None:
    assert share_used(used, limit) == share


def test_a_budget_that_allows_nothing_is_told() -> None:
    status = {"disruptionsAllowed": 0, "currentHealthy": 3, "desiredHealthy": 3, "expectedPods": 3}
    assert told("poddisruptionbudgets", item(status=status), at=FIRST).facts == BudgetFacts(0, 3, 3, 3)
    assert translate("poddisruptionbudgets", item(status=status | {"disruptionsAllowed": 1}), at=FIRST)[1] is None
    assert translate("poddisruptionbudgets", item(status={}), at=FIRST)[1] is None


def test_a_certificate_is_always_told_with_its_end() -> None:
    status = {"conditions": [condition("Ready", reason="Ready")], "notAfter": "2026-12-01T00:00:00Z"}
    observation = told("certificates", item(status=status), at=FIRST)
    end = datetime(2026, 12, 1, tzinfo=UTC)
    assert observation.facts == CertificateFacts(ready=True, expires_at=end)
    failing = {"conditions": [condition("Ready", "False", "DoesNotExist", "Issuing")]}
    assert told("certificates", item(status=failing), at=FIRST).facts == CertificateFacts(
        ready=False, reason="DoesNotExist", message="Issuing"
    )


@pytest.mark.parametrize(
    ("status", "is_failing", "reason"),
    [
        ({"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}, False, "Synced"),
        ({"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Failed", "message": "no"}}, True, "SyncFailed"),
        ({"sync": {"status": "Unknown"}, "conditions": [{"type": "ComparisonError"}]}, True, "ComparisonError"),
        ({"sync": {"status": "Synced"}, "health": {"status": "Degraded"}}, True, "Degraded"),
        ({"sync": {"status": "Synced"}, "health": {"status": "Progressing"}}, None, "Progressing"),
        ({}, None, ""),
    ],
)
def test_an_application_is_failing_as_its_status_says(
    status: dict[str, Any],
    is_failing: bool | None,  # noqa: FBT001
    reason: str,
) -> None:
    facts = told("applications", item(status=status)).facts
    assert isinstance(facts, SyncFacts)
    assert (facts.is_failing, facts.reason) == (is_failing, reason)
    assert (translate("applications", item(status=status), at=FIRST)[1] is not None) == bool(is_failing)


@pytest.mark.parametrize("kind", ["kustomizations", "helmreleases"])
def test_what_flux_keeps_is_failing_when_it_is_not_ready_unless_suspended(kind: str) -> None:
    status = {"conditions": [condition("Ready", "False", "BuildFailed", "bad yaml")], "lastAppliedRevision": "main@1"}
    facts = told(kind, item(status=status), at=FIRST).facts
    assert facts == SyncFacts(True, "main@1", "BuildFailed", "bad yaml")  # noqa: FBT003
    assert translate(kind, item(status=status, spec={"suspend": True}), at=FIRST)[1] is None


def test_a_pod_tells_why_as_a_whole_since_when_it_is_not_ready_and_what_it_mounts() -> None:
    pod = sample("pods", "healthy")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}, {"name": "tmp", "emptyDir": {}}]
    pod["spec"]["volumes"] = volumes
    pod["metadata"]["deletionTimestamp"] = T3
    pod["status"]["conditions"] = [condition("Ready", "False")]
    pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory"}
    facts = told("pods", pod, at=FIRST).facts
    assert isinstance(facts, PodFacts)
    assert (facts.reason, facts.message) == ("Evicted", "The node was low on memory")
    assert (facts.unready_since, facts.delete_by, facts.claims) == (AT3, AT3, ("data-0",))


def test_the_first_list_reports_pods_that_are_deleted_or_not_ready_though_their_containers_are() -> None:
    assert told("pods", sample("pods", "terminating"), at=FIRST).message == "terminating"
    pod = sample("pods", "healthy")
    pod["status"]["conditions"] = [condition("Ready", "False", "ReadinessGatesNotReady")]
    assert told("pods", pod, at=FIRST).message == "running, not ready"


def test_kinds_that_are_only_kept_are_never_told() -> None:
    for kind in ("namespaces", "services", "endpointslices", "ingresses", "persistentvolumes", "replicasets"):
        kept, observation = translate(kind, item(), at=LATER)
        assert observation is None
        assert translate(kind, item(version=8), kept)[1] is None
