"""A run, from its request to its verdict: whatever happens, it ends, acts at most once a step, and says what it did."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic import journal
from kronveil.logic.interpreter import Act, Ask, Finish, MakePlan, Settle, Undo, Verify, next_command, undoing
from kronveil.logic.planning import plan_hash, plan_of
from kronveil.logic.response import ENDED, Bounds, Leave, matching, may_act
from kronveil.model.event import Severity
from kronveil.model.execution import (
    Approval,
    Effect,
    Execution,
    ExecutionStatus,
    FieldDiff,
    Mode,
    StepPlan,
    StepStatus,
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
    return journal.approved(run, Approval(by, at, run.plan.hash, "yes"), now=at)


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
        journal.approved(planned(), Approval("bob", NOON, "0" * 64, "yes"), now=NOON)


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


@dataclass
class World:
    """A target that acts once for each key, under a driver that may be killed between any two lines."""

    acted: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    def act(self, key: str) -> None:
        if key not in self.acted:
            self.acted.append(key)


Outcome = st.sampled_from(["done", "killed before", "killed after", "transient", "permanent"])


@given(
    outcomes=st.lists(Outcome, max_size=12),
    verdict=st.sampled_from([Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL, Verdict.UNKNOWN]),
    stop=st.one_of(st.none(), st.tuples(st.integers(0, 8), st.booleans())),
)
def test_however_often_it_is_killed_a_run_ends_and_no_step_acts_twice(  # noqa: C901, PLR0912 - one world, step by step
    outcomes, verdict, stop
):
    run, world, todo, now = signed(planned()), World(), list(outcomes), NOON
    for turn in range(200):
        now += timedelta(seconds=1)
        if stop is not None and turn == stop[0] and run.status is ExecutionStatus.RUNNING:
            run = journal.told_to_stop(run, "ada", after_step=stop[1], now=now)
        command = next_command(run, now)
        if command is None:
            break
        match command:
            case Act(index, step, key, is_repeat):
                assert is_repeat == any(record.index == index for record in run.steps)
                # What is not written down before may not act.
                run = journal.intended(run, index, step, key, now=now)
                outcome = todo.pop() if todo else "done"
                if outcome in ("done", "killed after"):
                    world.act(key)
                if outcome == "done":
                    run = journal.step_done(run, index, "did", has_changed=True, now=now)
                elif outcome in ("transient", "permanent"):
                    run = journal.step_failed(run, index, "no", may_retry=outcome == "transient", now=now)
            case Settle():
                run = journal.settling(run, timedelta(seconds=5), now=now)
            case Verify():
                run = journal.judged(run, verdict, "as it is", now=now)
            case Undo(index, _, key):
                world.undone.append(key)
                run = journal.step_undone(run, index, "back", has_worked=True, now=now)
            case Finish(status, why):
                run = journal.ended(run, status, why, now=now)
            case MakePlan() | Ask():
                pytest.fail(f"{command} after it was approved")
    assert run.status in ENDED
    assert len(set(world.acted)) == len(world.acted)
    # The record says what was done, and never less.
    told = {record.key for record in run.steps if record.status is not StepStatus.FAILED or not record.has_changed}
    assert set(world.acted) <= told
    if run.status is ExecutionStatus.DONE and verdict is Verdict.HARMFUL:
        assert len(world.undone) == len(world.acted)
    if world.acted:
        assert run.verdict is not None
    assert undoing(run) is None or verdict is not Verdict.HARMFUL or run.status is not ExecutionStatus.DONE
