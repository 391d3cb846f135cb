"""Delete one job and its pods: that very job, whatever is made under its name later."""

import json

from kronveil.actions.evicting import gone
from kronveil.actions.kubernetes_answers import may, object_in, read
from kronveil.actions.kubernetes_kinds import needs, path_of
from kronveil.actions.kubernetes_object import as_texts, pinned, warning_checks
from kronveil.actions.ownership import owner_checks
from kronveil.actions.sections import Json, section
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Reply, Step
from kronveil.sdk.errors import Permanent

NEVER_BACK = "a deleted job cannot be brought back"


class DeleteJob:
    """See ``Action``. Takes no parameters."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        needs(target, ("Job",), "delete_job")
        path = path_of(target)
        async with self._doors.open(target.cluster_name) as door:
            job = await read(door, path, target)
            target = pinned(target, job["metadata"])
            rights = await may(door, "delete", target)
            reply = await _delete(door, path, target.resource.uid, is_rehearsal=True)
            object_in(reply, path, "would not delete it")
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.DESTROY,
            target=target,
            parameters=as_texts(step.parameters),
            summary=f"delete job {target.resource.name} and its pods",
            diff=(gone(target.resource),),
            checks=(
                Check("dry run", "passed", "the API server would delete it; nothing was changed"),
                rights,
                *warning_checks(reply.warnings),
                *_running(job),
                *owner_checks(job["metadata"]),
            ),
            blast_radius=(_pods(job),),
            undo=NEVER_BACK,
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - the job's uid makes it happen once
        """See ``Action.perform``."""
        if plan.target is None:
            raise Permanent(f"{plan.name}: the plan names no target")
        name, path = plan.target.resource.name, path_of(plan.target)
        async with self._doors.open(plan.target.cluster_name) as door:
            reply = await _delete(door, path, plan.target.resource.uid)
        if reply.status == 404:
            return Outcome(f"job {name} is gone already", has_changed=True, was_done_before=True)
        if reply.status == 409:
            raise Permanent(f"{name} is not what was planned for: it was deleted and made again")
        object_in(reply, path, "refused to delete it")
        return Outcome(plan.summary, has_changed=True)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent(NEVER_BACK)


async def _delete(door: ClusterDoor, path: str, uid: str, *, is_rehearsal: bool = False) -> Reply:
    options: Json = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
    if is_rehearsal:
        # In the body: where there is one, an API server does not read the query of a deletion, and would delete.
        options["dryRun"] = ["All"]
    return await door.ask("DELETE", path, body=json.dumps(options).encode())


def _running(job: Json) -> list[Check]:
    active = section(job, "status").get("active", 0)
    return [Check("running", "warned", f"it still runs: {active} pods are ended")] if active else []


def _pods(job: Json) -> str:
    status = section(job, "status")
    count = sum(status.get(name) or 0 for name in ("active", "succeeded", "failed"))
    return f"{count} pods and their logs are deleted with it"


component = ActionComponent(
    name="delete_job",
    summary="Delete a job and its pods.",
    effect=Effect.DESTROY,
    takes=(),
    make=DeleteJob,
    kinds=("Job",),
)
