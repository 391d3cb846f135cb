"""Makes of a runbook the steps of a plan: conditions decided, loops unrolled, parameters computed, nothing left open.

It neither waits nor acts: it asks for one rehearsal after the other, and takes what each found into the next ones.
Before it: rehearsing in the agent, or a runbook's test. After it: planning, which puts a hash over the result.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kronveil.logic.expressions import (
    UNKNOWN,
    ExpressionError,
    ListOf,
    Record,
    Scalar,
    Value,
    compute,
    fill,
    from_json,
    parse,
    parse_template,
    to_json,
    written,
)
from kronveil.logic.expressions.kinds import is_list, is_record
from kronveil.logic.inputs import WrongInputs, take
from kronveil.model.execution import Effect, StepPlan
from kronveil.model.incident import Incident
from kronveil.model.runbook import Runbook, RunbookStep

MOST_STEPS = 50
MOST_ITEMS = 20
MOST_DEPTH = 5
IS_PLANNED = "is_planned"
ASK = "ask"
CANNOT = "it cannot be done here: "
_TEXTS = ListOf(Scalar.TEXT)
INCIDENT = Record(
    "incident",
    {
        "id": Scalar.TEXT,
        "kind": Scalar.TEXT,
        "kinds": _TEXTS,
        "family": Scalar.TEXT,
        "title": Scalar.TEXT,
        "severity": Scalar.TEXT,
        "status": Scalar.TEXT,
        "cluster": Scalar.TEXT,
        "region": Scalar.TEXT,
        "pods": _TEXTS,
        "containers": _TEXTS,
        "event_count": Scalar.NUMBER,
        "suspects": ListOf(Record("suspect", {"what": Scalar.TEXT, "score": Scalar.NUMBER})),
    },
)
TARGET = Record(
    "target",
    {"cluster": Scalar.TEXT, "kind": Scalar.TEXT, "namespace": Scalar.TEXT, "name": Scalar.TEXT},
)


class Unplannable(Exception):  # noqa: N818 - read as the answer it is
    """No plan can be made of this runbook here; the text tells a person why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A step whose parameters are known, and that is to be rehearsed now."""

    step: RunbookStep
    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Impossible:
    """The answer to a step that its target never would allow."""

    reason: str


Answer: TypeAlias = StepPlan | Impossible
Resolving: TypeAlias = Generator[Wanted, Answer, list[StepPlan]]


@dataclass(frozen=True, slots=True)
class Around:
    """What a runbook is resolved in: the incident, its target, and what was given for the inputs."""

    incident: Mapping[str, Value]
    target: Mapping[str, Value]
    given: Mapping[str, object] = field(default_factory=dict[str, object])


def around(incident: Incident, given: Mapping[str, object]) -> Around:
    """What a runbook for this incident is resolved in."""
    return Around(incident_values(incident), target_values(incident), given)


def incident_values(incident: Incident) -> dict[str, Value]:
    """What expressions see of an incident."""
    held = [each for each in incident.conditions if each.cleared_at is None] or list(incident.conditions)
    return {
        "id": incident.id,
        "kind": incident.kind,
        "kinds": tuple(dict.fromkeys((incident.kind, *(each.kind for each in held)))),
        "family": incident.family,
        "title": incident.title,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "cluster": incident.cluster.name,
        "region": incident.cluster.region or UNKNOWN,
        "pods": tuple(dict.fromkeys(each.subject.name for each in held if each.subject.kind == "Pod")),
        "containers": tuple(dict.fromkeys(each.part for each in held if each.part)),
        "event_count": incident.event_count,
        "suspects": tuple({"what": each.what, "score": each.score} for each in incident.suspects),
    }


def target_values(incident: Incident) -> dict[str, Value]:
    """What expressions see of what is acted on."""
    found = incident.resource
    return {
        "cluster": incident.cluster.name,
        "kind": found.kind,
        "namespace": found.namespace or UNKNOWN,
        "name": found.name,
    }


def resolve(runbook: Runbook, here: Around) -> Resolving:
    """Ask for the rehearsals it takes, one after the other, and give all steps of the plan. Raises Unplannable."""
    try:
        inputs = take(runbook, here.given)
    except WrongInputs as wrong:
        raise Unplannable(f"{runbook.name} was not given what it takes: {wrong}") from None
    plan = _Plan(runbook)
    scope = {"incident": here.incident, "target": here.target, "inputs": inputs, "steps": dict[str, Value]()}
    yield from _steps(plan, runbook.steps, scope, None)
    return plan.steps


def succeeded(condition: str, here: Around, inputs: Mapping[str, Value]) -> bool | None:
    """Whether a runbook's own condition of success holds; None when that is not known."""
    try:
        found = compute(parse(condition), {"incident": here.incident, "target": here.target, "inputs": inputs})
    except ExpressionError:
        return None
    return found if isinstance(found, bool) else None


Names: TypeAlias = Mapping[str, Value]


class _Plan:
    """The steps so far. ``within`` are the runbooks being expanded, outermost first."""

    def __init__(self, runbook: Runbook) -> None:
        self.parts = {each.id: each for each in runbook.parts}
        self.steps: list[StepPlan] = []
        self.groups = 0
        self.within = [runbook.id]

    def add(self, step: StepPlan) -> None:
        self.steps.append(step)
        if len(self.steps) > MOST_STEPS:
            raise Unplannable(f"the plan would have more than {MOST_STEPS} steps")


