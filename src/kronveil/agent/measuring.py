"""Keeps measured values: takes readings from the intake, hands them to their store, and counts what became of each.

Beside the pipeline and never in its way: a store that is slow, full or damaged costs values, not incidents.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio
import structlog

from kronveil.agent.intake import Clock, Source
from kronveil.model.signal import Scrape
from kronveil.sdk.errors import PluginError, Transient
from kronveil.sdk.signals import SeriesPage, SeriesQuery, SignalStore, SignalUse

WAITING = 40
"""Readings that may wait: one of each cluster of a large fleet, twice."""
FORGET_EVERY_S = 60.0
BEHIND = "the store of values is behind"
NOT_KEPT = "the store of values failed"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    source: Source
    scrape: Scrape


class Measuring:
    """Owned by the agent. Without a store every reading is counted as dropped, and who asks is told why."""

    def __init__(self, store: SignalStore | None, clock: Clock, keep: timedelta) -> None:
        self._store = store
        self._clock = clock
        self.keep = keep
        self._waiting: deque[_Waiting] = deque()
        self._work = anyio.Event()
        self.kept_at: datetime | None = None
        self.trouble: str | None = None if store is not None else "values are not kept: their file cannot be used"

    def take(self, source: Source, scrape: Scrape) -> None:
        """A reading came. Nobody waits: the oldest that waits is given up for it."""
        count = len(scrape.samples)
        source.samples.receive(count + sum(scrape.dropped.values()))
        for reason, dropped in scrape.dropped.items():
            source.samples.drop(reason, dropped)
        source.samples.depart(count)
        while len(self._waiting) >= WAITING:
            given_up = self._waiting.popleft()
            given_up.source.samples.abandon(BEHIND, len(given_up.scrape.samples))
        self._waiting.append(_Waiting(source, scrape))
        self._work.set()

    async def run(self) -> None:
        """Keep what comes until cancelled, and forget what is old."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._forget)
            while True:
                await self._work.wait()
                while self._waiting:
                    await self._save(self._waiting.popleft())
                self._work = anyio.Event()

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """Raises Transient when they cannot be read now."""
        return await self._there().series(query)

    async def counts(self, cluster: str | None) -> dict[str, int]:
        """Raises Transient."""
        return await self._there().counts(cluster)

    async def use(self) -> SignalUse:
        """Raises Transient."""
        return await self._there().use()

    def _there(self) -> SignalStore:
        if self._store is None:
            raise Transient(self.trouble or NOT_KEPT)
        return self._store

    async def _save(self, waiting: _Waiting) -> None:
        samples, count = waiting.source.samples, len(waiting.scrape.samples)
        try:
            kept = await self._there().keep(waiting.source.known_as, waiting.scrape)
        except PluginError as error:
            samples.abandon(NOT_KEPT, count)
            self._failed(str(error))
        else:
            samples.settle(delivered=kept.new, merged=kept.repeated)
            self._works()

    async def _forget(self) -> None:
        while True:
            await anyio.sleep(FORGET_EVERY_S)
            if self._store is None:
                continue
            try:
                gone = await self._store.forget(self._clock() - self.keep)
            except PluginError as error:
                self._failed(str(error))
            else:
                log.debug("signals.forgotten", readings=gone)

    def _failed(self, why: str) -> None:
        if self.trouble != why:
            log.warning("signals.not_kept", error=why)
        self.trouble = why

    def _works(self) -> None:
        if self.trouble is not None:
            log.info("signals.kept_again")
        self.trouble, self.kept_at = None, self._clock()
