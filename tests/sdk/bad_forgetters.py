"""Stores that forget too much, or never. Each breaks one promise, in a way that somebody could well have built."""

from dataclasses import replace
from datetime import datetime

from kronveil.sdk.storage import Sweep, Writes
from tests.sdk.bad_stores import Good, opening


class ForgetsEvidence(Good):
    """Lets go of an incident's claim on its events, so that retention takes them."""

    async def save(self, writes: Writes) -> None:
        bare = tuple(replace(incident, evidence=()) for incident in writes.incidents)
        await self.store.save(replace(writes, incidents=bare))


class TearsFamilies(Good):
    """Looks at each incident by itself: what is over goes, whoever is above or under it."""

    async def save(self, writes: Writes) -> None:
        alone = tuple(replace(incident, parent_id=None, children=()) for incident in writes.incidents)
        await self.store.save(replace(writes, incidents=alone))


class BeginsAnewEachTime(Good):
    """Has no place to go on from, so that what may not go yet is looked at for ever."""

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        if after is not None and after != "again":
            raise ValueError(after)
        step = await self.store.forget_incidents(resolved_before, None, limit)
        return replace(step, next_cursor="again" if step.gone else None)


class KeepsWhatWasEnded(Good):
    """Looks only at when a silence was to end."""

    async def save(self, writes: Writes) -> None:
        await self.store.save(replace(writes, silences_ended=()))


open_forgets_evidence = opening(ForgetsEvidence)
open_tears_families = opening(TearsFamilies)
open_begins_anew_each_time = opening(BeginsAnewEachTime)
open_keeps_what_was_ended = opening(KeepsWhatWasEnded)
