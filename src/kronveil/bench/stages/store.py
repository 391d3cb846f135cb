"""store: 64 callers who each wait for their own row, against one FULL commit after another; and batches."""

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Generator, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import TypeVar

import anyio

from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Sample, Variant, interleaved, percentiles
from kronveil.bench.record import Counts, Measure, Record
from kronveil.model.event import Event, Severity
from kronveil.model.resource import Origin, Resource
from kronveil.sdk.storage import EventQuery, Store, Writes
from kronveil.stores.sqlite import open_sqlite, statements
from kronveil.stores.sqlite.codec import from_us
from kronveil.stores.sqlite.opening import open_file
from kronveil.stores.sqlite.rows import Line, rows_of

WAITERS = 64
ROWS_PER_BATCH = 200
T = TypeVar("T")
START_US = 1_795_000_000_000_000


class Writing:
    """One store of ours and one bare connection, both FULL, both with the same table, fed with the same rows."""

    def __init__(self, store: Store, bare: sqlite3.Connection, rows: int) -> None:
        self.store = store
        self.bare = bare
        self.rows = rows
        self.saved = 0
        self.latencies_ms: list[float] = []
        self._numbers = count()
        self._events: list[Event] = []
        self._bare_rows: Sequence[Line] = ()

    def make(self, rows: int) -> None:
        """New events, so that every row is stored."""
        self._events = [_event(next(self._numbers)) for _ in range(rows)]
        self._bare_rows = rows_of(Writes(events=self._events), self._events[0].received_at).events

    async def in_a_group(self) -> int:
        """Every waiter saves one event, waits until it is durable, and saves the next."""
        await self._save([(event,) for event in self._events], waiters=WAITERS, latencies=self.latencies_ms)
        return len(self._events)

    async def in_batches(self) -> int:
        """Batches as the pipeline makes them, one after the other."""
        await self._save(_batches(self._events), waiters=1, latencies=[])
        return len(self._events)

    async def bare_singles(self) -> int:
        """The driver alone, a commit for each row."""
        for row in self._bare_rows:
            _commit(self.bare, [row])
        return len(self._bare_rows)

    async def bare_batches(self) -> int:
        """The driver alone, a commit for each batch."""
        for batch in _batches(self._bare_rows):
            _commit(self.bare, batch)
        return len(self._bare_rows)

    async def stored(self) -> Counts:
        """What the store gives back, against what it was given."""
        ids: list[str] = []
        query: EventQuery | None = EventQuery(limit=1_000)
        while query is not None:
            page = await self.store.events(query)
            ids += [event.id for event in page.items]
            query = EventQuery(limit=1_000, before=page.next_cursor) if page.next_cursor else None
        distinct = len(set(ids))
        return Counts(self.saved, distinct, lost=self.saved - distinct, duplicated=len(ids) - distinct)

    async def _save(self, batches: Sequence[Sequence[Event]], *, waiters: int, latencies: list[float]) -> None:
        waiting = iter(batches)

        async def save_in_turn() -> None:
            for batch in waiting:
                began = time.perf_counter()
                await self.store.save(Writes(events=batch))
                latencies.append((time.perf_counter() - began) * 1000)
                self.saved += len(batch)

        async with anyio.create_task_group() as tasks:
            for _ in range(waiters):
                tasks.start_soon(save_in_turn)


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Group commit by wall time, since the disk is what is waited for; batches by CPU.

    Sharing a commit saves the flush, and nothing of the rows. Where the disk flushes in a moment that is less than
    the goal of ten: batches of the bare driver, for which nobody waits, tell how much there is to be had.
    """
    rounds = QUICK_ROUNDS if quick else ROUNDS * 2
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        async with open_sqlite(Path(folder)) as store:
            with _bare(Path(folder) / "bare.db") as bare:
                singles, group = 200, 64 * (10 if quick else 50)
                writing = Writing(store, bare, singles)
                taken = await interleaved(
                    [
                        Variant("group", writing.in_a_group, lambda: writing.make(group)),
                        Variant("singles", writing.bare_singles, lambda: writing.make(singles)),
                    ],
                    rounds,
                )
                batch = ROWS_PER_BATCH * (10 if quick else 50)
                taken |= await interleaved(
                    [
                        Variant("batches", writing.in_batches, lambda: writing.make(batch)),
                        Variant("bare batches", writing.bare_batches),
                    ],
                    rounds,
                )
                counts = await writing.stored()
    most = _wall_us(taken["singles"]) / _wall_us(taken["bare batches"])
    return [
        Record(
            "store",
            f"{WAITERS} waiters, a row each",
            "row",
            taken["group"],
            Measure("speed", floor=round(min(5.0, 0.6 * most), 2), goal=round(min(10.0, 0.8 * most), 2), of="wall"),
            taken["singles"],
            "single FULL commits",
            counts=counts,
            latency_ms=percentiles(writing.latencies_ms),
            more={"most_to_be_had": round(most, 2)},
        ),
        Record("store", "bare: single FULL commits", "row", taken["singles"], more=_rate(taken["singles"])),
        Record(
            "store",
            f"batches of {ROWS_PER_BATCH}",
            "row",
            taken["batches"],
            Measure("speed", goal=0.5),
            taken["bare batches"],
            "executemany",
            more=_rate(taken["batches"]),
        ),
        Record("store", "bare: executemany", "row", taken["bare batches"], more=_rate(taken["bare batches"])),
    ]


@contextlib.contextmanager
def _bare(path: Path) -> Generator[sqlite3.Connection]:
    """The same tables, the same settings, no store around it."""
    connection = open_file(path)
    connection.execute("PRAGMA wal_autocheckpoint = 1000")  # SQLite's own default: it is alone on its file
    try:
        yield connection
    finally:
        connection.close()


def _commit(connection: sqlite3.Connection, rows: Sequence[Line]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statements.ADD_EVENT, rows)
    connection.execute("COMMIT")


def _batches(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + ROWS_PER_BATCH] for start in range(0, len(rows), ROWS_PER_BATCH)]


def _event(number: int) -> Event:
    """An event as the pipeline saves it, with an id that, like a hash, comes in no order."""
    at = from_us(START_US + number * 1_000)
    pod = Resource("Pod", f"service-7d4b9c6f8d-{number:06d}", "shop", f"5b0e2f6a-0000-4000-8000-{number:012d}")
    return Event(
        id=f"evt_{number * 2_654_435_761 % 2**32:08x}{number:016x}",
        kind="pod.crash_looping",
        severity=Severity.HIGH,
        at=at,
        received_at=at,
        origin=Origin("kubernetes", "bench", "4f2c1e0a-uid-of-a-cluster", "eu-west-1"),
        resource=pod,
        owner=Resource("Deployment", "service", "shop", "deployment-uid"),
        message="app: CrashLoopBackOff: back-off 40s restarting failed container; 3 restarts",
        attributes={"k8s.pod.phase": "Running", "k8s.container.name": "app", "restart_count": 3, "reason": "Error"},
    )


def _wall_us(samples: Sequence[Sample]) -> float:
    return median(sample.wall_us for sample in samples)


def _rate(samples: Sequence[Sample]) -> dict[str, float]:
    return {"per_s": round(sum(s.units for s in samples) / sum(s.wall_s for s in samples))}
