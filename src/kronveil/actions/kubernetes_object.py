"""One object of a cluster, acted on by a patch: rehearsed by the API server itself, performed once for each key."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from kronveil.actions.kubernetes_answers import listed, may, object_in, read
from kronveil.actions.kubernetes_kinds import path_of
from kronveil.actions.masking import MASK, masked, masked_value
from kronveil.actions.ownership import MANAGER, conflict_checks, owner_checks
from kronveil.actions.sections import Json, section
from kronveil.actions.surroundings import (
    Surroundings,
    autoscaler_checks,
    labels_of,
    look_around,
    quota_checks,
    touched,
)
from kronveil.model.execution import Check, Effect, FieldDiff, StepPlan, Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ClusterDoor, Doors, Outcome, Reply, Step
from kronveil.sdk.differences import differences, put, value_at
from kronveil.sdk.errors import Permanent, Transient

__all__ = ["Intent", "Json", "containers_of", "listed", "perform_patch", "read", "rehearse_patch", "undo_patch"]
ACTED = "kronveil.io/acted"
"""The annotation that carries the key of the last act: how a step that is tried again knows that it was done."""
STRATEGIC_MERGE = "application/strategic-merge-patch+json"
JSON_MERGE = "application/merge-patch+json"
MOST_CONFLICTS = 5
_OURS = ("managedFields", "resourceVersion", "generation", "creationTimestamp")
_MARK = f"metadata.annotations.{ACTED}"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to become of an object: a sentence, the patch, and the patch that undoes it.

    Without ``undo`` it is worked out from what the API server answers, unless ``is_reversible`` is false.
    ``replicas`` is the number that is set, ``more_pods`` how many it adds. ``may_be_so``: it is no mistake when
    the object is like this already.
    """

    summary: str
    patch: Json
    undo: Json | None = None
    checks: tuple[Check, ...] = ()
    blast_radius: tuple[str, ...] = ()
    patch_type: str = STRATEGIC_MERGE
    is_reversible: bool = True
    why_not: str = ""
    replicas: int | None = None
    more_pods: int = 0
    may_be_so: bool = False


Decide: TypeAlias = Callable[[ClusterDoor, Json], Awaitable[Intent]]


async def rehearse_patch(doors: Doors, step: Step, target: Target, decide: Decide) -> StepPlan:
    """Ask for the object, decide what is to become of it, and have the API server say what that would change."""
    path = path_of(target)
    async with doors.open(target.cluster_name) as door:
        rights = await may(door, "patch", target)
        before, intent, reply = await _dry_run(door, path, target, decide)
        after = object_in(reply, path, "would not allow this")
        around = await look_around(door, before)
    shown = _shown(before, after)
    if not shown and not intent.may_be_so:
        raise Permanent(f"{target.resource.name} is as this step would make it already")
    return StepPlan(
        name=step.name,
        action=step.action,
        effect=Effect.MUTATE,
        target=pinned(target, before["metadata"]),
        parameters=as_texts(step.parameters),
        summary=intent.summary,
        diff=tuple(shown),
        checks=(
            Check("dry run", "passed", "the API server would accept it; nothing was changed"),
            rights,
            *warning_checks(reply.warnings),
            *intent.checks,
            *owner_checks(before["metadata"]),
            *conflict_checks(before["metadata"], shown),
            *_around_checks(around, before, intent),
        ),
        blast_radius=(*intent.blast_radius, *(touched(around, labels_of(before)) if around else ())),
        undo=_undo_words(intent, shown),
        details=_details(path, intent),
    )


async def _dry_run(door: ClusterDoor, path: str, target: Target, decide: Decide) -> tuple[Json, Intent, Reply]:
    """The object, what is to become of it, and the answer of the API server: all of one version of the object."""
    for _ in range(MOST_CONFLICTS):
        before = await read(door, path, target)
        intent = await decide(door, before)
        given = section(intent.patch, "metadata")
        # Else what a controller writes meanwhile would look like a part of the plan.
        held = {"metadata": {**given, "resourceVersion": before["metadata"]["resourceVersion"]}}
        reply = await door.ask(
            "PATCH",
            path,
            parameters={"dryRun": "All", "fieldManager": MANAGER},
            body=_encoded({**intent.patch, **held}),
            content_type=intent.patch_type,
        )
        if reply.status != 409:
            return before, intent, reply
    raise Transient(f"{target.resource.name} changes faster than it can be looked at")


async def perform_patch(doors: Doors, plan: StepPlan, key: str) -> Outcome:
    """Patch the object as planned, if it still is what was planned for; once for ``key``."""
    return await _patch_once(doors, plan, key, "patch", plan.diff)


async def undo_patch(doors: Doors, plan: StepPlan, key: str) -> Outcome:
    """Patch it back, if it still is what performing left; once for ``key``."""
    if not {"undo", "inverse"} & set(plan.details or {}):
        raise Permanent(f"{plan.name}: {plan.undo or 'it cannot be undone'}")
    back = tuple(FieldDiff(diff.path, diff.after, diff.before) for diff in plan.diff)
    return await _patch_once(doors, plan, key, "undo", back)


async def _patch_once(doors: Doors, plan: StepPlan, key: str, which: str, diff: tuple[FieldDiff, ...]) -> Outcome:
    target, details = plan.target, plan.details or {}
    if target is None:
        raise Permanent(f"{plan.name}: the plan names no target")
    path, written = details["path"], details.get(which)
    async with doors.open(target.cluster_name) as door:
        for _ in range(MOST_CONFLICTS):
            now = await read(door, path, target)
            metadata = now["metadata"]
            if section(metadata, "annotations").get(ACTED) == key:
                return Outcome(f"{plan.summary}: it was done before", has_changed=True, was_done_before=True)
            refuse_changed(now, target, diff)
            patch = _turned_back(now, diff) if written is None else json.loads(written)
            reply = await door.ask(
                "PATCH",
                path,
                parameters={"fieldManager": MANAGER},
                body=_encoded(_conditional(patch, metadata, key)),
                content_type=details.get(f"{which}_type", STRATEGIC_MERGE),
            )
            if reply.status != 409:
                after = object_in(reply, path, "refused it")
                return Outcome(plan.summary + _besides(now, after, diff), has_changed=True)
            # Its status is written all the time: look again whether what we change is as it was planned for.
        raise Transient(f"{target.resource.name} changes faster than it can be written; nothing was changed")


