"""Deliberately bad stores. Each breaks one promise, in a way that somebody could well have built."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.lowlevel

from kronveil.model.event import Event
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.sdk.storage import (
    EventPage,
    EventQuery,
    IncidentPage,
    IncidentQuery,
    Receipt,
    Restored,
    Store,
    Writes,
)
from kronveil.stores.sqlite import open_sqlite

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Good:
    """Passes everything on to a good store; the bad ones change one thing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def save(self, writes: Writes) -> None:
        await self.store.save(writes)

    async def restore(self, resolved_since: datetime) -> Restored:
        return await self.store.restore(resolved_since)

    async def events(self, query: EventQuery) -> EventPage:
        return await self.store.events(query)

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        return await self.store.events_by_id(ids)

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        return await self.store.incidents(query)

    async def incident(self, incident_id: str) -> Incident | None:
        return await self.store.incident(incident_id)

    async def receipt(self, key: str) -> Receipt | None:
        return await self.store.receipt(key)

    async def forget(self, events_before: datetime, limit: int) -> int:
        return await self.store.forget(events_before, limit)

    async def check(self) -> None:
        await self.store.check()

    async def finish(self) -> None:
        """Called when the store is closed in good order."""


def _opening(make: Callable[[Store], Good]) -> Callable[[Path], AbstractAsyncContextManager[Good]]:
    @asynccontextmanager
    async def open_bad(folder: Path) -> AsyncIterator[Good]:
        async with open_sqlite(folder) as store:
            bad = make(store)
            yield bad
            await bad.finish()

    return open_bad


@asynccontextmanager
async def open_forgetful(_folder: Path) -> AsyncIterator[Good]:
    """Keeps everything, until it is closed."""
    with TemporaryDirectory() as elsewhere:
        async with open_sqlite(Path(elsewhere)) as store:
            yield Good(store)


class AnswersEarly(Good):
    """Says "saved" when it has only taken note, and writes every so often."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.noted: list[Writes] = []

    async def save(self, writes: Writes) -> None:
        await anyio.lowlevel.checkpoint()
        self.noted.append(writes)
        if len(self.noted) >= 50:
            await self.finish()

    async def finish(self) -> None:
        noted, self.noted = self.noted, []
        for writes in noted:
            await self.store.save(writes)


class DropsWhenBusy(Good):
    """Keeps one save in flight and takes the next for a repeat of it."""

    is_busy = False

    async def save(self, writes: Writes) -> None:
        if self.is_busy:
            return
        self.is_busy = True
        try:
            await self.store.save(writes)
        finally:
            self.is_busy = False


class SavesPieceByPiece(Good):
    """Commits each row by itself, so that a failure in the middle leaves the first rows."""

    async def save(self, writes: Writes) -> None:
        if writes.counters:
            await self.store.save(Writes(counters=writes.counters))
        for event in writes.events:
            await self.store.save(Writes(events=(event,)))
            await anyio.lowlevel.checkpoint()
        await self.store.save(replace(writes, events=(), counters={}))


class FailsTogether(Good):
    """Saves what came in at the same time as one, and lets all of them fail for one."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.together: list[Event] = []

    async def save(self, writes: Writes) -> None:
        self.together += writes.events
        await anyio.lowlevel.checkpoint()
        await self.store.save(Writes(events=tuple(self.together)))


class LeadsUnshielded(Good):
    """One saves for all who wait, and when it is cancelled what it had taken from the others is gone."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.waiting: list[Writes] = []
        self.turn = anyio.Lock()

    async def save(self, writes: Writes) -> None:
        self.waiting.append(writes)
        async with self.turn:
            taken, self.waiting = self.waiting, []
            await anyio.lowlevel.checkpoint()
            for each in taken:
                await self.store.save(each)


class CountsRepeats(Good):
    """Adds the caller's numbers whether the events were new or not."""

    async def save(self, writes: Writes) -> None:
        await self.store.save(replace(writes, counters={}))
        await self.store.save(Writes(counters=writes.counters))


