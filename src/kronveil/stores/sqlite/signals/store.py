"""The file of values, opened: one connection in one thread. What is found damaged is set aside, and it goes on."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from kronveil.model.signal import SIGNALS, Scrape
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.signals import Kept, SeriesPage, SeriesQuery, SignalUse
from kronveil.stores.sqlite.signals.keeping import Keeper
from kronveil.stores.sqlite.signals.opening import FILE_NAME, open_anew, open_file
from kronveil.stores.sqlite.signals.reading import clusters_in, count_subjects, read_series
from kronveil.stores.sqlite.troubles import translated

LARGEST = 2 * 1024**3
T = TypeVar("T")


class SqliteSignals:
    """``kronveil.sdk.signals.SignalStore`` on one file."""

    def __init__(self, connection: sqlite3.Connection, path: Path, largest: int) -> None:
        self._connection: sqlite3.Connection | None = connection
        """None after damage, while there can be no new file."""
        self._path = path
        self._largest = largest
        self._keeper = Keeper()
        self._turn = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)

    async def keep(self, cluster: str, scrape: Scrape) -> Kept:
        """See ``SignalStore.keep``."""
        return await self._do(lambda connection: self._keeper.keep(connection, cluster, scrape))

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """See ``SignalStore.series``."""
        return await self._do(lambda connection: read_series(connection, query))

    async def counts(self, cluster: str | None) -> dict[str, int]:
        """See ``SignalStore.counts``."""
        return await self._do(lambda connection: self._counts(connection, cluster))

    async def forget(self, before: datetime) -> int:
        """See ``SignalStore.forget``."""
        return await self._do(lambda connection: self._forget(connection, int(before.timestamp())))

    async def use(self) -> SignalUse:
        """See ``SignalStore.use``."""
        return await self._do(_use)

    async def close(self) -> None:
        """Let what is being done end, then close."""
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if self._connection is not None:
                    await to_thread.run_sync(self._connection.close, limiter=self._thread)

    def _counts(self, connection: sqlite3.Connection, cluster: str | None) -> dict[str, int]:
        sizes = [
            self._keeper.sizes.get(each) or count_subjects(connection, each)
            for each in (clusters_in(connection) if cluster is None else (cluster,))
        ]
        return {signal.name: sum(each[signal.kind] for each in sizes) for signal in SIGNALS}

    def _forget(self, connection: sqlite3.Connection, before: int) -> int:
        gone = self._keeper.forget_before(connection, before)
        while _size(connection) > self._largest and (dropped := self._keeper.forget_oldest(connection)):
            gone += dropped
        return gone

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Whole, even when the caller is cancelled meanwhile: a transaction must not stay open."""
        async with self._turn:
            with anyio.CancelScope(shield=True):
                return await to_thread.run_sync(self._attempt, work, limiter=self._thread)
        raise RuntimeError("a shielded scope was left early")  # never: for the checkers, as a scope might swallow

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = open_file(self._path)
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            trouble = translated(error, self._path, "use")
            if trouble is None:
                raise
            if not isinstance(trouble, Permanent):
                raise trouble from error
            why = str(error)
        except ValueError as error:
            why = str(error)
        self._begin_again(self._connection, why)
        raise Transient(f"{self._path} was damaged ({why}) and is set aside; values are kept in a new file from now on")

    def _begin_again(self, damaged: sqlite3.Connection, why: str) -> None:
        self._connection, self._keeper = None, Keeper()
        damaged.close()
        self._connection = open_anew(self._path, why)


@asynccontextmanager
async def open_signals(folder: Path, *, largest: int = LARGEST) -> AsyncGenerator[SqliteSignals]:
    """Open or make the file in a folder that is locked already. Raises PluginError when there can be none."""
    path = folder / FILE_NAME
    store = SqliteSignals(await to_thread.run_sync(open_file, path), path, largest)
    try:
        yield store
    finally:
        await store.close()


def _size(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _use(connection: sqlite3.Connection) -> SignalUse:
    (scrapes,) = connection.execute("SELECT count(*) FROM scrapes").fetchone()
    (subjects,) = connection.execute(
        "SELECT coalesce(sum(slots), 0) FROM (SELECT max(length(body)) / 10 AS slots FROM scrapes "
        "WHERE segment IN (SELECT max(id) FROM segments GROUP BY cluster) GROUP BY segment)"
    ).fetchone()
    return SignalUse(int(subjects), int(scrapes), _size(connection))
