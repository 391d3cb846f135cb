"""Pods: phase, scheduling, readiness and every container's state and last end."""

from sys import intern
from typing import Any, Literal, cast

from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    Watched,
    condition,
    latest,
    parse_time,
    resource_of,
    shorten,
    version_of,
)
from kronveil.collectors.kubernetes.wire import Condition, ContainerStatus, Pod, PodStatus, PodVolume
from kronveil.model.facts import ContainerFacts, PodFacts
from kronveil.model.observation import Attribute, Observation
from kronveil.model.resource import Resource

State = Literal["waiting", "running", "terminated", "unknown"]
NO_STATUS = PodStatus()
OOM_KILLED = "OOMKilled"
UNKNOWN, RUNNING, WAITING, TERMINATED = range(4)
NORMAL_WAITS = frozenset({"", "ContainerCreating", "PodInitializing"})


def translate_pod(pod: Pod, before: Kept | None, shelves: Shelves, moment: Moment) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    watched = _watched(pod)
    version = version_of(pod.metadata)
    if before is not None and before.watched == watched:
        before.version = version
        if before.owner is None or not before.owner.uid:
            before.owner = _owner(pod, shelves)
        return before, None
    kept = Kept(
        resource=before.resource if before else resource_of("Pod", pod.metadata),
        owner=_owner(pod, shelves),
        version=version,
        watched=_shared(watched, shelves),
    )
    if moment.is_first_list and is_plainly_healthy(watched):
        return kept, None
    return kept, _observation(pod, kept, before, moment)


def is_plainly_healthy(watched: Watched) -> bool:
    """Whether a pod found by the first list needs no word: all containers run and are ready, or are completed, none
    was last ended by the out-of-memory killer, and nobody deletes it. Judged on the flat fields: a list has thousands
    of such pods."""
    phase, _, is_terminating, scheduled, _, ready, containers, inits, _ = watched
    if phase == "Succeeded":
        return not is_terminating
    if phase == "Failed" or is_terminating or scheduled is False or ready is False or not containers:
        return False
    for container in cast("tuple[tuple[Any, ...], ...]", containers):
        _, _, state, reason, _, ready, _, last = container
        if last is not None and last[0] == OOM_KILLED:
            return False
        if not (state == RUNNING and ready) and not (state == TERMINATED and reason == "Completed"):
            return False
    # A restartable init container may have no readiness of its own.
    return not inits or all(
        (one[2] == RUNNING or (one[2] == TERMINATED and one[3] == "Completed"))
        and (one[7] is None or one[7][0] != OOM_KILLED)
        for one in inits  # type: ignore[attr-defined]
    )


def _shared(watched: Watched, shelves: Shelves) -> Watched:
    """The same with its parts shared: most pods have the same phase, node, names, images and reasons."""
    phase, node, terminating, scheduled, why, ready, containers, inits, reason = watched
    return (
        intern(phase) if type(phase) is str else phase,
        intern(node) if type(node) is str else node,
        terminating,
        scheduled,
        why,
        ready,
        shelves.share(containers),
        shelves.share(inits) if inits else (),
        intern(reason) if type(reason) is str else reason,
    )


def _is_fine(container: ContainerFacts) -> bool:
    if OOM_KILLED in (container.last_reason, container.reason):
        return False
    if container.state == "terminated":
        return container.reason == "Completed"
    # A restartable init container may have no readiness of its own.
    return container.state == "running" and (container.ready or container.is_init)


