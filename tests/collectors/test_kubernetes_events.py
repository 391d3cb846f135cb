"""Warning events in their two forms, of core/v1 and of events.k8s.io/v1: the same objects, told alike, and once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.lab import App, ClusterPlan, LabCluster, Story, open_lab
from kronveil.lab.kinds import EVENT
from kronveil.lab.server.events import as_new_event
from kronveil.model.facts import WarningFacts
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.sampled import LATER, sample, told, translate

QUIET = Story(
    "quiet", "Nothing happens", "", (ClusterPlan("east", "eu-central-1", apps=(App("shop", "cart", image="cart:1"),)),)
)


@pytest.mark.parametrize("name", ["back_off", "new_form", "old"])
def test_both_forms_of_an_event_are_told_alike(name: str) -> None:
    old = told("events", sample("events", name))
    new = told("events", as_new_event(sample("events", name)))
    assert new == old
    assert new.key == old.key


def test_the_other_form_of_an_event_that_is_known_is_no_news() -> None:
    kept, _ = translate("events", sample("events", "new_form"))
    assert translate("events", as_new_event(sample("events", "new_form")), kept)[1] is None


def test_a_series_counts_and_what_old_writers_counted_does_where_there_is_none() -> None:
    item: dict[str, Any] = as_new_event(sample("events", "back_off"))
    kept, first = translate("events", item, at=LATER)
    assert first is not None
    assert isinstance(first.facts, WarningFacts)
    assert first.facts.count == item["deprecatedCount"]
    item["series"] = {"count": 9, "lastObservedTime": "2026-11-25T01:08:00.000000Z"}
    item["metadata"]["resourceVersion"] = "9200"
    again = told("events", item, before=kept)
    assert isinstance(again.facts, WarningFacts)
    assert (again.facts.count, again.at.minute) == (9, 8)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[LabCluster]:
    async with open_lab(QUIET) as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        yield next(iter(lab.clusters.values()))


def warn(cluster: LabCluster, name: str) -> None:
    event = sample("events", "back_off")
    event["metadata"] = {"name": name, "namespace": "shop"}
    event["involvedObject"]["name"] = name
    cluster.world.create(EVENT, event)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "forbidden", ["", "/events", "events.k8s.io/events"], ids=["both", "only the newer form", "only the older form"]
)
async def test_a_warning_is_told_once_whichever_of_its_forms_may_be_read(
    cluster: LabCluster, tmp_path: Path, forbidden: str
) -> None:
    cluster.forbid(forbidden)
    warn(cluster, "before")
    recorder = Recorder(30)
    config = ClusterConfig(
        name="east", kubeconfig_path=tmp_path / "kubeconfig", context="east", poll_interval=timedelta(milliseconds=300)
    )
    async with component.open(config) as collector, anyio.create_task_group() as tasks:
        tasks.start_soon(collector.run, recorder)
        await recorder.until(lambda: bool(recorder.about("before")), "the warning from before is told")
        warn(cluster, "after")
        await recorder.until(lambda: bool(recorder.about("after")), "so is the one from after")
        cluster.compact()
        cluster.drop_watches()
        relists = recorder.standing.relists
        await recorder.until(lambda: recorder.standing.relists > relists, "lists again")
        warn(cluster, "last")
        await recorder.until(lambda: bool(recorder.about("last")), "and the last")
        tasks.cancel_scope.cancel()
    assert [len(recorder.about(name)) for name in ("before", "after", "last")] == [1, 1, 1]
    assert recorder.standing.kinds["events"].error is None


@pytest.mark.anyio
async def test_events_that_may_be_read_in_no_form_are_said_to_be_forbidden(cluster: LabCluster, tmp_path: Path) -> None:
    cluster.forbid("events")
    recorder = Recorder(30)
    config = ClusterConfig(name="east", kubeconfig_path=tmp_path / "kubeconfig", context="east")
    async with component.open(config) as collector, anyio.create_task_group() as tasks:
        tasks.start_soon(collector.run, recorder)
        await recorder.until(
            lambda: "events" in recorder.standing.kinds and recorder.standing.kinds["events"].is_forbidden, "it is said"
        )
        tasks.cancel_scope.cancel()
