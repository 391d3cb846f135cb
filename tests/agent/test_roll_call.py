"""The roll call: a member is shown again when something about it changed, not because it grew older."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kronveil.agent.intake import Intake
from kronveil.agent.live import Live
from kronveil.agent.roll_call import RollCall
from kronveil.agent.roster import ClusterPlan, Roster
from kronveil.api import encode_item
from kronveil.logic.liveness import Liveness
from kronveil.model.fleet import ClusterState, KindStanding, Member, Standing
from kronveil.sdk.contracts import Collector

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Fleet:
    """One cluster, a roll call that is held when told to, and what was shown of it."""

    def __init__(self) -> None:
        self.now = NOON
        intake = Intake(lambda: self.now)
        self.roster = Roster((), intake, lambda: self.now)
        self.roster.add(
            ClusterPlan("east", None, timedelta(seconds=15), timedelta(seconds=60), _nothing, "", timedelta(seconds=30))
        )
        self.live = Live("epoch", encode_item)
        self.shown = self.live.join()
        self.roll_call = RollCall(self.roster, Liveness(), intake, self.live, lambda: self.now)

    def say(self, standing: Standing) -> None:
        watched = self.roster.get("east")
        assert watched is not None
        watched.source.update(standing)

    def pass_by(self, seconds: int, standing: Standing | None = None) -> list[ClusterState]:
        """The states that were shown in these seconds; with ``standing`` it is heard in each of them."""
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            if standing is not None:
                self.say(replace(standing, heard_at=self.now))
            self.roll_call.call()
        shown = [frame.item for frame in self.shown.take()]
        assert all(isinstance(each, Member) for each in shown)
        return [each.state for each in shown if isinstance(each, Member)]


@asynccontextmanager
async def _nothing() -> AsyncIterator[Collector]:
    raise AssertionError("not run here")
    yield


@pytest.mark.parametrize("error", [None, "no route to host"])
def test_a_cluster_that_falls_silent_is_shown_once_for_each_state(error: str | None) -> None:
    fleet = Fleet()
    standing = Standing(uid="uid", pods=3, nodes=1, error=error)
    assert fleet.pass_by(5, standing) == [ClusterState.LIVE]
    assert fleet.pass_by(300) == [ClusterState.STALE, ClusterState.UNREACHABLE]


def test_one_never_heard_from_is_shown_at_first_and_when_that_has_lasted_too_long() -> None:
    assert Fleet().pass_by(300) == [ClusterState.UNKNOWN, ClusterState.UNKNOWN]


def test_a_kind_that_falls_silent_is_shown_once_however_long_that_lasts() -> None:
    fleet = Fleet()
    standing = Standing(uid="uid", pods=3, nodes=1, kinds={"pods": KindStanding(synced=True, count=3, is_needed=True)})
    assert fleet.pass_by(200, standing) == [ClusterState.LIVE, ClusterState.PARTIAL]


def test_what_changes_is_shown_each_time() -> None:
    fleet = Fleet()
    for pods in (3, 4, 4, 5):
        fleet.pass_by(1, Standing(uid="uid", pods=pods, nodes=1))
    assert fleet.live.seq == 3
