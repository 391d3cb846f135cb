"""Switched off at any entry of a journal, however often: after the next start the run goes on, nothing is done twice,
nothing hangs, and the record tells the truth."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from kronveil.agent.executions import Executions
from kronveil.logic.response import ENDED
from kronveil.model.execution import Effect, Execution, ExecutionStatus, StepStatus, Verdict
from kronveil.model.runbook import Runbook
from tests.agent.loop_world import LIVE, Machine, Setting, fates_of, incident, now, runbook, step, until
from tests.virtual_time import VIRTUAL_TIME

pytestmark = pytest.mark.anyio

AT_ONCE = runbook(
    step("look", "look"), step("both", "", together=(step("a"), step("b"), step("read", "look"))), step("c")
)
ASKING = runbook(step("a"), step("ask", "", question="go on?"), step("b"))
UNDOING = runbook(step("a"), step("b"), step("c"), undo_on_failure=True)
HARMFUL = runbook(step("a"), step("b"))


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL_TIME


def has_ended(setting: Setting) -> bool:
    return bool(setting.disk.runs) and all(run.status in ENDED for run in setting.disk.runs.values())


async def people(setting: Setting, loop: Executions) -> None:
    """Somebody who says yes to whatever is asked, as soon as it is; and acts that help."""
    while True:
        for each in tuple(setting.around.incidents.values()):
            if any(target == each.resource.name for target, _ in setting.world.effects):
                setting.around.cure(each.id, now())
        for run in tuple(setting.disk.runs.values()):
            for record in run.steps:
                if record.status is StepStatus.WAITING:
                    await loop.answer(run.id, record.index, "ada", goes_on=True, reason="yes")
        await anyio.sleep(0.5)


async def live_on(setting: Setting, machine: Machine, *, within_s: float = 3_000.0) -> None:
    """Let an agent work, with people around it, until all is over or its machine goes off."""
    async with setting.agent(machine) as loop, anyio.create_task_group() as tasks:

        async def rest() -> None:
            await until(lambda: has_ended(setting), within_s)
            tasks.cancel_scope.cancel()

        async def off() -> None:
            await machine.went_off.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(people, setting, loop)
        tasks.start_soon(rest)
        tasks.start_soon(off)
        setting.happens(loop, *setting.around.incidents.values())


async def killed_at(book: Runbook, prepare: Callable[[Setting], None], when: str, number: int) -> Setting | None:
    """What came of a run whose agent was killed at this entry; None when there is no such entry."""
    setting = Setting((book,))
    prepare(setting)
    setting.around.incidents["inc-1"] = incident()
    setting.disk.dies_at = (number, when)
    await live_on(setting, Machine())
    was_killed = setting.disk.entries >= number
    setting.disk.dies_at = None
    await live_on(setting, Machine())
    return setting if was_killed else None


def plainly(_: Setting) -> None:
    """Nothing goes wrong."""


def c_is_denied(setting: Setting) -> None:
    setting.world.fate = lambda name: "refused" if name == "c" else "done"


def answers_get_lost(setting: Setting) -> None:
    """Every first answer of an act."""
    heard: set[str] = set()

    def fate(name: str) -> str:
        is_first = name not in heard
        heard.add(name)
        return "lost" if is_first and not name.startswith("undo") else "done"

    setting.world.fate = fate


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("book", "prepare", "status", "effects"),
    [
        (AT_ONCE, plainly, ExecutionStatus.DONE, 3),
        (AT_ONCE, answers_get_lost, ExecutionStatus.DONE, 3),
        (ASKING, plainly, ExecutionStatus.DONE, 2),
        (UNDOING, c_is_denied, ExecutionStatus.FAILED, 2),
    ],
    ids=["at once", "at once, answers lost", "asking", "undoing"],
)
async def test_a_run_outlives_a_kill_at_every_entry_of_its_journal(book, prepare, status, effects, when):
    number = 0
    while (setting := await killed_at(book, prepare, when, number := number + 1)) is not None:
        run = setting.run
        where = f"killed {when} entry {number}: {run}"
        assert run.status is status, where
        assert len(setting.world.effects) == effects, where
        check_truth(setting, run)
        if book is UNDOING:
            assert len(setting.world.undone) == 2, where
    assert number > 8, "it was killed at all of them"


async def do_harm(setting: Setting) -> None:
    """After a while something of the target's breaks that was whole before."""
    await until(lambda: len(setting.world.effects) == 2)
    await anyio.sleep(20)
    worse = incident(2, kind="workload.unavailable")
    later = tuple(replace(each, since=now()) for each in worse.conditions)
    setting.around.incidents["inc-2"] = replace(worse, conditions=later)


