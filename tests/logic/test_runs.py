"""A run, from its request to its verdict: whatever happens, it ends, acts at most once a step, and says what it did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kronveil.logic import consent, journal
from kronveil.logic.interpreter import Ask, Finish, next_command
from kronveil.logic.planning import plan_hash, plan_of
from kronveil.logic.response import Bounds, Leave, matching, may_act
from kronveil.model.event import Severity
from kronveil.model.execution import (
    Approval,
    Effect,
    Execution,
    ExecutionStatus,
    FieldDiff,
    Mode,
    StepPlan,
    Target,
    Verdict,
)
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus
from kronveil.model.resource import Resource
from kronveil.model.runbook import Runbook, RunbookStep

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
OWNER = Resource("Deployment", "checkout", "shop", "d-1")
RUNBOOK = Runbook(
    "pod-oom",
    "Pod OOM",
    "",
    ("OOMKilled",),
    tuple(RunbookStep(f"s{n}", "set", {}) for n in range(3)),
    auto_execute=True,
)
LIVE = Bounds(live=True)


def incident(**more) -> Incident:
    held = Condition("pod.oom_killed", Resource("Pod", "checkout-1", "shop", "p-1"), "app", NOON, NOON)
    whole = Incident(
        "inc-1", "k", "pod.oom_killed", "memory", "checkout ran out of memory", Severity.HIGH, IncidentStatus.OPEN,
        ClusterRef("uid", "east"), OWNER, NOON, NOON, conditions=(held,),
    )  # fmt: skip
    return replace(whole, **more)


def steps(version: str = "7", effect: Effect = Effect.MUTATE) -> list[StepPlan]:
    target = Target("uid", "east", OWNER, version)
    diff = (FieldDiff("spec.x", "1", "2"),)
    return [StepPlan(each.name, each.action, effect, target, {}, "do", diff, undo="back") for each in RUNBOOK.steps]


def requested(*, automatic: bool = False, mode: Mode = Mode.LIVE) -> Execution:
    return journal.requested(RUNBOOK, incident(), mode=mode, by="ada", is_automatic=automatic, turn=0, now=NOON)


def planned(**more) -> Execution:
    plan = plan_of(RUNBOOK, steps(), NOON, timedelta(minutes=30))
    return journal.planned(requested(**more), plan, now=NOON)


def signed(run: Execution, *, by: str = "bob", at: datetime = NOON) -> Execution:
    assert run.plan is not None
    return consent.approved(run, Approval(by, at, run.plan.hash, "yes"), now=at)


def test_a_plan_waits_for_approval_and_expires():
    run = planned()
    assert run.plan is not None
    assert isinstance(next_command(run, NOON), Ask)
    late = next_command(run, run.plan.expires_at)
    assert late == Finish(ExecutionStatus.EXPIRED, "nobody approved it in time")
    with pytest.raises(journal.NotNow, match="expired"):
        signed(run, at=run.plan.expires_at)


def test_an_approval_of_another_plan_is_refused():
    with pytest.raises(journal.NotNow, match="look again"):
        consent.approved(planned(), Approval("bob", NOON, "0" * 64, "yes"), now=NOON)


def test_an_approval_that_is_given_twice_is_refused_the_second_time():
    with pytest.raises(journal.NotNow, match="running"):
        signed(signed(planned()))


@pytest.mark.parametrize("change", [{"version": "8"}, {"effect": Effect.DESTROY}])
def test_a_plan_for_another_version_or_effect_has_another_hash(change):
    assert plan_hash(RUNBOOK, steps()) == plan_hash(RUNBOOK, steps())
    assert plan_hash(RUNBOOK, steps()) != plan_hash(RUNBOOK, steps(**change))
    assert plan_hash(RUNBOOK, steps()) != plan_hash(replace(RUNBOOK, digest="x"), steps())


def test_a_rehearsal_is_over_with_its_plan_and_counts_as_nothing():
    run = planned(mode=Mode.REHEARSE)
    assert (run.status, run.verdict, run.acted_at) == (ExecutionStatus.DONE, Verdict.REHEARSED, None)
    assert may_act(RUNBOOK, run.target_key, [run] * 50, LIVE, NOON) is Leave.RUN


def test_the_names_people_know_stand_for_kinds():
    assert matching([RUNBOOK], incident()) == [RUNBOOK]
    assert matching([RUNBOOK], incident(status=IncidentStatus.RESOLVED)) == []


def past(verdict: Verdict, minutes_ago: float, **more) -> Execution:
    at = NOON - timedelta(minutes=minutes_ago)
    run = replace(planned(), status=ExecutionStatus.DONE, verdict=verdict, requested_at=at, acted_at=at)
    return replace(run, **more)


@pytest.mark.parametrize(
    ("runs", "bounds", "leave"),
    [
        ([], LIVE, Leave.RUN),
        ([], replace(LIVE, auto_execute=False), Leave.ASK),
        ([], Bounds(), Leave.REHEARSE_LIVE_OFF),
        ([], replace(LIVE, is_stopped=True), Leave.REFUSE_STOPPED),
        ([replace(planned(), status=ExecutionStatus.RUNNING)], LIVE, Leave.REFUSE_LOCKED),
        ([requested(automatic=True)], LIVE, Leave.REFUSE_LOCKED),
        ([requested()], LIVE, Leave.RUN),
        ([replace(requested(automatic=True), target_key=f"t{n}") for n in range(30)], LIVE, Leave.REFUSE_FLEET_BUDGET),
        ([planned()], LIVE, Leave.RUN),
        ([past(Verdict.INEFFECTIVE, 5), past(Verdict.INEFFECTIVE, 9)], LIVE, Leave.REFUSE_INEFFECTIVE_TWICE),
        ([past(Verdict.INEFFECTIVE, 5), past(Verdict.EFFECTIVE, 9)], LIVE, Leave.RUN),
        ([past(Verdict.HARMFUL, 5)], LIVE, Leave.REFUSE_HARMFUL),
        ([past(Verdict.EFFECTIVE, n) for n in (1, 2, 3)], LIVE, Leave.REFUSE_TARGET_BUDGET),
        ([past(Verdict.EFFECTIVE, n, target_key="other") for n in (1, 2, 3)], LIVE, Leave.RUN),
        ([past(Verdict.EFFECTIVE, 1, target_key=f"t{n}") for n in range(30)], LIVE, Leave.REFUSE_FLEET_BUDGET),
        ([past(Verdict.EFFECTIVE, 1)], replace(LIVE, cooldown=timedelta(minutes=2)), Leave.REFUSE_COOLDOWN),
    ],
)
def test_a_runbook_acts_only_where_it_may(runs, bounds, leave):
    assert may_act(RUNBOOK, planned().target_key, runs, bounds, NOON) is leave
