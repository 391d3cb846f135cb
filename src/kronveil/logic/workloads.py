"""What is wrong with what runs pods: workloads, jobs, autoscalers, budgets, and what GitOps keeps in step."""

from datetime import datetime

from kronveil.logic.cron import next_due
from kronveil.logic.kinds import (
    CRONJOB_MISSED,
    HPA_BLIND,
    HPA_SATURATED,
    JOB_FAILED,
    PDB_BLOCKING,
    ROLLOUT_STUCK,
    SYNC_FAILED,
    UNAVAILABLE,
    Symptom,
)
from kronveil.model.facts import BudgetFacts, CronJobFacts, HpaFacts, JobFacts, SyncFacts, WorkloadFacts

DEADLINE_REASON = "ProgressDeadlineExceeded"


def workload_symptoms(workload: WorkloadFacts) -> tuple[Symptom, ...]:
    """A rollout that is stuck, a workload of which nothing is available."""
    stuck = (_rollout_symptom(workload),) if is_stuck(workload) else ()
    return (*stuck, _unavailable_symptom(workload)) if is_unavailable(workload) else stuck


def is_stuck(workload: WorkloadFacts) -> bool:
    """Whether the rollout has passed its deadline."""
    return workload.progressing is False and workload.reason == DEADLINE_REASON


def is_unavailable(workload: WorkloadFacts) -> bool:
    """Whether some pods are wanted and none is available."""
    return workload.desired >= 1 and workload.available == 0


def _rollout_symptom(workload: WorkloadFacts) -> Symptom:
    message = workload.message or "The rollout has made no progress within its deadline"
    about = f"{workload.available} of {workload.desired} available"
    return Symptom(ROLLOUT_STUCK, "rollout", reason=workload.reason, message=message, about=about)


def _unavailable_symptom(workload: WorkloadFacts) -> Symptom:
    about = f"0 of {workload.desired} available"
    return Symptom(UNAVAILABLE, "rollout", reason="Unavailable", message=f"Nothing of it runs: {about}", about=about)


def job_symptoms(job: JobFacts) -> tuple[Symptom, ...]:
    """A job that gave up."""
    if not job.failed:
        return ()
    message = ": ".join(filter(None, ("The job has failed", job.message or job.reason)))
    mark = job.at.isoformat() if job.at is not None else "failed"
    return (Symptom(JOB_FAILED, "job", "", job.reason, message, job.reason, mark, job.at),)


def cronjob_symptoms(cronjob: CronJobFacts) -> tuple[Symptom, ...]:
    """The run that is due next: wrong only once its time has passed and nothing newer was heard."""
    expected = _expected(cronjob)
    if expected is None:
        return ()
    when = expected.isoformat(timespec="seconds")
    message = f"The run due at {when} by the schedule {cronjob.schedule} was not started"
    return (
        Symptom(
            CRONJOB_MISSED,
            "job",
            reason="Missed",
            message=message,
            about=cronjob.schedule,
            since=expected,
            is_seen_after=True,
        ),
    )


def _expected(cronjob: CronJobFacts) -> datetime | None:
    since = cronjob.last_scheduled_at or cronjob.created_at
    if cronjob.suspended or since is None:
        return None
    return next_due(cronjob.schedule, cronjob.zone, since)


def hpa_symptoms(hpa: HpaFacts) -> tuple[Symptom, ...]:
    """An autoscaler that cannot see, or cannot do more."""
    if hpa.is_blind:
        said = hpa.message or hpa.reason
        message = f"The autoscaler cannot read its metrics{f': {said}' if said else ''}"
        return (Symptom(HPA_BLIND, "scale", reason=hpa.reason, message=message, about=hpa.target),)
    if is_saturated(hpa):
        message = f"The autoscaler wants more than the {hpa.most} replicas it may have"
        return (Symptom(HPA_SATURATED, "scale", reason="TooManyReplicas", message=message, about=str(hpa.most)),)
    return ()


def is_saturated(hpa: HpaFacts) -> bool:
    """Whether it has all it may have and wants more."""
    return hpa.is_limited and hpa.current >= hpa.most


def budget_symptoms(budget: BudgetFacts) -> tuple[Symptom, ...]:
    """A budget that lets nobody evict anything though all is well: no node can be drained."""
    if budget.allowed > 0 or budget.expected < 1 or budget.healthy < budget.wanted:
        return ()
    message = f"No pod may be evicted though {budget.healthy} of {budget.wanted} wanted are healthy"
    return (Symptom(PDB_BLOCKING, "rollout", reason="NoDisruptionAllowed", message=message),)


def sync_symptoms(sync: SyncFacts) -> tuple[Symptom, ...]:
    """What GitOps could not bring in step."""
    if not sync.is_failing:
        return ()
    message = ": ".join(filter(None, ("It could not be brought in step with Git", sync.message or sync.reason)))
    return (Symptom(SYNC_FAILED, "rollout", "", sync.reason, message, sync.revision[:12]),)
