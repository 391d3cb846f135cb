"""A cluster is its uid: restored from a backup or named anew it is the same, and what is told of it stays true."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.lab import ClusterPlan, Lab, Story, open_lab
from kronveil.sdk.errors import Permanent
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.lab_source import LabSource

pytestmark = pytest.mark.anyio
QUIET = Story("quiet", "Nothing happens", "", (ClusterPlan("east", "eu-central-1"),))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab(QUIET) as lab:
        yield lab


@asynccontextmanager
async def watching(kubeconfig: Path, context: str) -> AsyncIterator[Recorder]:
    recorder = Recorder(30)
    config = ClusterConfig(
        name="east", kubeconfig_path=kubeconfig, context=context, poll_interval=timedelta(milliseconds=200)
    )
    async with component.open(config) as collector, anyio.create_task_group() as tasks:
        tasks.start_soon(collector.run, recorder)
        await recorder.until(lambda: recorder.standing.pods is not None, "its pods are listed")
        yield recorder
        tasks.cancel_scope.cancel()


async def test_after_a_store_was_restored_what_is_not_there_any_more_is_gone_and_the_rest_is_not_told_again(
    lab: Lab, tmp_path: Path
) -> None:
    east = lab.clusters["east"]
    source = LabSource(lab, east, tmp_path / "kubeconfig")
    await source.add("early")
    async with watching(tmp_path / "kubeconfig", "east") as recorder:
        uid = recorder.standing.uid
        await recorder.until(lambda: bool(recorder.about("early")), "what is sick is told")
        told = len(recorder.about("early"))
        east.take_backup()
        await source.add("late")
        await recorder.until(lambda: bool(recorder.about("late")), "what came after the backup is told")
        east.restore_backup()
        east.drop_watches()
        await recorder.until(lambda: recorder.is_gone("late"), "it is gone with the restore")
        assert not recorder.is_gone("early")
        assert len(recorder.about("early")) == told
        await source.change("early")
        await recorder.until(lambda: len(recorder.about("early")) > told, "and what happens from then on is told")
        assert recorder.standing.uid == uid


async def test_a_context_of_another_name_leads_to_the_same_cluster_and_the_old_name_says_what_there_is(
    lab: Lab, tmp_path: Path
) -> None:
    lab.write_kubeconfig(tmp_path / "before")
    lab.write_kubeconfig(tmp_path / "after", contexts={"east": "production"})
    uids: list[str] = []
    for file, context in (("before", "east"), ("after", "production")):
        async with watching(tmp_path / file, context) as recorder:
            uids.append(recorder.standing.uid)
    assert uids[0]
    assert uids[0] == uids[1]
    with pytest.raises(Permanent, match=r"has no context 'east'\. It has: production"):
        async with component.open(ClusterConfig(name="east", kubeconfig_path=tmp_path / "after", context="east")):
            pass


async def test_a_clock_that_is_off_is_measured(lab: Lab, tmp_path: Path) -> None:
    lab.write_kubeconfig(tmp_path / "kubeconfig")
    async with watching(tmp_path / "kubeconfig", "east") as recorder:
        await recorder.until(lambda: recorder.standing.skew_s == 0, "it is right at first")
        lab.clusters["east"].skew_clock(-90)
        await recorder.until(
            lambda: recorder.standing.skew_s is not None and abs(recorder.standing.skew_s + 90) <= 2, "then behind"
        )
