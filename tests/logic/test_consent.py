"""A signature counts for one plan, from one person, in time; anything else is refused and says why."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kronveil.logic import consent, journal
from kronveil.logic.interpreter import Ask, MakePlan, Perform, next_command
from kronveil.logic.journal import NotNow
from kronveil.logic.planning import plan_hash, plan_of
from kronveil.model.execution import Approval, Execution, ExecutionStatus
from tests.logic.test_runs import NOON, RUNBOOK, planned, requested, signed, steps

MINUTE = timedelta(minutes=1)


def needing(people: int) -> Execution:
    plan = plan_of(replace(RUNBOOK, approvals=people), steps(), NOON, timedelta(minutes=30))
    return journal.planned(requested(), plan, now=NOON)


def anew(run: Execution, at: datetime) -> Execution:
    return journal.planned(run, plan_of(RUNBOOK, steps(), at, timedelta(minutes=30), run.parameters), now=at)


def test_a_plan_that_needs_two_begins_with_the_second_signature():
    run = signed(needing(2), by="bob")
    assert (run.status, isinstance(next_command(run, NOON), Ask)) == (ExecutionStatus.AWAITING_APPROVAL, True)
    run = signed(run, by="eve")
    assert (run.status, isinstance(next_command(run, NOON), Perform)) == (ExecutionStatus.RUNNING, True)


def test_one_person_is_not_two():
    run = signed(needing(2), by="bob")
    with pytest.raises(NotNow, match="bob signed this plan already; it needs 2 different people"):
        signed(run, by="bob")


def test_callers_without_a_token_cannot_make_a_quorum():
    run = signed(needing(2), by="local")
    with pytest.raises(NotNow, match="cannot be told apart"):
        signed(run, by="local")


def test_who_asked_for_it_or_edited_it_may_not_sign():
    with pytest.raises(NotNow, match="who asked"):
        signed(planned(), by="ada")
    run = anew(consent.edited(planned(), "bob", {"percent": "20"}, "less", now=NOON), NOON)
    with pytest.raises(NotNow, match="who changed"):
        signed(run, by="bob")
    assert signed(run, by="eve").status is ExecutionStatus.RUNNING


def test_for_local_self_approval_is_let_pass_and_the_record_says_so():
    run = signed(replace(planned(), requested_by="local"), by="local")
    assert "signed it: without tokens" in run.approvals[0].note
    assert "without tokens" in run.story[-1].message
    assert signed(planned(), by="bob").approvals[0].note == ""


def test_a_signature_can_be_taken_back_until_the_run_begins():
    run = consent.revoked(signed(needing(2), by="bob"), "bob", "not so sure", now=NOON)
    assert run.approvals == ()
    run = signed(run, by="eve")
    assert run.status is ExecutionStatus.AWAITING_APPROVAL
    with pytest.raises(NotNow, match="no signature of bob"):
        consent.revoked(run, "bob", "again", now=NOON)
    with pytest.raises(NotNow, match="running"):
        consent.revoked(signed(planned()), "bob", "too late", now=NOON)


def test_an_edit_voids_what_was_signed_and_is_planned_with_another_hash():
    before = signed(needing(2), by="bob")
    assert before.plan is not None
    run = consent.edited(before, "cy", {"percent": "20"}, "less", now=NOON)
    assert isinstance(next_command(run, NOON), MakePlan)
    assert (run.approvals, run.plan) == ((), None)
    assert "void: the signatures of bob" in run.story[-1].message
    run = anew(run, NOON)
    assert run.plan is not None
    assert run.plan.hash != before.plan.hash
    assert plan_hash(RUNBOOK, steps(), {"percent": "20"}) == run.plan.hash
    with pytest.raises(NotNow, match="look again"):
        # Forwarded by somebody who looked at the plan as it was.
        consent.approved(run, Approval("eve", NOON, before.plan.hash, "yes"), now=NOON)


def test_a_replayed_signature_is_refused():
    run = signed(planned())
    with pytest.raises(NotNow, match="running"):
        signed(run)


def test_a_signature_that_was_given_for_another_run_is_refused():
    other = replace(planned(), id="exe_other")
    assert other.plan is not None
    other = replace(other, plan=replace(other.plan, hash=plan_hash(RUNBOOK, steps("8"))))
    assert other.plan is not None
    with pytest.raises(NotNow, match="look again"):
        consent.approved(planned(), Approval("bob", NOON, other.plan.hash, "yes"), now=NOON)


def test_a_late_signature_is_refused_also_when_others_came_in_time():
    run = signed(needing(2), by="bob")
    assert run.plan is not None
    with pytest.raises(NotNow, match="expired"):
        signed(run, by="eve", at=run.plan.expires_at)
    assert "expired" in consent.why_not(run, "eve", run.plan.expires_at)


def test_why_somebody_may_not_sign_is_told_beforehand():
    assert consent.why_not(planned(), "ada", NOON) == "who asked for a run may not approve it"
    assert consent.why_not(planned(), "bob", NOON) == ""
    assert "does not wait" in consent.why_not(signed(planned()), "eve", NOON)


def test_a_step_that_needs_approval_stops_an_automatic_run_there():
    told = [replace(steps()[0], needs_approval=True)]
    run = journal.planned(requested(automatic=True), plan_of(RUNBOOK, told, NOON, 30 * MINUTE), now=NOON)
    assert (run.status, run.is_automatic) == (ExecutionStatus.AWAITING_APPROVAL, False)
    left = [replace(told[0], left_out="not here"), *steps()[1:]]
    run = journal.planned(requested(automatic=True), plan_of(RUNBOOK, left, NOON, 30 * MINUTE), now=NOON)
    assert run.status is ExecutionStatus.RUNNING
