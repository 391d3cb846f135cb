"""What a store promises of what is saved: it stays, whole, whoever else saves, is cancelled, or is killed."""

# ruff: noqa: S101 - asserts are what a contract is made of

import os
import sys
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import anyio
import anyio.lowlevel
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream

from kronveil.model.event import Event, Severity
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.observation import Attribute
from kronveil.sdk.storage import IncidentQuery, Overtaken, Receipt, Record, Store, Unstorable, Writes
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
from kronveil.sdk.testing.stored import all_changes, all_events, all_incidents

UID = "uid-of-east"


class SavingPromises(OpenedStore):
    """Saves, also of processes that are killed meanwhile, and what a start is given of them."""

    kills: int = 3
    first: int = 0
    """The number of the first kill: others give other moments of dying."""

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
            assert await all_events(store) == [event(2), event(1)]
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
            assert await all_changes(store) == [change(2), change(1)]
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
            assert [e.id for e in await all_events(store, limit=500)] == [f"event-{n}" for n in reversed(range(6_400))]
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
            found = {event.id for event in await all_events(store)}
            assert found >= {f"event-{n}" for n in range(60) if n % 3}, "saved, it said, and it is not there"

    async def test_a_killed_writer_loses_nothing_acknowledged(self, tmp_path: Path) -> None:
        acknowledged: set[str] = set()
        for kill in range(self.first, self.first + self.kills):
            after = 7 + 31 * (kill - self.first)
            acknowledged |= await _kill_a_writer(self.opener, tmp_path, series=f"life{kill}", after=after)
            async with self._open(tmp_path) as store:
                found = {incident.id: incident for incident in await all_incidents(store)}
                events = [event.id for event in await all_events(store)]
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
            assert await all_events(store) == [event(4)]
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
            assert await all_events(store) == [event(1)]

    async def test_odd_data_survives(self, tmp_path: Path) -> None:
        odd = '\x00 \x1b[31m \ufffe \u202e \U0001f600 \r\n \\ " e\u0301'
        attributes: dict[str, Attribute] = {"text": odd, "large": 10**30, "small": -(2**63), "tiny": 5e-324}
        one = replace(event(1), id=f"event {odd}", message=odd, attributes=attributes)
        none = replace(event(2), attributes={"ratio": float("nan"), "rate": float("inf")})
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(one, none), receipts=(Receipt(odd, odd, odd, moment(1)),)))
        async with self._open(tmp_path) as store:
            told = replace(none, attributes={"ratio": None, "rate": None})
            assert await all_events(store) == [told, one]
            assert await store.events_by_id([one.id]) == (one,)
            assert await store.receipt(odd) is not None

    async def test_bad_data_of_one_caller_fails_no_other(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            async with anyio.create_task_group() as savers:
                for number in range(0, 20, 2):
                    savers.start_soon(store.save, Writes(events=(event(number),)))
                    savers.start_soon(_expect_refusal, store, Writes(events=(_unstorable(number + 1),)))
            assert await all_events(store) == [event(number) for number in reversed(range(0, 20, 2))]

    async def test_a_cancelled_save_is_whole_or_absent_and_hinders_no_other(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            for number in range(0, 40, 2):
                async with anyio.create_task_group() as savers:
                    savers.start_soon(store.save, Writes(events=(event(number), event(number + 1))))
                    await _beats(number // 4)
                    savers.cancel_scope.cancel()
            await store.save(Writes(events=(event(100),)))
            found = {event.id for event in await all_events(store)}
            assert "event-100" in found
            assert all((f"event-{n}" in found) == (f"event-{n + 1}" in found) for n in range(0, 40, 2))

    async def test_what_is_stored_already_is_left_as_it_is(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            await store.save(Writes(events=(event(1),), changes=(change(1),)))
            again = replace(event(1), message="said otherwise", received_at=moment(9))
            changed_again = replace(change(1), summary="said otherwise", at=moment(9))
            await store.save(Writes(events=(again, event(2)), changes=(changed_again, change(2))))
            assert await all_events(store) == [event(2), event(1)]
            assert await all_changes(store) == [change(2), change(1)]

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

    async def test_who_was_overtaken_saves_nothing_more(self, tmp_path: Path) -> None:
        async with self._open(tmp_path) as store:
            old = await store.take_lease("old", moment(1))
            await store.save(Writes(events=(event(1),), fence=old.fence))
        async with self._open(tmp_path) as store:
            new = await store.take_lease("new", moment(2))
            assert new.fence > old.fence
            assert await _is_overtaken(store.save(Writes(events=(event(2),), fence=old.fence)))
            assert await _is_overtaken(store.renew_lease(old, moment(3)))
            await store.save(Writes(events=(event(3),), fence=new.fence))
            assert await store.renew_lease(new, moment(4)) == await store.lease()
            assert await all_events(store) == [event(3), event(1)]

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
            assert await all_incidents(store) == [newer]
            assert (await store.incidents(IncidentQuery(statuses=(IncidentStatus.OPEN,)))).items == ()
            assert (await store.incidents(IncidentQuery(severities=(Severity.LOW,)))).items == (newer,)

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


async def _beats(count: int) -> None:
    """Let other tasks have their turns, so that a cancellation meets a save at another place each time."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


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


async def _is_overtaken(asked: Awaitable[object]) -> bool:
    try:
        await asked
    except Overtaken:
        return True
    return False
