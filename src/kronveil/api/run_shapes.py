"""What the API says of runbooks and their runs."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes import Resource, Timestamp
from kronveil.model.autonomy import Level
from kronveil.model.execution import Effect, ExecutionStatus, Mode, StepStatus, Verdict
from kronveil.model.runbook import InputType


@shape
class RunbookStep:
    """One step as it is written."""

    name: str
    action: Annotated[
        str, Field(description="Of a step that is no action: `ask`, `together`, or `runbook` for another one's steps.")
    ]
    effect: Annotated[Effect, Field(description="The most that its action may do, or the steps within it.")]
    question: Annotated[str, Field(description="What a person is asked; empty: nothing.")]
    condition: Annotated[str, Field(description="Its `if`; empty: it is always done.")]
    for_each: Annotated[str, Field(description="Of what it is done for each; empty: once.")]
    runbook: Annotated[str, Field(description="Whose steps stand here; empty: its own.")]
    together: Annotated[list[str], Field(description="The names of the steps that are performed at once.")]


@shape
class RunbookInput:
    """One thing that whoever runs it may set. Values are JSON text."""

    name: str
    type: InputType
    description: str
    default: Annotated[str | None, Field(description="Null: it must be given.")]
    choices: Annotated[list[str], Field(description="Empty: any value of its type.")]


@shape
class RecentRun:
    """How one of the last runs went."""

    id: str
    status: ExecutionStatus
    verdict: Verdict | None
    at: Timestamp


@shape
class Tally:
    """What became of a runbook's matches at one level."""

    level: Level
    matched: int
    rehearsed: int
    approved: int
    rejected: int
    effective: int
    ineffective: int
    harmful: int
    unknown: int
    agreed: Annotated[int, Field(description="A person then did what it would have done.")]
    differed: Annotated[int, Field(description="A person then did something else.")]


@shape
class Standing:
    """How far a runbook is trusted, and the record that this rests on."""

    level: Annotated[Level, Field(description="observe, suggest, approve or automatic.")]
    since: Timestamp
    by: str
    why: str
    effective_in_a_row: int
    record: Annotated[list[Tally], Field(description="By level, those at which anything was counted.")]


@shape
class Runbook:
    """What can be done about incidents of some kinds, and whether it has helped."""

    id: str
    name: str
    description: str
    auto_execute: bool
    incident_types: list[str]
    step_count: int
    steps: list[RunbookStep]
    inputs: list[RunbookInput]
    approvals: Annotated[int, Field(description="So many different people must sign where it asks.")]
    settle_s: Annotated[float | None, Field(description="How long the symptom must stay away; null: the usual time.")]
    undo_on_failure: Annotated[bool, Field(description="Whether what it changed is set back when a later step fails.")]
    source: str
    text: Annotated[str, Field(description="What is written there.")]
    last_run: Timestamp | None
    success_rate: Annotated[
        float | None,
        Field(description="Effective runs of those that acted and whose effect is known; null before the first."),
    ]
    effective: int
    verdicts: Annotated[int, Field(description="Runs that acted and whose effect is known.")]
    recent: Annotated[list[RecentRun], Field(description="The last three that acted, newest first.")]
    waiting: Annotated[list[str], Field(description="Ids of runs that wait for approval.")]
    level: Annotated[Level, Field(description="How far it is trusted: observe, suggest, approve or automatic.")]
    standing: Standing


@shape
class Stop:
    """All runs are stopped: none is proposed, none is approved, and none begins another step."""

    by: Annotated[str, Field(description="`a file` when somebody put the file there by hand.")]
    at: str
    reason: str


@shape
class KillSwitch:
    """Whether all runs are stopped."""

    stopped: Stop | None


@shape
class RunbookList:
    """All runbooks, by id."""

    items: list[Runbook]
    next_cursor: None
    live: Annotated[bool, Field(description="Whether runs may act at all (`runbooks.live`).")]
    stopped: Annotated[Stop | None, Field(description="Who stopped all runs; null when they are not.")]


@shape
class FieldDiff:
    """One field that changes; values are JSON text, null where it is absent."""

    path: str
    before: str | None
    after: str | None


@shape
class Check:
    """One question that planning asked."""

    name: str
    result: Annotated[str, Field(description="passed, warned, failed or unknown.")]
    detail: str


@shape
class PlanCheck(Check):
    """The same, with the step it was asked for."""

    step: Annotated[int, Field(description="Its index.")]


@shape
class PlanTarget:
    """What a step acts on."""

    cluster: str
    resource: Resource
    version: str


@shape
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
    parameters: Annotated[dict[str, str], Field(description="What its action is told; JSON text by name.")]
    findings: Annotated[dict[str, str], Field(description="What was read while planning; JSON text by name.")]
    together: Annotated[
        int | None, Field(description="Steps next to each other with the same number are performed at once.")
    ]
    question: Annotated[str, Field(description="What a person is asked when the run comes to it; empty: nothing.")]
    left_out: Annotated[str, Field(description="Why it is not performed; empty when it is.")]
    timeout_s: Annotated[float | None, Field(description="How long it may take; null: the usual time.")]


@shape
class Plan:
    """All steps, resolved; `hash` is what an approval signs."""

    hash: str
    made_at: Timestamp
    expires_at: Timestamp
    steps: list[StepPlan]
    checks: Annotated[list[PlanCheck], Field(description="Those of all steps.")]
    undo: Annotated[str, Field(description="What can be set back of all that it does, and when that is done.")]
    voids_if: Annotated[list[str], Field(description="What makes signatures under it void.")]


@shape
class Approval:
    """Somebody's signature under a plan."""

    by: str
    at: Timestamp
    plan_hash: str
    reason: str
    note: Annotated[str, Field(description="What a reviewer should know about it; mostly empty.")]


@shape
class Approvals:
    """Who signed the plan, how many must, and whether the caller may."""

    needed: Annotated[int, Field(description="So many different people must sign.")]
    given: list[Approval]
    may_approve: Annotated[
        bool | None, Field(description="Whether the caller may sign now; null where nobody in particular asks.")
    ]
    why_not: Annotated[str, Field(description="Why the caller may not; empty when they may, or nobody asks.")]


@shape
class Step:
    """The journal of one step. `intended` or `undoing` after a kill means that it may have been done."""

    index: int
    name: str
    status: StepStatus
    began_at: Timestamp
    ended_at: Timestamp | None
    message: str
    tries: int
    has_changed: bool
    retry_at: Annotated[Timestamp | None, Field(description="When it is tried again at the earliest.")]
    findings: Annotated[dict[str, str], Field(description="What it found; JSON text by name.")]


@shape
class Question:
    """What the run waits to hear from a person: `POST executions/{id}/answer`."""

    step: Annotated[int, Field(description="The index of the step.")]
    text: str
    until: Annotated[Timestamp, Field(description="Without an answer by then the run ends.")]


@shape
class RunMoment:
    """One line of a run's story."""

    at: Timestamp
    what: str
    message: str
    actor: str


@shape
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
    parameters: Annotated[dict[str, str], Field(description="The inputs that were given; JSON text by name.")]
    edited_by: Annotated[str, Field(description="Who changed the inputs last; empty when nobody did.")]
    plan: Plan | None
    approvals: Approvals
    question: Annotated[Question | None, Field(description="What it waits to hear from a person; null: nothing.")]
    steps: list[Step]
    needs_person: Annotated[str, Field(description="Why somebody should look at it; empty when nobody must.")]
    timeline: list[RunMoment]
    version: int


@shape
class ExecutionList:
    """A page of runs, newest requested first."""

    items: list[Execution]
    next_cursor: str | None
