"""Whether a store is whole: by SQLite's own check, then by ours: rows say what columns say, and cite what is there."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from kronveil.model.autonomy import Standing
from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.policy import Decision
from kronveil.model.silence import Silence
from kronveil.sdk.chain import verified
from kronveil.stores.sqlite.auditing import entries_of, seal_of
from kronveil.stores.sqlite.codec import (
    change_from,
    decision_from,
    event_from,
    execution_from,
    incident_from,
    silence_from,
    standing_from,
)
from kronveil.stores.sqlite.looking import Progress, known_revision, reading, unwatched
from kronveil.stores.sqlite.opening import create_schema
from kronveil.stores.sqlite.rows import (
    Row,
    change_row,
    decision_row,
    event_row,
    execution_row,
    incident_row,
    silence_row,
    standing_row,
)
from kronveil.stores.sqlite.schema import HEAD

MOST_FINDINGS = 100
_ROWS_BETWEEN = 5_000
_TABLES = ("events", "changes", "silences", "executions", "decisions", "standings", "incidents")
_FINISHED = (IncidentStatus.RESOLVED, IncidentStatus.CLOSED)

Stored: TypeAlias = Event | Change | Incident | Silence | Execution | Decision | Standing


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: ``where`` is a row, an index or the file."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Examination:
    """At most 100 findings. ``is_deep`` is False for an older schema: our own check needs the one of today."""

    schema: str
    findings: tuple[Finding, ...]
    is_deep: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def examine(path: Path, progress: Progress = unwatched) -> Examination:
    """Read everything once, as it is at this moment. An agent may be running."""
    with reading(path, progress, wish="check") as connection:
        revision = known_revision(connection, path)
        connection.execute("BEGIN")  # one snapshot for all questions
        findings = list(_by_sqlite(connection))
        if revision == HEAD and not findings:
            # A broken file would only make each of its rows a finding.
            for finding in _by_us(connection, progress):
                findings.append(finding)
                if len(findings) == MOST_FINDINGS:
                    break
        return Examination(revision, tuple(findings), revision == HEAD)


def _by_sqlite(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Pages, and every index against its table."""
    try:
        for (line,) in connection.execute(f"PRAGMA integrity_check({MOST_FINDINGS})"):
            if line != "ok":
                yield Finding("the file", str(line))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        yield Finding("the file", str(error))  # so damaged that the check itself could not go on


def _by_us(connection: sqlite3.Connection, progress: Progress) -> Iterator[Finding]:
    yield from _schema(connection)
    counted = _Counted(connection, progress)
    yield from _rows(counted.rows("events"), "event", event_from, event_row)
    yield from _rows(counted.rows("changes"), "change", change_from, change_row)
    yield from _rows(counted.rows("silences"), "silence", silence_from, silence_row)
    yield from _rows(counted.rows("executions"), "execution", execution_from, execution_row)
    yield from _rows(counted.rows("decisions"), "decision", decision_from, decision_row)
    yield from _rows(counted.rows("standings"), "standing", standing_from, standing_row, key="runbook_id")
    yield from _incidents(connection, counted)
    chain = verified(entries_of(connection), seal_of(connection))
    if chain.broken_at is not None:
        yield Finding(f"audit {chain.broken_at}", chain.why)
    for name, value in connection.execute("SELECT name, value FROM counters WHERE value < 0"):
        yield Finding(f"counter {name}", f"it is {value}, less than nothing")


