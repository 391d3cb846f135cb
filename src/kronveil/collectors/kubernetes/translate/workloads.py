"""Deployments, and the two kinds that are only kept: replica sets (for owners) and namespaces (to be counted)."""

from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    Watched,
    condition,
    interned,
    latest,
    resource_of,
    shorten,
    version_of,
)
from kronveil.collectors.kubernetes.wire import Deployment, DeploymentSpec, DeploymentStatus, Named
from kronveil.model.facts import WorkloadFacts
from kronveil.model.observation import Observation

NO_SPEC = DeploymentSpec()
NO_STATUS = DeploymentStatus()


def translate_deployment(
    deployment: Deployment, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    facts = _facts(deployment)
    watched: Watched = (
        facts.desired,
        facts.updated,
        facts.available,
        facts.progressing,
        facts.reason,
        facts.message,
        facts.generation,
        facts.observed_generation,
        facts.images,
    )
    version = version_of(deployment.metadata)
    if before is not None and before.watched == watched:
        before.version = version
        return before, None
    resource = before.resource if before else resource_of("Deployment", deployment.metadata)
    shelves.name_deployment(resource)
    kept = Kept(resource, None, version, interned(watched))  # type: ignore[arg-type]
    is_fine = facts.progressing is not False and facts.available >= facts.desired
    if moment.is_first_list and is_fine:
        return kept, None
    return kept, Observation(
        kind="workload.changed",
        at=latest(_times(deployment, facts, before), moment.now),
        resource=resource,
        key=f"{resource.uid}@{deployment.metadata.resource_version}",
        facts=facts,
        message=_message(facts),
        attributes={"reason": facts.reason} if facts.reason else {},
    )


def translate_replicaset(
    replicaset: Named, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Keep who owns it; it is never reported itself."""
    del moment
    resource = before.resource if before else resource_of("ReplicaSet", replicaset.metadata)
    owner = before.owner if before and before.owner else shelves.owner_of(replicaset.metadata)
    return Kept(resource, owner, version_of(replicaset.metadata), ()), None


def translate_namespace(
    namespace: Named, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Keep that it is there; it is never reported itself."""
    del shelves, moment
    resource = before.resource if before else resource_of("Namespace", namespace.metadata)
    return Kept(resource, None, version_of(namespace.metadata), ()), None


def _facts(deployment: Deployment) -> WorkloadFacts:
    spec, status = deployment.spec or NO_SPEC, deployment.status or NO_STATUS
    progressing = condition(status.conditions, "Progressing")
    template = spec.template.spec if spec.template else None
    return WorkloadFacts(
        desired=1 if spec.replicas is None else spec.replicas,
        updated=status.updated_replicas or 0,
        available=status.available_replicas or 0,
        progressing={"True": True, "False": False}.get(progressing.status) if progressing else None,
        reason=(progressing.reason or "") if progressing else "",
        message=shorten(progressing.message) if progressing else "",
        generation=deployment.metadata.generation or 0,
        observed_generation=status.observed_generation or 0,
        images=tuple(one.image or "" for one in template.containers or ()) if template else (),
    )


def _times(deployment: Deployment, facts: WorkloadFacts, before: Kept | None) -> list[str | None]:
    conditions = deployment.status.conditions if deployment.status else None
    times: list[str | None] = []
    progressing = condition(conditions, "Progressing")
    if progressing is not None and (before is None or before.watched[3] != facts.progressing):
        times.append(progressing.last_transition_time)
    available = condition(conditions, "Available")
    if available is not None and (before is None or before.watched[2] != facts.available):
        # Only when it turned with this very change is its time newer than the change before.
        times.append(available.last_transition_time if before is None else None)
    return times


def _message(facts: WorkloadFacts) -> str:
    words = f"{facts.available} of {facts.desired} available, {facts.updated} updated"
    if facts.progressing is False:
        words += f"; {facts.reason or 'not progressing'}" + (f": {facts.message}" if facts.message else "")
    return words
