"""The reader of metrics.k8s.io against the lab: what comes is handed over, and whatever fails is said and costs nothing
else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.collectors.kubernetes.cluster import open_cluster
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.usage_sources import LONGEST_ANSWER
from kronveil.lab import LabCluster
from kronveil.lab.moves import StopNode
from kronveil.lab.usage import Usage
from kronveil.model.fleet import Standing
from kronveil.model.signal import Sample, Scrape, SourceState
from kronveil.sdk.contracts import Batch
from tests.acceptance.world import quiet_lab
from tests.real.waiting import eventually, stays

pytestmark = pytest.mark.anyio


@dataclass
class Heard:
    """What a collector handed over."""

    scrapes: list[Scrape] = field(default_factory=list)
    standing: Standing = field(default_factory=Standing)

    async def emit(self, batch: Batch, /) -> None:
        if batch.standing is not None:
            self.standing = batch.standing
        if batch.scrape is not None:
            self.scrapes.append(batch.scrape)

    async def state(self, state: SourceState) -> str:
        """Wait until it says so; the reason it gives."""

        async def is_so() -> bool:
            return self.standing.signals.state is state

        await eventually(is_so, f"signals are {state}")
        return self.standing.signals.reason or ""

    async def more(self, count: int = 1) -> Scrape:
        """Wait for so many readings more; the last."""
        wanted = len(self.scrapes) + count

        async def is_so() -> bool:
            return len(self.scrapes) >= wanted

        await eventually(is_so, f"{wanted} readings")
        return self.scrapes[-1]

    def is_whole(self) -> bool:
        """Whether nothing but the values is affected."""
        return self.standing.error is None and all(
            each.synced for each in self.standing.kinds.values() if each.is_needed
        )


@asynccontextmanager
async def watched(folder: Path, **config: Any) -> AsyncIterator[tuple[LabCluster, Heard]]:
    async with quiet_lab(speed=1) as lab, anyio.create_task_group() as tasks:
        lab.write_kubeconfig(folder / "kubeconfig")
        settings: dict[str, Any] = {"metrics_interval": timedelta(seconds=0.2), "poll_interval": timedelta(seconds=0.5)}
        chosen = ClusterConfig(
            name="alpha", context="alpha", kubeconfig_path=folder / "kubeconfig", **{**settings, **config}
        )
        heard = Heard()
        async with open_cluster(chosen) as collector:
            tasks.start_soon(collector.run, heard.emit)
            yield lab.clusters["alpha"], heard
            tasks.cancel_scope.cancel()


class Odd(Usage):
    """Says what it is told to."""

    def __init__(self, cluster: LabCluster, pods: Callable[[list[Any]], Any]) -> None:
        super().__init__(cluster.simulation)
        self._pods_as = pods

    def pods(self, namespace: str = "") -> list[Any]:
        found: list[Any] = self._pods_as(super().pods(namespace))
        return found


async def test_every_container_and_node_is_read_with_whose_it_is_and_what_it_may_use(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        scrape = await heard.more()
        usage = Usage(cluster.simulation)
        pods = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in usage.pods()}
        read = [each for each in scrape.samples if each.subject.part]
        assert {(each.subject.namespace, each.subject.name) for each in read} == pods
        nodes = {each.subject.name for each in scrape.samples if not each.subject.part}
        assert nodes == {each["metadata"]["name"] for each in usage.nodes()}
        assert not scrape.dropped
        assert (scrape.source, scrape.interval_s) == ("metrics.k8s.io", 0.2)
        assert all(each.cpu and each.memory and abs(each.at - scrape.at) < 30 for each in scrape.samples)
        cart = next(each.subject for each in read if each.subject.owner == "cart")
        assert (cart.owner_kind, cart.node in nodes) == ("Deployment", True)
        assert cart.bounds.memory_limit
        assert await heard.state(SourceState.SERVED) == ""
        read_at = heard.standing.signals.read_at
        assert read_at is not None
        assert datetime.now(UTC) - read_at < timedelta(seconds=30)


async def test_a_cluster_without_metrics_is_whole_and_says_that_they_are_not_served(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        cluster.serve_metrics(served=False)
        reason = await heard.state(SourceState.NOT_SERVED)
        assert reason == "the API group metrics.k8s.io is not served"
        assert heard.is_whole()
        cluster.serve_metrics(served=True)
        await heard.state(SourceState.SERVED)


async def test_who_may_not_read_pods_metrics_is_told_so_and_nothing_else_suffers(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        cluster.forbid("metrics.k8s.io/pods")
        assert "metrics.k8s.io" in await heard.state(SourceState.FORBIDDEN)
        assert heard.is_whole()


async def test_who_may_not_read_nodes_metrics_reads_those_of_pods(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        await heard.more()
        cluster.forbid("metrics.k8s.io/nodes")
        scrape = await heard.more(2)
        assert scrape.samples
        assert all(each.subject.part for each in scrape.samples)

        async def is_said() -> bool:
            return (heard.standing.signals.reason or "").startswith("nodes: ")

        await eventually(is_said, "it says that nodes are missing")
        assert heard.standing.signals.state is SourceState.SERVED


async def test_a_metrics_server_that_is_gone_or_hangs_costs_values_only(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        await heard.more()
        cluster.simulation.set_metrics(offered=False)
        assert "503" in await heard.state(SourceState.FAILING)
        count = len(heard.scrapes)
        cluster.simulation.set_metrics(offered=True)
        await heard.state(SourceState.SERVED)
        cluster.hang_metrics()
        assert await heard.state(SourceState.FAILING) == "no whole answer within 3 s"
        assert heard.is_whole()
        assert len(heard.scrapes) >= count
        cluster.unhang_metrics()
        await heard.state(SourceState.SERVED)


async def test_an_answer_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    async with watched(tmp_path, metrics_interval=timedelta(seconds=20)) as (cluster, heard):
        cluster.api.usage = Odd(cluster, lambda pods: [{**pods[0], "padding": "x" * (LONGEST_ANSWER + 4096)}])
        assert "longer than 32 MiB" in await heard.state(SourceState.FAILING)
        assert heard.is_whole()
        assert not heard.scrapes


@pytest.mark.parametrize("lie", [{"items": 5}, "nonsense", 7], ids=str)
async def test_what_is_no_list_is_said_and_tried_again(tmp_path: Path, lie: Any) -> None:
    async with watched(tmp_path) as (cluster, heard):
        cluster.api.usage = Odd(cluster, lambda _: lie)
        assert await heard.state(SourceState.FAILING) == "what metrics.k8s.io answers cannot be read"
        cluster.serve_metrics(served=True)
        await heard.state(SourceState.SERVED)


async def test_one_odd_pod_costs_only_itself(tmp_path: Path) -> None:
    async with watched(tmp_path) as (cluster, heard):
        cluster.api.usage = Odd(cluster, lambda pods: [{**pods[0], "timestamp": 5}, *pods[1:]])
        scrape = await heard.more()
        assert scrape.dropped == {"unreadable": 1}
        assert len([each for each in scrape.samples if each.subject.part]) == len(Usage(cluster.simulation).pods()) - 1


async def test_a_source_that_stands_still_is_not_taken_for_news(tmp_path: Path) -> None:
    old = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()
    async with watched(tmp_path) as (cluster, heard):
        cluster.api.usage = Odd(cluster, lambda pods: [{**each, "timestamp": old} for each in pods])
        scrape = await heard.more()
        assert not [each for each in scrape.samples if each.subject.part]
        assert set(scrape.dropped) == {"too old"}


async def test_only_the_named_namespaces_are_asked_for(tmp_path: Path) -> None:
    async with watched(tmp_path, namespaces=("shop",)) as (_, heard):
        scrape = await heard.more()
        namespaces = {each.subject.namespace for each in scrape.samples if each.subject.part}
        assert namespaces == {"shop"}


async def test_where_it_is_off_nothing_is_asked(tmp_path: Path) -> None:
    async with watched(tmp_path, metrics=False) as (cluster, heard):
        cluster.forbid("metrics.k8s.io/pods")
        await heard.state(SourceState.OFF)

        async def is_off() -> bool:
            return heard.standing.signals.state is SourceState.OFF

        await stays(is_off, "it is off", for_s=1)
        assert not heard.scrapes


async def test_readings_come_at_even_distances_also_when_one_takes_long(tmp_path: Path) -> None:
    async with watched(tmp_path) as (_, heard):
        await heard.more(3)
        times = [each.at for each in heard.scrapes]
        samples: list[Sample] = list(heard.scrapes[-1].samples)
        assert times == sorted(times)
        assert samples


async def test_where_there_are_no_metrics_the_kubelets_are_asked_if_that_is_wanted(tmp_path: Path) -> None:
    async with watched(tmp_path, kubelet_summary=True) as (cluster, heard):
        cluster.serve_metrics(served=False)
        await heard.state(SourceState.SERVED)
        scrape = await heard.more()
        usage = Usage(cluster.simulation)
        assert scrape.source == heard.standing.signals.source == "kubelet"
        pods = {(each.subject.namespace, each.subject.name) for each in scrape.samples if each.subject.part}
        assert pods == {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in usage.pods()}
        nodes = {each.subject.name for each in scrape.samples if not each.subject.part}
        assert nodes == {each["metadata"]["name"] for each in usage.nodes()}
        cart = next(each.subject for each in scrape.samples if each.subject.owner == "cart")
        assert cart.bounds.memory_limit
        # A kubelet that is gone costs what it would have said.
        StopNode(1).make(cluster.simulation)

        async def is_said() -> bool:
            return (heard.standing.signals.reason or "").startswith(f"1 of {len(nodes)} kubelets: ")

        await eventually(is_said, "it says that one is missing")
        assert (await heard.more()).samples
        cluster.forbid("nodes/proxy")
        assert "Allow get on nodes/proxy" in await heard.state(SourceState.FORBIDDEN)
        cluster.serve_metrics(served=True)
        await heard.state(SourceState.SERVED)
        assert (await heard.more()).source == "metrics.k8s.io"
