"""What a run does next, from its journal alone: no engine, no clock. The agent carries the command out and notes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kronveil.model.execution import (
    Effect,
    Execution,
    ExecutionStatus,
    Plan,
    StepPlan,
    StepRecord,
    StepStatus,
    Verdict,
)

MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Rehearse every step against its target; writes nothing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Wait for an approval of exactly this plan, until it expires."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """Perform this step under this key. ``is_repeat``: it was begun before, and may have been done."""

    index: int
    step: StepPlan
    key: str
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Settle:
    """All that is to be done is done, or broke off after something was changed: begin to wait for the settle time."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Look whether it helped; no later than ``due``."""

    due: datetime


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo this step, the last one that changed something and was not undone."""

    index: int
    step: StepPlan
    key: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do but to say so."""

    status: ExecutionStatus
    why: str


Command: TypeAlias = MakePlan | Ask | Act | Settle | Verify | Undo | Finish


def next_command(run: Execution, now: datetime) -> Command | None:
    """The one thing to do now; None when the run has ended."""
    match run.status:
        case ExecutionStatus.PLANNING:
            return _cancelled(run) or MakePlan()
        case ExecutionStatus.AWAITING_APPROVAL:
            return _cancelled(run) or _approval(_planned(run), now)
        case ExecutionStatus.RUNNING:
            return _running(run, _planned(run))
        case ExecutionStatus.VERIFYING:
            return _verifying(run)
        case _:
            return None


def undoing(run: Execution) -> Undo | None:
    """The next step to undo, newest first; None when there is none left."""
    plan = _planned(run)
    for record in reversed(run.steps):
        step = plan.steps[record.index]
        if record.has_changed and record.status is StepStatus.DONE and step.undo:
            return Undo(record.index, step, f"{record.key}-undo")
    return None


def step_key(run: Execution, index: int) -> str:
    """The idempotency key of a step: the same whenever this run comes to it."""
    return f"{run.id}-{index}"


def _planned(run: Execution) -> Plan:
    if run.plan is None:
        raise ValueError(f"{run.id} is {run.status} without a plan")
    return run.plan


def _cancelled(run: Execution) -> Finish | None:
    return Finish(ExecutionStatus.CANCELLED, "cancelled before it acted") if run.cancel_asked else None


def _approval(plan: Plan, now: datetime) -> Ask | Finish:
    if now >= plan.expires_at:
        return Finish(ExecutionStatus.EXPIRED, "nobody approved it in time")
    return Ask(plan.expires_at)


def _running(run: Execution, plan: Plan) -> Command:  # noqa: PLR0911 - a case a line
    begun: dict[int, StepRecord] = {record.index: record for record in run.steps}
    for index, step in enumerate(plan.steps):
        record = begun.get(index)
        if record is None:
            if run.cancel_asked or (run.stop_after_step and run.steps):
                return _stopped(run, index)
            return Act(index, step, step_key(run, index), is_repeat=False)
        if record.status is StepStatus.INTENDED:
            if run.cancel_asked:
                return Finish(ExecutionStatus.CANCELLED, f"cancelled in {step.name}, which may have been done")
            if record.tries >= MOST_TRIES:
                return Finish(ExecutionStatus.FAILED, f"{step.name}: {record.message or 'it never came to an end'}")
            return Act(index, step, record.key, is_repeat=True)
        if record.status is StepStatus.FAILED and step.effect is not Effect.READ:
            return Finish(ExecutionStatus.FAILED, f"{step.name}: {record.message}")
    if any(record.has_changed for record in run.steps):
        return Settle()
    return Finish(ExecutionStatus.DONE, "all steps are done; none changed anything")


def _verifying(run: Execution) -> Verify | Undo | Finish:
    if run.verdict is None and run.settles_at is not None:
        return Verify(run.settles_at)
    undo = undoing(run) if run.verdict is Verdict.HARMFUL else None
    return undo or Finish(ExecutionStatus.DONE, run.verdict_reason)


def _stopped(run: Execution, index: int) -> Finish:
    done = sum(record.has_changed for record in run.steps)
    return Finish(ExecutionStatus.CANCELLED, f"stopped before step {index + 1}; {done} done steps changed something")
