"""What pods and nodes use, from the clusters to the API: one question for an incident, and history over a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.agents import Agent, Found, agent_in_process, configured
from tests.acceptance.world import LEAKY, quiet_lab, release
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
MEMORY = "container.memory.working_set"
OFTEN = {"metrics_interval": "1s"}


async def measured(agent: Agent, is_enough: Callable[[list[Found]], bool], **asked: str) -> list[Found]:
    """Wait until the series that are asked for are enough."""

    async def are_there() -> list[Found] | None:
        items: list[Found] = (await agent.get("series", **asked))["items"]
        return items if items and is_enough(items) else None

    found = await eventually(are_there, f"series of {asked} are enough")
    assert found is not None
    return found


def points(series: Found) -> list[tuple[Any, Any]]:
    return [(each["at"], each["value"]) for each in series["points"]]


async def test_one_question_shows_the_memory_of_what_was_killed_and_its_limit(tmp_path: Path) -> None:
    async with quiet_lab(speed=2) as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        async with agent_in_process(configured(tmp_path, ["alpha"], kubernetes=OFTEN)) as agent:
            await agent.all_live("alpha")
            await release(lab.clusters["alpha"], "search", LEAKY)
            incident = await agent.the_incident("memory", "alpha", "open")
            of = incident["resource"]
            asked = {"cluster": "alpha", "namespace": of["namespace"], "owner": of["name"], "owner_kind": of["kind"]}

            def has_climbed(items: list[Found]) -> bool:
                limits = [each["limit"] for each in items if each["limit"]]
                return any(point["value"] > 0.5 * limits[0] for each in items for point in each["points"] if limits)

            series = await measured(agent, has_climbed, signal=MEMORY, **asked)
            assert {each["labels"]["owner"] for each in series} == {"search"}
            for each in series:
                assert each["resource"]["name"].startswith("search-")
                assert all(point["value"] <= each["limit"] for point in each["points"])
            # By the beginning of its name it is the same.
            again = (await agent.get("series", signal=MEMORY, cluster="alpha", namespace="shop", name="search-*"))[
                "items"
            ]
            assert {each["id"] for each in series} <= {each["id"] for each in again}
            (source,) = (await agent.get("signals", cluster="alpha"))["sources"]
            books = source["books"]
            assert source["state"] == "served"
            dropped = sum(books["dropped"].values())
            assert books["received"] == books["delivered"] + books["merged"] + dropped + books["in_flight"]


async def test_what_was_measured_is_there_after_a_restart(tmp_path: Path) -> None:
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        file = configured(tmp_path, ["alpha"], kubernetes=OFTEN)
        asked = {"signal": "node.memory.working_set", "cluster": "alpha"}
        async with agent_in_process(file) as agent:
            before = await measured(agent, lambda items: len(items[0]["points"]) >= 2, **asked)
        async with agent_in_process(file) as agent:
            old = {each["id"]: points(each) for each in before}
            after = await measured(agent, lambda items: len(items[0]["points"]) > len(old[items[0]["id"]]), **asked)
        for each in after:
            assert points(each)[: len(old[each["id"]])] == old[each["id"]]


async def test_a_cluster_whose_metrics_cannot_be_read_is_live_and_its_values_are_absent(tmp_path: Path) -> None:
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        lab.clusters["alpha"].forbid("metrics.k8s.io/pods")
        lab.clusters["beta"].serve_metrics(served=False)
        lab.clusters["gamma"].hang_metrics()
        async with agent_in_process(configured(tmp_path, ["alpha", "beta", "gamma"], kubernetes=OFTEN)) as agent:

            async def all_are_told() -> bool:
                sources = (await agent.get("signals"))["sources"]
                return [each["state"] for each in sources] == ["forbidden", "not_served", "failing"]

            await eventually(all_are_told, "each says why it has no values")
            await agent.all_live("alpha", "beta", "gamma")
            answer = await agent.get("series")
            assert (answer["items"], answer["complete"]) == ([], True)
            assert all(each["reason"] for each in answer["sources"])
            assert (await agent.health())["status"] == "healthy"


async def test_a_damaged_file_of_values_costs_history_and_nothing_else(tmp_path: Path) -> None:
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        file = configured(tmp_path, ["alpha"], kubernetes=OFTEN)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "signals.db").write_bytes(b"no database" * 1000)
        async with agent_in_process(file) as agent:
            await agent.all_live("alpha")
            assert await measured(agent, lambda items: bool(items[0]["points"]), cluster="alpha", kind="Node")
        assert (tmp_path / "data" / "signals.db.set-aside").exists()


async def test_a_file_of_values_that_cannot_be_used_is_told_by_health_and_costs_values_only(tmp_path: Path) -> None:
    file = configured(tmp_path, [])
    (tmp_path / "data" / "signals.db").mkdir(parents=True)
    async with agent_in_process(file) as agent:
        health = await agent.health()
        (signals,) = [each for each in health["components"] if each["name"] == "signals"]
        assert (health["status"], signals["status"]) == ("degraded", "degraded")
        assert signals["message"] == "values are not kept: their file cannot be used"
    (tmp_path / "data" / "signals.db").rmdir()
    async with agent_in_process(file) as agent:
        assert (await agent.health())["status"] == "healthy"
