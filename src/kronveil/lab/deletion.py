"""How objects go: pods with a grace period, owners with what they own, namespaces with everything in them."""

from datetime import timedelta

from kronveil.lab.kinds import NAMESPACE, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.times import stamp
from kronveil.lab.world import Record, World


def delete(world: World, record: Record, *, grace_s: int | None = None) -> Record:
    """Delete as the API does: a bound pod is marked and its kubelet removes it, what has finalizers is marked and
    stays until they are taken off, anything else is gone at once."""
    spec = record.obj.get("spec", {})
    held = record.obj["metadata"].get("finalizers")
    if not held and (record.kind is not POD or grace_s == 0 or "nodeName" not in spec):
        return world.remove(record.kind, record.key)
    if "deletionTimestamp" in record.obj["metadata"]:
        return record
    grace = 0
    if record.kind is POD:
        grace = spec.get("terminationGracePeriodSeconds", 30) if grace_s is None else grace_s
    ends = world.now + timedelta(seconds=grace / world.speed)

    def mark(obj: JsonObject) -> None:
        obj["metadata"]["deletionTimestamp"] = stamp(ends)
        obj["metadata"]["deletionGracePeriodSeconds"] = grace

    return world.update(record.kind, record.key, mark)


def remove_if_released(world: World, record: Record) -> None:
    """Remove what was only waiting for its finalizers to be taken off. A pod's kubelet sees to that itself."""
    metadata = record.obj["metadata"]
    if record.kind is not POD and "deletionTimestamp" in metadata and not metadata.get("finalizers"):
        world.remove(record.kind, record.key)


def collect_orphans(machinery: Machinery, gone: Record) -> None:
    """Delete what the deleted object owned (or, of a namespace, held)."""
    if gone.kind is NAMESPACE:
        for kind in list(machinery.world.shelves):
            for record in list(machinery.world.list(kind, gone.key[1])) if kind.namespaced else ():
                delete(machinery.world, record, grace_s=0)
        return
    for record in machinery.sets_of(gone.uid) + machinery.jobs_of(gone.uid) + machinery.pods_of(gone.uid):
        if machinery.world.find(record.kind, record.key) is record:
            delete(machinery.world, record)
