"""What SQLite reports, told for a person: Transient when it can pass by itself, Permanent when somebody must act."""

import shutil
import sqlite3
from pathlib import Path

from kronveil.sdk.errors import Permanent, PluginError, Transient

_PRIMARY = 0xFF  # the low byte of an extended code


def translated(error: sqlite3.Error, path: Path, wish: str) -> PluginError | None:
    """The house's error for ``wish`` ("save to"), or None when this is a mistake in our own code or the caller's data."""
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return Transient(f"cannot {wish} {path}: the disk is full ({free_space(path)}). {_GOES_ON}")
        case sqlite3.SQLITE_IOERR:
            return Transient(
                f"cannot {wish} {path}: the disk refuses ({error}, {free_space(path)}). "
                f"Look for a full disk, a file-size limit or a failing device. {_GOES_ON}"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Transient(f"cannot {wish} {path}: another program keeps it locked. Close that program. {_GOES_ON}")
        case sqlite3.SQLITE_READONLY:
            return Transient(
                f"cannot {wish} {path}: the file or its disk is read-only. Make it and its folder writable. {_GOES_ON}"
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return Transient(
                f"cannot {wish} {path}: it cannot be opened ({error}). "
                f"Look whether the folder is there and writable for this user. {_GOES_ON}"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
    return None


def damaged(path: Path, finding: str) -> Permanent:
    """The file is not, or no longer, a whole SQLite database. It is left as it is."""
    return Permanent(
        f"{path} is damaged or is not a SQLite file ({finding}). Nothing was changed in it.\n"
        f"  to keep what can be read: sqlite3 {path} .recover\n"
        f"  to go on without it: move {path} and its -wal and -shm files away; a new one is made at the next start\n"
        f"  or restore a backup to the same place"
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


_GOES_ON = "Nothing of this was saved; saving goes on by itself when that has passed."
