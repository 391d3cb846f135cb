"""The audit's table: entries are chained in the transaction of what they tell of, and forgotten from the old end."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal
from kronveil.sdk.chain import NOTHING_BEFORE, linked
from kronveil.stores.sqlite import statements
from kronveil.stores.sqlite.codec import from_us, to_us

_COLUMNS = "seq, at_us, actor, act, target, why, before, after, prev_hash, hash"


def put_audit(connection: sqlite3.Connection, notes: Iterable[AuditNote]) -> None:
    """Add them at the end of the chain, inside the caller's transaction: only the writer comes here."""
    place = _end(connection)
    rows: list[tuple[object, ...]] = []
    for note in notes:
        entry = linked(note, place)
        place = AuditSeal(entry.seq, entry.hash)
        rows.append(_row(entry))
    connection.executemany(statements.ADD_AUDIT, rows)


def forget_audit(connection: sqlite3.Connection, before_us: int, slice_: int) -> int:
    """Delete the oldest entries before the first that is young enough, and never the newest; seal where they end."""
    (last,) = connection.execute(
        "SELECT max(seq) FROM (SELECT seq FROM audit ORDER BY seq LIMIT ?) "
        "WHERE seq < (SELECT coalesce(min(seq), (SELECT max(seq) FROM audit)) FROM audit WHERE at_us >= ?)",
        (slice_, before_us),
    ).fetchone()
    if last is None:
        return 0
    hash_, at_us = connection.execute("SELECT hash, at_us FROM audit WHERE seq = ?", (last,)).fetchone()
    connection.execute(
        "INSERT INTO audit_seal (id, seq, hash, at_us) VALUES (1, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at_us = excluded.at_us",
        (last, hash_, at_us),
    )
    return connection.execute("DELETE FROM audit WHERE seq <= ?", (last,)).rowcount


def entries_of(connection: sqlite3.Connection) -> Iterator[AuditEntry]:
    """All that are kept, oldest first."""
    for row in connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608 - names of our own
        yield entry_of(row)


def seal_of(connection: sqlite3.Connection) -> AuditSeal:
    """Where the chain begins."""
    row = connection.execute("SELECT seq, hash, at_us FROM audit_seal WHERE id = 1").fetchone()
    return AuditSeal(0, NOTHING_BEFORE) if row is None else AuditSeal(row[0], row[1], from_us(row[2]))


def entry_of(row: Any) -> AuditEntry:  # a row of sqlite3 or of SQLAlchemy, in the table's order
    """A row as an entry."""
    seq, at_us, actor, act, target, why, before, after, prev_hash, hash_ = row
    return AuditEntry(seq, AuditNote(from_us(at_us), actor, act, target, why, before, after), prev_hash, hash_)


def _row(entry: AuditEntry) -> tuple[object, ...]:
    note = entry.note
    return (
        *(entry.seq, to_us(note.at), note.actor, note.act, note.target, note.why, note.before, note.after),
        *(entry.prev_hash, entry.hash),
    )


def _end(connection: sqlite3.Connection) -> AuditSeal:
    row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return seal_of(connection) if row is None else AuditSeal(row[0], row[1])
