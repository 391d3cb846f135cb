"""Each promise of the collector contract fails for a collector that breaks it: the contract can tell."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from kronveil.sdk.contracts import Collector
from kronveil.sdk.testing.collector import CollectorContract, promises
from tests.sdk import memory_collector as memory

COUNTEREXAMPLES: dict[str, type[memory.MemoryCollector]] = {
    "test_only_declared_kinds_are_reported": memory.Undeclared,
    "test_times_are_in_utc_and_not_in_the_future": memory.AheadOfTime,
    "test_what_did_not_change_is_not_reported": memory.ReportsEveryFrame,
    "test_an_outage_is_told_and_takes_nothing_away": memory.TakesAnOutageForEmptiness,
    "test_a_source_that_hangs_is_told": memory.WaitsForEver,
    "test_refused_credentials_are_named": memory.SaysNothingOfCredentials,
    "test_a_lost_connection_loses_nothing": memory.GoesOnFromNow,
    "test_a_lost_connection_repeats_nothing": memory.StartsOver,
    "test_what_was_deleted_during_an_outage_is_noticed": memory.MissesDeletions,
    "test_a_slow_agent_loses_nothing": memory.DropsWhenTheAgentIsSlow,
    "test_the_books_balance": memory.CountsOnlyNews,
    "test_it_stops_promptly_when_cancelled": memory.StopsLate,
    "test_it_stops_promptly_while_blocked_in_emit": memory.InsistsOnDelivery,
    "test_a_probe_agrees_with_the_source": memory.AlwaysWell,
    "test_a_planted_secret_shows_nowhere": memory.TellsTheSecret,
    "test_it_never_blocks_the_loop": memory.BlocksTheLoop,
}


class MemoryContract(CollectorContract):
    component = memory.component
    collector: type[memory.MemoryCollector] = memory.MemoryCollector

    @asynccontextmanager
    async def source(self) -> AsyncIterator[memory.MemorySource]:
        yield memory.MemorySource()

    @asynccontextmanager
    async def _open(self, source: Any) -> AsyncIterator[Collector]:
        yield self.collector(source)

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        return self._open(source)


@pytest.mark.anyio
class TestMemoryCollector(MemoryContract):
    """One that keeps every promise passes all of them."""


@pytest.mark.anyio
@pytest.mark.parametrize("promise", COUNTEREXAMPLES)
async def test_a_collector_that_breaks_a_promise_is_found_out(promise: str) -> None:
    contract = MemoryContract()
    contract.collector = COUNTEREXAMPLES[promise]
    contract.patience_s = 0.6
    with pytest.raises((AssertionError, ExceptionGroup)) as found:
        await getattr(contract, promise)()
    assert _is_a_verdict(found.value), f"it broke in another way: {found.value!r}"


def test_every_promise_has_a_counterexample() -> None:
    assert set(promises()) == set(COUNTEREXAMPLES)


def _is_a_verdict(error: BaseException) -> bool:
    if isinstance(error, ExceptionGroup):
        return all(map(_is_a_verdict, error.exceptions))
    return isinstance(error, AssertionError)
