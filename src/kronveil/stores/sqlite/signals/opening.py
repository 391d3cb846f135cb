"""From a folder to a usable file of values. One that cannot be read is set aside: what it held costs no incident."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import structlog

from kronveil.sdk.errors import Permanent
from kronveil.stores.sqlite.troubles import translated

FILE_NAME = "signals.db"
SET_ASIDE = "signals.db.set-aside"
VERSION = 1
_BUSY_S = 5.0
_SUFFIXES = ("", "-wal", "-shm")
_TABLES = """
CREATE TABLE segments (
  id INTEGER PRIMARY KEY,
  cluster TEXT NOT NULL,
  began INTEGER NOT NULL,
  interval_s REAL NOT NULL
);
CREATE INDEX segments_by_time ON segments (began, cluster);
CREATE TABLE lines (
  segment INTEGER NOT NULL,
  first_slot INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (segment, first_slot)
) WITHOUT ROWID;
CREATE TABLE scrapes (
  id INTEGER PRIMARY KEY,
  segment INTEGER NOT NULL,
  at INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX scrapes_by_segment ON scrapes (segment, at);
"""
log = structlog.get_logger()


class NotOursError(sqlite3.DatabaseError):
    """A file of another version, or of another program."""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to a file that can be used; what stood in its place and cannot be is set aside. Raises PluginError
    when there can be no file at all."""
    with _told(path):
        try:
            return _opened(path)
        except sqlite3.OperationalError:
            # Locked, full, not writable: no new file would help.
            raise
        except sqlite3.DatabaseError as error:
            _set_aside(path, str(error))
            return _opened(path)


def open_anew(path: Path, why: str) -> sqlite3.Connection:
    """The same in the place of a file that is of no use, which is set aside."""
    with _told(path):
        _set_aside(path, why)
        return _opened(path)


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What the disk refuses, for a person."""
    try:
        yield
    except OSError as error:
        raise Permanent(
            f"cannot open {path}: {error.strerror}. Look whether it is a file that this user may read and write."
        ) from error
    except sqlite3.OperationalError as error:
        if (trouble := translated(error, path, "open")) is not None:
            raise trouble from error
        raise


def _set_aside(path: Path, why: str) -> None:
    """Move a file out of the way, over the one that was moved before it."""
    aside = path.with_name(SET_ASIDE)
    log.error("signals.file_set_aside", file=str(path), moved_to=str(aside), why=why, lost="what was measured so far")
    for suffix in _SUFFIXES:
        moved = Path(f"{aside}{suffix}")
        moved.unlink(missing_ok=True)
        if (here := Path(f"{path}{suffix}")).exists():
            here.replace(moved)


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-1024")
        _look_through(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _look_through(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file, and check what is read of an old one first. Raises sqlite3.DatabaseError."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not version and not tables:
        connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")
    elif version != VERSION:
        raise NotOursError(f"it has version {version}, and this program knows {VERSION}")
    for what in ("segments", "lines"):
        (found,) = connection.execute(f"PRAGMA quick_check({what})").fetchone()
        if found != "ok":
            raise NotOursError(str(found))
