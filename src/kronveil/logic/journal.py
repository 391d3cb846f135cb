"""How a run changes: each function takes a run and gives the next one, with its story. Nothing else changes one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from kronveil.logic.interpreter import UNSURE, Act, answer_until
from kronveil.logic.response import ENDED, target_key
from kronveil.model.execution import (
    Effect,
    Execution,
    ExecutionMoment,
    ExecutionStatus,
    Mode,
    Plan,
    StepPlan,
    StepRecord,
    StepStatus,
    Verdict,
)
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook

MOST_MOMENTS = 100


class NotNow(Exception):  # noqa: N818 - read as the answer it is
    """This may not be done to the run now; the text tells a person why."""


def requested(  # noqa: PLR0913 - what a run begins with
    runbook: Runbook,
    incident: Incident,
    *,
    mode: Mode,
    by: str,
    is_automatic: bool,
    turn: int,
    now: datetime,
    parameters: Mapping[str, str] | None = None,
) -> Execution:
    """A run that has no plan yet. ``turn`` counts the runs of this runbook for this incident: it is part of the id."""
    digest = sha256(f"{incident.id}\x1f{runbook.id}\x1f{mode}\x1f{turn}".encode()).hexdigest()
    run = Execution(
        id=f"exe_{digest[:16]}",
        runbook_id=runbook.id,
        runbook_name=runbook.name,
        runbook_digest=runbook.digest,
        incident_id=incident.id,
        mode=mode,
        status=ExecutionStatus.PLANNING,
        requested_by=by,
        requested_at=now,
        updated_at=now,
        target_key=target_key(incident),
        is_automatic=is_automatic,
        parameters=parameters,
        version=0,
    )
    return told(run, now, "requested", f"{runbook.name} for {incident.title}", by)


def planned(run: Execution, plan: Plan, *, now: datetime) -> Execution:
    """Its plan stands: a rehearsal is over, an automatic run begins, another waits for approval."""
    run = replace(run, plan=plan)
    words = f"{len(plan.steps)} steps, plan {plan.hash[:8]}"
    if run.mode is Mode.REHEARSE:
        run = replace(run, status=ExecutionStatus.DONE, verdict=Verdict.REHEARSED, ended_at=now)
        return told(run, now, "rehearsed", f"{words}; nothing was changed")
    if run.is_automatic and not any(step.needs_approval and not step.left_out for step in plan.steps):
        run = replace(run, status=ExecutionStatus.RUNNING, started_at=now)
        return told(run, now, "started", f"{words}; automatic, by policy")
    run = replace(run, status=ExecutionStatus.AWAITING_APPROVAL, is_automatic=False)
    return told(run, now, "planned", f"{words}; waits for approval")


def told_to_stop(run: Execution, by: str, *, after_step: bool, now: datetime) -> Execution:
    """It is to stop, after the step it is at or now. Raises NotNow when it has ended or acts no more."""
    if run.status in ENDED or run.status is ExecutionStatus.VERIFYING or run.cancel_asked:
        raise NotNow(f"the run is {run.status}: there is nothing left to stop")
    if after_step:
        return told(replace(run, stop_after_step=True), now, "stopping", "after this step", by)
    return told(replace(run, cancel_asked=True), now, "cancelling", "now", by)


def intended(run: Execution, acts: Sequence[Act], *, now: datetime) -> Execution:
    """Steps are about to act; written down before any does. One that is tried again is the same record."""
    for act in acts:
        known = _record_or_none(run, act.index)
        record = (
            replace(known, tries=known.tries + 1, message="", retry_at=None)
            if known is not None
            else StepRecord(act.index, act.step.name, StepStatus.INTENDED, act.key, now)
        )
        if act.step.effect is not Effect.READ and run.acted_at is None:
            run = replace(run, acted_at=now)
        run = told(_with(run, record), now, "step", f"{act.step.name}: {'again' if known else 'begins'}")
    return run


def step_done(  # noqa: PLR0913 - all that is known of it
    run: Execution,
    index: int,
    message: str,
    *,
    has_changed: bool,
    now: datetime,
    findings: Mapping[str, str] | None = None,
) -> Execution:
    """A step came to its end."""
    record = replace(
        _record(run, index),
        status=StepStatus.DONE,
        ended_at=now,
        message=message,
        has_changed=has_changed,
        findings=findings,
    )
    return told(_with(run, record), now, "step", f"{record.name}: {message}")


def step_failed(run: Execution, index: int, message: str, *, now: datetime) -> Execution:
    """A step was refused, or is given up. Tried before, it may have been done then, and that is said."""
    record = _record(run, index)
    if record.tries > 1:
        message += " (it may have been done at an earlier try)"
    record = replace(record, status=StepStatus.FAILED, ended_at=now, message=message, retry_at=None)
    return told(_with(run, record), now, "step_failed", f"{record.name}: {message}")


def step_unsure(run: Execution, index: int, message: str, *, retry_at: datetime | None, now: datetime) -> Execution:
    """A step, or setting it back, broke off: nobody knows whether it was done, so it stays as it was intended."""
    record = replace(_record(run, index), message=message, retry_at=retry_at)
    return told(_with(run, record), now, "step_failed", f"{record.name}: {message}")


def skipped(run: Execution, index: int, step: StepPlan, *, now: datetime) -> Execution:
    """A step that the plan leaves out was come to, and is not performed."""
    record = StepRecord(index, step.name, StepStatus.SKIPPED, "", now, now, step.left_out)
    return told(_with(run, record), now, "step", f"{step.name}: left out, {step.left_out}")


def asked(run: Execution, index: int, step: StepPlan, *, now: datetime) -> Execution:
    """A person is asked, and the run waits."""
    record = StepRecord(index, step.name, StepStatus.WAITING, "", now)
    return told(_with(run, record), now, "asked", f"{step.name}: {step.question}")


def answered(run: Execution, index: int, by: str, *, goes_on: bool, reason: str, now: datetime) -> Execution:  # noqa: PLR0913 - an answer
    """Somebody answered the question of a step. Raises NotNow when nobody is asked that now."""
    record = _record_or_none(run, index)
    if run.status is not ExecutionStatus.RUNNING or record is None or record.status is not StepStatus.WAITING:
        raise NotNow(f"the run is {run.status}, and asks nothing at step {index + 1} now")
    if run.cancel_asked:
        raise NotNow("the run was cancelled")
    if run.plan is not None and now >= answer_until(record, run.plan.steps[index]):
        raise NotNow("the question was open until a moment ago; this answer came too late")
    word = "continue" if goes_on else "stop"
    record = replace(record, status=StepStatus.DONE, ended_at=now, message=f"{word}, said {by}: {reason}")
    run = _with(run, record)
    if not goes_on:
        run = replace(run, stop_after_step=True)
    return told(run, now, "answered", f"{record.name}: {word}. {reason}", by)


def undo_intended(run: Execution, index: int, *, now: datetime) -> Execution:
    """A step is about to be set back; written down before it is."""
    record = _record(run, index)
    is_again = record.status is StepStatus.UNDOING
    record = replace(
        record,
        status=StepStatus.UNDOING,
        tries=record.tries + 1 if is_again else 1,
        ended_at=None,
        retry_at=None,
    )
    return told(_with(run, record), now, "undo", f"{record.name}: {'again' if is_again else 'is set back'}")


def step_undone(run: Execution, index: int, message: str, *, has_worked: bool, now: datetime) -> Execution:
    """What a step did was taken back, or could not be: then a person must."""
    status = StepStatus.UNDONE if has_worked else StepStatus.NOT_UNDONE
    record = replace(_record(run, index), status=status, ended_at=now, message=message, retry_at=None)
    if not has_worked:
        run = replace(run, needs_person=f"{record.name} could not be set back: {message}")
    what = "undone" if has_worked else "undo_failed"
    return told(_with(run, record), now, what, f"{record.name}: {message}")


def settling(run: Execution, settle: timedelta, *, now: datetime) -> Execution:
    """All steps are done: it waits for the settle time, if any of them changed something."""
    run = replace(run, status=ExecutionStatus.VERIFYING, settles_at=now + settle)
    return told(run, now, "verifying", f"whether it helped is known in {settle.total_seconds():g} s at the earliest")


def judged(run: Execution, verdict: Verdict, reason: str, *, now: datetime, needs_person: str = "") -> Execution:
    """It is known whether it helped."""
    run = replace(run, verdict=verdict, verdict_reason=reason, needs_person=needs_person or run.needs_person)
    run = told(run, now, verdict.value, reason)
    return told(run, now, "escalated", needs_person) if needs_person else run


def ended(run: Execution, status: ExecutionStatus, why: str, *, now: datetime) -> Execution:
    """Nothing is left to do. What acted and was not verified has an unknown verdict, never none."""
    verdict = run.verdict or (Verdict.UNKNOWN if run.acted_at is not None else None)
    problem = "" if status is ExecutionStatus.DONE else why
    for record in run.steps:
        if record.status is StepStatus.WAITING:
            run = _with(run, replace(record, status=StepStatus.FAILED, ended_at=now, message="nobody answered"))
    unsure = [record.name for record in run.steps if record.status in UNSURE and _is_mutating(run, record)]
    if unsure and not run.needs_person:
        run = replace(run, needs_person=f"{', '.join(unsure)} may have been done: look at the target")
    run = replace(run, status=status, verdict=verdict, ended_at=now, problem=problem)
    return told(run, now, status.value, why)


def summary(run: Execution) -> str | None:
    """A turn of a run in one line for its incident's timeline; None for what says nothing to a person."""
    words = _turn(run)
    is_new = run.status in ENDED and bool(run.needs_person)
    return f"{words}; a person is needed: {run.needs_person}" if words and is_new else words


