"""Reads, on read-only connections of their own: a long page never holds a commit up, and none of them checkpoints."""

import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec
from sqlalchemy import Table, select
from sqlalchemy.exc import DBAPIError

from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event, Severity
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.silence import Silence
from kronveil.sdk.chain import NOTHING_BEFORE
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
    Receipt,
    Restored,
)
from kronveil.stores.sqlite.auditing import entry_of
from kronveil.stores.sqlite.codec import (
    RESOLVED,
    change_from,
    decision_from,
    event_from,
    execution_from,
    from_cursor,
    from_us,
    incident_from,
    silence_from,
    standing_from,
    suspects_from,
    to_cursor,
    to_us,
)
from kronveil.stores.sqlite.connections import ReadConnection, ReadConnections
from kronveil.stores.sqlite.families import OldFamilies, old_families
from kronveil.stores.sqlite.queries import (
    audit_page,
    change_page,
    decision_page,
    event_page,
    execution_page,
    incident_counts,
    incident_page,
    newest_changes,
    restorable,
    restorable_executions,
    silence_list,
    suspecting,
)
from kronveil.stores.sqlite.schema import (
    audit,
    audit_seal,
    changes,
    clusters_heard,
    counters,
    events,
    executions,
    incidents,
    receipts,
    standings,
)
from kronveil.stores.sqlite.troubles import damaged, translated

_CONNECTIONS = 2
_IDS_PER_QUESTION = 500
_CHANGES_RESTORED_FOR = timedelta(days=1)
T = TypeVar("T")


