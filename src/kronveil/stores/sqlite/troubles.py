"""What SQLite reports, told for a person: Transient when it can pass by itself, Permanent when somebody must act."""

import shutil
import sqlite3
from pathlib import Path

from kronveil.sdk.errors import Permanent, PluginError, Transient

_PRIMARY = 0xFF  # the low byte of an extended code


def translated(error: sqlite3.Error, path: Path, wish: str) -> PluginError | None:
    """The house's error for ``wish`` ("save to"); None when this is a mistake in our own code or the caller's data."""
    code = _code(error)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code is None or code not in _PASSING:
        return None
    what = _PASSING[code].format(error=error, space=free_space(path))
    return Transient(
        f"cannot {wish} {path}: {what} Nothing of this was done; it goes on by itself when that has passed."
    )


_PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full ({space}). Free some space.",
    sqlite3.SQLITE_IOERR: "the disk refuses ({error}, {space}). "
    "Look for a full disk, a file-size limit or a failing device.",
    sqlite3.SQLITE_BUSY: "another program keeps it locked. Close that program.",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked. Close that program.",
    sqlite3.SQLITE_READONLY: "the file or its disk is read-only. Make it and its folder writable.",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Look whether its folder is there and writable for this user.",
    sqlite3.SQLITE_PERM: "it cannot be opened. Look whether it is readable and writable for this user.",
}


def damaged(path: Path, finding: str) -> Permanent:
    """The file is not, or no longer, a whole SQLite database. It is left as it is."""
    return Permanent(
        f"{path} is damaged or is not a SQLite file ({finding}). Nothing was changed in it.\n"
        f"  to keep what can be read: sqlite3 {path} .recover\n"
        f"  to go on without it: move {path} and its -wal and -shm files away; a new one is made at the next start\n"
        f"  or put a backup back: kronveil db restore FILE"
    )


def free_space(path: Path) -> str:
    """Free bytes where the file lives, for people; a folder that cannot be asked says so."""
    try:
        return f"{shutil.disk_usage(path.parent).free:,} bytes free in {path.parent}"
    except OSError as error:
        return f"free space unknown: {error.strerror}"


def _code(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY
