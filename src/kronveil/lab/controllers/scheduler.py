"""The scheduler: pods to nodes with room, and a plain statement when there is none."""

from dataclasses import dataclass, field

from kronveil.lab.controllers.claims import claims_of
from kronveil.lab.kinds import CLAIM, NODE, POD, STORAGE_CLASS, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import set_condition
from kronveil.lab.quantities import parse_quantity
from kronveil.lab.times import stamp
from kronveil.lab.world import Change, Key, Record

RETRY_S = 60
SOURCE = "default-scheduler"


@dataclass(slots=True)
class Room:
    """What a node has and what its pods have taken of it."""

    cpu: float = 0
    memory: float = 0
    pods: float = 0
    is_open: bool = True
    """Whether any pod may come that fits: the node is neither cordoned nor tainted."""
    taken: dict[Key, tuple[float, float]] = field(default_factory=dict[Key, tuple[float, float]])
    taken_cpu: float = 0
    taken_memory: float = 0

    def lacks(self, cpu: float, memory: float) -> str | None:
        """What is missing for one more pod, in the scheduler's words; None when it fits."""
        if len(self.taken) >= self.pods:
            return "Too many pods"
        if self.taken_cpu + cpu > self.cpu + 1e-9:
            return "Insufficient cpu"
        return "Insufficient memory" if self.taken_memory + memory > self.memory else None

    def take(self, key: Key, cpu: float, memory: float) -> None:
        """Count a pod in."""
        self.free(key)
        self.taken[key] = (cpu, memory)
        self.taken_cpu += cpu
        self.taken_memory += memory

    def free(self, key: Key) -> bool:
        """Count a pod out, if it was in."""
        cpu, memory = self.taken.get(key, (0.0, 0.0))
        self.taken_cpu -= cpu
        self.taken_memory -= memory
        return self.taken.pop(key, None) is not None


