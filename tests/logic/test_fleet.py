"""How members are judged by what was heard of them, and what their sums leave out."""

from datetime import timedelta

import pytest

from kronveil.logic.fleet import judge, total
from kronveil.model.fleet import ClusterState, KindStanding, Member, Standing
from tests.logic.scenes import START, at

LIVE, PARTIAL, STALE, UNREACHABLE, UNKNOWN = ClusterState
FORBIDDEN = {"events": KindStanding(error="forbidden"), "pods": KindStanding(synced=True, count=3)}
LISTING = {"pods": KindStanding()}


@pytest.mark.parametrize(
    ("standing", "state", "why"),
    [
        pytest.param(None, UNKNOWN, "not heard from yet, after 100 s", id="no word at all"),
        pytest.param(Standing(error="wrong certificate"), UNKNOWN, "wrong certificate", id="never heard, and why"),
        pytest.param(Standing(heard_at=at(99)), LIVE, None, id="heard a moment ago"),
        pytest.param(Standing(heard_at=at(200)), LIVE, None, id="its clock runs ahead"),
        pytest.param(Standing(heard_at=at(90), error="reset"), LIVE, "reset", id="an error, but heard lately"),
        pytest.param(Standing(heard_at=at(70)), LIVE, None, id="on the edge of stale"),
        pytest.param(Standing(heard_at=at(69)), STALE, "nothing heard for 31 s", id="silent for a while"),
        pytest.param(Standing(heard_at=at(-21)), UNREACHABLE, "nothing heard for 2 min", id="silent for long"),
        pytest.param(Standing(heard_at=at(-21), error="refused"), UNREACHABLE, "refused", id="silent, and why"),
        pytest.param(Standing(heard_at=at(99), kinds=FORBIDDEN), PARTIAL, "events: forbidden", id="one kind forbidden"),
        pytest.param(Standing(heard_at=at(99), kinds=LISTING), PARTIAL, "pods: not listed yet", id="first list runs"),
        pytest.param(Standing(heard_at=at(0), kinds=FORBIDDEN), STALE, "nothing heard for 100 s", id="age comes first"),
    ],
)
def test_a_member_is_judged_by_age_and_then_by_what_it_lacks(
    standing: Standing | None, state: ClusterState, why: str | None
) -> None:
    limits = {"stale_after": timedelta(seconds=30), "unreachable_after": timedelta(seconds=120)}
    assert judge(standing, **limits, since=START, now=at(100)) == (state, why)


def member(name: str, state: ClusterState, pods: int | None = 10, **more: object) -> Member:
    standing = Standing(uid=f"uid-{name}", heard_at=at(40), pods=pods, nodes=None if pods is None else 2)
    return Member(name, state, standing, at(100), **more)  # type: ignore[arg-type]


def test_totals_are_the_sums_of_those_that_report_and_name_the_others() -> None:
    members = [
        member("a", LIVE),
        member("b", PARTIAL, 5, why="events: forbidden"),
        member("c", STALE, 100, why="nothing heard for 60 s"),
        Member("d", UNKNOWN, Standing(), at(100), why="not heard from yet"),
    ]
    fleet = total(members, 7, at(100))
    assert (fleet.total, fleet.pods, fleet.nodes, fleet.events, fleet.complete) == (4, 15, 4, 7, False)
    assert fleet.by_state == {LIVE: 1, PARTIAL: 1, STALE: 1, UNREACHABLE: 0, UNKNOWN: 1}
    assert [(one.cluster, one.reason, one.age_s) for one in fleet.missing] == [
        ("c", "stale: nothing heard for 60 s", 60.0),
        ("d", "unknown: not heard from yet", None),
    ]


def test_a_fleet_of_which_nobody_was_heard_has_no_numbers_rather_than_zeros() -> None:
    fleet = total([Member("a", UNKNOWN, Standing(), at(100))], 0, at(100))
    assert (fleet.pods, fleet.nodes, fleet.complete) == (None, None, False)


def test_a_member_whose_pods_may_not_be_read_is_missing_from_the_totals() -> None:
    blind = member("b", PARTIAL, None, why="pods: forbidden")
    fleet = total([member("a", LIVE), blind], 0, at(100))
    assert (fleet.pods, fleet.complete) == (10, False)
    assert fleet.missing[0].reason == "pods and nodes not known: pods: forbidden"


def test_one_cluster_under_two_names_is_counted_once() -> None:
    fleet = total([member("a", LIVE), member("alias", LIVE, same_as="a")], 0, at(100))
    assert (fleet.total, fleet.pods, fleet.complete) == (1, 10, True)
    twins = [member("a", LIVE), Member("b", LIVE, Standing(uid="uid-a", pods=10, nodes=2), at(100))]
    assert total(twins, 0, at(100)).pods == 10


def test_a_cluster_that_is_lost_under_one_of_its_names_counts_by_the_other() -> None:
    fleet = total([member("a", UNREACHABLE), member("alias", LIVE, same_as="a")], 0, at(100))
    assert (fleet.total, fleet.pods, fleet.complete, fleet.by_state[LIVE]) == (1, 10, True, 1)


def test_an_empty_fleet_is_complete() -> None:
    fleet = total([], 0, at(0))
    assert (fleet.total, fleet.pods, fleet.complete) == (0, None, True)
