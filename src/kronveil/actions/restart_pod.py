"""Have one pod made anew: evicted, so that disruption budgets are respected, and made again by its controller."""

from kronveil.actions.evicting import Answer, controller_of, evict, gone, is_mirror
from kronveil.actions.kubernetes_answers import listed_if_allowed, may, read
from kronveil.actions.kubernetes_kinds import path_of
from kronveil.actions.kubernetes_object import as_texts, pinned
from kronveil.actions.ownership import owner_checks
from kronveil.actions.pods import pod_named
from kronveil.actions.sections import Json, section
from kronveil.actions.surroundings import budget_checks
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient


class RestartPod:
    """See ``Action``. Parameters: ``pod`` (the target, or the first that the incident is about)."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        target = _pod_of(step, target)
        async with self._doors.open(target.cluster_name) as door:
            pod = await read(door, path_of(target), target)
            _refuse_lost(pod)
            target = pinned(target, pod["metadata"])
            rights = await may(door, "create", target, "eviction")
            asked = await evict(door, target.resource, is_rehearsal=True)
            budgets = await listed_if_allowed(door, "PodDisruptionBudget", target.resource.namespace)
        dry = Check("dry run", "passed", "the API server would evict it; nothing was changed")
        if asked.answer is not Answer.ACCEPTED:
            dry = Check("dry run", "failed", asked.why or "it is gone already")
        owner = controller_of(pod) or {}
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.MUTATE,
            target=target,
            parameters=as_texts(step.parameters),
            summary=f"evict pod {target.resource.name}; {owner['kind']} {owner['name']} makes another",
            diff=(gone(target.resource),),
            checks=(
                dry,
                rights,
                *budget_checks(budgets, section(pod["metadata"], "labels")),
                *owner_checks(pod["metadata"]),
            ),
            blast_radius=(f"1 pod is replaced, on {pod['spec'].get('nodeName', 'no node yet')}",),
            undo="it cannot be undone: another pod runs in its place",
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - the pod's uid makes it happen once
        """See ``Action.perform``."""
        if plan.target is None:
            raise Permanent(f"{plan.name}: the plan names no target")
        pod = plan.target.resource
        async with self._doors.open(plan.target.cluster_name) as door:
            asked = await evict(door, pod)
        if asked.answer is Answer.HELD:
            raise Transient(f"{pod.name} was not evicted: {asked.why}")
        if asked.answer is Answer.GONE:
            return Outcome(f"pod {pod.name} is gone or going already", has_changed=True, was_done_before=True)
        return Outcome(plan.summary, has_changed=True)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent(plan.undo)


def _pod_of(step: Step, target: Target) -> Target:
    pod = pod_named(step, target)
    if pod is None:
        raise Permanent(f"{step.name}: no pod is named, and the incident is about none that is still there")
    return pod


def _refuse_lost(pod: Json) -> None:
    name = pod["metadata"]["name"]
    if is_mirror(pod):
        raise Permanent(f"{name} is a static pod of its kubelet: it cannot be evicted")
    if controller_of(pod) is None:
        raise Permanent(f"{name} has no controller: nothing would make it again")


component = ActionComponent(
    name="restart_pod",
    summary="Have a pod made anew by its controller; disruption budgets are respected.",
    effect=Effect.MUTATE,
    takes=(Parameter("pod", "text", "Its name.", "the target, or the first pod that the incident is about"),),
    make=RestartPod,
    kinds=("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"),
)
