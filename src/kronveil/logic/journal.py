"""How a run changes: each function takes a run and gives the next one, with its story. Nothing else changes one."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from kronveil.logic.response import ENDED, target_key
from kronveil.model.execution import (
    Approval,
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
    runbook: Runbook, incident: Incident, *, mode: Mode, by: str, is_automatic: bool, turn: int, now: datetime
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
        version=0,
    )
    return _told(run, now, "requested", f"{runbook.name} for {incident.title}", by)


def planned(run: Execution, plan: Plan, *, now: datetime) -> Execution:
    """Its plan stands: a rehearsal is over, an automatic run begins, another waits for approval."""
    run = replace(run, plan=plan)
    words = f"{len(plan.steps)} steps, plan {plan.hash[:8]}"
    if run.mode is Mode.REHEARSE:
        run = replace(run, status=ExecutionStatus.DONE, verdict=Verdict.REHEARSED, ended_at=now)
        return _told(run, now, "rehearsed", f"{words}; nothing was changed")
    if run.is_automatic:
        run = replace(run, status=ExecutionStatus.RUNNING, started_at=now)
        return _told(run, now, "started", f"{words}; automatic, by policy")
    return _told(replace(run, status=ExecutionStatus.AWAITING_APPROVAL), now, "planned", f"{words}; waits for approval")


def approved(run: Execution, approval: Approval, *, now: datetime) -> Execution:
    """Signed: it begins. Raises NotNow when this signature is not for this plan, or comes too late."""
    plan = _waiting(run)
    if approval.plan_hash != plan.hash:
        raise NotNow(f"this plan is {plan.hash[:8]}, and what was approved is {approval.plan_hash[:8]}: look again")
    if now >= plan.expires_at:
        raise NotNow("the plan expired before this approval came; rehearse again")
    run = replace(run, status=ExecutionStatus.RUNNING, started_at=now, approvals=(*run.approvals, approval))
    return _told(run, now, "approved", approval.reason, approval.by)


def rejected(run: Execution, by: str, reason: str, *, now: datetime) -> Execution:
    """Somebody said no. Raises NotNow when it does not wait for that."""
    _waiting(run)
    run = replace(run, status=ExecutionStatus.REJECTED, ended_at=now, problem=reason)
    return _told(run, now, "rejected", reason, by)


def told_to_stop(run: Execution, by: str, *, after_step: bool, now: datetime) -> Execution:
    """It is to stop, after the step it is at or now. Raises NotNow when it has ended or acts no more."""
    if run.status in ENDED or run.status is ExecutionStatus.VERIFYING:
        raise NotNow(f"the run is {run.status}: there is nothing left to stop")
    if after_step:
        return _told(replace(run, stop_after_step=True), now, "stopping", "after this step", by)
    return _told(replace(run, cancel_asked=True), now, "cancelling", "now", by)


def intended(run: Execution, index: int, step: StepPlan, key: str, *, now: datetime) -> Execution:
    """A step is about to act; written down before it does. Tried again, it is the same record."""
    known = next((record for record in run.steps if record.index == index), None)
    record = (
        replace(known, tries=known.tries + 1, message="")
        if known is not None
        else StepRecord(index, step.name, StepStatus.INTENDED, key, now)
    )
    if step.effect is not Effect.READ and run.acted_at is None:
        run = replace(run, acted_at=now)
    return _told(_with(run, record), now, "step", f"{step.name}: {'again' if known else 'begins'}")


def step_done(run: Execution, index: int, message: str, *, has_changed: bool, now: datetime) -> Execution:
    """A step came to its end."""
    record = replace(
        _record(run, index), status=StepStatus.DONE, ended_at=now, message=message, has_changed=has_changed
    )
    return _told(_with(run, record), now, "step", f"{record.name}: {message}")


def step_failed(run: Execution, index: int, message: str, *, may_retry: bool, now: datetime) -> Execution:
    """A step did not work; with ``may_retry`` it stays intended, since nobody knows whether it acted."""
    status = StepStatus.INTENDED if may_retry else StepStatus.FAILED
    record = replace(_record(run, index), status=status, ended_at=None if may_retry else now, message=message)
    return _told(_with(run, record), now, "step_failed", f"{record.name}: {message}")


def step_undone(run: Execution, index: int, message: str, *, has_worked: bool, now: datetime) -> Execution:
    """What a step did was taken back, or could not be: then a person must."""
    status = StepStatus.UNDONE if has_worked else StepStatus.FAILED
    record = replace(_record(run, index), status=status, ended_at=now, message=message)
    what = "undone" if has_worked else "undo_failed"
    return _told(_with(run, record), now, what, f"{record.name}: {message}")


def settling(run: Execution, settle: timedelta, *, now: datetime) -> Execution:
    """All steps are done: it waits for the settle time, if any of them changed something."""
    run = replace(run, status=ExecutionStatus.VERIFYING, settles_at=now + settle)
    return _told(run, now, "verifying", f"whether it helped is known in {settle.total_seconds():g} s at the earliest")


def judged(run: Execution, verdict: Verdict, reason: str, *, now: datetime) -> Execution:
    """It is known whether it helped."""
    return _told(replace(run, verdict=verdict, verdict_reason=reason), now, verdict.value, reason)


def ended(run: Execution, status: ExecutionStatus, why: str, *, now: datetime) -> Execution:
    """Nothing is left to do. What acted and was not verified has an unknown verdict, never none."""
    verdict = run.verdict or (Verdict.UNKNOWN if run.acted_at is not None else None)
    problem = "" if status is ExecutionStatus.DONE else why
    run = replace(run, status=status, verdict=verdict, ended_at=now, problem=problem)
    return _told(run, now, status.value, why)


def summary(run: Execution) -> str | None:
    """A turn of a run in one line for its incident's timeline; None for what says nothing to a person."""
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


def _waiting(run: Execution) -> Plan:
    if run.status is not ExecutionStatus.AWAITING_APPROVAL or run.plan is None:
        raise NotNow(f"the run is {run.status}, and does not wait for approval")
    return run.plan


def _record(run: Execution, index: int) -> StepRecord:
    return next(record for record in run.steps if record.index == index)


def _with(run: Execution, record: StepRecord) -> Execution:
    others = [each for each in run.steps if each.index != record.index]
    return replace(run, steps=tuple(sorted((*others, record), key=lambda each: each.index)))


def _told(run: Execution, now: datetime, what: str, message: str, actor: str = "kronveil") -> Execution:
    story = (*run.story, ExecutionMoment(now, what, message, actor))[-MOST_MOMENTS:]
    return replace(run, story=story, updated_at=now, version=run.version + 1)
