"""Reads, on read-only connections of their own: a long page never holds a commit up, and none of them checkpoints."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import msgspec
from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kronveil.model.event import Event
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.sdk.errors import Permanent
from kronveil.sdk.storage import EventPage, EventQuery, IncidentPage, IncidentQuery, Receipt, Restored
from kronveil.stores.sqlite.codec import event_from, from_cursor, from_us, incident_from, to_cursor, to_us
from kronveil.stores.sqlite.schema import clusters_heard, counters, events, incidents, receipts
from kronveil.stores.sqlite.troubles import damaged, translated

_CONNECTIONS = 2
_IDS_PER_QUESTION = 500
_UNFINISHED = (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.MITIGATED)


class Reader:
    """Answers queries from what is committed."""

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._is_closed = False

    async def restore(self, resolved_since: datetime) -> Restored:
        """What a start begins with. Both halves of the incidents walk an index; history costs nothing."""
        async with self._connection() as connection:
            kept = await connection.execute(restorable(to_us(resolved_since)))
            counts = await connection.execute(select(counters.c.name, counters.c.value))
            heard = await connection.execute(select(clusters_heard.c.uid, clusters_heard.c.heard_us))
            return Restored(
                incidents=tuple(incident_from(row.body) for row in kept),
                counters={row.name: row.value for row in counts},
                cluster_heard={row.uid: from_us(row.heard_us) for row in heard},
            )

    async def events(self, query: EventQuery) -> EventPage:
        """One row more than asked for tells whether there is another page."""
        statement = event_page(query)
        async with self._connection() as connection:
            rows = (await connection.execute(statement)).all()
            items = tuple(event_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return EventPage(items, None if last is None else to_cursor("events", last.received_us, last.seq))

    async def events_by_id(self, ids: Sequence[str]) -> tuple[Event, ...]:
        """Those that are stored, oldest first by event time."""
        found: list[Event] = []
        async with self._connection() as connection:
            for start in range(0, len(ids), _IDS_PER_QUESTION):
                some = ids[start : start + _IDS_PER_QUESTION]
                rows = await connection.execute(select(events.c.body).where(events.c.id.in_(some)))
                found += [event_from(row.body) for row in rows]
        return tuple(sorted(found, key=lambda event: (event.at, event.received_at, event.id)))

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """One row more than asked for tells whether there is another page."""
        statement = incident_page(query)
        async with self._connection() as connection:
            rows = (await connection.execute(statement)).all()
            items = tuple(incident_from(row.body) for row in rows[: query.limit])
        last = rows[query.limit - 1] if len(rows) > query.limit else None
        return IncidentPage(items, None if last is None else to_cursor("incidents", last.opened_us, last.id))

    async def incident(self, incident_id: str) -> Incident | None:
        """One, or None."""
        async with self._connection() as connection:
            body = await connection.scalar(select(incidents.c.body).where(incidents.c.id == incident_id))
            return None if body is None else incident_from(body)

    async def receipt(self, key: str) -> Receipt | None:
        """The remembered answer, or None."""
        async with self._connection() as connection:
            row = (await connection.execute(select(receipts).where(receipts.c.key == key))).first()
        return None if row is None else Receipt(row.key, row.request, row.incident_id, from_us(row.at_us))

    async def close(self) -> None:
        """Close the connections; what is asked afterwards is refused."""
        self._is_closed = True
        with anyio.CancelScope(shield=True):
            await self._engine.dispose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        if self._is_closed:
            raise Permanent(f"the store {self._path} is closed; open it again")
        try:
            async with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            trouble = translated(error.orig, self._path, "read") if isinstance(error.orig, sqlite3.Error) else None
            raise (trouble or error) from error
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise _unreadable(self._path, error) from error


def _unreadable(path: Path, error: Exception) -> Permanent:
    return damaged(path, f"a row does not hold what its table says: {error}")


def reader_of(path: Path) -> Reader:
    """Read connections, made when first needed. Close it before the writer, whose checkpoint must be the last."""
    engine = create_async_engine(
        f"sqlite+aiosqlite:///file:{quote(str(path))}?mode=ro&uri=true",
        pool_size=_CONNECTIONS,
        max_overflow=0,
    )
    return Reader(engine, path)


def event_page(query: EventQuery) -> Select[Any]:
    """Newest arrival first. Every filter has an index that ends in the order of the page."""
    _check_limit(query.limit)
    statement = select(events.c.seq, events.c.received_us, events.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "events", int)
        # The first half is implied by the second; alone it is what SQLite can turn into a start in the index.
        statement = statement.where(events.c.received_us <= place[0])
        statement = statement.where(tuple_(events.c.received_us, events.c.seq) < tuple_(*place))
    if query.since is not None:
        statement = statement.where(events.c.received_us >= to_us(query.since))
    if query.cluster is not None:
        statement = statement.where(events.c.cluster_name == query.cluster)
    if query.kind is not None:
        statement = statement.where(events.c.kind == query.kind)
    if query.severity is not None:
        statement = statement.where(events.c.severity == query.severity.value)
    return statement.order_by(events.c.received_us.desc(), events.c.seq.desc()).limit(query.limit + 1)


def incident_page(query: IncidentQuery) -> Select[Any]:
    """Newest opened first."""
    _check_limit(query.limit)
    statement = select(incidents.c.id, incidents.c.opened_us, incidents.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "incidents", str)
        statement = statement.where(tuple_(incidents.c.opened_us, incidents.c.id) < tuple_(*place))
    if query.statuses:
        statement = statement.where(incidents.c.status.in_([status.value for status in query.statuses]))
    if query.severities:
        statement = statement.where(incidents.c.severity.in_([severity.value for severity in query.severities]))
    if query.cluster is not None:
        statement = statement.where(incidents.c.cluster_name == query.cluster)
    return statement.order_by(incidents.c.opened_us.desc(), incidents.c.id.desc()).limit(query.limit + 1)


def restorable(resolved_since_us: int) -> Select[Any]:
    """Unfinished incidents, and those resolved since; newest opened first."""
    unfinished = incidents.c.status.in_([status.value for status in _UNFINISHED])
    lately = (incidents.c.status == IncidentStatus.RESOLVED.value) & (incidents.c.resolved_us >= resolved_since_us)
    return select(incidents.c.body).where(or_(unfinished, lately)).order_by(incidents.c.opened_us.desc())


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"a page has at least one row, not {limit}")
