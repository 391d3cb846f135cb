"""runs: what a run costs with its journal on the disk, a step of it, and how both fare with a long history.

Actions do nothing here, and every incident is cured at once: what is left is the loop itself and its commits.
"""

import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio

from kronveil.agent.executions import Executions
from kronveil.agent.live import Live
from kronveil.agent.repertoire import Repertoire
from kronveil.agent.runs import Runs
from kronveil.api.encode import encode_item
from kronveil.bench.agents import frozen
from kronveil.bench.fit import exponent
from kronveil.bench.measure import Sample, Variant, interleaved, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value
from kronveil.logic.response import Bounds
from kronveil.model.event import Severity
from kronveil.model.execution import Effect, Execution, FieldDiff, StepPlan, Target
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus
from kronveil.model.resource import Resource
from kronveil.model.runbook import Runbook, RunbookStep
from kronveil.sdk.actions import Outcome, Step
from kronveil.sdk.storage import ExecutionQuery, Store, Writes
from kronveil.stores.sqlite import open_sqlite, statements
from kronveil.stores.sqlite.opening import open_file
from kronveil.stores.sqlite.rows import execution_row

BEGAN = datetime(2026, 11, 25, 12, tzinfo=UTC)
MORE_STEPS, AT_ONCE = 10, 64
DOUBLINGS = (1, 2, 4, 8)
BOUNDS = Bounds(live=True, settle=timedelta(), fleet_actions=10**9, target_actions=10**9)
FLAT = Measure("limit", floor=0.1, goal=0.1)


class Turn:
    """An action that does nothing, and notes when."""

    def __init__(self) -> None:
        self.planned_at: dict[str, float] = {}
        self.began_at: dict[str, float] = {}

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """A difference, as a real one would have."""
        self.planned_at.setdefault(step.incident.id, time.perf_counter())
        diff = (FieldDiff("spec.template.spec.containers[app].resources.limits.memory", '"128Mi"', '"192Mi"'),)
        return StepPlan(step.name, step.action, Effect.MUTATE, target, {}, "raise it", diff, undo="set it back")

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - of the contract
        """Nothing."""
        run_id = key.rpartition("-")[0]
        self.began_at.setdefault(run_id, time.perf_counter())
        return Outcome("raised", has_changed=True)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - of the contract
        """Nothing."""
        return Outcome("set back", has_changed=True)


class Around:
    """Incidents that are cured."""

    def __init__(self) -> None:
        self.held: dict[str, Incident] = {}

    def incident(self, incident_id: str) -> Incident | None:
        """One of them."""
        return self.held.get(incident_id)

    def beside(self, incident: Incident) -> Sequence[Incident]:  # noqa: ARG002 - of the contract
        """None: each is of another owner."""
        return ()

    def is_heard(self, cluster_name: str) -> bool:  # noqa: ARG002 - of the contract
        """Always."""
        return True


