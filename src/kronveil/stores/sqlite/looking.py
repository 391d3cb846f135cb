"""Looking at a store without being its agent: read-only, in words, and harmless to one that is running."""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from sqlalchemy import Table

from kronveil.model.audit import AuditEntry, AuditSeal
from kronveil.model.incident import IncidentStatus
from kronveil.sdk.errors import Permanent
from kronveil.stores.sqlite.auditing import entries_of, seal_of
from kronveil.stores.sqlite.codec import from_us
from kronveil.stores.sqlite.opening import revision_of
from kronveil.stores.sqlite.schema import HEAD, changes, events, incidents, silences
from kronveil.stores.sqlite.troubles import translated

Progress: TypeAlias = Callable[[float | None], None]
"""Told now and then how far a long work is, from 0 to 1; None when that is not known."""

_STEPS_BETWEEN = 50_000  # of SQLite's machine: some tens of calls a second


def unwatched(_done: float | None) -> None:
    """For those who do not want to know."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds. ``newest_at`` is when its last event arrived, None without events."""

    schema: str
    size_bytes: int
    events: int
    incidents: int
    unfinished: int
    changes: int
    silences: int
    newest_at: datetime | None


@contextmanager
def reading(path: Path, progress: Progress = unwatched, wish: str = "read") -> Generator[sqlite3.Connection]:
    """A read-only connection to a store. Its agent may be running: neither waits for the other."""
    if not path.is_file():
        raise Permanent(f"there is no store at {path}")
    try:
        with closing(_connected(path)) as connection:
            connection.set_progress_handler(lambda: progress(None), _STEPS_BETWEEN)
            yield connection
    except sqlite3.Error as error:
        raise_translated(error, path, wish)
        raise


@contextmanager
def audit_in(path: Path) -> Generator[tuple[Iterator[AuditEntry], AuditSeal]]:
    """Every entry of a store's audit, oldest first, and where it begins, as they are at this moment."""
    with reading(path) as connection:
        if known_revision(connection, path) != HEAD:
            raise Permanent(f"{path} has an older schema, without an audit: kronveil db migrate")
        connection.execute("BEGIN")
        yield entries_of(connection), seal_of(connection)


def raise_translated(error: sqlite3.Error, path: Path, wish: str) -> None:
    """Raise the house's error for it, if it has one. An interrupted work was interrupted by the user's hand."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        raise KeyboardInterrupt from error
    trouble = translated(error, path, wish)
    if trouble is not None:
        raise trouble from error


def known_revision(connection: sqlite3.Connection, path: Path) -> str:
    """The schema's revision, one that this version knows. Raises Permanent for anything else."""
    revision = revision_of(connection, path)
    if revision is None:
        raise Permanent(f"{path} is empty: no agent has stored anything in it")
    if not revision.isdigit() or int(revision) > int(HEAD):
        raise Permanent(
            f"{path} was made by a newer version of Kronveil (schema {revision}; this one knows up to {HEAD}). "
            f"Use that version's command"
        )
    return revision


def contents_of(path: Path) -> Contents:
    """Count what is there."""
    with reading(path) as connection:
        revision = known_revision(connection, path)
        have = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finished = (IncidentStatus.RESOLVED.value, IncidentStatus.CLOSED.value)
        (unfinished,) = connection.execute(
            "SELECT count(*) FROM incidents WHERE status NOT IN (?, ?)", finished
        ).fetchone()
        (newest_us,) = connection.execute("SELECT max(received_us) FROM events").fetchone()
        return Contents(
            schema=revision,
            size_bytes=_size(path),
            events=_count(connection, events, have),
            incidents=_count(connection, incidents, have),
            unfinished=unfinished,
            changes=_count(connection, changes, have),
            silences=_count(connection, silences, have),
            newest_at=None if newest_us is None else from_us(newest_us),
        )


def _size(path: Path) -> int:
    """With the log, which is part of it while an agent runs."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _count(connection: sqlite3.Connection, table: Table, have: set[str]) -> int:
    if table.name not in have:  # an older schema
        return 0
    (number,) = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()  # noqa: S608 - our own table
    return int(number)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=5)
