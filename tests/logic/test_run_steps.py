"""The steps of a run: at once, asked for, left out, tried again, set back. Whatever happens it ends, and tells the
truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic import journal
from kronveil.logic.interpreter import (
    Act,
    Ask,
    AskPerson,
    Finish,
    GiveUp,
    GiveUpUndo,
    MakePlan,
    Perform,
    Settle,
    Skip,
    Undo,
    Verify,
    Wait,
    next_command,
)
from kronveil.logic.journal import NotNow
from kronveil.logic.planning import plan_of
from kronveil.logic.response import ENDED
from kronveil.model.execution import Effect, Execution, ExecutionStatus, StepPlan, StepStatus, Verdict
from tests.logic.test_runs import NOON, RUNBOOK, requested, signed, steps

SECOND = timedelta(seconds=1)
ONE, TWO, THREE = steps()
READ = replace(ONE, name="look", effect=Effect.READ, undo="")
QUESTION = StepPlan("ask", "ask", Effect.READ, None, {}, "may I?", question="may I?", timeout=timedelta(minutes=5))


def begun(*plans: StepPlan, undo_on_failure: bool = False) -> Execution:
    runbook = replace(RUNBOOK, undo_on_failure=undo_on_failure)
    run = journal.planned(requested(), plan_of(runbook, plans, NOON, timedelta(minutes=30)), now=NOON)
    return signed(run)


def acts(run: Execution, now=NOON) -> Sequence[Act]:
    command = next_command(run, now)
    assert isinstance(command, Perform), command
    return command.acts


def plan_of_step(run: Execution, index: int) -> StepPlan:
    assert run.plan is not None
    return run.plan.steps[index]


def finish(run: Execution, now=NOON) -> Finish:
    command = next_command(run, now)
    assert isinstance(command, Finish), command
    return command


def done(run: Execution, index: int, *, has_changed: bool = True, now=NOON) -> Execution:
    act = next(act for act in acts(run, now) if act.index == index)
    return journal.step_done(journal.intended(run, [act], now=now), index, "did", has_changed=has_changed, now=now)


def test_steps_with_one_number_are_performed_at_once_and_the_next_waits_for_all():
    run = begun(replace(ONE, together=1), replace(TWO, together=1), THREE)
    assert [act.index for act in acts(run)] == [0, 1]
    run = journal.intended(run, acts(run), now=NOON)
    run = journal.step_done(run, 1, "did", has_changed=True, now=NOON)
    assert [(act.index, act.is_repeat) for act in acts(run)] == [(0, True)]
    run = journal.step_done(run, 0, "did", has_changed=True, now=NOON)
    assert [act.index for act in acts(run)] == [2]


def test_two_groups_next_to_each_other_are_two():
    run = begun(replace(ONE, together=1), replace(TWO, together=2))
    assert [act.index for act in acts(run)] == [0]


def test_a_step_that_is_left_out_is_noted_and_never_performed():
    run = begun(replace(ONE, left_out="no change came before"), TWO)
    command = next_command(run, NOON)
    assert command == Skip(0, plan_of_step(run, 0))
    run = journal.skipped(run, 0, plan_of_step(run, 0), now=NOON)
    assert (run.steps[0].status, run.steps[0].message) == (StepStatus.SKIPPED, "no change came before")
    assert [act.index for act in acts(run)] == [1]


def test_a_question_waits_for_a_person_and_goes_on_when_they_say_so():
    run = begun(QUESTION, TWO)
    assert next_command(run, NOON) == AskPerson(0, QUESTION)
    run = journal.asked(run, 0, QUESTION, now=NOON)
    assert next_command(run, NOON) == Wait(NOON + timedelta(minutes=5))
    run = journal.answered(run, 0, "ada", goes_on=True, reason="drained", now=NOON)
    assert "continue, said ada: drained" in run.steps[0].message
    assert [act.index for act in acts(run)] == [1]
    with pytest.raises(NotNow, match="asks nothing"):
        journal.answered(run, 0, "bob", goes_on=False, reason="no", now=NOON)


def test_a_question_that_is_answered_with_stop_ends_the_run_there():
    run = journal.asked(begun(QUESTION, TWO), 0, QUESTION, now=NOON)
    run = journal.answered(run, 0, "ada", goes_on=False, reason="not now", now=NOON)
    command = finish(run)
    assert command.status is ExecutionStatus.CANCELLED


def test_a_question_that_nobody_answers_ends_the_run_and_a_late_answer_is_refused():
    run = journal.asked(begun(QUESTION, TWO), 0, QUESTION, now=NOON)
    late = NOON + timedelta(minutes=5)
    command = finish(run, late)
    assert command == Finish(ExecutionStatus.EXPIRED, "nobody answered in time: may I?")
    with pytest.raises(NotNow, match="too late"):
        journal.answered(run, 0, "ada", goes_on=True, reason="yes", now=late)
    run = journal.ended(run, command.status, command.why, now=late)
    assert (run.steps[0].status, run.steps[0].message) == (StepStatus.FAILED, "nobody answered")


def test_a_step_that_may_come_later_is_tried_again_when_its_time_has_come():
    run = journal.intended(begun(ONE), acts(begun(ONE)), now=NOON)
    run = journal.step_unsure(run, 0, "too many requests", retry_at=NOON + 7 * SECOND, now=NOON)
    assert next_command(run, NOON) == Wait(NOON + 7 * SECOND)
    (act,) = acts(run, NOON + 7 * SECOND)
    assert act.is_repeat
    run = journal.intended(run, [act], now=NOON)
    assert (run.steps[0].tries, run.steps[0].retry_at) == (2, None)


def test_a_step_says_itself_how_often_it_is_tried_again():
    run = begun(replace(ONE, retries=0))
    run = journal.intended(run, acts(run), now=NOON)
    run = journal.step_unsure(run, 0, "it did not answer", retry_at=NOON, now=NOON)
    command = finish(run, NOON)
    assert command == Finish(ExecutionStatus.FAILED, "s0: it did not answer; it may have been done")
    run = journal.ended(run, command.status, command.why, now=NOON)
    assert (run.steps[0].status, run.verdict) == (StepStatus.INTENDED, Verdict.UNKNOWN)
    assert run.needs_person == "s0 may have been done: look at the target"


def test_a_step_that_only_reads_is_given_up_and_the_run_goes_on():
    run = begun(replace(READ, retries=0), TWO)
    run = journal.intended(run, acts(run), now=NOON)
    run = journal.step_unsure(run, 0, "no answer", retry_at=NOON, now=NOON)
    assert next_command(run, NOON) == GiveUp(0, "no answer")
    run = journal.step_failed(run, 0, "no answer", now=NOON)
    assert [act.index for act in acts(run)] == [1]


def test_a_run_that_takes_too_long_ends_but_people_may_take_their_time():
    run = journal.asked(begun(QUESTION, TWO, THREE), 0, QUESTION, now=NOON)
    answered = NOON + timedelta(minutes=4)
    run = journal.answered(run, 0, "ada", goes_on=True, reason="yes", now=answered)
    assert acts(run, NOON + timedelta(minutes=33))
    command = next_command(run, NOON + timedelta(minutes=34))
    assert command == Finish(ExecutionStatus.FAILED, "it took longer than 1800 s")


def test_where_the_runbook_asks_for_it_what_was_changed_is_set_back_when_a_later_step_fails():
    run = done(begun(ONE, TWO, undo_on_failure=True), 0)
    run = journal.intended(run, acts(run), now=NOON)
    run = journal.step_failed(run, 1, "a webhook denied it", now=NOON)
    command = next_command(run, NOON)
    assert isinstance(command, Undo)
    assert (command.index, command.key) == (0, f"{run.id}-0-undo")
    run = journal.step_undone(journal.undo_intended(run, 0, now=NOON), 0, "back", has_worked=True, now=NOON)
    assert next_command(run, NOON) == Finish(ExecutionStatus.FAILED, "s1: a webhook denied it")
    assert [record.status for record in run.steps] == [StepStatus.UNDONE, StepStatus.FAILED]


def test_without_that_nothing_is_set_back():
    run = done(begun(ONE, TWO), 0)
    run = journal.step_failed(journal.intended(run, acts(run), now=NOON), 1, "denied", now=NOON)
    assert next_command(run, NOON) == Finish(ExecutionStatus.FAILED, "s1: denied")


def test_what_may_have_been_done_is_set_back_too():
    run = begun(replace(ONE, retries=0), undo_on_failure=True)
    run = journal.step_unsure(journal.intended(run, acts(run), now=NOON), 0, "lost", retry_at=NOON, now=NOON)
    assert isinstance(next_command(run, NOON), Undo)


def test_an_undo_that_does_not_work_is_given_up_after_a_while_and_a_person_is_told():
    run = done(begun(ONE, TWO, undo_on_failure=True), 0)
    run = journal.step_failed(journal.intended(run, acts(run), now=NOON), 1, "denied", now=NOON)
    tries = 0
    while isinstance(command := next_command(run, NOON), Undo):
        tries += 1
        run = journal.undo_intended(run, command.index, now=NOON)
        run = journal.step_unsure(run, command.index, "no answer", retry_at=None, now=NOON)
    assert (tries, command) == (10, GiveUpUndo(0, "no answer"))
    run = journal.step_undone(run, 0, "not undone: no answer", has_worked=False, now=NOON)
    assert run.steps[0].status is StepStatus.NOT_UNDONE
    assert "s0 could not be set back" in run.needs_person


@dataclass
class World:
    """A target that acts once for each key, and undoes only what was done."""

    acted: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    def act(self, key: str) -> None:
        if key not in self.acted:
            self.acted.append(key)

    def undo(self, key: str) -> bool:
        if key.removesuffix("-undo") in self.acted and key not in self.undone:
            self.undone.append(key)
        return key in self.undone


Fate = st.sampled_from(["done", "done", "killed before", "killed after", "transient", "lost", "permanent"])
Steps = st.lists(
    st.builds(
        lambda step, together, left_out: replace(step, together=together, left_out=left_out),
        st.sampled_from([ONE, TWO, replace(THREE, undo=""), READ, QUESTION]),
        st.sampled_from([None, None, 1, 2]),
        st.sampled_from(["", "", "", "not here"]),
    ),
    min_size=1,
    max_size=6,
)


@given(
    plans=Steps,
    fates=st.lists(Fate, max_size=25),
    verdict=st.sampled_from([Verdict.EFFECTIVE, Verdict.INEFFECTIVE, Verdict.HARMFUL, Verdict.UNKNOWN]),
    undo_on_failure=st.booleans(),
    answer=st.sampled_from(["continue", "stop", "none"]),
    stop=st.one_of(st.none(), st.tuples(st.integers(0, 12), st.booleans())),
)
def test_however_often_it_is_killed_a_run_ends_acts_once_and_tells_the_truth(  # noqa: C901, PLR0912, PLR0915, PLR0917 - one world, step by step
    plans, fates, verdict, undo_on_failure, answer, stop
):
    run, world, todo, now = begun(*plans, undo_on_failure=undo_on_failure), World(), list(fates), NOON
    for turn in range(400):
        now += SECOND
        if stop is not None and turn == stop[0] and run.status is ExecutionStatus.RUNNING:
            run = journal.told_to_stop(run, "ada", after_step=stop[1], now=now)
        command = next_command(run, now)
        if command is None:
            break
        match command:
            case Perform(together, _):
                for act in together:
                    assert not act.step.left_out
                    assert not act.step.question
                    assert act.is_repeat == any(record.index == act.index for record in run.steps)
                assert len({act.step.together for act in together}) == 1
                # What is not written down before may not act.
                run = journal.intended(run, together, now=now)
                for act in together:
                    fate = todo.pop() if todo else "done"
                    is_reading = act.step.effect is Effect.READ
                    if fate in ("done", "killed after", "lost") and not is_reading:
                        world.act(act.key)
                    if fate == "done":
                        run = journal.step_done(run, act.index, "did", has_changed=not is_reading, now=now)
                    elif fate in ("transient", "lost"):
                        run = journal.step_unsure(run, act.index, "no answer", retry_at=now + 3 * SECOND, now=now)
                    elif fate == "permanent" and act.key not in world.acted:
                        run = journal.step_failed(run, act.index, "no", now=now)
                    elif fate.startswith("killed"):
                        break  # and those beside it with it
            case Skip(index, step):
                run = journal.skipped(run, index, step, now=now)
            case AskPerson(index, step):
                run = journal.asked(run, index, step, now=now)
            case Wait(until):
                waiting = next((record for record in run.steps if record.status is StepStatus.WAITING), None)
                if waiting is not None and answer != "none":
                    goes_on = answer == "continue"
                    run = journal.answered(run, waiting.index, "ada", goes_on=goes_on, reason="so", now=now)
                else:
                    assert until > now
                    now = until
            case GiveUp(index, why):
                run = journal.step_failed(run, index, why, now=now)
            case Settle():
                run = journal.settling(run, timedelta(seconds=5), now=now)
            case Verify():
                run = journal.judged(run, verdict, "as it is", now=now)
            case Undo(index, _, key):
                run = journal.undo_intended(run, index, now=now)
                fate = todo.pop() if todo else "done"
                has_worked = world.undo(key) if fate in ("done", "killed after", "lost") else False
                if fate == "done":
                    run = journal.step_undone(run, index, "back", has_worked=has_worked, now=now)
                elif fate == "permanent":
                    run = journal.step_undone(run, index, "changed since", has_worked=False, now=now)
            case GiveUpUndo(index, why):
                run = journal.step_undone(run, index, why, has_worked=False, now=now)
            case Finish(status, why):
                run = journal.ended(run, status, why, now=now)
            case MakePlan() | Ask():
                pytest.fail(f"{command} after it was approved")
    assert run.status in ENDED, "it is not stuck"
    assert len(set(world.acted)) == len(world.acted), "no effect twice"
    _check_record(run, world)
    if world.acted:
        assert run.verdict is not None


def _check_record(run: Execution, world: World) -> None:
    """The record says what was done, and never less; what it does not know it calls so."""
    for record in run.steps:
        was_done, was_undone = record.key in world.acted, f"{record.key}-undo" in world.undone
        match record.status:
            case StepStatus.DONE if record.has_changed:
                assert was_done
                assert not was_undone
            case StepStatus.UNDONE:
                assert was_undone
            case StepStatus.SKIPPED | StepStatus.WAITING:
                assert not was_done
            case StepStatus.FAILED if record.tries == 1:
                assert not was_done
            case StepStatus.INTENDED if was_done:
                assert record.name in run.needs_person or run.needs_person
            case StepStatus.NOT_UNDONE:
                assert run.needs_person
            case _:
                pass
    told = {record.key for record in run.steps if record.status is not StepStatus.SKIPPED}
    assert set(world.acted) <= told
