"""Every run that is kept: in memory for decisions, durable before anything follows from it, shown after."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import anyio
import structlog

from kronveil.agent.intake import Clock
from kronveil.agent.live import Live
from kronveil.logic.response import ENDED
from kronveil.model.execution import Execution
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import Overtaken, Store, Writes

MOST_KEPT = 1_000
"""Ended runs that decisions look back on; older ones are in the store."""
log = structlog.get_logger()

Place = tuple[datetime, str]


def nothing_beside(before: Execution | None, run: Execution) -> Writes:  # noqa: ARG001 - the shape of what may be
    """See ``Runs.beside``."""
    return Writes()


class Runs:
    """The record of all runs. One that was kept is durable and was published.

    What a decision asks for is found without looking at all of them: by target, by incident, or by age.
    """

    def __init__(self, store: Store, live: Live, clock: Clock, restored: Iterable[Execution], fence: int = 0) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._by_id: dict[str, Execution] = {}
        self._places: list[Place] = []
        self._over: list[Place] = []
        self._acted: list[Place] = []
        self._open: dict[str, None] = {}
        self._of_target: dict[str, list[Place]] = {}
        self._of_incident: dict[str, list[Place]] = {}
        self._locks: dict[str, anyio.Lock] = {}
        self.fence = fence
        self.trouble: str | None = None
        self.kept_at: datetime | None = None
        self.is_overtaken = False
        """Whether another agent has taken over: then nothing may be done any more."""
        self.on_turn: Callable[[Execution], None] | None = None
        """Told of a run whose status or verdict is another, once that is durable."""
        self.beside: Callable[[Execution | None, Execution], Writes] = nothing_beside
        """What is saved in one transaction with a change of a run: from what it was, and what it becomes."""
        for run in restored:
            self._put(run)

    def now(self) -> datetime:
        """The agent's clock, UTC."""
        return self._clock()

    def get(self, run_id: str) -> Execution | None:
        """One of those in memory."""
        return self._by_id.get(run_id)

    def newest_first(self) -> list[Execution]:
        """All in memory."""
        return self._at(self._places)

    def of_incident(self, incident_id: str) -> list[Execution]:
        """Those for an incident, newest first."""
        return self._at(self._of_incident.get(incident_id, ()))

    def of_target(self, target_key: str) -> list[Execution]:
        """Those that a target was acted on by, or would be, newest first."""
        return self._at(self._of_target.get(target_key, ()))

    def looked_back_on(self, target_key: str, window: timedelta) -> list[Execution]:
        """What a decision about a target needs, newest first: all of that target, those that acted within ``window``,
        and those that may still act since they have not ended."""
        since = bisect_left(self._acted, (self._clock() - window, ""))
        acted = {_place(self._by_id[run_id]) for _, run_id in self._acted[since:]}
        return self._at(sorted(acted.union(self._of_target.get(target_key, ()), map(_place, self.open()))))

    def open(self) -> list[Execution]:
        """Those that have not ended."""
        return [self._by_id[run_id] for run_id in self._open]

    async def add(self, run: Execution) -> Execution:
        """Keep a new run."""
        self._locks[run.id] = anyio.Lock()
        return await self._keep(run)

    async def change(self, run_id: str, change: Callable[[Execution], Execution]) -> Execution:
        """Keep what ``change`` makes of the run as it is now. What ``change`` raises leaves everything as it was.

        One change of a run after the other: what people decide and what its steps report never overwrite each other.
        """
        async with self._locks.setdefault(run_id, anyio.Lock()):
            return await self._keep(change(self._by_id[run_id]))

    async def _keep(self, run: Execution) -> Execution:
        """Make it durable, however long that takes, then show it. Until then nothing may follow from it."""
        backoff = Backoff()
        before = self._by_id.get(run.id)
        while True:
            writes = replace(self.beside(before, run), executions=(run,), fence=self.fence or None)
            try:
                await self._store.save(writes)
            except Overtaken as error:
                self.is_overtaken, self.trouble = True, str(error)
                raise
            except PluginError as error:
                self.trouble = str(error)
                log.warning("execution.not_saved", execution=run.id, error=str(error))
                await anyio.sleep(backoff.next_s())
            else:
                break
        self.trouble, self.kept_at = None, self._clock()
        self._put(run)
        self._live.publish("execution", (run,), self._clock())
        self._forget()
        is_turn = before is None or (before.status, before.verdict) != (run.status, run.verdict)
        if is_turn and self.on_turn is not None:
            self.on_turn(run)
        return run

    def _at(self, places: Sequence[Place]) -> list[Execution]:
        return [self._by_id[run_id] for _, run_id in reversed(places)]

    def _put(self, run: Execution) -> None:
        """A run keeps its place: when it was requested, for which target and incident, never changes."""
        known = self._by_id.get(run.id)
        self._by_id[run.id] = run
        if known is None:
            for places in (self._places, *self._places_of(run)):
                insort(places, _place(run))
        if run.status not in ENDED:
            self._open[run.id] = None
        elif known is None or known.status not in ENDED:
            self._open.pop(run.id, None)
            insort(self._over, _place(run))
        if run.acted_at is not None and (known is None or known.acted_at is None):
            insort(self._acted, (run.acted_at, run.id))

    def _places_of(self, run: Execution) -> tuple[list[Place], list[Place]]:
        of_target = self._of_target.setdefault(run.target_key, [])
        return of_target, self._of_incident.setdefault(run.incident_id, [])

    def _forget(self) -> None:
        """Drop the oldest that ended, once there are too many."""
        while len(self._over) > MOST_KEPT:
            place = self._over.pop(0)
            run = self._by_id.pop(place[1])
            self._locks.pop(run.id, None)
            for places in (self._places, *self._places_of(run)):
                del places[bisect_left(places, place)]
            if run.acted_at is not None:
                del self._acted[bisect_left(self._acted, (run.acted_at, run.id))]
            if not self._of_target[run.target_key]:
                del self._of_target[run.target_key]
            if not self._of_incident[run.incident_id]:
                del self._of_incident[run.incident_id]


def _place(run: Execution) -> Place:
    return run.requested_at, run.id
