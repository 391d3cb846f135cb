"""Starting with nothing to watch yet, stopping in time whatever clusters and disk do, and a changed file meanwhile."""

import json
import os
import resource
import signal

import pytest

from tests.acceptance.agents import AgentProcess, agent_in_process, configured
from tests.acceptance.promises import all_told
from tests.acceptance.world import busy, pods, quiet_lab
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_an_agent_that_starts_before_its_clusters_finds_them_by_itself(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        for cluster in lab.clusters.values():
            await cluster.stop_server()
        async with agent_in_process(configured(tmp_path, lab.clusters)) as agent:

            async def is_unhealthy():
                return (await agent.health())["status"] == "unhealthy"

            await eventually(is_unhealthy, "an agent that hears nobody is unhealthy")
            fleet = await agent.fleet()
            assert (fleet["pods"], fleet["nodes"], fleet["complete"]) == (None, None, False)
            assert len(fleet["missing"]) == fleet["clusters"]["unknown"] == 3
            for cluster in lab.clusters.values():
                await cluster.start_server()
            await agent.all_live(*lab.clusters)

            async def is_whole():
                return (await agent.fleet())["pods"] == sum(map(pods, lab.clusters.values()))

            await eventually(is_whole, "the totals are whole")
            assert (await agent.health())["status"] == "healthy"


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_in_time_under_load_while_a_cluster_hangs(tmp_path, asked):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha, beta, gamma = lab.clusters.values()
        process = AgentProcess(configured(tmp_path, lab.clusters))
        async with busy(alpha, beta), process, process.started() as agent:
            await agent.all_live(*lab.clusters)
            gamma.hang()
            async with agent.stream():
                await agent.becomes("gamma", "stale", "unreachable")
                os.kill(process.process.pid, asked)
                # Five seconds by contract, and a machine that is busy; one that waits for the cluster takes minutes.
                assert await process.ended(within_s=30) == 0
        assert not (tmp_path / "data" / "ports.json").exists()
        assert "Traceback" not in process.process.log_tail(200)


async def test_it_stops_in_time_while_nothing_can_be_saved_and_tells_it_all_after_the_next_start(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        process = AgentProcess(configured(tmp_path, ["alpha"]))
        async with process:
            async with busy(alpha), process.started() as agent:
                await agent.all_live("alpha")
                _, most = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (4096, most))

                async def is_stuck():
                    return (await agent.cluster("alpha"))["books"]["in_flight"] > 50

                await eventually(is_stuck, "frames wait that cannot be saved")
                os.kill(process.process.pid, signal.SIGTERM)
                assert await process.ended(within_s=30) == 0
            told = process.process.log_tail(200)
            assert "agent.stopped_before_all_was_saved" in told
            assert "Traceback" not in told
            async with process.started() as agent:
                await eventually(all_told(agent, "alpha", alpha), "every warning is an event, once")
                await process.process.stop()


async def test_a_changed_file_is_taken_over_at_once_on_sighup_and_a_wrong_one_is_not(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        file = configured(tmp_path, ["alpha", "beta"])
        process = AgentProcess(file)
        async with process, process.started() as agent:
            await agent.all_live("alpha", "beta")
            known = await agent.cluster("alpha")
            clusters = json.loads(file.read_text())["collectors"]["kubernetes"]["clusters"]
            other = {**clusters[1], "name": "gamma", "context": "gamma"}
            change(process, file, "collectors.kubernetes", clusters=[clusters[0], other])
            names = await eventually(watched(agent, {"alpha", "gamma"}), "gamma is watched instead of beta")
            assert names
            await agent.all_live("gamma")
            # The one that was left alone goes on, and was not listed again.
            assert (await agent.cluster("alpha"))["books"]["received"] >= known["books"]["received"]

            change(process, file, "collectors.kubernetes", clusters="none")

            async def is_refused():
                return "the one before stays in force" in str((await agent.health())["components"])

            await eventually(is_refused, "the agent says that it could not take the file over")
            assert await watched(agent, {"alpha", "gamma"})()
            change(process, file, "collectors.kubernetes", clusters=clusters)
            await eventually(watched(agent, {"alpha", "beta"}), "the right file is taken over")
            assert not await is_refused()
            await process.process.stop()
        assert "Traceback" not in process.process.log_tail(200)


async def test_log_and_retention_change_while_running_and_what_waits_for_a_start_says_so(tmp_path):
    file = configured(tmp_path, [])
    process = AgentProcess(file)

    async with process, process.started() as agent:

        async def in_force(key, value):
            return {each["key"]: each["value"] for each in (await agent.get("config"))["items"]}[key] == value

        change(process, file, "agent", log_level="error")
        await eventually(lambda: in_force("agent.log_level", "error"), "only errors are logged")
        told = process.process.log_tail(200).count("configuration.reloaded")
        change(process, file, "store", event_retention="2d")
        await eventually(lambda: in_force("store.event_retention", "2d"), "events are kept for two days")
        assert process.process.log_tail(200).count("configuration.reloaded") == told
        change(process, file, "agent", log_level="info", name="another")
        await eventually(lambda: in_force("agent.log_level", "info"), "all is logged")

        async def is_told():
            return "agent.name: another instead of kronveil" in str((await agent.health())["components"])

        await eventually(is_told, "the agent says what waits for its next start")
        assert await in_force("agent.name", "kronveil")
        await process.process.stop()
    assert process.process.log_tail(200).count("configuration.reloaded") == told + 1


def change(process, file, section, **entries):
    """Change these entries of a section of the file, as an operator would, and tell the agent."""
    text = json.loads(file.read_text())
    inner = text
    for name in section.split("."):
        inner = inner.setdefault(name, {})
    inner.update(entries)
    file.write_text(json.dumps(text))
    os.kill(process.process.pid, signal.SIGHUP)


def watched(agent, names):
    """Ask whether exactly these clusters are watched."""

    async def is_so():
        return {each["name"] for each in (await agent.get("clusters"))["items"]} == names

    return is_so
