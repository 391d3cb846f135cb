"""Facts to symptoms: what is wrong with an object, by the table of docs/reference/symptoms.md, and when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from kronveil.model.event import Severity
from kronveil.model.facts import (
    ContainerFacts,
    Facts,
    GoneFacts,
    NodeFacts,
    PodFacts,
    ReachFacts,
    WorkloadFacts,
)
from kronveil.model.fleet import ClusterState

OOM_KILLED = "pod.oom_killed"
CRASH_LOOPING = "pod.crash_looping"
IMAGE_PULL_FAILED = "pod.image_pull_failed"
UNSCHEDULABLE = "pod.unschedulable"
NODE_NOT_READY = "node.not_ready"
ROLLOUT_STUCK = "workload.rollout_stuck"
CLUSTER_UNREACHABLE = "cluster.unreachable"

# Worst first; of equals the one nearer to the cause first. An event with several symptoms is named by the first.
SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        NODE_NOT_READY: Severity.CRITICAL,
        CLUSTER_UNREACHABLE: Severity.CRITICAL,
        OOM_KILLED: Severity.HIGH,
        IMAGE_PULL_FAILED: Severity.HIGH,
        CRASH_LOOPING: Severity.HIGH,
        ROLLOUT_STUCK: Severity.HIGH,
        UNSCHEDULABLE: Severity.MEDIUM,
    }
)
_RANKS = {kind: rank for rank, kind in enumerate(SEVERITIES)}

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
OOM_REASON = "OOMKilled"
DEADLINE_REASON = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that is wrong. ``part`` is the container; ``about`` is the fact a title names (image, exit code).

    ``mark`` is set for one-shot symptoms: it tells one kill from the next. ``ended_at`` is when that kill was, None
    when the source does not say.
    """

    kind: str
    family: str
    part: str = ""
    reason: str = ""
    message: str = ""
    about: str = ""
    mark: str = ""
    ended_at: datetime | None = None

    @property
    def severity(self) -> Severity:
        """By kind; breadth is the incident's to weigh."""
        return SEVERITIES[self.kind]


def symptoms_of(facts: Facts | None) -> tuple[Symptom, ...]:
    """What is wrong by these facts alone, worst first. History (was this kill told before?) is not asked here."""
    if isinstance(facts, PodFacts):
        return _pod_symptoms(facts)
    if isinstance(facts, NodeFacts):
        return () if facts.ready else (_node_symptom(facts),)
    if isinstance(facts, WorkloadFacts):
        return (_rollout_symptom(facts),) if _is_stuck(facts) else ()
    if isinstance(facts, ReachFacts) and facts.state == ClusterState.UNREACHABLE:
        return (Symptom(CLUSTER_UNREACHABLE, "reach", reason="Unreachable", message=facts.reason),)
    return ()


def is_over(kind: str, part: str, facts: Facts | None) -> bool:
    """Whether these facts show that such a symptom of this object has ended. Silence about it never does."""
    if isinstance(facts, GoneFacts):
        return True
    if isinstance(facts, PodFacts):
        return _is_pod_symptom_over(kind, part, facts)
    if isinstance(facts, NodeFacts):
        return facts.ready is True
    if isinstance(facts, WorkloadFacts):
        return not _is_stuck(facts)
    if isinstance(facts, ReachFacts):
        return facts.state in (ClusterState.LIVE, ClusterState.PARTIAL)
    return False


def _pod_symptoms(pod: PodFacts) -> tuple[Symptom, ...]:
    # A pod on its way out, or done, is nobody's trouble any more.
    if pod.terminating or pod.phase == "Succeeded":
        return ()
    found: list[Symptom] = []
    if pod.scheduled is False:
        found.append(Symptom(UNSCHEDULABLE, "scheduling", reason="Unschedulable", message=pod.scheduling_message))
    for container in pod.containers:
        if OOM_REASON in (container.reason, container.last_reason):
            found.append(_oom_symptom(container))
        if container.state == "waiting":
            if container.reason in IMAGE_REASONS:
                found.append(_image_symptom(container))
            elif container.reason == CRASH_REASON:
                found.append(_crash_symptom(container))
    if len(found) > 1:
        found.sort(key=lambda symptom: _RANKS[symptom.kind])
    return tuple(found)


def _image_symptom(container: ContainerFacts) -> Symptom:
    message = f"Container {container.name} cannot pull {container.image or 'its image'}"
    if container.message:
        message = f"{message}: {container.message}"
    return Symptom(IMAGE_PULL_FAILED, "image", container.name, container.reason, message, container.image)


def _crash_symptom(container: ContainerFacts) -> Symptom:
    family = "memory" if container.last_reason == OOM_REASON else "crash"
    code = "" if container.last_exit_code is None else f"exit code {container.last_exit_code}"
    end = " ".join(filter(None, (container.last_reason, f"({code})" if code else "")))
    message = f"Container {container.name} keeps ending soon after each start"
    if end:
        message = f"{message}; last end: {end}"
    return Symptom(CRASH_LOOPING, family, container.name, container.reason, message, code)


def _oom_symptom(container: ContainerFacts) -> Symptom:
    ended_at = container.last_finished_at
    mark = ended_at.isoformat() if ended_at is not None else f"restart {container.restarts:06d}"
    message = f"Container {container.name} was killed because it used more memory than it may"
    return Symptom(OOM_KILLED, "memory", container.name, OOM_REASON, message, container.name, mark, ended_at)


def _node_symptom(node: NodeFacts) -> Symptom:
    said = "is not ready" if node.ready is False else "has stopped reporting"
    message = f"The node {said}"
    if node.message or node.reason:
        message = f"{message}: {node.message or node.reason}"
    return Symptom(NODE_NOT_READY, "node", reason=node.reason, message=message)


def _rollout_symptom(workload: WorkloadFacts) -> Symptom:
    message = workload.message or "The rollout has made no progress within its deadline"
    about = f"{workload.available} of {workload.desired} available"
    return Symptom(ROLLOUT_STUCK, "rollout", reason=workload.reason, message=message, about=about)


def _is_stuck(workload: WorkloadFacts) -> bool:
    return workload.progressing is False and workload.reason == DEADLINE_REASON


def _is_pod_symptom_over(kind: str, part: str, pod: PodFacts) -> bool:
    if pod.phase == "Succeeded":
        return True
    if kind == UNSCHEDULABLE:
        return pod.scheduled is True
    container = next((one for one in pod.containers if one.name == part), None)
    if container is None:
        return False
    if kind == IMAGE_PULL_FAILED:
        return container.state != "unknown" and not (container.state == "waiting" and container.reason in IMAGE_REASONS)
    return _has_recovered(container)


def _has_recovered(container: ContainerFacts) -> bool:
    # An init container recovers by finishing its work.
    if container.is_init and container.state == "terminated":
        return container.last_exit_code == 0 or container.reason == "Completed"
    return container.state == "running" and container.ready