class BelievesTheLastWord(Good):
    """Sets when a cluster was heard to whatever was said last."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.heard: dict[str, datetime] = {}

    async def save(self, writes: Writes) -> None:
        self.heard.update(writes.cluster_heard)
        await self.store.save(writes)

    async def restore(self, resolved_since: datetime) -> Restored:
        return replace(await self.store.restore(resolved_since), cluster_heard=self.heard)


class KeepsTheFirstVersion(Good):
    """Ignores an incident that it has already."""

    async def save(self, writes: Writes) -> None:
        new = [i for i in writes.incidents if await self.store.incident(i.id) is None]
        await self.store.save(replace(writes, incidents=new))


class ForgetsReceipts(Good):
    """Remembers the newest receipt only."""

    async def receipt(self, key: str) -> Receipt | None:
        return await self.store.receipt(key) if key == "later" else None


class PagesByOffset(Good):
    """Counts rows to find the next page, so that every arrival shifts it."""

    async def events(self, query: EventQuery) -> EventPage:
        start = int(query.before or 0)
        everything = (await self.store.events(replace(query, limit=10_000, before=None))).items
        end = start + query.limit
        return EventPage(everything[start:end], str(end) if len(everything) > end else None)


class PagesByTimeAlone(Good):
    """Continues after the last row's time, and so skips whatever shares it."""

    async def events(self, query: EventQuery) -> EventPage:
        before = datetime.fromisoformat(query.before) if query.before else None
        everything = (await self.store.events(replace(query, limit=10_000, before=None))).items
        rest = [event for event in everything if before is None or event.received_at < before]
        page = tuple(rest[: query.limit])
        return EventPage(page, page[-1].received_at.isoformat() if len(rest) > len(page) else None)


class FiltersThePage(Good):
    """Takes a page first and filters it afterwards."""

    async def events(self, query: EventQuery) -> EventPage:
        page = await self.store.events(EventQuery(limit=min(query.limit, 2), before=query.before))
        kept = tuple(e for e in page.items if query.cluster in (None, e.origin.cluster_name))
        return replace(page, items=kept)


class ForgivesCursors(Good):
    """Answers the first page when it does not understand which was asked for."""

    async def events(self, query: EventQuery) -> EventPage:
        try:
            return await self.store.events(query)
        except ValueError:
            return await self.store.events(replace(query, before=None))


class ForgetsEvidence(Good):
    """Lets go of an incident's claim on its events, so that retention takes them."""

    async def save(self, writes: Writes) -> None:
        bare = tuple(replace(incident, evidence=()) for incident in writes.incidents)
        await self.store.save(replace(writes, incidents=bare))


class RestoresOpenOnly(Good):
    """Thinks that what is resolved is over."""

    async def restore(self, resolved_since: datetime) -> Restored:
        restored = await self.store.restore(resolved_since)
        still_open = tuple(i for i in restored.incidents if i.status is not IncidentStatus.RESOLVED)
        return replace(restored, incidents=still_open)


class LeavesTraces(Good):
    """Checks itself with a counter of its own among the others."""

    async def check(self) -> None:
        await self.store.save(Writes(counters={"checks": 1}))


open_answers_early = _opening(AnswersEarly)
open_drops_when_busy = _opening(DropsWhenBusy)
open_saves_piece_by_piece = _opening(SavesPieceByPiece)
open_fails_together = _opening(FailsTogether)
open_leads_unshielded = _opening(LeadsUnshielded)
open_counts_repeats = _opening(CountsRepeats)
open_believes_the_last_word = _opening(BelievesTheLastWord)
open_keeps_the_first_version = _opening(KeepsTheFirstVersion)
open_forgets_receipts = _opening(ForgetsReceipts)
open_pages_by_offset = _opening(PagesByOffset)
open_pages_by_time_alone = _opening(PagesByTimeAlone)
open_filters_the_page = _opening(FiltersThePage)
open_forgives_cursors = _opening(ForgivesCursors)
open_forgets_evidence = _opening(ForgetsEvidence)
open_restores_open_only = _opening(RestoresOpenOnly)
open_leaves_traces = _opening(LeavesTraces)
