"""How controllers make pods: from a template, under a name of their choice, and within the namespace's quota."""

from kronveil.lab.controllers.quotas import quota_refusal
from kronveil.lab.kinds import POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import admit_pod, letters, owned_by
from kronveil.lab.world import Record, copy_json

RETRY_S = 10


def pod_of(owner: Record, name: str, labels: dict[str, str], template: JsonObject | None = None) -> JsonObject:
    """A pod of an owner's template with further labels."""
    template = copy_json(template or owner.obj["spec"]["template"])
    metadata = template.get("metadata", {})
    return {
        "metadata": {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), **labels},
            "name": name,
            "namespace": owner.key[0],
            "ownerReferences": owned_by(owner),
        },
        "spec": template["spec"],
    }


def create_pod(machinery: Machinery, owner: Record, pod: JsonObject, *, source: str) -> Record | None:
    """Create a pod as its owner's controller; None, and a warning at the owner, when the quota forbids it."""
    name = pod["metadata"]["name"]
    why = quota_refusal(machinery.world, pod)
    if why is not None:
        shown = pod["metadata"].get("generateName") or name
        message = f'Error creating: pods "{name}" is forbidden: {why}'
        machinery.recorder.record(owner, "FailedCreate", message.replace(name, shown), source=source, warning=True)
        return None
    admit_pod(pod, letters(machinery.world.number("volume", owner.uid, name), 5))
    return machinery.world.create(POD, pod)
