"""Deliberately bad stores. Each breaks one promise, in a way that somebody could well have built."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.lowlevel

from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.silence import Silence
from kronveil.sdk.storage import (
    ChangePage,
    ChangeQuery,
    EventPage,
    EventQuery,
    IncidentCount,
    IncidentPage,
    IncidentQuery,
    Receipt,
    Restored,
    Store,
    Sweep,
    Unstorable,
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

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        return await self.store.incident_counts(text)

    async def incident(self, incident_id: str) -> Incident | None:
        return await self.store.incident(incident_id)

    async def changes(self, query: ChangeQuery) -> ChangePage:
        return await self.store.changes(query)

    async def changes_by_id(self, ids: Sequence[str]) -> tuple[Change, ...]:
        return await self.store.changes_by_id(ids)

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        return await self.store.suspecting(change_ids)

    async def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        return await self.store.silences(ended=ended)

    async def receipt(self, key: str) -> Receipt | None:
        return await self.store.receipt(key)

    async def forget(self, events_before: datetime, limit: int) -> int:
        return await self.store.forget(events_before, limit)

    async def forget_silences(self, ended_before: datetime, limit: int) -> int:
        return await self.store.forget_silences(ended_before, limit)

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        return await self.store.forget_incidents(resolved_before, after, limit)

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


class RefusesInGeneral(Good):
    """Says that something is wrong, and not with what."""

    async def save(self, writes: Writes) -> None:
        try:
            await self.store.save(writes)
        except Unstorable as refusal:
            raise ValueError("bad data") from refusal


class CleansText(Good):
    """Takes what it does not like out of a text."""

    async def save(self, writes: Writes) -> None:
        clean = [replace(event, message=event.message.replace("\x00", "")) for event in writes.events]
        await self.store.save(replace(writes, events=clean))


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


class ReplacesEvents(Good):
    """Takes the newest word about an event for the true one."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.newest: dict[str, Event] = {}

    async def save(self, writes: Writes) -> None:
        self.newest.update({event.id: event for event in writes.events})
        await self.store.save(writes)

    async def events(self, query: EventQuery) -> EventPage:
        page = await self.store.events(query)
        return replace(page, items=tuple(self.newest[event.id] for event in page.items))


class CountsNewOnly(Good):
    """Thinks it knows better than its caller what has been counted already, so that totals shrink at a restart."""

    async def save(self, writes: Writes) -> None:
        known = len(await self.store.events_by_id([event.id for event in writes.events]))
        less = {name: value - known for name, value in writes.counters.items()}
        await self.store.save(replace(writes, counters=less))


class ForgetsSuspects(Good):
    """Keeps of an incident what it knew in its first version."""

    async def save(self, writes: Writes) -> None:
        bare = tuple(replace(incident, suspects=()) for incident in writes.incidents)
        await self.store.save(replace(writes, incidents=bare))


class RevivesSilences(Good):
    """Lets a silence that is said again begin anew."""

    async def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        return await self.store.silences(ended=True)


class PagesChangesByTimeAlone(Good):
    """Continues after the last row's time, and so skips whatever shares it."""

    async def changes(self, query: ChangeQuery) -> ChangePage:
        before = datetime.fromisoformat(query.before) if query.before else None
        everything = (await self.store.changes(replace(query, limit=10_000, before=None))).items
        rest = [change for change in everything if before is None or change.at < before]
        page = tuple(rest[: query.limit])
        return ChangePage(page, page[-1].at.isoformat() if len(rest) > len(page) else None)


class LooksOnlyBack(Good):
    """Takes "around" for "before"."""

    async def changes(self, query: ChangeQuery) -> ChangePage:
        page = await self.store.changes(query)
        return replace(page, items=tuple(c for c in page.items if query.around is None or c.at <= query.around))


class RestoresAllChanges(Good):
    """Begins with the whole ledger."""

    async def restore(self, resolved_since: datetime) -> Restored:
        everything = (await self.store.changes(ChangeQuery(limit=1_000))).items
        return replace(await self.store.restore(resolved_since), changes=everything[::-1])


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


class CountsEverything(Good):
    """Narrows its lists by words and forgets to narrow its counts."""

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        return await self.store.incident_counts(None)


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


class AsksTheOpenOnly(Good):
    """Looks at what is open now."""

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        now = {one.id: one.suspects for one in (await self.store.restore(LONG_AGO)).incidents if not one.resolved_at}
        return {key: value for key, value in (await self.store.suspecting(change_ids)).items() if key in now}


class TearsFamilies(Good):
    """Looks at each incident by itself: what is over goes, whoever is above or under it."""

    async def save(self, writes: Writes) -> None:
        alone = tuple(replace(incident, parent_id=None, children=()) for incident in writes.incidents)
        await self.store.save(replace(writes, incidents=alone))


class BeginsAnewEachTime(Good):
    """Has no place to go on from, so that what may not go yet is looked at for ever."""

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        if after is not None and after != "again":
            raise ValueError(after)
        step = await self.store.forget_incidents(resolved_before, None, limit)
        return replace(step, next_cursor="again" if step.gone else None)


class KeepsWhatWasEnded(Good):
    """Looks only at when a silence was to end."""

    async def save(self, writes: Writes) -> None:
        await self.store.save(replace(writes, silences_ended=()))


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
open_refuses_in_general = _opening(RefusesInGeneral)
open_cleans_text = _opening(CleansText)
open_fails_together = _opening(FailsTogether)
open_leads_unshielded = _opening(LeadsUnshielded)
open_replaces_events = _opening(ReplacesEvents)
open_counts_new_only = _opening(CountsNewOnly)
open_forgets_suspects = _opening(ForgetsSuspects)
open_revives_silences = _opening(RevivesSilences)
open_pages_changes_by_time_alone = _opening(PagesChangesByTimeAlone)
open_looks_only_back = _opening(LooksOnlyBack)
open_restores_all_changes = _opening(RestoresAllChanges)
open_believes_the_last_word = _opening(BelievesTheLastWord)
open_keeps_the_first_version = _opening(KeepsTheFirstVersion)
open_forgets_receipts = _opening(ForgetsReceipts)
open_pages_by_offset = _opening(PagesByOffset)
open_pages_by_time_alone = _opening(PagesByTimeAlone)
open_filters_the_page = _opening(FiltersThePage)
open_counts_everything = _opening(CountsEverything)
open_forgives_cursors = _opening(ForgivesCursors)
open_forgets_evidence = _opening(ForgetsEvidence)
open_asks_the_open_only = _opening(AsksTheOpenOnly)
open_tears_families = _opening(TearsFamilies)
open_begins_anew_each_time = _opening(BeginsAnewEachTime)
open_keeps_what_was_ended = _opening(KeepsWhatWasEnded)
open_restores_open_only = _opening(RestoresOpenOnly)
open_leaves_traces = _opening(LeavesTraces)
