"""Whether a run helped: the symptom went away and stayed away for the settle time, or not, or it made it worse."""

from dataclasses import dataclass
from datetime import datetime

from kronveil.model.execution import Execution, Verdict
from kronveil.model.incident import Condition, Incident

WORSE_KINDS = frozenset({"workload.rollout_stuck", "workload.unavailable", "pod.config_error", "pod.unschedulable"})
"""What an act of ours can cause at its target."""
MOST_SETTLES = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What the look at the target says now; ``verdict`` is None while it is too early."""

    verdict: Verdict | None
    reason: str


def judge(
    run: Execution, incident: Incident | None, others: tuple[Incident, ...], *, is_heard: bool, now: datetime
) -> Finding:
    """The verdict on ``run``. ``others`` are further incidents of the same owner; ``is_heard``: its cluster is.

    What began before the run acted is not its doing. Silence proves nothing: an unheard cluster is unknown.
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
        return Finding(None, "waiting for the settle time")
    if not is_heard:
        return Finding(Verdict.UNKNOWN, "the cluster was not heard from when the verdict was due")
    if incident is None:
        return Finding(Verdict.UNKNOWN, "the incident is no longer kept")
    return _recovery(run, incident, run.settles_at, now)


def _recovery(run: Execution, incident: Incident, settles_at: datetime, now: datetime) -> Finding:
    """A cure takes its time (a rollout): it has three times the settle time to stay away for one."""
    settle = settles_at - max(record.ended_at or settles_at for record in run.steps if record.has_changed)
    left = [held for held in incident.conditions if held.cleared_at is None]
    last = max((held.cleared_at for held in incident.conditions if held.cleared_at is not None), default=settles_at)
    if not left and now >= last + settle:
        return Finding(Verdict.EFFECTIVE, "every symptom cleared and stayed away for the settle time")
    if now < settles_at + MOST_SETTLES * settle:
        return Finding(None, "waiting for the symptoms to clear and stay away")
    if not left:
        return Finding(Verdict.INEFFECTIVE, "the symptoms came back again and again")
    return Finding(Verdict.INEFFECTIVE, f"{left[0].kind} at {left[0].subject.name} is still there")


def _new_trouble(incident: Incident, since: datetime) -> list[Condition]:
    return [
        held
        for held in incident.conditions
        if held.cleared_at is None and held.since > since and held.kind in WORSE_KINDS
    ]
