"""Tell who is on call. With nobody configured it says so, and never claims that somebody was told."""

import json

from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent


class NotifyOncall:
    """See ``Action``. Parameters: ``message`` (the incident's title)."""

    def __init__(self, means: Means) -> None:
        del means

    async def rehearse(self, step: Step, target: Target) -> StepPlan:  # noqa: ARG002 - people are told, no target is touched
        """See ``Action.rehearse``."""
        message = step.parameters.get("message", step.incident.title)
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.READ,
            target=None,
            parameters={"message": json.dumps(message, ensure_ascii=False)},
            summary=f"tell who is on call: {message}",
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nobody is told anything
        """See ``Action.perform``."""
        raise Permanent("nobody to tell: no notifier is configured (notifiers: {webhook: {url: ...}})")

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent("a message cannot be taken back")


component = ActionComponent(
    name="notify_oncall",
    summary="Tell who is on call.",
    effect=Effect.READ,
    takes=(Parameter("message", "text", "What they are told.", "the incident's title"),),
    make=NotifyOncall,
)
