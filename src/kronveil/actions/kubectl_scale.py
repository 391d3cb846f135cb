"""Add or take away replicas of a deployment or stateful set, within bounds."""

from kronveil.actions.kubernetes_object import Intent, Json, perform_patch, rehearse_patch, undo_patch
from kronveil.actions.sections import section
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

AT_MOST = 50


class KubectlScale:
    """See ``Action``. Parameters: ``replicas``, or ``by`` (1); ``at_least`` (1), ``at_most`` (50)."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""

        async def decide(_: ClusterDoor, obj: Json) -> Intent:
            return _scaled(obj, step)

        return await rehearse_patch(self._doors, step, target, decide)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


def _scaled(obj: Json, step: Step) -> Intent:
    if "replicas" not in section(obj, "spec"):
        raise Permanent(f"a {obj['kind']} has no replicas to scale")
    before = obj["spec"]["replicas"]
    wanted = _number(step, "replicas", before + _number(step, "by", 1))
    after = max(_number(step, "at_least", 1), min(wanted, _number(step, "at_most", AT_MOST)))
    if after == before:
        raise Permanent(f"{obj['metadata']['name']} has {before} replicas already, which is what the bounds allow")
    return Intent(
        summary=f"scale {obj['metadata']['name']} from {before} to {after} replicas",
        patch={"spec": {"replicas": after}},
        undo={"spec": {"replicas": before}},
        blast_radius=(f"{abs(after - before)} pods are {'added' if after > before else 'removed'}",),
        replicas=after,
        more_pods=after - before,
    )


def _number(step: Step, name: str, otherwise: int) -> int:
    value = step.parameters.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Permanent(f"{step.name}: {name} must be a whole number")
    return value


component = ActionComponent(
    name="kubectl_scale",
    summary="Add or take away replicas, within bounds.",
    effect=Effect.MUTATE,
    takes=(
        Parameter("replicas", "whole number", "How many there are to be.", "as many as now and `by` more"),
        Parameter("by", "whole number", "How many more; negative for fewer.", "1"),
        Parameter("at_least", "whole number", "Never fewer than these.", "1"),
        Parameter("at_most", "whole number", "Never more than these.", str(AT_MOST)),
    ),
    make=KubectlScale,
    kinds=("Deployment", "StatefulSet", "ReplicaSet"),
    is_reversible=True,
)
