"""A world that runs act on, and a store that outlives the agent: everything may be killed at any entry of a journal.

Pure event loop, for virtual time. The loop is the real one; a kill is that nothing of it does anything any more.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import anyio

from kronveil.agent.executions import Executions
from kronveil.agent.live import Live
from kronveil.agent.repertoire import Repertoire
from kronveil.agent.runs import Runs
from kronveil.logic.response import Bounds, target_key
from kronveil.model.event import Severity
from kronveil.model.execution import Effect, Execution, FieldDiff, StepPlan, Target
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus
from kronveil.model.resource import Resource
from kronveil.model.runbook import Runbook, RunbookStep
from kronveil.sdk.actions import Outcome, Step
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.notifiers import Notice
from kronveil.sdk.storage import Lease, Overtaken, Store, Writes

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIVE = Bounds(live=True, settle=timedelta(seconds=10))


def now() -> datetime:
    """The clock of a loop on virtual time."""
    return NOON + timedelta(seconds=anyio.current_time())


class Machine:
    """What an agent runs on. Switched off, whoever waits on it waits for ever."""

    def __init__(self) -> None:
        self.is_off = False
        self.went_off = anyio.Event()

    async def works(self) -> None:
        """Return while it is on."""
        if self.is_off:
            await anyio.sleep_forever()

    async def switch_off(self) -> None:
        """As `kill -9` does."""
        self.is_off = True
        self.went_off.set()
        await anyio.sleep_forever()


@dataclass
class Disk:
    """What is durable. ``dies_at`` is the entry at which the machine goes off, and whether that is before or after."""

    runs: dict[str, Execution] = field(default_factory=dict)
    entries: int = 0
    fence: int = 0
    dies_at: tuple[int, str] | None = None
    saved: list[Execution] = field(default_factory=list)


class PlainStore:
    """The part of a store that runs need."""

    def __init__(self, disk: Disk, machine: Machine) -> None:
        self._disk = disk
        self._machine = machine

    async def save(self, writes: Writes) -> None:
        await self._machine.works()
        await anyio.sleep(0.002)
        await self._machine.works()
        disk = self._disk
        if writes.fence is not None and writes.fence != disk.fence:
            raise Overtaken("overtaken")
        disk.entries += 1
        if disk.dies_at == (disk.entries, "before"):
            await self._machine.switch_off()
        for run in writes.executions:
            disk.runs[run.id] = run
            disk.saved.append(run)
        if disk.dies_at == (disk.entries, "after"):
            await self._machine.switch_off()

    async def take_lease(self, holder: str, until: datetime) -> Lease:
        await self._machine.works()
        self._disk.fence += 1
        return Lease(self._disk.fence, holder, until)

    async def renew_lease(self, lease: Lease, until: datetime) -> Lease:
        await self._machine.works()
        if lease.fence != self._disk.fence:
            raise Overtaken("overtaken")
        return replace(lease, until=until)

    async def execution(self, execution_id: str) -> Execution | None:
        return self._disk.runs.get(execution_id)


@dataclass
class World:
    """Targets that remember by which keys they were changed. ``fate`` says how an act goes, by its step's name."""

    effects: list[tuple[str, str]] = field(default_factory=list)
    began: list[tuple[str, str, float]] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    fate: Callable[[str], str] = lambda _: "done"
    versions: dict[str, int] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0
    at_target: dict[str, set[str]] = field(default_factory=dict)
    most_at_target: int = 0

    @property
    def done(self) -> list[str]:
        """The keys of what was done."""
        return [key for _, key in self.effects]


