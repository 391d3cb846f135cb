"""Incidents are forgotten by whole families, in slices that others come between and that a kill leaves in order."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from kronveil.model.incident import Incident
from kronveil.sdk.storage import EventQuery, IncidentQuery, Writes
from kronveil.sdk.testing.samples import IN_A_LONG_TIME, event, incident, moment, resolved, suspicion
from kronveil.stores.sqlite import forgetting, open_sqlite
from kronveil.stores.sqlite.examining import examine
from tests.stores.test_sqlite_durability import killed

pytestmark = pytest.mark.anyio

FILE = "kronveil.db"


def family(size: int) -> list[Incident]:
    """A storm that is over: one above, each of the others citing an event of its own."""
    children = tuple(f"child-{n}" for n in range(size))
    return [
        replace(resolved(incident(0, series="top"), moment(5)), children=children),
        *(
            replace(resolved(incident(n, series="child", cites=(f"event-{n}",)), moment(4)), parent_id="top-0")
            for n in range(size)
        ),
    ]


async def save_family(folder: Path, size: int) -> None:
    async with open_sqlite(folder) as store:
        await store.save(Writes(events=[event(n) for n in range(size)], incidents=family(size)))


async def test_savers_come_in_between_the_slices_of_a_large_family(tmp_path: Path) -> None:
    await save_family(tmp_path, 1_000)
    async with open_sqlite(tmp_path) as store:
        saved_meanwhile = 0

        async def go_on_saving() -> None:
            nonlocal saved_meanwhile
            while True:
                await store.save(Writes(events=(event(5_000 + saved_meanwhile),)))
                saved_meanwhile += 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go_on_saving)
            assert (await store.forget_incidents(IN_A_LONG_TIME, None, 1_000)).gone >= 1_000
            tasks.cancel_scope.cancel()
        assert saved_meanwhile >= 5, "ten slices, and a saver waits behind one of them at most"


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("UPDATE incidents", 1),
        ("DELETE FROM incidents", 2),
        ("BEGIN IMMEDIATE", 3),
    ],
)
async def test_killed_within_a_large_family_it_leaves_one_in_order(tmp_path: Path, words: str, number: int) -> None:
    await save_family(tmp_path, 250)
    killed("forget", tmp_path, number, words)
    found = examine(tmp_path / FILE)
    assert found.is_whole, found.findings
    async with open_sqlite(tmp_path) as store:
        top = await store.incident("top-0")
        assert top is not None, "the root goes last"
        left = {one.id for one in (await store.incidents(IncidentQuery(limit=1_000))).items}
        assert left == {top.id, *top.children}
        await store.forget_incidents(IN_A_LONG_TIME, None, 1_000)
        assert (await store.incidents(IncidentQuery())).items == ()
        assert await store.forget(IN_A_LONG_TIME, 1_000) == 250, "nothing claims their events any more"
    assert examine(tmp_path / FILE).is_whole


async def test_what_is_left_of_an_incident_keeps_all_else_it_says(tmp_path: Path) -> None:
    """SQLite writes its children anew; the rest of the text must come out as it went in."""
    top, *children = family(150)
    top = replace(
        top, suspects=(suspicion(1),), title='"100 %" of \u00fcber\u202e \\ is down', assigned_to="\U0001f600"
    )
    async with open_sqlite(tmp_path) as store:
        await store.save(Writes(incidents=(top, *children)))
        found = await store._reader.old_families(IN_A_LONG_TIME, None, 1_000)
        (whole,) = found.families
        first = next(forgetting.slices([whole]))
        await store._writer.do(lambda connection: forgetting.forget_incidents(connection, first))
        left = await store.incident(top.id)
        assert left is not None
        assert len(left.children) == 50
        assert replace(left, children=top.children) == top


async def test_room_that_was_freed_is_used_again(tmp_path: Path) -> None:
    file = tmp_path / FILE
    async with open_sqlite(tmp_path) as store:
        sizes: list[int] = []
        for turn in range(4):
            many = range(turn * 1_000, turn * 1_000 + 1_000)
            over = [resolved(incident(n, cites=(f"event-{n}",)), moment(n)) for n in many]
            await store.save(Writes(events=[event(n) for n in many], incidents=over))
            await store.forget_incidents(moment(9_999), None, 1_000)
            while await store.forget(moment(9_999), 1_000):
                pass
            assert (await store.events(EventQuery())).items == ()
            store._writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            sizes.append(file.stat().st_size)
        assert sizes[-1] < 1.2 * sizes[0]
