"""The books balance at every moment, whatever the source does, and each thing that happened is found exactly once."""

import random
from collections.abc import Awaitable, Callable

import anyio
import pytest

from kronveil.lab import Lab
from tests.acceptance.agents import Agent, agent_in_process, configured
from tests.acceptance.promises import all_told
from tests.acceptance.world import (
    BAD,
    GOOD,
    busy,
    is_settled,
    nodes,
    pods,
    quiet_lab,
    release,
    scale,
)
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
TURNS = 5


async def test_the_books_balance_at_every_moment_of_a_story_full_of_faults(tmp_path):
    checked: list[int] = []
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        async with agent_in_process(configured(tmp_path, lab.clusters)) as agent:
            await agent.all_live(*lab.clusters)
            async with anyio.create_task_group() as tasks, busy(*lab.clusters.values()):
                tasks.start_soon(_check_for_ever, agent, list(lab.clusters), checked)
                await _faults(lab)
                await eventually(_are_many(checked), "the books were looked at many times")
                tasks.cancel_scope.cancel()
            await _each_thing_is_there_once(agent, lab)


def _are_many(checked: list[int]) -> Callable[[], Awaitable[bool]]:
    async def are_many() -> bool:
        return len(checked) > 20

    return are_many


async def _check_for_ever(agent: Agent, names: list[str], checked: list[int]) -> None:
    while True:
        fleet = [each["books"] for each in (await agent.get("clusters"))["items"]]
        assert len(fleet) == len(names)
        for books in [*fleet, (await agent.get("status"))["books"]]:
            accounted = books["delivered"] + books["merged"] + sum(books["dropped"].values()) + books["in_flight"]
            assert books["received"] == accounted, books
            assert min(books["delivered"], books["merged"], books["in_flight"]) >= 0, books
        checked.append(1)
        await anyio.sleep(random.uniform(0, 0.05))


async def _faults(lab: Lab) -> None:
    alpha, beta, gamma = lab.clusters.values()
    await release(alpha, "cart", BAD)
    for turn in range(TURNS):
        alpha.garble_next_watch_frame()
        beta.drop_watches()
        gamma.compact()
        gamma.drop_watches()
        await scale(beta, "search", 2 + turn)
        await scale(gamma, "search", 7 - turn)
        await anyio.sleep(random.uniform(0.2, 0.8))
        beta.forbid("pods")
        beta.drop_watches()
        gamma.hang()
        await anyio.sleep(random.uniform(0.2, 0.8))
        beta.allow("pods")
        gamma.unhang()
        await alpha.stop_server()
        await anyio.sleep(random.uniform(0.05, 0.3))
        await alpha.start_server()
    await release(alpha, "cart", GOOD)


async def _each_thing_is_there_once(agent: Agent, lab: Lab) -> None:
    async def is_true_again():
        for name, cluster in lab.clusters.items():
            row = await agent.cluster(name)
            if not is_settled(cluster) or (row["pods"], row["nodes"]) != (pods(cluster), nodes(cluster)):
                return False
        return True

    # A kind that was refused is asked for again after half a minute at most.
    await eventually(is_true_again, "every count is that of the cluster itself", within_s=45)
    for name, cluster in lab.clusters.items():
        await eventually(all_told(agent, name, cluster), f"every warning of {name} is an event, once", within_s=45)
    books = (await agent.get("status"))["books"]
    assert books["dropped"] == {"undecodable": books["dropped"].get("undecodable", 0)}
    assert 1 <= books["dropped"]["undecodable"] <= TURNS
