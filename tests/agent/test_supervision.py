"""Supervision: a collector is opened again, later and later; one that fails never ends another."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import anyio
import pytest

from kronveil.agent.intake import Intake
from kronveil.agent.supervision import REPAIRED_AFTER_S, Supervised
from kronveil.model.fleet import Standing
from kronveil.model.resource import Origin
from kronveil.sdk.contracts import Batch, Collector, Emit
from kronveil.sdk.errors import Permanent, Transient
from tests.virtual_time import VIRTUAL_TIME

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> object:
    return VIRTUAL_TIME


class Failing:
    """Notes when it was opened and fails at once, each time in the same way."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.opened_at: list[float] = []
        self.closed = 0

    def opener(self) -> Callable[[], AbstractAsyncContextManager[Collector]]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Collector]:
            self.opened_at.append(anyio.current_time())
            try:
                yield self
            finally:
                self.closed += 1

        return opened

    async def run(self, emit: Emit) -> None:
        await emit(Batch(standing=Standing(uid="uid-1", pods=3)))
        raise self.error

    async def probe(self) -> None:
        raise self.error


async def supervise(collector: Failing, for_s: float) -> Supervised:
    supervised = Supervised(Intake(lambda: NOW).source(Origin("kubernetes", "east")), collector.opener(), lambda: NOW)
    with anyio.move_on_after(for_s):
        await supervised.run()
    return supervised


@pytest.mark.anyio
async def test_a_failing_collector_is_opened_again_after_growing_waits() -> None:
    collector = Failing(Transient("connection refused"))
    await supervise(collector, 300)
    waits = [later - earlier for earlier, later in zip(collector.opened_at, collector.opened_at[1:], strict=False)]
    assert waits[0] <= 1
    assert max(waits) <= 30
    assert waits[4] > waits[0]
    assert collector.closed == len(collector.opened_at)


@pytest.mark.anyio
async def test_what_only_a_person_can_mend_is_tried_seldom() -> None:
    collector = Failing(Permanent("no such context"))
    await supervise(collector, REPAIRED_AFTER_S * 3.5)
    assert len(collector.opened_at) == 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Transient("connection refused"), "connection refused"),
        (Permanent("kubeconfig has no context east"), "kubeconfig has no context east"),
        (ZeroDivisionError("secret-token"), "the collector failed: ZeroDivisionError"),
    ],
)
async def test_why_it_stopped_is_told_and_what_it_knew_is_kept(error: Exception, told: str) -> None:
    supervised = await supervise(Failing(error), 0.1)
    standing = supervised.source.standing
    assert standing is not None
    assert standing.error == told
    assert standing.pods == 3
    assert standing.next_try_at is not None


@pytest.mark.anyio
async def test_cancelling_ends_it_at_once_and_closes_the_collector() -> None:
    collector = Failing(Transient("gone"))
    supervised = Supervised(Intake(lambda: NOW).source(Origin("kubernetes", "east")), collector.opener(), lambda: NOW)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(supervised.run)
        await anyio.sleep(10)
        tasks.cancel_scope.cancel()
    assert collector.closed == len(collector.opened_at)
    assert supervised.collector is None
