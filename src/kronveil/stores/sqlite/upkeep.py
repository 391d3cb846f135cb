"""What an operator does to a store: back it up while it is written to, put a backup back, bring it to this schema.

No work leaves a half-made file under a name that somebody trusts: everything is written aside, synced, then renamed.
"""

import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from kronveil.sdk.errors import Permanent, Transient
from kronveil.stores.sqlite.lock import FolderTaken, locked_folder
from kronveil.stores.sqlite.looking import (
    Contents,
    Progress,
    contents_of,
    known_revision,
    raise_translated,
    reading,
    unwatched,
)
from kronveil.stores.sqlite.migrate import migrate as take_missing_steps
from kronveil.stores.sqlite.opening import ready_folder
from kronveil.stores.sqlite.schema import HEAD
from kronveil.stores.sqlite.store import FILE_NAME
from kronveil.stores.sqlite.troubles import damaged


@dataclass(frozen=True, slots=True)
class Migration:
    """What was done: ``was`` equals ``now`` when nothing was missing. ``copy`` is the file as it was before."""

    was: str
    now: str
    copy: Path | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """What the folder holds now, and under which name the store is kept that was there before."""

    contents: Contents
    kept: Path | None


def backup(folder: Path, target: Path, *, overwrite: bool = False, progress: Progress = unwatched) -> Contents:
    """Write the store as it is at this moment into one file of its own, whole and checked, for this user only.

    Raises FileExistsError when ``target`` is there and may not be overwritten.
    """
    source = folder / FILE_NAME
    if target.exists() and (not overwrite or _is_of_the_store(target, source)):
        raise FileExistsError(target)
    return _copy(source, target, progress)


def restore(folder: Path, source: Path, *, progress: Progress = unwatched) -> Restoration:
    """Make ``source`` the store of the folder; what was there is kept beside it. No agent may be using the folder."""
    path = folder / FILE_NAME
    ready_folder(folder)
    with _unused(folder):
        if _is_of_the_store(source, path):
            raise Permanent(f"{source} is the store itself; name a backup of it")
        new = path.with_name(f"{FILE_NAME}.restoring")
        contents = _copy(source, new, progress)
        kept = _set_aside(path)
        new.replace(path)
        _sync_folder(folder)
    return Restoration(contents, kept)


def migrate(folder: Path, *, keep_copy: bool = True, progress: Progress = unwatched) -> Migration:
    """Take the steps that are missing to the schema of this version. No agent may be using the folder."""
    path = folder / FILE_NAME
    with reading(path) as connection:
        was = known_revision(connection, path)
    if was == HEAD:
        return Migration(was, HEAD, None)
    with _unused(folder):
        copy = _free_name(path, f"before-{HEAD}") if keep_copy else None
        if copy is not None:
            _copy(path, copy, progress)
        try:
            take_missing_steps(path)
        except sqlite3.Error as error:
            raise_translated(error, path, "migrate")
            raise
    return Migration(was, HEAD, copy)


def _copy(source: Path, target: Path, progress: Progress) -> Contents:
    """A whole copy under its final name, or nothing. One file: what is in the source's log is in it too."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _vacuum_into(source, part, progress)
        with reading(part) as connection:
            (finding,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if finding != "ok":
            raise damaged(source, f"its copy does not pass the check: {finding}")
        contents = contents_of(part)
        _sync(part)
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise Transient(f"cannot write {target}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return contents


def _vacuum_into(source: Path, part: Path, progress: Progress) -> None:
    """From one snapshot of the source; writers go on meanwhile."""
    with reading(source, wish="copy") as connection:
        known_revision(connection, source)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        whole = max(1, pages * page_bytes)
        connection.set_progress_handler(lambda: progress(min(1.0, part.stat().st_size / whole)), 50_000)
        try:
            connection.execute("VACUUM INTO ?", (str(part),))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
                raise_translated(error, part, "write")
            raise


def _set_aside(path: Path) -> Path | None:
    """Give the store that is there a second name, and take its log away, which must not meet another file."""
    kept = None
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
            # As the next start would: the file alone is then whole, even if this process ends at the next line.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = _free_name(path, "before-restore")
        for suffix in ("", "-wal"):
            if _beside(path, suffix).exists():
                _second_name(_beside(path, suffix), _beside(kept, suffix))
        _sync_folder(path.parent)
    for suffix in ("-wal", "-shm"):
        _beside(path, suffix).unlink(missing_ok=True)
    return kept


def _second_name(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except OSError:  # not every disk knows second names
        shutil.copy2(file, name)


@contextmanager
def _unused(folder: Path) -> Generator[None]:
    try:
        with locked_folder(folder):
            yield
    except FolderTaken as taken:
        raise Permanent(
            f"an agent ({taken.holder}) is using the data folder {folder}; nothing was changed. Stop it first"
        ) from taken


def _free_name(path: Path, why: str) -> Path:
    stem = f"{path.name}.{why}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (path.with_name(stem if number == 1 else f"{stem}-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _is_of_the_store(file: Path, path: Path) -> bool:
    """Whether it is one of the three files that make up the store."""
    return file.exists() and any(
        _beside(path, suffix).exists() and file.samefile(_beside(path, suffix)) for suffix in ("", "-wal", "-shm")
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


_sync_folder = _sync
