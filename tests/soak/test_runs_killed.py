"""The long form of a run's durability: a hundred executions, each under an agent that is killed at a random moment."""

import random
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tests.acceptance.agents import AgentProcess
from tests.acceptance.test_killed_mid_run import AT_ONCE_THEN_BROKEN, RAISE, Kill, killed_and_started_again
from tests.agent.test_executions_killed import killed_at_random
from tests.virtual_time import VIRTUAL_TIME

LONGEST_LIFE_S = 9.0


def at_random(lot: random.Random) -> Kill:
    """Killed at any moment, mostly while the run is under way, up to three times."""

    async def kill(file: Path, fall_ill: Callable[[], None]) -> None:
        is_ill = False
        for _ in range(lot.randint(1, 3)):
            async with AgentProcess(file) as process, process.started():
                if not is_ill:
                    fall_ill()
                    is_ill = True
                await anyio.sleep(lot.uniform(0.0, LONGEST_LIFE_S))

    return kill


@pytest.mark.anyio
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(100))
async def test_a_run_outlives_a_kill_at_any_moment(tmp_path: Path, number: int) -> None:
    lot = random.Random(number)
    book = lot.choice([RAISE, AT_ONCE_THEN_BROKEN])
    found = await killed_and_started_again(tmp_path, book, at_random(lot))
    if book is RAISE:
        assert (found.memory, found.changes) == ("192Mi", 1), f"it acted once: {found}"
        assert found.run["status"] == "done", found.run
    else:
        assert (found.memory, found.changes) == ("128Mi", 2), f"there and back: {found}"
        assert [step["status"] for step in found.run["steps"]] == ["undone", "done", "failed"], found.run


@pytest.mark.anyio
@pytest.mark.timeout(600)
@pytest.mark.parametrize("anyio_backend", [VIRTUAL_TIME], ids=["virtual time"])
async def test_thousands_of_runs_killed_at_random_end_act_once_and_tell_the_truth() -> None:
    for seed in range(100, 400):
        await killed_at_random(seed, runs=10)
