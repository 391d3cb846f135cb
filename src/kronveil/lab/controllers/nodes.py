"""Nodes: heartbeats while they run; once one stops, Ready=Unknown, taints, and in the end eviction of its pods."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from kronveil.lab.controllers.kubelet import Kubelet
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import DAEMONSET, NODE, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, is_active, owner_of, set_condition
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, NotFoundError, Record

HEARTBEAT_S = 300
GRACE_S = 40
EVICTION_S = 300
SOURCE = "node-controller"
_UNREACHABLE = "node.kubernetes.io/unreachable"

_READY = ("Ready", "True", "KubeletReady", "kubelet is posting ready status")


@dataclass(frozen=True, slots=True)
class Pressure:
    """A resource a node can run short of, in the words of kubelets."""

    condition: str
    taint: str
    well: tuple[str, str]
    short: tuple[str, str]
    resource: str

    def entry(self, *, is_short: bool) -> tuple[str, str, str, str]:
        """Type, status, reason and message of its condition."""
        return self.condition, str(is_short), *(self.short if is_short else self.well)


PRESSURES = {
    "memory": Pressure(
        "MemoryPressure",
        "node.kubernetes.io/memory-pressure",
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        "memory. Threshold quantity: 100Mi, available: 87424Ki",
    ),
    "disk": Pressure(
        "DiskPressure",
        "node.kubernetes.io/disk-pressure",
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        "ephemeral-storage. Threshold quantity: 8053063680, available: 6104Mi",
    ),
    "pid": Pressure(
        "PIDPressure",
        "node.kubernetes.io/pid-pressure",
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        "pids. Threshold quantity: 1000, available: 812",
    ),
}
_CONDITIONS = (*(pressure.condition for pressure in PRESSURES.values()), "Ready")
_OWN_TAINTS = (_UNREACHABLE, *(pressure.taint for pressure in PRESSURES.values()))


class NodeController:
    """Kubelets' heartbeats and what the control plane makes of one that stays away."""

    def __init__(self, machinery: Machinery, kubelet: Kubelet) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._kubelet = kubelet
        self.grace_s: float = GRACE_S
        self.eviction_s: float = EVICTION_S
        self._heartbeat_s: float = HEARTBEAT_S
        self._short_of: dict[str, set[str]] = {}

    @contextmanager
    def unwatched(self) -> Generator[None]:
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

    def set_pressure(self, name: str, resource: str, *, evicted: int) -> None:
        """The node runs short of ``memory``, ``disk`` or ``pid``: it says so, and evicts some pods a moment later."""
        self._world.get(NODE, ("", name))
        if resource not in PRESSURES:
            raise NotFoundError(f"no node has {resource} pressure; there are: {', '.join(PRESSURES)}")
        self._short_of.setdefault(name, set()).add(resource)
        self._beat(name)
        pressure = PRESSURES[resource]
        self._say(name, f"NodeHas{pressure.condition}", f"Node {name} status is now: {pressure.short[0]}")
        what = f"Attempting to reclaim {pressure.resource.partition('.')[0]}"
        self._say(name, "EvictionThresholdMet", what, warning=True)
        self._machinery.after(("reclaim", name), 5, lambda: self._reclaim(name, pressure, evicted))

    def clear_pressure(self, name: str) -> None:
        """The node has enough of everything again."""
        self._short_of.pop(name, None)
        self._machinery.timers.cancel(("reclaim", name))
        self._beat(name)

    def _reclaim(self, name: str, pressure: Pressure, evicted: int) -> None:
        victims = [
            pod
            for pod in sorted(self._machinery.pods_on(name), key=lambda pod: pod.key)
            if is_active(pod.obj) and pod.key[0] != "kube-system" and _owner_kind(pod) != DAEMONSET.name
        ]
        for pod in victims[:evicted]:
            self._kubelet.evict(pod, f"The node was low on resource: {pressure.resource}. ")

    def _say(self, name: str, reason: str, message: str, *, warning: bool = False) -> None:
        node = self._world.find(NODE, ("", name))
        if node is not None:
            self._machinery.recorder.record(node, reason, message, source="kubelet", host=name, warning=warning)

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
        short_of = self._short_of.get(node["metadata"]["name"], set())
        pressures = [pressure.entry(is_short=name in short_of) for name, pressure in PRESSURES.items()]
        for kind, status, reason, message in (*pressures, _READY):
            wanted = {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": now,
                "reason": reason,
                "message": message,
            }
            set_condition(node, wanted, now)
        spec = node.setdefault("spec", {})
        before = spec.get("taints") or ()
        taints = [taint for taint in before if taint["key"] not in _OWN_TAINTS]
        for key in sorted(PRESSURES[name].taint for name in short_of):
            since = next((taint.get("timeAdded", now) for taint in before if taint["key"] == key), now)
            taints.append({"key": key, "effect": "NoSchedule", "timeAdded": since})
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
        for kind in _CONDITIONS:
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
            if "deletionTimestamp" in pod.obj["metadata"] or _owner_kind(pod) == DAEMONSET.name:
                continue
            message = f"Marking for deletion Pod {pod.key[0]}/{pod.key[1]}"
            self._machinery.recorder.record(pod, "TaintManagerEviction", message, source="taint-eviction-controller")
            delete(self._world, pod)


def _owner_kind(pod: Record) -> str:
    return str((owner_of(pod.obj) or {}).get("kind", ""))
