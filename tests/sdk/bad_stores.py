"""Stores that lose or spoil what is saved. Each breaks one promise, in a way that somebody could well have built."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import anyio.lowlevel

from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.silence import Silence
from kronveil.sdk.storage import (
    AuditPage,
    AuditQuery,
    ChangePage,
    ChangeQuery,
    DecisionPage,
    DecisionQuery,
    EventPage,
    EventQuery,
    ExecutionPage,
    ExecutionQuery,
    IncidentCount,
    IncidentPage,
    IncidentQuery,
    Lease,
    Receipt,
    Restored,
    Store,
    Sweep,
    Unstorable,
    Writes,
)
from kronveil.stores.sqlite import open_sqlite


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

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        return await self.store.executions(query)

    async def execution(self, execution_id: str) -> Execution | None:
        return await self.store.execution(execution_id)

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        return await self.store.decisions(query)

    async def audit(self, query: AuditQuery) -> AuditPage:
        return await self.store.audit(query)

    async def audit_from(self, seq: int, limit: int) -> tuple[AuditEntry, ...]:
        return await self.store.audit_from(seq, limit)

    async def audit_seal(self) -> AuditSeal:
        return await self.store.audit_seal()

    async def forget_audit(self, before: datetime, limit: int) -> int:
        return await self.store.forget_audit(before, limit)

    async def forget_decisions(self, before: datetime, limit: int) -> int:
        return await self.store.forget_decisions(before, limit)

    async def take_lease(self, holder: str, until: datetime) -> Lease:
        return await self.store.take_lease(holder, until)

    async def renew_lease(self, lease: Lease, until: datetime) -> Lease:
        return await self.store.renew_lease(lease, until)

    async def lease(self) -> Lease | None:
        return await self.store.lease()

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


def opening(make: Callable[[Store], Good]) -> Callable[[Path], AbstractAsyncContextManager[Good]]:
    """How to open such a bad store."""

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


class LetsTheOvertakenWrite(Good):
    """Takes the number for a remark."""

    async def save(self, writes: Writes) -> None:
        await self.store.save(replace(writes, fence=None))


class RevivesSilences(Good):
    """Lets a silence that is said again begin anew."""

    async def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        return await self.store.silences(ended=True)


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


open_answers_early = opening(AnswersEarly)
open_drops_when_busy = opening(DropsWhenBusy)
open_saves_piece_by_piece = opening(SavesPieceByPiece)
open_refuses_in_general = opening(RefusesInGeneral)
open_cleans_text = opening(CleansText)
open_fails_together = opening(FailsTogether)
open_leads_unshielded = opening(LeadsUnshielded)
open_replaces_events = opening(ReplacesEvents)
open_counts_new_only = opening(CountsNewOnly)
open_forgets_suspects = opening(ForgetsSuspects)
open_lets_the_overtaken_write = opening(LetsTheOvertakenWrite)
open_revives_silences = opening(RevivesSilences)
open_restores_all_changes = opening(RestoresAllChanges)
open_believes_the_last_word = opening(BelievesTheLastWord)
open_keeps_the_first_version = opening(KeepsTheFirstVersion)
open_forgets_receipts = opening(ForgetsReceipts)
open_restores_open_only = opening(RestoresOpenOnly)
open_leaves_traces = opening(LeavesTraces)
