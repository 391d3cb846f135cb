"""Three clusters under four names: what is known, what is not, and since when; never a number that hides a hole."""

import socket

import anyio
import pytest

from kronveil.lab.moves import Scale, SetImage
from tests.acceptance.agents import agent_in_process, configured, frame_of
from tests.acceptance.world import BAD, GOOD, is_settled, nodes, pods, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_a_cluster_that_goes_and_comes_back_never_spoils_the_totals(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        gamma = lab.clusters["gamma"]
        alias = {"name": "gamma-again", "kubeconfig_path": str(tmp_path / "kubeconfig"), "context": "gamma"}
        # Long enough between stale and unreachable that a busy machine does not sleep through it.
        file = configured(tmp_path, [*lab.clusters, alias], kubernetes={"unreachable_after": "10s"})
        async with agent_in_process(file) as agent:
            await agent.all_live(*lab.clusters, "gamma-again")

            # The same cluster under two names counts once.
            fleet = await agent.fleet()
            assert fleet["clusters"]["total"] == fleet["clusters"]["live"] == 3
            assert fleet["pods"] == sum(map(pods, lab.clusters.values()))
            assert fleet["nodes"] == sum(map(nodes, lab.clusters.values()))
            assert (fleet["complete"], fleet["missing"]) == (True, [])
            assert (await agent.cluster("gamma-again"))["same_as"] == "gamma"
            assert [(await agent.cluster(name))["region"] for name in lab.clusters] == ["north", "south", "west"]

            await release(gamma, "cart", BAD)
            # Under which of its names depends on which of them reported first.
            broken = await agent.the_incident("image", None, "open")
            assert broken["clusters"][0]["uid"] == (await agent.cluster("gamma"))["uid"]

            # It goes: first stale, then unreachable, and the totals say what they leave out.
            await gamma.stop_server()
            assert "connection refused" in (await agent.becomes("gamma", "stale"))["why"]
            # While one of its names still knows it, it is counted by that one.
            await agent.becomes("gamma-again", "stale", "unreachable")
            fleet = await agent.fleet()
            assert not fleet["complete"]
            await agent.becomes("gamma", "unreachable")
            lost = await agent.the_incident("reach", "gamma", "open")
            assert lost["kind"] == "cluster.unreachable"
            await _the_loss_is_told_everywhere(agent, lab)
            # What nobody can see now is not taken for healed.
            assert (await agent.get(f"incidents/{broken['id']}"))["status"] == "open"

            # Meanwhile its trouble ends and pods are deleted.
            SetImage("shop/cart", GOOD).make(gamma.simulation)
            Scale("shop/search", 0).make(gamma.simulation)

            async def has_settled():
                return is_settled(gamma)

            await eventually(has_settled, "gamma has settled")
            assert (await agent.cluster("gamma"))["pods"] != pods(gamma)

            # It comes back without a memory of what was deleted, and all of that is noticed.
            gamma.compact()
            await gamma.start_server()
            await agent.all_live("gamma", "gamma-again")

            async def totals_are_right():
                return (await agent.fleet())["pods"] == sum(map(pods, lab.clusters.values()))

            await eventually(totals_are_right, "the totals follow the deletions")
            assert (await agent.fleet())["complete"]
            await agent.the_incident("reach", "gamma", "resolved")
            await agent.the_incident("image", None, "resolved")
            assert len(await agent.incidents()) == 2


async def _the_loss_is_told_everywhere(agent, lab):
    fleet = await agent.fleet()
    assert fleet["clusters"] == {
        "total": 3, "live": 2, "partial": 0, "stale": 0, "unreachable": 1, "unknown": 0,
    }  # fmt: skip
    assert fleet["pods"] == pods(lab.clusters["alpha"]) + pods(lab.clusters["beta"])
    [missing] = fleet["missing"]
    assert missing["cluster"] == "gamma"
    assert "unreachable" in missing["reason"]
    assert "connection refused" in missing["reason"]
    assert missing["age_s"] > 3
    for path in ("clusters", "events", "incidents"):
        answer = await agent.get(path)
        assert (answer["complete"], [each["cluster"] for each in answer["missing"]]) == (False, ["gamma"]), path
    assert (await agent.health())["status"] == "degraded"
    told = (await agent.cli("status")).stdout.decode()
    assert f"≥ {fleet['pods']}" in told
    assert "gamma" in told


async def test_a_cluster_never_heard_from_is_unknown_and_never_green(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        text = (tmp_path / "kubeconfig").read_text().replace(lab.clusters["beta"].url, f"http://127.0.0.1:{port}")
        (tmp_path / "kubeconfig").write_text(text)
        async with agent_in_process(configured(tmp_path, ["alpha", "beta"])) as agent:
            await agent.all_live("alpha")

            async def has_a_reason():
                return "refused" in ((await agent.cluster("beta"))["why"] or "")

            await eventually(has_a_reason, "beta says why it is not known")
            beta = await agent.cluster("beta")
            assert (beta["state"], beta["pods"], beta["last_seen"]) == ("unknown", None, None)
            fleet = await agent.fleet()
            assert (fleet["clusters"]["unknown"], fleet["complete"]) == (1, False)
            assert fleet["missing"][0]["age_s"] is None
            assert (await agent.health())["status"] == "degraded"
            # Nobody must have to look at a table to hear of it.
            told = await agent.the_incident("reach", "beta", "open")
            assert told["kind"] == "cluster.unreachable"
            assert (await agent.cluster("beta"))["state"] == "unknown"


async def test_a_kind_whose_watch_falls_silent_is_told_while_its_cluster_answers(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        alpha.api.bookmark_every_s = 0.1
        file = configured(tmp_path, ["alpha"], kubernetes={"silent_after": "3s"})
        async with agent_in_process(file) as agent:
            await agent.all_live("alpha")

            async def all_are_heard():
                states = {kind["state"] for kind in (await agent.cluster("alpha"))["kinds"].values()}
                return states <= {"heard", "not_served"}

            await eventually(all_are_heard, "every kind is heard")

            # Thirty times as long as until its first bookmark: only a server that sends them can be missed.
            await anyio.sleep(3)
            alpha.silence_watches("nodes")
            lost = await agent.the_incident("reach", "alpha", "open")
            assert (lost["kind"], lost["resource"]["kind"]) == ("watch.stalled", "Collector")
            assert lost["title"] == "Cluster alpha answers, but nothing is heard of its nodes"
            told = await agent.becomes("alpha", "partial")
            assert (told["reason"], told["kinds"]["nodes"]["state"]) == ("kind_silent", "silent")
            assert {name for name, kind in told["kinds"].items() if kind["state"] == "silent"} == {"nodes"}
            assert lost["id"] in told["incidents"]
            assert (await agent.health())["status"] == "degraded"
            assert "nodes: nothing heard for" in (await agent.cli("clusters")).stdout.decode()

            alpha.unsilence_watches()
            await agent.the_incident("reach", "alpha", "resolved")
            await agent.all_live("alpha")


async def test_a_pause_opens_no_incident_and_outlives_a_restart(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        file = configured(tmp_path, ["alpha"], kubernetes={"unreachable_after": "2s"})
        async with agent_in_process(file) as agent:
            await agent.all_live("alpha")
            async with agent.stream() as stream:
                await agent.http.post("/clusters/alpha/pause", json={"reason": "upgrade"})
                frame = await frame_of(stream, "cluster")
                while frame["data"]["paused"] is None:
                    frame = await frame_of(stream, "cluster")
                assert (frame["data"]["reason"], frame["data"]["paused"]["reason"]) == ("paused", "upgrade")
            await agent.becomes("alpha", "unreachable")
        async with agent_in_process(file) as agent:
            paused = await agent.cluster("alpha")
            assert (paused["state"], paused["paused"]["by"], paused["why"]) == (
                "unknown",
                "local",
                "paused by local: upgrade",
            )

            # Longer than it takes to tell of a cluster that is not paused.
            await anyio.sleep(3)
            assert await agent.incidents() == []
            await agent.http.post("/clusters/alpha/resume", json={})
            await agent.all_live("alpha")
            assert (await agent.cluster("alpha"))["paused"] is None


async def test_what_is_open_in_a_removed_cluster_is_closed_and_goes_on_when_it_is_back(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        file = configured(tmp_path, ["beta"])
        alpha = {"name": "alpha", "kubeconfig_path": str(tmp_path / "kubeconfig"), "context": "alpha"}
        async with agent_in_process(file) as agent:
            await agent.http.post("/clusters", json=alpha)
            await agent.all_live("alpha", "beta")
            await release(lab.clusters["alpha"], "cart", BAD)
            broken = await agent.the_incident("image", "alpha", "open")

            assert (await agent.http.delete("/clusters/alpha")).status_code == 204
            await agent.the_incident("image", "alpha", "closed")
            told = (await agent.get(f"incidents/{broken['id']}"))["timeline"][-1]
            assert "removed by local" in told["message"]
            assert "not observed to recover" in told["message"]

            # The same cluster again: what it still suffers goes on as the same incident.
            await agent.http.post("/clusters", json=alpha)
            assert (await agent.the_incident("image", "alpha", "open"))["id"] == broken["id"]

        # Gone while the agent was down: noticed at the start.
        (tmp_path / "data" / "clusters.json").unlink()
        async with agent_in_process(file) as agent:
            assert (await agent.the_incident("image", "alpha", "closed"))["id"] == broken["id"]


async def test_a_clock_that_is_far_off_is_measured_and_told(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        lab.clusters["alpha"].skew_clock(-90)
        async with agent_in_process(configured(tmp_path, ["alpha", "beta"])) as agent:
            await agent.all_live("alpha", "beta")

            async def is_measured():
                return (await agent.cluster("alpha"))["reason"] == "clock_skew"

            await eventually(is_measured, "alpha's clock is measured")
            alpha = await agent.cluster("alpha")
            assert alpha["state"] == "live"
            assert -92_000 <= alpha["skew_ms"] <= -88_000
            assert "behind this agent's" in alpha["why"]
            health = await agent.health()
            assert health["status"] == "degraded"
            assert "alpha live (clock skew)" in str(health["components"])
            assert (await agent.cluster("beta"))["skew_ms"] == 0
