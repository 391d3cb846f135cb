"""A verdict is what was watched: recovery that stayed, or not, or worse; what nobody watched is no verdict."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kronveil.logic.verification import Watch, judge
from kronveil.model.event import Severity
from kronveil.model.execution import Execution, ExecutionStatus, Mode, StepRecord, StepStatus, Verdict
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus
from kronveil.model.resource import Resource

ACTED = datetime(2026, 11, 25, 12, tzinfo=UTC)
SETTLE = timedelta(minutes=2)
POD = Resource("Pod", "checkout-1", "shop", "p-1")


def at(seconds: float) -> datetime:
    return ACTED + timedelta(seconds=seconds)


RUN = Execution(
    "exe-1", "pod-oom", "Pod OOM", "d", "inc-1", Mode.LIVE, ExecutionStatus.VERIFYING, "ada", ACTED, ACTED, "key",
    acted_at=ACTED,
    settles_at=ACTED + SETTLE,
    steps=(StepRecord(0, "raise", StepStatus.DONE, "k", ACTED, ACTED, has_changed=True),),
)  # fmt: skip


def incident(*, kind: str = "pod.oom_killed", since: float = -60, cleared: float | None = None) -> Incident:
    held = Condition(kind, POD, "app", at(since), at(since), cleared_at=None if cleared is None else at(cleared))
    return Incident(
        "inc-1", "k", "pod.oom_killed", "memory", "ran out of memory", Severity.HIGH, IncidentStatus.OPEN,
        ClusterRef("uid", "east"), Resource("Deployment", "checkout", "shop"), at(-60), at(-60), conditions=(held,),
    )  # fmt: skip


ALL_ALONG = Watch(ACTED, ACTED)


@pytest.mark.parametrize(
    ("found", "watch", "now", "verdict"),
    [
        (incident(), ALL_ALONG, 60, None),
        (incident(), ALL_ALONG, 121, None),
        (incident(), ALL_ALONG, 361, Verdict.INEFFECTIVE),
        (incident(cleared=10), ALL_ALONG, 119, None),
        (incident(cleared=10), ALL_ALONG, 131, Verdict.EFFECTIVE),
        (incident(cleared=110), ALL_ALONG, 131, None),
        (incident(cleared=110), ALL_ALONG, 231, Verdict.EFFECTIVE),
        # Of the same owner, since the act: its doing.
        (incident(kind="workload.unavailable", since=5), ALL_ALONG, 6, Verdict.HARMFUL),
        (incident(kind="workload.unavailable", since=-5), ALL_ALONG, 6, None),
        # Silence: some patience, then unknown.
        (incident(cleared=10), Watch(ACTED, None), 359, None),
        (incident(cleared=10), Watch(ACTED, None), 361, Verdict.UNKNOWN),
        # The agent was down from the act on, and hears the cluster again after an hour: it watches a settle time anew.
        (incident(cleared=10), Watch(at(3600), None), 3600, None),
        (incident(cleared=10), Watch(at(3600), at(3602)), 3603, None),
        (incident(cleared=10), Watch(at(3600), at(3602)), 3723, Verdict.EFFECTIVE),
        (incident(), Watch(at(3600), at(3602)), 3603, None),
        (incident(), Watch(at(3600), at(3602)), 3843, Verdict.INEFFECTIVE),
        (None, ALL_ALONG, 121, Verdict.UNKNOWN),
    ],
)
def test_the_verdict_is_what_was_watched(found, watch, now, verdict):
    assert judge(RUN, found, (), watch, now=at(now)).verdict is verdict


def test_what_changed_nothing_has_no_effect_to_speak_of():
    assert judge(replace(RUN, acted_at=None), incident(), (), ALL_ALONG, now=at(200)).verdict is Verdict.UNKNOWN
