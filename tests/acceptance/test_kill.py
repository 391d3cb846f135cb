"""`kill -9` under load, at random moments: nothing that was told is lost, nothing is told twice."""

import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
import pytest
from websockets.exceptions import ConnectionClosed

from kronveil.lab import Behaviour, LabCluster
from kronveil.lab.kinds import POD
from tests.acceptance.agents import NEEDS_SOMEBODY, Agent, AgentProcess, configured
from tests.acceptance.promises import all_told
from tests.acceptance.world import BAD, GOOD, LEAKY, busy, label, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
KILLS = 5


@dataclass
class Witness:
    """What the agent has told so far, and must still know after each of its lives."""

    told: set[str] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)
    events: int = 0

    async def compare(self, agent: Agent) -> None:
        """Hold the agent to what it told; nothing of it is lost, nothing is there twice."""
        events = (await agent.fleet())["events"]
        assert events >= self.events
        self.events = events
        stored = await agent.everything("events")
        ids = Counter(each["id"] for each in stored)
        assert [one for one, times in ids.items() if times > 1] == []
        assert self.told - set(ids) == set()
        incidents = await agent.incidents()
        assert self.incidents <= {each["id"] for each in incidents}
        self.incidents = {each["id"] for each in incidents}
        open_ones = Counter(
            (each["clusters"][0]["uid"], str(each["resource"]), each["family"])
            for each in incidents
            if each["status"] in NEEDS_SOMEBODY
        )
        assert [key for key, times in open_ones.items() if times > 1] == []
        # A kill for want of memory is told once, however often its pod is listed anew.
        assert not any("reopened" in str(each["timeline"]) for each in incidents if each["family"] == "memory")
        kills = Counter(
            (each["resource"]["uid"], each["message"]) for each in stored if each["kind"] == "pod.oom_killed"
        )
        assert [kill for kill, times in kills.items() if times > 1] == []

    async def listen_until_killed(self, agent: Agent, process: AgentProcess) -> None:
        """Note what the stream tells; somewhere in a busy second the agent is killed."""
        async with agent.stream() as stream, anyio.create_task_group() as tasks:
            tasks.start_soon(_kill, process, self.told)
            with suppress(ConnectionClosed):
                while True:
                    frame = json.loads(await stream.recv())
                    if frame["type"] == "event":
                        self.told.add(frame["data"]["id"])
        await process.process.kill()


async def _kill(process: AgentProcess, told: set[str]) -> None:
    """At a random moment of a load, once there is one."""
    before = len(told)

    async def is_busy() -> bool:
        return len(told) - before >= 12

    await eventually(is_busy, "the stream tells of the load", every_s=0.02)
    await anyio.sleep(random.uniform(0, 1))
    process.process._process.kill()


async def test_five_kills_under_load_lose_nothing_and_double_nothing(tmp_path):
    witness = Witness()
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha, beta, gamma = lab.clusters.values()
        file = configured(tmp_path, lab.clusters)
        async with AgentProcess(file) as process:
            async with busy(alpha, beta, gamma, every_s=0.05):
                await release(alpha, "cart", BAD)
                await release(beta, "cart", BAD)
                await _one_kill(beta)
                for number in range(KILLS):
                    async with process.started() as agent:
                        await witness.compare(agent)
                        await _something_happens(number, agent, gamma)
                        await witness.compare(agent)
                        await witness.listen_until_killed(agent, process)
                    # Its pod is another version at the next start, but the kill is the one that was told.
                    for pod in _search_pods(beta):
                        await label(beta, pod.key[1], f"kill-{number}")
                assert len(witness.told) > 50, "the load was no load"

                # What heals while nobody watches is over after the first list of the next start.
                await release(alpha, "cart", GOOD)
            async with process.started() as agent:
                await agent.the_incident("image", "alpha", "resolved")
                await agent.the_incident("memory", "beta", "resolved")
                await agent.the_incident("image", "beta", "acknowledged")
                await witness.compare(agent)
                # And what was recorded meanwhile is known as well.
                for name, cluster in lab.clusters.items():
                    await eventually(all_told(agent, name, cluster), f"every warning of {name} is an event, once")
                await process.process.stop()


async def _something_happens(number: int, agent: Agent, gamma: LabCluster) -> None:
    """Before the first kill all of it is told; a person acts before the second, and a last thing breaks."""
    if number == 0:
        await agent.the_incident("image", "alpha", "open", within_s=30)
        await agent.the_incident("image", "beta", "open", within_s=30)
        await agent.the_incident("memory", "beta", "resolved", within_s=30)
    if number == 1:
        [mine] = await agent.incidents("image", "beta")
        assert (await agent.http.post(f"/incidents/{mine['id']}/acknowledge")).status_code == 200
    if number == KILLS - 1:
        await release(gamma, "cart", BAD)
        await agent.the_incident("image", "gamma", "open")


async def _one_kill(cluster: LabCluster) -> None:
    """One container is killed for want of memory, once: the next one behaves."""
    await release(cluster, "search", LEAKY)

    async def was_killed():
        return any("OOMKilled" in str(each.obj["status"]) for each in _search_pods(cluster))

    await eventually(was_killed, "a container was killed", every_s=0.02)
    cluster.simulation.set_behaviour(LEAKY, Behaviour())


def _search_pods(cluster: LabCluster):
    return [each for each in cluster.world.list(POD, "shop") if each.key[1].startswith("search")]
