"""Stateful sets: numbered pods, one after another, each with its own volume claims."""

from kronveil.lab.controllers.pods import RETRY_S, create_pod, pod_of
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import CLAIM, POD, STATEFULSET, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import is_ready, template_hash
from kronveil.lab.world import Key, Record, copy_json

REVISION_LABEL = "controller-revision-hash"
SOURCE = "statefulset-controller"


class StatefulSetController:
    """Takes one step at a time; the change it makes brings it back for the next."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Create, replace or delete at most what the order allows now, then count."""
        owner = self._world.find(STATEFULSET, key)
        if owner is None:
            return
        self._step(owner)
        pods = self._machinery.pods_of(owner.uid)
        self._world.update_status(STATEFULSET, key, lambda obj: _count(obj, pods))

    def _step(self, owner: Record) -> None:
        pods = {_ordinal(pod): pod for pod in self._machinery.pods_of(owner.uid)}
        wanted = owner.obj["spec"]["replicas"]
        is_parallel = owner.obj["spec"].get("podManagementPolicy") == "Parallel"
        is_waiting = False
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                self._create(owner, ordinal)
            elif pod.obj["status"].get("phase") in ("Failed", "Succeeded"):
                self._world.remove(POD, pod.key)
            elif is_ready(pod.obj) and "deletionTimestamp" not in pod.obj["metadata"]:
                continue
            is_waiting = True
            if not is_parallel:
                break
        surplus = sorted(ordinal for ordinal in pods if ordinal >= wanted)
        if surplus:
            self._delete(owner, pods[surplus[-1]])
        elif not is_waiting:
            self._roll(owner, pods)

    def _roll(self, owner: Record, pods: dict[int, Record]) -> None:
        """Replace the highest pod of an older template; a pod that does not get ready holds the rollout up."""
        if owner.obj["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
            return
        revision = _revision(owner.obj)
        for ordinal in sorted(pods, reverse=True):
            if pods[ordinal].obj["metadata"]["labels"].get(REVISION_LABEL) != revision:
                self._delete(owner, pods[ordinal])
                return

    def _create(self, owner: Record, ordinal: int) -> None:
        name = f"{owner.key[1]}-{ordinal}"
        labels = {
            REVISION_LABEL: _revision(owner.obj),
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        pod = pod_of(owner, name, labels)
        pod["spec"]["hostname"] = name
        for template in owner.obj["spec"].get("volumeClaimTemplates", ()):
            claim = f"{template['metadata']['name']}-{name}"
            self._claim(owner, template, claim)
            volume = {"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}}
            pod["spec"].setdefault("volumes", []).append(volume)
        if create_pod(self._machinery, owner, pod, source=SOURCE) is None:
            retry = ("retry", owner.uid)
            self._machinery.after(retry, RETRY_S, lambda: self._machinery.wake("statefulSet", owner.key))
            return
        message = f"create Pod {name} in StatefulSet {owner.key[1]} successful"
        self._machinery.recorder.record(owner, "SuccessfulCreate", message, source=SOURCE)

    def _claim(self, owner: Record, template: JsonObject, name: str) -> None:
        if self._world.find(CLAIM, (owner.key[0], name)) is None:
            labels = dict(owner.obj["spec"]["selector"].get("matchLabels", {}))
            metadata = {"name": name, "namespace": owner.key[0], "labels": labels}
            self._world.create(CLAIM, {"metadata": metadata, "spec": copy_json(template["spec"])})

    def _delete(self, owner: Record, pod: Record) -> None:
        if "deletionTimestamp" not in pod.obj["metadata"]:
            message = f"delete Pod {pod.key[1]} in StatefulSet {owner.key[1]} successful"
            self._machinery.recorder.record(owner, "SuccessfulDelete", message, source=SOURCE)
            delete(self._world, pod)


def _ordinal(pod: Record) -> int:
    return int(pod.key[1].rpartition("-")[2])


def _revision(owner: JsonObject) -> str:
    return f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"


def _count(obj: JsonObject, pods: list[Record]) -> None:
    revision = _revision(obj)
    ready = sum(is_ready(pod.obj) for pod in pods)
    updated = sum(pod.obj["metadata"]["labels"].get(REVISION_LABEL) == revision for pod in pods)
    is_rolled_out = updated == len(pods) == obj["spec"]["replicas"] == ready
    current = revision if is_rolled_out else obj.get("status", {}).get("currentRevision", revision)
    obj["status"] = {
        "observedGeneration": obj["metadata"].get("generation", 1),
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": updated,
        "currentReplicas": len(pods) - updated if current != revision else updated,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
