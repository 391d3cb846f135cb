"""Which clusters are watched now. Each runs in a scope of its own, so that one can come and go while others stay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import anyio
import anyio.abc
import structlog

from kronveil.agent.intake import Clock, Intake, Source
from kronveil.agent.supervision import Supervised
from kronveil.model.fleet import Pause, Standing
from kronveil.model.resource import Origin
from kronveil.sdk.contracts import Collector

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One cluster to watch: how to open its collector and how long its silence is put up with; ``silent_after`` is
    that of one kind of object in it while it answers.

    ``fingerprint`` changes when anything about it does, so that a reload restarts only what has changed.
    """

    name: str
    region: str | None
    stale_after: timedelta
    unreachable_after: timedelta
    open: Callable[[], AbstractAsyncContextManager[Collector]]
    fingerprint: str = ""
    silent_after: timedelta = timedelta(minutes=5)


@dataclass(slots=True)
class Watched:
    """A cluster on the roster. ``since`` is when its watching began; ``pause`` says who paused it, when and why."""

    plan: ClusterPlan
    source: Source
    supervised: Supervised
    since: datetime
    scope: anyio.CancelScope | None = None
    pause: Pause | None = None


class Roster:
    """The watched clusters by name. Changes take effect at once while it runs, or when it begins to."""

    def __init__(self, plans: Sequence[ClusterPlan], intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock
        self._tasks: anyio.abc.TaskGroup | None = None
        self._watched: dict[str, Watched] = {}
        for plan in plans:
            self.add(plan)

    def __iter__(self) -> Iterator[Watched]:
        return iter(sorted(self._watched.values(), key=lambda each: each.plan.name))

    def get(self, name: str) -> Watched | None:
        """The cluster of this name, if it is watched."""
        return self._watched.get(name)

    def uids(self) -> dict[str, str]:
        """Of every cluster, by name: its uid, empty while it is not known."""
        return {name: each.source.standing.uid if each.source.standing else "" for name, each in self._watched.items()}

    async def run(self) -> None:
        """Watch every cluster until cancelled. One that fails never ends another."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for watched in self._watched.values():
                self._start(watched)
            try:
                await anyio.sleep_forever()
            finally:
                self._tasks = None

    def add(self, plan: ClusterPlan, pause: Pause | None = None) -> None:
        """Watch one more, or only keep its place while it is paused. The name must be free."""
        source = self._intake.source(Origin("kubernetes", plan.name, "", plan.region))
        watched = Watched(plan, source, Supervised(source, plan.open, self._clock), self._clock())
        self._watched[plan.name] = watched
        if pause is not None:
            self.pause(plan.name, pause)
        self._start(watched)

    def remove(self, name: str) -> Watched:
        """Watch it no longer; what it sent is still judged."""
        watched = self._watched.pop(name)
        self._stop(watched)
        log.info("cluster.removed", cluster=name)
        return watched

    def pause(self, name: str, pause: Pause) -> None:
        """Ask it nothing until resumed. It ages like any silent cluster, but says why."""
        watched = self._watched[name]
        watched.pause = pause
        self._stop(watched)
        words = f"paused by {pause.by}: {pause.reason}" if pause.reason else f"paused by {pause.by}"
        watched.source.update(replace(watched.source.standing or Standing(), error=words, next_try_at=None))

    def resume(self, name: str) -> None:
        """Watch it again."""
        watched = self._watched[name]
        if watched.pause is not None:
            watched.pause = None
            watched.source.update(replace(watched.source.standing or Standing(), error=None))
            self._start(watched)

    def replace(self, plans: Sequence[ClusterPlan]) -> tuple[list[str], list[str], list[str]]:
        """Watch exactly these; those that did not change are left alone. Names added, changed and removed."""
        wanted = {plan.name: plan for plan in plans}
        removed = [name for name in self._watched if name not in wanted]
        changed = [
            name
            for name, plan in wanted.items()
            if name in self._watched and self._watched[name].plan.fingerprint != plan.fingerprint
        ]
        added = [name for name in wanted if name not in self._watched]
        # What a person paused stays so, whatever the file says of it now.
        pauses = {name: self._watched[name].pause for name in changed}
        for name in (*removed, *changed):
            self.remove(name)
        for name in (*changed, *added):
            self.add(wanted[name], pauses.get(name))
        return added, changed, removed

    def _start(self, watched: Watched) -> None:
        if self._tasks is not None and watched.pause is None:
            watched.scope = anyio.CancelScope()
            watched.since = self._clock()
            self._tasks.start_soon(_run_in, watched.scope, watched.supervised)

    def _stop(self, watched: Watched) -> None:
        if watched.scope is not None:
            watched.scope.cancel()
            watched.scope = None


async def _run_in(scope: anyio.CancelScope, supervised: Supervised) -> None:
    with scope:
        await supervised.run()
