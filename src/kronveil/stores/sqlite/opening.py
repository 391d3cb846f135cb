"""From a path to a writable connection: folder and file, schema, damage. Everything that can be wrong is told here."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from kronveil.sdk.errors import Permanent, Transient
from kronveil.stores.sqlite.schema import HEAD, metadata
from kronveil.stores.sqlite.troubles import damaged, translated

LOG_BYTES = 8 * 1024 * 1024
"""How long the write-ahead log is at most, while no long read holds it up: by bytes, since a save of one row writes as
much of it as a save of ten."""
_LOOKED_THROUGH_BYTES = 128 * 1024 * 1024
_SMALL_TABLES = ("counters", "clusters_heard")
_BUSY_S = 5.0


def ready_folder(folder: Path) -> None:
    """Make the folder, for this user only. One that exists keeps its mode."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError) as error:
        raise Permanent(f"the data folder {folder} cannot be made: {error.filename} is a file. {_OTHER}") from error
    except OSError as error:
        raise _unusable(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Permanent(f"the data folder {folder} is not writable for this user (uid {os.getuid()}). {_OTHER}")


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to a whole file of the current schema, made or migrated where needed. Slow: use a thread."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except IsADirectoryError as error:
        raise Permanent(f"{path} is a folder; the store is a file. {_OTHER}") from error
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _bring_to_head(path)
        return _connected(path)
    except sqlite3.Error as error:
        if (trouble := translated(error, path, "open")) is not None:
            raise trouble from error
        raise


def revision_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """The schema's revision; None for an empty file. Raises Permanent for a database that is not Kronveil's."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise Permanent(
            f"{path} is a SQLite file, but not of Kronveil (its tables: {', '.join(sorted(tables))}). {_OTHER}"
        )
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        raise damaged(path, "it does not say which version of the schema it has")
    return str(row[0])


def create_schema(connection: sqlite3.Connection) -> None:
    """All tables at once, and the mark that Alembic would leave: one transaction, so a crash leaves an empty file."""
    connection.execute("BEGIN IMMEDIATE")
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=dialect())))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=dialect())))
    # As Alembic itself creates it.
    connection.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (HEAD,))
    connection.execute("COMMIT")


def _bring_to_head(path: Path) -> None:
    connection = _bare(path)
    try:
        # A log that a killed process left behind is replayed by this first read.
        revision = revision_of(connection, path)
        _look_for_damage(connection, path)
        if revision is None:
            create_schema(connection)
    finally:
        connection.close()
    if revision in (None, HEAD):
        return
    if not revision.isdigit() or int(revision) > int(HEAD):
        raise Permanent(
            f"{path} was made by a newer version of Kronveil (schema {revision}; this one knows up to {HEAD}). "
            f"Nothing was changed in it.\n"
            f"  start the newer version again, or give this one a folder of its own (agent.data_dir)"
        )
    from kronveil.stores.sqlite.migrate import migrate  # noqa: PLC0415 - Alembic takes a second to import

    migrate(path)


def _connected(path: Path) -> sqlite3.Connection:
    """The writer's connection. ``wal_autocheckpoint=0``: the writer says when, and nobody else does."""
    connection = _bare(path)
    try:
        _keep_a_log(connection, path)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        # A log that a reader had held up is cut when it begins anew.
        connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_a_log(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise Permanent(
            f"{path}: its disk does not support a write-ahead log (SQLite stays in {mode} mode); "
            f"network folders do not. {_OTHER}"
        )


def _bare(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
    )


def _look_for_damage(connection: sqlite3.Connection, path: Path) -> None:
    """Check all of a file that is not long, else what a start needs: it must not take longer the more history there is.

    SQLite cannot be interrupted while it checks a table. ``kronveil db check`` looks at everything.
    """
    is_short = path.stat().st_size <= _LOOKED_THROUGH_BYTES
    for which in ("1",) if is_short else _SMALL_TABLES:
        row = connection.execute(f"PRAGMA quick_check({which})").fetchone()
        if row is not None and row[0] != "ok":
            raise damaged(path, str(row[0]))


def _unusable(path: Path, error: OSError) -> Permanent | Transient:
    kind = Permanent if isinstance(error, PermissionError) else Transient
    return kind(f"{path} cannot be made or opened for writing: {error.strerror}. {_OTHER}")


_OTHER = "Correct that, or name another folder: agent.data_dir in the configuration, or KRONVEIL__AGENT__DATA_DIR."