class Looping:
    """The loop on a store, with a runbook of so many steps."""

    def __init__(self, store: Store, steps: int, past: Sequence[Execution] = (), *, name: str = "") -> None:
        self.turn, self.around = Turn(), Around()
        self.to_plan_ms: list[float] = []
        self.to_step_ms: list[float] = []
        self._name = name or f"{steps} steps"
        self._runs = Runs(store, Live("bench", encode_item), lambda: datetime.now(UTC), past)
        self.book = Runbook(
            "book",
            "Book",
            "",
            ("OOMKilled",),
            tuple(RunbookStep(f"s{n}", "turn") for n in range(steps)),
            auto_execute=True,
        )
        repertoire = Repertoire(
            [self.book], {"turn": self.turn}, {"turn": Effect.MUTATE}, lambda: BOUNDS, lambda _: True
        )
        self.loop = Executions(repertoire, self._runs, self.around, store, self._told)
        self.done = self._number = 0
        self._news = anyio.Event()

    async def _told(self, incident_id: str, words: str, verb: str = "note") -> None:  # noqa: ARG002 - of the contract
        if "effective" in words:
            self.done += 1
            self._news.set()

    async def carry_out(self, count: int) -> int:
        """As many incidents at once; back when each is answered and its run verified."""
        wanted, noticed = self.done + count, [self._incident() for _ in range(count)]
        began = time.perf_counter()
        self.around.held.update((each.id, each) for each in noticed)
        self.loop.notice(noticed)
        while self.done < wanted:
            await self._news.wait()
            self._news = anyio.Event()
        for each in noticed:
            (run,) = self._runs.of_incident(each.id)
            self.to_plan_ms.append((self.turn.planned_at[each.id] - began) * 1000)
            self.to_step_ms.append((self.turn.began_at[run.id] - began) * 1000)
            del self.around.held[each.id]
        return count

    def _incident(self) -> Incident:
        self._number += 1
        return incident_of(f"{self._name}-{self._number}")

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Looping"]:
        """While the block is entered."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.loop.run)
            await anyio.sleep(0.1)
            try:
                yield self
            finally:
                tasks.cancel_scope.cancel()


def incident_of(name: str) -> Incident:
    """One whose symptom is over."""
    pod, owner = Resource("Pod", f"{name}-7d4b", "shop", "p"), Resource("Deployment", name, "shop", "d")
    gone = Condition("pod.oom_killed", pod, "app", BEGAN, BEGAN, cleared_at=BEGAN)
    return Incident(
        f"inc-{name}", name, "pod.oom_killed", "memory", f"{name} ran out of memory", Severity.HIGH,
        IncidentStatus.MITIGATED, ClusterRef("uid", "bench"), owner, BEGAN, BEGAN, conditions=(gone,),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """``history`` is the smallest of four, each twice the one before."""

    runs: int
    history: int
    rounds: int


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Up to 10,000 runs of history."""
    return await measured(Plan(10, 1_000, 3) if quick else Plan(40, 1_250, 7))


