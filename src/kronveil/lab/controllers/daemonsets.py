"""Daemon sets: one pod on each node."""

from kronveil.lab.controllers.pods import RETRY_S, create_pod, pod_of
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import DAEMONSET, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import is_ready, letters, set_condition, template_hash
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

REVISION_LABEL = "controller-revision-hash"
SOURCE = "daemonset-controller"
_TOLERATED = ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")


class DaemonSetController:
    """Sees to it that every node has its pod, and that the pods follow the template."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._pods_made = 0

    def reconcile(self, key: Key) -> None:
        """Create what is missing, delete what is too much, replace one old pod at a time, then count."""
        owner = self._world.find(DAEMONSET, key)
        if owner is None:
            return
        nodes = {node.key[1] for node in self._machinery.nodes()}
        pods = self._machinery.pods_of(owner.uid)
        for pod in pods:
            if pod.obj["status"].get("phase") in ("Failed", "Succeeded"):
                self._world.remove(POD, pod.key)
            elif pod.obj["spec"]["nodeName"] not in nodes:
                delete(self._world, pod, grace_s=0)
        for node in sorted(nodes - {pod.obj["spec"]["nodeName"] for pod in pods}):
            self._create(owner, node)
        self._roll(owner)
        pods = self._machinery.pods_of(owner.uid)
        self._world.update_status(DAEMONSET, key, lambda obj: _count(obj, pods, len(nodes)))

    def _roll(self, owner: Record) -> None:
        if owner.obj["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
            return
        revision = template_hash(owner.obj["spec"]["template"])
        pods = self._machinery.pods_of(owner.uid)
        old = [pod for pod in pods if pod.obj["metadata"]["labels"].get(REVISION_LABEL) != revision]
        broken = [pod for pod in old if not is_ready(pod.obj)]
        if not broken and all(is_ready(pod.obj) for pod in pods):
            broken = sorted(old, key=lambda pod: pod.key)[:1]
        for pod in broken:
            if "deletionTimestamp" not in pod.obj["metadata"]:
                self._say(owner, "SuccessfulDelete", f"Deleted pod: {pod.key[1]}")
                delete(self._world, pod)

    def _create(self, owner: Record, node: str) -> None:
        self._pods_made += 1
        name = f"{owner.key[1]}-{letters(self._world.number('daemon', owner.uid, self._pods_made), 5)}"
        revision = template_hash(owner.obj["spec"]["template"])
        pod = pod_of(owner, name, {REVISION_LABEL: revision, "pod-template-generation": "1"})
        pod["metadata"]["generateName"] = f"{owner.key[1]}-"
        pod["spec"]["nodeName"] = node
        pod["spec"].setdefault("tolerations", []).extend(
            {"key": f"node.kubernetes.io/{taint}", "operator": "Exists"} for taint in _TOLERATED
        )
        created = create_pod(self._machinery, owner, pod, source=SOURCE)
        if created is None:
            retry = ("retry", owner.uid)
            self._machinery.after(retry, RETRY_S, lambda: self._machinery.wake("daemonSet", owner.key))
            return
        now = stamp(self._world.now)
        self._world.update_status(POD, created.key, lambda obj: _mark_scheduled(obj, now))
        self._say(owner, "SuccessfulCreate", f"Created pod: {name}")

    def _say(self, owner: Record, reason: str, message: str) -> None:
        self._machinery.recorder.record(owner, reason, message, source=SOURCE)


def _mark_scheduled(pod: JsonObject, now: str) -> None:
    set_condition(pod, {"type": "PodScheduled", "status": "True"}, now)


def _count(obj: JsonObject, pods: list[Record], nodes: int) -> None:
    ready = sum(is_ready(pod.obj) for pod in pods)
    revision = template_hash(obj["spec"]["template"])
    obj["status"] = {
        "observedGeneration": obj["metadata"].get("generation", 1),
        "desiredNumberScheduled": nodes,
        "currentNumberScheduled": len(pods),
        "updatedNumberScheduled": sum(pod.obj["metadata"]["labels"].get(REVISION_LABEL) == revision for pod in pods),
        "numberReady": ready,
        "numberAvailable": ready,
        "numberMisscheduled": 0,
        **({"numberUnavailable": nodes - ready} if nodes > ready else {}),
    }
