"""What is wrong with a pod by its facts, and what shows that it is over."""

from collections.abc import Callable, Mapping
from datetime import datetime

from kronveil.logic.kinds import (
    CONFIG_ERROR,
    CRASH_LOOPING,
    EVICTED,
    IMAGE_PULL_FAILED,
    MOUNT_FAILED,
    NOT_READY_LONG,
    OOM_KILLED,
    RANKS,
    STUCK_TERMINATING,
    UNSCHEDULABLE,
    Symptom,
)
from kronveil.model.facts import ContainerFacts, PodFacts

IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "RegistryUnavailable",
        "ImageInspectError",
    }
)
CRASH_REASON = "CrashLoopBackOff"
CONFIG_REASONS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "CreatePodSandboxError",
        "ConfigPodSandboxError",
        "PreStartHookError",
        "PostStartHookError",
        "PreCreateHookError",
    }
)
OOM_REASON = "OOMKilled"
EVICTED_REASON = "Evicted"


def pod_symptoms(pod: PodFacts) -> tuple[Symptom, ...]:
    """What is wrong, worst first."""
    # A pod on its way out, or done, is nobody's trouble any more, but for one that does not go.
    if pod.terminating:
        return (_stuck_symptom(pod.delete_by),) if pod.delete_by is not None else ()
    if pod.phase == "Succeeded":
        return ()
    found: list[Symptom] = []
    if pod.reason == EVICTED_REASON:
        found.append(_evicted_symptom(pod))
    if pod.scheduled is False:
        found.append(Symptom(UNSCHEDULABLE, "scheduling", reason="Unschedulable", message=pod.scheduling_message))
    for container in pod.containers:
        if container.reason == OOM_REASON or container.last_reason == OOM_REASON:  # noqa: PLR1714 - for each pod
            found.append(_oom_symptom(container))
        if container.state == "waiting":
            found += _waiting_symptom(container)
    # Of a pod with a nearer cause nobody needs to hear that it is not ready, too.
    if pod.unready_since is not None and not found and _is_unready(pod):
        found.append(_unready_symptom(pod.unready_since))
    if len(found) > 1:
        found.sort(key=lambda symptom: RANKS[symptom.kind])
    return tuple(found)


def _waiting_symptom(container: ContainerFacts) -> tuple[Symptom, ...]:
    """Why it cannot start, when that is not just that it takes its time."""
    if container.reason in IMAGE_REASONS:
        return (_image_symptom(container),)
    if container.reason == CRASH_REASON:
        return (_crash_symptom(container),)
    return (_config_symptom(container),) if container.reason in CONFIG_REASONS else ()


def is_pod_symptom_over(kind: str, part: str, pod: PodFacts) -> bool:
    """Whether these facts show that such a symptom of the pod has ended."""
    over = _ENDS.get(kind)
    if over is not None:
        return over(pod)
    if pod.phase == "Succeeded":
        return True
    for container in pod.containers:
        if container.name == part:
            return _is_container_symptom_over(kind, container)
    return False


def _is_container_symptom_over(kind: str, container: ContainerFacts) -> bool:
    if kind == IMAGE_PULL_FAILED:
        return container.state != "unknown" and not (container.state == "waiting" and container.reason in IMAGE_REASONS)
    if kind == CONFIG_ERROR:
        return container.state == "running" or (container.state == "waiting" and container.reason == CRASH_REASON)
    return _has_recovered(container)


def _is_mounted(pod: PodFacts) -> bool:
    return any(one.state == "running" or one.restarts for one in pod.containers)


_ENDS: Mapping[str, Callable[[PodFacts], bool]] = {
    UNSCHEDULABLE: lambda pod: pod.phase == "Succeeded" or pod.scheduled is True,
    NOT_READY_LONG: lambda pod: pod.phase == "Succeeded" or pod.ready or pod.terminating,
    MOUNT_FAILED: lambda pod: pod.phase == "Succeeded" or _is_mounted(pod),
    STUCK_TERMINATING: lambda pod: not pod.terminating,
    # It is over when it is gone, or when another takes its place.
    EVICTED: lambda _: False,
}


def _is_unready(pod: PodFacts) -> bool:
    return pod.phase == "Running" and not pod.ready


def _image_symptom(container: ContainerFacts) -> Symptom:
    message = f"Container {container.name} cannot pull {container.image or 'its image'}"
    if container.message:
        message = f"{message}: {container.message}"
    return Symptom(IMAGE_PULL_FAILED, "image", container.name, container.reason, message, container.image)


def _crash_symptom(container: ContainerFacts) -> Symptom:
    family = "memory" if container.last_reason == OOM_REASON else "crash"
    code = "" if container.last_exit_code is None else f"exit code {container.last_exit_code}"
    end = container.last_reason
    if code:
        end = f"{end} ({code})" if end else f"({code})"
    message = f"Container {container.name} keeps ending soon after each start"
    if end:
        message = f"{message}; last end: {end}"
    return Symptom(CRASH_LOOPING, family, container.name, container.reason, message, code)


def _oom_symptom(container: ContainerFacts) -> Symptom:
    ended_at = container.last_finished_at
    mark = ended_at.isoformat() if ended_at is not None else f"restart {container.restarts:06d}"
    message = f"Container {container.name} was killed because it used more memory than it may"
    return Symptom(OOM_KILLED, "memory", container.name, OOM_REASON, message, container.name, mark, ended_at)


def _config_symptom(container: ContainerFacts) -> Symptom:
    message = f"Container {container.name} cannot be made or started"
    if container.message:
        message = f"{message}: {container.message}"
    return Symptom(CONFIG_ERROR, "crash", container.name, container.reason, message, container.reason)


def _evicted_symptom(pod: PodFacts) -> Symptom:
    message = f"The pod was evicted{f': {pod.message}' if pod.message else ''}"
    return Symptom(EVICTED, "eviction", reason=EVICTED_REASON, message=message, mark=EVICTED_REASON)


def _unready_symptom(since: datetime) -> Symptom:
    message = f"The pod runs but has not been ready since {since.isoformat(timespec='seconds')}"
    return Symptom(NOT_READY_LONG, "crash", reason="NotReady", message=message, since=since)


def _stuck_symptom(delete_by: datetime) -> Symptom:
    message = f"The pod should have been gone by {delete_by.isoformat(timespec='seconds')} and is still there"
    return Symptom(STUCK_TERMINATING, "deletion", reason="Terminating", message=message, since=delete_by)


def _has_recovered(container: ContainerFacts) -> bool:
    # An init container recovers by finishing its work.
    if container.is_init and container.state == "terminated":
        return container.last_exit_code == 0 or container.reason == "Completed"
    return container.state == "running" and container.ready
