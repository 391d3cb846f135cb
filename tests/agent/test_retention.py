"""What the agent forgets by itself: each pass bounded, the next where it ended, and nothing that may still change."""

from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest

from kronveil.agent import retention
from kronveil.agent.retention import Keep, Retention
from kronveil.sdk.errors import Transient
from kronveil.sdk.storage import EventQuery, IncidentQuery, Store, Sweep, Writes
from kronveil.sdk.testing.samples import START, event, incident, moment, resolved, silence
from kronveil.stores.sqlite import open_sqlite
from tests.sdk.bad_stores import Good

pytestmark = pytest.mark.anyio


class Looked(Good):
    """Tells from where each step over incidents began; may say that there is always more."""

    def __init__(self, store: Store, *, is_endless: bool = False) -> None:
        super().__init__(store)
        self.began: list[str | None] = []
        self.is_endless = is_endless
        self.is_full = False
        self.has_looked = anyio.Event()
        self.has_failed = anyio.Event()

    async def forget_incidents(self, resolved_before: datetime, after: str | None, limit: int) -> Sweep:
        if self.is_full:
            self.has_failed.set()
            raise Transient("the disk is full")
        self.began.append(after)
        self.has_looked.set()
        if self.is_endless:
            return Sweep(0, f"place {len(self.began)}")
        return await super().forget_incidents(resolved_before, after, limit)


def kept(store: Store, *, days: float) -> Retention:
    """Events a day, incidents three, as it is ``days`` after the samples begin."""
    now = START + timedelta(days=days)
    return Retention(store, Keep(timedelta(days=1), timedelta(days=3)), lambda: now)


async def test_events_incidents_and_silences_go_when_their_time_is_over(tmp_path: Path) -> None:
    over = resolved(incident(1, cites=("event-1",)), moment(9))
    async with open_sqlite(tmp_path) as store:
        long_over = silence(1, ends_at=moment(9))
        await store.save(Writes(events=(event(1), event(2)), incidents=(over, incident(2)), silences=(long_over,)))
        await kept(store, days=2).sweep()
        assert [each.id for each in (await store.events(EventQuery())).items] == ["event-1"], "cited by what is kept"
        assert len((await store.incidents(IncidentQuery())).items) == 2
        await kept(store, days=4).sweep()
        assert (await store.events(EventQuery())).items == (), "the incident that cited it went first"
        assert [each.id for each in (await store.incidents(IncidentQuery())).items] == ["incident-2"], "it is open"
        assert await store.silences(ended=True) == ()


async def test_a_pass_is_bounded_and_the_next_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAUSE_S", 0)
    async with open_sqlite(tmp_path) as store:
        looked = Looked(store, is_endless=True)
        one = kept(looked, days=4)
        await one.sweep()
        assert looked.began == [None, *(f"place {n}" for n in range(1, retention.STEPS_A_BEAT))]
        await one.sweep()
        assert looked.began[retention.STEPS_A_BEAT] == f"place {retention.STEPS_A_BEAT}"
        looked.is_endless = False
        looked.began.clear()
        one = kept(looked, days=4)
        await one.sweep()
        await one.sweep()
        assert looked.began == [None, None], "at the end it begins anew"


async def test_what_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BEAT_S", 0.01)
    async with open_sqlite(tmp_path) as store, anyio.create_task_group() as tasks:
        looked = Looked(store)
        looked.is_full = True
        tasks.start_soon(kept(looked, days=4).run)
        with anyio.fail_after(30):
            await looked.has_failed.wait()
            looked.is_full = False
            await looked.has_looked.wait()
        tasks.cancel_scope.cancel()