_Going: TypeAlias = Generator[Wanted, Answer, None]


def _steps(plan: _Plan, steps: Sequence[RunbookStep], names: Names, group: int | None) -> _Going:
    for step in steps:
        if step.for_each:
            yield from _each(plan, step, names, group)
        else:
            yield from _one(plan, step, names, group)


def _each(plan: _Plan, step: RunbookStep, names: Names, group: int | None) -> _Going:
    items, none = _computed(step, step.for_each, names), {**names, step.item: "each"}
    if items is UNKNOWN or not is_list(items):
        _leave_out(plan, step, none, group, f"what it is for is not known: {step.for_each}")
        return
    if len(items) > MOST_ITEMS:
        raise Unplannable(f"{step.name}: {len(items)} times is more than the {MOST_ITEMS} that are allowed")
    if not items:
        _leave_out(plan, step, none, group, f"there is nothing to do it for: {step.for_each}")
    for item in items:
        yield from _one(plan, step, {**names, step.item: item}, group)


def _one(plan: _Plan, step: RunbookStep, names: Names, group: int | None) -> _Going:
    if step.condition and (found := _computed(step, step.condition, names)) is not True:
        word = "it is not known whether" if found is UNKNOWN else "it is not the case that"
        why = _text(step, step.otherwise, names) if step.otherwise else f"{word} {step.condition}"
        _leave_out(plan, step, names, group, why)
    elif step.together:
        plan.groups += 1
        yield from _steps(plan, step.together, names, plan.groups)
    elif step.runbook:
        yield from _within(plan, step, names, group)
    elif step.question:
        plan.add(_asked(step, _text(step, step.name, names), _text(step, step.question, names)))
    else:
        yield from _act(plan, step, names, group)


def _act(plan: _Plan, step: RunbookStep, names: Names, group: int | None) -> _Going:
    name, parameters = _text(step, step.name, names), _parameters(step, names)
    answer = yield Wanted(step, name, parameters)
    if isinstance(answer, Impossible):
        if not (step.is_optional or step.is_diagnosis):
            raise Unplannable(f"{name}: {answer.reason}")
        _leave_out(plan, step, names, group, f"{CANNOT}{answer.reason}")
        return
    plan.add(
        replace(
            answer,
            name=name,
            together=group,
            # An action may know itself how long it takes: a wait, a drain.
            timeout=step.timeout or answer.timeout,
            retries=step.retries if step.retries is not None else answer.retries,
            needs_approval=step.needs_approval or answer.needs_approval,
        )
    )
    _note(step, names, answer.findings or {}, is_planned=True)


def _within(plan: _Plan, step: RunbookStep, names: Names, group: int | None) -> _Going:
    inner = plan.parts.get(step.runbook)
    if inner is None:
        raise Unplannable(f"{step.name}: there is no runbook {step.runbook}")
    if step.runbook in plan.within or len(plan.within) > MOST_DEPTH:
        raise Unplannable(f"{step.name}: runbooks within runbooks come round, or are nested too deep")
    try:
        inputs = take(inner, _parameters(step, names))
    except WrongInputs as wrong:
        raise Unplannable(f"{step.name}: {inner.name} was not given what it takes: {wrong}") from None
    plan.within.append(step.runbook)
    own = {"incident": names["incident"], "target": names["target"], "inputs": inputs, "steps": dict[str, Value]()}
    yield from _steps(plan, inner.steps, own, group)
    plan.within.pop()


def _leave_out(plan: _Plan, step: RunbookStep, names: Names, group: int | None, why: str) -> None:
    for each in step.each():
        if each.together:
            continue
        name = _text(each, each.name, names)
        what = each.action or (ASK if each.question else each.runbook)
        plan.add(StepPlan(name, what, Effect.READ, None, {}, f"left out: {why}", left_out=why, together=group))
        _note(each, names, {}, is_planned=False)


def _asked(step: RunbookStep, name: str, question: str) -> StepPlan:
    return StepPlan(name, ASK, Effect.READ, None, {}, question, question=question, timeout=step.timeout)


def _note(step: RunbookStep, names: Names, findings: Mapping[str, str], *, is_planned: bool) -> None:
    """What later expressions may know of a step."""
    steps = names["steps"]
    if step.id and isinstance(steps, dict):
        found = {name: from_json(json.loads(text)) for name, text in findings.items()}
        steps[step.id] = {**found, IS_PLANNED: is_planned}


def _computed(step: RunbookStep, source: str, names: Names) -> Value:
    try:
        return compute(parse(source), names)
    except ExpressionError as error:
        raise Unplannable(f"{step.name}: {source}: {error.message}") from None


def _text(step: RunbookStep, text: str, names: Names) -> str:
    try:
        return written(fill(parse_template(text), names))
    except ExpressionError as error:
        raise Unplannable(f"{step.name}: {text}: {error.message}") from None


def _parameters(step: RunbookStep, names: Names) -> dict[str, object]:
    return {name: _parameter(step, name, value, names) for name, value in step.parameters.items()}


def _parameter(step: RunbookStep, name: str, value: object, names: Names) -> object:
    if is_record(value):
        return {key: _parameter(step, name, each, names) for key, each in value.items()}
    if is_list(value):
        return [_parameter(step, name, each, names) for each in value]
    if not isinstance(value, str):
        return value
    try:
        return to_json(fill(parse_template(value), names))
    except ExpressionError as error:
        raise Unplannable(f"{step.name}: {name}: {error.message}") from None