async def test_harm_is_set_back_wherever_the_agent_is_killed_meanwhile():
    for number in range(5, 14):
        setting = Setting((HARMFUL,), replace(LIVE, settle=timedelta(seconds=60)))
        setting.around.incidents["inc-1"] = incident()
        setting.disk.dies_at = (number, "after")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(do_harm, setting)
            while True:
                await live_on(setting, Machine())
                setting.disk.dies_at = None
                if has_ended(setting):
                    break
        first = min(setting.disk.runs.values(), key=lambda run: run.requested_at)
        assert first.verdict is Verdict.HARMFUL, (number, first)
        assert len(setting.world.undone) == 2
        check_truth(setting, first)


@pytest.mark.parametrize("seed", range(12))
async def test_runs_killed_at_random_end_act_once_and_tell_the_truth(seed: int) -> None:
    await killed_at_random(seed, runs=5)


async def killed_at_random(seed: int, *, runs: int) -> None:
    """Several runs beside each other, in a bad world, under an agent that is killed again and again."""
    lot = random.Random(seed)
    books = [replace(book, id=f"book-{n}") for n, book in enumerate((AT_ONCE, ASKING, UNDOING, HARMFUL))]
    setting = Setting(tuple(books[lot.randrange(4)] for _ in range(1)))
    setting.world.fate = fates_of(seed, lost=0.15, down=0.1, refused=0.05)
    for number in range(runs):
        setting.around.incidents[f"inc-{number}"] = incident(number, owner=f"app-{number}")
    for _ in range(12):
        machine = Machine()
        async with anyio.create_task_group() as tasks:

            async def kill(machine: Machine = machine, tasks=tasks) -> None:
                await anyio.sleep(lot.uniform(0.01, 8))
                machine.is_off = True
                machine.went_off.set()

            tasks.start_soon(kill)
            await live_on(setting, machine)
            tasks.cancel_scope.cancel()
        if has_ended(setting) and len(setting.disk.runs) >= runs:
            break
    await live_on(setting, Machine(), within_s=20_000)
    assert len({run.incident_id for run in setting.disk.runs.values()}) == runs
    for run in setting.disk.runs.values():
        assert run.status in ENDED
        check_truth(setting, run)
    assert setting.world.most_at_target == 1


def check_truth(setting: Setting, run: Execution) -> None:
    """No effect twice, and the record says of each step what the world knows of it, or that it is not known."""
    keys = setting.world.done
    assert len(set(keys)) == len(keys)
    assert run.plan is not None
    for record in run.steps:
        if run.plan.steps[record.index].effect is Effect.READ:
            continue
        was_done, was_undone = record.key in keys, f"{record.key}-undo" in setting.world.undone
        match record.status:
            case StepStatus.DONE:
                assert was_done, record
                assert not was_undone, record
            case StepStatus.UNDONE:
                assert was_undone, record
            case StepStatus.INTENDED | StepStatus.UNDOING | StepStatus.NOT_UNDONE:
                assert run.needs_person, record
            case StepStatus.FAILED:
                assert not was_done or "may have been done" in record.message, record
            case _:
                pytest.fail(f"{record} of a run that is {run.status}")
    told = {record.key for record in run.steps}
    assert {key for key in keys if key.startswith(f"{run.id}-")} <= told
    if run.acted_at is not None:
        assert run.verdict is not None