def _watched(pod: Pod) -> Watched:
    """Every field that a person would want to hear about, flat. Two equal ones mean that nothing happened."""
    status = pod.status or NO_STATUS
    scheduled: bool | None = None
    why = None
    ready: bool | None = None
    for one in status.conditions or ():
        if one.type == "Ready":
            ready = one.status == "True"
        elif one.type == "PodScheduled":
            scheduled = one.status == "True"
            why = None if scheduled else one.message
    spec, containers, inits = pod.spec, status.container_statuses, status.init_container_statuses
    return (
        status.phase,
        spec.node_name if spec else None,
        pod.metadata.deletion_timestamp is not None,
        scheduled,
        why,
        ready,
        tuple([_container_watched(one) for one in containers]) if containers else (),
        tuple([_container_watched(one) for one in inits]) if inits else (),
        status.reason,
    )


def _container_watched(container: ContainerStatus) -> Watched:
    state, end = container.state, container.last_state
    kind, reason, message = UNKNOWN, None, None
    if state is not None:
        if state.running is not None:
            kind = RUNNING
        elif state.waiting is not None:
            kind, reason, message = WAITING, state.waiting.reason, state.waiting.message
        elif state.terminated is not None:
            kind, reason, message = TERMINATED, state.terminated.reason, state.terminated.message
    last = end.terminated if end is not None else None
    return (
        container.name,
        container.image,
        kind,
        reason,
        message,
        container.ready,
        container.restart_count,
        (last.reason, last.exit_code, last.finished_at) if last else None,
    )


def _facts(pod: Pod, status: PodStatus, scheduled: Condition | None, ready: Condition | None) -> PodFacts:
    containers = [_container(one, False) for one in status.container_statuses or ()]  # noqa: FBT003 - the hot path
    if status.init_container_statuses:
        containers += [_container(one, True) for one in status.init_container_statuses]  # noqa: FBT003
    is_scheduled = None if scheduled is None else scheduled.status == "True"
    spec, deleted = pod.spec, pod.metadata.deletion_timestamp
    return PodFacts(
        status.phase or "Unknown",
        tuple(containers),
        (spec.node_name or "") if spec else "",
        is_scheduled,
        shorten(scheduled.message) if scheduled and not is_scheduled else "",
        ready is not None and ready.status == "True",
        deleted is not None,
        status.reason or "",
        shorten(status.message) if status.message else "",
        parse_time(ready.last_transition_time) if ready and ready.status != "True" else None,
        # The API server writes the end of the grace period here, not the moment of the request.
        parse_time(deleted) if deleted is not None else None,
        _claims(spec.volumes) if spec and spec.volumes else (),
    )


def _claims(volumes: tuple[PodVolume, ...]) -> tuple[str, ...]:
    claims = [volume.persistent_volume_claim for volume in volumes]
    return tuple([claim.claim_name for claim in claims if claim is not None and claim.claim_name])


def _container(container: ContainerStatus, is_init: bool) -> ContainerFacts:  # noqa: FBT001 - the hot path
    state, last = container.state, container.last_state
    kind: State = "unknown"
    reason, message, started = "", "", None
    end = last.terminated if last is not None else None
    if state is not None:
        if state.running is not None:
            kind, started = "running", parse_time(state.running.started_at)
        elif state.waiting is not None:
            kind, reason, message = "waiting", state.waiting.reason or "", shorten(state.waiting.message)
        elif state.terminated is not None:
            end = state.terminated
            kind, reason, message = "terminated", end.reason or "", shorten(end.message)
    return ContainerFacts(
        container.name,
        container.image,
        kind,
        reason,
        message,
        container.ready,
        is_init,
        container.restart_count,
        started,
        (end.reason or "") if end else "",
        end.exit_code if end else None,
        parse_time(end.finished_at) if end else None,
    )


def _observation(pod: Pod, kept: Kept, before: Kept | None, moment: Moment) -> Observation:
    status = pod.status or NO_STATUS
    scheduled = condition(status.conditions, "PodScheduled")
    ready = condition(status.conditions, "Ready")
    facts = _facts(pod, status, scheduled, ready)
    culprit = _culprit(facts)
    resource = kept.resource
    return Observation(
        "pod.changed",
        latest(_times(status, scheduled, ready, kept.watched, before), moment.now),
        resource,
        f"{resource.uid}@{pod.metadata.resource_version}",
        facts,
        kept.owner,
        _message(status, facts, culprit),
        _attributes(facts, culprit),
    )


