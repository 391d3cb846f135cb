"""query: a page of 50 from a long history, in the store and over HTTP, against the same question asked bare."""

import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from kronveil.bench.fleet import Subject, watching
from kronveil.bench.history import CLUSTERS, KINDS, lengthen
from kronveil.bench.measure import Sample, Variant, interleaved, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value
from kronveil.bench.scale import SCALE
from kronveil.sdk.storage import EventQuery, Store
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.codec import event_from, to_cursor
from kronveil.stores.sqlite.store import FILE_NAME

PEER = "no paging"
PAGE = 50
SHORT = 10_000
BARE = "SELECT seq, received_us, body FROM events ORDER BY received_us DESC, seq DESC LIMIT 51"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the history is, how many pages a round asks for, and how many rounds there are."""

    events: int
    pages: int
    rounds: int


@dataclass(slots=True)
class Asking:
    """Asks for pages and notes how long each took."""

    ask: Callable[[int], Awaitable[int]]
    pages: int
    found: int = 0
    rounds_ms: list[list[float]] = field(default_factory=list[list[float]])

    async def run(self) -> int:
        """One round."""
        taken: list[float] = []
        self.rounds_ms.append(taken)
        for number in range(self.pages):
            began = time.perf_counter()
            self.found += await self.ask(number)
            taken.append((time.perf_counter() - began) * 1000)
        return self.pages

    def counts(self) -> Counts:
        """Every page was full."""
        wanted = sum(len(taken) for taken in self.rounds_ms) * PAGE
        return Counts(wanted, self.found, lost=max(0, wanted - self.found), duplicated=max(0, self.found - wanted))


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """A million events, ten of them with ``--scale 10``; the quick form has 50,000."""
    return await measured(Plan(50_000, 20, 5) if quick else Plan(1_000_000 * SCALE.get(), 100, 7))


async def measured(plan: Plan) -> list[Record]:
    """Every kind of page, in turns; then the same over HTTP from an agent that was started on that history."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        long, short = Path(name) / "long", Path(name) / "short"
        for folder, events in ((long, plan.events), (short, SHORT)):
            lengthen(folder, 0, events)
        records = await _in_the_store(long, short, plan)
        return records + await _by_http(long, plan)


async def _in_the_store(long: Path, short: Path, plan: Plan) -> list[Record]:
    async with open_sqlite(long) as store, open_sqlite(short) as other:
        with closing(sqlite3.connect(f"file:{long / FILE_NAME}?mode=ro", uri=True)) as bare:
            middle = await _middle(bare)
            asking = {
                "newest": Asking(_from(store, lambda _: EventQuery(limit=PAGE)), plan.pages),
                "deep": Asking(_from(store, lambda _: EventQuery(limit=PAGE, before=middle)), plan.pages),
                "one cluster": Asking(_from(store, _of_a_cluster), plan.pages),
                "one kind": Asking(_from(store, _of_a_kind), plan.pages),
                "short": Asking(_from(other, lambda _: EventQuery(limit=PAGE)), plan.pages),
                "bare": Asking(_bare(bare), plan.pages),
            }
            taken = await interleaved([Variant(title, one.run) for title, one in asking.items()], plan.rounds)
    size = f"{plan.events:,} events"
    records = [
        _bounded(f"{title}, {size}", taken[title], asking[title], Measure("limit", floor=20.0, goal=5.0))
        for title in ("newest", "deep", "one cluster", "one kind")
    ]
    return [
        *records,
        Record(
            "query",
            f"newest, {size}",
            "page",
            taken["newest"],
            Measure("cost", goal=1.5),
            taken["short"],
            f"{SHORT:,} events",
        ),
        Record("query", f"newest, {size}", "page", taken["newest"], Measure("cost"), taken["bare"], "sqlite3"),
        Record("query", "bare: sqlite3, decoded", "page", taken["bare"], counts=asking["bare"].counts()),
    ]


async def _by_http(folder: Path, plan: Plan) -> list[Record]:
    async with _agent(folder) as subject:

        async def ask(_: int) -> int:
            return len((await subject.get(f"/events?limit={PAGE}"))["items"])

        asking = Asking(ask, plan.pages)
        after = await subject.cost()
        samples: list[Sample] = []
        for _ in range(plan.rounds + 1):  # the first is thrown away
            before, began = await subject.cost(), time.perf_counter()
            await asking.run()
            after = await subject.cost()
            samples.append(Sample(plan.pages, after.cpu_s - before.cpu_s, time.perf_counter() - began))
    return [
        _bounded(
            f"by HTTP, {plan.events:,} events", samples[1:], asking, Measure("limit", goal=25.0), peak=after.peak_kib
        )
    ]


@asynccontextmanager
async def _agent(folder: Path) -> AsyncGenerator[Subject]:
    """With the history as its store, and authentication on."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        (Path(name) / "state").symlink_to(folder)
        async with watching(None, 0, Path(name)) as subject:
            yield subject


def _bounded(
    variant: str, samples: Sequence[Sample], asking: Asking, bounds: Measure, peak: int | None = None
) -> Record:
    rounds = [percentiles(taken) for taken in asking.rounds_ms[1:]]
    return Record(
        "query",
        variant,
        "page",
        samples,
        bounds,
        counts=asking.counts(),
        latency_ms=percentiles([each for taken in asking.rounds_ms[1:] for each in taken]),
        peer=PEER,
        value=Value("ms p99", spread([each["p99"] for each in rounds])),
        peak_rss_kib=peak,
    )


def _from(store: Store, query: Callable[[int], EventQuery]) -> Callable[[int], Awaitable[int]]:
    async def ask(number: int) -> int:
        return len((await store.events(query(number))).items)

    return ask


def _of_a_cluster(number: int) -> EventQuery:
    return EventQuery(limit=PAGE, cluster=f"cluster-{number % CLUSTERS:02d}")


def _of_a_kind(number: int) -> EventQuery:
    return EventQuery(limit=PAGE, kind=KINDS[number % len(KINDS)])


def _bare(connection: sqlite3.Connection) -> Callable[[int], Awaitable[int]]:
    async def ask(_: int) -> int:
        return len([event_from(body) for _, _, body in connection.execute(BARE).fetchall()][:PAGE])

    return ask


async def _middle(connection: sqlite3.Connection) -> str:
    """The place of an event in the middle of the history."""
    (last,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    row = connection.execute("SELECT received_us, seq FROM events WHERE seq = ?", (last // 2,)).fetchone()
    return to_cursor("events", *row)
