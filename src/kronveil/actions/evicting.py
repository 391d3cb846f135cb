"""Taking pods away by the eviction API, which asks disruption budgets: never by deleting them past a budget."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kronveil.actions.kubernetes_answers import object_in, words_of
from kronveil.actions.kubernetes_kinds import path_to
from kronveil.actions.sections import is_object, items, section
from kronveil.model.execution import FieldDiff
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ClusterDoor, Reply

MIRROR = "kubernetes.io/config.mirror"


class Answer(StrEnum):
    """What came of asking for an eviction."""

    ACCEPTED = "accepted"
    GONE = "gone"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Eviction:
    """The answer for one pod; ``why`` in words when a budget holds it."""

    answer: Answer
    why: str = ""


async def evict(
    door: ClusterDoor, pod: Resource, *, grace_s: int | None = None, is_rehearsal: bool = False
) -> Eviction:
    """Ask for this very pod, by its uid, to be evicted. Asked again, it says that the pod is gone or going.

    Raises Transient and Permanent for every answer but a yes, a gone and a budget's no.
    """
    path = path_to(pod)
    if not is_rehearsal and not await is_there(door, pod):
        return Eviction(Answer.GONE)
    options: dict[str, Any] = {"preconditions": {"uid": pod.uid}}
    if grace_s is not None:
        options["gracePeriodSeconds"] = grace_s
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": options,
    }
    asked = {"dryRun": "All"} if is_rehearsal else {}
    reply = await door.ask("POST", f"{path}/eviction", parameters=asked, body=json.dumps(body).encode())
    if reply.status in (404, 409):
        return Eviction(Answer.GONE)
    if reply.status == 429 and _is_of_a_budget(reply):
        return Eviction(Answer.HELD, f"a disruption budget forbids it now: {words_of(reply)}")
    object_in(reply, f"{path}/eviction", "refused to evict it")
    return Eviction(Answer.ACCEPTED)


async def is_there(door: ClusterDoor, pod: Resource) -> bool:
    """Whether this very pod is still there and not on its way out."""
    path = path_to(pod)
    reply = await door.ask("GET", path)
    if reply.status == 404:
        return False
    metadata = object_in(reply, path, "would not show it")["metadata"]
    return bool(metadata["uid"] == pod.uid and "deletionTimestamp" not in metadata)


def controller_of(pod: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What would make such a pod again."""
    owners = items(pod["metadata"], "ownerReferences")
    return next((owner for owner in owners if owner.get("controller")), None)


def is_mirror(pod: Mapping[str, Any]) -> bool:
    """Whether it is a kubelet's own, which the API server cannot take away."""
    return MIRROR in section(pod["metadata"], "annotations")


def gone(found: Resource) -> FieldDiff:
    """The line of a plan for an object that will be no more."""
    where = f"{found.namespace}/" if found.namespace else ""
    return FieldDiff(f"{found.kind}/{where}{found.name}", json.dumps(found.uid), None)


def _is_of_a_budget(reply: Reply) -> bool:
    try:
        status = json.loads(reply.body)
    except ValueError:
        return False
    details = section(status, "details") if is_object(status) else {}
    return any(cause.get("reason") == "DisruptionBudget" for cause in items(details, "causes"))
