"""A runbook that runs, or waits for somebody: its plan, who approved it, what each step did, and whether it helped."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kronveil.model.resource import Resource


class Effect(StrEnum):
    """What an action may do to the world at most."""

    READ = "read"
    MUTATE = "mutate"
    DESTROY = "destroy"


class Mode(StrEnum):
    """Whether a run may act, or only shows what it would do."""

    REHEARSE = "rehearse"
    LIVE = "live"


class ExecutionStatus(StrEnum):
    """Where a run stands. The last five are its end."""

    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    VERIFYING = "verifying"
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Verdict(StrEnum):
    """Whether it helped. ``rehearsed`` is no run at all and counts as nothing."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    HARMFUL = "harmful"
    UNKNOWN = "unknown"
    REHEARSED = "rehearsed"


class StepStatus(StrEnum):
    """What became of a step.

    ``intended`` is written before it acts, ``undoing`` before it is set back: after a kill they say that it may have
    been done. ``waiting`` waits for a person's answer. ``not_undone``: it was done, and could not be set back.
    """

    INTENDED = "intended"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDOING = "undoing"
    UNDONE = "undone"
    NOT_UNDONE = "not_undone"


@dataclass(frozen=True, slots=True)
class Target:
    """What a step acts on. ``version`` is the object's generation when the plan was made: what voids it."""

    cluster_uid: str
    cluster_name: str
    resource: Resource
    version: str = ""


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field that changes: its path as people write it, and both values as JSON text, None where it is absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """One question that planning asked. ``result``: passed, warned, failed or unknown."""

    name: str
    result: str
    detail: str


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What a step will do, as the target itself answered it.

    ``effect`` is what this step does, never more than its action may. ``details`` is what the action needs to
    perform exactly this, and nothing that is secret; both it and ``parameters`` are JSON text by name. ``summary`` is
    a sentence. ``findings`` is what a step that only reads found, JSON text by name.

    Steps that have the same number in ``together`` are performed at once. A step with a ``question`` acts on nothing:
    the run waits for a person's answer. One with ``left_out`` is not performed, and that says why. ``retries`` is how
    often it is tried again at most, None for the usual number. A plan with a step that ``needs_approval`` waits for a
    person, whatever the runbook says.
    """

    name: str
    action: str
    effect: Effect
    target: Target | None
    parameters: Mapping[str, str]
    summary: str
    diff: tuple[FieldDiff, ...] = ()
    checks: tuple[Check, ...] = ()
    blast_radius: tuple[str, ...] = ()
    undo: str = ""
    details: Mapping[str, str] | None = None
    findings: Mapping[str, str] | None = None
    together: int | None = None
    question: str = ""
    left_out: str = ""
    timeout: timedelta | None = None
    retries: int | None = None
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, resolved. ``hash`` is over what is approved: steps, targets, versions and differences.

    ``approvals_needed`` different people must sign it. With ``undo_on_failure`` what was changed is set back when a
    later step fails. ``settle``, ``success`` and ``timeout`` are the runbook's own, None or empty for the usual ones.
    """

    hash: str
    made_at: datetime
    expires_at: datetime
    steps: tuple[StepPlan, ...]
    approvals_needed: int = 1
    undo_on_failure: bool = False
    settle: timedelta | None = None
    success: str = ""
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's signature under one plan. ``note`` says what about it a reviewer should know."""

    by: str
    at: datetime
    plan_hash: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stopped all runs; ``by`` is ``a file`` when the file was put there by hand."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The journal of one step: ``key`` goes with the act, so that a step tried again after a kill acts once.

    ``tries`` counts those of what is under way: of the act, or of setting it back. ``retry_at`` is when it may be tried
    again at the earliest. ``findings`` is what a step that only reads found, JSON text by name.
    """

    index: int
    name: str
    status: StepStatus
    key: str
    began_at: datetime
    ended_at: datetime | None = None
    message: str = ""
    tries: int = 1
    has_changed: bool = False
    retry_at: datetime | None = None
    findings: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ExecutionMoment:
    """One line of a run's story."""

    at: datetime
    what: str
    message: str
    actor: str = "kronveil"


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of one runbook for one incident. ``target_key`` is what it locks; ``version`` grows with each change.

    ``acted_at`` is when the first step that changes something began, ``settles_at`` when its verdict is due.
    ``stop_after_step`` and ``cancel_asked`` are what people asked of it; ``problem`` is why it ended without a verdict.
    ``parameters`` are the runbook's inputs as they were given, JSON text by name; ``edited_by`` is who changed them
    last. ``needs_person`` says why somebody should look at it, empty when nobody must.
    """

    id: str
    runbook_id: str
    runbook_name: str
    runbook_digest: str
    incident_id: str
    mode: Mode
    status: ExecutionStatus
    requested_by: str
    requested_at: datetime
    updated_at: datetime
    target_key: str
    is_automatic: bool = False
    verdict: Verdict | None = None
    verdict_reason: str = ""
    plan: Plan | None = None
    approvals: tuple[Approval, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    story: tuple[ExecutionMoment, ...] = ()
    started_at: datetime | None = None
    acted_at: datetime | None = None
    settles_at: datetime | None = None
    ended_at: datetime | None = None
    stop_after_step: bool = False
    cancel_asked: bool = False
    problem: str = ""
    parameters: Mapping[str, str] | None = None
    edited_by: str = ""
    needs_person: str = ""
    version: int = 1

    @property
    def cluster_names(self) -> frozenset[str]:
        """The clusters that its plan acts on; empty while there is none."""
        steps = self.plan.steps if self.plan is not None else ()
        return frozenset(step.target.cluster_name for step in steps if step.target is not None)