def _turn(run: Execution) -> str | None:
    match run.status:
        case ExecutionStatus.AWAITING_APPROVAL:
            return f"{run.runbook_name}: a plan waits for approval ({run.id})"
        case ExecutionStatus.RUNNING:
            by = f"approved by {run.approvals[-1].by}: {run.approvals[-1].reason}" if run.approvals else "by policy"
            return f"{run.runbook_name} runs, {by} ({run.id})"
        case ExecutionStatus.DONE if run.verdict is Verdict.REHEARSED:
            return f"{run.runbook_name} was rehearsed; nothing was changed ({run.id})"
        case ExecutionStatus.DONE:
            verdict = f"{run.verdict}: {run.verdict_reason}" if run.verdict else "nothing was changed"
            return f"{run.runbook_name}: {verdict} ({run.id})"
        case ExecutionStatus.PLANNING | ExecutionStatus.VERIFYING:
            return None
        case _:
            return f"{run.runbook_name}: {run.status}, {run.problem} ({run.id})"


def _is_mutating(run: Execution, record: StepRecord) -> bool:
    return run.plan is not None and run.plan.steps[record.index].effect is not Effect.READ


def _record(run: Execution, index: int) -> StepRecord:
    return next(record for record in run.steps if record.index == index)


def _record_or_none(run: Execution, index: int) -> StepRecord | None:
    return next((record for record in run.steps if record.index == index), None)


def _with(run: Execution, record: StepRecord) -> Execution:
    others = [each for each in run.steps if each.index != record.index]
    return replace(run, steps=tuple(sorted((*others, record), key=lambda each: each.index)))


def told(run: Execution, now: datetime, what: str, message: str, actor: str = "kronveil") -> Execution:
    """The run with one more line of its story: every change has one."""
    story = (*run.story, ExecutionMoment(now, what, message, actor))[-MOST_MOMENTS:]
    return replace(run, story=story, updated_at=now, version=run.version + 1)
