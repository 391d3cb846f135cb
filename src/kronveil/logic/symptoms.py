"""Facts to symptoms: what is wrong with an object, by the table of docs/reference/symptoms.md, and when it is over."""

from collections.abc import Callable, Mapping
from typing import Any

from kronveil.logic.kinds import (
    CLUSTER_UNREACHABLE,
    HPA_BLIND,
    HPA_SATURATED,
    KINDS,
    ROLLOUT_STUCK,
    UNAVAILABLE,
    WATCH_STALLED,
    Symptom,
)
from kronveil.logic.platform import (
    certificate_symptoms,
    claim_symptoms,
    is_node_symptom_over,
    node_symptoms,
    quota_symptoms,
)
from kronveil.logic.pods import is_pod_symptom_over, pod_symptoms
from kronveil.logic.resources import is_resource_symptom_over, resource_symptoms
from kronveil.logic.workloads import (
    budget_symptoms,
    cronjob_symptoms,
    hpa_symptoms,
    is_saturated,
    is_stuck,
    is_unavailable,
    job_symptoms,
    sync_symptoms,
    workload_symptoms,
)
from kronveil.model.facts import (
    BudgetFacts,
    CertificateFacts,
    ClaimFacts,
    CronJobFacts,
    Facts,
    GoneFacts,
    HpaFacts,
    JobFacts,
    NodeFacts,
    PodFacts,
    QuotaFacts,
    ReachFacts,
    ResourceFacts,
    SourceFacts,
    SyncFacts,
    ToldFacts,
    WorkloadFacts,
)
from kronveil.model.fleet import ClusterState


def symptoms_of(facts: Facts | None) -> tuple[Symptom, ...]:
    """What is wrong by these facts alone, worst first. History (was this kill told before?) is not asked here, nor
    the time: what must last before it counts is named with the time since when it has."""
    judge = _SYMPTOMS.get(type(facts))
    return judge(facts) if judge is not None else ()


def is_over(kind: str, part: str, facts: Facts | None) -> bool:
    """Whether these facts show that such a symptom of this object has ended. Silence about it never does."""
    if isinstance(facts, GoneFacts):
        return True
    judge = _ENDINGS.get(type(facts))
    return judge is not None and judge(kind, part, facts)


def _reach_symptoms(reach: ReachFacts) -> tuple[Symptom, ...]:
    if reach.state != ClusterState.UNREACHABLE:
        return ()
    return (Symptom(CLUSTER_UNREACHABLE, "reach", reason="Unreachable", message=reach.reason),)


def _is_reach_symptom_over(kind: str, _: str, reach: ReachFacts) -> bool:
    return kind == CLUSTER_UNREACHABLE and reach.state in (ClusterState.LIVE, ClusterState.PARTIAL)


def _source_symptoms(source: SourceFacts) -> tuple[Symptom, ...]:
    return tuple(
        [
            Symptom(one.kind, "reach", one.part, reason="Stalled", message=one.message, since=one.since)
            for one in source.troubles
        ]
    )


def _told_symptoms(told: ToldFacts) -> tuple[Symptom, ...]:
    kind = KINDS.get(told.kind)
    if kind is None or told.is_over:
        return ()
    return (Symptom(told.kind, kind.family, told.part, reason="Told", message=told.message),)


def _is_told_symptom_over(kind: str, part: str, told: ToldFacts) -> bool:
    return told.is_over and (told.kind, told.part) == (kind, part)


def _is_source_symptom_over(kind: str, part: str, source: SourceFacts) -> bool:
    # A kind that is watched no longer, or may not be, is not missed.
    is_missed = kind != WATCH_STALLED or source.kinds is None or part in source.kinds
    return (kind, part) in source.well or not is_missed


def _is_workload_symptom_over(kind: str, _: str, workload: WorkloadFacts) -> bool:
    if kind == UNAVAILABLE:
        return not is_unavailable(workload)
    return kind == ROLLOUT_STUCK and not is_stuck(workload)


def _is_hpa_symptom_over(kind: str, _: str, hpa: HpaFacts) -> bool:
    # A blind autoscaler says nothing of what it would want.
    return not hpa.is_blind and (kind == HPA_BLIND or (kind == HPA_SATURATED and not is_saturated(hpa)))


def _is_quota_symptom_over(_: str, __: str, quota: QuotaFacts) -> bool:
    return not quota_symptoms(quota)


def _is_not_shown(kind: str, part: str, facts: Facts) -> bool:
    return not any(one.kind == kind and one.part == part for one in symptoms_of(facts))


_SYMPTOMS: Mapping[type, Callable[[Any], tuple[Symptom, ...]]] = {
    PodFacts: pod_symptoms,
    NodeFacts: node_symptoms,
    WorkloadFacts: workload_symptoms,
    ReachFacts: _reach_symptoms,
    SourceFacts: _source_symptoms,
    ToldFacts: _told_symptoms,
    JobFacts: job_symptoms,
    CronJobFacts: cronjob_symptoms,
    ClaimFacts: claim_symptoms,
    HpaFacts: hpa_symptoms,
    QuotaFacts: quota_symptoms,
    BudgetFacts: budget_symptoms,
    CertificateFacts: certificate_symptoms,
    SyncFacts: sync_symptoms,
    ResourceFacts: resource_symptoms,
}
_ENDINGS: Mapping[type, Callable[[str, str, Any], bool]] = {
    PodFacts: is_pod_symptom_over,
    NodeFacts: is_node_symptom_over,
    WorkloadFacts: _is_workload_symptom_over,
    ReachFacts: _is_reach_symptom_over,
    SourceFacts: _is_source_symptom_over,
    ToldFacts: _is_told_symptom_over,
    JobFacts: lambda _, __, job: job.succeeded,
    CronJobFacts: _is_not_shown,
    ClaimFacts: _is_not_shown,
    HpaFacts: _is_hpa_symptom_over,
    QuotaFacts: _is_quota_symptom_over,
    BudgetFacts: _is_not_shown,
    CertificateFacts: _is_not_shown,
    SyncFacts: lambda _, __, sync: sync.is_failing is False,
    ResourceFacts: is_resource_symptom_over,
}
