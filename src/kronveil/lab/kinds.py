"""The kinds of object the lab's API serves: how each is named, addressed and abbreviated."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


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


NAMESPACE = Kind("Namespace", "namespaces", namespaced=False, short_names=("ns",), subresources=("status",))
NODE = Kind("Node", "nodes", namespaced=False, short_names=("no",), subresources=("status",))
POD = Kind("Pod", "pods", short_names=("po",), subresources=("status", "eviction", "log"))
SERVICE = Kind("Service", "services", short_names=("svc",), subresources=("status",))
EVENT = Kind("Event", "events", short_names=("ev",))
DEPLOYMENT = Kind("Deployment", "deployments", "apps", short_names=("deploy",), subresources=("status", "scale"))
REPLICASET = Kind("ReplicaSet", "replicasets", "apps", short_names=("rs",), subresources=("status", "scale"))

KINDS = (NAMESPACE, NODE, POD, SERVICE, EVENT, DEPLOYMENT, REPLICASET)
KIND_BY_PATH = {(kind.group, kind.plural): kind for kind in KINDS}
KIND_BY_NAME = {kind.name: kind for kind in KINDS}
GROUPS = ("", "apps")
