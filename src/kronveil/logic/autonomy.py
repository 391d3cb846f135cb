"""How far a runbook is trusted: its record grows with each run, harm lowers it at once, and the policy raises it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from kronveil.logic.policy import reasons, tally
from kronveil.model.autonomy import LEVELS, Level, Standing, Tally
from kronveil.model.change import Change
from kronveil.model.execution import Execution, ExecutionStatus, Verdict
from kronveil.model.policy import Decision, Document, Point
from kronveil.model.resource import Resource
from kronveil.model.runbook import Runbook

KRONVEIL = "kronveil"
_COUNTED = {
    Verdict.EFFECTIVE: "effective",
    Verdict.INEFFECTIVE: "ineffective",
    Verdict.HARMFUL: "harmful",
    Verdict.UNKNOWN: "unknown",
}


def beginning(runbook: Runbook, now: datetime) -> Standing:
    """Where a runbook starts: at what its file says, without a record."""
    level = Level.AUTOMATIC if runbook.auto_execute else Level.APPROVE
    why = "as the runbook says (auto_execute)"
    return Standing(runbook.id, level, now, KRONVEIL, why, runbook.digest)


def standing_of(runbook: Runbook, known: Standing | None, now: datetime) -> Standing:
    """The one that is known, unless the runbook has another text by now: trust is in what was written."""
    return known if known is not None and known.digest == runbook.digest else beginning(runbook, now)


def counted(standing: Standing, before: Execution | None, run: Execution) -> Standing:
    """The record after a run became ``run``; the same when nothing of it counts."""
    names: list[str] = []
    if before is None and run.requested_by == KRONVEIL:
        names.append("matched")
    if run.plan is not None and (before is None or before.plan is None):
        names.append("rehearsed")
    if run.approvals and run.status is ExecutionStatus.RUNNING and _was_not(before, ExecutionStatus.RUNNING):
        names.append("approved")
    if run.status is ExecutionStatus.REJECTED and _was_not(before, ExecutionStatus.REJECTED):
        names.append("rejected")
    verdict = run.verdict if before is None or before.verdict is not run.verdict else None
    if verdict is not None and verdict in _COUNTED:
        names.append(_COUNTED[verdict])
    if not names:
        return standing
    standing = added(standing, *names)
    if verdict is Verdict.EFFECTIVE:
        return replace(standing, effective_in_a_row=standing.effective_in_a_row + 1)
    if verdict in (Verdict.INEFFECTIVE, Verdict.HARMFUL):
        standing = replace(standing, effective_in_a_row=0)
    if verdict is Verdict.HARMFUL:
        return lowered(standing, run)
    return standing


def added(standing: Standing, *names: str) -> Standing:
    """One more of each at the level where it stands."""
    old = standing.record.get(standing.level, Tally())
    new = replace(old, **{name: getattr(old, name) + 1 for name in names})
    return replace(standing, record={**standing.record, standing.level: new}, version=standing.version + 1)


def lowered(standing: Standing, run: Execution) -> Standing:
    """Harm costs a level, at once: what acted by itself asks again, what was asked for is only shown."""
    level = {Level.AUTOMATIC: Level.APPROVE, Level.APPROVE: Level.SUGGEST}.get(standing.level, standing.level)
    if level is standing.level:
        return standing
    why = f"revoked: it did harm ({run.id})"
    return replace(standing, level=level, since=run.updated_at, by=KRONVEIL, why=why, version=standing.version + 1)


def moved(standing: Standing, level: Level, *, by: str, why: str, now: datetime) -> Standing:
    """At another level from now on."""
    return replace(standing, level=level, since=now, by=by, why=why, effective_in_a_row=0, version=standing.version + 1)


def is_rise(standing: Standing, level: Level) -> bool:
    """Whether it would be trusted more than now."""
    return LEVELS.index(level) > LEVELS.index(standing.level)


def promotion(standing: Standing, level: Level) -> Document:
    """What the promotion policy is told: the record, and nothing else."""
    return {
        "point": Point.PROMOTE.value,
        "runbook": standing.runbook_id,
        "from": standing.level.value,
        "to": level.value,
        "effective_in_a_row": standing.effective_in_a_row,
        "record": {each.value: tally(standing, each) for each in LEVELS},
    }


def compared(run: Execution, changes: Iterable[Change]) -> tuple[bool, str] | None:
    """Shadow mode: whether people then did to the same objects what a rehearsed run would have done, and in words what
    each did; None where nobody did anything there, or it would have done nothing."""
    wanted = [(step.target, diff) for step in run.plan.steps for diff in step.diff] if run.plan is not None else []
    targets = {_place(target.cluster_name, target.resource) for target, _ in wanted if target is not None}
    theirs = [
        change
        for change in changes
        if change.actor != KRONVEIL and _place(change.origin.cluster_name, change.resource) in targets
    ]
    if not targets or not theirs:
        return None
    paths = [diff.path for _, diff in wanted]
    agrees = any(path.endswith(field.path) for change in theirs for field in change.fields for path in paths)
    would = ", ".join(dict.fromkeys(f"{diff.path.rpartition('.')[2]} to {diff.after}" for _, diff in wanted))
    did = "; ".join(dict.fromkeys(f"{change.actor or 'somebody'}: {change.summary}" for change in theirs))
    return agrees, f"{run.runbook_name} would have set {would}. What was done: {did}"


def _place(cluster: str, resource: Resource) -> tuple[str, str, str | None, str]:
    return cluster, resource.kind, resource.namespace, resource.name


def decided_promotion(  # noqa: PLR0913, PLR0917 - one decision, whole
    standing: Standing,
    told: Document,
    by: str,
    now: datetime,
    answer: Mapping[str, object],
    policy: str,
    *,
    problem: str = "",
) -> Decision:
    """What the promotion policy said, or that it could not be evaluated, which denies."""
    deny, permit = reasons(answer.get("deny")), reasons(answer.get("permit"))
    is_allowed = answer.get("allow") is True and not deny and not problem
    inputs = json.dumps(told, ensure_ascii=False, sort_keys=True)
    digest = sha256(f"{now.isoformat()}\x1f{policy}\x1f{inputs}".encode()).hexdigest()
    return Decision(
        id=f"dec_{digest[:16]}",
        at=now,
        point=Point.PROMOTE,
        actor=by,
        action=f"runbook.level:{told['to']}",
        target=standing.runbook_id,
        is_allowed=is_allowed,
        reasons=permit if is_allowed else deny,
        inputs=inputs,
        policy=policy,
        problem=f"the policy could not be evaluated, which denies: {problem}" if problem else "",
        runbook_id=standing.runbook_id,
    )


def _was_not(before: Execution | None, status: ExecutionStatus) -> bool:
    return before is None or before.status is not status
