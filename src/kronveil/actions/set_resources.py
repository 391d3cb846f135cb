"""Raise the memory limit of containers, within a bound: what helps when a limit is too tight, not when it leaks."""

from kronveil.actions.kubernetes_kinds import WORKLOADS, needs
from kronveil.actions.kubernetes_object import (
    Intent,
    Json,
    containers_of,
    perform_patch,
    rehearse_patch,
    undo_patch,
)
from kronveil.actions.quantities import from_bytes, to_bytes
from kronveil.actions.sections import section
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.incident import Incident
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

RAISE_BY_PERCENT = 50
AT_MOST = "4Gi"


class SetResources:
    """See ``Action``. Parameters: ``raise_by_percent`` (50), ``at_most`` (4Gi), ``container`` (the incident's)."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""

        async def decide(_: ClusterDoor, obj: Json) -> Intent:
            return _raised(obj, step, step.incident)

        needs(target, WORKLOADS, "set_resources")
        return await rehearse_patch(self._doors, step, target, decide)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


def _raised(obj: Json, step: Step, incident: Incident) -> Intent:
    percent, at_most = _bounds(step)
    wanted = _wanted(step, incident)
    found = [each for each in containers_of(obj) if not wanted or each["name"] in wanted]
    if not found:
        raise Permanent(f"{obj['metadata']['name']} has no container {', '.join(sorted(wanted))}")
    changes, words = list[tuple[str, str, str]](), list[str]()
    for container in found:
        before = (section(section(container, "resources"), "limits")).get("memory")
        if before is None:
            continue
        after = _limit(str(before), percent, at_most, container["name"])
        changes.append((container["name"], str(before), after))
        words.append(f"{container['name']} from {before} to {after}")
    if not changes:
        raise Permanent(f"{obj['metadata']['name']} has no memory limit that could be raised")
    replicas = obj["spec"].get("replicas", 1)
    return Intent(
        summary=f"raise the memory limit of {', '.join(words)}",
        patch=_patch([(name, after) for name, _, after in changes]),
        undo=_patch([(name, before) for name, before, _ in changes]),
        blast_radius=(f"{replicas} pods are replaced, as its update strategy says",),
    )


def _bounds(step: Step) -> tuple[int, int]:
    percent, most = step.parameters.get("raise_by_percent", RAISE_BY_PERCENT), step.parameters.get("at_most", AT_MOST)
    if not isinstance(percent, int) or not 1 <= percent <= 400:
        raise Permanent(f"{step.name}: raise_by_percent must be a whole number from 1 to 400")
    try:
        return percent, to_bytes(str(most))
    except ValueError as error:
        raise Permanent(f"{step.name}: at_most: {error}") from None


def _wanted(step: Step, incident: Incident) -> set[str]:
    named = step.parameters.get("container")
    if isinstance(named, str):
        return {named}
    return {held.part for held in incident.conditions if held.kind == incident.kind and held.part}


def _limit(before: str, percent: int, at_most: int, container: str) -> str:
    try:
        now = to_bytes(before)
    except ValueError as error:
        raise Permanent(f"{container}: {error}") from None
    after = min(now * (100 + percent) // 100, at_most)
    if after <= now:
        raise Permanent(
            f"{container}: its limit of {before} is at the bound, {from_bytes(at_most)}: raise at_most, or fix it"
        )
    return from_bytes(after)


def _patch(limits: list[tuple[str, str]]) -> Json:
    containers = [{"name": name, "resources": {"limits": {"memory": limit}}} for name, limit in limits]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


component = ActionComponent(
    name="set_resources",
    summary="Raise the memory limit of a workload's containers, within a bound.",
    effect=Effect.MUTATE,
    takes=(
        Parameter("raise_by_percent", "whole number", "By how much the limit grows, 1 to 400.", str(RAISE_BY_PERCENT)),
        Parameter("at_most", "text", "The limit that is never passed, as `4Gi`.", AT_MOST),
        Parameter("container", "text", "The container whose limit is raised.", "those that the incident is about"),
    ),
    make=SetResources,
    kinds=WORKLOADS,
    is_reversible=True,
)
