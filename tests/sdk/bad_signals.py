"""Deliberately bad stores of measured values. Each breaks one promise, in a way that somebody could well have built."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kronveil.model.signal import Sample, Scrape, SubjectKind
from kronveil.sdk.signals import Kept, SeriesPage, SeriesQuery, SignalStore, SignalUse
from kronveil.stores.sqlite.signals import open_signals

Open = Callable[[Path], AbstractAsyncContextManager[SignalStore]]


class Good:
    """Passes everything on to a good store; the bad ones change one thing."""

    def __init__(self, store: SignalStore) -> None:
        self.store = store

    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        return await self.store.keep(cluster, scrape)

    async def series(self, query: SeriesQuery) -> SeriesPage:
        return await self.store.series(query)

    async def counts(self, cluster: str | None) -> dict[str, int]:
        return await self.store.counts(cluster)

    async def forget(self, before: datetime) -> int:
        return await self.store.forget(before)

    async def use(self) -> SignalUse:
        return await self.store.use()


def opened(kind: Callable[[SignalStore], SignalStore]) -> Open:
    @asynccontextmanager
    async def open_bad(folder: Path) -> AsyncIterator[SignalStore]:
        async with open_signals(folder) as store:
            yield kind(store)

    return open_bad


@asynccontextmanager
async def open_forgetful(_folder: Path) -> AsyncIterator[SignalStore]:
    with TemporaryDirectory() as other:
        async with open_signals(Path(other)) as store:
            yield store


class FillsInZeros(Good):
    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        filled = [Sample(each.subject, each.at, each.cpu or 0.0, each.memory or 0.0) for each in scrape.samples]
        return await super().keep(cluster, replace(scrape, samples=filled))


class BelievesTheReadingsTime(Good):
    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        now = [replace(each, at=scrape.at) for each in scrape.samples]
        return await super().keep(cluster, replace(scrape, samples=now))


class TellsOneContainerOfAPod(Good):
    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        first = {(each.subject.namespace, each.subject.name): each for each in reversed(scrape.samples)}
        return await super().keep(cluster, replace(scrape, samples=list(first.values())))


class PagesByName(Good):
    async def series(self, query: SeriesQuery) -> SeriesPage:
        page = await super().series(replace(query, after=None, limit=100))
        after = query.after
        rest = [each for each in page.items if after is None or each.key.name > after.name]
        return replace(page, items=tuple(rest[: query.limit]), has_more=len(rest) > query.limit)


class FindsOwnersByTheirBeginning(Good):
    async def series(self, query: SeriesQuery) -> SeriesPage:
        owner = query.owner if query.owner is None or query.owner.endswith("*") else f"{query.owner}*"
        return await super().series(replace(query, owner=owner))


class ReadsOnToTheEnd(Good):
    async def series(self, query: SeriesQuery) -> SeriesPage:
        return await super().series(replace(query, until=query.until.replace(year=query.until.year + 1)))


class ForgetsNothing(Good):
    async def forget(self, before: datetime) -> int:
        return 0


class CountsPodsOnly(Good):
    async def counts(self, cluster: str | None) -> dict[str, int]:
        found = await super().counts(cluster)
        return {name: count for name, count in found.items() if name.startswith(SubjectKind.POD.lower())}


open_fills_in_zeros = opened(FillsInZeros)
open_believes_the_reading = opened(BelievesTheReadingsTime)
open_tells_one_container = opened(TellsOneContainerOfAPod)
open_pages_by_name = opened(PagesByName)
open_finds_by_beginning = opened(FindsOwnersByTheirBeginning)
open_reads_on = opened(ReadsOnToTheEnd)
open_forgets_nothing = opened(ForgetsNothing)
open_counts_pods_only = opened(CountsPodsOnly)
