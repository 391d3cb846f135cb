"""Volume claims: bound by provisioning a volume, at once or when a pod needs it, if the storage class can."""

from kronveil.lab.kinds import CLAIM, POD, STORAGE_CLASS, VOLUME, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.world import Key, Record

RETRY_S = 15
PAST_RETRY_S = 86_400
PROVISION_S = 1
SOURCE = "persistentvolume-controller"
_SELECTED = "volume.kubernetes.io/selected-node"
_PROVISIONER = "ebs.csi.aws.com"


class ClaimController:
    """Provisions a volume for each claim."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Bind a pending claim, or say what it waits for."""
        claim = self._world.find(CLAIM, key)
        if claim is None or claim.obj.get("status", {}).get("phase") == "Bound":
            return
        if "status" not in claim.obj:
            claim = self._world.update_status(CLAIM, key, lambda obj: obj.update(status={"phase": "Pending"}))
        timer = ("claim", claim.uid)
        if self._machinery.timers.is_set(timer):
            return
        name = claim.obj["spec"].get("storageClassName", "")
        # In a past that nobody watched, nobody hears what is said again and again.
        retry_s = PAST_RETRY_S if self._machinery.recorder.is_silent else RETRY_S
        storage = self._world.find(STORAGE_CLASS, ("", name))
        if storage is None:
            message = f'storageclass.storage.k8s.io "{name}" not found'
            self._say(claim, "ProvisioningFailed", message, warning=True)
        elif storage.obj.get("volumeBindingMode") == "WaitForFirstConsumer" and not self._has_consumer(key):
            self._say(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
            return
        elif name in self._machinery.storage_out:
            self._select_node(claim)
            message = (
                f'failed to provision volume with StorageClass "{name}": rpc error: code = ResourceExhausted '
                "desc = Could not create volume: InsufficientVolumeCapacity"
            )
            self._say(claim, "ProvisioningFailed", message, warning=True)
        else:
            self._select_node(claim)
            self._machinery.after(timer, PROVISION_S, lambda: self._bind(key, claim.uid))
            return
        self._machinery.after(timer, retry_s, lambda: self._machinery.wake("claim", key))

    def _select_node(self, claim: Record) -> None:
        """Note, as the scheduler does, for which node a claim that waited for its pod is to be provisioned."""
        nodes = self._machinery.nodes()
        storage = self._world.get(STORAGE_CLASS, ("", claim.obj["spec"]["storageClassName"]))
        if storage.obj.get("volumeBindingMode") != "WaitForFirstConsumer":
            return

        def select(obj: JsonObject) -> None:
            annotations: JsonObject = obj["metadata"].get("annotations") or {}
            obj["metadata"]["annotations"] = {**annotations, _SELECTED: nodes[0].key[1]}

        if nodes and _SELECTED not in (claim.obj["metadata"].get("annotations") or {}):
            self._world.update(CLAIM, claim.key, select)

    def _has_consumer(self, key: Key) -> bool:
        return any(key[1] in claims_of(pod.obj) for pod in self._world.list(POD, key[0]))

    def _bind(self, key: Key, uid: str) -> None:
        claim = self._world.find(CLAIM, key)
        if claim is None or claim.uid != uid:
            return
        if claim.obj["spec"].get("storageClassName", "") in self._machinery.storage_out:
            self._machinery.wake("claim", key)
            return
        volume = f"pvc-{uid}"
        self._world.create(VOLUME, _volume(claim, volume))
        capacity = {"storage": claim.obj["spec"]["resources"]["requests"]["storage"]}
        modes = claim.obj["spec"].get("accessModes", ["ReadWriteOnce"])

        def bind(obj: JsonObject) -> None:
            obj["spec"] = {**obj["spec"], "volumeName": volume}
            obj["status"] = {"phase": "Bound", "accessModes": modes, "capacity": capacity}

        bound = self._world.update_status(CLAIM, key, bind)
        message = f"Successfully provisioned volume {volume}"
        self._say(bound, "ProvisioningSucceeded", message)

    def _say(self, claim: Record, reason: str, message: str, *, warning: bool = False) -> None:
        self._machinery.recorder.record(claim, reason, message, source=SOURCE, warning=warning)


def claims_of(pod: JsonObject) -> list[str]:
    """The names of the claims a pod mounts."""
    volumes = pod["spec"].get("volumes") or ()
    return [item["persistentVolumeClaim"]["claimName"] for item in volumes if "persistentVolumeClaim" in item]


def _volume(claim: Record, name: str) -> JsonObject:
    spec = claim.obj["spec"]
    return {
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": _PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec.get("accessModes", ["ReadWriteOnce"]),
            "claimRef": {
                "kind": CLAIM.name,
                "apiVersion": CLAIM.api_version,
                "namespace": claim.key[0],
                "name": claim.key[1],
                "uid": claim.uid,
            },
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.get("storageClassName", ""),
            "volumeMode": "Filesystem",
            "csi": {"driver": _PROVISIONER, "volumeHandle": f"vol-{claim.uid[:8]}"},
        },
        "status": {"phase": "Bound"},
    }
