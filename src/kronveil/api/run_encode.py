"""From runbooks and runs to what goes over the wire: one way for REST and for the live stream."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kronveil.api import run_shapes as shapes
from kronveil.api.wording import resource_shape, stamp, stamp_or_none
from kronveil.logic import consent
from kronveil.logic.interpreter import answer_until
from kronveil.logic.planning import undo_words, voids_if
from kronveil.logic.policy import tally
from kronveil.model.autonomy import LEVELS, Standing
from kronveil.model.execution import (
    Effect,
    Execution,
    ExecutionStatus,
    Plan,
    StepPlan,
    StepRecord,
    StepStatus,
    Stop,
    Target,
    Verdict,
)
from kronveil.model.runbook import Input, Runbook, RunbookStep

_KNOWN = (Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL)
RECENT = 3
_HARM = (Effect.READ, Effect.MUTATE, Effect.DESTROY)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and when: whether they may sign is told with the run."""

    name: str
    is_approver: bool
    at: datetime


def runbook_shape(
    runbook: Runbook, runs: Sequence[Execution], effects: Mapping[str, Effect], standing: Standing
) -> shapes.Runbook:
    """A runbook with its record; ``runs`` are all that are kept, newest first."""
    mine = [run for run in runs if run.runbook_id == runbook.id]
    acted = [run for run in mine if run.acted_at is not None]
    known = [run for run in acted if run.verdict in _KNOWN]
    effective = sum(run.verdict is Verdict.EFFECTIVE for run in known)
    return shapes.Runbook(
        id=runbook.id,
        name=runbook.name,
        description=runbook.description,
        auto_execute=runbook.auto_execute,
        incident_types=list(runbook.incident_kinds),
        step_count=len(runbook.steps),
        steps=[_written(step, runbook, effects) for step in runbook.steps],
        inputs=[_input(each) for each in runbook.inputs],
        approvals=runbook.approvals,
        settle_s=None if runbook.settle is None else runbook.settle.total_seconds(),
        undo_on_failure=runbook.undo_on_failure,
        source=runbook.source,
        text=runbook.text,
        last_run=stamp(acted[0].requested_at) if acted else None,
        success_rate=round(effective / len(known), 4) if known else None,
        effective=effective,
        verdicts=len(known),
        recent=[shapes.RecentRun(run.id, run.status, run.verdict, stamp(run.requested_at)) for run in acted[:RECENT]],
        waiting=[run.id for run in mine if run.status is ExecutionStatus.AWAITING_APPROVAL],
        level=standing.level,
        standing=standing_shape(standing),
    )


def standing_shape(standing: Standing) -> shapes.Standing:
    """How far a runbook is trusted, and its record."""
    record = [shapes.Tally(level=level, **tally(standing, level)) for level in LEVELS if level in standing.record]
    return shapes.Standing(
        level=standing.level,
        since=stamp(standing.since),
        by=standing.by,
        why=standing.why,
        effective_in_a_row=standing.effective_in_a_row,
        record=record,
    )


def _written(step: RunbookStep, runbook: Runbook, effects: Mapping[str, Effect]) -> shapes.RunbookStep:
    within = [*step.each(), *(each for part in runbook.parts if part.id == step.runbook for each in part.all_steps())]
    most = max((effects.get(each.action, Effect.READ) for each in within), key=_HARM.index)
    kind = "ask" if step.question else "together" if step.together else "runbook"
    return shapes.RunbookStep(
        name=step.name,
        action=step.action or kind,
        effect=most,
        question=step.question,
        condition=step.condition,
        for_each=step.for_each,
        runbook=step.runbook,
        together=[each.name for each in step.together],
    )


def _input(given: Input) -> shapes.RunbookInput:
    return shapes.RunbookInput(
        name=given.name,
        type=given.type,
        description=given.description,
        default=None if given.is_required else json.dumps(given.default),
        choices=[json.dumps(each) for each in given.choices],
    )


