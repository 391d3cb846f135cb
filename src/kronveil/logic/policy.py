"""What a policy is told of a run, and how its answer is read. Nothing that it does not plainly allow is allowed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import cast

from kronveil.logic.calendar import Calendar
from kronveil.logic.response import Bounds
from kronveil.model.autonomy import Level, Standing
from kronveil.model.execution import Effect, Execution, Mode, StepPlan, Verdict
from kronveil.model.incident import Incident
from kronveil.model.policy import Decision, Document, Point, Reason
from kronveil.model.runbook import Runbook

_KNOWN = (Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL)
_WINDOWS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24)}


@dataclass(frozen=True, slots=True)
class Who:
    """Who wants it. ``is_automatic`` is the agent itself, by a runbook that may act so."""

    name: str
    roles: tuple[str, ...] = ()
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision about a run rests on. ``past`` are runs that are kept, newest first."""

    point: Point
    who: Who
    runbook: Runbook
    incident: Incident
    standing: Standing
    effects: Mapping[str, Effect]
    past: Sequence[Execution]
    bounds: Bounds
    calendar: Calendar
    now: datetime
    run: Execution | None = None


def document(case: Case) -> Document:
    """What the policy is told. Ids, names and numbers; no text that somebody outside could have written."""
    incident, run = case.incident, case.run
    cluster, owner = incident.cluster, incident.resource
    return {
        "point": case.point.value,
        "who": {"name": case.who.name, "roles": list(case.who.roles), "automatic": case.who.is_automatic},
        "what": {
            "runbook": _runbook(case.runbook, case.standing),
            "mode": Mode.LIVE.value if run is None else run.mode.value,
            "steps": _steps(case),
            "plan_hash": run.plan.hash if run is not None and run.plan is not None else "",
            "requested_by": run.requested_by if run is not None else case.who.name,
            "approved_by": [given.by for given in run.approvals] if run is not None else [],
            "approved_at": _stamp(run.approvals[-1].at) if run is not None and run.approvals else "",
        },
        "incident": {
            "id": incident.id,
            "kind": incident.kind,
            "family": incident.family,
            "severity": incident.severity.value,
            "status": incident.status.value,
        },
        "where": {
            "cluster": cluster.name,
            "cluster_uid": cluster.uid,
            "region": cluster.region,
            "kind": owner.kind,
            "namespace": owner.namespace,
            "name": owner.name,
        },
        "when": case.calendar.at(case.now, cluster.name),
        "often": _often(case),
        "record": _record(case),
        "settings": {"live": case.bounds.live, "auto_execute": case.bounds.auto_execute},
    }


def decided(case: Case, answer: Mapping[str, object], told: Document, policy: str) -> Decision:
    """The answer as a decision: allowed only where it says exactly that, and nothing denies."""
    deny, permit = reasons(answer.get("deny")), reasons(answer.get("permit"))
    is_allowed = answer.get("allow") is True and not deny
    return _decision(case, told, policy, is_allowed=is_allowed, reasons=permit if is_allowed else deny)


def undecided(case: Case, told: Document, policy: str, problem: str) -> Decision:
    """It could not be evaluated: that denies, and says so."""
    return _decision(case, told, policy, problem=f"the policy could not be evaluated, which denies: {problem}")


def _decision(  # noqa: PLR0913 - one decision, whole
    case: Case,
    told: Document,
    policy: str,
    *,
    is_allowed: bool = False,
    reasons: tuple[Reason, ...] = (),
    problem: str = "",
) -> Decision:
    inputs = json.dumps(told, ensure_ascii=False, sort_keys=True)
    run_id = case.run.id if case.run is not None else ""
    digest = sha256(f"{case.now.isoformat()}\x1f{run_id}\x1f{policy}\x1f{inputs}".encode()).hexdigest()
    owner = case.incident.resource
    return Decision(
        id=f"dec_{digest[:16]}",
        at=case.now,
        point=case.point,
        actor=case.who.name,
        action=case.runbook.id,
        target="/".join(filter(None, (case.incident.cluster.name, owner.kind, owner.namespace, owner.name))),
        is_allowed=is_allowed,
        reasons=reasons,
        inputs=inputs,
        policy=policy,
        problem=problem,
        execution_id=run_id,
        runbook_id=case.runbook.id,
        incident_id=case.incident.id,
    )


