"""What a policy is told of a run, and how little of what it answers counts as a yes."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic import autonomy
from kronveil.logic.auditing import notes_of_run
from kronveil.logic.calendar import Calendar
from kronveil.logic.policy import Case, Who, decided, document, undecided
from kronveil.logic.response import Bounds
from kronveil.model.autonomy import Level, Standing, Tally
from kronveil.model.execution import Effect, Execution, ExecutionStatus, Verdict
from kronveil.model.policy import Point
from tests.logic.test_runs import NOON, RUNBOOK, incident, planned, requested, signed

EFFECTS = {"set": Effect.MUTATE}


def case(**more) -> Case:
    whole = Case(
        Point.PROPOSE, Who("ada", ("operator",)), RUNBOOK, incident(), autonomy.beginning(RUNBOOK, NOON),
        EFFECTS, (), Bounds(live=True), Calendar(), NOON,
    )  # fmt: skip
    return replace(whole, **more)


def told_of(asked: Case) -> dict[str, Any]:
    """What a policy is told, as it comes to it."""
    told: dict[str, Any] = json.loads(json.dumps(document(asked)))
    return told


def test_it_is_told_who_what_where_when_and_how_often():
    told = told_of(case())
    assert told["who"] == {"name": "ada", "roles": ["operator"], "automatic": False}
    assert (told["where"]["cluster"], told["where"]["namespace"]) == ("east", "shop")
    assert told["what"]["runbook"]["level"] == "automatic"
    assert {each["built_in"] for each in told["what"]["steps"]} == {True}
    assert (told["when"]["weekday"], told["settings"]["live"]) == ("wednesday", True)


def test_before_there_is_a_plan_a_step_counts_at_its_worst_and_one_that_nobody_knows_as_destroying():
    told = told_of(case(effects={}))
    assert {(each["effect"], each["built_in"]) for each in told["what"]["steps"]} == {("destroy", False)}


def test_with_a_plan_it_is_told_the_targets_and_the_fields_but_no_values():
    run = signed(planned())
    told = told_of(case(run=run, point=Point.START))
    (step, *_) = told["what"]["steps"]
    assert (step["target"]["name"], step["changes"]) == ("checkout", ["spec.x"])
    assert (told["what"]["approved_by"], told["what"]["plan_hash"]) == (["bob"], run.plan.hash)
    assert told["what"]["approved_at"] == "2026-11-25T12:00:00Z"


def test_runs_that_acted_are_counted_in_windows():
    acted = replace(planned(), id="a", status=ExecutionStatus.DONE, verdict=Verdict.HARMFUL)
    past = [replace(acted, acted_at=NOON - timedelta(minutes=minutes)) for minutes in (5, 59, 61, 1439, 1441)]
    told = told_of(case(past=past, run=planned()))
    assert (told["often"]["fleet_1h"], told["often"]["runbook_24h"], told["often"]["target_1h"]) == (2, 4, 2)
    assert told["record"]["last_verdict"] == "harmful"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["allow", "deny", "permit", "other"]), PLAIN))
def test_only_a_plain_yes_that_nothing_denies_is_a_yes(answer):
    decision = decided(case(), answer, told_of(case()), "p")
    said_no = isinstance(answer.get("deny"), list) and answer["deny"]
    assert decision.is_allowed == (answer.get("allow") is True and not said_no)
    assert decision.why
    assert decision.rule


def test_what_cannot_be_evaluated_is_denied_and_says_so():
    decision = undecided(case(), told_of(case()), "p", "it was not evaluated within 5 s")
    assert (decision.is_allowed, "could not be evaluated" in decision.why) == (False, True)


# --- what the audit says of runs ---


def test_each_line_of_a_runs_story_is_one_note_with_who_did_it():
    began = requested()
    ready = planned()
    assert [(each.actor, each.act) for each in notes_of_run(None, began)] == [("ada", "execution.requested")]
    (made,) = notes_of_run(began, replace(ready, story=(*began.story, *ready.story[1:])))
    assert made.act == "execution.planned"
    told = json.loads(made.after or "")
    assert (told["plan"], told["steps"][0]["diff"]) == (ready.plan.hash, [["spec.x", "1", "2"]])
    (approved, *_) = notes_of_run(ready, signed(ready))
    assert (approved.actor, approved.act, approved.why) == ("bob", "execution.approved", "yes")
    assert json.loads(approved.after or "")["plan"] == ready.plan.hash
    assert notes_of_run(ready, ready) == []


# --- earned autonomy ---


def done(verdict: Verdict, run_id: str = "r") -> tuple[Execution, Execution]:
    before = replace(signed(planned()), id=run_id, acted_at=NOON)
    return before, replace(before, verdict=verdict, status=ExecutionStatus.DONE)


def after(standing: Standing, *verdicts: Verdict) -> Standing:
    for verdict in verdicts:
        standing = autonomy.counted(standing, *done(verdict))
    return standing


def test_the_flag_of_the_runbook_is_where_it_begins():
    assert autonomy.beginning(RUNBOOK, NOON).level is Level.AUTOMATIC
    assert autonomy.beginning(replace(RUNBOOK, auto_execute=False), NOON).level is Level.APPROVE


def test_another_wording_begins_anew():
    earned = after(autonomy.beginning(RUNBOOK, NOON), Verdict.EFFECTIVE)
    assert autonomy.standing_of(RUNBOOK, earned, NOON) is earned
    anew = autonomy.standing_of(replace(RUNBOOK, digest="other"), earned, NOON)
    assert (anew.record, anew.effective_in_a_row) == ({}, 0)


def test_what_becomes_of_runs_is_counted_at_the_level_they_ran_at():
    standing = autonomy.beginning(replace(RUNBOOK, auto_execute=False), NOON)
    by_agent = replace(requested(), requested_by="kronveil")
    standing = autonomy.counted(standing, None, by_agent)
    standing = autonomy.counted(standing, by_agent, planned())
    standing = autonomy.counted(standing, planned(), signed(planned()))
    standing = after(standing, Verdict.EFFECTIVE, Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.EFFECTIVE)
    expected = Tally(matched=1, rehearsed=1, approved=1, effective=3, ineffective=1)
    assert (standing.record, standing.effective_in_a_row) == ({Level.APPROVE: expected}, 1)
    assert autonomy.counted(standing, *[done(Verdict.EFFECTIVE)[1]] * 2) is standing


@pytest.mark.parametrize(
    ("level", "left"),
    [(Level.AUTOMATIC, Level.APPROVE), (Level.APPROVE, Level.SUGGEST), (Level.SUGGEST, Level.SUGGEST)],
)
def test_harm_costs_a_level_at_once_and_no_run_in_a_row_is_left(level, left):
    standing = replace(after(autonomy.beginning(RUNBOOK, NOON), *[Verdict.EFFECTIVE] * 3), level=level)
    harmed = after(standing, Verdict.HARMFUL)
    assert (harmed.level, harmed.effective_in_a_row) == (left, 0)


@given(st.lists(st.sampled_from([Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL, Verdict.UNKNOWN])))
def test_no_history_raises_a_level_by_itself(verdicts):
    start = replace(autonomy.beginning(RUNBOOK, NOON), level=Level.APPROVE)
    assert not autonomy.is_rise(start, after(start, *verdicts).level)
