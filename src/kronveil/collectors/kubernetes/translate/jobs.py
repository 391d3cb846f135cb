"""Jobs and cron jobs, autoscalers and disruption budgets."""

import msgspec

from kronveil.collectors.kubernetes.translate.changes import (
    Entry,
    source_attributes,
    source_entries,
    summary,
    template_entries,
)
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, condition, parse_time, shorten
from kronveil.collectors.kubernetes.translate.telling import Found, tell
from kronveil.collectors.kubernetes.wire import Condition
from kronveil.collectors.kubernetes.wire_workloads import (
    Budget,
    BudgetStatus,
    CronJob,
    CronJobSpec,
    Hpa,
    HpaSpec,
    HpaStatus,
    Job,
)
from kronveil.model.facts import BudgetFacts, CronJobFacts, HpaFacts, JobFacts
from kronveil.model.observation import Observation

NO_CRON_SPEC = CronJobSpec()
NO_HPA_SPEC, NO_HPA_STATUS = HpaSpec(), HpaStatus()
NO_BUDGET = BudgetStatus()
_decode_conditions = msgspec.json.Decoder(tuple[Condition, ...]).decode


def translate_job(job: Job, before: Kept | None, shelves: Shelves, moment: Moment) -> tuple[Kept, Observation | None]:
    """Whether it succeeded or gave up."""
    conditions = job.status.conditions if job.status else None
    # A job that will fail says so before its last pod has ended.
    failed = _held(conditions, "Failed") or _held(conditions, "FailureTarget")
    complete = _held(conditions, "Complete")
    end = failed or complete
    facts = JobFacts(
        failed=failed is not None,
        succeeded=failed is None and complete is not None,
        reason=(failed.reason or "") if failed else "",
        message=shorten(failed.message) if failed else "",
        at=parse_time(end.last_transition_time) if end else None,
    )
    words = "succeeded" if facts.succeeded else "not ended"
    found = Found(
        kind="job.changed",
        facts=facts,
        message=": ".join(filter(None, ("failed", facts.reason, facts.message))) if facts.failed else words,
        is_fine=not facts.failed,
        times=[end.last_transition_time if end else None],
        attributes=source_attributes(job.metadata),
        owner=shelves.owner_of(job.metadata),
    )
    return tell("Job", job.metadata, found, before, shelves, moment)


def translate_cronjob(
    cron: CronJob, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """When it should run. Told by the first list too: that a run is missed shows only in what does not come."""
    spec = cron.spec or NO_CRON_SPEC
    facts = CronJobFacts(
        schedule=spec.schedule,
        suspended=bool(spec.suspend),
        last_scheduled_at=parse_time(cron.status.last_schedule_time) if cron.status else None,
        created_at=parse_time(cron.metadata.creation_timestamp),
        zone=spec.time_zone or "",
    )
    entries: list[Entry] = [("schedule", "spec.schedule", f"{facts.schedule} {facts.zone}".strip())]
    if facts.suspended:
        entries.append(("schedule", "spec.suspend", "true"))
    inner = spec.job_template.spec if spec.job_template else None
    found = Found(
        kind="cronjob.changed",
        facts=facts,
        message="suspended" if facts.suspended else f"runs at {entries[0][2]}",
        is_fine=facts.suspended,
        times=[cron.status.last_schedule_time if cron.status else None],
        attributes=source_attributes(cron.metadata),
        spec=summary(entries + source_entries(cron.metadata) + template_entries(inner.template if inner else None)),
        managed=cron.metadata.managed_fields,
    )
    return tell("CronJob", cron.metadata, found, before, shelves, moment)


def translate_hpa(hpa: Hpa, before: Kept | None, shelves: Shelves, moment: Moment) -> tuple[Kept, Observation | None]:
    """How many it has and wants, and whether it can see and do that."""
    spec, status = hpa.spec or NO_HPA_SPEC, hpa.status or NO_HPA_STATUS
    conditions = status.conditions or _old_conditions(hpa)
    limited, active = condition(conditions, "ScalingLimited"), condition(conditions, "ScalingActive")
    is_limited = limited is not None and limited.status == "True" and limited.reason == "TooManyReplicas"
    # ScalingDisabled: its target was scaled to nothing on purpose.
    is_blind = active is not None and active.status == "False" and active.reason != "ScalingDisabled"
    telling = active if is_blind else limited if is_limited else None
    target = spec.scale_target_ref
    facts = HpaFacts(
        current=status.current_replicas or 0,
        desired=status.desired_replicas or 0,
        least=1 if spec.min_replicas is None else spec.min_replicas,
        most=spec.max_replicas,
        target=f"{target.kind}/{target.name}" if target else "",
        is_limited=is_limited,
        is_blind=is_blind,
        reason=(telling.reason or "") if telling else "",
        message=shorten(telling.message) if telling else "",
    )
    entries: list[Entry] = [
        ("replicas", "spec.minReplicas", str(facts.least)),
        ("replicas", "spec.maxReplicas", str(facts.most)),
        ("other", "spec.scaleTargetRef", facts.target),
    ]
    words = f"{facts.current} of {facts.least} to {facts.most} replicas, wants {facts.desired}"
    found = Found(
        kind="hpa.changed",
        facts=facts,
        message=f"{words}; {facts.reason}: {facts.message}" if telling else words,
        is_fine=telling is None,
        times=[telling.last_transition_time] if telling and before is None else [],
        attributes=source_attributes(hpa.metadata),
        spec=summary(entries + source_entries(hpa.metadata)),
        managed=hpa.metadata.managed_fields,
    )
    return tell("HorizontalPodAutoscaler", hpa.metadata, found, before, shelves, moment)


def translate_budget(
    budget: Budget, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """How many pods may be evicted."""
    status = budget.status or NO_BUDGET
    facts = BudgetFacts(
        allowed=status.disruptions_allowed,
        healthy=status.current_healthy,
        wanted=status.desired_healthy,
        expected=status.expected_pods,
    )
    found = Found(
        kind="budget.changed",
        facts=facts,
        message=f"{facts.allowed} may be evicted; {facts.healthy} healthy, {facts.wanted} wanted of {facts.expected}",
        is_fine=facts.allowed > 0 or facts.expected == 0,
        attributes=source_attributes(budget.metadata),
    )
    return tell("PodDisruptionBudget", budget.metadata, found, before, shelves, moment)


def _held(conditions: tuple[Condition, ...] | None, kind: str) -> Condition | None:
    found = condition(conditions, kind)
    return found if found is not None and found.status == "True" else None


def _old_conditions(hpa: Hpa) -> tuple[Condition, ...]:
    """Where autoscaling/v1 keeps them."""
    annotations = hpa.metadata.annotations
    if annotations is None or not annotations.conditions:
        return ()
    try:
        return _decode_conditions(annotations.conditions)
    except msgspec.DecodeError:
        return ()
