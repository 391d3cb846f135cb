"""What repeats what within the window of event time."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.logic.dedup import BY_END, BY_TIME, BY_VERSION, KEPT_REPEATS, Latest, Window
from kronveil.logic.identity import event_id, fingerprint
from kronveil.model.effects import MergeEvent, RecordEvent
from kronveil.model.facts import GoneFacts, PodFacts
from tests.logic.scenes import START, WEST, Stage, healthy, pulling

WIDTH_S = 30
T0 = 1_764_072_000


def window() -> Window:
    return Window(timedelta(seconds=WIDTH_S))


def note(of: Window, number: int, at_s: float, *, now_s: int | None = None, print_: int = 1 << 100) -> int | None:
    """The number of the first event, None when this is one."""
    repeat = of.note(print_, number, int((T0 + at_s) * 1000), T0 + int(at_s) if now_s is None else T0 + now_s)
    return None if repeat is None else repeat[0]


def test_a_repeat_within_the_window_names_the_first_and_one_outside_is_a_first_again() -> None:
    seen = window()
    assert note(seen, 1, 0) is None
    assert note(seen, 2, 30) == 1
    assert note(seen, 3, 30.001) is None
    assert note(seen, 4, 31) == 3


def test_an_event_older_than_the_one_it_repeats_is_a_repeat_too() -> None:
    seen = window()
    assert note(seen, 1, 29) is None
    assert note(seen, 2, 1, now_s=29) == 1


def test_a_late_event_finds_its_first_even_when_there_is_a_newer_one() -> None:
    seen = window()
    note(seen, 1, 0)
    note(seen, 2, 45)
    assert note(seen, 3, 5, now_s=46) == 1


def test_only_the_first_ten_repeats_are_worth_a_row_and_the_same_report_none() -> None:
    seen = window()
    assert seen.note(7, 1, T0 * 1000, T0) is None
    assert seen.note(7, 1, T0 * 1000, T0) == (1, False)
    kept = [seen.note(7, 2 + nth, T0 * 1000 + nth, T0) for nth in range(20)]
    assert kept == [(1, nth < KEPT_REPEATS) for nth in range(20)]


def test_memory_is_given_back_when_nothing_new_can_repeat_any_more() -> None:
    seen = window()
    for second in range(300):
        for one in range(10):
            seen.note(one << 80 | second << 40, second, (T0 + second) * 1000, T0 + second)
        assert len(seen) <= 10 * (2 * WIDTH_S + 3)
    seen.forget(T0 + 1000)
    assert len(seen) == 0


def test_a_cluster_whose_clock_runs_ahead_does_not_make_others_forget() -> None:
    seen = window()
    note(seen, 1, 0)
    note(seen, 2, 86_400, now_s=1, print_=5 << 100)
    assert note(seen, 3, 2) == 1


@given(st.lists(st.integers(0, WIDTH_S * 1000), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_within_one_window_no_order_changes_how_many_are_first(times: list[int], chance: random.Random) -> None:
    shuffled = list(times)
    chance.shuffle(shuffled)
    for order in (times, shuffled):
        seen = window()
        firsts = [seen.note(9, number, T0 * 1000 + ms, T0 + 31) for number, ms in enumerate(order)]
        assert firsts.count(None) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200_000), st.integers(0, 29_000)), max_size=80))
def test_the_window_agrees_with_looking_at_every_first(arrivals: list[tuple[int, int, int]]) -> None:
    """Against the plain definition: a repeat is one within the width of any first that was received before it."""
    seen = window()
    firsts: list[tuple[int, int, int]] = []
    for number, (print_, at_ms, late_ms) in enumerate(sorted(arrivals, key=lambda one: one[1] + one[2])):
        near = [first for first in firsts if first[0] == print_ and abs(first[1] - at_ms) <= WIDTH_S * 1000]
        repeat = seen.note(print_ << 64, number, T0 * 1000 + at_ms, T0 + (at_ms + late_ms) // 1000)
        assert (repeat is None) == (not near)
        if repeat is None:
            firsts.append((print_, at_ms, number))
        else:
            assert repeat[0] in [first[2] for first in near]


def test_an_older_report_of_an_object_is_late_and_nothing_follows_its_end() -> None:
    latest = Latest(timedelta(seconds=30))
    subject = ("east", "uid")
    assert not latest.is_late(subject, (BY_VERSION, 10), T0)
    assert latest.is_late(subject, (BY_VERSION, 9), T0 + 1)
    assert not latest.is_late(subject, (BY_VERSION, 10), T0 + 1)
    assert not latest.is_late(subject, (BY_TIME, 1), T0 + 1)
    assert not latest.is_late(subject, (BY_END, 0), T0 + 2)
    assert latest.is_late(subject, (BY_VERSION, 11), T0 + 31)
    assert not latest.is_late(subject, (BY_VERSION, 1), T0 + 200)


def test_ids_are_stable_and_say_nothing_of_what_logic_knew() -> None:
    # Written out: a change here gives every stored event a second row after an upgrade.
    stage = Stage()
    stage.pod(0, pulling(), key="uid-1@42")
    assert stage.events()[0].id == "evt_e63556c82661b849e851d81a"
    assert event_id(1) == "evt_000000000000000000000001"
    assert fingerprint("c", "k", "o", "r", "p") != fingerprint("c", "k", "o", "rp", "")


def test_the_same_report_twice_is_a_repeat_with_the_same_id_and_no_row() -> None:
    stage = Stage()
    (first, _) = stage.pod(0, pulling(), key="uid-1@42")
    (again,) = stage.pod(0, pulling(), key="uid-1@42", received=3)
    assert isinstance(first, RecordEvent)
    assert isinstance(again, MergeEvent)
    assert (again.event.id, again.into, again.is_kept) == (first.event.id, first.event.id, False)
    stage.restart()
    stage.pod(0, pulling(), key="uid-1@42")
    assert {event.id for event in stage.events()} == {first.event.id}


def test_a_thousand_repeats_are_one_incident_and_a_handful_of_rows() -> None:
    stage = Stage()
    for nth in range(1000):
        stage.pod(nth / 50, pulling(), key=f"uid-1@{nth}")
        if nth % 50 == 0:
            stage.tick(nth / 50)
    stage.tick(22)
    assert len(stage.events()) == 1
    assert sum(merge.is_kept for merge in stage.merged()) == KEPT_REPEATS
    assert stage.only().event_count == 1000
    # Told when it opened and then at most once a second.
    assert stage.only().version <= 22
    assert stage.merged()[0].event.merged_into == stage.events()[0].id


def test_one_report_of_two_clusters_is_two_events() -> None:
    stage = Stage()
    stage.pod(0, pulling(), key="uid-1@42")
    stage.pod(0, pulling(), key="uid-1@42", origin=WEST)
    assert len({event.id for event in stage.events()}) == 2
    assert len([one for one in stage.incidents().values() if not one.children]) == 2


def test_a_recovery_that_repeats_within_the_window_is_not_lost() -> None:
    stage = Stage()
    for cycle in range(3):
        stage.pod(cycle * 4, pulling())
        stage.pod(cycle * 4 + 2, healthy())
    assert [merge.event.kind for merge in stage.merged()].count("pod.running") == 2
    assert all(condition.cleared_at is not None for condition in stage.only().conditions)


def test_an_onset_that_opens_an_incident_has_a_row_although_it_repeats() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.triage.resolve(stage.only().id, "ada", "rolled back", stage.events()[0].received_at)
    stage.pod(1, healthy())
    effects = stage.pod(5, pulling())
    assert isinstance(effects[0], RecordEvent)
    assert stage.only().timeline[-1].what == "reopened"
    assert stage.only().timeline[-1].event_id == effects[0].event.id


def test_a_late_report_changes_no_condition() -> None:
    stage = Stage()
    stage.pod(5, healthy())
    stage.pod(3, pulling(), received=6)
    stage.pod(9, GoneFacts())
    stage.pod(8, PodFacts("Pending", scheduled=False), received=10)
    assert stage.incidents() == {}
    assert len(stage.events()) == 4


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_that_no_clock_shows_is_taken_in_like_any_other(year: int) -> None:
    stage = Stage()
    seconds = (datetime(year, 1, 2, tzinfo=UTC) - START).total_seconds()
    stage.pod(seconds, pulling(), received=0)
    stage.pod(seconds, pulling(), key="again", received=1)
    assert stage.merged()[0].into == stage.events()[0].id
    assert len(stage.incidents()) == 1
