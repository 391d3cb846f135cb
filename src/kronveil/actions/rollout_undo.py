"""Return a deployment to the revision before the one it runs: what helps when a change broke it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from kronveil.actions.kubernetes_answers import listed, object_in
from kronveil.actions.kubernetes_kinds import list_path, path_to
from kronveil.actions.kubernetes_object import Intent, perform_patch, rehearse_patch, undo_patch
from kronveil.actions.sections import Json, items, section
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Step
from kronveil.sdk.errors import Permanent, Transient

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"


class RolloutUndo:
    """See ``Action``. Takes no parameters.

    A plan names the replica sets that hold both templates, and never holds the templates: variables of containers may
    be secrets, and plans are kept.
    """

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        held: dict[str, str] = {}

        async def decide(door: ClusterDoor, obj: Json) -> Intent:
            now, earlier = await _revisions(door, obj)
            held.update(_named("to", earlier), **_named("from", now))
            return _rolled_back(obj, earlier)

        plan = await rehearse_patch(self._doors, step, target, decide)
        return replace(plan, details={"path": (plan.details or {})["path"], **held})

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, await self._filled_in(plan, "to", "patch"), key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, await self._filled_in(plan, "from", "undo"), key)

    async def _filled_in(self, plan: StepPlan, which: str, patch: str) -> StepPlan:
        """The plan with the template that a replica set holds. Raises Permanent when it is not the one any more."""
        details, target = plan.details or {}, plan.target
        if target is None:
            raise Permanent(f"{plan.name}: the plan names no target")
        name = details[f"{which}_name"]
        path = path_to(Resource("ReplicaSet", name, target.resource.namespace))
        async with self._doors.open(target.cluster_name) as door:
            reply = await door.ask("GET", path)
        if reply.status == 404:
            raise Permanent(f"the revision that replica set {name} held is not kept any more")
        template = _template(object_in(reply, path, "would not show it")["spec"]["template"])
        if _digest(template) != details[f"{which}_sha256"]:
            raise Permanent(f"replica set {name} holds another template than was planned for")
        return replace(plan, details={"path": details["path"], patch: json.dumps(_whole(template))})


async def _revisions(door: ClusterDoor, obj: Json) -> tuple[Json, Json]:
    """The replica sets of the revision that a deployment runs, and of the one before it."""
    name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
    if obj["kind"] != "Deployment":
        raise Permanent(f"only a deployment can be rolled back here, and {name} is a {obj['kind']}")
    found = await listed(door, list_path("ReplicaSet", namespace))
    sets = [each for each in found if _is_of(each, obj["metadata"]["uid"])]
    current = _revision(obj["metadata"])
    before = [each for each in sets if _revision(each["metadata"]) < current]
    if not before:
        raise Permanent(f"{name} has no earlier revision to return to")
    now = [each for each in sets if _revision(each["metadata"]) == current]
    if not now or _digest(_template(now[0]["spec"]["template"])) != _digest(_template(obj["spec"]["template"])):
        raise Transient(f"the controller has not yet seen the newest change of {name}")
    return now[0], max(before, key=lambda each: _revision(each["metadata"]))


def _rolled_back(obj: Json, earlier: Json) -> Intent:
    current, name = _revision(obj["metadata"]), obj["metadata"]["name"]
    return Intent(
        summary=f"roll {name} back from revision {current} to {_revision(earlier['metadata'])}",
        patch=_whole(_template(earlier["spec"]["template"])),
        undo=_whole(obj["spec"]["template"]),
        blast_radius=(f"{obj['spec'].get('replicas', 1)} pods are replaced, as its update strategy says",),
    )


def _named(which: str, replica_set: Json) -> dict[str, str]:
    template = _template(replica_set["spec"]["template"])
    return {f"{which}_name": replica_set["metadata"]["name"], f"{which}_sha256": _digest(template)}


def _digest(template: Json) -> str:
    return sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()


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
