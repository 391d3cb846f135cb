"""How objects go: pods with a grace period, owners with what they own, namespaces with everything in them."""

from kronveil.lab.kinds import KINDS, NAMESPACE, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.times import stamp
from kronveil.lab.world import Record, World


def delete(world: World, record: Record, *, grace_s: int | None = None) -> Record:
    """Delete as the API does: a bound pod is marked and its kubelet removes it, anything else is gone at once."""
    spec = record.obj.get("spec", {})
    if record.kind is not POD or grace_s == 0 or "nodeName" not in spec:
        return world.remove(record.kind, record.key)
    if "deletionTimestamp" in record.obj["metadata"]:
        return record
    grace = spec.get("terminationGracePeriodSeconds", 30) if grace_s is None else grace_s

    def mark(pod: JsonObject) -> None:
        pod["metadata"]["deletionTimestamp"] = stamp(world.now)
        pod["metadata"]["deletionGracePeriodSeconds"] = grace

    return world.update(POD, record.key, mark)


def collect_orphans(machinery: Machinery, gone: Record) -> None:
    """Delete what the deleted object owned (or, of a namespace, held)."""
    if gone.kind is NAMESPACE:
        for kind in KINDS:
            for record in list(machinery.world.list(kind, gone.key[1])) if kind.namespaced else ():
                delete(machinery.world, record, grace_s=0)
        return
    for record in machinery.sets_of(gone.uid) + machinery.pods_of(gone.uid):
        if machinery.world.find(record.kind, record.key) is record:
            delete(machinery.world, record)
