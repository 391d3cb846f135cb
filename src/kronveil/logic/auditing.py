"""What the audit says of a run and of an incident: who, when, why, what was before, and what is after."""

import json
from collections.abc import Mapping
from datetime import datetime

from kronveil.model.audit import AuditNote
from kronveil.model.execution import Execution, ExecutionMoment, Plan
from kronveil.model.incident import Incident


def notes_of_run(before: Execution | None, run: Execution) -> list[AuditNote]:
    """A note for each line that the run's story has more than before."""
    told = () if before is None else before.story
    new = _newer(told, run.story)
    was, now = _state(before), _state(run)
    return [
        AuditNote(
            at=moment.at,
            actor=moment.actor,
            act=f"execution.{moment.what}",
            target=run.id,
            why=moment.message,
            before=was,
            after=_text(_planned(run)) if moment.what == "planned" else now,
        )
        for moment in new
    ]


def note_of_act(  # noqa: PLR0913 - one deed, whole
    before: Incident | None,
    after: Incident,
    *,
    at: datetime,
    actor: str,
    verb: str,
    why: str,
    others: tuple[str, ...],
) -> AuditNote:
    """What a person did to an incident."""
    more = {"others": list(others)} if others else {}
    state = None if before is None else _text(_of(before))
    return AuditNote(at, actor, f"incident.{verb}", after.id, why, state, _text(_of(after) | more))


def _newer(told: tuple[ExecutionMoment, ...], story: tuple[ExecutionMoment, ...]) -> tuple[ExecutionMoment, ...]:
    """The lines after the last that was told; the oldest of a long story may be gone meanwhile."""
    if not told:
        return story
    last = next((place for place in range(len(story) - 1, -1, -1) if story[place] is told[-1]), None)
    if last is None:
        last = next((place for place in range(len(story) - 1, -1, -1) if story[place] == told[-1]), -1)
    return story[last + 1 :]


def _state(run: Execution | None) -> str | None:
    if run is None:
        return None
    state: dict[str, object] = {"status": run.status.value, "runbook": run.runbook_id, "mode": run.mode.value}
    if run.verdict is not None:
        state["verdict"] = run.verdict.value
    if run.plan is not None:
        state["plan"] = run.plan.hash
    return _text(state)


def _planned(run: Execution) -> Mapping[str, object]:
    """The plan that is signed, by field: what the audit must still tell when the run is forgotten."""
    plan: Plan | None = run.plan
    steps = () if plan is None else plan.steps
    return {
        "status": run.status.value,
        "runbook": run.runbook_id,
        "incident": run.incident_id,
        "plan": "" if plan is None else plan.hash,
        "steps": [
            {
                "name": step.name,
                "action": step.action,
                "effect": step.effect.value,
                "target": None if step.target is None else f"{step.target.cluster_name}/{step.target.resource.name}",
                "diff": [[diff.path, diff.before, diff.after] for diff in step.diff],
            }
            for step in steps
        ],
    }


def _of(incident: Incident) -> dict[str, object]:
    return {"status": incident.status.value, "assigned_to": incident.assigned_to, "parent": incident.parent_id}


def _text(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
