"""What is signed: one hash over everything that a plan will do, and nothing that may change without changing it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from kronveil.model.execution import Effect, Plan, StepPlan, Target
from kronveil.model.runbook import Runbook

_FIELD, _ITEM = "\x1f", "\x1e"


def plan_of(
    runbook: Runbook,
    steps: Sequence[StepPlan],
    now: datetime,
    expires_after: timedelta,
    parameters: Mapping[str, str] | None = None,
) -> Plan:
    """The whole plan, with the hash that an approver signs. ``parameters`` are the inputs that the run was given."""
    return Plan(
        hash=plan_hash(runbook, steps, parameters),
        made_at=now,
        expires_at=now + expires_after,
        steps=tuple(steps),
        approvals_needed=max(1, runbook.approvals),
        undo_on_failure=runbook.undo_on_failure,
        settle=runbook.settle,
        success=runbook.success,
    )


def plan_hash(runbook: Runbook, steps: Sequence[StepPlan], parameters: Mapping[str, str] | None = None) -> str:
    """Equal for two plans that do the same to the same versions of the same targets, by the same wording."""
    words = [runbook.id, runbook.digest, str(runbook.undo_on_failure), *_pairs(parameters or {})]
    digest = sha256(_FIELD.join(words).encode())
    for step in steps:
        digest.update(_ITEM.encode() + _FIELD.join(_signed(step)).encode())
    return digest.hexdigest()


def does_the_same(before: Sequence[StepPlan], after: Sequence[StepPlan]) -> bool:
    """Whether two plans change the same, from the same, at the same versions. What was read meanwhile may differ: a
    memory's use does so all the time, and what is done is what was signed."""
    return [_signed(step) for step in before if _changes(step)] == [_signed(step) for step in after if _changes(step)]


def acts(plan: Plan) -> bool:
    """Whether anything in it changes the world."""
    return any(step.effect is not Effect.READ for step in plan.steps)


def voids_if(plan: Plan) -> list[str]:
    """What makes signatures under it void, in words."""
    words = [f"nobody signs it before {plan.expires_at:%H:%M:%S} UTC"]
    for step in plan.steps:
        if step.target is not None and step.effect is not Effect.READ and step.target.version:
            found = step.target.resource
            words.append(f"{found.kind} {found.name} is no longer at generation {step.target.version}")
    words += ["a field that it changes has another value", "the runbook has another text", "its inputs are edited"]
    return list(dict.fromkeys(words))


def undo_words(plan: Plan) -> str:
    """What can be set back of all that it does, and when that is done by itself."""
    acting = [(index, step) for index, step in enumerate(plan.steps) if _changes(step)]
    if not acting:
        return "nothing is changed"
    back = [str(index + 1) for index, step in acting if _is_reversible(step)]
    kept = [str(index + 1) for index, step in acting if not _is_reversible(step)]
    words = [f"set back when it turns out harmful: {_steps(back)}"] if back else []
    if back and plan.undo_on_failure:
        words = [f"set back when a step fails or it turns out harmful: {_steps(back)}"]
    return "; ".join([*words, *([f"cannot be set back: {_steps(kept)}"] if kept else [])])


def _changes(step: StepPlan) -> bool:
    return step.effect is not Effect.READ and not step.left_out


def _is_reversible(step: StepPlan) -> bool:
    return bool(step.undo) and not step.undo.startswith("it cannot")


def _steps(numbers: Sequence[str]) -> str:
    return f"step {numbers[0]}" if len(numbers) == 1 else f"steps {', '.join(numbers)}"


def _signed(step: StepPlan) -> list[str]:
    fields = [step.name, step.action, step.effect, *_of_target(step.target)]
    fields += _pairs(step.parameters) + _pairs(step.details or {})
    fields += [str(step.together), step.question, step.left_out, str(step.timeout), str(step.retries)]
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
