"""Tell who is on call. With nobody configured it says so, and never claims that somebody was told."""

import json
from datetime import UTC, datetime

from kronveil.actions.sections import is_list
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, PluginError, Transient
from kronveil.sdk.notifiers import Notice

NOBODY = "nobody to tell: no notifier is configured (notifiers: {webhook: {url: ...}})"


class NotifyOncall:
    """See ``Action``. Parameters: ``message`` (the incident's title), ``notifiers`` (all that are configured)."""

    def __init__(self, means: Means) -> None:
        self._notifiers = means.notifiers

    async def rehearse(self, step: Step, target: Target) -> StepPlan:  # noqa: ARG002 - people are told, no target is touched
        """See ``Action.rehearse``."""
        incident = step.incident
        message = step.parameters.get("message")
        wanted = step.parameters.get("notifiers") or sorted(self._notifiers)
        if not is_list(wanted):
            raise Permanent(f"{step.name}: notifiers must be a list of names")
        strange = [str(name) for name in wanted if name not in self._notifiers]
        if strange:
            raise Permanent(f"{step.name}: no notifier is configured as {', '.join(strange)}")
        about = {
            "title": incident.title,
            "severity": str(incident.severity),
            "incident_id": incident.id,
            "cluster": incident.cluster.name,
            "resource": "/".join(
                filter(None, (incident.resource.kind, incident.resource.namespace, incident.resource.name))
            ),
        }
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.READ,
            target=None,
            parameters={} if message is None else {"message": json.dumps(str(message), ensure_ascii=False)},
            summary=f"tell who is on call: {message or incident.title}",
            checks=() if wanted else (Check("notifiers", "failed", NOBODY),),
            # Not what is signed: an incident whose title or severity changed is still the one that was approved.
            findings={name: json.dumps(value, ensure_ascii=False) for name, value in about.items()},
            details={"notifiers": json.dumps(sorted(wanted))},
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``. It is done when at least one way worked; the others are named."""
        details = plan.details or {}
        names = [name for name in json.loads(details.get("notifiers", "[]")) if name in self._notifiers]
        if not names:
            raise Permanent(NOBODY)
        about = {name: str(json.loads(value)) for name, value in (plan.findings or {}).items()}
        text = json.loads(plan.parameters["message"]) if "message" in plan.parameters else about["title"]
        notice = Notice(key=key, text=text, at=datetime.now(UTC), **about)
        told, not_told, is_over = list[str](), list[str](), True
        for name in names:
            try:
                told.append(f"{name} ({await self._notifiers[name].tell(notice)})")
            except PluginError as error:
                not_told.append(f"{name}: {error}")
                is_over = is_over and isinstance(error, Permanent)
        if not told:
            words = f"nobody was told: {'; '.join(not_told)}"
            raise Permanent(words) if is_over else Transient(words)
        missed = f"; not told: {'; '.join(not_told)}" if not_told else ""
        return Outcome(f"told {', '.join(told)}{missed}")

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent("a message cannot be taken back")


component = ActionComponent(
    name="notify_oncall",
    summary="Tell who is on call.",
    effect=Effect.READ,
    takes=(
        Parameter("message", "text", "What they are told.", "the incident's title"),
        Parameter("notifiers", "texts", "The names of the ways to tell them.", "all that are configured"),
    ),
    make=NotifyOncall,
)
