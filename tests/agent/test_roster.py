"""The roster: clusters come, go, pause and change while the others are left alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest

from kronveil.agent.intake import Intake
from kronveil.agent.roster import ClusterPlan, Roster
from kronveil.model.fleet import Pause, Standing
from kronveil.sdk.contracts import Batch, Collector, Emit

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


class Fleet:
    """Notes which clusters' collectors are open and how often each was opened."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.opened: list[str] = []
        self.roster = Roster((), Intake(lambda: NOW), lambda: NOW)

    def plan(self, name: str, fingerprint: str = "1") -> ClusterPlan:
        minute = timedelta(minutes=1)
        return ClusterPlan(name, None, minute, 3 * minute, self._opener(name), fingerprint)

    def _opener(self, name: str) -> Callable[[], AbstractAsyncContextManager[Collector]]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Collector]:
            self.open.add(name)
            self.opened.append(name)
            try:
                yield Silent()
            finally:
                self.open.discard(name)

        return opened

    async def becomes(self, *names: str) -> None:
        with anyio.fail_after(30):
            while self.open != set(names):
                await anyio.lowlevel.checkpoint()


class Silent:
    async def run(self, emit: Emit) -> None:
        await emit(Batch(standing=Standing(uid="uid", heard_at=NOW)))
        await anyio.sleep_forever()

    async def probe(self) -> None:
        return


@asynccontextmanager
async def fleet(*names: str) -> AsyncIterator[Fleet]:
    made = Fleet()
    for name in names:
        made.roster.add(made.plan(name))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.roster.run)
        await made.becomes(*names)
        yield made
        tasks.cancel_scope.cancel()
    assert made.open == set()


@pytest.mark.anyio
async def test_clusters_come_and_go_while_others_are_left_alone() -> None:
    async with fleet("east", "west") as one:
        one.roster.add(one.plan("south"))
        await one.becomes("east", "west", "south")
        one.roster.remove("east")
        await one.becomes("west", "south")
        assert one.opened.count("west") == 1
        assert [watched.plan.name for watched in one.roster] == ["south", "west"]


@pytest.mark.anyio
async def test_a_paused_cluster_is_asked_nothing_and_says_who_paused_it() -> None:
    async with fleet("east") as one:
        one.roster.pause("east", Pause("ada", NOW, "upgrade"))
        await one.becomes()
        watched = one.roster.get("east")
        assert watched is not None
        assert watched.source.standing is not None
        assert watched.source.standing.error == "paused by ada: upgrade"
        assert watched.source.standing.heard_at == NOW
        one.roster.resume("east")
        await one.becomes("east")
        assert watched.source.standing.error is None


@pytest.mark.anyio
async def test_a_replacement_touches_only_what_has_changed() -> None:
    async with fleet("east", "west", "north") as one:
        wanted = [one.plan("east"), one.plan("west", fingerprint="2"), one.plan("south")]
        assert one.roster.replace(wanted) == (["south"], ["west"], ["north"])
        with anyio.fail_after(30):
            while one.opened.count("west") < 2 or "north" in one.open:
                await anyio.lowlevel.checkpoint()
        await one.becomes("east", "west", "south")
        assert one.opened.count("east") == 1


@pytest.mark.anyio
async def test_a_paused_cluster_stays_paused_when_the_file_says_something_else_of_it() -> None:
    async with fleet("east", "west") as one:
        one.roster.pause("east", Pause("ada", NOW, "upgrade"))
        await one.becomes("west")
        assert one.roster.replace([one.plan("east", fingerprint="2"), one.plan("west")]) == ([], ["east"], [])
        watched = one.roster.get("east")
        assert watched is not None
        assert watched.pause == Pause("ada", NOW, "upgrade")
        one.roster.resume("east")
        await one.becomes("east", "west")


@pytest.mark.anyio
async def test_a_cluster_added_before_the_start_waits_for_it() -> None:
    made = Fleet()
    made.roster.add(made.plan("east"))
    await anyio.lowlevel.checkpoint()
    assert made.opened == []
