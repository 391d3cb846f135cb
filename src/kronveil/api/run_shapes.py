"""What the API says of runbooks and their runs."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from kronveil.api.shapes import Resource, Timestamp
from kronveil.model.execution import Effect, ExecutionStatus, Mode, StepStatus, Verdict


@dataclass(slots=True)
class RunbookStep:
    """One step as it is written."""

    name: str
    action: str
    effect: Annotated[Effect, Field(description="The most that its action may do.")]


@dataclass(slots=True)
class RecentRun:
    """How one of the last runs went."""

    id: str
    status: ExecutionStatus
    verdict: Verdict | None
    at: Timestamp


@dataclass(slots=True)
class Runbook:
    """What can be done about incidents of some kinds, and whether it has helped."""

    id: str
    name: str
    description: str
    auto_execute: bool
    incident_types: list[str]
    step_count: int
    steps: list[RunbookStep]
    source: str
    last_run: Timestamp | None
    success_rate: Annotated[
        float | None,
        Field(description="Effective runs of those that acted and whose effect is known; null before the first."),
    ]
    effective: int
    verdicts: Annotated[int, Field(description="Runs that acted and whose effect is known.")]
    recent: Annotated[list[RecentRun], Field(description="The last three that acted, newest first.")]
    waiting: Annotated[list[str], Field(description="Ids of runs that wait for approval.")]


@dataclass(slots=True)
class Stop:
    """All runs are stopped: none is proposed, none is approved, and none begins another step."""

    by: Annotated[str, Field(description="`a file` when somebody put the file there by hand.")]
    at: str
    reason: str


@dataclass(slots=True)
class KillSwitch:
    """Whether all runs are stopped."""

    stopped: Stop | None


@dataclass(slots=True)
class RunbookList:
    """All runbooks, by id."""

    items: list[Runbook]
    next_cursor: None
    live: Annotated[bool, Field(description="Whether runs may act at all (`runbooks.live`).")]
    stopped: Annotated[Stop | None, Field(description="Who stopped all runs; null when they are not.")]


@dataclass(slots=True)
class FieldDiff:
    """One field that changes; values are JSON text, null where it is absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class Check:
    """One question that planning asked."""

    name: str
    result: str
    detail: str


@dataclass(slots=True)
class PlanTarget:
    """What a step acts on."""

    cluster: str
    resource: Resource
    version: str


@dataclass(slots=True)
class StepPlan:
    """What a step will do, as the target itself answered it."""

    name: str
    action: str
    effect: Effect
    target: PlanTarget | None
    summary: str
    diff: list[FieldDiff]
    checks: list[Check]
    blast_radius: list[str]
    undo: str


@dataclass(slots=True)
class Plan:
    """All steps, resolved; `hash` is what an approval signs."""

    hash: str
    made_at: Timestamp
    expires_at: Timestamp
    steps: list[StepPlan]


@dataclass(slots=True)
class Approval:
    """Somebody's signature under a plan."""

    by: str
    at: Timestamp
    plan_hash: str
    reason: str


@dataclass(slots=True)
class Step:
    """The journal of one step. `intended` after a kill means that it may have been done."""

    index: int
    name: str
    status: StepStatus
    began_at: Timestamp
    ended_at: Timestamp | None
    message: str
    tries: int
    has_changed: bool


@dataclass(slots=True)
class RunMoment:
    """One line of a run's story."""

    at: Timestamp
    what: str
    message: str
    actor: str


@dataclass(slots=True)
class Execution:
    """One run of a runbook for an incident."""

    id: str
    runbook_id: str
    runbook_name: str
    incident_id: str
    mode: Mode
    status: ExecutionStatus
    verdict: Verdict | None
    verdict_reason: str
    problem: Annotated[str, Field(description="Why it ended without doing all; empty when it did.")]
    requested_by: str
    automatic: bool
    requested_at: Timestamp
    updated_at: Timestamp
    started_at: Timestamp | None
    settles_at: Annotated[Timestamp | None, Field(description="When its verdict is due at the earliest.")]
    ended_at: Timestamp | None
    plan: Plan | None
    approvals: list[Approval]
    steps: list[Step]
    timeline: list[RunMoment]
    version: int


@dataclass(slots=True)
class ExecutionList:
    """A page of runs, newest requested first."""

    items: list[Execution]
    next_cursor: str | None