class Scheduler:
    """Binds pods to the emptiest node that fits."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._rooms: dict[str, Room] = {}
        self._waiting: dict[Key, None] = {}

    def on_node(self, change: Change) -> None:
        """Learn of a node's size; anything new about a node may let waiting pods in."""
        name = change.record.key[1]
        if change.type == "DELETED":
            self._rooms.pop(name, None)
            return
        room = self._rooms.setdefault(name, Room())
        allocatable = change.record.obj.get("status", {}).get("allocatable", {})
        room.cpu, room.memory, room.pods = (
            parse_quantity(allocatable.get(what, 0)) for what in ("cpu", "memory", "pods")
        )
        spec = change.record.obj.get("spec", {})
        room.is_open = not spec.get("unschedulable") and not spec.get("taints")
        self._retry_soon()

    def on_pod(self, change: Change) -> None:
        """Count room taken and given back."""
        node = change.record.obj["spec"].get("nodeName")
        key = change.record.key
        if change.type == "DELETED":
            self._waiting.pop(key, None)
        if node is None or node not in self._rooms:
            return
        ended = change.type == "DELETED" or change.record.obj["status"].get("phase") in ("Failed", "Succeeded")
        if ended:
            if self._rooms[node].free(key):
                self._retry_soon()
        elif key not in self._rooms[node].taken:
            self._rooms[node].take(key, *_wishes(change.record.obj))

    def on_claim(self) -> None:
        """A claim that was bound may let waiting pods go on."""
        self._retry_soon()

    def reconcile(self, key: Key) -> None:
        """Bind a pod that has no node, or say why not."""
        pod = self._world.find(POD, key)
        if pod is None or "nodeName" in pod.obj["spec"] or "deletionTimestamp" in pod.obj["metadata"]:
            self._waiting.pop(key, None)
            return
        if key in self._waiting and self._machinery.timers.is_set(("schedule", key)):
            return
        self._try(pod)

    def _try(self, pod: Record) -> None:
        claim = self._claim_problem(pod)
        if claim is not None:
            self._wait_for_claim(pod, claim)
            return
        cpu, memory = _wishes(pod.obj)
        best: tuple[int, str] | None = None
        refusals: dict[str, int] = {}
        nodes = self._machinery.nodes()
        is_choosy = bool(pod.obj["spec"].get("nodeSelector"))
        for node in nodes:
            room = self._rooms[node.key[1]]
            why = None if room.is_open and not is_choosy else _refusal(pod.obj, node.obj)
            why = why or room.lacks(cpu, memory)
            if why is not None:
                refusals[why] = refusals.get(why, 0) + 1
                continue
            rank = (len(room.taken), node.key[1])
            best = rank if best is None else min(best, rank)
        if best is None:
            self._refuse(pod, len(nodes), refusals)
        else:
            self._bind(pod, best[1])

    def _claim_problem(self, pod: Record) -> str | None:
        """What is wrong with a pod's claims; empty for one that will be bound once it is provisioned."""
        for name in claims_of(pod.obj):
            claim = self._world.find(CLAIM, (pod.key[0], name))
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim.obj.get("status", {}).get("phase") != "Bound":
                storage = self._world.find(STORAGE_CLASS, ("", claim.obj["spec"].get("storageClassName", "")))
                waits = storage is not None and storage.obj.get("volumeBindingMode") == "WaitForFirstConsumer"
                return "" if waits else "pod has unbound immediate PersistentVolumeClaims"
        return None

    def _wait_for_claim(self, pod: Record, problem: str) -> None:
        self._waiting[pod.key] = None
        if problem:
            self._say_no(pod, f"0/{len(self._machinery.nodes())} nodes are available: {problem}.")

    def _bind(self, pod: Record, node: str) -> None:
        self._waiting.pop(pod.key, None)
        self._machinery.timers.cancel(("schedule", pod.key))
        namespace, name = pod.key

        def bind(obj: JsonObject) -> None:
            obj["spec"] = {**obj["spec"], "nodeName": node}
            set_condition(obj, {"type": "PodScheduled", "status": "True"}, stamp(self._world.now))

        record = self._world.update_status(POD, pod.key, bind)
        message = f"Successfully assigned {namespace}/{name} to {node}"
        self._machinery.recorder.record(record, "Scheduled", message, source=SOURCE)

    def _refuse(self, pod: Record, nodes: int, refusals: dict[str, int]) -> None:
        whys = ", ".join(f"{count} {why}" for why, count in sorted(refusals.items()))
        message = f"0/{nodes} nodes are available: {whys or 'no nodes'}."
        self._waiting[pod.key] = None
        self._say_no(pod, message)

    def _say_no(self, pod: Record, message: str) -> None:
        wanted = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        self._machinery.after(("schedule", pod.key), RETRY_S, lambda: self._retry(pod.key))
        record = self._world.update_status(POD, pod.key, lambda obj: _note_refusal(obj, wanted, stamp(self._world.now)))
        self._machinery.recorder.record(record, "FailedScheduling", message, source=SOURCE, warning=True)

    def _retry(self, key: Key) -> None:
        pod = self._world.find(POD, key)
        if pod is not None and "nodeName" not in pod.obj["spec"]:
            self._try(pod)

    def _retry_soon(self) -> None:
        """Try the waiting pods again in a moment: one pass, however many changes come before it."""
        if self._waiting and not self._machinery.timers.is_set("reschedule"):
            self._machinery.after("reschedule", 0.5, self._retry_all)

    def _retry_all(self) -> None:
        for key in list(self._waiting):
            pod = self._world.find(POD, key)
            # Quietly: what still does not fit is said again by its own timer.
            if pod is not None and self._claim_problem(pod) is None and self._fits_somewhere(pod.obj):
                self._try(pod)

    def _fits_somewhere(self, pod: JsonObject) -> bool:
        cpu, memory = _wishes(pod)
        return any(
            _refusal(pod, node.obj) is None and self._rooms[node.key[1]].lacks(cpu, memory) is None
            for node in self._world.list(NODE)
        )


def _note_refusal(pod: JsonObject, wanted: JsonObject, now: str) -> None:
    set_condition(pod, wanted, now)


def _wishes(pod: JsonObject) -> tuple[float, float]:
    cpu = memory = 0.0
    for container in pod["spec"]["containers"]:
        requests = container.get("resources", {}).get("requests", {})
        cpu += parse_quantity(requests.get("cpu", 0))
        memory += parse_quantity(requests.get("memory", 0))
    return cpu, memory


def _refusal(pod: JsonObject, node: JsonObject) -> str | None:
    """Why a pod may not go to a node whatever its room, in the scheduler's words."""
    if node.get("spec", {}).get("unschedulable"):
        return "node(s) were unschedulable"
    labels = node["metadata"].get("labels", {})
    if any(labels.get(name) != value for name, value in pod["spec"].get("nodeSelector", {}).items()):
        return "node(s) didn't match Pod's node affinity/selector"
    for taint in node.get("spec", {}).get("taints") or ():
        if taint["effect"] == "NoSchedule" and not _tolerates(pod, taint):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    return None


def _tolerates(pod: JsonObject, taint: JsonObject) -> bool:
    return any(
        item.get("key") in (None, taint["key"]) and item.get("effect") in (None, "", taint["effect"])
        for item in pod["spec"].get("tolerations") or ()
    )
