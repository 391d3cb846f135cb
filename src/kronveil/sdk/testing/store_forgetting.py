"""What a store promises of forgetting: what is old goes, in steps; what something kept refers to stays."""

# ruff: noqa: S101 - asserts are what a contract is made of

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kronveil.sdk.storage import Store, Writes
from kronveil.sdk.testing.opener import OpenedStore
from kronveil.sdk.testing.samples import (
    COUNTER,
    IN_A_LONG_TIME,
    change,
    event,
    incident,
    moment,
    resolved,
    silence,
    suspicion,
)
from kronveil.sdk.testing.stored import all_changes, all_events, all_incidents, expect_unreadable


class ForgettingPromises(OpenedStore):
    """Retention: of events and changes, of incidents by whole families, of silences."""

    async def test_forgetting_takes_slices_and_spares_what_an_incident_cites(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            cited = resolved(incident(1, cites=("event-0", "event-3")), moment(4))
            await store.save(Writes(events=[event(n) for n in range(10)], incidents=(cited,), counters={COUNTER: 10}))
            assert await store.forget(moment(8), 4) == 4
            assert [e.id for e in await all_events(store)] == [f"event-{n}" for n in (9, 8, 7, 6, 3, 0)]
            assert await store.forget(moment(8), 4) == 2
            assert await store.forget(moment(8), 4) == 0
            assert [e.id for e in await all_events(store)] == [f"event-{n}" for n in (9, 8, 3, 0)]
            assert (await store.restore(moment(0))).counters == {COUNTER: 10}

    async def test_forgetting_takes_changes_too_and_spares_what_an_incident_suspects(self, tmp_path: Path) -> None:
        suspecting = replace(incident(1), suspects=(suspicion(1),))  # names change 1, event 1 and change 2
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[event(n) for n in range(3)], changes=[change(n) for n in range(6)]))
            await store.save(Writes(incidents=(suspecting,)))
            assert await store.forget(moment(8), 3) == 3
            assert await store.forget(moment(8), 3) == 2
            assert await store.forget(moment(8), 3) == 0
            assert [e.id for e in await all_events(store)] == ["event-1"]
            assert [c.id for c in await all_changes(store)] == ["change-5", "change-2", "change-1"]
            await store.save(Writes(incidents=(replace(suspecting, suspects=(), version=2),)))
            assert await store.forget(moment(8), 3) == 3

    async def test_incidents_long_over_are_forgotten_by_whole_families(self, tmp_path: Path) -> None:
        top, mid, low, late = (resolved(incident(n), moment(n)) for n in (4, 2, 3, 9))
        grown = (
            replace(top, children=(mid.id,)),
            replace(mid, parent_id=top.id, children=(low.id,)),
            replace(low, parent_id=mid.id),
        )
        alone = replace(resolved(incident(5), moment(1)), suspects=(suspicion(1),), evidence=("event-0",))
        hinder = incident(8)
        held_back = replace(resolved(incident(6), moment(0)), children=(hinder.id,))
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[event(n) for n in range(3)], changes=[change(n) for n in range(4)]))
            await store.save(
                Writes(incidents=(*grown, late, alone, held_back, replace(hinder, parent_id=held_back.id)))
            )
            assert await _forget_incidents(store, moment(4)) == 1, "a family of which one was not over for so long"
            assert await _forget_incidents(store, moment(5)) == 3
            assert {i.id for i in await all_incidents(store)} == {late.id, hinder.id, held_back.id}
            assert sum(each.count for each in await store.incident_counts(None)) == 3
            assert await store.forget(moment(99), 100) == 7, "what only they cited may go"
        async with self._open(tmp_path) as store:
            assert await _forget_incidents(store, moment(5)) == 0
            await store.save(Writes(incidents=(resolved(replace(hinder, parent_id=held_back.id), moment(6)),)))
            assert await _forget_incidents(store, moment(7)) == 2

    async def test_forgetting_incidents_goes_on_where_it_ended(self, tmp_path: Path) -> None:
        crowd = tuple(f"child-{n}" for n in range(250))
        family = [
            replace(resolved(incident(1), moment(9)), children=crowd),
            *(replace(resolved(incident(n, series="child"), moment(7)), parent_id="incident-1") for n in range(250)),
        ]
        others = [resolved(incident(n, series="other"), moment(1 + n % 2)) for n in range(25)]
        kept = replace(incident(3), children=("kept-0",))
        under_it = replace(resolved(incident(0, series="kept"), moment(0)), parent_id=kept.id)
        async with self._open(tmp_path) as store:
            await store.save(Writes(incidents=(*others, *family, kept, under_it)))
            looks: list[int] = []
            cursor: str | None = None
            while cursor is not None or not looks:
                step = await store.forget_incidents(moment(20), cursor, 10)
                looks.append(step.gone)
                cursor = step.next_cursor
            assert (sum(looks), looks[:2]) == (276, [9, 10]), "each step looks at ten, and takes whole families"
            assert {i.id for i in await all_incidents(store)} == {"incident-3", "kept-0"}
            await expect_unreadable(lambda place: store.forget_incidents(moment(20), place, 10), "no cursor")

    async def test_silences_long_ended_are_forgotten(self, tmp_path: Path) -> None:
        over, later = silence(1, ends_at=moment(4)), silence(2, ends_at=moment(8))
        lasting, ended = silence(3, ends_at=IN_A_LONG_TIME), silence(4, ends_at=IN_A_LONG_TIME)
        async with self._open(tmp_path) as store:
            await store.save(Writes(silences=(over, later, lasting, ended)))
            await store.save(Writes(silences_ended=(ended.id,)))
            assert await store.forget_silences(moment(4), 10) == 0
            assert await store.forget_silences(moment(8), 10) == 1
            now = datetime.now(UTC) + timedelta(days=1)
            assert await store.forget_silences(now, 1) == 1
            assert await store.forget_silences(now, 10) == 1
            assert await store.silences(ended=True) == (lasting,)


async def _forget_incidents(store: Store, before: datetime) -> int:
    cursor, gone = None, 0
    while True:
        step = await store.forget_incidents(before, cursor, 2)
        cursor, gone = step.next_cursor, gone + step.gone
        if cursor is None:
            return gone
