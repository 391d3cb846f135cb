"""The kinds of object that actions know: where an API server serves each, and what it is called in a rule."""

from dataclasses import dataclass
from urllib.parse import quote

from kronveil.model.execution import Target
from kronveil.model.resource import Resource
from kronveil.sdk.errors import Permanent


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its group ('' is the core group), version and plural."""

    group: str
    version: str
    plural: str
    is_namespaced: bool = True


KINDS = {
    "Pod": Kind("", "v1", "pods"),
    "Node": Kind("", "v1", "nodes", is_namespaced=False),
    "Service": Kind("", "v1", "services"),
    "ConfigMap": Kind("", "v1", "configmaps"),
    "Event": Kind("", "v1", "events"),
    "ResourceQuota": Kind("", "v1", "resourcequotas"),
    "PersistentVolumeClaim": Kind("", "v1", "persistentvolumeclaims"),
    "Deployment": Kind("apps", "v1", "deployments"),
    "ReplicaSet": Kind("apps", "v1", "replicasets"),
    "StatefulSet": Kind("apps", "v1", "statefulsets"),
    "DaemonSet": Kind("apps", "v1", "daemonsets"),
    "Job": Kind("batch", "v1", "jobs"),
    "CronJob": Kind("batch", "v1", "cronjobs"),
    "HorizontalPodAutoscaler": Kind("autoscaling", "v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": Kind("policy", "v1", "poddisruptionbudgets"),
    "Ingress": Kind("networking.k8s.io", "v1", "ingresses"),
    "Certificate": Kind("cert-manager.io", "v1", "certificates"),
    "PodMetrics": Kind("metrics.k8s.io", "v1beta1", "pods"),
}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def path_of(target: Target) -> str:
    """Where the API serves an object. Raises Permanent for a kind that no action knows."""
    return path_to(target.resource)


def path_to(found: Resource) -> str:
    """The same for an object of any cluster."""
    return f"{list_path(found.kind, found.namespace)}/{_quoted(found.name)}"


def list_path(kind: str, namespace: str | None) -> str:
    """Where the objects of a kind are listed, in one namespace or in all."""
    known = kind_of(kind)
    root = f"/apis/{known.group}/{known.version}" if known.group else f"/api/{known.version}"
    if not known.is_namespaced or not namespace:
        return f"{root}/{known.plural}"
    return f"{root}/namespaces/{_quoted(namespace)}/{known.plural}"


def kind_of(name: str) -> Kind:
    """What is known of a kind. Raises Permanent for another."""
    known = KINDS.get(name)
    if known is None:
        raise Permanent(f"a {name} cannot be acted on; what can: {', '.join(sorted(KINDS))}")
    return known


def needs(target: Target, kinds: tuple[str, ...], what: str) -> None:
    """Raise Permanent unless the target is of one of these kinds."""
    found = target.resource
    if found.kind not in kinds:
        raise Permanent(f"{found.name} is a {found.kind}; {what} is for: {', '.join(kinds)}")


def _quoted(name: str) -> str:
    if not name or name in (".", ".."):
        raise Permanent(f"{name!r} is no name of an object")
    return quote(name, safe="")
