"""What a run does next, from its journal alone: no engine, no clock. The agent carries the command out and notes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
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

RETRIES = 3
UNDO_TRIES = 10
STEP_TIMEOUT = timedelta(minutes=1)
ANSWER_TIMEOUT = timedelta(minutes=30)
RUN_TIMEOUT = timedelta(minutes=30)
UNSURE = (StepStatus.INTENDED, StepStatus.UNDOING)
_OVER = (StepStatus.DONE, StepStatus.FAILED, StepStatus.SKIPPED)
_BACK = (StepStatus.UNDOING, StepStatus.UNDONE, StepStatus.NOT_UNDONE)


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
class Perform:
    """Perform these at once; together they may take until ``until``."""

    acts: tuple[Act, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """Note that the plan leaves this step out."""

    index: int
    step: StepPlan


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Ask what this step asks."""

    index: int
    step: StepPlan


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until then: for an answer, or before something is tried again."""

    until: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Note that a step which changes nothing did not work, however often it was tried."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Settle:
    """All that is to be done is done: begin to wait for the settle time."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Look whether it helped; no later than ``due``."""

    due: datetime


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo this step, the last one that changed something, or may have, and was not undone."""

    index: int
    step: StepPlan
    key: str


@dataclass(frozen=True, slots=True)
class GiveUpUndo:
    """Note that a step could not be set back, however often that was tried."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do but to say so."""

    status: ExecutionStatus
    why: str


Command: TypeAlias = (
    MakePlan | Ask | Perform | Skip | AskPerson | Wait | GiveUp | Settle | Verify | Undo | GiveUpUndo | Finish
)


def next_command(run: Execution, now: datetime) -> Command | None:
    """The one thing to do now; None when the run has ended."""
    match run.status:
        case ExecutionStatus.PLANNING:
            return _cancelled(run) or MakePlan()
        case ExecutionStatus.AWAITING_APPROVAL:
            return _cancelled(run) or _approval(_planned(run), now)
        case ExecutionStatus.RUNNING:
            return _running(run, _planned(run), now)
        case ExecutionStatus.VERIFYING:
            return _verifying(run, now)
        case _:
            return None


def step_key(run: Execution, index: int) -> str:
    """The idempotency key of a step: the same whenever this run comes to it."""
    return f"{run.id}-{index}"


def answer_until(record: StepRecord, step: StepPlan) -> datetime:
    """How long a question that was asked stays open."""
    return record.began_at + (step.timeout or ANSWER_TIMEOUT)


def deadline(run: Execution, now: datetime) -> datetime:
    """When a run that began must be through. The time that people take to answer does not count."""
    plan = _planned(run)
    asked = [record for record in run.steps if plan.steps[record.index].question]
    waited = sum(((record.ended_at or now) - record.began_at for record in asked), timedelta())
    return (run.started_at or run.requested_at) + (plan.timeout or RUN_TIMEOUT) + waited


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


def _running(run: Execution, plan: Plan, now: datetime) -> Command:
    begun = {record.index: record for record in run.steps}
    if (command := _exhausted(plan, begun)) is not None:
        return command
    if broken := _broken(run, plan, now):
        undo = _undo(run, now) if plan.undo_on_failure else None
        return undo or Finish(ExecutionStatus.FAILED, broken)
    for group in _groups(plan):
        left = [index for index in group if index not in begun or begun[index].status not in _OVER]
        if left:
            return _halted(run, plan, left, begun) or _go_on(run, plan, left, begun, now)
    if any(record.has_changed for record in run.steps):
        return Settle()
    return Finish(ExecutionStatus.DONE, "all steps are done; none changed anything")


def _groups(plan: Plan) -> Iterator[list[int]]:
    """Steps that are performed at once: those next to each other with one number. A question is asked alone."""

    def number(at: tuple[int, StepPlan]) -> tuple[str, int]:
        index, step = at
        return ("alone", index) if step.together is None or step.question else ("together", step.together)

    for _, group in groupby(enumerate(plan.steps), key=number):
        yield [index for index, _ in group]


def _exhausted(plan: Plan, begun: Mapping[int, StepRecord]) -> GiveUp | None:
    """A step that only reads and did not work: the run goes on without what it would have told."""
    for index, record in begun.items():
        step = plan.steps[index]
        if step.effect is Effect.READ and record.status is StepStatus.INTENDED and record.tries >= most_tries(step):
            return GiveUp(index, record.message or "it never came to an end")
    return None


