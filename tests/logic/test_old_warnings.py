"""Warnings found by a first list: told when nobody was there to hear them, counted when somebody was."""

from datetime import timedelta

import pytest

from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import MergeEvent, RecordEvent
from kronveil.model.facts import WarningFacts
from tests.logic.scenes import EAST, Stage, at, pod, pulling

HOUR = 3600.0
OLD = WarningFacts("Failed", 3, "kubelet", "app", is_old=True)


def stage(heard: float | None) -> Stage:
    """An agent that last heard the cluster this many seconds after the beginning of time, or never."""
    return Stage(Triage(Rules(), heard={EAST.cluster_uid: at(heard)} if heard is not None else {}))


@pytest.mark.parametrize(
    ("heard", "happened", "is_told"),
    [
        (0.0, HOUR / 2, True),
        (HOUR, HOUR / 2, False),
        (HOUR, HOUR - 300, True),
        (None, HOUR / 2, False),
    ],
    ids=["while it was away", "while it was there", "just before it went", "before it ever was there"],
)
def test_what_happened_while_the_agent_was_away_is_told(heard: float | None, happened: float, *, is_told: bool) -> None:
    scene = stage(heard)
    effects = scene.sees(happened, pod(), OLD, key="e-1@7", received=2 * HOUR, message="Failed: no such image")
    (effect,) = effects
    assert isinstance(effect, RecordEvent if is_told else MergeEvent)
    if isinstance(effect, MergeEvent):
        assert (effect.into, effect.is_kept) == (effect.event.id, False)


def test_one_that_was_told_by_this_agent_is_not_told_again_when_the_collector_begins_anew() -> None:
    scene = stage(0)
    scene.sees(HOUR, pod(), OLD, key="e-1@7", received=2 * HOUR)
    effects = scene.sees(HOUR, pod(), OLD, key="e-1@7", received=2 * HOUR + 600)
    assert [type(one) for one in effects] == [MergeEvent]


def test_an_old_warning_that_was_told_before_is_no_evidence_twice() -> None:
    scene = stage(2 * HOUR)
    scene.pod(2 * HOUR, pulling())
    before = scene.only().event_count
    scene.sees(HOUR, pod(), OLD, key="e-1@7", received=2 * HOUR + 1, message="Failed: Failed to pull image")
    scene.tick(2 * HOUR + 5)
    assert scene.only().event_count == before


def test_a_fresh_one_of_a_first_list_is_told_as_ever() -> None:
    scene = stage(None)
    fresh = WarningFacts("Failed", 3, "kubelet", "app")
    effects = scene.sees(0, pod(), fresh, key="e-1@7", received=timedelta(minutes=3).total_seconds())
    assert [type(one) for one in effects] == [RecordEvent]


def test_old_warnings_alone_open_nothing_since_what_became_of_them_is_not_known() -> None:
    scene = stage(0)
    for number in (1, 2):
        mount = WarningFacts("FailedMount", number, "kubelet", is_old=True)
        scene.sees(HOUR + 300 * number, pod(), mount, key=f"e-{number}@7", received=2 * HOUR)
    scene.tick(2 * HOUR + 600)
    assert not scene.incidents()
