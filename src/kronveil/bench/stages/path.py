"""path: the whole way of a watch frame: decode, translate, triage, store, publish; against bare decoding of the same.

The collector, the agent and the store are the real ones, wired as app.py wires them; only the network is left out.
"""

import gc
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from kronveil.agent.agent import Agent
from kronveil.bench.agents import agent_on, frozen, settled
from kronveil.bench.bare import decode_all
from kronveil.bench.cluster import UID, Cluster, chunked
from kronveil.bench.frames import PodName, frame
from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Variant, interleaved
from kronveil.bench.record import Counts, Measure, Record
from kronveil.sdk.storage import EventQuery, IncidentQuery, Store, Writes
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.opening import open_file
from kronveil.stores.sqlite.rows import rows_of
from kronveil.stores.sqlite.transactions import transaction
from kronveil.stores.sqlite.writer import put_rows

PEER = "about 590 us without a store (published)"
PEER_ALL_NEW = "falls to 1,000/s at 10,000 incidents (published)"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many frames a round has, which of them are failures, and how the pods are grouped."""

    frames: int
    rounds: int
    one_fails_of: int
    pods_per_deployment: int

    @property
    def pods(self) -> int:
        """Every frame of every round, the one thrown away included, is about a pod of its own."""
        return self.frames * (self.rounds + 1)

    @property
    def failing(self) -> range:
        """The numbers of the pods that fail."""
        return range(0, self.pods, self.one_fails_of)


class Overheard:
    """The store, which also tells what was saved through it: what a bare writer is to store as well."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.saved: list[Writes] = []

    async def save(self, writes: Writes) -> None:
        """See ``Store.save``."""
        self.saved.append(writes)
        await self._store.save(writes)

    def __getattr__(self, name: str) -> Any:
        """All else is the store's."""
        return getattr(self._store, name)


class Path_:  # noqa: N801 - "Path" is the file's
    """A running agent on one cluster; each round sends it the next frames and waits until all of them are durable."""

    def __init__(self, agent: Agent, cluster: Cluster, plan: Plan) -> None:
        self.agent = agent
        self.lines: list[bytes] = []
        self._cluster = cluster
        self._chunks: list[bytes] = []
        self._plan = plan
        self._next = 0

    def make(self) -> None:
        """The frames of the next round."""
        numbers = range(self._next, self._next + self._plan.frames)
        self._next = numbers.stop
        self.lines = [
            frame(
                PodName(number, self._plan.pods_per_deployment),
                self._plan.pods + number + 1,
                is_failing=number in self._plan.failing,
            )
            for number in numbers
        ]
        self._chunks = chunked(self.lines)
        gc.collect()

    async def run(self) -> int:
        """Send the frames; back when nothing is in flight any more."""
        await self._cluster.put(self._chunks)
        await settled(self.agent, self._cluster.items + self._next)
        return len(self.lines)


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Two per cent failures, then nothing but failures, each a new incident."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    few = Plan(2_000, rounds, one_fails_of=50, pods_per_deployment=10)
    every = Plan(500 if quick else 2_000, rounds, one_fails_of=1, pods_per_deployment=1)
    return [
        *await _measured("2 % failures", few, Measure("speed", floor=0.3, goal=0.5), PEER),
        *await _measured("every frame a new failure", every, Measure("speed", goal=0.25), PEER_ALL_NEW),
    ]


async def _measured(name: str, plan: Plan, bounds: Measure, peer: str) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        async with open_sqlite(Path(folder)) as store, _running(store, plan) as (path, overheard):
            with closing(open_file(Path(folder) / "bare.db")) as connection:

                async def bare() -> int:
                    return decode_all(path.lines)

                async def bare_and_stored() -> int:
                    return decode_all(path.lines) if _store_bare(connection, overheard.saved) else 0

                def make() -> None:
                    overheard.saved.clear()
                    path.make()

                variants = [
                    Variant("ours", path.run, make),
                    Variant("bare", bare),
                    Variant("stored", bare_and_stored),
                ]
                taken = await interleaved(variants, plan.rounds)
            counts, more = await _counts(path.agent, store, plan)
    stored = "decoded and stored, nothing decided"
    return [
        Record(
            "path", name, "frame", taken["ours"], bounds, taken["bare"], "bare", counts=counts, peer=peer, more=more
        ),
        Record("path", name, "frame", taken["ours"], Measure("speed", floor=0.25), taken["stored"], stored),
        Record("path", f"bare: {name}", "frame", taken["bare"]),
        Record("path", f"{stored}: {name}", "frame", taken["stored"]),
    ]


def _store_bare(connection: sqlite3.Connection, saved: Sequence[Writes]) -> bool:
    """Keep what the agent kept, in the same transactions, into the same tables."""
    for writes in saved:
        with transaction(connection):
            put_rows(connection, [rows_of(writes, datetime.now(UTC))])
    return True


@asynccontextmanager
async def _running(store: Store, plan: Plan) -> AsyncGenerator[tuple[Path_, Overheard]]:
    cluster, overheard = Cluster(plan.pods, plan.pods_per_deployment), Overheard(store)
    async with agent_on([cluster], cast("Store", overheard)) as agent:
        with frozen():
            yield Path_(agent, cluster, plan), overheard


async def _counts(agent: Agent, store: Store, plan: Plan) -> tuple[Counts, dict[str, float]]:
    """Frames in, against rows in the store and the agent's own books."""
    ids = await _stored_failures(store)
    incidents = await _stored_incidents(store)
    books = agent.books()
    expected_incidents = len({PodName(number, plan.pods_per_deployment).deployment for number in plan.failing})
    lost = len(plan.failing) - len(set(ids)) + expected_incidents - incidents
    counts = Counts(
        taken=books.received,
        stored=books.delivered,
        deduplicated=books.merged,
        rejected=sum(books.dropped.values()),
        lost=max(0, lost),
        duplicated=len(ids) - len(set(ids)) + max(0, -lost),
    )
    counted = (await store.restore(datetime.now(UTC))).counters.get(f"events:{UID}", 0)
    return counts, {"incidents": incidents, "events": len(ids), "counted": counted, "published": agent.live.seq}


async def _stored_failures(store: Store) -> list[str]:
    found: list[str] = []
    query: EventQuery | None = EventQuery(limit=500, kind="pod.crash_looping")
    while query is not None:
        page = await store.events(query)
        found += [event.id for event in page.items]
        query = EventQuery(limit=500, kind="pod.crash_looping", before=page.next_cursor) if page.next_cursor else None
    return found


async def _stored_incidents(store: Store) -> int:
    found = 0
    query: IncidentQuery | None = IncidentQuery(limit=500)
    while query is not None:
        page = await store.incidents(query)
        # The one line that stands for a storm of them is no failure of its own.
        found += sum(not one.children for one in page.items)
        query = IncidentQuery(limit=500, before=page.next_cursor) if page.next_cursor else None
    return found
