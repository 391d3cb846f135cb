"""Empty a node: cordoned, then its pods evicted one by one as their disruption budgets allow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import anyio

from kronveil.actions.cordon import CLOSED, NODE, OPEN, node_of
from kronveil.actions.durations import duration_of
from kronveil.actions.evicting import Answer, controller_of, evict, gone, is_mirror, is_there
from kronveil.actions.kubernetes_answers import listed, listed_if_allowed, may, read
from kronveil.actions.kubernetes_kinds import list_path, path_of
from kronveil.actions.kubernetes_object import Intent, perform_patch, refuse_changed, rehearse_patch, undo_patch
from kronveil.actions.sections import Json, items, section
from kronveil.actions.surroundings import guards
from kronveil.model.execution import Check, Effect, FieldDiff, StepPlan, Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient

TIMEOUT = timedelta(minutes=10)
LOOK_S = 1.0
SPARE_S = 5.0
UNDO = "uncordon the node; the pods stay where they went"
MOST_NAMED = 5


@dataclass(slots=True)
class _Stay:
    """The pods of a node, by what becomes of them, in words."""

    going: list[Json] = field(default_factory=list[Json])
    left: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    local: list[str] = field(default_factory=list[str])


class Drain:
    """See ``Action``. Parameters: ``node``, ``lose_local_data`` (false), ``timeout`` (10m)."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        target, timeout = node_of(step, target), duration_of(step, "timeout", TIMEOUT)
        stay = _Stay()
        checks: list[Check] = []

        async def decide(door: ClusterDoor, node: Json) -> Intent:
            nonlocal stay
            is_closed = bool(node["spec"].get("unschedulable"))
            stay = sorted_out(await _pods_on(door, target.resource.name))
            _refuse_losses(stay, may_lose_data=step.parameters.get("lose_local_data") is True)
            checks.extend(await _checks(door, target, stay))
            return Intent(
                summary=f"cordon node {target.resource.name} and evict its {len(stay.going)} pods",
                patch=CLOSED,
                undo=None if is_closed else OPEN,
                is_reversible=not is_closed,
                why_not="it was cordoned before and stays so; the pods stay where they went",
                may_be_so=True,
                blast_radius=(f"{len(stay.going)} pods go elsewhere", *stay.left),
            )

        plan = await rehearse_patch(self._doors, step, target, decide)
        pods = [_resource(pod) for pod in stay.going]
        return replace(
            plan,
            diff=(*plan.diff, *(gone(pod) for pod in pods)),
            checks=(*plan.checks, *checks),
            undo=plan.undo
            if "undo" not in (plan.details or {})
            else "uncordon the node; the pods stay where they went",
            timeout=timeout,
            details={
                **(plan.details or {}),
                "pods": json.dumps([[pod.namespace, pod.name, pod.uid] for pod in pods]),
                "timeout_s": str(timeout.total_seconds()),
            },
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``. Out of time, it says how far it came; called again, it goes on from there."""
        details = plan.details or {}
        pods = [Resource("Pod", name, space, uid) for space, name, uid in json.loads(details.get("pods", "[]"))]
        target = plan.target
        if target is None:
            raise Permanent(f"{plan.name}: the plan names no target")
        if not (was_closed := await self._is_closed(target)):
            await perform_patch(self._doors, _of_the_node(plan), key)
        left, held, evicted = pods, dict[str, str](), set[str]()
        # Between rounds, not within one: what it says when time is over is what every pod answered.
        until = anyio.current_time() + float(details.get("timeout_s", "60")) - SPARE_S
        async with self._doors.open(target.cluster_name) as door:
            while left:
                held.clear()
                left = await _round(door, left, held, evicted)
                if anyio.current_time() >= until:
                    break
                if left:
                    await anyio.sleep(LOOK_S)
        done = f"{len(pods) - len(left)} of {len(pods)} pods are evicted"
        if left:
            raise Transient(f"{done}, the node stays cordoned; still there: {_named(left, held)}")
        words = f"node {target.resource.name} is cordoned; {done}"
        return Outcome(words, has_changed=True, was_done_before=was_closed and not evicted)

    async def _is_closed(self, target: Target) -> bool:
        """Whether the node is cordoned by now: by this, by a step before it, or by somebody."""
        async with self._doors.open(target.cluster_name) as door:
            node = await read(door, path_of(target), target)
        refuse_changed(node, target, ())
        return bool(node["spec"].get("unschedulable"))

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, _of_the_node(plan), key)


def sorted_out(pods: Sequence[Json]) -> _Stay:
    """Which pods go, which stay, and which would be lost."""
    stay = _Stay()
    for pod in pods:
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        owner = controller_of(pod)
        if section(pod, "status").get("phase") in ("Succeeded", "Failed"):
            continue
        if is_mirror(pod):
            stay.left.append(f"{name} stays: a static pod of the node")
        elif owner is not None and owner.get("kind") == "DaemonSet":
            stay.left.append(f"{name} stays: its daemon set would put it back")
        elif owner is None:
            stay.lost.append(name)
        else:
            stay.going.append(pod)
            if any("emptyDir" in volume for volume in items(pod["spec"], "volumes")):
                stay.local.append(name)
    return stay


async def _pods_on(door: ClusterDoor, node: str) -> list[Json]:
    return await listed(door, list_path("Pod", None), fieldSelector=f"spec.nodeName={node}")


def _refuse_losses(stay: _Stay, *, may_lose_data: bool) -> None:
    if stay.lost:
        raise Permanent(f"nothing would make again: {', '.join(stay.lost[:MOST_NAMED])}")
    if stay.local and not may_lose_data:
        names = ", ".join(stay.local[:MOST_NAMED])
        raise Permanent(f"the data in emptyDir volumes would be lost of: {names}. Allow it with lose_local_data: true")


async def _checks(door: ClusterDoor, target: Target, stay: _Stay) -> list[Check]:
    found: list[Check] = []
    if stay.going:
        space = stay.going[0]["metadata"]["namespace"]
        pod = Target(target.cluster_uid, target.cluster_name, Resource("Pod", "", space))
        found.append(await may(door, "create", pod, "eviction"))
    budgets = await listed_if_allowed(door, "PodDisruptionBudget", None)
    if budgets is None:
        return [*found, Check("disruption budget", "unknown", "disruption budgets may not be listed")]
    return [*found, *_held_by(budgets, stay.going)]


def _held_by(budgets: Sequence[Json], going: Sequence[Json]) -> list[Check]:
    found: list[Check] = []
    for budget in budgets:
        metadata = budget["metadata"]
        of_it = [
            pod
            for pod in going
            if pod["metadata"]["namespace"] == metadata["namespace"]
            and guards([budget], section(pod["metadata"], "labels"))
        ]
        allowed = section(budget, "status").get("disruptionsAllowed", 0)
        if of_it:
            words = f"{metadata['namespace']}/{metadata['name']} lets {allowed} of {len(of_it)} pods go at once"
            found.append(Check("disruption budget", "passed" if allowed else "warned", words))
    return found


async def _round(
    door: ClusterDoor, pods: Sequence[Resource], held: dict[str, str], evicted: set[str]
) -> list[Resource]:
    """Ask for each pod once; those that are still there."""
    left: list[Resource] = []
    for pod in pods:
        asked = await evict(door, pod)
        if asked.answer is Answer.ACCEPTED:
            evicted.add(pod.uid)
        if asked.answer is Answer.HELD:
            held[pod.name] = asked.why
        if asked.answer is Answer.HELD or await is_there(door, pod):
            left.append(pod)
    return left


def _of_the_node(plan: StepPlan) -> StepPlan:
    """The part of the plan that is about the node itself."""
    own: tuple[FieldDiff, ...] = tuple(each for each in plan.diff if not each.path.startswith("Pod/"))
    return replace(plan, diff=own)


def _resource(pod: Mapping[str, Any]) -> Resource:
    metadata = pod["metadata"]
    return Resource("Pod", metadata["name"], metadata["namespace"], metadata["uid"])


def _named(left: Sequence[Resource], held: Mapping[str, str]) -> str:
    words = [f"{pod.name} ({held.get(pod.name, 'it is still ending')})" for pod in left[:MOST_NAMED]]
    return "; ".join(words) + (f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else "")


component = ActionComponent(
    name="drain",
    summary="Empty a node: cordon it, then evict its pods as their disruption budgets allow.",
    effect=Effect.MUTATE,
    takes=(
        NODE,
        Parameter("lose_local_data", "flag", "Whether data in emptyDir volumes may be lost.", "false"),
        Parameter("timeout", "duration", "How long it may take before it stops and says how far it came.", "10m"),
    ),
    make=Drain,
    kinds=("Node",),
)
