"""Writes down who did what: with the deed where the store holds it, else right after; and answers who reads it."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import structlog

from kronveil.agent.intake import Clock
from kronveil.model.audit import AuditEntry, AuditNote, AuditSeal
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.chain import Verified, verified
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import AuditPage, AuditQuery, Store, Writes

PATIENCE_S = 5.0
SLICE = 1_000
log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Waiting:
    note: AuditNote
    is_written: anyio.Event = field(default_factory=anyio.Event)


class Auditing:
    """The audit of one agent. A note that the store does not take now is kept, and written before any later one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._woken = anyio.Event()
        self.trouble: str | None = None
        """Why deeds that were done are not in the audit yet."""

    async def note(  # noqa: PLR0913 - one deed, whole
        self,
        actor: str,
        act: str,
        target: str,
        why: str = "",
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write down what was just done. Returns when that is durable; a store in trouble is not waited for long, since
        what is done is done: the note is then written as soon as the store takes it."""
        waiting = _Waiting(AuditNote(self._clock(), actor, act, target, why, _text(before), _text(after)))
        self._waiting.append(waiting)
        self._woken.set()
        with anyio.move_on_after(PATIENCE_S):
            await waiting.is_written.wait()

    async def run(self) -> None:
        """Write what waits, until cancelled. The only one who does, so that nothing is written twice."""
        while True:
            await self._woken.wait()
            self._woken = anyio.Event()
            await self._write()

    async def _write(self) -> None:
        backoff = Backoff()
        while self._waiting:
            some = tuple(self._waiting)
            try:
                await self._store.save(Writes(audit=[each.note for each in some]))
            except PluginError as error:
                self.trouble = f"{len(some)} deeds are not in the audit yet: {error}"
                log.warning("audit.not_saved", waiting=len(some), error=str(error))
                await anyio.sleep(backoff.next_s())
                continue
            del self._waiting[: len(some)]
            for each in some:
                each.is_written.set()
        self.trouble = None

    async def drain(self) -> None:
        """Return when nothing waits any more."""
        while self._waiting:
            await self._waiting[-1].is_written.wait()

    async def page(self, query: AuditQuery) -> AuditPage:
        """A page, newest first. ValueError for an unreadable cursor."""
        return await self._store.audit(query)

    async def seal(self) -> AuditSeal:
        """Up to where it was forgotten."""
        return await self._store.audit_seal()

    async def entries(self, seq: int = 0) -> AsyncGenerator[Sequence[AuditEntry]]:
        """All from ``seq`` on, oldest first, some at a time."""
        while True:
            some = await self._store.audit_from(seq, SLICE)
            if not some:
                return
            yield some
            seq = some[-1].seq + 1

    async def verify(self, known: AuditSeal | None = None) -> Verified:
        """Compute the whole chain again, a slice at a time so that others come in between."""
        seal = await self.seal()
        place, number = seal, 0
        async for some in self.entries(seal.seq + 1):
            found = verified(some, place, known=known if known is not None and known.seq <= some[-1].seq else None)
            number += found.entries
            if found.broken_at is not None:
                return Verified(number, seal.seq + 1, found.last_seq, found.last_hash, found.broken_at, found.why)
            place = AuditSeal(found.last_seq, found.last_hash)
            await anyio.lowlevel.checkpoint()
        missing = known is not None and known.seq > place.seq
        why = f"entries up to {known.seq} were noted down earlier, and are not there" if known and missing else ""
        return Verified(number, seal.seq + 1, place.seq, place.hash, place.seq + 1 if missing else None, why)


def _text(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
