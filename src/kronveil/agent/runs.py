"""Every run that is kept: in memory for decisions, durable before anything follows from it, shown after."""

from collections.abc import Callable, Iterable
from datetime import datetime

import anyio
import structlog

from kronveil.agent.intake import Clock
from kronveil.agent.live import Live
from kronveil.logic.response import ENDED
from kronveil.model.execution import Execution
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import Store, Writes

MOST_KEPT = 1_000
"""Ended runs that decisions look back on; older ones are in the store."""
log = structlog.get_logger()


class Runs:
    """The record of all runs. One that was kept is durable and was published."""

    def __init__(self, store: Store, live: Live, clock: Clock, restored: Iterable[Execution]) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._by_id = {run.id: run for run in restored}
        self._locks: dict[str, anyio.Lock] = {}
        self.trouble: str | None = None
        self.on_turn: Callable[[Execution], None] | None = None
        """Told of a run whose status or verdict is another, once that is durable."""

    def now(self) -> datetime:
        """The agent's clock, UTC."""
        return self._clock()

    def get(self, run_id: str) -> Execution | None:
        """One of those in memory."""
        return self._by_id.get(run_id)

    def newest_first(self) -> list[Execution]:
        """All in memory."""
        return sorted(self._by_id.values(), key=lambda run: run.requested_at, reverse=True)

    def open(self) -> list[Execution]:
        """Those that have not ended."""
        return [run for run in self._by_id.values() if run.status not in ENDED]

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
        while True:
            try:
                await self._store.save(Writes(executions=(run,)))
            except PluginError as error:
                self.trouble = str(error)
                log.warning("execution.not_saved", execution=run.id, error=str(error))
                await anyio.sleep(backoff.next_s())
            else:
                break
        self.trouble = None
        before = self._by_id.get(run.id)
        self._by_id[run.id] = run
        self._live.publish("execution", (run,), self._clock())
        self._forget()
        is_turn = before is None or (before.status, before.verdict) != (run.status, run.verdict)
        if is_turn and self.on_turn is not None:
            self.on_turn(run)
        return run

    def _forget(self) -> None:
        over = [run for run in self._by_id.values() if run.status in ENDED]
        for run in sorted(over, key=lambda run: run.requested_at)[: max(0, len(over) - MOST_KEPT)]:
            del self._by_id[run.id]
            self._locks.pop(run.id, None)