def _schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Every table and index that pages and cursors rely on."""
    right = sqlite3.connect(":memory:", isolation_level=None)
    try:
        create_schema(right)
        wanted, found = _definitions(right), _definitions(connection)
    finally:
        right.close()
    for name, definition in sorted(wanted.items()):
        if name not in found:
            yield Finding(name, "this table or index is missing")
        elif found[name] != definition:
            yield Finding(name, f"this table or index is not as this version makes it: {found[name]}")


def _definitions(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: "".join(sql.split()) for name, sql in rows}


class _Counted:
    """Rows as they are read, told to who waits for the end."""

    def __init__(self, connection: sqlite3.Connection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._done = 0
        self._all = max(1, sum(self._size(table) for table in _TABLES))

    def rows(self, table: str) -> Iterator[sqlite3.Row]:
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        for row in cursor.execute(f"SELECT * FROM {table}"):  # noqa: S608 - one of ours
            self._done += 1
            if self._done % _ROWS_BETWEEN == 0:
                self._progress(self._done / self._all)
            yield row

    def _size(self, table: str) -> int:
        (number,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - one of ours
        return int(number)


def _rows(
    rows: Iterable[sqlite3.Row],
    what: str,
    decode: Callable[[str], Stored],
    to_row: Callable[[Any], Row],
    *,
    key: str = "id",
) -> Iterator[Finding]:
    """A body that can be read, and columns that say the same: else a filter or a cursor passes it by."""
    for row in rows:
        value = _decoded(row, decode)
        if isinstance(value, Exception):
            yield Finding(f"{what} {row[key]}", f"it cannot be read: {value}")
            continue
        yield from _columns(row, to_row(value), f"{what} {row[key]}")


def _decoded(row: sqlite3.Row, decode: Callable[[str], Stored]) -> Stored | Exception:
    try:
        return decode(row["body"])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return error


def _columns(row: sqlite3.Row, wanted: Row, where: str) -> Iterator[Finding]:
    for column, value in wanted.items():
        if column != "body" and row[column] != value:
            yield Finding(where, f"its column {column} says {row[column]!r}, its text {value!r}")


def _incidents(connection: sqlite3.Connection, counted: _Counted) -> Iterator[Finding]:
    events = _ids(connection, "SELECT id FROM events WHERE id IN (SELECT event_id FROM incident_evidence)")
    changes = _ids(connection, "SELECT id FROM changes WHERE id IN (SELECT cited_id FROM incident_suspects)")
    everyone = _ids(connection, "SELECT id FROM incidents")
    unfinished: dict[str, str] = {}
    for row in counted.rows("incidents"):
        where = f"incident {row['id']}"
        incident = _decoded(row, incident_from)
        if not isinstance(incident, Incident):
            yield Finding(where, f"it cannot be read: {incident}")
            continue
        yield from _columns(row, incident_row(incident), where)
        yield from _alone(incident, where)
        yield from _cites(incident, where, events, changes, everyone)
        if incident.status not in _FINISHED:
            other = unfinished.setdefault(incident.key, incident.id)
            if other != incident.id:
                yield Finding(where, f"it is open at the same time as {other}, which is about the same")
    yield from _unclaimed(connection)


def _alone(incident: Incident, where: str) -> Iterator[Finding]:
    if incident.version < 1:
        yield Finding(where, f"its version is {incident.version}; the first is 1")
    if incident.status is IncidentStatus.RESOLVED and incident.resolved_at is None:
        yield Finding(where, "it is resolved and does not say when")
    if incident.status not in _FINISHED and incident.resolved_at is not None:
        yield Finding(where, f"it is {incident.status} and says when it was resolved")


def _cites(
    incident: Incident, where: str, events: set[str], changes: set[str], everyone: set[str]
) -> Iterator[Finding]:
    for event_id in incident.evidence:
        if event_id not in events:
            yield Finding(where, f"its evidence {event_id} is not there")
    for suspect in incident.suspects:
        if suspect.change_id not in changes:
            yield Finding(where, f"the change {suspect.change_id} that it suspects is not there")
    for other in (*incident.children, *([incident.parent_id] if incident.parent_id else [])):
        if other not in everyone:
            yield Finding(where, f"it names incident {other}, which is not there")


def _unclaimed(connection: sqlite3.Connection) -> Iterator[Finding]:
    """What keeps an event or a change from being forgotten must be an incident that is kept."""
    for table in ("incident_evidence", "incident_suspects"):
        question = f"SELECT DISTINCT incident_id FROM {table} WHERE incident_id NOT IN (SELECT id FROM incidents)"  # noqa: S608 - ours
        for (incident_id,) in connection.execute(question):
            yield Finding(f"table {table}", f"it speaks of incident {incident_id}, which is not there")


def _ids(connection: sqlite3.Connection, question: str) -> set[str]:
    return {row_id for (row_id,) in connection.execute(question)}
