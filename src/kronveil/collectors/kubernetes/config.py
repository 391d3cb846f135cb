"""What a Kubernetes collector is told: plain values, checked by the configuration room before they come here."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeAlias

DEFAULT_POLL_INTERVAL = timedelta(seconds=15)
DEFAULT_STALE_AFTER = timedelta(seconds=60)
DEFAULT_UNREACHABLE_AFTER = timedelta(minutes=3)
DEFAULT_SILENT_AFTER = timedelta(minutes=5)
DEFAULT_METRICS_INTERVAL = timedelta(seconds=60)

OptionalKind: TypeAlias = Literal[
    "jobs",
    "statefulsets",
    "daemonsets",
    "cronjobs",
    "storageclasses",
    "persistentvolumeclaims",
    "persistentvolumes",
    "services",
    "endpointslices",
    "ingresses",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "resourcequotas",
    "certificates",
    "applications",
    "kustomizations",
    "helmreleases",
    "configmaps",
    "secrets",
]
"""What is watched beside namespaces, nodes, pods, deployments, replica sets and events."""

WATCHED_ANYWAY = frozenset(
    {
        ("cert-manager.io", "certificates"),
        ("argoproj.io", "applications"),
        ("kustomize.toolkit.fluxcd.io", "kustomizations"),
        ("helm.toolkit.fluxcd.io", "helmreleases"),
        ("storage.k8s.io", "storageclasses"),
        ("discovery.k8s.io", "endpointslices"),
        ("networking.k8s.io", "ingresses"),
        ("events.k8s.io", "events"),
    }
)
"""Group and resource of those above that nobody needs to name as a custom resource."""


Status: TypeAlias = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCondition:
    """One condition of a custom resource: with which statuses it is a symptom, which one, how bad, and after how long
    it counts."""

    type: str
    bad: tuple[Status, ...] = ("False",)
    after: timedelta = timedelta(minutes=5)
    symptom: str = "resource.unhealthy"
    severity: Literal["critical", "high", "medium", "low"] = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResource:
    """A custom resource to watch, as ``kubectl api-resources`` names it, by its conditions.

    Without a ``version`` the one is used that the cluster prefers; without ``conditions`` it is Ready that is looked
    at.
    """

    group: str
    resource: str
    kind: str
    version: str | None = None
    namespaced: bool = True
    conditions: tuple[WatchedCondition, ...] = ()

    @property
    def name(self) -> str:
        """The name of its definition: resource and group."""
        return f"{self.resource}.{self.group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAccess:
    """The separate identity that actions use; the reading identity never writes."""

    kubeconfig_path: Path | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTimes:
    """How often one cluster is probed, and after how much silence it counts as stale and as unreachable.

    ``silent_after`` is the silence of one kind of object that is put up with while the cluster answers.
    """

    poll_interval: timedelta
    stale_after: timedelta
    unreachable_after: timedelta
    silent_after: timedelta = DEFAULT_SILENT_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """One cluster to watch. Without ``kubeconfig_path`` the default kubeconfig is used, without ``context`` its current
    context. Empty ``namespaces`` means all of them, empty ``kinds`` all that are watched without being asked for
    (config maps and secrets are not); ``config_changes`` adds when those were written, never what is in them.
    ``streaming_lists``: servers that offer it are asked for the list as the first part of the watch. ``metrics``: what
    pods and nodes use is read, where metrics.k8s.io is served; ``kubelet_summary``: where it is not, the kubelets are
    asked, through the API server. A time left ``None`` is the one of the ``kubernetes``
    section.
    """

    name: str
    kubeconfig_path: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    poll_interval: timedelta | None = None
    stale_after: timedelta | None = None
    unreachable_after: timedelta | None = None
    silent_after: timedelta | None = None
    region: str | None = None
    kinds: tuple[OptionalKind, ...] = ()
    config_changes: bool = False
    streaming_lists: bool = True
    metrics: bool = True
    kubelet_summary: bool = False
    metrics_interval: timedelta | None = None
    custom_resources: tuple[CustomResource, ...] = ()
    write: WriteAccess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesConfig:
    """Every cluster that is watched, and the times that hold for those that name none of their own."""

    poll_interval: timedelta = DEFAULT_POLL_INTERVAL
    stale_after: timedelta = DEFAULT_STALE_AFTER
    unreachable_after: timedelta = DEFAULT_UNREACHABLE_AFTER
    silent_after: timedelta = DEFAULT_SILENT_AFTER
    metrics_interval: timedelta = DEFAULT_METRICS_INTERVAL
    custom_resources: tuple[CustomResource, ...] = ()
    clusters: tuple[ClusterConfig, ...] = ()

    def custom_resources_of(self, cluster: ClusterConfig) -> tuple[CustomResource, ...]:
        """Give what is watched in ``cluster``: its own, and those of the section that it does not name itself."""
        own = {each.name for each in cluster.custom_resources}
        return (*cluster.custom_resources, *(each for each in self.custom_resources if each.name not in own))

    def times_of(self, cluster: ClusterConfig) -> ClusterTimes:
        """Give the times that hold for ``cluster``: its own where it names them, else the section's.

        A default that a longer written time has overtaken stretches with it (four probes to stale, three times that
        to unreachable), so that ``poll_interval: 2m`` alone does not make a healthy cluster look stale.
        """
        poll = cluster.poll_interval or self.poll_interval
        stale = cluster.stale_after or self.stale_after
        stale = stale if stale > poll else 4 * poll
        unreachable = cluster.unreachable_after or self.unreachable_after
        unreachable = unreachable if unreachable > stale else 3 * stale
        silent = cluster.silent_after or self.silent_after
        silent = silent if silent > poll else 4 * poll
        return ClusterTimes(poll_interval=poll, stale_after=stale, unreachable_after=unreachable, silent_after=silent)
