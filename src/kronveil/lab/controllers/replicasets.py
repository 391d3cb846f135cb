"""Replica sets: as many pods as asked for, no more, no fewer."""

from kronveil.lab.controllers.pods import RETRY_S, create_pod, pod_of
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import POD, REPLICASET, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, is_active, is_ready, letters
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

SOURCE = "replicaset-controller"


class ReplicaSetController:
    """Creates and deletes pods, and counts them in the status."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._pods_made = 0

    def reconcile(self, key: Key) -> None:
        """Bring one replica set's pods to the wanted number."""
        replicaset = self._world.find(REPLICASET, key)
        if replicaset is None:
            return
        surplus = self._machinery.tally(replicaset.uid).active - replicaset.obj["spec"]["replicas"]
        refused = not all(self._create_pod(replicaset) for _ in range(-surplus))
        if surplus > 0:
            pods = [pod for pod in self._machinery.pods_of(replicaset.uid) if is_active(pod.obj)]
            for pod in sorted(pods, key=_least_wanted_first)[:surplus]:
                self._say(replicaset, "SuccessfulDelete", f"Deleted pod: {pod.key[1]}")
                delete(self._world, pod)
        self._world.update_status(REPLICASET, key, lambda obj: self._count(obj, replicaset.uid, refused=refused))
        retry = ("retry", replicaset.uid)
        if refused:
            self._machinery.after(retry, RETRY_S, lambda: self._machinery.wake("replicaSet", key))
        else:
            self._machinery.timers.cancel(retry)

    def _create_pod(self, replicaset: Record) -> bool:
        number = self._free_number(replicaset)
        pod = pod_of(replicaset, f"{replicaset.key[1]}-{letters(number, 5)}", {})
        pod["metadata"]["generateName"] = f"{replicaset.key[1]}-"
        if create_pod(self._machinery, replicaset, pod, source=SOURCE) is None:
            return False
        self._say(replicaset, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return True

    def _free_number(self, replicaset: Record) -> int:
        """A number whose letters name no pod yet: among thousands, two suffixes do meet."""
        while True:
            self._pods_made += 1
            number = self._world.number("pod", replicaset.uid, self._pods_made)
            name = f"{replicaset.key[1]}-{letters(number, 5)}"
            if self._world.find(POD, (replicaset.key[0], name)) is None:
                return number

    def _count(self, obj: JsonObject, uid: str, *, refused: bool) -> None:
        tally = self._machinery.tally(uid)
        status: JsonObject = {"replicas": tally.active, "observedGeneration": obj["metadata"].get("generation", 1)}
        if tally.active:
            status["fullyLabeledReplicas"] = tally.active
        if tally.ready:
            status["readyReplicas"] = status["availableReplicas"] = tally.ready
        if refused:
            was = condition(obj, "ReplicaFailure") or {}
            status["conditions"] = [
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "reason": "FailedCreate",
                    "message": "the namespace's quota forbids one more pod",
                    "lastTransitionTime": was.get("lastTransitionTime", stamp(self._world.now)),
                }
            ]
        obj["status"] = status

    def _say(self, replicaset: Record, reason: str, message: str) -> None:
        self._machinery.recorder.record(replicaset, reason, message, source=SOURCE)


def _least_wanted_first(pod: Record) -> tuple[bool, bool, int]:
    """Unscheduled before scheduled, not ready before ready, younger before older."""
    return "nodeName" in pod.obj["spec"], is_ready(pod.obj), -_age_rank(pod)


def _age_rank(pod: Record) -> int:
    return int(pod.obj["metadata"]["creationTimestamp"].translate(_DIGITS))


_DIGITS = str.maketrans("", "", "-:TZ")