def stop_shape(stop: Stop | None) -> shapes.Stop | None:
    """Who stopped all runs."""
    return None if stop is None else shapes.Stop(stop.by, stamp(stop.at), stop.reason)


def execution_shape(run: Execution, reader: Reader | None = None) -> shapes.Execution:
    """A run, whole. ``reader`` is who asks for it, None for all who listen to the stream."""
    return shapes.Execution(
        id=run.id,
        runbook_id=run.runbook_id,
        runbook_name=run.runbook_name,
        incident_id=run.incident_id,
        mode=run.mode,
        status=run.status,
        verdict=run.verdict,
        verdict_reason=run.verdict_reason,
        problem=run.problem,
        requested_by=run.requested_by,
        automatic=run.is_automatic,
        requested_at=stamp(run.requested_at),
        updated_at=stamp(run.updated_at),
        started_at=stamp_or_none(run.started_at),
        settles_at=stamp_or_none(run.settles_at),
        ended_at=stamp_or_none(run.ended_at),
        plan=None if run.plan is None else _plan(run.plan),
        parameters=dict(run.parameters or {}),
        edited_by=run.edited_by,
        approvals=_approvals(run, reader),
        question=_question(run),
        steps=[_step(record) for record in run.steps],
        needs_person=run.needs_person,
        timeline=[shapes.RunMoment(stamp(one.at), one.what, one.message, one.actor) for one in run.story],
        version=run.version,
    )


def _approvals(run: Execution, reader: Reader | None) -> shapes.Approvals:
    given = [shapes.Approval(one.by, stamp(one.at), one.plan_hash, one.reason, one.note) for one in run.approvals]
    needed = 1 if run.plan is None else run.plan.approvals_needed
    if reader is None:
        return shapes.Approvals(needed, given, None, "")
    why = consent.why_not(run, reader.name, reader.at)
    if not why and not reader.is_approver:
        why = "this needs the role approver"
    return shapes.Approvals(needed, given, not why, why)


def _question(run: Execution) -> shapes.Question | None:
    if run.plan is None:
        return None
    for record in run.steps:
        if record.status is StepStatus.WAITING:
            step = run.plan.steps[record.index]
            return shapes.Question(record.index, step.question, stamp(answer_until(record, step)))
    return None


def _plan(plan: Plan) -> shapes.Plan:
    return shapes.Plan(
        hash=plan.hash,
        made_at=stamp(plan.made_at),
        expires_at=stamp(plan.expires_at),
        steps=[_step_plan(step) for step in plan.steps],
        checks=[
            shapes.PlanCheck(each.name, each.result, each.detail, index)
            for index, step in enumerate(plan.steps)
            for each in step.checks
        ],
        undo=undo_words(plan),
        voids_if=voids_if(plan),
    )


def _step_plan(step: StepPlan) -> shapes.StepPlan:
    target = step.target
    return shapes.StepPlan(
        name=step.name,
        action=step.action,
        effect=step.effect,
        target=None if target is None else _target(target),
        summary=step.summary,
        diff=[shapes.FieldDiff(each.path, each.before, each.after) for each in step.diff],
        checks=[shapes.Check(each.name, each.result, each.detail) for each in step.checks],
        blast_radius=list(step.blast_radius),
        undo=step.undo,
        parameters=dict(step.parameters),
        findings=dict(step.findings or {}),
        together=step.together,
        question=step.question,
        left_out=step.left_out,
        timeout_s=None if step.timeout is None else step.timeout.total_seconds(),
    )


def _target(target: Target) -> shapes.PlanTarget:
    return shapes.PlanTarget(target.cluster_name, resource_shape(target.resource), target.version)


def _step(record: StepRecord) -> shapes.Step:
    return shapes.Step(
        index=record.index,
        name=record.name,
        status=record.status,
        began_at=stamp(record.began_at),
        ended_at=stamp_or_none(record.ended_at),
        message=record.message,
        tries=record.tries,
        has_changed=record.has_changed,
        retry_at=stamp_or_none(record.retry_at),
        findings=dict(record.findings or {}),
    )
