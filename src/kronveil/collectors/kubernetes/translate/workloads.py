"""Deployments, stateful sets and daemon sets: how many pods they want and have, and what somebody changed in them."""

from datetime import datetime

from kronveil.collectors.kubernetes.translate.changes import (
    Entry,
    source_attributes,
    source_entries,
    summary,
    template_entries,
)
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, condition, parse_time, shorten
from kronveil.collectors.kubernetes.translate.telling import Found, facts_of, tell
from kronveil.collectors.kubernetes.wire import Condition
from kronveil.collectors.kubernetes.wire_workloads import Workload, WorkloadSpec, WorkloadStatus
from kronveil.model.facts import WorkloadFacts
from kronveil.model.observation import Attribute, Observation

NO_SPEC = WorkloadSpec()
NO_STATUS = WorkloadStatus()


def translate_deployment(
    deployment: Workload, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    status = deployment.status or NO_STATUS
    result = _translate("Deployment", deployment, status.updated_replicas, before, shelves, moment)
    shelves.name_deployment(result[0].resource)
    return result


def translate_statefulset(
    stateful: Workload, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    status = stateful.status or NO_STATUS
    return _translate("StatefulSet", stateful, status.updated_replicas, before, shelves, moment)


def translate_daemonset(
    daemons: Workload, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report. How many it wants is the controller's to say."""
    status = daemons.status or NO_STATUS
    return _translate("DaemonSet", daemons, status.updated_number_scheduled, before, shelves, moment)


def _translate(  # noqa: PLR0913, PLR0917 - what the three share
    kind: str, workload: Workload, updated: int | None, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    facts = _facts(kind, workload, updated, before, moment)
    attributes: dict[str, Attribute] = source_attributes(workload.metadata)
    if facts.reason:
        attributes["reason"] = facts.reason
    found = Found(
        kind="workload.changed",
        facts=facts,
        message=_message(facts),
        is_fine=facts.progressing is not False and facts.available >= facts.desired,
        times=_times(workload, facts, before),
        attributes=attributes,
        spec=summary(_entries(workload)),
        managed=workload.metadata.managed_fields,
    )
    return tell(kind, workload.metadata, found, before, shelves, moment)


def _facts(kind: str, workload: Workload, updated: int | None, before: Kept | None, moment: Moment) -> WorkloadFacts:
    spec, status = workload.spec or NO_SPEC, workload.status or NO_STATUS
    progressing = condition(status.conditions, "Progressing")
    template = spec.template.spec if spec.template else None
    desired, available = _counts(kind, spec, status)
    return WorkloadFacts(
        desired=desired,
        updated=updated or 0,
        available=available,
        progressing={"True": True, "False": False}.get(progressing.status) if progressing else None,
        reason=(progressing.reason or "") if progressing else "",
        message=shorten(progressing.message) if progressing else "",
        generation=workload.metadata.generation or 0,
        observed_generation=status.observed_generation or 0,
        images=tuple(one.image or "" for one in template.containers or ()) if template else (),
        short_since=_short_since(condition(status.conditions, "Available"), before, moment)
        if available < desired
        else None,
    )


def _counts(kind: str, spec: WorkloadSpec, status: WorkloadStatus) -> tuple[int, int]:
    """How many it wants, and how many are available."""
    if kind == "DaemonSet":
        return status.desired_number_scheduled or 0, status.number_available or 0
    available = status.available_replicas
    if available is None and kind == "StatefulSet":
        # Servers before 1.22 do not count them as available.
        available = status.ready_replicas
    return 1 if spec.replicas is None else spec.replicas, available or 0


def _short_since(available: Condition | None, before: Kept | None, moment: Moment) -> datetime:
    """Since when it has been short: what was known, else what its condition says, else now."""
    known = facts_of(before)
    if isinstance(known, WorkloadFacts) and known.short_since is not None:
        return known.short_since
    if available is not None and available.status == "False":
        told = parse_time(available.last_transition_time)
        if told is not None:
            return min(told, moment.now)
    return moment.now


def _entries(workload: Workload) -> list[Entry]:
    spec = workload.spec or NO_SPEC
    entries = source_entries(workload.metadata)
    if spec.replicas is not None:
        entries.append(("replicas", "spec.replicas", str(spec.replicas)))
    if spec.paused:
        entries.append(("other", "spec.paused", "true"))
    return entries + template_entries(spec.template)


def _times(workload: Workload, facts: WorkloadFacts, before: Kept | None) -> list[str | None]:
    conditions = workload.status.conditions if workload.status else None
    known = facts_of(before)
    was = known if isinstance(known, WorkloadFacts) else None
    times: list[str | None] = []
    progressing = condition(conditions, "Progressing")
    if progressing is not None and (was is None or was.progressing != facts.progressing):
        times.append(progressing.last_transition_time)
    available = condition(conditions, "Available")
    if available is not None and was is None:
        # Later it turns with a change that has a time of its own.
        times.append(available.last_transition_time)
    return times


def _message(facts: WorkloadFacts) -> str:
    words = f"{facts.available} of {facts.desired} available, {facts.updated} updated"
    if facts.progressing is False:
        words += f"; {facts.reason or 'not progressing'}" + (f": {facts.message}" if facts.message else "")
    return words
