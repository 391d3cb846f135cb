"""Return a deployment to the revision before the one it runs: what helps when a change broke it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kronveil.actions.kubernetes_object import (
    Intent,
    Json,
    listed,
    perform_patch,
    rehearse_patch,
    undo_patch,
)
from kronveil.actions.sections import items, section
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Step
from kronveil.sdk.errors import Permanent

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"


class RolloutUndo:
    """See ``Action``. Takes no parameters."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        return await rehearse_patch(self._doors, step, target, _rolled_back)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


async def _rolled_back(door: ClusterDoor, obj: Json) -> Intent:
    name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
    if obj["kind"] != "Deployment":
        raise Permanent(f"only a deployment can be rolled back here, and {name} is a {obj['kind']}")
    path = f"/apis/apps/v1/namespaces/{quote(namespace, safe='')}/replicasets"
    sets = [each for each in await listed(door, path) if _is_of(each, obj["metadata"]["uid"])]
    current = _revision(obj["metadata"])
    before = [each for each in sets if _revision(each["metadata"]) < current]
    if not before:
        raise Permanent(f"{name} has no earlier revision to return to")
    earlier = max(before, key=lambda each: _revision(each["metadata"]))
    template = _template(earlier["spec"]["template"])
    return Intent(
        summary=f"roll {name} back from revision {current} to {_revision(earlier['metadata'])}",
        patch=_whole(template),
        undo=_whole(obj["spec"]["template"]),
        blast_radius=(f"{obj['spec'].get('replicas', 1)} pods are replaced, as its update strategy says",),
    )


def _is_of(replica_set: Mapping[str, Any], uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in items(replica_set["metadata"], "ownerReferences"))


def _revision(metadata: Mapping[str, Any]) -> int:
    text = str(section(metadata, "annotations").get(REVISION, "0"))
    return int(text) if text.isdecimal() else 0


def _template(template: Json) -> Json:
    """A replica set's template without the label that tells it from its siblings."""
    metadata = section(template, "metadata")
    labels = {name: value for name, value in section(metadata, "labels").items() if name != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _whole(template: Json) -> Json:
    return {"spec": {"template": {"$patch": "replace", **template}}}


component = ActionComponent(
    name="rollout_undo",
    summary="Return a deployment to its earlier revision.",
    effect=Effect.MUTATE,
    takes=(),
    make=RolloutUndo,
    kinds=("Deployment",),
    is_reversible=True,
)
