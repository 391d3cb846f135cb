"""Which runbook answers an incident, and whether it may act there now. The order of the reasons is the policy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kronveil.model.execution import Execution, ExecutionStatus, Mode, Verdict
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.runbook import Runbook

ALIASES = {
    "OOMKilled": "pod.oom_killed",
    "MemoryPressure": "node.memory_pressure",
    "DiskPressure": "node.disk_pressure",
    "CertExpiry": "certificate.expiring",
    "HighLatency": "service.latency_high",
    "SLOBreach": "slo.burning",
    "LogVolumeHigh": "log.volume_high",
    "TLSError": "certificate.tls_error",
}
"""The names of incident kinds that people know from elsewhere."""
ENDED = frozenset(
    {
        ExecutionStatus.DONE,
        ExecutionStatus.REJECTED,
        ExecutionStatus.EXPIRED,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.FAILED,
    }
)
_KNOWN = (Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL)
_OVER = (IncidentStatus.RESOLVED, IncidentStatus.CLOSED)


class Leave(StrEnum):
    """Whether a runbook may act on a target now."""

    RUN = "run"
    ASK = "ask"
    REHEARSE_LIVE_OFF = "rehearse: live execution is off (runbooks.live)"
    REFUSE_LOCKED = "refuse: another run is on this target"
    REFUSE_STOPPED = "refuse: all runs are stopped (kill switch)"
    REFUSE_INEFFECTIVE_TWICE = "refuse: ineffective twice on this target"
    REFUSE_HARMFUL = "refuse: harmful on this target before"
    REFUSE_POLICY = "refuse: the policy denies it"
    REFUSE_COOLDOWN = "refuse: this target was acted on a moment ago"
    REFUSE_TARGET_BUDGET = "refuse: the budget of actions for this target is spent"
    REFUSE_FLEET_BUDGET = "refuse: the fleet's budget of actions is spent"

    @property
    def is_for_now(self) -> bool:
        """Whether it may be otherwise later, with nothing else having changed."""
        return self in _FOR_NOW

    @property
    def is_refusal(self) -> bool:
        """Whether nothing may be done, not even a rehearsal that waits for approval."""
        return self.value.startswith("refuse")


_FOR_NOW = frozenset(
    {
        Leave.REFUSE_LOCKED,
        Leave.REFUSE_POLICY,
        Leave.REFUSE_STOPPED,
        Leave.REFUSE_COOLDOWN,
        Leave.REFUSE_TARGET_BUDGET,
        Leave.REFUSE_FLEET_BUDGET,
    }
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be done at most: the ``runbooks`` section of the configuration."""

    live: bool = False
    auto_execute: bool = True
    settle: timedelta = timedelta(minutes=2)
    approval_expires: timedelta = timedelta(minutes=30)
    target_actions: int = 3
    target_window: timedelta = timedelta(hours=1)
    fleet_actions: int = 30
    fleet_window: timedelta = timedelta(minutes=10)
    cooldown: timedelta = timedelta()
    is_stopped: bool = False


def kind_named(name: str) -> str:
    """The kind that a name or one of its aliases stands for."""
    return ALIASES.get(name, name)


def matching(runbooks: Iterable[Runbook], incident: Incident) -> list[Runbook]:
    """Runbooks for what this incident is about, in their order: its kind, or a condition that is still there."""
    if incident.status in _OVER or incident.children:
        return []
    kinds = {incident.kind, *(held.kind for held in incident.conditions if held.cleared_at is None)}
    return [one for one in runbooks if kinds.intersection(map(kind_named, one.incident_kinds))]


def is_over(incident: Incident) -> bool:
    """Whether nothing needs to be done about it any more."""
    return incident.status in _OVER


def target_key(incident: Incident) -> str:
    """What a run for this incident locks: the owner in its cluster, whatever the runbook."""
    owner = incident.resource
    return "/".join((incident.cluster.uid or incident.cluster.name, owner.kind, owner.namespace or "", owner.name))


def may_act(runbook: Runbook, target: str, past: Sequence[Execution], bounds: Bounds, now: datetime) -> Leave:  # noqa: PLR0911 - a reason a line
    """Whether this runbook may act on this target now; ``past`` are the runs to look back on, newest first.

    A run that will act without being asked again has taken its place already: two never begin on what is left for one.
    """
    if bounds.is_stopped:
        return Leave.REFUSE_STOPPED
    here = [run for run in past if run.target_key == target and run.mode is Mode.LIVE]
    # One that waits for approval locks nothing: another may be the better answer.
    if any(run.status is ExecutionStatus.VERIFYING or _is_about_to_act(run) for run in here):
        return Leave.REFUSE_LOCKED
    verdicts = _verdicts([run for run in here if run.runbook_id == runbook.id])
    # Before the budgets: a runbook that does not help must not use up another's chances.
    if Verdict.HARMFUL in verdicts[:1]:
        return Leave.REFUSE_HARMFUL
    if verdicts[:2] == [Verdict.INEFFECTIVE, Verdict.INEFFECTIVE]:
        return Leave.REFUSE_INEFFECTIVE_TWICE
    if not bounds.live:
        return Leave.REHEARSE_LIVE_OFF
    if _acted_since(here, now - bounds.cooldown):
        return Leave.REFUSE_COOLDOWN
    if _acted_since(here, now - bounds.target_window) >= bounds.target_actions:
        return Leave.REFUSE_TARGET_BUDGET
    if _acted_since(past, now - bounds.fleet_window) >= bounds.fleet_actions:
        return Leave.REFUSE_FLEET_BUDGET
    return Leave.RUN if runbook.auto_execute and bounds.auto_execute else Leave.ASK


def _verdicts(runs: Iterable[Execution]) -> list[Verdict]:
    """Newest first, of runs that acted and of which something is known."""
    known = (run.verdict for run in runs if run.acted_at is not None)
    return [each for each in known if each is not None and each in _KNOWN]


def last_verdict(run: Execution, past: Iterable[Execution]) -> Verdict | None:
    """What became known of the runbook on this target before; ``past`` is newest first, and may hold the run itself."""
    mine = (
        each
        for each in past
        if each.id != run.id and (each.target_key, each.runbook_id) == (run.target_key, run.runbook_id)
    )
    return next(iter(_verdicts(mine)), None)


def _is_about_to_act(run: Execution) -> bool:
    is_planning = run.status is ExecutionStatus.PLANNING and run.is_automatic
    return run.mode is Mode.LIVE and (is_planning or run.status is ExecutionStatus.RUNNING)


def _acted_since(runs: Iterable[Execution], since: datetime) -> int:
    return sum(_is_about_to_act(run) or (run.acted_at is not None and run.acted_at > since) for run in runs)
