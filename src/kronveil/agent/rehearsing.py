"""Makes a runbook's plan for one incident: each step rehearsed by its action, nothing written. Before it: executions.
After it: performing, which has the plan signed and carries it out."""

import json
from collections.abc import Mapping

import anyio
import structlog

from kronveil.logic.resolving import CANNOT, Answer, Impossible, Unplannable, Wanted, around, resolve
from kronveil.model.execution import Execution, ExecutionStatus, StepPlan, Target
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook
from kronveil.sdk.actions import Action, Step
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import Permanent, PluginError, Transient

DEADLINE_S = 60.0
TRIES = 5
DIAGNOSIS_S = 10.0
log = structlog.get_logger()


async def rehearsed(
    run: Execution, runbook: Runbook | None, incident: Incident | None, actions: Mapping[str, Action]
) -> list[StepPlan]:
    """Every step as the target itself answers for it now. Raises Permanent when that cannot be had."""
    if runbook is None:
        raise Permanent(f"there is no runbook {run.runbook_id} any more")
    if incident is None:
        raise Permanent("the incident is no longer kept in memory")
    backoff, problem = Backoff(), ""
    for tried in range(1, TRIES + 1):
        try:
            with anyio.fail_after(DEADLINE_S):
                return await _resolved(run, runbook, incident, actions)
        except Unplannable as error:
            raise Permanent(str(error)) from None
        except (Transient, TimeoutError) as error:
            problem = str(error) or f"the target did not answer within {DEADLINE_S:g} s"
            log.info("execution.plan_retry", execution=run.id, error=problem)
            if tried < TRIES:
                await anyio.sleep(backoff.next_s())
    raise Permanent(f"could not be planned: {problem}")


async def _resolved(
    run: Execution, runbook: Runbook, incident: Incident, actions: Mapping[str, Action]
) -> list[StepPlan]:
    """Rehearse what resolving asks for, one step after the other: later ones may depend on what earlier ones find."""
    given = {name: json.loads(text) for name, text in (run.parameters or {}).items()}
    target = Target(incident.cluster.uid, incident.cluster.name, incident.resource)
    resolving = resolve(runbook, around(incident, given))
    try:
        wanted = next(resolving)
        while True:
            answer = _as_signed(run, wanted) or await _answer(wanted, target, incident, actions)
            wanted = resolving.send(answer)
    except StopIteration as done:
        steps: list[StepPlan] = done.value
        return steps


def _as_signed(run: Execution, wanted: Wanted) -> Answer | None:
    """What a diagnosis found when the plan was made that somebody signed; None while there is none.

    What was measured changes by the minute. What was decided from it is what was signed, and holds; whether the target
    is still what it was is for the steps that change something to say.
    """
    if run.plan is None or run.status is ExecutionStatus.PLANNING or not wanted.step.is_diagnosis:
        return None
    for step in run.plan.steps:
        if (step.name, step.action) == (wanted.name, wanted.step.action):
            return Impossible(step.left_out.removeprefix(CANNOT)) if step.left_out else step
    return None


async def _answer(wanted: Wanted, target: Target, incident: Incident, actions: Mapping[str, Action]) -> Answer:
    name = wanted.step.action
    action = actions.get(name)
    if action is None:
        raise Permanent(f"there is no action {name}")
    step = Step(wanted.name, name, wanted.parameters, incident)
    if not wanted.step.is_diagnosis:
        try:
            return await action.rehearse(step, target)
        except Permanent as error:
            return Impossible(str(error))
    # What cannot be found out now is unknown; it holds up no plan.
    try:
        with anyio.fail_after(DIAGNOSIS_S):
            return await action.rehearse(step, target)
    except TimeoutError:
        return Impossible(f"it found nothing out within {DIAGNOSIS_S:g} s")
    except PluginError as error:
        return Impossible(str(error))
