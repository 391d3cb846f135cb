"""Replica sets: as many pods as asked for, no more, no fewer."""

from kronveil.lab.deletion import delete
from kronveil.lab.kinds import POD, REPLICASET, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import admit_pod, is_active, is_ready, letters, pod_from_template
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
        for _ in range(-surplus):
            self._create_pod(replicaset)
        if surplus > 0:
            pods = [pod for pod in self._machinery.pods_of(replicaset.uid) if is_active(pod.obj)]
            for pod in sorted(pods, key=_least_wanted_first)[:surplus]:
                self._say(replicaset, "SuccessfulDelete", f"Deleted pod: {pod.key[1]}")
                delete(self._world, pod)
        self._world.update_status(REPLICASET, key, lambda obj: self._count(obj, replicaset.uid))

    def _create_pod(self, replicaset: Record) -> None:
        number = self._free_number(replicaset)
        pod = pod_from_template(replicaset, letters(number, 5), replicaset.key[0])
        admit_pod(pod, letters(number >> 24, 5))
        record = self._world.create(POD, pod)
        self._say(replicaset, "SuccessfulCreate", f"Created pod: {record.key[1]}")

    def _free_number(self, replicaset: Record) -> int:
        """A number whose letters name no pod yet: among thousands, two suffixes do meet."""
        while True:
            self._pods_made += 1
            number = self._world.number("pod", replicaset.uid, self._pods_made)
            name = f"{replicaset.key[1]}-{letters(number, 5)}"
            if self._world.find(POD, (replicaset.key[0], name)) is None:
                return number

    def _count(self, obj: JsonObject, uid: str) -> None:
        tally = self._machinery.tally(uid)
        status: JsonObject = {"replicas": tally.active, "observedGeneration": obj["metadata"].get("generation", 1)}
        if tally.active:
            status["fullyLabeledReplicas"] = tally.active
        if tally.ready:
            status["readyReplicas"] = status["availableReplicas"] = tally.ready
        obj["status"] = status

    def _say(self, replicaset: Record, reason: str, message: str) -> None:
        self._machinery.recorder.record(replicaset, reason, message, source=SOURCE)


def _least_wanted_first(pod: Record) -> tuple[bool, bool, int]:
    """Unscheduled before scheduled, not ready before ready, younger before older."""
    return "nodeName" in pod.obj["spec"], is_ready(pod.obj), -_age_rank(pod)


def _age_rank(pod: Record) -> int:
    return int(pod.obj["metadata"]["creationTimestamp"].translate(_DIGITS))


_DIGITS = str.maketrans("", "", "-:TZ")
