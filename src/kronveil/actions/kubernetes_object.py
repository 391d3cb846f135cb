"""One object of a cluster, acted on by a patch: rehearsed by the API server itself, performed once for each key."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from kronveil.model.execution import Check, Effect, FieldDiff, StepPlan, Target
from kronveil.sdk.actions import ClusterDoor, Doors, Outcome, Reply, Step
from kronveil.sdk.differences import differences
from kronveil.sdk.errors import Permanent, Transient

Json: TypeAlias = dict[str, Any]
MANAGER = "kronveil"
ACTED = "kronveil.io/acted"
"""The annotation that carries the key of the last act: how a step that is tried again knows that it was done."""
STRATEGIC_MERGE = "application/strategic-merge-patch+json"
MOST_CONFLICTS = 5
_PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}",
    "DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}",
}
_OURS = ("managedFields", "resourceVersion", "generation", "creationTimestamp")
_GITOPS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to become of an object: a sentence, the patch, and the patch that undoes it."""

    summary: str
    patch: Json
    undo: Json
    checks: tuple[Check, ...] = ()
    blast_radius: tuple[str, ...] = ()


Decide: TypeAlias = Callable[[ClusterDoor, Json], Awaitable[Intent]]


async def rehearse_patch(doors: Doors, step: Step, target: Target, decide: Decide) -> StepPlan:
    """Ask for the object, decide what is to become of it, and have the API server say what that would change."""
    path = path_of(target)
    async with doors.open(target.cluster_name) as door:
        before = await read(door, path, target)
        intent = await decide(door, before)
        reply = await door.ask(
            "PATCH",
            path,
            parameters={"dryRun": "All", "fieldManager": MANAGER},
            body=_encoded(intent.patch),
            content_type=STRATEGIC_MERGE,
        )
        after = _object(reply, path, "would not allow this")
    metadata = before["metadata"]
    return StepPlan(
        name=step.name,
        action=step.action,
        effect=Effect.MUTATE,
        target=Target(target.cluster_uid, target.cluster_name, _with_uid(target, metadata), _version(metadata)),
        parameters={name: json.dumps(value, default=dict) for name, value in step.parameters.items()},
        summary=intent.summary,
        diff=tuple(_shown(before, after)),
        checks=(
            Check("dry run", "passed", "the API server would accept it; nothing was changed"),
            *intent.checks,
            *_owners(metadata),
        ),
        blast_radius=intent.blast_radius,
        undo=f"set back what it changes: {', '.join(diff.path for diff in _shown(before, after)) or 'nothing'}",
        details={"path": path, "patch": json.dumps(intent.patch), "undo": json.dumps(intent.undo)},
    )


async def perform_patch(doors: Doors, plan: StepPlan, key: str) -> Outcome:
    """Patch the object as planned, if it still is what was planned for; once for ``key``."""
    return await _patch_once(doors, plan, key, "patch", plan.diff)


async def undo_patch(doors: Doors, plan: StepPlan, key: str) -> Outcome:
    """Patch it back, if it still is what performing left; once for ``key``."""
    back = tuple(FieldDiff(diff.path, diff.after, diff.before) for diff in plan.diff)
    return await _patch_once(doors, plan, key, "undo", back)


async def _patch_once(doors: Doors, plan: StepPlan, key: str, which: str, diff: tuple[FieldDiff, ...]) -> Outcome:
    target, details = plan.target, plan.details or {}
    if target is None:
        raise Permanent(f"{plan.name}: the plan names no target")
    path, patch = details["path"], json.loads(details[which])
    async with doors.open(target.cluster_name) as door:
        for _ in range(MOST_CONFLICTS):
            now = await read(door, path, target)
            metadata = now["metadata"]
            if (metadata.get("annotations") or {}).get(ACTED) == key:
                return Outcome(f"{plan.summary}: it was done before", has_changed=True, was_done_before=True)
            _refuse_changed(now, target, diff)
            reply = await door.ask(
                "PATCH",
                path,
                parameters={"fieldManager": MANAGER},
                body=_encoded(_conditional(patch, metadata, key)),
                content_type=STRATEGIC_MERGE,
            )
            if reply.status != 409:
                _object(reply, path, "refused it")
                return Outcome(plan.summary, has_changed=True)
            # Its status is written all the time: look again whether what we change is as it was planned for.
        raise Transient(f"{target.resource.name} changes faster than it can be written; nothing was changed")


