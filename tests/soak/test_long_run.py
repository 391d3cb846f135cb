"""The whole agent for as long as one likes, in a fleet that never rests: first killed again and again, then left alone.

It ends by itself and tells kills, losses and the slope of memory. `make soak MINUTES=240` is the form of hours.
"""

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import pytest

from kronveil.lab import LabCluster
from kronveil.lab.kinds import EVENT, POD
from tests.acceptance.agents import Agent, AgentProcess, configured
from tests.acceptance.test_kill import Witness
from tests.acceptance.world import BAD, GOOD, busy, label, pods, quiet_lab, release, scale, warnings_of
from tests.real.waiting import eventually

from .memory import Memory

pytestmark = pytest.mark.anyio
SEED = 7
HELD_WARNINGS = 500
SETTLED_WITHIN_S = 120
FLAT = 1.15
"""How much more the last quarter of the calm half may hold than an earlier one: measured noise is a few percent."""
TELLS_AFTER_MIN = 80
"""The past that can be replayed takes some ten minutes of this load to fill: until then memory grows as it should (99
to 156 MiB, then 163 after twice as many events), and shorter runs tell the slope only."""


@pytest.mark.timeout(0)  # the test ends by the clock it is given, and each wait in it has an end
async def test_the_whole_agent_for_as_long_as_one_likes(tmp_path: Path, minutes: float, summary: list[str]) -> None:
    dice = random.Random(SEED)
    kills, losses, changes = 0, list[str](), 0
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        clusters = lab.clusters
        load = busy(*clusters.values(), every_s=0.1)
        async with AgentProcess(configured(tmp_path, clusters)) as process, load:
            witness, end = Witness(), time.monotonic() + minutes * 30
            while time.monotonic() < end or kills < 3:
                async with process.started() as agent:
                    try:
                        await witness.compare(agent)
                        await change_something(dice, clusters)
                        await witness.listen_until_killed(agent, process)
                    except AssertionError as loss:
                        losses.append(f"after kill {kills}: {loss}")
                        await process.process.kill()
                kills, changes = kills + 1, changes + 1

            async with process.started() as agent:
                memory = Memory(process.process.pid)
                end = time.monotonic() + minutes * 30
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(memory.watch, max(0.2, minutes * 30 / 2000))
                    while time.monotonic() < end:
                        await change_something(dice, clusters)
                        changes += 1
                        await anyio.sleep(dice.uniform(0.5, 2))
                    tasks.cancel_scope.cancel()
                summary += told(kills, losses, changes, memory, (await agent.fleet())["events"])
                await everything_heals(agent, clusters)
                await witness.compare(agent)
                await process.process.stop()
    assert not losses, "\n".join(losses)
    if minutes >= TELLS_AFTER_MIN:
        assert memory.growth < FLAT, f"memory grows: {memory.growth:.2f} times, {memory.slope_mib_an_hour:+.1f} MiB/h"


async def change_something(dice: random.Random, clusters: Mapping[str, LabCluster]) -> None:
    """One thing that a team, a pipeline, a machine or a bad server does."""
    cluster = dice.choice(list(clusters.values()))
    expire(cluster)
    match dice.randrange(4):
        case 0:
            await release(cluster, "cart", dice.choice((GOOD, BAD)))
        case 1:
            await scale(cluster, "search", dice.randrange(1, 6))
        case 2:
            shop = sorted(record.key[1] for record in cluster.world.list(POD, "shop"))
            await label(cluster, dice.choice(shop), f"turn-{dice.randrange(1000)}")
        case _:
            dice.choice(
                (
                    cluster.drop_watches,
                    cluster.compact,
                    cluster.garble_next_watch_frame,
                    cluster.repeat_watch_frames,
                    cluster.cut_next_watch_frame,
                    cluster.throttle,
                )
            )()


def expire(cluster: LabCluster) -> None:
    """Forget old Warning events, as an API server does after an hour: what it holds does not grow without end."""
    held = [record for record in cluster.world.list(EVENT, "shop") if record.key[1].startswith("load-")]
    for record in sorted(held, key=lambda record: record.version)[:-HELD_WARNINGS]:
        cluster.world.remove(EVENT, record.key)


async def everything_heals(agent: Agent, clusters: Mapping[str, LabCluster]) -> None:
    """With every release taken back nothing stays open, totals are right, and each warning was told once."""
    for cluster in clusters.values():
        await release(cluster, "cart", GOOD)

    async def is_calm() -> bool:
        return all(each["status"] == "resolved" for each in await agent.incidents())

    async def is_counted() -> bool:
        rows = [await agent.cluster(name) for name in clusters]
        return [row["pods"] for row in rows] == [pods(cluster) for cluster in clusters.values()]

    await eventually(is_calm, "every incident is resolved", within_s=SETTLED_WITHIN_S, every_s=1)
    await eventually(is_counted, "totals are the clusters' own", within_s=SETTLED_WITHIN_S)
    for name, cluster in clusters.items():
        told_once = all_held_are_told(agent, name, cluster)
        await eventually(told_once, f"each warning of {name} is an event, once", within_s=SETTLED_WITHIN_S, every_s=1)
        books = (await agent.cluster(name))["books"]
        explained = books["delivered"] + books["merged"] + sum(books["dropped"].values()) + books["in_flight"]
        assert books["received"] == explained, books


def all_held_are_told(agent: Agent, name: str, cluster: LabCluster) -> Callable[[], Awaitable[bool]]:
    """Ask whether each Warning of the load that the cluster still holds is an event of the agent, exactly once."""

    async def is_so() -> bool:
        # First what is held: more comes while tens of thousands of events are read.
        held = {each["message"] for each in warnings_of(cluster) if "probe" in each["message"]}
        events = await agent.everything("events", cluster=name, kind="kubernetes.warning")
        told = Counter(each["message"] for each in events if each["resource"]["name"].startswith("pod-"))
        assert [message for message, times in told.items() if times > 1] == []
        return held <= {message.partition(": ")[2] for message in told}

    return is_so


def told(kills: int, losses: list[str], changes: int, memory: Memory, events: int) -> list[str]:
    """What the run came to, in lines for people."""
    first, last = memory.sizes[0], memory.sizes[-1]
    return [
        f"kills {kills}, losses {len(losses)}, changes made {changes}, events told {events}",
        f"memory {first:.0f} -> {last:.0f} MiB, highest {max(memory.sizes):.0f} MiB",
        f"slope {memory.slope_mib_an_hour:+.1f} MiB an hour over {memory.times[-1]:.0f} s, growth {memory.growth:.3f}",
    ]
