"""Have all pods of a workload made anew, as its update strategy says."""

from kronveil.actions.kubernetes_kinds import WORKLOADS, needs
from kronveil.actions.kubernetes_object import Intent, Json, perform_patch, rehearse_patch, undo_patch
from kronveil.actions.sections import section
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Step
from kronveil.sdk.errors import Permanent

RESTARTED = "kronveil.io/restarted-for"


class RolloutRestart:
    """See ``Action``. Takes no parameters."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        needs(target, WORKLOADS, "rollout_restart")

        async def decide(_: ClusterDoor, obj: Json) -> Intent:
            return _restarted(obj, step.incident.id)

        return await rehearse_patch(self._doors, step, target, decide)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


def _restarted(obj: Json, incident_id: str) -> Intent:
    metadata, spec = obj["metadata"], obj["spec"]
    if spec.get("paused"):
        raise Permanent(f"{metadata['name']} is paused: a restart would begin only when somebody resumes it")
    # Not the time: a plan that is made twice of one state must say the same.
    mark = f"{incident_id}/{metadata.get('generation', 0)}"
    strategy = (spec.get("updateStrategy") or section(spec, "strategy")).get("type", "RollingUpdate")
    checks = (Check("strategy", "warned", "its strategy is OnDelete: no pod is replaced until somebody deletes it"),)
    return Intent(
        summary=f"restart all pods of {metadata['name']}",
        patch={"spec": {"template": {"metadata": {"annotations": {RESTARTED: mark}}}}},
        checks=checks if strategy == "OnDelete" else (),
        blast_radius=(f"{_pods(obj)} pods are replaced, as its update strategy says ({strategy})",),
        is_reversible=False,
        why_not="a restart cannot be taken back",
    )


def _pods(obj: Json) -> int:
    status = section(obj, "status")
    found: int = obj["spec"].get("replicas", status.get("desiredNumberScheduled", 0))
    return found


component = ActionComponent(
    name="rollout_restart",
    summary="Have all pods of a workload made anew, as its update strategy says.",
    effect=Effect.MUTATE,
    takes=(),
    make=RolloutRestart,
    kinds=WORKLOADS,
)
