"""`kill -9` under load, at random moments: nothing that was told is lost, nothing is told twice."""

import json
import random
from collections import Counter

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from kronveil.lab import Behaviour, LabCluster
from kronveil.lab.kinds import POD
from kronveil.lab.moves import SetImage
from tests.acceptance.agents import NEEDS_SOMEBODY, Agent, AgentProcess, Found, configured
from tests.acceptance.world import BAD, GOOD, LEAKY, label, quiet_lab, release, warn_for_ever
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
KILLS = 5


async def test_five_kills_under_load_lose_nothing_and_double_nothing(tmp_path):
    async with quiet_lab() as lab, anyio.create_task_group() as load:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha, beta = lab.clusters["alpha"], lab.clusters["beta"]
        file = configured(tmp_path, lab.clusters, incidents={"resolve_after": "2s"})
        for cluster in lab.clusters.values():
            load.start_soon(warn_for_ever, cluster, 0.05)
        told: set[str] = set()
        known: dict[str, Found] = {}
        events = 0
        async with AgentProcess(file) as process:
            await release(alpha, "cart", BAD)
            await release(beta, "cart", BAD)
            await _one_kill(beta)
            for number in range(KILLS):
                async with process.started() as agent:
                    events = await _events_at_least(agent, events)
                    if number == 0:
                        await agent.the_incident("image", "alpha", "open", within_s=30)
                        await agent.the_incident("image", "beta", "open", within_s=30)
                        await agent.the_incident("memory", "beta", "resolved", within_s=30)
                    await _nothing_is_lost_or_doubled(agent, told, known)
                    known = {each["id"]: each for each in await agent.incidents()}
                    events = await _events_at_least(agent, events)
                    if number == 1:
                        [mine] = await agent.incidents("image", "beta")
                        assert (await agent.http.post(f"/incidents/{mine['id']}/acknowledge")).status_code == 200
                    if number == KILLS - 1:
                        SetImage("shop/cart", BAD).make(lab.clusters["gamma"].simulation)
                        await agent.the_incident("image", "gamma", "open")
                        known = {each["id"]: each for each in await agent.incidents()}
                    told |= await _read_until_killed(agent, process)
                # Its pod is another version at the next start, but the kill is the one that was told.
                for pod in _search_pods(beta):
                    await label(beta, pod.key[1], f"kill-{number}")

            # What heals while nobody watches is over after the first list of the next start.
            await release(alpha, "cart", GOOD)
            async with process.started() as agent:
                await agent.the_incident("image", "alpha", "resolved")
                await agent.the_incident("memory", "beta", "resolved")
                await _nothing_is_lost_or_doubled(agent, told, known)
                await _events_at_least(agent, events)
                assert (await agent.the_incident("image", "beta", "acknowledged"))["id"] in known
                assert len(told) > 50, "the load was no load"
                await process.process.stop()
        load.cancel_scope.cancel()


async def _one_kill(cluster: LabCluster) -> None:
    """One container is killed for want of memory, once: the next one behaves."""
    await release(cluster, "search", LEAKY)

    async def was_killed():
        return any("OOMKilled" in str(each.obj["status"]) for each in _search_pods(cluster))

    await eventually(was_killed, "a container was killed", every_s=0.02)
    cluster.simulation.set_behaviour(LEAKY, Behaviour())


def _search_pods(cluster: LabCluster):
    return [each for each in cluster.world.list(POD, "shop") if each.key[1].startswith("search")]


async def _events_at_least(agent: Agent, before: int) -> int:
    now = (await agent.fleet())["events"]
    assert now >= before
    return now


async def _read_until_killed(agent: Agent, process: AgentProcess) -> set[str]:
    """The ids of the events that the stream told before its agent was killed, somewhere in a busy second."""
    told: set[str] = set()
    async with agent.stream() as stream, anyio.create_task_group() as tasks:

        async def kill() -> None:
            await anyio.sleep(random.uniform(0.2, 1.2))
            process.process._process.kill()

        tasks.start_soon(kill)
        try:
            while True:
                frame = json.loads(await stream.recv())
                if frame["type"] == "event":
                    told.add(frame["data"]["id"])
        except ConnectionClosed:
            pass
    await process.process.kill()
    return told


async def _nothing_is_lost_or_doubled(agent: Agent, told: set[str], known: dict[str, Found]) -> None:
    stored = await agent.everything("events")
    ids = Counter(each["id"] for each in stored)
    assert [one for one, times in ids.items() if times > 1] == []
    assert told - set(ids) == set()
    incidents = await agent.incidents()
    assert set(known) <= {each["id"] for each in incidents}
    mine = Counter(
        (each["clusters"][0]["uid"], str(each["resource"]), each["family"])
        for each in incidents
        if each["status"] in NEEDS_SOMEBODY
    )
    assert [key for key, times in mine.items() if times > 1] == []
    # A kill for want of memory is told once, however often its pod is listed anew.
    assert not any("reopened" in str(each["timeline"]) for each in incidents if each["family"] == "memory")
    kills = Counter((each["resource"]["uid"], each["message"]) for each in stored if each["kind"] == "pod.oom_killed")
    assert [kill for kill, times in kills.items() if times > 1] == []
