"""Whether a run helped: the symptom went away and stayed away for the settle time, or not, or it made it worse."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.model.execution import Execution, Verdict
from kronveil.model.incident import Condition, Incident, IncidentStatus

WORSE_KINDS = frozenset({"workload.rollout_stuck", "workload.unavailable", "pod.config_error", "pod.unschedulable"})
"""What an act of ours can cause at its target."""
MOST_SETTLES = 2
PATIENCE = timedelta(minutes=1)
"""How long a cluster may be silent at least, once a verdict is due, before it is unknown: a start takes its time."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How long this process has looked: since when at all, and since when it hears the cluster without a break."""

    since: datetime
    heard_since: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What the look at the target says now; ``verdict`` is None while it is too early.

    ``again_at`` is when it can be otherwise with nothing more having happened, None when that is not known.
    """

    verdict: Verdict | None
    reason: str
    again_at: datetime | None = None


def judge(  # noqa: PLR0911, PLR0913 - a case a line
    run: Execution,
    incident: Incident | None,
    others: tuple[Incident, ...],
    watch: Watch,
    *,
    now: datetime,
    success: bool | None = True,
) -> Finding:
    """The verdict on ``run``. ``others`` are further incidents of the same owner; ``success`` is whether the runbook's
    own condition holds, None when that is not known.

    What began before the run acted is not its doing. Silence proves nothing: an unheard cluster is unknown. What
    was not watched, since the agent was down or the cluster silent, is no failure either: the time begins anew.
    """
    if run.acted_at is None or run.settles_at is None:
        return Finding(Verdict.UNKNOWN, "nothing was changed, so nothing can be said of its effect")
    worse = [
        held for each in (*others, *((incident,) if incident else ())) for held in _new_trouble(each, run.acted_at)
    ]
    if worse:
        first = worse[0]
        return Finding(Verdict.HARMFUL, f"since it acted: {first.kind} at {first.subject.kind} {first.subject.name}")
    if now < run.settles_at:
        return Finding(None, "waiting for the settle time", run.settles_at)
    settle = run.settles_at - max(record.ended_at or run.settles_at for record in run.steps if record.has_changed)
    if watch.heard_since is None:
        if now < max(run.settles_at, watch.since) + max(MOST_SETTLES * settle, PATIENCE):
            return Finding(None, "waiting to hear from the cluster")
        return Finding(Verdict.UNKNOWN, "the cluster was not heard from when the verdict was due")
    if incident is None:
        return Finding(Verdict.UNKNOWN, "the incident is no longer kept")
    found = _recovery(incident, max(run.settles_at, watch.heard_since), settle, watch.heard_since, now)
    if found.verdict is not Verdict.EFFECTIVE or success:
        return found
    condition = run.plan.success if run.plan is not None else ""
    if now < max(run.settles_at, watch.heard_since) + MOST_SETTLES * settle:
        return Finding(None, f"waiting for {condition}")
    if success is None:
        return Finding(Verdict.UNKNOWN, f"every symptom cleared, but it is not known whether {condition}")
    return Finding(Verdict.INEFFECTIVE, f"every symptom cleared, but it is not so that {condition}")


def is_better(incident: Incident) -> bool:
    """Whether no symptom is there any more, of one that is not over and was not said to be better."""
    is_waiting = incident.status in (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED)
    return is_waiting and bool(incident.conditions) and all(held.cleared_at is not None for held in incident.conditions)


def _recovery(incident: Incident, due: datetime, settle: timedelta, watched: datetime, now: datetime) -> Finding:
    """A cure takes its time (a rollout): it has two settle times more to stay away for one, watched all the while."""
    left = [held for held in incident.conditions if held.cleared_at is None]
    away_since = max([watched, *(held.cleared_at for held in incident.conditions if held.cleared_at is not None)])
    if not left and now >= away_since + settle:
        return Finding(Verdict.EFFECTIVE, "every symptom cleared and stayed away for the settle time")
    if now < due + MOST_SETTLES * settle:
        again_at = away_since + settle if not left else None
        return Finding(None, "waiting for the symptoms to clear and stay away", again_at)
    if not left:
        return Finding(Verdict.INEFFECTIVE, "the symptoms came back again and again")
    return Finding(Verdict.INEFFECTIVE, f"{left[0].kind} at {left[0].subject.name} is still there")


def _new_trouble(incident: Incident, since: datetime) -> list[Condition]:
    return [
        held
        for held in incident.conditions
        if held.cleared_at is None and held.since > since and held.kind in WORSE_KINDS
    ]