class Knob:
    """An action on that world. It takes half a second, and is done in the middle of it."""

    def __init__(self, world: World, machine: Machine, effect: Effect) -> None:
        self._world = world
        self._machine = machine
        self._effect = effect

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        await self._machine.works()
        version = str(self._world.versions.get(target.resource.name, 1))
        diff = (FieldDiff("spec.x", version, str(int(version) + 1)),) if self._effect is not Effect.READ else ()
        undo = "back" if self._effect is Effect.MUTATE else ""
        # What is read differs from one moment to the next.
        read = {"seen_at": str(anyio.current_time())} if self._effect is Effect.READ else {}
        return StepPlan(
            step.name, step.action, self._effect, replace(target, version=version), read, "turn", diff, undo=undo
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        world, target = self._world, _name(plan)
        await self._machine.works()
        world.began.append((plan.name, key, anyio.current_time()))
        fate = world.fate(plan.name)
        acting = world.at_target.setdefault(target, set())
        world.at_once += 1
        acting.add(key.rpartition("-")[0])
        world.most_at_once = max(world.most_at_once, world.at_once)
        world.most_at_target = max(world.most_at_target, len(acting))
        try:
            await anyio.sleep(0.25)
            await self._machine.works()
            if fate == "refused":
                raise Permanent("a webhook denied it")
            if fate == "broken":
                raise ZeroDivisionError
            if fate == "down":
                raise Transient("connection refused")
            is_reading = self._effect is Effect.READ
            if not is_reading and key not in world.done:
                world.effects.append((target, key))
            await anyio.sleep(0.25)
            await self._machine.works()
            if fate == "lost":
                raise Transient("the connection broke")
            return Outcome("turned", has_changed=not is_reading, findings={"x": "1"} if is_reading else None)
        finally:
            world.at_once -= 1
            acting.discard(key.rpartition("-")[0])

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        await self._machine.works()
        await anyio.sleep(0.25)
        await self._machine.works()
        fate = self._world.fate(f"undo {plan.name}")
        if fate == "down":
            raise Transient("connection refused")
        if key.removesuffix("-undo") not in self._world.done:
            raise Permanent("it is not what this left")
        if key not in self._world.undone:
            self._world.undone.append(key)
        return Outcome("turned back", has_changed=True)


def _name(plan: StepPlan) -> str:
    assert plan.target is not None
    return plan.target.resource.name


class Pager:
    """A notifier that keeps what it was told, or cannot be reached."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.is_down = False

    async def tell(self, notice: Notice) -> str:
        if self.is_down:
            raise Transient("connection refused")
        self.notices.append(notice)
        return "ada"


class Around:
    """What runs see: incidents, and that every cluster is heard."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.told: list[tuple[str, str]] = []

    def incident(self, incident_id: str) -> Incident | None:
        return self.incidents.get(incident_id)

    def beside(self, incident: Incident) -> Sequence[Incident]:
        here = target_key(incident)
        return [each for each in self.incidents.values() if each.id != incident.id and target_key(each) == here]

    def is_heard(self, cluster_name: str) -> bool:
        return True

    async def tell(self, incident_id: str, words: str, verb: str = "note") -> None:
        self.told.append((incident_id, words))
        if verb == "mitigate":
            self.incidents[incident_id] = replace(self.incidents[incident_id], status=IncidentStatus.MITIGATED)

    def cure(self, incident_id: str, at: datetime) -> None:
        held = self.incidents[incident_id]
        gone = tuple(
            each if each.since > NOON else replace(each, cleared_at=each.cleared_at or at) for each in held.conditions
        )
        self.incidents[incident_id] = replace(held, conditions=gone)


def incident(number: int = 1, *, owner: str = "checkout", kind: str = "pod.oom_killed") -> Incident:
    held = Condition(kind, Resource("Pod", f"{owner}-1", "shop", "p-1"), "app", NOON, NOON)
    return Incident(
        f"inc-{number}", f"k{number}", kind, "memory", f"{owner} ran out of memory", Severity.HIGH,
        IncidentStatus.OPEN, ClusterRef("uid", "east"), Resource("Deployment", owner, "shop", "d-1"), NOON, NOON,
        conditions=(held,),
    )  # fmt: skip


def runbook(*steps: RunbookStep, **more: Any) -> Runbook:
    return Runbook("book", "Book", "", ("OOMKilled",), steps, auto_execute=True, **more)


def step(name: str, action: str = "turn", **more: Any) -> RunbookStep:
    return RunbookStep(name, action, {}, **more)


@dataclass
class Setting:
    """What stays when an agent is killed and another one is started."""

    runbooks: tuple[Runbook, ...]
    bounds: Bounds = LIVE
    world: World = field(default_factory=World)
    disk: Disk = field(default_factory=Disk)
    around: Around = field(default_factory=Around)
    pager: Pager = field(default_factory=Pager)

    @asynccontextmanager
    async def agent(self, machine: Machine | None = None) -> AsyncIterator[Executions]:
        """The loop, begun from what is on the disk."""
        machine = machine or Machine()
        store = cast("Store", PlainStore(self.disk, machine))
        runs = Runs(store, Live("epoch", lambda _: b"{}"), now, tuple(self.disk.runs.values()))
        actions = {
            "turn": Knob(self.world, machine, Effect.MUTATE),
            "burn": Knob(self.world, machine, Effect.DESTROY),
            "look": Knob(self.world, machine, Effect.READ),
        }
        effects: Mapping[str, Effect] = {"turn": Effect.MUTATE, "burn": Effect.DESTROY, "look": Effect.READ}
        repertoire = Repertoire(
            self.runbooks, actions, effects, lambda: self.bounds, lambda _: True, notifiers={"pager": self.pager}
        )
        loop = Executions(repertoire, runs, self.around, store, self.around.tell)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(loop.run)
            await anyio.sleep(0.01)
            try:
                yield loop
            finally:
                machine.is_off = True
                tasks.cancel_scope.cancel()

    def happens(self, loop: Executions, *incidents: Incident) -> None:
        """Incidents break out."""
        for each in incidents:
            self.around.incidents[each.id] = each
        loop.notice(incidents)

    @property
    def run(self) -> Execution:
        """The only run that there is."""
        (run,) = self.disk.runs.values()
        return run


async def until(holds: Callable[[], bool], within_s: float = 4_000.0) -> None:
    """Wait on virtual time until something holds."""
    with anyio.fail_after(within_s):
        while not holds():  # noqa: ASYNC110 - on virtual time
            await anyio.sleep(0.05)


def fates_of(seed: int, **share: float) -> Callable[[str], str]:
    """Fates drawn by lot, some of them bad."""
    lot = random.Random(seed)
    names, weights = ["done", *share], [1 - sum(share.values()), *share.values()]
    return lambda _: lot.choices(names, weights)[0]
