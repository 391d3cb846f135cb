"""Readings on their way to their store: nobody waits for it, every sample is accounted for, trouble is told once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from kronveil.agent.intake import Intake, Source
from kronveil.agent.measuring import BEHIND, NOT_KEPT, WAITING, Measuring
from kronveil.model.resource import Origin
from kronveil.model.signal import Scrape
from kronveil.sdk.contracts import Batch
from kronveil.sdk.errors import Permanent, PluginError, Transient
from kronveil.sdk.signals import Kept, SignalStore
from kronveil.sdk.testing.signals import APP, BEGAN, MEMORY, NODE, PROXY, query, sample, scrape
from kronveil.stores.sqlite.signals import open_signals
from tests.real.waiting import eventually
from tests.sdk.bad_signals import Good

pytestmark = pytest.mark.anyio


class Troubled(Good):
    """Keeps nothing while it has a trouble, and waits while it is told to."""

    def __init__(self, store: SignalStore) -> None:
        super().__init__(store)
        self.trouble: PluginError | None = None
        self.may_go_on = anyio.Event()
        self.may_go_on.set()
        self.forgotten: list[datetime] = []

    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        await self.may_go_on.wait()
        if self.trouble is not None:
            raise self.trouble
        return await super().keep(cluster, scrape)

    async def forget(self, before: datetime) -> int:
        self.forgotten.append(before)
        return 0


def now() -> datetime:
    return datetime.fromtimestamp(BEGAN, UTC)


def source_of(measuring: Measuring, name: str = "east") -> Source:
    return Intake(now, measure=measuring.take).source(Origin("kubernetes", name))


async def settled(*sources: Source) -> None:
    async def is_so() -> bool:
        return not any(each.samples.snapshot().in_flight for each in sources)

    await eventually(is_so, "nothing is in flight", every_s=0.005)


async def test_each_sample_is_kept_repeated_or_dropped_and_the_books_balance(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store, anyio.create_task_group() as tasks:
        measuring = Measuring(store, now, timedelta(hours=24))
        source = source_of(measuring)
        tasks.start_soon(measuring.run)
        odd = Scrape("metrics.k8s.io", BEGAN + 60, 60.0, [sample(APP, 60), sample(NODE, 60)], {"too old": 3})
        await source.emit(Batch(scrape=odd))
        await source.emit(Batch(scrape=scrape(120, sample(APP, 60), sample(NODE, 120))))
        await settled(source)
        books = source.samples.snapshot()
        assert (books.received, books.delivered, books.merged, books.dropped) == (7, 3, 1, {"too old": 3})
        assert books.is_balanced
        # Those of frames and list items are others.
        assert source.ledger.snapshot().received == 0
        (series,) = (await measuring.series(query(signals=(MEMORY,), cluster="east"))).items
        assert len(series.points) == 1
        tasks.cancel_scope.cancel()


async def test_a_collector_never_waits_for_a_store_that_is_behind(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store, anyio.create_task_group() as tasks:
        slow = Troubled(store)
        slow.may_go_on = anyio.Event()
        measuring = Measuring(slow, now, timedelta(hours=24))
        source, other = source_of(measuring), source_of(measuring, "west")
        tasks.start_soon(measuring.run)
        await other.emit(Batch(scrape=scrape(0, sample(APP, 0))))
        await anyio.wait_all_tasks_blocked()
        many = WAITING + 10
        for number in range(many):
            await source.emit(Batch(scrape=scrape(60 * number, sample(APP, 60 * number), sample(PROXY, 60 * number))))
        books = source.samples.snapshot()
        assert (books.dropped, books.in_flight) == ({BEHIND: 20}, 2 * WAITING)
        slow.may_go_on.set()
        await settled(source, other)
        (series,) = (await measuring.series(query(0, 10**6, signals=(MEMORY,), cluster="east", part="app"))).items
        # The newest were kept.
        assert [at - BEGAN for at, _ in series.points] == [60 * number for number in range(10, many)]
        assert source.samples.snapshot().is_balanced
        assert other.samples.snapshot().delivered == 1
        tasks.cancel_scope.cancel()


async def test_a_store_in_trouble_costs_values_is_told_once_and_goes_on_by_itself(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store, anyio.create_task_group() as tasks:
        troubled = Troubled(store)
        troubled.trouble = Transient("the disk is full")
        measuring = Measuring(troubled, now, timedelta(hours=24))
        source = source_of(measuring)
        tasks.start_soon(measuring.run)
        with capture_logs() as logs:
            for number in range(3):
                await source.emit(Batch(scrape=scrape(number, sample(APP, number))))
            await settled(source)
            assert measuring.trouble == "the disk is full"
            troubled.trouble = None
            await source.emit(Batch(scrape=scrape(9, sample(APP, 9))))
            await settled(source)
        assert [each["event"] for each in logs] == ["signals.not_kept", "signals.kept_again"]
        assert measuring.trouble is None
        assert source.samples.snapshot().dropped == {NOT_KEPT: 3}
        assert source.samples.snapshot().delivered == 1
        tasks.cancel_scope.cancel()


async def test_without_a_store_nothing_is_kept_and_who_asks_is_told_why() -> None:
    async with anyio.create_task_group() as tasks:
        measuring = Measuring(None, now, timedelta(hours=24))
        source = source_of(measuring)
        tasks.start_soon(measuring.run)
        with capture_logs():
            await source.emit(Batch(scrape=scrape(0, sample(APP, 0))))
            await settled(source)
        assert source.samples.snapshot().dropped == {NOT_KEPT: 1}
        with pytest.raises(Transient, match="cannot be used"):
            await measuring.series(query())
        tasks.cancel_scope.cancel()


async def test_a_defect_of_the_file_does_not_end_the_measuring(tmp_path: Path) -> None:
    async with open_signals(tmp_path) as store, anyio.create_task_group() as tasks:
        troubled = Troubled(store)
        troubled.trouble = Permanent("the file is damaged")
        measuring = Measuring(troubled, now, timedelta(hours=24))
        source = source_of(measuring)
        tasks.start_soon(measuring.run)
        with capture_logs():
            await source.emit(Batch(scrape=scrape(0, sample(APP, 0))))
            await settled(source)
            troubled.trouble = None
            await source.emit(Batch(scrape=scrape(60, sample(APP, 60))))
            await settled(source)
        assert source.samples.snapshot().delivered == 1
        tasks.cancel_scope.cancel()


async def test_an_intake_that_nobody_measures_for_counts_what_it_gives_up() -> None:
    source = Intake(now).source(Origin("kubernetes", "east"))
    await source.emit(Batch(scrape=scrape(0, sample(APP, 0), sample(NODE, 0))))
    assert source.samples.snapshot().dropped == {"values are not kept": 2}
    assert source.samples.snapshot().is_balanced


class TestInVirtualTime:
    @pytest.fixture
    def anyio_backend(self) -> object:
        from tests.virtual_time import VIRTUAL_TIME

        return VIRTUAL_TIME

    async def test_what_is_older_than_is_kept_is_forgotten_each_minute(self) -> None:
        store = Troubled(Good(None))  # type: ignore[arg-type]
        measuring = Measuring(store, now, timedelta(hours=6))
        with anyio.move_on_after(150):
            await measuring.run()
        assert store.forgotten == [now() - timedelta(hours=6)] * 2
