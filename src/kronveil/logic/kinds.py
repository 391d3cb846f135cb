"""The kinds of symptoms: how bad each is, to which family it belongs, and how long it must last to count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from kronveil.model.event import Severity
from kronveil.model.noun import noun

OOM_KILLED = "pod.oom_killed"
CRASH_LOOPING = "pod.crash_looping"
IMAGE_PULL_FAILED = "pod.image_pull_failed"
CONFIG_ERROR = "pod.config_error"
EVICTED = "pod.evicted"
UNSCHEDULABLE = "pod.unschedulable"
NOT_READY_LONG = "pod.not_ready_long"
STUCK_TERMINATING = "pod.stuck_terminating"
NODE_NOT_READY = "node.not_ready"
MEMORY_PRESSURE = "node.memory_pressure"
DISK_PRESSURE = "node.disk_pressure"
PID_PRESSURE = "node.pid_pressure"
NODE_FLAPPING = "node.flapping"
ROLLOUT_STUCK = "workload.rollout_stuck"
UNAVAILABLE = "workload.unavailable"
JOB_FAILED = "job.failed"
CRONJOB_MISSED = "cronjob.missed"
VOLUME_PENDING = "volume.pending"
MOUNT_FAILED = "volume.mount_failed"
HPA_SATURATED = "hpa.saturated"
HPA_BLIND = "hpa.blind"
QUOTA_EXCEEDED = "quota.exceeded"
PDB_BLOCKING = "pdb.blocking"
CERTIFICATE_EXPIRING = "certificate.expiring"
SYNC_FAILED = "gitops.sync_failed"
RESOURCE_UNHEALTHY = "resource.unhealthy"
LATENCY_HIGH = "service.latency_high"
OBJECTIVE_BURNING = "slo.burning"
LOG_VOLUME_HIGH = "log.volume_high"
TLS_ERROR = "certificate.tls_error"
CLUSTER_UNREACHABLE = "cluster.unreachable"
WATCH_STALLED = "watch.stalled"
COLLECTOR_STALLED = "collector.stalled"
BOOKS_UNBALANCED = "books.unbalanced"

AT_ONCE = timedelta()
SOON = "soon"
NOT_READY = "not ready"


@dataclass(frozen=True, slots=True)
class Kind:
    """What docs/reference/symptoms.md says of a kind. ``after`` is how long it must last before it counts."""

    family: str
    severity: Severity
    after: timedelta = AT_ONCE


_CRITICAL, _HIGH, _MEDIUM, _LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

# Worst first; of equals the one nearer to the cause first. An event with several symptoms is named by the first.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        NODE_NOT_READY: Kind("node", _CRITICAL),
        CLUSTER_UNREACHABLE: Kind("reach", _CRITICAL),
        MEMORY_PRESSURE: Kind("node", _HIGH),
        DISK_PRESSURE: Kind("node", _HIGH),
        PID_PRESSURE: Kind("node", _HIGH),
        NODE_FLAPPING: Kind("node", _HIGH),
        COLLECTOR_STALLED: Kind("reach", _HIGH, timedelta(minutes=1)),
        WATCH_STALLED: Kind("reach", _HIGH),
        OOM_KILLED: Kind("memory", _HIGH),
        IMAGE_PULL_FAILED: Kind("image", _HIGH),
        CONFIG_ERROR: Kind("crash", _HIGH),
        CRASH_LOOPING: Kind("crash", _HIGH),
        MOUNT_FAILED: Kind("volume", _HIGH, timedelta(minutes=1)),
        VOLUME_PENDING: Kind("volume", _HIGH, timedelta(minutes=5)),
        ROLLOUT_STUCK: Kind("rollout", _HIGH),
        UNAVAILABLE: Kind("rollout", _HIGH, timedelta(minutes=2)),
        CERTIFICATE_EXPIRING: Kind("certificate", _HIGH, timedelta(days=14)),
        TLS_ERROR: Kind("certificate", _HIGH),
        OBJECTIVE_BURNING: Kind("objective", _HIGH),
        LATENCY_HIGH: Kind("latency", _HIGH),
        BOOKS_UNBALANCED: Kind("reach", _MEDIUM),
        UNSCHEDULABLE: Kind("scheduling", _MEDIUM),
        QUOTA_EXCEEDED: Kind("scheduling", _MEDIUM),
        EVICTED: Kind("eviction", _MEDIUM),
        NOT_READY_LONG: Kind("crash", _MEDIUM, timedelta(minutes=10)),
        JOB_FAILED: Kind("job", _MEDIUM),
        CRONJOB_MISSED: Kind("job", _MEDIUM, timedelta(minutes=1)),
        SYNC_FAILED: Kind("rollout", _MEDIUM),
        RESOURCE_UNHEALTHY: Kind("resource", _MEDIUM, timedelta(minutes=5)),
        HPA_SATURATED: Kind("scale", _MEDIUM, timedelta(minutes=10)),
        HPA_BLIND: Kind("scale", _MEDIUM, timedelta(minutes=3)),
        LOG_VOLUME_HIGH: Kind("logs", _MEDIUM),
        STUCK_TERMINATING: Kind("deletion", _LOW, timedelta(minutes=5)),
        PDB_BLOCKING: Kind("rollout", _LOW, timedelta(minutes=30)),
    }
)
RANKS: Mapping[str, int] = MappingProxyType({kind: rank for rank, kind in enumerate(KINDS)})
COUNT_AT_ONCE = frozenset(kind for kind, one in KINDS.items() if not one.after)
SEVERITIES: Mapping[str, Severity] = MappingProxyType({kind: one.severity for kind, one in KINDS.items()})

RESOURCE_PREFIX = "resource."
"""What operators call symptoms of custom resources begins so; ``resource.changed`` is no symptom."""
RESOURCE_NEUTRAL = frozenset({"resource.changed", "resource.deleted"})


def is_symptom(kind: str) -> bool:
    """Whether events of this kind tell of something that is wrong."""
    return kind in KINDS or (kind.startswith(RESOURCE_PREFIX) and kind not in RESOURCE_NEUTRAL)


@noun
class Symptom:
    """One thing that is wrong. ``part`` is the container; ``about`` is the fact a title names (image, exit code).

    ``mark`` is set for one-shot symptoms: it tells one kill from the next. ``ended_at`` is when that kill was, None
    when the source does not say.

    A kind with a duration counts only ``after`` it has lasted since ``since``; None: since it was first seen.
    ``is_seen_after`` asks for as long a look of our own as well. ``after`` and ``worth`` are None where the kind's
    own hold.
    """

    kind: str
    family: str
    part: str = ""
    reason: str = ""
    message: str = ""
    about: str = ""
    mark: str = ""
    ended_at: datetime | None = None
    since: datetime | None = None
    after: timedelta | None = None
    is_seen_after: bool = False
    worth: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Its own, else its kind's; breadth is the incident's to weigh."""
        return self.worth or SEVERITIES[self.kind]

    @property
    def lasts(self) -> timedelta:
        """How long it must last to count."""
        return KINDS[self.kind].after if self.after is None else self.after
