"""Between the watches and the agent: gathers what they saw into batches, in order, and hands them over."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from kronveil.model.fleet import Standing
from kronveil.model.observation import Observation
from kronveil.sdk.contracts import Batch, Emit

BATCH_SIZE = 200
BATCH_BEAT_S = 0.05
STANDING_BEAT_S = 1.0
STANDING_GAP_S = 0.25
"""Not with every batch: what makes up a standing is gathered from all kinds, and most of it is as it was."""
BATCHES_WAITING = 3


@dataclass(slots=True)
class _Parcel:
    """A batch being filled. Its observations come before its unsourced ones."""

    observations: list[Observation] = field(default_factory=list[Observation])
    unsourced: list[Observation] = field(default_factory=list[Observation])
    unchanged: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])

    @property
    def size(self) -> int:
        return len(self.observations) + len(self.unsourced)


class Outbox:
    """Bounded: who fills it waits in ``room`` while the agent does not take. Nothing is dropped here."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing
        self._parcels: deque[_Parcel] = deque([_Parcel()])
        self._work = anyio.Event()
        self._has_work = False
        self._hurry = anyio.Event()
        self._taken = anyio.Event()
        self._is_standing_new = False
        self._is_awaited = True
        self._stood_at = 0.0

    @property
    def is_full(self) -> bool:
        """Whether those who fill it must wait: they are not silent then, they are held up."""
        return len(self._parcels) > BATCHES_WAITING

    def observed(self, observation: Observation) -> None:
        """A frame or list item became this."""
        last = self._parcels[-1]
        if last.unsourced or last.size >= BATCH_SIZE:
            last = _Parcel()
            self._parcels.append(last)
            self._hurry.set()
        last.observations.append(observation)
        self._woken()

    def unsourced(self, observation: Observation) -> None:
        """Concluded, with no frame behind it."""
        last = self._parcels[-1]
        if last.size >= BATCH_SIZE:
            last = _Parcel()
            self._parcels.append(last)
            self._hurry.set()
        last.unsourced.append(observation)
        self._woken()

    def unchanged(self, count: int = 1) -> None:
        """Frames or list items in which no watched field changed."""
        self._parcels[-1].unchanged += count
        if not self._has_work:
            self._woken()

    def dropped(self, reason: str) -> None:
        """A frame or list item that could not be used."""
        self._parcels[-1].dropped[reason] += 1
        self._woken()

    def standing_changed(self) -> None:
        """What is known of the source changed: to be told within a second."""
        self._is_standing_new = True

    def tell_standing(self) -> None:
        """It changed in a way that a person waits for: to be told now."""
        self._is_standing_new = self._is_awaited = True
        self._woken()

    def _woken(self) -> None:
        """There is something to hand over. Most frames come while there is already."""
        if not self._has_work:
            self._has_work = True
            self._work.set()

    async def room(self) -> None:
        """Wait until the agent has taken enough of what is here. Always lets other tasks run."""
        await anyio.lowlevel.checkpoint()
        while self.is_full:
            await self._taken.wait()

    async def deliver(self, emit: Emit) -> None:
        """Hand over until cancelled: at 200 items, or 50 ms after the first."""
        while True:
            with anyio.move_on_after(STANDING_BEAT_S):
                await self._work.wait()
            if self._work.is_set() and len(self._parcels) == 1:
                with anyio.move_on_after(BATCH_BEAT_S):
                    await self._hurry.wait()
            if self._work.is_set() or self._is_standing_new:
                await emit(self._take())

    def _take(self) -> Batch:
        parcel = self._parcels.popleft()
        if not self._parcels:
            self._parcels.append(_Parcel())
            self._work = anyio.Event()
            self._has_work = False
        if len(self._parcels) == 1:
            self._hurry = anyio.Event()
        self._taken.set()
        self._taken = anyio.Event()
        return Batch(
            observations=tuple(parcel.observations),
            unsourced=tuple(parcel.unsourced),
            unchanged=parcel.unchanged,
            dropped=dict(parcel.dropped),
            standing=self._standing_when_due(),
        )

    def _standing_when_due(self) -> Standing | None:
        now = anyio.current_time()
        if not self._is_awaited and now - self._stood_at < STANDING_GAP_S:
            return None
        self._is_standing_new = self._is_awaited = False
        self._stood_at = now
        return self._standing()