async def read(door: ClusterDoor, path: str, target: Target) -> Json:
    """The object as it is now."""
    return _object(await door.ask("GET", path), path, f"has no {target.resource.kind} {target.resource.name} to show")


async def listed(door: ClusterDoor, path: str) -> list[Json]:
    """The objects of a list, whole."""
    items: list[Json] = _object(await door.ask("GET", path), path, "would not list them")["items"]
    return items


def path_of(target: Target) -> str:
    """Where the API serves it. Raises Permanent for a kind that no action knows."""
    found = target.resource
    pattern = _PATHS.get(found.kind)
    if pattern is None:
        raise Permanent(f"a {found.kind} cannot be acted on; what can: {', '.join(sorted(_PATHS))}")
    return pattern.format(namespace=quote(found.namespace or "", safe=""), name=quote(found.name, safe=""))


def containers_of(obj: Mapping[str, Any]) -> list[Json]:
    """The containers of a workload's pod template."""
    found: list[Json] = obj["spec"]["template"]["spec"]["containers"]
    return found


def _object(reply: Reply, path: str, what: str) -> Json:
    if reply.status in (200, 201):
        found: Json = json.loads(reply.body)
        return found
    words = _words(reply)
    if reply.status == 429 or reply.status >= 500:
        raise Transient(f"the API server answers {reply.status} to {path}: {words}")
    raise Permanent(f"the API server {what} ({reply.status}): {words}")


def _words(reply: Reply) -> str:
    try:
        status = json.loads(reply.body)
    except ValueError:
        return "no reason given"
    message = status.get("message") if isinstance(status, dict) else None
    return " ".join(str(message or "no reason given").split())[:500]


def _conditional(patch: Json, metadata: Mapping[str, Any], key: str) -> Json:
    """The patch, applied only to the very object and version that was looked at, and marked with the key."""
    given = patch.get("metadata") or {}
    annotations = {**(given.get("annotations") or {}), ACTED: key}
    held = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    return {**patch, "metadata": {**given, **held, "annotations": annotations}}


def _refuse_changed(now: Json, target: Target, diff: tuple[FieldDiff, ...]) -> None:
    metadata, name = now["metadata"], target.resource.name
    if target.resource.uid and metadata["uid"] != target.resource.uid:
        raise Permanent(f"{name} is not what was planned for: it was deleted and made again")
    undone = [each for each in diff if not _has(now, each)]
    if undone:
        paths = ", ".join(each.path for each in undone)
        raise Permanent(f"{name} is not what was planned for: {paths} changed since")


def _has(obj: Json, diff: FieldDiff) -> bool:
    """Whether the field still has the value it is to be changed from."""
    absent = differences(obj, {})
    here = {each.path: each.before for each in absent}
    if diff.before is None:
        return not any(path == diff.path or path.startswith((f"{diff.path}.", f"{diff.path}[")) for path in here)
    return diff.before in (here.get(diff.path), _subtree(obj, diff.path))


def _subtree(obj: Any, path: str) -> str | None:
    for part in path.replace("]", "").replace("[", ".").split("."):
        if isinstance(obj, Mapping):
            obj = obj.get(part)
        elif isinstance(obj, list):
            obj = next((item for item in obj if isinstance(item, Mapping) and str(item.get("name")) == part), None)
        else:
            return None
    return None if obj is None else json.dumps(obj, sort_keys=True, ensure_ascii=False)


def _shown(before: Json, after: Json) -> list[FieldDiff]:
    return differences(_plain(before), _plain(after))


def _plain(obj: Json) -> Json:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _OURS}
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}


def _with_uid(target: Target, metadata: Mapping[str, Any]) -> Any:
    found = target.resource
    return type(found)(found.kind, found.name, found.namespace, metadata["uid"])


def _version(metadata: Mapping[str, Any]) -> str:
    return str(metadata.get("generation", ""))


def _owners(metadata: Mapping[str, Any]) -> list[Check]:
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    owners = dict.fromkeys(owner for mark, owner in _GITOPS.items() if mark in marks)
    return [
        Check("owner", "warned", f"{owner} owns it and may set it back: change it at its source as well")
        for owner in owners
    ]


def _encoded(patch: Json) -> bytes:
    return json.dumps(patch).encode()
