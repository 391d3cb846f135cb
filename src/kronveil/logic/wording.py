"""Words for people: neutral kinds, titles, lines. Only from what is known."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from kronveil.logic.kinds import (
    BOOKS_UNBALANCED,
    CERTIFICATE_EXPIRING,
    CLUSTER_UNREACHABLE,
    COLLECTOR_STALLED,
    CONFIG_ERROR,
    CRASH_LOOPING,
    CRONJOB_MISSED,
    DISK_PRESSURE,
    EVICTED,
    HPA_BLIND,
    HPA_SATURATED,
    IMAGE_PULL_FAILED,
    JOB_FAILED,
    LATENCY_HIGH,
    LOG_VOLUME_HIGH,
    MEMORY_PRESSURE,
    MOUNT_FAILED,
    NODE_FLAPPING,
    NODE_NOT_READY,
    NOT_READY_LONG,
    OBJECTIVE_BURNING,
    OOM_KILLED,
    PDB_BLOCKING,
    PID_PRESSURE,
    QUOTA_EXCEEDED,
    RESOURCE_PREFIX,
    RESOURCE_UNHEALTHY,
    ROLLOUT_STUCK,
    STUCK_TERMINATING,
    SYNC_FAILED,
    TLS_ERROR,
    UNAVAILABLE,
    UNSCHEDULABLE,
    VOLUME_PENDING,
    WATCH_STALLED,
    Symptom,
)
from kronveil.model.facts import Facts, GoneFacts, NodeFacts, PodFacts, ReachFacts, WarningFacts, WorkloadFacts
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource

RESTARTED_LATELY = timedelta(minutes=1)
LONGEST_MESSAGE = 500

_NOUNS = {
    "Pod": "pod",
    "Node": "node",
    "Cluster": "cluster",
    "Deployment": "workload",
    "StatefulSet": "workload",
    "DaemonSet": "workload",
    "PersistentVolumeClaim": "claim",
    "HorizontalPodAutoscaler": "hpa",
    "ResourceQuota": "quota",
    "PodDisruptionBudget": "budget",
}
CONTAINER_KINDS = frozenset({OOM_KILLED, IMAGE_PULL_FAILED, CRASH_LOOPING, CONFIG_ERROR})
_VERBS = {
    "running": "runs",
    "pending": "is pending",
    "succeeded": "has finished",
    "failed": "has failed",
    "deleted": "was deleted",
    "restarted": "runs again after a restart",
    "terminating": "is being deleted",
    "ready": "is ready",
    "progressing": "is being rolled out",
    "available": "is available",
    "live": "answers",
    "partial": "answers in part",
    "stale": "has not been heard for a while",
    "unknown": "has not been heard yet",
}


def neutral_kind(observation: Observation) -> str:
    """The event kind of an observation in which nothing is wrong: a noun and what happened to it."""
    match observation.facts:
        case PodFacts() as pod:
            return _pod_kind(pod, observation.at)
        case WarningFacts():
            kind = "kubernetes.warning"
        case GoneFacts():
            about = observation.resource.kind
            kind = f"{_NOUNS.get(about) or about.lower()}.deleted"
        case NodeFacts():
            kind = "node.ready"
        case WorkloadFacts() as workload:
            kind = "workload.available" if _is_rolled_out(workload) else "workload.progressing"
        case ReachFacts() as reach:
            kind = f"cluster.{reach.state}"
        case _:
            kind = observation.kind
    return kind


def _is_rolled_out(workload: WorkloadFacts) -> bool:
    is_current = workload.observed_generation >= workload.generation
    return is_current and workload.updated >= workload.desired and workload.available >= workload.desired


def _pod_kind(pod: PodFacts, at: datetime) -> str:
    if pod.terminating:
        return "pod.terminating"
    if any(one.restarts and one.started_at and at - one.started_at <= RESTARTED_LATELY for one in pod.containers):
        return "pod.restarted"
    return f"pod.{pod.phase.lower() or 'unknown'}"


def message_of(observation: Observation, symptom: Symptom | None, kind: str) -> str:
    """The sentence of an event: the symptom's, else the source's own, else one made from the kind."""
    if symptom is not None and symptom.message:
        return symptom.message[:LONGEST_MESSAGE]
    if observation.message:
        return observation.message[:LONGEST_MESSAGE]
    verb = kind.rpartition(".")[2]
    return f"{called(observation.resource)} {_VERBS.get(verb) or verb}"


def called(resource: Resource) -> str:
    """How people call it: ``namespace/name``, or the name alone."""
    return f"{resource.namespace}/{resource.name}" if resource.namespace else resource.name


def title(symptom: Symptom, resource: Resource) -> str:
    """One line that says what is wrong with what."""
    made = _TITLES.get(symptom.kind)
    # What operators call the symptoms of custom resources is theirs: the condition says more.
    return made(called(resource), symptom) if made else f"{resource.kind} {called(resource)}: {symptom.about}"


def _image_title(who: str, symptom: Symptom) -> str:
    return f"{who} cannot pull {f'image {symptom.about}' if symptom.about else 'its image'}"


def _crash_title(who: str, symptom: Symptom) -> str:
    end = "out of memory" if symptom.family == "memory" else symptom.about
    return f"{who} keeps crashing: container {symptom.part}{f', {end}' if end else ''}"


def _short_title(who: str, symptom: Symptom) -> str:
    return f"Node {who} is short of {symptom.about}"


def _unheard_title(who: str, symptom: Symptom) -> str:
    """It may well be reached, and refuse us; or there is no kubeconfig to reach it with."""
    cause = symptom.message.removeprefix("never heard from").removeprefix(": ")
    # What follows is what to do about it, or the server's own words.
    cause = cause.partition(": ")[0].partition(". ")[0].rstrip(".")
    return f"Cluster {who} cannot be watched: {cause}" if cause else f"Cluster {who} cannot be reached"


_TITLES: dict[str, Callable[[str, Symptom], str]] = {
    IMAGE_PULL_FAILED: _image_title,
    CRASH_LOOPING: _crash_title,
    OOM_KILLED: lambda who, symptom: f"{who} runs out of memory: container {symptom.part} was killed",
    CONFIG_ERROR: lambda who, symptom: f"{who} cannot start: container {symptom.part}, {symptom.about}",
    EVICTED: lambda who, _: f"{who} had a pod evicted",
    UNSCHEDULABLE: lambda who, _: f"{who} has a pod that no node can take",
    NOT_READY_LONG: lambda who, _: f"{who} has a pod that runs and does not get ready",
    STUCK_TERMINATING: lambda who, _: f"{who} has a pod that does not go away",
    NODE_NOT_READY: lambda who, _: f"Node {who} is not ready",
    MEMORY_PRESSURE: _short_title,
    DISK_PRESSURE: _short_title,
    PID_PRESSURE: _short_title,
    NODE_FLAPPING: lambda who, _: f"Node {who} comes and goes",
    ROLLOUT_STUCK: lambda who, symptom: f"The rollout of {who} is stuck: {symptom.about}",
    UNAVAILABLE: lambda who, symptom: f"{who} is down: {symptom.about}",
    JOB_FAILED: lambda who, symptom: f"A job of {who} failed{f': {symptom.about}' if symptom.about else ''}",
    CRONJOB_MISSED: lambda who, symptom: f"{who} missed its run by the schedule {symptom.about}",
    VOLUME_PENDING: lambda who, symptom: f"Claim {who} has {'lost its' if symptom.part else 'no'} volume",
    MOUNT_FAILED: lambda who, _: f"{who} has a pod whose volume cannot be mounted",
    HPA_SATURATED: lambda who, symptom: f"{who} needs more than its {symptom.about} replicas",
    HPA_BLIND: lambda who, _: f"{who} cannot read its metrics and does not scale",
    QUOTA_EXCEEDED: lambda who, _: f"Quota {who} is used up",
    PDB_BLOCKING: lambda who, _: f"{who} lets no node be drained",
    CERTIFICATE_EXPIRING: lambda who, symptom: f"Certificate {who} {symptom.about}",
    SYNC_FAILED: lambda who, _: f"{who} is out of step with Git",
    TLS_ERROR: lambda who, _: f"{who} cannot be reached securely",
    OBJECTIVE_BURNING: lambda who, _: f"{who} spends its error budget too fast",
    LATENCY_HIGH: lambda who, _: f"{who} answers slowly",
    LOG_VOLUME_HIGH: lambda who, _: f"{who} logs far more than usual",
    CLUSTER_UNREACHABLE: _unheard_title,
    WATCH_STALLED: lambda who, symptom: f"Cluster {who} answers, but nothing is heard of its {symptom.part}",
    COLLECTOR_STALLED: lambda who, _: f"What cluster {who} reports gets stuck on its way into this agent",
    BOOKS_UNBALANCED: lambda who, _: f"The books of cluster {who} do not balance",
}


_MANY: dict[str, str] = {
    IMAGE_PULL_FAILED: "cannot pull their images",
    CRASH_LOOPING: "keep crashing",
    OOM_KILLED: "run out of memory",
    CONFIG_ERROR: "cannot start",
    EVICTED: "had pods evicted",
    UNSCHEDULABLE: "have pods that no node can take",
    NOT_READY_LONG: "have pods that do not get ready",
    STUCK_TERMINATING: "have pods that do not go away",
    NODE_NOT_READY: "are not ready",
    MEMORY_PRESSURE: "are short of memory",
    DISK_PRESSURE: "are short of disk space",
    PID_PRESSURE: "are short of process ids",
    TLS_ERROR: "cannot be reached securely",
    OBJECTIVE_BURNING: "spend their error budgets too fast",
    LATENCY_HIGH: "answer slowly",
    LOG_VOLUME_HIGH: "log far more than usual",
    NODE_FLAPPING: "come and go",
    ROLLOUT_STUCK: "are stuck in a rollout",
    UNAVAILABLE: "are down",
    JOB_FAILED: "had jobs that failed",
    CRONJOB_MISSED: "missed their runs",
    VOLUME_PENDING: "have no volume",
    MOUNT_FAILED: "cannot mount their volumes",
    CLUSTER_UNREACHABLE: "cannot be watched",
    WATCH_STALLED: "answer, but not for all kinds",
    COLLECTOR_STALLED: "get stuck on their way into this agent",
    BOOKS_UNBALANCED: "have books that do not balance",
    SYNC_FAILED: "are out of step with Git",
    RESOURCE_UNHEALTHY: "are not well by their own conditions",
}
_PLURALS = {
    "Node": "nodes",
    "Cluster": "clusters",
    "Collector": "clusters",
    "PersistentVolumeClaim": "claims",
    "CronJob": "cron jobs",
    "Pod": "pods",
    "Certificate": "certificates",
}


def storm_title(kind: str, about: Resource, count: int, clusters: str) -> str:
    """The one line that stands for the same trouble at many owners; ``clusters`` in words, as ``some_of`` has them."""
    what = _MANY.get(kind, f"show {kind}")
    where = "" if about.kind in ("Cluster", "Collector") else f" in {clusters}"
    others = f"{about.kind} objects" if kind.startswith(RESOURCE_PREFIX) else "workloads"
    return f"{count} {_PLURALS.get(about.kind, others)} {what}{where}"


def service_title(service: Resource, count: int) -> str:
    """The one line that stands for troubles of several workloads behind one service."""
    return f"{count} workloads behind the service {called(service)} are in trouble"


def systemic_title(title_of_one: str, clusters: Sequence[str]) -> str:
    """The one line that stands for the same trouble of one owner in several clusters."""
    return f"{title_of_one} in {len(clusters)} clusters"


def some_of(names: Sequence[str]) -> str:
    """Up to three names, and how many more."""
    listed = sorted(names)
    shown = ", ".join(listed[:3])
    return f"{shown} and {len(listed) - 3} more" if len(listed) > 3 else shown


def onset(resource: Resource, symptom: Symptom) -> str:
    """The line that tells of a symptom."""
    return f"{called(resource)}: {symptom.message or symptom.kind}"


def warning(reason: str, message: str) -> str:
    """A Warning event in one line; its reason is said once where the message begins with that very word."""
    rest = message.removeprefix(reason)
    return message if rest != message and not rest[:1].isalnum() else f"{reason}: {message}"


def recovery(resource: Resource, kind: str, part: str, facts: Facts | None) -> str:
    """The line that tells that a symptom is over."""
    if isinstance(facts, GoneFacts):
        return f"{called(resource)} is gone, and its {kind} with it"
    where = f", container {part}" if part and kind in CONTAINER_KINDS else ""
    return f"{called(resource)}{where}: {kind} is over"


def lines_left_out(count: int) -> str:
    """The one line that stands for the middle of a long timeline."""
    return f"{count} lines left out"
