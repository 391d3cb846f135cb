"""What a store promises to those who look for something: pages without gap or repeat, and all that matches."""

# ruff: noqa: S101 - asserts are what a contract is made of

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from kronveil.model.event import Severity
from kronveil.model.incident import ClusterRef, IncidentStatus
from kronveil.sdk.storage import ChangeQuery, EventQuery, IncidentQuery, Writes
from kronveil.sdk.testing.opener import OpenedStore
from kronveil.sdk.testing.samples import change, event, incident, moment, resolved, suspicion
from kronveil.sdk.testing.stored import all_events, all_incidents, expect_unreadable


class FindingPromises(OpenedStore):
    """Lists, counts and what is asked by id, while others save."""

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
            assert sorted(e.id for e in await all_events(store, limit=4)) == sorted(f"event-{n}" for n in range(25))
            found = [i.id for i in await all_incidents(store, limit=4)]
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
            await expect_unreadable(store.events, EventQuery(before="not a cursor"))
            await expect_unreadable(store.incidents, IncidentQuery(before="not a cursor"))
            await expect_unreadable(store.changes, ChangeQuery(before="not a cursor"))
            await expect_unreadable(store.incidents, IncidentQuery(before=of_events))
            await expect_unreadable(store.changes, ChangeQuery(before=of_events))

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
