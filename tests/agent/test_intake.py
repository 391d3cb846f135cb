"""Intake: origin and arrival are stamped here, books balance, and a full intake makes collectors wait."""

from datetime import UTC, datetime

import anyio
import pytest

from kronveil.agent.intake import Intake
from kronveil.model.fleet import Standing
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin, Resource
from kronveil.sdk.contracts import Batch

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
EAST = Origin("kubernetes", "east")


def observation(name: str) -> Observation:
    return Observation(kind="pod.changed", at=NOW, resource=Resource("Pod", name), key=f"{name}@1")


def intake(capacity: int = 100) -> Intake:
    return Intake(lambda: NOW, capacity)


@pytest.mark.anyio
async def test_an_observation_carries_the_origin_that_the_agent_gave_it() -> None:
    queue = intake()
    source = queue.source(EAST)
    await source.emit(Batch(standing=Standing(uid="uid-1", region="eu-west-1")))
    await source.emit(Batch(observations=(observation("a"),)))
    (arrival,) = queue.take(10)
    assert arrival.origin == Origin("kubernetes", "east", "uid-1", "eu-west-1")
    assert arrival.received_at == NOW


@pytest.mark.anyio
async def test_the_configured_region_wins_over_the_one_the_source_names() -> None:
    source = intake().source(Origin("kubernetes", "east", "", "configured"))
    await source.emit(Batch(standing=Standing(uid="uid-1", region="told")))
    assert source.origin.cluster_region == "configured"


@pytest.mark.anyio
async def test_books_balance_at_every_moment() -> None:
    queue = intake()
    source = queue.source(EAST)
    await source.emit(Batch(observations=(observation("a"), observation("b")), unchanged=5, dropped={"undecodable": 1}))
    books = source.ledger.snapshot()
    assert (books.received, books.merged, books.in_flight, books.dropped) == (8, 5, 2, {"undecodable": 1})
    assert books.is_balanced
    source.ledger.settle(delivered=1, merged=1)
    assert source.ledger.snapshot().is_balanced
    assert source.ledger.snapshot().in_flight == 0


@pytest.mark.anyio
async def test_what_no_frame_stands_behind_is_judged_but_not_booked() -> None:
    queue = intake()
    source = queue.source(EAST)
    await source.emit(Batch(unsourced=(observation("gone"),)))
    assert source.ledger.snapshot().received == 0
    assert [arrival.is_booked for arrival in queue.take(10)] == [False]


@pytest.mark.anyio
async def test_a_full_intake_makes_the_collector_wait_and_loses_nothing() -> None:
    queue = intake(capacity=2)
    source = queue.source(EAST)
    accepted: list[str] = []
    taken: list[str] = []

    async def collect() -> None:
        for name in "abcd":
            await source.emit(Batch(observations=(observation(name),)))
            accepted.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect)
        with anyio.fail_after(5):
            while len(queue) < 2:
                await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            assert accepted == ["a", "b"]
            while len(taken) < 4:
                taken += [arrival.observation.resource.name for arrival in queue.take(1)]
                await anyio.lowlevel.checkpoint()
    assert taken == ["a", "b", "c", "d"]


@pytest.mark.anyio
async def test_a_batch_given_up_while_waiting_is_counted_as_dropped() -> None:
    queue = intake(capacity=1)
    source = queue.source(EAST)
    await source.emit(Batch(observations=(observation("a"),)))
    with anyio.move_on_after(0.01):
        await source.emit(Batch(observations=(observation("b"),)))
    books = source.ledger.snapshot()
    assert books.dropped == {"collector stopped while the intake was full": 1}
    assert books.is_balanced
