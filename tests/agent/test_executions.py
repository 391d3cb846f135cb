"""The loop: what is proposed, carried out, asked, set back and stopped; never more than the bounds let it."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import anyio
import pytest

from kronveil.agent.desk import Refused
from kronveil.logic.response import ENDED
from kronveil.model.event import Severity
from kronveil.model.execution import ExecutionStatus, Mode, StepStatus, Verdict
from kronveil.model.incident import IncidentStatus
from kronveil.sdk.storage import Overtaken
from tests.agent.loop_world import LIVE, NOON, Setting, incident, now, runbook, step, until
from tests.virtual_time import VIRTUAL_TIME

pytestmark = pytest.mark.anyio
ASKED = replace(LIVE, auto_execute=False)


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL_TIME


def has_ended(setting: Setting) -> bool:
    return bool(setting.disk.runs) and all(run.status in ENDED for run in setting.disk.runs.values())


def waits(setting: Setting) -> bool:
    return any(run.status is ExecutionStatus.AWAITING_APPROVAL for run in setting.disk.runs.values())


def statuses(setting: Setting) -> list[StepStatus]:
    return [record.status for record in setting.run.steps]


async def test_steps_of_one_group_are_performed_at_once_and_what_follows_waits_for_them():
    group = step("both", "", together=(step("a"), step("b")))
    setting = Setting((runbook(group, step("c")),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.world.effects) == 3)
    assert setting.world.most_at_once == 2
    began = {name: at for name, _, at in setting.world.began}
    assert began["a"] == began["b"]
    assert began["c"] >= began["a"] + 0.5


async def test_a_question_is_asked_and_the_answer_lets_the_run_go_on():
    setting = Setting((runbook(step("a"), step("ask", "", question="did it drain?"), step("b")),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: StepStatus.WAITING in (statuses(setting) if setting.disk.runs else ()))
        await anyio.sleep(60)
        assert len(setting.world.effects) == 1
        with pytest.raises(Refused, match="asks nothing at step 1"):
            await loop.answer(setting.run.id, 0, "ada", goes_on=True, reason="yes")
        await loop.answer(setting.run.id, 1, "ada", goes_on=True, reason="it did")
        await until(lambda: len(setting.world.effects) == 2)
        with pytest.raises(Refused, match="asks nothing"):
            await loop.answer(setting.run.id, 1, "bob", goes_on=False, reason="no")


async def test_a_question_that_nobody_answers_ends_the_run_in_time():
    setting = Setting((runbook(step("ask", "", question="go?", timeout=timedelta(minutes=3)), step("b")),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
        assert timedelta(minutes=3) <= now() - NOON < timedelta(minutes=4)
    assert (setting.run.status, setting.world.effects) == (ExecutionStatus.EXPIRED, [])


async def test_tries_come_later_and_later_and_then_it_is_given_up():
    setting = Setting((runbook(step("a")),))
    setting.world.fate = lambda _: "down"
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
    assert (setting.run.status, setting.run.steps[0].tries) == (ExecutionStatus.FAILED, 4)
    begun = [at for _, _, at in setting.world.began]
    gaps = [later - sooner - 0.25 for sooner, later in pairwise(begun)]
    assert [low <= gap <= 2 * low + 0.1 for gap, low in zip(gaps, (0.5, 1, 2), strict=True)] == [True] * 3, gaps
    assert len({key for _, key, _ in setting.world.began}) == 1, "always under the same key"


async def test_a_step_that_never_ends_is_given_up_in_its_own_time():
    setting = Setting((runbook(step("a", timeout=timedelta(seconds=0.1), retries=0)),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
    assert "did not come to an end within 0.1 s" in setting.run.problem
    assert setting.world.effects == []


async def test_an_action_that_breaks_fails_its_step_and_nothing_else():
    setting = Setting((runbook(step("a")),))
    setting.world.fate = lambda _: "broken"
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
    assert statuses(setting) == [StepStatus.FAILED]
    assert "made a mistake (ZeroDivisionError)" in setting.run.problem


async def test_a_failure_sets_back_what_was_changed_where_the_runbook_asks_for_it():
    setting = Setting((runbook(step("a"), step("b"), undo_on_failure=True),))
    setting.world.fate = lambda name: "refused" if name == "b" else "done"
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
    assert setting.world.undone == [f"{key}-undo" for key in setting.world.done]
    assert statuses(setting) == [StepStatus.UNDONE, StepStatus.FAILED]
    assert "a webhook denied it" in setting.run.problem


async def test_what_does_harm_is_set_back_also_when_that_takes_several_tries():
    setting = Setting((runbook(step("a")),))
    downs = iter(["done", "down", "down"])
    setting.world.fate = lambda _: next(downs, "done")
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.world.effects) == 1)
        await anyio.sleep(1)
        worse = incident(2, kind="workload.unavailable")
        later = tuple(replace(each, since=now()) for each in worse.conditions)
        setting.happens(loop, replace(worse, conditions=later))
        await until(lambda: has_ended(setting))
    assert (setting.run.verdict, statuses(setting)) == (Verdict.HARMFUL, [StepStatus.UNDONE])
    assert len(setting.world.undone) == 1
    assert "did harm" in setting.run.needs_person


async def test_a_runbook_that_does_not_help_twice_is_stopped_there_and_a_person_is_called():
    setting = Setting((runbook(step("a")),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.disk.runs) == 2 and has_ended(setting))
        await anyio.sleep(600)
        loop.notice([incident()])
        await anyio.sleep(60)
        with pytest.raises(Refused, match="ineffective twice"):
            await loop.request("book", "inc-1", Mode.LIVE, "ada")
    first, second = sorted(setting.disk.runs.values(), key=lambda run: run.requested_at)
    assert (first.needs_person, first.verdict) == ("", Verdict.INEFFECTIVE)
    assert "did not help twice in a row" in second.needs_person
    assert len(setting.world.effects) == 2
    assert any("a person is needed" in words for _, words in setting.around.told)
    (notice,) = setting.pager.notices
    assert (notice.incident_id, notice.key) == ("inc-1", f"{second.id}-person")
    assert any("told pager (ada)" in words for _, words in setting.around.told)


async def test_that_nobody_could_be_called_is_told_on_the_incident():
    setting = Setting((runbook(step("a", retries=0)),))
    setting.world.fate, setting.pager.is_down = (lambda _: "lost"), True
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: has_ended(setting))
        await anyio.sleep(1)
    assert "may have been done" in setting.run.needs_person
    assert any("nobody was told; not told: pager: connection refused" in words for _, words in setting.around.told)


async def test_two_incidents_of_one_target_at_the_same_moment_never_act_on_it_at_once():
    setting = Setting((runbook(step("a")),), replace(LIVE, target_actions=10))
    async with setting.agent() as loop:
        setting.happens(loop, incident(1), incident(2), incident(3))
        await until(lambda: len({run.incident_id for run in setting.disk.runs.values()}) == 1)
        setting.around.cure("inc-1", now())
        await until(lambda: has_ended(setting))
        assert setting.world.most_at_target == 1
        # What was locked out comes when the way is free.
        setting.around.incidents.pop("inc-1")
        await until(lambda: len(setting.disk.runs) >= 2)
        await until(lambda: has_ended(setting))
    assert setting.world.most_at_target == 1


async def test_a_storm_of_incidents_never_gets_more_acts_than_the_fleet_is_given():
    bounds = replace(LIVE, fleet_actions=5, fleet_window=timedelta(minutes=10))
    setting = Setting((runbook(step("a")),), bounds)
    async with setting.agent() as loop:
        setting.happens(loop, *(incident(n, owner=f"app-{n}") for n in range(40)))
        await anyio.sleep(300)
        assert len(setting.world.effects) == 5
        # The window moves on: others get their turn, again no more than that.
        await until(lambda: len(setting.world.effects) > 5)
        await anyio.sleep(300)
        assert len(setting.world.effects) <= 10


async def test_a_flapping_target_gets_no_more_acts_than_its_budget():
    bounds = replace(LIVE, target_actions=3, target_window=timedelta(hours=1))
    setting = Setting((runbook(step("a")), replace(runbook(step("b")), id="other")), bounds)
    async with setting.agent() as loop:
        for n in range(12):
            setting.happens(loop, incident(n))
            await anyio.sleep(60)
            setting.around.cure(f"inc-{n}", now())
            await anyio.sleep(60)
    assert len(setting.world.effects) == 3


async def test_a_run_that_is_stopped_now_tells_that_its_step_may_have_been_done():
    setting = Setting((runbook(step("a"), step("b")),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.world.began) == 1)
        await loop.stop(setting.run.id, "ada", after_step=False)
        await until(lambda: has_ended(setting))
    run = setting.run
    assert (run.status, statuses(setting)) == (ExecutionStatus.CANCELLED, [StepStatus.INTENDED])
    assert "may have been done" in run.problem
    assert run.needs_person


async def test_a_target_that_changed_after_it_was_signed_is_refused_with_the_difference():
    setting = Setting((runbook(step("look", "look"), step("a")),), ASKED)
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: waits(setting))
        assert setting.run.plan is not None
        setting.world.versions["checkout"] = 5
        await loop.approve(setting.run.id, setting.run.plan.hash, "ada", "go")
        await until(lambda: has_ended(setting))
    assert "spec.x was 1 and is 5" in setting.run.problem
    assert setting.world.effects == []


async def test_an_edited_plan_is_made_anew_and_the_old_signature_opens_nothing():
    setting = Setting((runbook(step("a")),), ASKED)
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: waits(setting))
        assert setting.run.plan is not None
        old = setting.run.plan.hash
        setting.world.versions["checkout"] = 5
        await loop.edit(setting.run.id, "ada", {}, "the target is another")
        await until(lambda: waits(setting))
        with pytest.raises(Refused, match="look again"):
            await loop.approve(setting.run.id, old, "bob", "go")
        await loop.approve(setting.run.id, setting.run.plan.hash, "bob", "go")
        await until(lambda: len(setting.world.effects) == 1)


async def test_an_agent_that_was_overtaken_does_nothing_more():
    setting = Setting((runbook(step("a")),), ASKED)
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: waits(setting))
        async with setting.agent():
            assert setting.run.plan is not None
            with pytest.raises(Overtaken):
                await loop.approve(setting.run.id, setting.run.plan.hash, "ada", "go")
            assert loop.health[0] == "overtaken"
            await anyio.sleep(300)
            loop.notice([incident(2)])
            await anyio.sleep(60)
    assert (setting.world.effects, len(setting.disk.runs)) == ([], 1)


async def test_an_incident_is_mitigated_only_once_no_symptom_is_seen_and_before_the_verdict():
    setting = Setting((runbook(step("a")),), replace(LIVE, settle=timedelta(minutes=1)))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: setting.run.status is ExecutionStatus.VERIFYING if setting.disk.runs else False)
        await anyio.sleep(10)
        assert setting.around.incidents["inc-1"].status is IncidentStatus.OPEN
        setting.around.cure("inc-1", now())
        await anyio.sleep(5)
        assert setting.around.incidents["inc-1"].status is IncidentStatus.MITIGATED
        assert setting.run.verdict is None
        await until(lambda: has_ended(setting))
    assert setting.run.verdict is Verdict.EFFECTIVE
    assert sum("No symptom is seen" in words for _, words in setting.around.told) == 1


async def test_a_runbooks_own_condition_of_success_must_hold_beside_the_cure():
    quiet = runbook(step("a"), success='incident.severity == "low"')
    setting = Setting((quiet,))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.world.effects) == 1)
        setting.around.cure("inc-1", now())
        await until(lambda: any(run.verdict for run in setting.disk.runs.values()))
    verdicts = [(run.verdict, run.verdict_reason) for run in setting.disk.runs.values() if run.verdict]
    assert verdicts[0][0] is Verdict.INEFFECTIVE
    assert 'not so that incident.severity == "low"' in verdicts[0][1]


async def test_a_condition_of_success_that_holds_later_is_waited_for():
    setting = Setting((runbook(step("a"), success='incident.severity == "low"'),))
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: len(setting.world.effects) == 1)
        setting.around.cure("inc-1", now())
        await anyio.sleep(15)
        assert setting.run.verdict is None
        held = setting.around.incidents["inc-1"]
        setting.around.incidents["inc-1"] = replace(held, severity=Severity.LOW)
        await until(lambda: has_ended(setting))
    assert setting.run.verdict is Verdict.EFFECTIVE


async def test_what_is_read_otherwise_by_now_does_not_void_what_was_signed():
    setting = Setting((runbook(step("look", "look"), step("a")),), ASKED)
    async with setting.agent() as loop:
        setting.happens(loop, incident())
        await until(lambda: waits(setting))
        assert setting.run.plan is not None
        await anyio.sleep(100)
        await loop.approve(setting.run.id, setting.run.plan.hash, "ada", "go")
        await until(lambda: len(setting.world.effects) == 1)
