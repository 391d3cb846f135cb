"""Two who carry runs out on one file: whoever came first is refused from then on, and takes nobody with it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.sdk.storage import Overtaken, Writes
from kronveil.sdk.testing.samples import event
from kronveil.stores.sqlite.opening import open_file
from kronveil.stores.sqlite.reader import reader_of
from kronveil.stores.sqlite.store import FILE_NAME, SqliteStore
from kronveil.stores.sqlite.writer import Writer
from tests.logic.test_runs import planned

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=2)


@asynccontextmanager
async def handle(folder: Path) -> AsyncGenerator[SqliteStore]:
    """A store on the file without the folder's lock: as an agent has it that was stopped, and wakes up."""
    path = folder / FILE_NAME
    writer, reader = Writer(open_file(path), path), reader_of(path)
    try:
        yield SqliteStore(writer, reader)
    finally:
        await reader.close()
        await writer.close()


async def test_an_agent_that_was_overtaken_changes_no_run_any_more(tmp_path: Path) -> None:
    async with handle(tmp_path) as zombie, handle(tmp_path) as successor:
        old = await zombie.take_lease("old", LATER)
        run = planned()
        await zombie.save(Writes(executions=(run,), fence=old.fence))
        new = await successor.take_lease("new", LATER)
        assert new.fence > old.fence
        await successor.save(Writes(executions=(replace(run, version=9),), fence=new.fence))
        with pytest.raises(Overtaken, match="new carries runs out now"):
            await zombie.save(Writes(executions=(replace(run, version=3),), fence=old.fence))
        with pytest.raises(Overtaken):
            await zombie.renew_lease(old, LATER)
        kept = await successor.execution(run.id)
        assert kept is not None
        assert kept.version == 9


async def test_who_is_refused_takes_nobody_with_it_that_shares_the_commit(tmp_path: Path) -> None:
    async with handle(tmp_path) as store:
        old = await store.take_lease("old", LATER)
        new = await store.take_lease("new", LATER)
        refused = []

        async def late() -> None:
            try:
                await store.save(Writes(executions=(planned(),), fence=old.fence))
            except Overtaken as error:
                refused.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.save, Writes(events=(event(1),)))
            tasks.start_soon(late)
            tasks.start_soon(store.save, Writes(events=(event(2),), fence=new.fence))
        assert len(refused) == 1
        assert len(await store.events_by_id([event(1).id, event(2).id])) == 2
        assert await store.execution(planned().id) is None


async def test_a_lease_grows_with_each_start_and_can_be_held_for_longer(tmp_path: Path) -> None:
    async with handle(tmp_path) as store:
        assert await store.lease() is None
        first = await store.take_lease("a", LATER)
        held = await store.renew_lease(first, LATER + timedelta(minutes=2))
        assert (held.fence, held.holder) == (first.fence, "a")
        assert await store.lease() == held
    async with handle(tmp_path) as store:
        assert (await store.take_lease("b", LATER)).fence == first.fence + 1
