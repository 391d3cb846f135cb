"""Nodes: heartbeats while they run; once one stops, Ready=Unknown, taints, and in the end eviction of its pods."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from kronveil.lab.controllers.kubelet import Kubelet
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import NODE, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, set_condition
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

HEARTBEAT_S = 300
GRACE_S = 40
EVICTION_S = 300
SOURCE = "node-controller"
_UNREACHABLE = "node.kubernetes.io/unreachable"

_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


class NodeController:
    """Kubelets' heartbeats and what the control plane makes of one that stays away."""

    def __init__(self, machinery: Machinery, kubelet: Kubelet) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._kubelet = kubelet
        self.grace_s: float = GRACE_S
        self.eviction_s: float = EVICTION_S
        self._heartbeat_s: float = HEARTBEAT_S

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Spare the events and heartbeats of a past that nobody watched; every node posts its status at the end."""
        self._heartbeat_s = timedelta(days=365).total_seconds()
        self._machinery.recorder.is_silent = True
        yield
        self._machinery.recorder.is_silent = False
        self._heartbeat_s = HEARTBEAT_S
        for node in self._machinery.nodes():
            self._beat(node.key[1])

    def reconcile(self, key: Key) -> None:
        """Start the heartbeat of a node that has none."""
        node = self._world.find(NODE, key)
        name = key[1]
        if node is None:
            self._machinery.timers.cancel(("heartbeat", name))
        elif name not in self._machinery.stopped_nodes and not self._machinery.timers.is_set(("heartbeat", name)):
            self._beat(name)

    def stop(self, name: str) -> None:
        """The node's kubelet falls silent; the control plane notices after the grace time."""
        self._world.get(NODE, ("", name))
        self._machinery.stopped_nodes.add(name)
        self._machinery.timers.cancel(("heartbeat", name))
        self._machinery.after(("grace", name), self.grace_s, lambda: self._declare_lost(name))

    def start(self, name: str) -> None:
        """The kubelet is back: it posts its status and takes up its pods where it left them."""
        self._machinery.stopped_nodes.discard(name)
        for timer in ("grace", "evict"):
            self._machinery.timers.cancel((timer, name))
        self._beat(name)
        for pod in self._machinery.pods_on(name):
            self._kubelet.resume(pod.key)

    def _beat(self, name: str) -> None:
        self._machinery.after(("heartbeat", name), self._heartbeat_s, lambda: self._beat(name))
        node = self._world.find(NODE, ("", name))
        if node is None:
            self._machinery.timers.cancel(("heartbeat", name))
            return
        was = (condition(node.obj, "Ready") or {}).get("status")
        record = self._world.update(NODE, node.key, self._post_status)
        if was != "True":
            message = f"Node {name} status is now: NodeReady"
            self._machinery.recorder.record(record, "NodeReady", message, source="kubelet", host=name)

    def _post_status(self, node: JsonObject) -> None:
        now = stamp(self._world.now)
        for kind, status, reason, message in _HEALTHY:
            wanted = {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": now,
                "reason": reason,
                "message": message,
            }
            set_condition(node, wanted, now)
        spec = node.setdefault("spec", {})
        taints = [taint for taint in spec.get("taints") or () if taint["key"] != _UNREACHABLE]
        spec.pop("taints", None)
        if taints:
            spec["taints"] = taints

    def _declare_lost(self, name: str) -> None:
        node = self._world.find(NODE, ("", name))
        if node is None:
            return
        record = self._world.update(NODE, node.key, self._mark_unknown)
        message = f"Node {name} status is now: NodeNotReady"
        self._machinery.recorder.record(record, "NodeNotReady", message, source=SOURCE)
        for pod in self._machinery.pods_on(name):
            self._mark_pod_not_ready(pod)
        self._machinery.after(("evict", name), self.eviction_s, lambda: self._evict_all(name))

    def _mark_unknown(self, node: JsonObject) -> None:
        now = stamp(self._world.now)
        for kind, *_ in _HEALTHY:
            beat = (condition(node, kind) or {}).get("lastHeartbeatTime", now)
            wanted = {
                "type": kind,
                "status": "Unknown",
                "lastHeartbeatTime": beat,
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
            set_condition(node, wanted, now)
        node.setdefault("spec", {})["taints"] = [
            *(node["spec"].get("taints") or ()),
            {"key": _UNREACHABLE, "effect": "NoSchedule", "timeAdded": now},
            {"key": _UNREACHABLE, "effect": "NoExecute", "timeAdded": now},
        ]

    def _mark_pod_not_ready(self, pod: Record) -> None:
        def mark(obj: JsonObject) -> None:
            ready = condition(obj, "Ready")
            if ready is not None and ready["status"] == "True":
                set_condition(obj, {"type": "Ready", "status": "False"}, stamp(self._world.now))

        record = self._world.update_status(POD, pod.key, mark)
        self._machinery.recorder.record(record, "NodeNotReady", "Node is not ready", source=SOURCE, warning=True)

    def _evict_all(self, name: str) -> None:
        for pod in self._machinery.pods_on(name):
            if "deletionTimestamp" in pod.obj["metadata"]:
                continue
            message = f"Marking for deletion Pod {pod.key[0]}/{pod.key[1]}"
            self._machinery.recorder.record(pod, "TaintManagerEviction", message, source="taint-eviction-controller")
            delete(self._world, pod)