def containers_of(obj: Mapping[str, Any]) -> list[Json]:
    """The containers of a workload's pod template."""
    found: list[Json] = obj["spec"]["template"]["spec"]["containers"]
    return found


def pinned(target: Target, metadata: Mapping[str, Any]) -> Target:
    """The target as it is when the plan is made: its uid and generation."""
    found = target.resource
    resource = Resource(found.kind, found.name, found.namespace, metadata["uid"])
    return Target(target.cluster_uid, target.cluster_name, resource, str(metadata.get("generation", "")))


def as_texts(parameters: Mapping[str, object]) -> dict[str, str]:
    """Parameters as a plan keeps them: JSON text by name."""
    return {name: json.dumps(value, default=plain_json, ensure_ascii=False) for name, value in parameters.items()}


def plain_json(value: object) -> object:
    """What JSON has no word for, as text; for ``json.dumps``."""
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else str(value)


def warning_checks(warnings: Iterable[str]) -> list[Check]:
    """What the API server and its admission webhooks warned of."""
    return [Check("admission", "warned", words) for words in warnings]


def refuse_changed(now: Json, target: Target, diff: Iterable[FieldDiff]) -> None:
    """Raise Permanent, naming the fields, unless the object is the one and has the values that the plan began from."""
    metadata, name = now["metadata"], target.resource.name
    if target.resource.uid and metadata["uid"] != target.resource.uid:
        raise Permanent(f"{name} is not what was planned for: it was deleted and made again")
    undone = [each for each in diff if not _has(now, each)]
    if undone:
        paths = ", ".join(each.path for each in undone)
        raise Permanent(f"{name} is not what was planned for: {paths} changed since")


def _around_checks(around: Surroundings | None, obj: Json, intent: Intent) -> list[Check]:
    if around is None:
        return []
    return [*autoscaler_checks(around, obj, intent.replicas), *quota_checks(around, obj, intent.more_pods)]


def _undo_words(intent: Intent, shown: list[FieldDiff]) -> str:
    if not intent.is_reversible:
        return intent.why_not or "it cannot be undone"
    return f"set back what it changes: {', '.join(diff.path for diff in shown)}"


def _details(path: str, intent: Intent) -> dict[str, str]:
    details = {"path": path, "patch": json.dumps(intent.patch), "patch_type": intent.patch_type}
    if not intent.is_reversible:
        return details
    if intent.undo is not None:
        return details | {"undo": json.dumps(intent.undo), "undo_type": intent.patch_type}
    # Worked out when it is undone, from the fields that the plan shows: whole lists would be kept in it else.
    return details | {"inverse": "true", "undo_type": JSON_MERGE}


def merge_from(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """The JSON merge patch that makes ``new`` of ``old``: lists are replaced whole, None takes a field away."""
    patch: Json = {}
    for name in {**old, **new}:
        if name not in new:
            patch[name] = None
        elif name not in old or type(old[name]) is not type(new[name]):
            patch[name] = new[name]
        elif isinstance(new[name], Mapping):
            if inner := merge_from(old[name], new[name]):
                patch[name] = inner
        elif old[name] != new[name]:
            patch[name] = new[name]
    return patch


def _turned_back(now: Json, diff: Iterable[FieldDiff]) -> Json:
    """The merge patch that gives each field its other value and leaves everything beside it as it is now."""
    plain = _plain(now)
    back = json.loads(json.dumps(plain))
    for each in diff:
        if each.after is not None and MASK in each.after:
            raise Permanent(f"{each.path} held what looks like a secret, which is kept nowhere: set it back by hand")
        if not put(back, each.path, each.after):
            raise Permanent(f"{each.path} cannot be set back: there is no place for it any more")
    return merge_from(plain, back)


def _besides(before: Json, after: Json, diff: Iterable[FieldDiff]) -> str:
    """What changed that the plan did not name, as by an admission webhook that answers a dry run otherwise."""
    planned = {each.path for each in diff}
    more = [each.path for each in _shown(before, after) if each.path not in planned and each.path != _MARK]
    more = [path for path in more if not (path == "metadata.annotations" and not before["metadata"].get("annotations"))]
    return f". Beside what was planned, this changed: {', '.join(more[:5])}" if more else ""


def _conditional(patch: Json, metadata: Mapping[str, Any], key: str) -> Json:
    """The patch, applied only to the very object and version that was looked at, and marked with the key."""
    given = section(patch, "metadata")
    annotations = {**section(given, "annotations"), ACTED: key}
    held = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return {**patch, "metadata": {**given, **held, "annotations": annotations}}


def _has(obj: Json, diff: FieldDiff) -> bool:
    """Whether the field still has the value it is to be changed from."""
    return masked_value(diff.path, value_at(_plain(obj), diff.path)) == diff.before


def _shown(before: Json, after: Json) -> list[FieldDiff]:
    return [masked(each) for each in differences(_plain(before), _plain(after))]


def _plain(obj: Json) -> Json:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _OURS}
    annotations = {name: value for name, value in section(metadata, "annotations").items() if name != ACTED}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}


def _encoded(patch: Json) -> bytes:
    return json.dumps(patch).encode()