async def measured(plan: Plan) -> list[Record]:
    """What a run and a step cost, then what a history does to that."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as folder:
        costs = await _costs(plan, Path(folder))
        return [*costs, *await _growth(plan, Path(folder))]


async def _costs(plan: Plan, folder: Path) -> list[Record]:
    async with (
        open_sqlite(folder / "one") as one,
        open_sqlite(folder / "many") as many,
        Looping(one, 1).running() as short,
        Looping(many, 1 + MORE_STEPS).running() as long,
    ):
        await long.carry_out(1)
        (row,) = [execution_row(run) for run in long.loop.all()]
        bare = open_file(folder / "bare.db")

        async def commits() -> int:
            for _ in range(plan.runs * 2):
                _commit(bare, [row])
            return plan.runs * 2

        async def one_by_one(looping: Looping) -> int:
            for _ in range(plan.runs // 2):
                await looping.carry_out(1)
            return plan.runs // 2

        with frozen():
            taken = await interleaved(
                [
                    Variant("short", lambda: one_by_one(short)),
                    Variant("long", lambda: one_by_one(long)),
                    Variant("commits", commits),
                ],
                plan.rounds,
            )
            alone_ms = percentiles(short.to_step_ms), percentiles(short.to_plan_ms)
            taken |= await interleaved([Variant("at once", lambda: short.carry_out(AT_ONCE))], plan.rounds)
        bare.close()
        counts = await _counts(one, short)
    steps = [_less(more, less) for more, less in zip(taken["long"], taken["short"], strict=True)]
    to_step, to_plan = alone_ms
    more = {"to_plan_p50_ms": round(to_plan["p50"], 2), "to_plan_p99_ms": round(to_plan["p99"], 2)}
    return [
        Record(
            "runs", "a run of one step, alone", "run", taken["short"], latency_ms=to_step, counts=counts,
            more={**more, **_rate(taken["short"])},
        ),
        Record("runs", f"{AT_ONCE} runs at once", "run", taken["at once"], more=_rate(taken["at once"])),
        Record(
            "runs", "a further step", "step", steps, Measure("cost", floor=10.0, goal=5.0, of="wall"),
            taken["commits"], "one FULL commit of that run",
        ),
        Record("runs", "bare: FULL commits of a run", "commit", taken["commits"], more=_rate(taken["commits"])),
    ]  # fmt: skip


async def _counts(store: Store, looping: Looping) -> Counts:
    """Every run that was carried out is found again, once."""
    ids: list[str] = []
    query: ExecutionQuery | None = ExecutionQuery(limit=500)
    while query is not None:
        page = await store.executions(query)
        ids += [run.id for run in page.items if run.ended_at is not None]
        query = ExecutionQuery(limit=500, before=page.next_cursor) if page.next_cursor else None
    return Counts(looping.done, len(set(ids)), lost=looping.done - len(set(ids)), duplicated=len(ids) - len(set(ids)))


async def _growth(plan: Plan, folder: Path) -> list[Record]:
    """A start, a page and an answer to an incident, with more and more runs of before."""
    sizes = [plan.history * times for times in DOUBLINGS]
    for size in sizes:
        await _lengthen(folder / str(size), size)

    async with AsyncExitStack() as opened:
        stores: dict[int, Store] = {}
        loops: dict[int, Looping] = {}
        for size in sizes:
            stores[size] = store = await opened.enter_async_context(open_sqlite(folder / str(size)))
            past = (await store.restore(BEGAN)).executions
            looping = Looping(store, 1, past, name=f"new-{size}")
            loops[size] = await opened.enter_async_context(looping.running())
        with frozen():
            starts = await interleaved([Variant(str(n), partial(_begin, stores[n])) for n in sizes], plan.rounds)
            pages = await interleaved([Variant(str(n), partial(_page, stores[n])) for n in sizes], plan.rounds)
            answers = await interleaved([Variant(str(n), partial(loops[n].carry_out, 8)) for n in sizes], plan.rounds)
    return [
        _flat("what a start reads of a history", "start", sizes, starts),
        _flat("a page of a history", "page", sizes, pages),
        _flat("a run after a history", "run", sizes, answers),
    ]


async def _begin(store: Store) -> int:
    Runs(store, Live("bench", encode_item), lambda: BEGAN, (await store.restore(BEGAN)).executions)
    return 1


async def _page(store: Store) -> int:
    for _ in range(10):
        await store.executions(ExecutionQuery(limit=50))
    return 10


async def _lengthen(folder: Path, size: int) -> None:
    """As many ended runs, of the last weeks, made of one that was carried out."""
    async with open_sqlite(folder) as store:
        async with Looping(store, 3, name="model").running() as looping:
            await looping.carry_out(1)
        (model,) = looping.loop.all()
        past = [
            replace(
                model,
                id=f"exe_{number:016x}",
                incident_id=f"inc-{number}",
                target_key=f"uid/Deployment/shop/app-{number % 500}",
                requested_at=BEGAN - timedelta(minutes=number),
                acted_at=BEGAN - timedelta(minutes=number),
            )
            for number in range(size)
        ]
        for start in range(0, size, 500):
            await store.save(Writes(executions=past[start : start + 500]))


def _flat(variant: str, unit: str, sizes: Sequence[int], taken: dict[str, list[Sample]]) -> Record:
    by_size = [[sample.cpu_us for sample in taken[str(size)]] for size in sizes]
    slopes = spread([exponent(sizes, costs) for costs in zip(*by_size, strict=True)])
    largest = taken[str(sizes[-1])]
    return Record("runs", variant, unit, largest, FLAT, value=Value("exponent", slopes, narrow_within=0.1))


def _less(more: Sample, less: Sample) -> Sample:
    """What the further steps of as many runs cost."""
    return Sample(less.units * MORE_STEPS, max(1e-9, more.cpu_s - less.cpu_s), max(1e-9, more.wall_s - less.wall_s))


def _commit(connection: sqlite3.Connection, rows: Sequence[dict[str, str | int | None]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statements.PUT_EXECUTION, rows)
    connection.execute("COMMIT")


def _rate(samples: Sequence[Sample]) -> dict[str, float]:
    return {"per_s": round(sum(s.units for s in samples) / sum(s.wall_s for s in samples), 1)}