def reasons(given: object) -> tuple[Reason, ...]:
    """Objects with ``rule`` and ``text``, or plain texts; in one order whatever the set's."""
    found: list[Reason] = []
    for each in cast("list[object]", given) if isinstance(given, list) else ():
        if isinstance(each, Mapping):
            named = cast("Mapping[str, object]", each)
            found.append(Reason(str(named.get("rule", "unnamed")), str(named.get("text", named.get("rule", "")))))
        else:
            found.append(Reason("unnamed", str(each)))
    return tuple(sorted(found, key=lambda reason: (reason.rule, reason.text)))


def _runbook(runbook: Runbook, standing: Standing) -> Mapping[str, object]:
    return {
        "id": runbook.id,
        "auto_execute": runbook.auto_execute,
        "level": standing.level.value,
        "source": runbook.source,
        "digest": runbook.digest,
    }


def _steps(case: Case) -> list[Mapping[str, object]]:
    """Those of the plan with their targets; before there is one, those of the runbook at their worst."""
    plan = case.run.plan if case.run is not None else None
    if plan is not None:
        return [_planned(step, case.effects) for step in plan.steps if step.action and not step.left_out]
    return [
        {
            "name": step.name,
            "action": step.action,
            "effect": case.effects.get(step.action, Effect.DESTROY).value,
            "built_in": step.action in case.effects,
        }
        for step in (each for runbook in (case.runbook, *case.runbook.parts) for each in runbook.all_steps())
        if step.action
    ]


def _planned(step: StepPlan, effects: Mapping[str, Effect]) -> Mapping[str, object]:
    target = step.target
    where = {} if target is None else {"cluster": target.cluster_name, "kind": target.resource.kind}
    if target is not None:
        where |= {"namespace": target.resource.namespace or "", "name": target.resource.name}
    return {
        "name": step.name,
        "action": step.action,
        "effect": step.effect.value,
        # Who asks a person acts on nothing; what is left out does not act at all.
        "built_in": step.action in effects or bool(step.question) or bool(step.left_out),
        "target": where,
        "changes": [diff.path for diff in step.diff],
    }


def _often(case: Case) -> Mapping[str, object]:
    """How many runs acted: here, by this runbook, and in the fleet; in windows that end now."""
    acted = [run for run in case.past if run.acted_at is not None]
    here = case.run.target_key if case.run is not None else None
    counts: dict[str, object] = {}
    for name, window in _WINDOWS.items():
        lately = [run for run in acted if run.acted_at is not None and run.acted_at > case.now - window]
        counts[f"fleet_{name}"] = len(lately)
        counts[f"runbook_{name}"] = sum(run.runbook_id == case.runbook.id for run in lately)
        counts[f"incident_{name}"] = sum(run.incident_id == case.incident.id for run in lately)
        counts[f"target_{name}"] = sum(run.target_key == here for run in lately)
    return counts


def _record(case: Case) -> Mapping[str, object]:
    mine = [run for run in case.past if run.runbook_id == case.runbook.id and run.acted_at is not None]
    last = next((run.verdict.value for run in mine if run.verdict in _KNOWN and run.verdict is not None), None)
    return {
        "last_verdict": last,
        "effective_in_a_row": case.standing.effective_in_a_row,
        **{level.value: tally(case.standing, level) for level in Level},
    }


def tally(standing: Standing, level: Level) -> Mapping[str, int]:
    """One level's numbers, all zero where there are none."""
    found = standing.record.get(level)
    names = (
        *("matched", "rehearsed", "approved", "rejected", "effective"),
        *("ineffective", "harmful", "unknown", "agreed", "differed"),
    )
    return {name: getattr(found, name) if found is not None else 0 for name in names}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