def most_tries(step: StepPlan) -> int:
    """How often a step is begun at most."""
    return 1 + (RETRIES if step.retries is None else step.retries)


def _broken(run: Execution, plan: Plan, now: datetime) -> str:
    """Why it cannot go on, empty while it can: a step that changes something did not work, or all took too long."""
    for record in run.steps:
        step = plan.steps[record.index]
        if step.effect is Effect.READ:
            continue
        if record.status is StepStatus.FAILED:
            return f"{step.name}: {record.message}"
        if record.status is StepStatus.INTENDED and record.tries >= most_tries(step):
            return f"{step.name}: {record.message or 'it never came to an end'}; it may have been done"
    if now >= deadline(run, now):
        return f"it took longer than {(plan.timeout or RUN_TIMEOUT).total_seconds():g} s"
    # Begun to be set back: what failed has no other trace left than the story.
    if any(record.status in _BACK for record in run.steps):
        return next((line.message for line in reversed(run.story) if line.what == "step_failed"), "a step failed")
    return ""


def _halted(run: Execution, plan: Plan, left: list[int], begun: Mapping[int, StepRecord]) -> Finish | None:
    """What people asked for. A step under way comes to its end when it is only to stop after it."""
    under_way = [index for index in left if index in begun and begun[index].status is StepStatus.INTENDED]
    if run.cancel_asked and under_way:
        names = ", ".join(plan.steps[index].name for index in under_way)
        return Finish(ExecutionStatus.CANCELLED, f"cancelled in {names}, which may have been done")
    if run.cancel_asked or (run.stop_after_step and run.steps and not under_way):
        done = sum(record.has_changed for record in run.steps)
        words = f"stopped before step {left[0] + 1}; {done} done steps changed something"
        return Finish(ExecutionStatus.CANCELLED, words)
    return None


def _go_on(run: Execution, plan: Plan, left: list[int], begun: Mapping[int, StepRecord], now: datetime) -> Command:
    for index in left:
        step = plan.steps[index]
        if step.left_out and index not in begun:
            return Skip(index, step)
        if step.question:
            return _question(index, step, begun.get(index), now)
    acts: list[Act] = []
    soonest = deadline(run, now)
    for index in left:
        record = begun.get(index)
        if record is None and run.stop_after_step and run.steps:
            continue
        if record is not None and record.retry_at is not None and record.retry_at > now:
            soonest = min(soonest, record.retry_at)
            continue
        key = step_key(run, index) if record is None else record.key
        acts.append(Act(index, plan.steps[index], key, is_repeat=record is not None))
    return Perform(tuple(acts), deadline(run, now)) if acts else Wait(soonest)


def _question(index: int, step: StepPlan, record: StepRecord | None, now: datetime) -> Command:
    if record is None:
        return AskPerson(index, step)
    until = answer_until(record, step)
    if now >= until:
        return Finish(ExecutionStatus.EXPIRED, f"nobody answered in time: {step.question}")
    return Wait(until)


def _verifying(run: Execution, now: datetime) -> Command:
    if run.verdict is None and run.settles_at is not None:
        return Verify(run.settles_at)
    undo = _undo(run, now) if run.verdict is Verdict.HARMFUL else None
    return undo or Finish(ExecutionStatus.DONE, run.verdict_reason)


def _undo(run: Execution, now: datetime) -> Command | None:
    """The next step to undo, newest first; None when there is none left. What may have been done is undone too: who
    undoes looks whether it was."""
    plan = _planned(run)
    for record in reversed(run.steps):
        step = plan.steps[record.index]
        if step.effect is Effect.READ or not step.undo or not _may_have_changed(record):
            continue
        if record.status is not StepStatus.UNDOING:
            return Undo(record.index, step, f"{record.key}-undo")
        if record.tries >= UNDO_TRIES:
            return GiveUpUndo(record.index, record.message or "it never came to an end")
        if record.retry_at is not None and record.retry_at > now:
            return Wait(record.retry_at)
        return Undo(record.index, step, f"{record.key}-undo")
    return None


def _may_have_changed(record: StepRecord) -> bool:
    if record.status is StepStatus.FAILED:
        return record.tries > 1
    return record.status in UNSURE or (record.status is StepStatus.DONE and record.has_changed)