class Reader:
    """Answers queries from what is committed."""

    def __init__(self, connections: ReadConnections, path: Path) -> None:
        self._connections = connections
        self._path = path
        self._is_closed = False

    async def restore(self, resolved_since: datetime, now: datetime) -> Restored:
        """What a start begins with. Both halves of the incidents walk an index; history costs nothing."""
        changed_since = resolved_since - _CHANGES_RESTORED_FOR
        async with self._connection() as connection:
            changed = await connection.rows(newest_changes(to_us(changed_since)))
            hushed = await connection.rows(silence_list(to_us(now)))
            kept = await connection.rows(restorable(to_us(resolved_since)))
            runs = await connection.rows(restorable_executions())
            trusted = await connection.rows(select(standings.c.body))
            counts = await connection.rows(select(counters.c.name, counters.c.value))
            heard = await connection.rows(select(clusters_heard.c.uid, clusters_heard.c.heard_us))
            return Restored(
                incidents=tuple(incident_from(row.body) for row in kept),
                counters={row.name: row.value for row in counts},
                cluster_heard={row.uid: from_us(row.heard_us) for row in heard},
                changes=tuple(change_from(row.body) for row in changed)[::-1],
                silences=tuple(silence_from(row.body) for row in hushed),
                executions=tuple(execution_from(row.body) for row in runs),
                standings=tuple(standing_from(row.body) for row in trusted),
            )

    async def events(self, query: EventQuery) -> EventPage:
        """One row more than asked for tells whether there is another page."""
        statement = event_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
            items = tuple(event_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return EventPage(items, None if last is None else to_cursor("events", last.received_us, last.seq))

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        """Those that are stored, oldest first by event time."""
        found = await self._by_id(events, ids, event_from)
        return tuple(sorted(found, key=lambda event: (event.at, event.received_at, event.id)))

    async def changes(self, query: ChangeQuery) -> ChangePage:
        """One row more than asked for tells whether there is another page."""
        statement = change_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
            items = tuple(change_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return ChangePage(items, None if last is None else to_cursor("changes", last.at_us, last.seq))

    async def changes_by_id(self, ids: Sequence[str]) -> tuple[Change, ...]:
        """Those that are stored, oldest first by event time."""
        found = await self._by_id(changes, ids, change_from)
        return tuple(sorted(found, key=lambda change: (change.at, change.received_at, change.id)))

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        """By incident. What is cited as evidence for or against another suspect is not suspected itself."""
        wanted = set(change_ids)
        async with self._connection() as connection:
            rows = await connection.rows(suspecting(change_ids))
        found = {row.id: [each for each in suspects_from(row.suspects) if each.change_id in wanted] for row in rows}
        return {incident_id: suspects for incident_id, suspects in found.items() if suspects}

    async def silences(self, not_ended_at: datetime | None) -> tuple[Silence, ...]:
        """All of them, or those that have not ended by then. One ended by a person ends when that was done."""
        async with self._connection() as connection:
            rows = await connection.rows(silence_list(None if not_ended_at is None else to_us(not_ended_at)))
            return tuple(_ended(silence_from(row.body), row.ended_us) for row in rows)

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """One row more than asked for tells whether there is another page."""
        statement = incident_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
            items = tuple(incident_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return IncidentPage(items, None if last is None else to_cursor("incidents", last.opened_us, last.id))

    async def incident_counts(self, text: str | None) -> tuple[IncidentCount, ...]:
        """By status, severity and cluster."""
        async with self._connection() as connection:
            rows = await connection.rows(incident_counts(text))
        return tuple(
            IncidentCount(IncidentStatus(row.status), Severity(row.severity), row.cluster_name, row.number)
            for row in rows
        )

    async def incident(self, incident_id: str) -> Incident | None:
        """One, or None."""
        async with self._connection() as connection:
            row = await connection.row(select(incidents.c.body).where(incidents.c.id == incident_id))
            return None if row is None else incident_from(row.body)

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """One row more than asked for tells whether there is another page."""
        statement = execution_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
            items = tuple(execution_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return ExecutionPage(items, None if last is None else to_cursor("executions", last.requested_us, last.id))

    async def execution(self, execution_id: str) -> Execution | None:
        """One, or None."""
        async with self._connection() as connection:
            row = await connection.row(select(executions.c.body).where(executions.c.id == execution_id))
            return None if row is None else execution_from(row.body)

    async def decisions(self, query: DecisionQuery) -> DecisionPage:
        """One row more than asked for tells whether there is another page."""
        statement = decision_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
            items = tuple(decision_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return DecisionPage(items, None if last is None else to_cursor("decisions", last.at_us, last.id))

    async def audit(self, query: AuditQuery) -> AuditPage:
        """One row more than asked for tells whether there is another page."""
        statement = audit_page(query)
        async with self._connection() as connection:
            rows = await connection.rows(statement)
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        items = tuple(entry_of(row) for row in rows[: query.limit])
        return AuditPage(items, None if last is None else to_cursor("audit", last.at_us, last.seq))

    async def audit_from(self, seq: int, limit: int) -> tuple[AuditEntry, ...]:
        """Oldest first."""
        async with self._connection() as connection:
            rows = await connection.rows(select(audit).where(audit.c.seq >= seq).order_by(audit.c.seq).limit(limit))
        return tuple(entry_of(row) for row in rows)

    async def audit_seal(self) -> AuditSeal:
        """Up to where it was forgotten."""
        async with self._connection() as connection:
            row = await connection.row(select(audit_seal))
        return AuditSeal(0, NOTHING_BEFORE) if row is None else AuditSeal(row.seq, row.hash, from_us(row.at_us))

    async def old_families(self, resolved_before: datetime, after: str | None, limit: int) -> OldFamilies:
        """Whole families that are over since before then, from the cursor on."""
        place = None if after is None else from_cursor(after, RESOLVED, int)
        async with self._connection() as connection:
            return await old_families(connection, to_us(resolved_before), place, limit)

    async def receipt(self, key: str) -> Receipt | None:
        """The remembered answer, or None."""
        async with self._connection() as connection:
            row = await connection.row(select(receipts).where(receipts.c.key == key))
        if row is None:
            return None
        return Receipt(row.key, row.request, row.incident_id, from_us(row.at_us), row.status, row.answer)

    async def close(self) -> None:
        """Close the connections; what is asked afterwards is refused."""
        self._is_closed = True
        with anyio.CancelScope(shield=True):
            await self._connections.close()

    async def _by_id(self, table: Table, ids: Sequence[str], decode: Callable[[str], T]) -> list[T]:
        found: list[T] = []
        async with self._connection() as connection:
            for start in range(0, len(ids), _IDS_PER_QUESTION):
                some = ids[start : start + _IDS_PER_QUESTION]
                rows = await connection.rows(select(table.c.body).where(table.c.id.in_(some)))
                found += [decode(row.body) for row in rows]
        return found

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[ReadConnection]:
        if self._is_closed:
            raise Permanent(f"the store {self._path} is closed; open it again")
        try:
            async with self._connections.one() as connection:
                yield connection
        except DBAPIError as error:
            trouble = translated(error.orig, self._path, "read") if isinstance(error.orig, sqlite3.Error) else None
            raise (trouble or error) from error
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise _unreadable(self._path, error) from error


def _ended(silence: Silence, ended_us: int | None) -> Silence:
    """A silence that was ended before it began never held: it ends where it would have begun."""
    if ended_us is None:
        return silence
    return replace(silence, ends_at=min(silence.ends_at, max(silence.starts_at, from_us(ended_us))))


def _unreadable(path: Path, error: Exception) -> Permanent:
    return damaged(path, f"a row does not hold what its table says: {error}")


def reader_of(path: Path) -> Reader:
    """Read connections, made when first needed. Close it before the writer, whose checkpoint must be the last."""
    return Reader(ReadConnections(path, _CONNECTIONS), path)
