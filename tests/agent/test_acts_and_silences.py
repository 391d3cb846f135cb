"""People's acts and silences through the pipeline: durable, judged, answered when they are stored."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.agent.desk import Act, KeyReused, NotFound, Refused
from kronveil.agent.silencing import Order
from kronveil.model.silence import Silence
from tests.agent.test_pipeline import bad_image, rig

pytestmark = pytest.mark.anyio


def silence(name: str = "sil_1", **fields: Any) -> Silence:
    now = datetime.now(UTC)
    return Silence(name, now, now + timedelta(hours=1), created_by="ada", reason="upgrade", **fields)


async def test_an_incident_is_assigned_noted_resolved_and_reopened(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (opened,) = one.incidents()
        assert (await one.pipeline.act(Act(opened.id, "assign", "ada", "bob"))).assigned_to == "bob"
        noted = await one.pipeline.act(Act(opened.id, "note", "ada", "seen before"))
        assert "seen before" in noted.timeline[-1].message
        assert (await one.pipeline.act(Act(opened.id, "resolve", "ada", "done"))).status == "resolved"
        assert (await one.pipeline.act(Act(opened.id, "reopen", "ada", "no"))).status == "open"
        stored = await one.store.incident(opened.id)
        assert (stored.status, stored.assigned_to) == ("open", "bob")


async def test_a_verb_that_is_none_is_refused(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        with pytest.raises(Refused, match="shout"):
            await one.pipeline.act(Act(one.incidents()[0].id, "shout", "ada"))


async def test_a_key_knows_the_incidents_that_were_merged(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (opened,) = one.incidents()
        await one.pipeline.act(Act(opened.id, "note", "ada", "x", key="k"))
        with pytest.raises(KeyReused):
            await one.pipeline.act(Act(opened.id, "note", "ada", "x", key="k", others=("inc",)))


async def test_a_silence_is_stored_and_marks_what_it_hushes_until_it_is_ended(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        await one.pipeline.silence(Order(begins=silence(namespace="payments")))
        assert [each.is_silenced for each in one.incidents()] == [True]
        assert [each.id for each in await one.store.silences()] == ["sil_1"]
        await one.pipeline.silence(Order(ends="sil_1"))
        assert [each.is_silenced for each in one.incidents()] == [False]
        assert await one.store.silences() == ()


async def test_a_silence_that_is_not_there_cannot_be_ended(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        with pytest.raises(NotFound, match="sil_9"):
            await one.pipeline.silence(Order(ends="sil_9"))


async def test_a_silence_is_answered_only_when_it_is_stored(tmp_path: Path) -> None:
    async with rig(tmp_path) as one, anyio.create_task_group() as tasks:
        one.store.is_full = True
        order = Order(begins=silence(cluster="east"))
        tasks.start_soon(one.pipeline.silence, order)
        await one.store.refusing.wait()
        assert not order.answered.is_set()
        one.store.is_full = False
        with anyio.fail_after(30):
            await order.answered.wait()
        assert [each.id for each in await one.store.silences()] == ["sil_1"]