def _attributes(facts: PodFacts, culprit: ContainerFacts | None) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {"k8s.pod.phase": facts.phase}
    if facts.node:
        attributes["k8s.node.name"] = facts.node
    if culprit is not None:
        attributes["k8s.container.name"] = culprit.name
        attributes["image"] = culprit.image
        attributes["restart_count"] = culprit.restarts
        reason = culprit.reason or culprit.last_reason
        if reason:
            attributes["reason"] = reason
    return attributes


def _times(
    status: PodStatus, scheduled: Condition | None, ready: Condition | None, watched: Watched, before: Kept | None
) -> list[str | None]:
    """The times the source gives for what changed since ``before``, or for all there is when it is new."""
    was = before.watched if before else None
    times: list[str | None] = []
    if scheduled is not None and (was is None or was[3] != watched[3]):
        times.append(scheduled.last_transition_time)
    if ready is not None and (was is None or was[5] != watched[5]):
        times.append(ready.last_transition_time)
    for containers, index in ((status.container_statuses, 6), (status.init_container_statuses, 7)):
        if not containers:
            continue
        known: Any = was[index] if was else ()
        now: Any = watched[index]
        for container, is_now in zip(containers, now, strict=True):
            # A container that is as it was does not tell when the other one changed.
            if is_now not in known:
                states = (container.state, container.last_state)
                times += [state.terminated.finished_at for state in states if state and state.terminated]
    return times


def _culprit(facts: PodFacts) -> ContainerFacts | None:
    """The container that says most about the pod's state; None when all are fine."""
    troubled = [container for container in facts.containers if not _is_fine(container)]
    if len(troubled) < 2:
        return troubled[0] if troubled else None
    return max(troubled, key=_gravity)


def _gravity(container: ContainerFacts) -> tuple[int, int]:
    if container.state == "waiting" and container.reason not in NORMAL_WAITS:
        return 3, container.restarts
    if container.state == "terminated" or container.last_reason == OOM_KILLED:
        return 2, container.restarts
    return (1 if container.is_init or container.state == "running" else 0), container.restarts


def _message(status: PodStatus, facts: PodFacts, culprit: ContainerFacts | None) -> str:
    if facts.terminating:
        return "terminating"
    if facts.scheduled is False:
        return f"not scheduled: {facts.scheduling_message or 'no reason given'}"
    if status.reason:
        # Evicted, preempted, lost with its node: what the kubelet says of the pod as a whole.
        return shorten(": ".join(part for part in (facts.phase, status.reason, status.message) if part))
    if culprit is None:
        return facts.phase if facts.ready or facts.phase != "Running" else "running, not ready"
    return shorten(f"{culprit.name}: {_container_message(culprit)}")


def _container_message(container: ContainerFacts) -> str:
    end = ""
    if container.last_reason or container.last_exit_code is not None:
        end = f"{container.last_reason or 'ended'} (exit code {container.last_exit_code})"
    restarts = f", {container.restarts} restart{'' if container.restarts == 1 else 's'}" if container.restarts else ""
    if container.state == "waiting":
        words = container.reason or "waiting"
        if container.message:
            words = f"{words}: {container.message}"
        return f"{words}; last ended {end}{restarts}" if end else words
    if container.state == "terminated":
        return f"ended {end}{restarts}" + (f": {container.message}" if container.message else "")
    if container.state == "running":
        state = "running" if container.ready else "running, not ready"
        return f"{state}; last ended {end}{restarts}" if end else state
    return "state not known"


def _owner(pod: Pod, shelves: Shelves) -> Resource | None:
    labels = pod.metadata.labels
    return shelves.owner_of(pod.metadata, labels.pod_template_hash if labels else None)
