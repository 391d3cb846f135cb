"""The promises of a store. Subclass ``StoreContract``, say how to open one, and mark the class for AnyIO.

Each promise has a deliberately bad store that breaks it, in ``tests/sdk/test_store_contract_counterexamples.py``.
"""

# ruff: noqa: S101 - asserts are what a contract is made of

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream

from kronveil.model.change import Change
from kronveil.model.event import Event, Severity
from kronveil.model.incident import ClusterRef, Incident, IncidentStatus
from kronveil.model.observation import Attribute
from kronveil.sdk.storage import ChangeQuery, EventQuery, IncidentQuery, Receipt, Record, Store, Unstorable, Writes
from kronveil.sdk.testing.opener import Opener, opener
from kronveil.sdk.testing.samples import change, event, incident, moment, resolved, silence, suspicion

UID = "uid-of-east"
COUNTER = f"events:{UID}"
IN_A_LONG_TIME = datetime(2999, 1, 1, tzinfo=UTC)

Q = TypeVar("Q")


class StoreContract:
    """``opener`` names ``open(folder)``: opened again on the same folder, a store finds what was saved there."""

    opener: str
    kills: int = 3
    first: int = 0
    """The number of the first kill: others give other moments of dying."""

    @property
    def _open(self) -> Opener:
        return opener(self.opener)

    async def test_what_is_saved_is_found_after_a_reopen(self, tmp_path: Path) -> None:
        saved = Writes(
            events=(event(1), event(2)),
            incidents=(incident(1, cites=("event-1",)),),
            counters={COUNTER: 2},
            cluster_heard={UID: moment(2)},
        )
        async with self._open(tmp_path) as store:
            await store.save(saved)
        async with self._open(tmp_path) as store:
            assert await _all_events(store) == [event(2), event(1)]
            assert await store.events_by_id(["event-2", "no such", "event-1"]) == (event(1), event(2))
            assert await store.incident("incident-1") == incident(1, cites=("event-1",))
            assert await store.incident("no such") is None
            restored = await store.restore(moment(0))
            assert restored.incidents == saved.incidents
            assert (restored.counters, restored.cluster_heard) == ({COUNTER: 2}, {UID: moment(2)})

    async def test_changes_and_silences_are_found_after_a_reopen(self, tmp_path: Path) -> None:
        suspecting = replace(incident(1), suspects=(suspicion(1),), children=("incident-2",), assigned_to="ada")
        hush = silence(1, ends_at=IN_A_LONG_TIME)
        async with self._open(tmp_path) as store:
            await store.save(Writes(changes=(change(2), change(1)), silences=(hush,), incidents=(suspecting,)))
        async with self._open(tmp_path) as store:
            assert await _all_changes(store) == [change(2), change(1)]
            assert await store.changes_by_id(["change-2", "no such", "change-1"]) == (change(1), change(2))
            assert await store.incident("incident-1") == suspecting
            assert await store.silences() == (hush,)
            restored = await store.restore(moment(0))
            assert restored.changes == (change(1), change(2))
            assert restored.silences == (hush,)

    async def test_a_receipt_is_found_after_a_reopen(self, tmp_path: Path) -> None:
        receipt = Receipt("a key", "digest", "incident-1", moment(1))
        answered = Receipt("with an answer", "digest", "", moment(2), 201, '{"name": "\u00fcber"}')
        async with self._open(tmp_path) as store:
            await store.save(Writes(receipts=(receipt, answered)))
            await store.save(Writes(receipts=(replace(receipt, key="later", at=moment(1) + timedelta(hours=23)),)))
        async with self._open(tmp_path) as store:
            assert await store.receipt("a key") == receipt
            assert await store.receipt("with an answer") == answered
            assert await store.receipt("another key") is None

    async def test_concurrent_saves_lose_nothing(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            async with anyio.create_task_group() as savers:
                for first in range(0, 6_400, 100):
                    batch = [event(number) for number in range(first, first + 100)]
                    savers.start_soon(store.save, Writes(events=batch, counters={COUNTER: len(batch)}))
            assert [e.id for e in await _all_events(store, limit=500)] == [f"event-{n}" for n in reversed(range(6_400))]
            assert (await store.restore(moment(0))).counters == {COUNTER: 6_400}

    async def test_a_cancelled_save_takes_no_other_with_it(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for number in range(0, 60, 3):
                async with anyio.create_task_group() as staying, anyio.create_task_group() as leaving:
                    leaving.start_soon(store.save, Writes(events=(event(number),)))
                    await _beats(number // 6)
                    staying.start_soon(store.save, Writes(events=(event(number + 1),)))
                    staying.start_soon(store.save, Writes(events=(event(number + 2),)))
                    await _beats(number % 6)
                    leaving.cancel_scope.cancel()
            found = {event.id for event in await _all_events(store)}
            assert found >= {f"event-{n}" for n in range(60) if n % 3}, "saved, it said, and it is not there"

    async def test_a_killed_writer_loses_nothing_acknowledged(self, tmp_path: Path) -> None:
        acknowledged: set[str] = set()
        for kill in range(self.first, self.first + self.kills):
            after = 7 + 31 * (kill - self.first)
            acknowledged |= await _kill_a_writer(self.opener, tmp_path, series=f"life{kill}", after=after)
            async with self._open(tmp_path) as store:
                found = {incident.id: incident for incident in await _all_incidents(store)}
                events = [event.id for event in await _all_events(store)]
                counted = (await store.restore(moment(0))).counters.get(COUNTER, 0)
            assert acknowledged <= found.keys(), f"lost: {sorted(acknowledged - found.keys())}"
            cited = {event_id for incident in found.values() for event_id in incident.evidence}
            assert cited == set(events), "an incident without its events, or events without their incident"
            assert len(events) == len(set(events)) == counted, "events are stored or counted twice"

    async def test_a_save_is_whole_or_not_at_all(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await _expect_refusal(store, Writes(events=(event(1), _unstorable(2)), counters={COUNTER: 2}))
            await _expect_refusal(store, Writes(events=(event(3),), incidents=(_unstorable_incident(1),)))
            await store.save(Writes(events=(event(4),)))
            assert await _all_events(store) == [event(4)]
            restored = await store.restore(moment(0))
            assert (restored.incidents, restored.counters) == ((), {})

    async def test_all_that_cannot_be_stored_is_named(self, tmp_path: Path) -> None:
        half = "\ud83d"  # of a pair: text that no encoding of a file can hold
        good = Writes(events=(event(1),), changes=(change(1),), incidents=(incident(1),), counters={COUNTER: 1})
        bad = Writes(
            events=(event(1), _unstorable(2), replace(event(3), message=f"half an emoji: {half}")),
            changes=(change(1), replace(change(2), summary=half)),
            incidents=(incident(1), _unstorable_incident(2)),
            counters={COUNTER: 1, "too many": 2**63},
            cluster_heard={half: moment(1)},
        )
        records = {("event", "event-2"), ("event", "event-3"), ("change", "change-2"), ("incident", "incident-2")}
        async with self._open(tmp_path) as store:
            named = await _refused(store, bad)
            expected = {Record(*record) for record in (*records, ("counter", "too many"), ("cluster", half))}
            assert set(named) == expected, f"named: {named}"
            await store.save(good)
            assert await _all_events(store) == [event(1)]

    async def test_odd_data_survives(self, tmp_path: Path) -> None:
        odd = '\x00 \x1b[31m \ufffe \u202e \U0001f600 \r\n \\ " e\u0301'
        attributes: dict[str, Attribute] = {"text": odd, "large": 10**30, "small": -(2**63), "tiny": 5e-324}
        one = replace(event(1), id=f"event {odd}", message=odd, attributes=attributes)
        none = replace(event(2), attributes={"ratio": float("nan"), "rate": float("inf")})
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(one, none), receipts=(Receipt(odd, odd, odd, moment(1)),)))
        async with self._open(tmp_path) as store:
            told = replace(none, attributes={"ratio": None, "rate": None})
            assert await _all_events(store) == [told, one]
            assert await store.events_by_id([one.id]) == (one,)
            assert await store.receipt(odd) is not None

    async def test_bad_data_of_one_caller_fails_no_other(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            async with anyio.create_task_group() as savers:
                for number in range(0, 20, 2):
                    savers.start_soon(store.save, Writes(events=(event(number),)))
                    savers.start_soon(_expect_refusal, store, Writes(events=(_unstorable(number + 1),)))
            assert await _all_events(store) == [event(number) for number in reversed(range(0, 20, 2))]

    async def test_a_cancelled_save_is_whole_or_absent_and_hinders_no_other(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for number in range(0, 40, 2):
                async with anyio.create_task_group() as savers:
                    savers.start_soon(store.save, Writes(events=(event(number), event(number + 1))))
                    await _beats(number // 4)
                    savers.cancel_scope.cancel()
            await store.save(Writes(events=(event(100),)))
            found = {event.id for event in await _all_events(store)}
            assert "event-100" in found
            assert all((f"event-{n}" in found) == (f"event-{n + 1}" in found) for n in range(0, 40, 2))

    async def test_what_is_stored_already_is_left_as_it_is(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(event(1),), changes=(change(1),)))
            again = replace(event(1), message="said otherwise", received_at=moment(9))
            changed_again = replace(change(1), summary="said otherwise", at=moment(9))
            await store.save(Writes(events=(again, event(2)), changes=(changed_again, change(2))))
            assert await _all_events(store) == [event(2), event(1)]
            assert await _all_changes(store) == [change(2), change(1)]

    async def test_counters_are_added_as_given(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(event(1),), counters={COUNTER: 1}))
            await store.save(Writes(events=(event(1), event(2)), counters={COUNTER: 2, "other": 5}))
            assert (await store.restore(moment(0))).counters == {COUNTER: 3, "other": 5}

    async def test_a_silence_ends_at_its_time_or_when_it_is_ended(self, tmp_path: Path) -> None:
        long, short, over = (silence(n, ends_at=IN_A_LONG_TIME) for n in (1, 2, 3))
        over = replace(over, ends_at=moment(4))
        async with self._open(tmp_path) as store:
            await store.save(Writes(silences=(long, short, over)))
            assert await store.silences() == (short, long)
            await store.save(Writes(silences_ended=("silence-2", "no such")))
            await store.save(Writes(silences=(short,)))  # said again, it stays ended
            assert await store.silences() == (long,)
            assert [hush.id for hush in await store.silences(ended=True)] == ["silence-3", "silence-2", "silence-1"]
        async with self._open(tmp_path) as store:
            assert (await store.restore(moment(0))).silences == (long,)

    async def test_a_cluster_is_never_heard_earlier_than_before(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(cluster_heard={UID: moment(5)}))
            await store.save(Writes(cluster_heard={UID: moment(3), "other": moment(1)}))
            assert (await store.restore(moment(0))).cluster_heard == {UID: moment(5), "other": moment(1)}

    async def test_an_incident_is_replaced_whole(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(incidents=(incident(1, cites=("event-1",)),)))
            newer = replace(resolved(incident(1), moment(9)), severity=Severity.LOW)
            await store.save(Writes(incidents=(newer,)))
            assert await _all_incidents(store) == [newer]
            assert (await store.incidents(IncidentQuery(statuses=(IncidentStatus.OPEN,)))).items == ()
            assert (await store.incidents(IncidentQuery(severities=(Severity.LOW,)))).items == (newer,)

    async def test_a_page_is_right_while_rows_arrive(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[event(n) for n in range(25)], incidents=[incident(n) for n in range(25)]))
            seen: list[str] = []
            seen_incidents: list[str] = []
            events, incidents = EventQuery(limit=10), IncidentQuery(limit=10)
            for arrival in (100, 110, 120):
                page, incident_page = await store.events(events), await store.incidents(incidents)
                seen += [event.id for event in page.items]
                seen_incidents += [incident.id for incident in incident_page.items]
                events, incidents = (
                    replace(events, before=page.next_cursor),
                    replace(incidents, before=incident_page.next_cursor),
                )
                arrivals = range(arrival, arrival + 7)
                await store.save(Writes(events=[event(n) for n in arrivals], incidents=[incident(n) for n in arrivals]))
            assert seen == [f"event-{n}" for n in reversed(range(25))]
            assert seen_incidents == [f"incident-{n}" for n in reversed(range(25))]
            assert events.before is None, "the last page must say so"
            assert incidents.before is None, "the last page must say so"

    async def test_a_page_of_changes_is_right_while_others_are_heard_of(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(changes=[replace(change(n), at=moment(n // 5)) for n in range(25)]))
            seen: list[str] = []
            query = ChangeQuery(limit=7)
            for arrival in (100, 110, 120, 130):
                page = await store.changes(query)
                seen += [change.id for change in page.items]
                query = replace(query, before=page.next_cursor)
                late = [replace(change(n), at=moment(5)) for n in range(arrival, arrival + 7)]
                await store.save(Writes(changes=late))
            assert seen == [f"change-{n}" for n in reversed(range(25))]
            assert query.before is None, "the last page must say so"

    async def test_rows_of_one_instant_are_paged_without_gap_or_repeat(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[replace(event(n), received_at=moment(1)) for n in range(25)]))
            await store.save(Writes(incidents=[replace(incident(n), opened_at=moment(1)) for n in range(25)]))
            assert sorted(e.id for e in await _all_events(store, limit=4)) == sorted(f"event-{n}" for n in range(25))
            found = [i.id for i in await _all_incidents(store, limit=4)]
            assert sorted(found) == sorted(f"incident-{n}" for n in range(25))

    async def test_filters_narrow_and_miss_nothing(self, tmp_path: Path) -> None:
        crash = replace(event(3, cluster="west"), kind="pod.crash_looping", severity=Severity.CRITICAL)
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(event(1), event(2), crash)))
            for query, expected in (
                (EventQuery(cluster="west"), (crash,)),
                (EventQuery(kind="pod.oom_killed"), (event(2), event(1))),
                (EventQuery(severity=Severity.CRITICAL), (crash,)),
                (EventQuery(since=moment(2)), (crash, event(2))),
                (EventQuery(cluster="east", kind="pod.crash_looping"), ()),
            ):
                assert (await store.events(query)).items == expected, query
            await store.save(Writes(incidents=(incident(1), resolved(incident(2), moment(3)))))
            assert (await store.incidents(IncidentQuery(statuses=(IncidentStatus.OPEN,)))).items == (incident(1),)
            assert (await store.incidents(IncidentQuery(cluster="west"))).items == ()
            assert len((await store.incidents(IncidentQuery(cluster="east", severities=(Severity.HIGH,)))).items) == 2

    async def test_incidents_are_found_by_words_and_counted_as_they_are_listed(self, tmp_path: Path) -> None:
        odd = replace(incident(2), title="100% of Checkout_A is down", cluster=ClusterRef("uid-west", "west"))
        async with self._open(tmp_path) as store:
            await store.save(Writes(incidents=(incident(1), odd, resolved(incident(3), moment(4)))))
            for words, expected in (
                ("checkout_a", (odd,)),
                ("100%", (odd,)),
                ("west", (odd,)),
                ("incident-1", (incident(1),)),
                ("%", (odd,)),
                ("nothing like it", ()),
            ):
                assert (await store.incidents(IncidentQuery(text=words))).items == expected, words
                assert sum(each.count for each in await store.incident_counts(words)) == len(expected), words
            counts = await store.incident_counts(None)
            assert {(each.status, each.cluster): each.count for each in counts} == {
                (IncidentStatus.OPEN, "east"): 1,
                (IncidentStatus.OPEN, "west"): 1,
                (IncidentStatus.RESOLVED, "east"): 1,
            }

    async def test_changes_are_found_by_what_and_when(self, tmp_path: Path) -> None:
        node = replace(change(3, cluster="west", namespace=None), kind="node")
        async with self._open(tmp_path) as store:
            await store.save(Writes(changes=(change(1), node, change(2))))
            for query, expected in (
                (ChangeQuery(cluster="west"), (node,)),
                (ChangeQuery(kind="image"), (change(2), change(1))),
                (ChangeQuery(namespace="shop"), (change(2), change(1))),
                (ChangeQuery(name="checkout-1", namespace="shop"), (change(1),)),
                (ChangeQuery(around=moment(2), within=timedelta(seconds=1)), (node, change(2), change(1))),
                (ChangeQuery(around=moment(1), within=timedelta(microseconds=1)), (change(1),)),
                (ChangeQuery(around=moment(9), within=timedelta(seconds=5)), ()),
                (ChangeQuery(cluster="east", kind="node"), ()),
            ):
                assert (await store.changes(query)).items == expected, query

    async def test_an_unreadable_cursor_is_refused(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[event(n) for n in range(3)]))
            of_events = (await store.events(EventQuery(limit=1))).next_cursor
            await _expect_unreadable(store.events, EventQuery(before="not a cursor"))
            await _expect_unreadable(store.incidents, IncidentQuery(before="not a cursor"))
            await _expect_unreadable(store.changes, ChangeQuery(before="not a cursor"))
            await _expect_unreadable(store.incidents, IncidentQuery(before=of_events))
            await _expect_unreadable(store.changes, ChangeQuery(before=of_events))

    async def test_forgetting_takes_slices_and_spares_what_an_incident_cites(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            cited = resolved(incident(1, cites=("event-0", "event-3")), moment(4))
            await store.save(Writes(events=[event(n) for n in range(10)], incidents=(cited,), counters={COUNTER: 10}))
            assert await store.forget(moment(8), 4) == 4
            assert [e.id for e in await _all_events(store)] == [f"event-{n}" for n in (9, 8, 7, 6, 3, 0)]
            assert await store.forget(moment(8), 4) == 2
            assert await store.forget(moment(8), 4) == 0
            assert [e.id for e in await _all_events(store)] == [f"event-{n}" for n in (9, 8, 3, 0)]
            assert (await store.restore(moment(0))).counters == {COUNTER: 10}

    async def test_forgetting_takes_changes_too_and_spares_what_an_incident_suspects(self, tmp_path: Path) -> None:
        suspecting = replace(incident(1), suspects=(suspicion(1),))  # names change 1, event 1 and change 2
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=[event(n) for n in range(3)], changes=[change(n) for n in range(6)]))
            await store.save(Writes(incidents=(suspecting,)))
            assert await store.forget(moment(8), 3) == 3
            assert await store.forget(moment(8), 3) == 2
            assert await store.forget(moment(8), 3) == 0
            assert [e.id for e in await _all_events(store)] == ["event-1"]
            assert [c.id for c in await _all_changes(store)] == ["change-5", "change-2", "change-1"]
            await store.save(Writes(incidents=(replace(suspecting, suspects=(), version=2),)))
            assert await store.forget(moment(8), 3) == 3

    async def test_a_change_is_known_by_all_who_suspect_it_over_or_not(self, tmp_path: Path) -> None:
        over = resolved(replace(incident(1), suspects=(suspicion(1), suspicion(7))), moment(9))
        still = replace(incident(2), suspects=(replace(suspicion(1), score=0.5),))
        citing = replace(incident(3), suspects=(suspicion(0),))  # change 1 speaks against it, and is not suspected
        async with self._open(tmp_path) as store:
            await store.save(Writes(incidents=(over, still, citing, incident(4))))
            found = await store.suspecting(["change-1", "no such"])
            assert list(found) == [still.id, over.id], "newest opened first"
            assert {key: tuple(each) for key, each in found.items()} == {
                still.id: still.suspects,
                over.id: (suspicion(1),),
            }
            assert await store.suspecting([]) == {}
            await store.save(Writes(incidents=(replace(still, suspects=(), version=2),)))
            assert list(await store.suspecting(["change-1"])) == [over.id]

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
            assert {i.id for i in await _all_incidents(store)} == {late.id, hinder.id, held_back.id}
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
            assert {i.id for i in await _all_incidents(store)} == {"incident-3", "kept-0"}
            await _expect_unreadable(lambda place: store.forget_incidents(moment(20), place, 10), "no cursor")

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

    async def test_a_start_gets_the_changes_of_the_day_before(self, tmp_path: Path) -> None:
        days = [replace(change(n), at=moment(n) - timedelta(hours=n)) for n in range(30)]
        async with self._open(tmp_path) as store:
            await store.save(Writes(changes=days))
            restored = (await store.restore(moment(0))).changes
            assert restored == tuple(reversed(days[:25])), "of the last day, oldest first"

    async def test_a_start_gets_what_may_still_change(self, tmp_path: Path) -> None:
        lately, long_ago = resolved(incident(1), moment(50)), resolved(incident(2), moment(49))
        acknowledged = replace(incident(3), status=IncidentStatus.ACKNOWLEDGED)
        closed = replace(resolved(incident(4), moment(40)), status=IncidentStatus.CLOSED)
        async with self._open(tmp_path) as store:
            await store.save(Writes(incidents=(incident(0), lately, long_ago, acknowledged, closed)))
            restored = await store.restore(moment(50))
            assert {i.id: i for i in restored.incidents} == {i.id: i for i in (incident(0), lately, acknowledged)}

    async def test_a_store_that_can_be_written_to_says_so(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.check()
            await store.check()
            restored = await store.restore(moment(0))
            assert (restored.incidents, restored.counters, restored.cluster_heard) == ((), {}, {}), (
                "checking left a trace"
            )


def promises() -> Sequence[str]:
    """The names of every promise of the contract."""
    return [name for name in vars(StoreContract) if name.startswith("test_")]


def _unstorable(number: int) -> Event:
    return replace(event(number), attributes={"not data": object()})  # type: ignore[dict-item]


def _unstorable_incident(number: int) -> Incident:
    return replace(incident(number), timeline=(object(),))  # type: ignore[arg-type]


async def _expect_refusal(store: Store, writes: Writes) -> None:
    await _refused(store, writes)


async def _refused(store: Store, writes: Writes) -> tuple[Record, ...]:
    try:
        await store.save(writes)
    except Unstorable as refusal:
        return refusal.records
    except Exception as error:
        raise AssertionError("a refusal names the records that cannot be stored") from error
    raise AssertionError("what cannot be stored must be refused")


async def _expect_unreadable(ask: Callable[[Q], Awaitable[object]], query: Q) -> None:
    try:
        await ask(query)
    except ValueError:
        return
    raise AssertionError("a cursor that cannot be read must raise ValueError, not answer another page")


async def _forget_incidents(store: Store, before: datetime) -> int:
    cursor, gone = None, 0
    while True:
        step = await store.forget_incidents(before, cursor, 2)
        cursor, gone = step.next_cursor, gone + step.gone
        if cursor is None:
            return gone


async def _all_changes(store: Store, limit: int = 200) -> list[Change]:
    query, found = ChangeQuery(limit=limit), list[Change]()
    while True:
        page = await store.changes(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def _all_events(store: Store, limit: int = 200) -> list[Event]:
    query, found = EventQuery(limit=limit), list[Event]()
    while True:
        page = await store.events(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def _beats(count: int) -> None:
    """Let other tasks have their turns, so that a cancellation meets a save at another place each time."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def _all_incidents(store: Store, limit: int = 200) -> list[Incident]:
    query, found = IncidentQuery(limit=limit), list[Incident]()
    while True:
        page = await store.incidents(query)
        found += page.items
        if page.next_cursor is None:
            return found
        query = replace(query, before=page.next_cursor)


async def _kill_a_writer(opener_name: str, folder: Path, *, series: str, after: int) -> set[str]:
    """Let a process save until about ``after`` saves are acknowledged, kill it, and return what it acknowledged."""
    command = [sys.executable, "-m", "kronveil.sdk.testing.store_victim", opener_name, str(folder), series]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    said = ""
    with anyio.fail_after(60):
        async with await anyio.open_process(command, env=environment, stderr=None) as process:
            enough = after + Random(series).randrange(50)  # noqa: S311 - when to kill, not a secret
            async for text in TextReceiveStream(_output(process)):
                said += text
                if said.count("\n") >= enough:
                    process.kill()
    # What follows the last line break was cut off by the kill; it was never wholly said.
    acknowledged = said.split("\n")[:-1]
    assert len(acknowledged) >= enough, f"the writer ended by itself after {len(acknowledged)} saves"
    return set(acknowledged)


def _output(process: Process) -> ByteReceiveStream:
    assert process.stdout is not None
    return process.stdout
