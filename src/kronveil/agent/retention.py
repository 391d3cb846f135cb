"""Forgets what is kept long enough, a slice at a time, so that no turn of the pipeline waits long for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import anyio
import structlog

from kronveil.agent.intake import Clock
from kronveil.model.audit import AuditNote
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import Store, Writes

BEAT_S = 60
PAUSE_S = 0.1
SLICE = 1_000
INCIDENTS_LOOKED_AT = 200
STEPS_A_BEAT = 10
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long: events and changes from their arrival (those an incident cites as long as it), incidents from when
    their whole family was over, silences from their end, what the policy decided as long as those, the audit, and
    measured values, which ``Measuring`` forgets. An incident that may still reopen is never old enough."""

    events: timedelta = timedelta(days=7)
    incidents: timedelta = timedelta(days=90)
    signals: timedelta = timedelta(hours=24)
    audit: timedelta = timedelta(days=400)


class Retention:
    """One pass a minute. Of incidents each looks at a bounded number, and the next goes on where it ended."""

    def __init__(self, store: Store, keep: Keep, clock: Clock) -> None:
        self._store = store
        self.keep = keep
        self._clock = clock
        self._place: str | None = None

    async def run(self) -> None:
        """Forget until cancelled. What fails is tried again a minute later."""
        while True:
            await anyio.sleep(BEAT_S)
            try:
                await self.sweep()
            except PluginError as error:
                log.warning("store.retention_failed", error=str(error))

    async def sweep(self) -> None:
        """One pass. Incidents first: what only they cited is then of no more use."""
        now = self._clock()
        await self._forget_incidents()
        await _all(partial(self._store.forget, now - self.keep.events, SLICE))
        await _all(partial(self._store.forget_silences, now - self.keep.incidents, SLICE))
        await _all(partial(self._store.forget_decisions, now - self.keep.incidents, SLICE))
        await self._forget_audit(now - self.keep.audit)

    async def _forget_incidents(self) -> None:
        before, gone = self._clock() - self.keep.incidents, 0
        for _ in range(STEPS_A_BEAT):
            step = await self._store.forget_incidents(before, self._place, INCIDENTS_LOOKED_AT)
            self._place = step.next_cursor
            gone += step.gone
            if self._place is None:
                break
            await anyio.sleep(PAUSE_S)
        if gone:
            log.info("store.incidents_forgotten", count=gone, resolved_before=before.isoformat(timespec="seconds"))

    async def _forget_audit(self, before: datetime) -> None:
        """What is gone is told in the audit itself."""
        gone = 0
        while some := await self._store.forget_audit(before, SLICE):
            gone += some
            await anyio.sleep(PAUSE_S)
        if gone:
            seal = await self._store.audit_seal()
            why = f"{gone} entries older than {before.isoformat(timespec='seconds')}, up to {seal.seq}"
            note = AuditNote(self._clock(), "kronveil", "audit.forgotten", str(seal.seq), why)
            await self._store.save(Writes(audit=(note,)))


async def _all(forget: Callable[[], Awaitable[int]]) -> None:
    while True:
        if await forget() < SLICE:
            return
        await anyio.sleep(PAUSE_S)
