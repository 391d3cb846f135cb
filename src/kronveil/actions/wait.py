"""Let time pass between two steps."""

import anyio

from kronveil.actions.durations import duration_of
from kronveil.actions.kubernetes_object import as_texts
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

LONGEST_S = 3600
SPARE_S = 30


class Wait:
    """See ``Action``. Parameters: ``for``. After a restart of the agent the wait begins anew."""

    def __init__(self, means: Means) -> None:
        del means  # it acts on nothing

    async def rehearse(self, step: Step, target: Target) -> StepPlan:  # noqa: ARG002 - it acts on nothing
        """See ``Action.rehearse``."""
        lasts = duration_of(step, "for")
        if lasts.total_seconds() > LONGEST_S:
            raise Permanent(f"{step.name}: a wait is at most an hour long")
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.READ,
            target=None,
            parameters=as_texts(step.parameters),
            summary=f"wait for {lasts.total_seconds():g} s",
            details={"seconds": f"{lasts.total_seconds():g}"},
            timeout=type(lasts)(seconds=lasts.total_seconds() + SPARE_S),
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - waiting twice changes nothing
        """See ``Action.perform``."""
        seconds = float((plan.details or {})["seconds"])
        await anyio.sleep(seconds)
        return Outcome(f"waited for {seconds:g} s")

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent("time cannot be taken back")


component = ActionComponent(
    name="wait",
    summary="Let time pass between two steps.",
    effect=Effect.READ,
    takes=(Parameter("for", "duration", "How long, at most an hour.", is_required=True),),
    make=Wait,
)
