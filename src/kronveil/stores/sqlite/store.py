"""The embedded store, opened: the folder's lock, then the writer, then readers; closed the other way round."""

import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from anyio import to_thread

from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident
from kronveil.model.silence import Silence
from kronveil.sdk.errors import Permanent
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
    Sweep,
    Writes,
)
from kronveil.stores.sqlite import auditing, forgetting, leasing, statements
from kronveil.stores.sqlite.codec import RESOLVED, to_cursor, to_us
from kronveil.stores.sqlite.lock import locked_folder
from kronveil.stores.sqlite.opening import open_file, ready_folder
from kronveil.stores.sqlite.reader import Reader, reader_of
from kronveil.stores.sqlite.rows import NOT_DATA, misfits, rows_of
from kronveil.stores.sqlite.writer import Writer

FILE_NAME = "kronveil.db"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteStore:
    """``kronveil.sdk.storage.Store`` on one file."""

    def __init__(self, writer: Writer, reader: Reader, clock: Callable[[], datetime] = _utc_now) -> None:
        self._writer = writer
        self._reader = reader
        self._clock = clock

    async def save(self, writes: Writes) -> None:
        """Durable when it returns. Raises Unstorable, for this caller only, when it is not data."""
        rows = rows_of(writes, self._clock())
        try:
            await self._writer.save(rows)
        except (sqlite3.Error, *NOT_DATA) as error:
            # Of a type that nobody promised: the file refused a row that looked like one.
            raise misfits(writes) or Permanent(f"nothing of this could be saved: {error}") from error

    async def restore(self, resolved_since: datetime) -> Restored:
        """Of the changes, those made at most a day before ``resolved_since``, the newest 10,000."""
        return await self._reader.restore(resolved_since, self._clock())

    async def events(self, query: EventQuery) -> EventPage:
        """Newest arrival first; ``since`` compares with ``received_at``, so that late reports are not missed."""
        return await self._reader.events(query)

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        return await self._reader.events_by_id(ids)

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        """See ``Store.incident_counts``."""
        return await self._reader.incident_counts(text)

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        return await self._reader.incidents(query)

    async def incident(self, incident_id: str) -> Incident | None:
        return await self._reader.incident(incident_id)

    async def changes(self, query: ChangeQuery) -> ChangePage:
        return await self._reader.changes(query)

    async def changes_by_id(self, ids: Sequence[str]) -> tuple[Change, ...]:
        return await self._reader.changes_by_id(ids)

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        """See ``Store.suspecting``."""
        return await self._reader.suspecting(change_ids)

    async def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        """Newest start first. One that a person ended before its time is given with the end it had."""
        return await self._reader.silences(None if ended else self._clock())

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        return await self._reader.executions(query)

    async def execution(self, execution_id: str) -> Execution | None:
        return await self._reader.execution(execution_id)

    async def take_lease(self, holder: str, until: datetime) -> Lease:
        """See ``Store.take_lease``."""
        return await self._writer.do(lambda connection: leasing.take(connection, holder, until))

    async def renew_lease(self, lease: Lease, until: datetime) -> Lease:
        """See ``Store.renew_lease``."""
        return await self._writer.do(lambda connection: leasing.renew(connection, lease, until))

    async def lease(self) -> Lease | None:
        """Who holds it, None before the first."""
        return await self._writer.do(leasing.held)

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        return await self._reader.decisions(query)

    async def audit(self, query: AuditQuery) -> AuditPage:
        return await self._reader.audit(query)

    async def audit_from(self, seq: int, limit: int) -> tuple[AuditEntry, ...]:
        return await self._reader.audit_from(seq, limit)

    async def audit_seal(self) -> AuditSeal:
        return await self._reader.audit_seal()

    async def forget_audit(self, before: datetime, limit: int) -> int:
        """At most 1,000 at once, whatever ``limit`` says."""
        before_us, slice_ = to_us(before), min(limit, forgetting.SLICE)
        return await self._writer.do(lambda connection: auditing.forget_audit(connection, before_us, slice_))

    async def forget_decisions(self, before: datetime, limit: int) -> int:
        """At most 1,000 at once, whatever ``limit`` says."""
        before_us, slice_ = to_us(before), min(limit, forgetting.SLICE)
        return await self._writer.do(lambda connection: forgetting.forget_decisions(connection, before_us, slice_))

    async def receipt(self, key: str) -> Receipt | None:
        """Kept for 24 hours at least."""
        return await self._reader.receipt(key)

    async def forget(self, events_before: datetime, limit: int) -> int:
        """Delete events and changes received before that, at most 1,000 at once whatever ``limit`` says."""
        before_us, slice_ = to_us(events_before), min(limit, forgetting.SLICE)
        return await self._writer.do(lambda connection: forgetting.forget_events(connection, before_us, slice_))

    async def forget_silences(self, ended_before: datetime, limit: int) -> int:
        """At most 1,000 at once, whatever ``limit`` says."""
        before_us, slice_ = to_us(ended_before), min(limit, forgetting.SLICE)
        return await self._writer.do(lambda connection: forgetting.forget_silences(connection, before_us, slice_))

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        """A family of many is deleted in several transactions, leaves first, so that savers come in between."""
        found = await self._reader.old_families(resolved_before, after, min(limit, forgetting.SLICE))
        gone = 0
        for slice_ in forgetting.slices(found.families):
            gone += await self._writer.do(partial(forgetting.forget_incidents, slice_=slice_))
        return Sweep(gone, None if found.place is None else to_cursor(RESOLVED, *found.place))

    async def check(self) -> None:
        """Write one row, durably."""
        await self._writer.do(_beat)


def _beat(connection: sqlite3.Connection) -> None:
    connection.execute(statements.BEAT)


@asynccontextmanager
async def open_sqlite(folder: Path) -> AsyncGenerator[SqliteStore]:
    """The store in the data folder ``folder``, which becomes this process's alone.

    Makes folder and file when missing, migrates an older file. Raises Permanent when another agent holds the folder,
    when the file is damaged, of a newer version or not ours, and Transient when the disk does not let us now.
    """
    path = Path(os.path.abspath(folder)) / FILE_NAME  # noqa: PTH100, ASYNC240 - asks for the current folder only
    ready_folder(path.parent)
    with locked_folder(path.parent):
        connection = await to_thread.run_sync(open_file, path)
        writer = Writer(connection, path)
        reader = reader_of(path)
        try:
            yield SqliteStore(writer, reader)
        finally:
            await reader.close()
            await writer.close()
