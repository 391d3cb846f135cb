"""What is signed: one hash over everything that a plan will do, and nothing that may change without changing it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from kronveil.model.execution import Effect, Plan, StepPlan, Target
from kronveil.model.runbook import Runbook

_FIELD, _ITEM = "\x1f", "\x1e"


def plan_of(runbook: Runbook, steps: Sequence[StepPlan], now: datetime, expires_after: timedelta) -> Plan:
    """The whole plan, with the hash that an approver signs."""
    return Plan(plan_hash(runbook, steps), now, now + expires_after, tuple(steps))


def plan_hash(runbook: Runbook, steps: Sequence[StepPlan]) -> str:
    """Equal for two plans that do the same to the same versions of the same targets, by the same wording."""
    digest = sha256(_FIELD.join((runbook.id, runbook.digest)).encode())
    for step in steps:
        digest.update(_ITEM.encode() + _FIELD.join(_signed(step)).encode())
    return digest.hexdigest()


def acts(plan: Plan) -> bool:
    """Whether anything in it changes the world."""
    return any(step.effect is not Effect.READ for step in plan.steps)


def _signed(step: StepPlan) -> list[str]:
    fields = [step.name, step.action, step.effect, *_of_target(step.target)]
    fields += _pairs(step.parameters) + _pairs(step.details or {})
    for diff in step.diff:
        fields += [diff.path, repr(diff.before), repr(diff.after)]
    return fields


def _of_target(target: Target | None) -> list[str]:
    if target is None:
        return ["nothing"]
    found = target.resource
    return [target.cluster_uid, found.kind, found.namespace or "", found.name, found.uid, target.version]


def _pairs(named: Mapping[str, str]) -> list[str]:
    return [part for name in sorted(named) for part in (name, named[name])]
