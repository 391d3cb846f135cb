"""The kinds of object the lab's API serves: how each is named, addressed and abbreviated."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeGuard

JsonObject: TypeAlias = dict[str, Any]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a JSON value is an object; its keys are text, because JSON has no others."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One served kind, of which there is one instance. ``subresources`` lists what discovery names besides itself."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = field(default=())

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` written in objects of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version


_STATUS = ("status",)
_SCALED = ("status", "scale")

NAMESPACE = Kind("Namespace", "namespaces", namespaced=False, short_names=("ns",), subresources=_STATUS)
NODE = Kind("Node", "nodes", namespaced=False, short_names=("no",), subresources=_STATUS)
POD = Kind("Pod", "pods", short_names=("po",), subresources=("status", "eviction", "log"))
SERVICE = Kind("Service", "services", short_names=("svc",), subresources=_STATUS)
EVENT = Kind("Event", "events", short_names=("ev",))
CONFIGMAP = Kind("ConfigMap", "configmaps", short_names=("cm",))
SECRET = Kind("Secret", "secrets")
CLAIM = Kind("PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), subresources=_STATUS)
VOLUME = Kind("PersistentVolume", "persistentvolumes", namespaced=False, short_names=("pv",), subresources=_STATUS)
QUOTA = Kind("ResourceQuota", "resourcequotas", short_names=("quota",), subresources=_STATUS)
DEPLOYMENT = Kind("Deployment", "deployments", "apps", short_names=("deploy",), subresources=_SCALED)
REPLICASET = Kind("ReplicaSet", "replicasets", "apps", short_names=("rs",), subresources=_SCALED)
STATEFULSET = Kind("StatefulSet", "statefulsets", "apps", short_names=("sts",), subresources=_SCALED)
DAEMONSET = Kind("DaemonSet", "daemonsets", "apps", short_names=("ds",), subresources=_STATUS)
JOB = Kind("Job", "jobs", "batch", subresources=_STATUS)
CRONJOB = Kind("CronJob", "cronjobs", "batch", short_names=("cj",), subresources=_STATUS)
HPA = Kind(
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    "autoscaling",
    "v2",
    short_names=("hpa",),
    subresources=_STATUS,
)
BUDGET = Kind("PodDisruptionBudget", "poddisruptionbudgets", "policy", short_names=("pdb",), subresources=_STATUS)
INGRESS = Kind("Ingress", "ingresses", "networking.k8s.io", short_names=("ing",), subresources=_STATUS)
ENDPOINTS = Kind("EndpointSlice", "endpointslices", "discovery.k8s.io")
STORAGE_CLASS = Kind("StorageClass", "storageclasses", "storage.k8s.io", namespaced=False, short_names=("sc",))
LEASE = Kind("Lease", "leases", "coordination.k8s.io")
NEW_EVENT = Kind("Event", "events", "events.k8s.io", short_names=("ev",))
"""The newer form of EVENT: the same objects, written differently."""

CERTIFICATE = Kind("Certificate", "certificates", "cert-manager.io", short_names=("cert",), subresources=_STATUS)
APPLICATION = Kind("Application", "applications", "argoproj.io", "v1alpha1", short_names=("app",))
KUSTOMIZATION = Kind(
    "Kustomization", "kustomizations", "kustomize.toolkit.fluxcd.io", "v1", short_names=("ks",), subresources=_STATUS
)
HELM_RELEASE = Kind(
    "HelmRelease", "helmreleases", "helm.toolkit.fluxcd.io", "v2", short_names=("hr",), subresources=_STATUS
)

WORKLOADS = {kind.name: kind for kind in (DEPLOYMENT, STATEFULSET, DAEMONSET)}
"""The kinds an app can be of."""

KINDS = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    EVENT,
    CONFIGMAP,
    SECRET,
    CLAIM,
    VOLUME,
    QUOTA,
    DEPLOYMENT,
    REPLICASET,
    STATEFULSET,
    DAEMONSET,
    JOB,
    CRONJOB,
    HPA,
    BUDGET,
    INGRESS,
    ENDPOINTS,
    STORAGE_CLASS,
    LEASE,
)
"""What every cluster serves."""

CUSTOM_KINDS = {kind.plural: kind for kind in (CERTIFICATE, APPLICATION, KUSTOMIZATION, HELM_RELEASE)}
"""Custom resources the lab knows by name. A cluster serves those that its story or a call adds."""


class KindBook:
    """The kinds one cluster serves: those of every cluster, and the custom resources that were added."""

    def __init__(self) -> None:
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        for kind in (*KINDS, NEW_EVENT):
            self.add(kind)

    def add(self, kind: Kind) -> None:
        """Serve one more kind."""
        self._by_path[kind.group, kind.version, kind.plural] = kind

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served at a path."""
        return self._by_path.get((group, version, plural))

    def of_group(self, group: str, plural: str) -> Kind | None:
        """The kind of a group, whatever its version."""
        return next((kind for kind in self._by_path.values() if (kind.group, kind.plural) == (group, plural)), None)

    def __iter__(self) -> Iterator[Kind]:
        """Every kind, in the order they were added."""
        return iter(self._by_path.values())

    def versions(self) -> list[tuple[str, str]]:
        """Every group with its version, in order."""
        return list(dict.fromkeys((kind.group, kind.version) for kind in self))
