"""The agent's own clock steps back two hours: what it was in the middle of goes on, in the time it would have taken."""

from kronveil.model.facts import NodeFacts
from kronveil.model.incident import IncidentStatus
from tests.logic.scenes import NODE, Stage, healthy, pulling

LATER = 7_200.0


def test_what_was_healing_is_resolved_after_the_hold_not_when_the_clock_has_caught_up() -> None:
    stage = Stage()
    stage.pod(LATER, pulling())
    stage.pod(LATER + 10, healthy())
    for seconds in range(20, 140, 5):
        stage.tick(seconds)
        assert (stage.only().status is IncidentStatus.RESOLVED) == (seconds >= 80), seconds


def test_what_comes_back_meanwhile_opens_it_again() -> None:
    stage = Stage()
    stage.pod(LATER, pulling())
    stage.pod(LATER + 10, healthy())
    stage.tick(LATER + 100)
    assert stage.only().status is IncidentStatus.RESOLVED
    # Another pod: the source's own order, which the agent's clock does not touch, is not the subject here.
    stage.pod(30, pulling(), "checkout-api-b")
    assert stage.only().status is IncidentStatus.OPEN


def test_counts_are_told_at_once_and_not_two_hours_later() -> None:
    stage = Stage()
    stage.pod(LATER, pulling())
    for seconds in (10, 11, 12):  # the same again: counted, and told with the next visible change or by and by
        stage.pod(LATER + seconds, pulling(), received=seconds)
    assert stage.triage._cases._untold
    stage.tick(14)
    assert stage.only().event_count == 4
    assert not stage.triage._cases._untold


def test_a_node_that_came_and_went_before_is_calm_after_a_window_of_the_new_time() -> None:
    stage = Stage()
    for turn in range(8):
        stage.sees(LATER + 10 * turn, NODE, NodeFacts(ready=bool(turn % 2)))
    assert "node.flapping" in {held.kind for held in stage.only().conditions if held.cleared_at is None}
    for seconds in range(0, 1_500, 60):
        stage.tick(seconds)
    assert stage.only().status is IncidentStatus.RESOLVED
