"""A full disk, a lock held elsewhere, a limit on the file: told clearly, nothing lost, and over when it is over."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from kronveil.sdk.errors import Permanent, PluginError, Transient
from kronveil.sdk.storage import EventQuery, Receipt, Writes
from kronveil.sdk.testing.samples import event, incident, moment, resolved, silence
from kronveil.stores.sqlite import SqliteStore, open_sqlite

pytestmark = pytest.mark.anyio

UNDER_A_FILE_LIMIT = """
import resource, sys
from pathlib import Path
import anyio
from kronveil.sdk.errors import Transient
from kronveil.sdk.storage import EventQuery, Writes
from kronveil.sdk.testing.samples import event
from kronveil.stores.sqlite import open_sqlite

async def main():
    async with open_sqlite(Path(sys.argv[1])) as store:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        saved = 0
        try:
            while True:
                await store.save(Writes(events=(event(saved),)))
                saved += 1
        except Transient as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await store.save(Writes(events=(event(saved),)))
        found = (await store.events(EventQuery(limit=10_000))).items
        assert [e.id for e in found] == [f"event-{n}" for n in reversed(range(saved + 1))], saved

anyio.run(main)
"""


def connection_of(store: SqliteStore) -> sqlite3.Connection:
    """The writer's own connection, to set limits that only its own connection can."""
    return store._writer._connection


def limit_pages(store: SqliteStore, pages: int) -> None:
    connection_of(store).execute(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_is_transient_and_saving_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=(event(0),)))
        limit_pages(store, 1)  # SQLite takes it as "no larger than now"
        with pytest.raises(Transient) as trouble:
            await store.save(Writes(events=[event(n) for n in range(1, 500)], counters={"events:uid-of-east": 499}))
        assert "the disk is full" in str(trouble.value)
        assert str(tmp_path / "kronveil.db") in str(trouble.value)
        assert f"bytes free in {tmp_path}" in str(trouble.value)
        assert (await store.restore(moment(0))).counters == {}
        limit_pages(store, 1_000_000)
        await store.save(Writes(events=[event(n) for n in range(1, 500)]))
        assert len((await store.events(EventQuery(limit=1_000))).items) == 500


async def test_a_save_too_large_for_the_disk_does_not_fail_a_small_one_beside_it(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        limit_pages(store, 40)
        outcome: dict[str, str] = {}

        async def save(name: str, writes: Writes) -> None:
            try:
                await store.save(writes)
                outcome[name] = "saved"
            except Transient:
                outcome[name] = "refused"

        async with anyio.create_task_group() as savers:
            savers.start_soon(save, "first", Writes(events=(event(1),)))
            savers.start_soon(save, "large", Writes(events=[event(n) for n in range(10, 2_000)]))
            savers.start_soon(save, "small", Writes(events=(event(2),)))
        assert outcome == {"first": "saved", "large": "refused", "small": "saved"}
        assert [e.id for e in (await store.events(EventQuery())).items] == ["event-2", "event-1"]


async def test_a_limit_on_the_file_is_transient_and_loses_nothing(tmp_path: Path) -> None:
    run = await anyio.run_process([sys.executable, "-c", UNDER_A_FILE_LIMIT, str(tmp_path)], stderr=None)
    assert b"the disk refuses" in run.stdout
    assert bytes(tmp_path / "kronveil.db") in run.stdout


async def test_a_file_locked_by_another_program_is_transient(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        connection_of(store).execute("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(tmp_path / "kronveil.db", isolation_level=None)) as other:
            other.execute("PRAGMA wal_autocheckpoint = 0")
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Transient, match="another program keeps it locked"):
                await store.save(Writes(events=(event(1),)))
            with pytest.raises(Transient, match="another program keeps it locked"):
                await store.check()
            other.execute("ROLLBACK")
        await store.save(Writes(events=(event(1),)))


async def test_a_read_only_file_is_transient(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        connection_of(store).execute("PRAGMA query_only = 1")
        with pytest.raises(Transient, match="read-only"):
            await store.save(Writes(events=(event(1),)))
        with pytest.raises(Transient, match="read-only"):
            await store.check()
        connection_of(store).execute("PRAGMA query_only = 0")
        await store.save(Writes(events=(event(1),)))


async def test_a_disk_that_takes_no_writing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="/sys/kronveil"):  # nobody makes folders there, not even root
        async with open_sqlite(Path("/sys/kronveil")):
            pass


async def test_a_clock_that_steps_back_hides_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(events=(event(10), event(11)), cluster_heard={"uid": moment(11)}))
        await store.save(Writes(receipts=(Receipt("before", "d", "i", moment(3600 * 30)),)))
        # Two hours back.
        early = [event(n) for n in range(-7_200, -7_195)]
        await store.save(Writes(events=early, cluster_heard={"uid": moment(-7_195)}))
        await store.save(Writes(receipts=(Receipt("after", "d", "i", moment(3600 * 28)),)))
        found: list[str] = []
        query = EventQuery(limit=2)
        while True:
            page = await store.events(query)
            found += [event.id for event in page.items]
            if page.next_cursor is None:
                break
            query = EventQuery(limit=2, before=page.next_cursor)
        assert found == ["event-11", "event-10", *(f"event-{n}" for n in range(-7_196, -7_201, -1))]
        assert (await store.restore(moment(0))).cluster_heard == {"uid": moment(11)}
        assert await store.receipt("before") is not None
        assert await store.receipt("after") is not None
        assert await store.forget(moment(-7_200), 100) == 0


async def test_a_clock_that_steps_back_revives_no_silence_and_reopens_no_past(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        store._clock = lambda: moment(100)
        await store.save(Writes(silences=(silence(1, ends_at=moment(200)),)))
        await store.save(Writes(silences_ended=("silence-1",), incidents=(resolved(incident(1), moment(100)),)))
        store._clock = lambda: moment(50)
        assert await store.silences() == ()
        assert [hush.ends_at for hush in await store.silences(ended=True)] == [moment(100)]
        restored = await store.restore(moment(50))
        assert restored.silences == ()
        assert [incident.id for incident in restored.incidents] == ["incident-1"], "resolved later than now"


async def test_a_closed_store_refuses_in_words(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path) as store:
        pass
    with pytest.raises(Permanent, match="is closed"):
        await store.save(Writes(events=(event(1),)))
    with pytest.raises(Permanent, match="is closed"):
        await store.events(EventQuery())


async def test_a_failure_of_the_block_leaves_as_it_is(tmp_path: Path) -> None:
    async def fail() -> None:
        async with open_sqlite(tmp_path) as store:
            await store.save(Writes(events=(event(1),)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with open_sqlite(tmp_path) as store:
        assert (await store.events(EventQuery())).items == (event(1),)
