"""The running agent: joins intake, pipeline, roll call and supervision, and answers those who ask (``Desk``)."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import anyio
import structlog

from kronveil.agent.auditing import Auditing
from kronveil.agent.books import summed
from kronveil.agent.desk import Act, AgentHealth, ClusterRequest, Figures, NotFound, Refused, Setting, Stage
from kronveil.agent.executions import Executions
from kronveil.agent.health import HealthBoard
from kronveil.agent.intake import Clock, Intake
from kronveil.agent.judge import Judge
from kronveil.agent.live import Live
from kronveil.agent.measuring import Measuring
from kronveil.agent.pipeline import Pipeline
from kronveil.agent.repertoire import Repertoire
from kronveil.agent.retention import Keep, Retention
from kronveil.agent.reviewing import with_reviews
from kronveil.agent.roll_call import Judgement, RollCall
from kronveil.agent.roster import ClusterPlan, Roster, Watched
from kronveil.agent.runs import Runs
from kronveil.agent.sight import AgentSight
from kronveil.agent.silencing import Order
from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event
from kronveil.model.fleet import Books, Fleet, Member, Pause
from kronveil.model.incident import Incident
from kronveil.model.inventory import PodLine, WorkloadLine
from kronveil.model.observation import Observation
from kronveil.model.silence import Silence
from kronveil.sdk.contracts import Batch, Inventory
from kronveil.sdk.errors import Transient
from kronveil.sdk.signals import SeriesPage, SeriesQuery, SignalStore
from kronveil.sdk.storage import (
    ChangePage,
    ChangeQuery,
    EventPage,
    EventQuery,
    IncidentCount,
    IncidentPage,
    IncidentQuery,
    Receipt,
    Restored,
    Store,
    Writes,
)

DRAIN_DEADLINE_S = 4
HEALTH_BEAT_S = 1.0
PROBE_DEADLINE_S = 10
KRONVEIL = "kronveil"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Brain:
    """The decisions, handed in by app.py so that the agent imports none of them."""

    judge: Judge
    refusal: type[Exception]
    judgement: Judgement
    total: Callable[[Sequence[Member], int, datetime], Fleet]
    hushed: Callable[[Sequence[Silence], Sequence[Incident]], Sequence[Incident]]


class Additions(Protocol):
    """Clusters that were added while an agent ran, kept for the next start."""

    def add(self, request: ClusterRequest) -> ClusterPlan:
        """Keep it, and say how to watch it. Raises ConfigError when it cannot be."""
        ...

    def remove(self, name: str) -> bool:
        """Keep it no longer; False when it was not kept here."""
        ...


class Pauses(Protocol):
    """Which clusters people paused, kept for the next start."""

    def kept(self) -> Mapping[str, Pause]:
        """By cluster. Raises ConfigError when they cannot be read."""
        ...

    def keep(self, name: str, pause: Pause | None) -> None:
        """Keep it durably, or with None keep none. Raises Transient when that cannot be written."""


class Agent:
    """Implements ``Desk``. Runs while ``running()`` is entered; stopping is leaving that block."""

    def __init__(  # noqa: PLR0913 - everything it joins, named
        self,
        *,
        clusters: Sequence[ClusterPlan],
        brain: Brain,
        restored: Restored,
        store: Store,
        live: Live,
        clock: Clock,
        additions: Additions | None = None,
        pauses: Pauses | None = None,
        settings: Sequence[Setting] = (),
        repertoire: Repertoire | None = None,
        is_simulated: bool = False,
        keep: Keep = Keep(),  # noqa: B008 - it never changes
        signals: SignalStore | None = None,
    ) -> None:
        self.live = live
        self.settings = settings
        self.is_simulated = is_simulated
        self._store = store
        self._additions = additions
        self._pauses = pauses
        self._clock = clock
        self._brain = brain
        self._started_at = clock()
        self._retention = Retention(store, keep, clock)
        self._measuring = Measuring(signals, clock, keep.signals)
        self._intake = Intake(clock, measure=self._measuring.take)
        kept: Mapping[str, Pause] = pauses.kept() if pauses is not None else {}
        self._removed: dict[str, str] = {}
        self._roster = Roster((), self._intake, clock)
        for plan in clusters:
            self._roster.add(plan, kept.get(plan.name))
        self._roll_call = RollCall(self._roster, brain.judgement, self._intake, live, clock)
        self._pipeline = Pipeline(
            judge=brain.judge,
            refusal=brain.refusal,
            intake=self._intake,
            store=store,
            live=live,
            clock=clock,
            counters=Counter(restored.counters),
            heard=self._roll_call.heard,
            silences=restored.silences,
            watched=lambda: (self._roster.uids(), self._removed),
        )
        self.audit = Auditing(store, clock)
        self._health = HealthBoard(self._roll_call, self._pipeline, self._measuring, clock)
        self.loop = Executions(
            with_reviews(repertoire or Repertoire(), self),
            Runs(store, live, clock, restored.executions),
            AgentSight(self._pipeline, self._roll_call),
            store,
            self._tell,
            restored.standings,
        )
        self.policy = self.loop.governor
        self._health.runs = lambda: self.loop.health
        self._health.audit = lambda: self.audit.trouble
        self._pipeline.on_incidents = self.loop.notice

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Watch, judge and save until the block is left; then collectors stop first and what they sent is settled."""
        async with anyio.create_task_group() as core:
            core.start_soon(self._pipeline.run)
            core.start_soon(self._retention.run)
            core.start_soon(self._measuring.run)
            core.start_soon(self.audit.run)
            async with anyio.create_task_group() as edge:
                edge.start_soon(self._roster.run)
                edge.start_soon(self._roll_call.run)
                edge.start_soon(self._look_at_health)
                edge.start_soon(self.loop.run)
                try:
                    yield
                finally:
                    edge.cancel_scope.cancel()
            with anyio.move_on_after(DRAIN_DEADLINE_S, shield=True) as deadline:
                await self._pipeline.drain()
                await self.audit.drain()
            if deadline.cancelled_caught:
                log.error("agent.stopped_before_all_was_saved", in_flight=self.books().in_flight)
            core.cancel_scope.cancel()

    async def _tell(self, incident_id: str, words: str, verb: str = "note") -> None:
        await self._pipeline.act(Act(incident_id, verb, KRONVEIL, words))

    def now(self) -> datetime:
        """The agent's clock, UTC."""
        return self._clock()

    def health(self) -> AgentHealth:
        """The agent's own health."""
        status, components = self._health.read()
        return AgentHealth(status, components, self._clock() - self._started_at)

    def fleet(self) -> Fleet:
        """Totals, with what they leave out."""
        events = sum(count for name, count in self._pipeline.counters.items() if name.startswith("events:"))
        return self._brain.total(self._roll_call.members(), events, self._clock())

    def members(self) -> Sequence[Member]:
        """Every expected member, by name."""
        return self._roll_call.members()

    def books(self) -> Books:
        """The sum of all members' books."""
        return summed([each.source.ledger.snapshot() for each in self._roster])

    def figures(self) -> Figures:
        """What the agent counts of itself."""
        return Figures(len(self._intake), self._pipeline.opened, self._pipeline.latency.read())

    def open_incidents(self) -> Sequence[Incident]:
        """Those open, and those resolved within the reopening window, newest first; from memory."""
        return self._pipeline.held()

    async def events(self, query: EventQuery) -> EventPage:
        """A page of stored events."""
        return await self._store.events(query)

    async def events_by_id(self, ids: Sequence[str]) -> Sequence[Event]:
        """The events with these ids that are stored, oldest first."""
        return await self._store.events_by_id(ids)

    async def incidents(self, query: IncidentQuery) -> IncidentPage:
        """A page of incidents."""
        return await self._store.incidents(query)

    async def incident(self, incident_id: str) -> Incident:
        """One, as stored."""
        found = await self._store.incident(incident_id)
        if found is None:
            raise NotFound(f"There is no incident {incident_id!r}.")
        return found

    async def incident_counts(self, text: str | None) -> Sequence[IncidentCount]:
        """How many incidents are stored, or those in which ``text`` is found, by what lists are narrowed by."""
        return await self._store.incident_counts(text)

    def pods(self, cluster: str) -> Iterator[PodLine]:
        """The pods of a member as last heard of."""
        held = self._inventory(cluster)
        return iter(()) if held is None else held.pods()

    def workloads(self, cluster: str) -> Iterator[WorkloadLine]:
        """Its deployments, stateful sets and daemon sets as last heard of."""
        held = self._inventory(cluster)
        return iter(()) if held is None else held.workloads()

    async def changes(self, query: ChangeQuery) -> ChangePage:
        """A page of the ledger of changes."""
        return await self._store.changes(query)

    async def changes_by_id(self, ids: Sequence[str]) -> Sequence[Change]:
        """The changes with these ids that are stored, oldest first."""
        return await self._store.changes_by_id(ids)

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """Series of measured values."""
        return await self._measuring.series(query)

    async def signal_counts(self, cluster: str | None) -> Mapping[str, int]:
        """How many series of each signal there are now."""
        return await self._measuring.counts(cluster)

    def sample_books(self) -> Mapping[str, Books]:
        """What became of the samples of each cluster."""
        return {each.plan.name: each.source.samples.snapshot() for each in self._roster}

    async def suspecting(self, change_ids: Sequence[str]) -> Mapping[str, Sequence[Suspect]]:
        """What stored incidents, over or not, suspect of these changes."""
        return await self._store.suspecting(change_ids)

    def explain(self, event_id: str) -> Sequence[Stage] | None:
        """What became of an event, stage by stage."""
        return self._pipeline.explain(event_id)

    async def silences(self, *, ended: bool) -> Sequence[Silence]:
        """Those that have not ended, newest first; with ``ended`` those that have, too."""
        return await self._store.silences(ended=ended)

    async def silence(self, silence: Silence) -> None:
        """Begin a silence, durably."""
        await self._pipeline.silence(Order(begins=silence))

    async def end_silence(self, silence_id: str, who: str) -> None:
        """End one that has not ended, durably."""
        await self._pipeline.silence(Order(ends=silence_id, by=who))

    def hushed_by(self, silence: Silence) -> Sequence[Incident]:
        """Which incidents such a silence would hush while it lasts."""
        return self._brain.hushed([silence], self._pipeline.held())

    async def act(self, act: Act) -> Incident:
        """Carry out a person's act durably."""
        return await self._pipeline.act(act)

    async def receipt(self, key: str) -> Receipt | None:
        """What was remembered under an idempotency key within the last day."""
        return await self._store.receipt(key)

    async def keep_receipt(self, receipt: Receipt) -> None:
        """Remember it durably."""
        await self._store.save(Writes(receipts=(receipt,)))

    async def probe(self, cluster: str) -> None:
        """Ask a member now."""
        watched = self._watched(cluster)
        collector = watched.supervised.collector
        if collector is None:
            reason = watched.source.standing.error if watched.source.standing else None
            raise Transient(reason or f"{cluster} is not connected yet")
        with anyio.move_on_after(PROBE_DEADLINE_S) as deadline:
            await collector.probe()
        if deadline.cancelled_caught:
            raise Transient(f"{cluster} did not answer within {PROBE_DEADLINE_S} s")

    def add_cluster(self, request: ClusterRequest) -> None:
        """Watch one more cluster, from now on and after each start. Raises Refused, ConfigError."""
        if self._roster.get(request.name) is not None:
            raise Refused(f"a cluster named {request.name} is watched already")
        if self._additions is None:
            raise Refused("this agent keeps no clusters but those it was started with")
        self._roster.add(self._additions.add(request))
        self._roll_call.call()

    def remove_cluster(self, name: str, who: str) -> None:
        """Watch a cluster no longer, and not after the next start. Raises NotFound, Refused."""
        self._watched(name)
        if self._additions is None or not self._additions.remove(name):
            raise Refused(f"{name} is named in the configuration file; remove it there, it is taken over at once")
        if self._pauses is not None:
            self._pauses.keep(name, None)
        self._removed[name] = f"removed by {who}"
        self._roster.remove(name)
        self._roll_call.forget(name)

    def pause_cluster(self, name: str, who: str, reason: str) -> None:
        """Ask a cluster nothing until it is resumed, nor after a start. Raises NotFound, Transient."""
        self._watched(name)
        pause = Pause(who, self._clock(), reason)
        if self._pauses is not None:
            self._pauses.keep(name, pause)
        self._roster.pause(name, pause)
        self._roll_call.call()

    def resume_cluster(self, name: str) -> None:
        """Watch a paused cluster again; nothing when it is not paused. Raises NotFound, Transient."""
        self._watched(name)
        if self._pauses is not None:
            self._pauses.keep(name, None)
        self._roster.resume(name)
        self._roll_call.call()

    def replace_clusters(self, plans: Sequence[ClusterPlan]) -> tuple[list[str], list[str], list[str]]:
        """Watch exactly these; names added, changed and removed."""
        added, changed, removed = self._roster.replace(plans)
        for name in (*changed, *removed):
            self._roll_call.forget(name)
        self._removed |= dict.fromkeys(removed, "the configuration names it no longer")
        return added, changed, removed

    def configured(self, settings: Sequence[Setting]) -> None:
        """These settings are in force now."""
        self.settings = settings
        self._health.configuration_trouble = None
        self._health.configured_at = self._clock()

    def retain(self, keep: Keep) -> None:
        """From now on so much is kept."""
        self._retention.keep = keep
        self._measuring.keep = keep.signals

    def not_configured(self, trouble: str) -> None:
        """The configuration on disk could not be taken over; the one before stays in force."""
        self._health.configuration_trouble = trouble

    async def inject(self, cluster: str, observation: Observation) -> None:
        """Judge what a test says of a cluster as if it had been heard from there. Raises NotFound."""
        await self._watched(cluster).source.emit(Batch(unsourced=(observation,)))

    def _inventory(self, name: str) -> Inventory | None:
        collector = self._watched(name).supervised.collector
        return collector if isinstance(collector, Inventory) else None

    def _watched(self, name: str) -> Watched:
        watched = self._roster.get(name)
        if watched is None:
            raise NotFound(f"there is no cluster {name}")
        return watched

    async def _look_at_health(self) -> None:
        """So that ``since`` is when a status began, not when somebody first asked."""
        while True:
            self._health.read()
            await anyio.sleep(HEALTH_BEAT_S)
