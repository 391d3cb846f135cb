"""Let no new pods come to a node, or let them come again."""

from collections.abc import Callable

from kronveil.actions.kubernetes_kinds import needs
from kronveil.actions.kubernetes_object import Intent, Json, perform_patch, rehearse_patch, undo_patch
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

NODE = Parameter("node", "text", "The node's name.", "the target")
CLOSED: Json = {"spec": {"unschedulable": True}}
OPEN: Json = {"spec": {"unschedulable": None}}


class _Switched:
    """See ``Action``: a node's ``unschedulable``, set as ``decide`` says."""

    def __init__(self, means: Means, decide: Callable[[Json], Intent]) -> None:
        self._doors = means.doors
        self._decide = decide

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""

        async def decide(_: ClusterDoor, obj: Json) -> Intent:
            return self._decide(obj)

        return await rehearse_patch(self._doors, step, node_of(step, target), decide)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


def node_of(step: Step, target: Target) -> Target:
    """The node that is meant: named, or the target itself. Raises Permanent when it is neither."""
    named = step.parameters.get("node")
    if isinstance(named, str) and named:
        return Target(target.cluster_uid, target.cluster_name, Resource("Node", named))
    needs(target, ("Node",), step.action)
    return target


def _closed(node: Json) -> Intent:
    name = node["metadata"]["name"]
    if node["spec"].get("unschedulable"):
        raise Permanent(f"{name} is cordoned already")
    return Intent(
        summary=f"let no new pods come to node {name}",
        patch=CLOSED,
        undo=OPEN,
        blast_radius=("no pod is scheduled there; those that run stay",),
    )


def _open(node: Json) -> Intent:
    name = node["metadata"]["name"]
    if not node["spec"].get("unschedulable"):
        raise Permanent(f"{name} is not cordoned")
    return Intent(summary=f"let pods come to node {name} again", patch=OPEN, undo=CLOSED)


cordon = ActionComponent(
    name="cordon",
    summary="Let no new pods come to a node.",
    effect=Effect.MUTATE,
    takes=(NODE,),
    make=lambda means: _Switched(means, _closed),
    kinds=("Node",),
    is_reversible=True,
)
uncordon = ActionComponent(
    name="uncordon",
    summary="Let pods come to a node again.",
    effect=Effect.MUTATE,
    takes=(NODE,),
    make=lambda means: _Switched(means, _open),
    kinds=("Node",),
    is_reversible=True,
)
