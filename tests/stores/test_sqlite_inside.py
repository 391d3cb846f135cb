"""What makes the embedded store fast and safe: shared commits, indexed pages, one checkpointer, plain bodies."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec
import pytest
from sqlalchemy import QueuePool, text
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import OperationalError

from kronveil.model.event import Severity
from kronveil.model.incident import IncidentStatus
from kronveil.sdk.storage import ChangeQuery, EventQuery, IncidentQuery, Receipt, Record, Unstorable, Writes
from kronveil.sdk.testing.samples import event, incident, moment
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.codec import body_of, event_from, from_us, to_cursor, to_us
from kronveil.stores.sqlite.families import longest_over
from kronveil.stores.sqlite.opening import create_schema
from kronveil.stores.sqlite.queries import (
    change_page,
    event_page,
    incident_page,
    newest_changes,
    restorable,
    silence_list,
)
from kronveil.stores.sqlite.statements import FORGET_CHANGES, FORGET_EVENTS

CURSOR_EVENTS = "WzEsImV2ZW50cyIsMTc5NTU2OTU0MTA4MTU5NCw2XQ"

CURSOR_CHANGES = to_cursor("changes", 1_795_569_541_081_594, 6)


@pytest.mark.anyio
async def test_those_who_wait_at_the_same_time_share_a_commit(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        said: list[str] = []
        store._writer._connection.set_trace_callback(said.append)
        async with anyio.create_task_group() as savers:
            for number in range(64):
                savers.start_soon(store.save, Writes(events=(event(number),)))
        assert said.count("COMMIT") == 1


@pytest.mark.anyio
async def test_commits_are_synced_and_only_the_writer_checkpoints(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        connection = store._writer._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        with pytest.raises(OperationalError, match="readonly"):
            async with store._reader._connections.one() as reader:
                await reader.row(text("DELETE FROM events"))


@pytest.mark.anyio
async def test_more_readers_than_connections_take_turns_and_those_who_give_up_block_nobody(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(number) for number in range(200)]))
        answered: list[int] = []

        async def read() -> None:
            answered.append(len((await store.events(EventQuery(limit=200))).items))

        for _ in range(5):
            async with anyio.create_task_group() as leaving:
                for _ in range(8):
                    leaving.start_soon(read)
                await anyio.lowlevel.checkpoint()
                leaving.cancel_scope.cancel()
        answered.clear()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as staying:
                for _ in range(20):
                    staying.start_soon(read)
        assert answered == [200] * 20


def test_the_store_loads_no_object_mapper() -> None:
    asked = "import sys, kronveil.stores.sqlite; print([one for one in sys.modules if one == 'sqlalchemy.orm'])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.anyio
async def test_the_log_is_carried_over_to_the_file_and_stays_small(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        for first in range(0, 12_000, 500):
            await store.save(Writes(events=[event(n) for n in range(first, first + 500)]))
        log, file = tmp_path / "kronveil.db-wal", tmp_path / "kronveil.db"
        assert log.stat().st_size < 16 << 20
        assert file.stat().st_size > 4 << 20


@pytest.mark.anyio
async def test_the_log_stays_small_too_when_each_row_is_saved_alone(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        for number in range(1_500):
            await store.save(Writes(events=(event(number),)))
        assert (tmp_path / "kronveil.db-wal").stat().st_size < 10 << 20


@pytest.mark.anyio
async def test_a_log_that_a_reader_held_up_is_cut_when_that_is_over(tmp_path: Path) -> None:
    log = tmp_path / "kronveil.db-wal"
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=(event(0),)))
        reader = sqlite3.connect(tmp_path / "kronveil.db", isolation_level=None)
        reader.execute("BEGIN").execute("SELECT count(*) FROM events").fetchone()
        for first in range(1, 20_001, 500):
            await store.save(Writes(events=[event(n) for n in range(first, first + 500)]))
        assert log.stat().st_size > 12 << 20, "it never had to wait"
        reader.close()
        for first in range(20_001, 30_001, 500):
            await store.save(Writes(events=[event(n) for n in range(first, first + 500)]))
        assert log.stat().st_size < 12 << 20


@pytest.mark.anyio
async def test_a_store_that_is_closed_answers_those_who_ask_and_leaves_no_connection_open(tmp_path: Path) -> None:
    answered: list[int] = []
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(number) for number in range(200)]))

        async def read() -> None:
            answered.append(len((await store.events(EventQuery(limit=200))).items))

        async with anyio.create_task_group() as readers:
            for _ in range(8):
                readers.start_soon(read)
            await anyio.lowlevel.checkpoint()
            await store._reader.close()
        assert answered == [200] * 8
        pool = store._reader._connections._engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.checkedin(), pool.checkedout()) == (0, 0)


@pytest.mark.anyio
async def test_receipts_are_forgotten_after_a_day(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(receipts=(Receipt("old", "d", "i", moment(0)),)))
        await store.save(Writes(receipts=(Receipt("new", "d", "i", moment(24 * 3600 + 1)),)))
        assert await store.receipt("old") is None
        assert await store.receipt("new") is not None


@pytest.mark.anyio
async def test_one_slice_of_forgetting_is_bounded_whatever_is_asked(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(n) for n in range(1_500)]))
        assert await store.forget(moment(2_000), 100_000) == 1_000
        assert await store.forget(moment(2_000), 100_000) == 500


@pytest.mark.parametrize(
    "statement",
    [
        event_page(EventQuery()),
        event_page(EventQuery(before=CURSOR_EVENTS)),
        event_page(EventQuery(since=moment(1))),
        event_page(EventQuery(cluster="east", before=CURSOR_EVENTS, since=moment(1))),
        event_page(EventQuery(kind="pod.oom_killed", before=CURSOR_EVENTS)),
        event_page(EventQuery(severity=Severity.HIGH, before=CURSOR_EVENTS)),
        incident_page(IncidentQuery()),
        incident_page(IncidentQuery(statuses=(IncidentStatus.OPEN,))),
        incident_page(IncidentQuery(cluster="east")),
        change_page(ChangeQuery()),
        change_page(ChangeQuery(before=CURSOR_CHANGES)),
        change_page(ChangeQuery(cluster="east", before=CURSOR_CHANGES)),
        change_page(ChangeQuery(kind="image", around=moment(1), within=timedelta(hours=2))),
        change_page(ChangeQuery(namespace="shop", name="checkout", before=CURSOR_CHANGES)),
        newest_changes(0),
        silence_list(None),
        longest_over(9, None, 10),
        longest_over(9, (3, 4), 10),
        restorable(0),
    ],
    ids=str,
)
def test_a_page_walks_an_index_and_sorts_nothing(statement: object) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_schema(connection)
    sql = str(statement.compile(dialect=dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    connection.close()
    is_restore = " OR " in sql
    assert all("SCAN" not in step or "USING INDEX" in step for step in plan), plan
    assert is_restore or not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("statement", [FORGET_EVENTS, FORGET_CHANGES])
def test_forgetting_walks_the_oldest_and_sorts_nothing(statement: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_schema(connection)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", {"before_us": 1, "slice": 1})]
    connection.close()
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan), plan


def test_a_time_survives_to_the_microsecond() -> None:
    assert from_us(to_us(moment(3))) == moment(3)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_us(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_fields_of_a_newer_version_are_let_pass() -> None:
    body = msgspec.json.decode(body_of(event(1)))
    body["learned_later"] = {"anything": [1, 2]}
    body["resource"]["also"] = True
    assert event_from(msgspec.json.encode(body).decode()) == event(1)


@pytest.mark.anyio
async def test_an_incident_of_many_events_keeps_their_order(tmp_path: Path) -> None:
    cited = tuple(f"event-{n}" for n in (7, 3, 9, 1))
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(incidents=(incident(1, cites=cited),)))
        await store.save(Writes(incidents=(replace(incident(1, cites=cited[1:]), version=2),)))
        found = await store.incident("incident-1")
        assert found is not None
        assert found.evidence == cited[1:]


@pytest.mark.anyio
async def test_what_an_incident_cites_no_longer_may_be_forgotten_and_the_rest_is_not_written_again(
    tmp_path: Path,
) -> None:
    cited = tuple(f"event-{n}" for n in range(50))
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=[event(n) for n in range(51)], incidents=(incident(1, cites=cited),)))
        later = replace(incident(1, cites=(*cited[1:], "event-50")), version=2)
        before = store._writer._connection.total_changes
        await store.save(Writes(incidents=(later,)))
        assert store._writer._connection.total_changes - before == 3, "one row gone, one new, and the incident"
        assert await store.forget(moment(100), 100) == 1
        assert await store.events_by_id(["event-0"]) == ()


@pytest.mark.anyio
async def test_what_the_file_refuses_is_named_too(tmp_path: Path) -> None:
    of_no_kind = replace(event(2), kind=None)  # type: ignore[arg-type]
    async with open_sqlite(tmp_path) as store:
        with pytest.raises(Unstorable, match="event 'event-2' cannot be stored") as refusal:
            await store.save(Writes(events=(event(1), of_no_kind)))
        assert refusal.value.records == (Record("event", "event-2"),)
        await store.save(Writes(events=(event(1),)))
        assert (await store.events(EventQuery())).items == (event(1),)
