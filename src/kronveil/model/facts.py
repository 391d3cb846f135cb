"""What changed at the source, typed by what it is about. Collectors state facts; logic says which are symptoms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from kronveil.model.noun import noun
from kronveil.model.resource import Resource


@noun
class ContainerFacts:
    """One container of a pod, init containers too, as the kubelet reports it now.

    ``last_*`` describe the most recent end of the container, whether it is running again or not.
    """

    name: str
    image: str
    state: Literal["waiting", "running", "terminated", "unknown"]
    reason: str = ""
    message: str = ""
    ready: bool = False
    is_init: bool = False
    restarts: int = 0
    started_at: datetime | None = None
    last_reason: str = ""
    last_exit_code: int | None = None
    last_finished_at: datetime | None = None


@noun
class PodFacts:
    """A pod's watched fields. ``scheduled`` is None while the scheduler has said nothing.

    ``reason`` and ``message`` are the pod's own (``Evicted``). ``unready_since`` is when its Ready condition last
    became false, None while it is ready or has none. ``delete_by`` is when its grace period ends, None while nobody
    deletes it. ``claims`` are the names of the volume claims it mounts.
    """

    phase: str
    containers: tuple[ContainerFacts, ...] = ()
    node: str = ""
    scheduled: bool | None = None
    scheduling_message: str = ""
    ready: bool = False
    terminating: bool = False
    reason: str = ""
    message: str = ""
    unready_since: datetime | None = None
    delete_by: datetime | None = None
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node's watched fields. ``ready`` is None when the control plane says Unknown."""

    ready: bool | None
    reason: str = ""
    message: str = ""
    pressures: tuple[str, ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """A deployment's, stateful set's or daemon set's watched fields.

    ``progressing`` is None when it has no such condition (only deployments do). ``short_since`` is when fewer replicas
    than desired were available last, None while there are enough.
    """

    desired: int
    updated: int
    available: int
    progressing: bool | None = None
    reason: str = ""
    message: str = ""
    generation: int = 0
    observed_generation: int = 0
    images: tuple[str, ...] = ()
    short_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job. ``failed`` when it gave up; ``reason`` is Kubernetes' (BackoffLimitExceeded, DeadlineExceeded)."""

    failed: bool
    succeeded: bool
    reason: str = ""
    message: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CronJobFacts:
    """A cron job. ``schedule`` is its five fields, ``zone`` its time zone (empty: the controller's, UTC by default)."""

    schedule: str
    suspended: bool
    last_scheduled_at: datetime | None = None
    created_at: datetime | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """A volume claim: ``phase`` is Pending, Bound or Lost; ``created_at`` is when the waiting began."""

    phase: str
    storage_class: str = ""
    volume: str = ""
    created_at: datetime | None = None
    waits_for_consumer: bool = False


@dataclass(frozen=True, slots=True)
class HpaFacts:
    """A horizontal autoscaler. ``is_limited``: it wants more than ``most``. ``is_blind``: it cannot read metrics."""

    current: int
    desired: int
    least: int
    most: int
    target: str = ""
    is_limited: bool = False
    is_blind: bool = False
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class QuotaFacts:
    """A resource quota: for each resource, how much of it is used, 0 to 1 (and above when it was lowered)."""

    used: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """A pod disruption budget. ``allowed`` is how many pods may be evicted now."""

    allowed: int
    healthy: int
    wanted: int
    expected: int


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate kept by cert-manager. ``ready`` is None while it says nothing."""

    ready: bool | None
    expires_at: datetime | None = None
    renews_at: datetime | None = None
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class BackendFacts:
    """What stands behind a service, as far as one of its endpoint slices tells: the owners of those pods."""

    service: Resource
    owners: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """What a GitOps controller (Argo CD, Flux) says of the thing it keeps in step with Git.

    ``is_failing`` when it could not sync or the result is degraded; None while it is working on it.
    """

    is_failing: bool | None
    revision: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ConditionFacts:
    """One condition of a custom resource, and what an operator has said of it: with which statuses (``bad``) it is
    which symptom, how bad, and how long it must last. ``status`` is empty while the object does not have it."""

    type: str
    status: str
    symptom: str
    severity: Literal["critical", "high", "medium", "low"]
    after: timedelta
    bad: tuple[str, ...] = ("False",)
    reason: str = ""
    message: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """A custom resource, by those of its conditions that an operator has named."""

    conditions: tuple[ConditionFacts, ...] = ()


@noun
class WarningFacts:
    """A Warning event of Kubernetes. ``count`` is how often its source has seen it. ``is_old``: it was found by a first
    list, and last seen long before that: somebody may have told it already."""

    reason: str
    count: int = 1
    reporter: str = ""
    container: str = ""
    is_old: bool = False


@noun
class ToldFacts:
    """What another source says of an object: that it has a symptom of this kind, or has it no more."""

    kind: str
    part: str = ""
    message: str = ""
    is_over: bool = False


@noun
class GoneFacts:
    """The object was deleted, or was missing from a complete list."""


@dataclass(frozen=True, slots=True)
class ListedFacts:
    """The first complete list of a kind after a start: whatever was wrong before and was not seen since ``started_at``
    is no longer so."""

    kind: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ReachFacts:
    """The agent's own judgement on a member of the fleet; ``state`` is a ``ClusterState`` value."""

    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceTrouble:
    """Something wrong with a source of ours, not with what it watches. ``kind`` is the symptom's, ``part`` the kind of
    object that is silent, ``since`` when it was last right."""

    kind: str
    part: str
    since: datetime
    message: str


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The agent's own look at one of its sources. ``well``: what is known to be in order, as symptom kind and part;
    of what is in neither nobody knows. ``kinds``: those that should be heard, None while that is not known."""

    troubles: tuple[SourceTrouble, ...] = ()
    well: frozenset[tuple[str, str]] = frozenset()
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an object's specification that somebody changed. Values of secrets never come here.

    ``kind``: image, env, resources, replicas, config, secret, command, schedule, revision, node, other.
    """

    kind: str
    path: str
    before: str
    after: str


Facts: TypeAlias = (
    PodFacts
    | NodeFacts
    | WorkloadFacts
    | JobFacts
    | CronJobFacts
    | ClaimFacts
    | HpaFacts
    | QuotaFacts
    | BudgetFacts
    | BackendFacts
    | CertificateFacts
    | SyncFacts
    | ResourceFacts
    | WarningFacts
    | GoneFacts
    | ListedFacts
    | ReachFacts
    | SourceFacts
    | ToldFacts
)
