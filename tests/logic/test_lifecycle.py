"""The life of an incident: resolve, reopen, acknowledge, people's acts, restarts, and the bounds of what it holds."""

import gc
import sys
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from kronveil.logic.lifecycle import FIRST_EVIDENCE, MOST_CLEARED, MOST_MOMENTS, NEWEST_EVIDENCE, Refusal
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import RecordIncident
from kronveil.model.event import Severity
from kronveil.model.facts import GoneFacts, ListedFacts, NodeFacts, WarningFacts
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Resource
from tests.logic.scenes import (
    NODE,
    WEST,
    Stage,
    at,
    crashing,
    healthy,
    killed,
    pod_facts,
    pulling,
    stored,
    whats,
)

OPEN, ACKNOWLEDGED, RESOLVED = IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.RESOLVED
CLUSTER = Resource("Cluster", "us-east-prod", None, "uid-east")


def resolved(stage: Stage) -> str:
    """An incident opened at 0 and resolved by recovery at 70; its id."""
    stage.pod(0, pulling())
    stage.pod(10, healthy())
    stage.tick(70)
    assert stage.only().status is RESOLVED
    return stage.only().id


@pytest.mark.parametrize(("seconds", "incidents"), [(80, 1), (70 + 900, 1), (70 + 901, 2)])
def test_back_within_the_window_reopens_and_later_is_a_new_incident(seconds: int, incidents: int) -> None:
    stage = Stage()
    first = resolved(stage)
    stage.tick(seconds - 1)
    stage.pod(seconds, pulling(), "another-pod")
    assert len(stage.incidents()) == incidents
    back = stage.incidents()[first]
    assert back.status is (OPEN if incidents == 1 else RESOLVED)
    if incidents == 1:
        assert whats(back)[-1] == "reopened"
        assert back.resolved_at is None


def test_a_resolved_incident_is_forgotten_after_the_reopening_window() -> None:
    stage = Stage()
    first = resolved(stage)
    stage.tick(70 + 900)
    assert stage.triage.incident(first) is not None
    stage.tick(70 + 901)
    assert stage.triage.incident(first) is None
    assert stage.triage.held() == []


def test_acknowledging_twice_is_doing_it_once() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    (effect,) = stage.triage.acknowledge(stage.only().id, "ada", at(5))
    assert isinstance(effect, RecordIncident)
    assert (effect.incident.status, effect.incident.acknowledged_by) == (ACKNOWLEDGED, "ada")
    assert stage.triage.acknowledge(stage.only().id, "grace", at(6)) == []
    held = stage.triage.incident(stage.only().id)
    assert held is not None
    assert held.acknowledged_by == "ada"


def test_what_may_not_be_done_is_refused_with_a_reason() -> None:
    stage = Stage()
    over = resolved(stage)
    with pytest.raises(Refusal, match="resolved 2026-11-25T12:01:10"):
        stage.triage.acknowledge(over, "ada", at(100))
    with pytest.raises(Refusal, match="only an open incident can be resolved"):
        stage.triage.resolve(over, "ada", "", at(100))
    with pytest.raises(Refusal, match="inc_unknown is not open"):
        stage.triage.resolve("inc_unknown", "ada", "", at(100))


def test_a_persons_word_holds_against_what_is_in_flight_but_not_against_what_lasts() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.effects += stage.triage.resolve(stage.only().id, "ada", "rolled back", at(10))
    assert stage.only().timeline[-1].message == "Resolved by ada: rolled back"
    assert stage.only().timeline[-1].actor == "ada"
    stage.pod(12, pulling("ErrImagePull"))
    stage.pod(40, pulling())
    assert stage.only().status is RESOLVED
    stage.pod(70, pulling("ErrImagePull"))
    assert stage.only().status is OPEN


def test_a_persons_word_does_not_cover_another_pod_nor_a_new_kill() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)))
    stage.effects += stage.triage.resolve(stage.only().id, "ada", "", at(10))
    stage.pod(12, killed(at(0)))
    assert stage.only().status is RESOLVED
    stage.pod(14, killed(at(13)))
    assert stage.only().status is OPEN
    stage.effects += stage.triage.resolve(stage.only().id, "ada", "", at(20))
    stage.pod(21, killed(at(21)), "checkout-api-b")
    assert stage.only().status is OPEN


def test_a_persons_word_survives_a_restart() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.effects += stage.triage.resolve(stage.only().id, "ada", "", at(10))
    stage.restart()
    stage.pod(40, pulling())
    assert stage.only().status is RESOLVED
    stage.pod(71, pulling())
    assert stage.only().status is OPEN


def test_what_healed_while_nobody_watched_is_cleared_by_the_first_complete_list() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, crashing(), "still-broken", owner=Resource("Deployment", "other", "payments"))
    stage.sees(2, NODE, NodeFacts(ready=False))
    stage.restart(heard=at(2))
    stage.pod(101, crashing(), "still-broken", owner=Resource("Deployment", "other", "payments"), key="same@7")
    stage.sees(102, CLUSTER, ListedFacts("pods", at(100)))
    stage.sees(102, CLUSTER, ListedFacts("pods", at(100)), origin=WEST)
    stage.tick(162)
    statuses = {incident.family: incident.status for incident in stage.incidents().values()}
    assert statuses == {"image": RESOLVED, "crash": OPEN, "node": OPEN}
    image = next(one for one in stage.incidents().values() if one.family == "image")
    assert image.timeline[-2].message.endswith("not found any more when the cluster was listed again after a break")
    assert len(stage.events()) == 4


def test_what_is_seen_in_the_list_with_an_old_event_time_is_not_cleared_by_it() -> None:
    stage = Stage()
    stage.pod(-500, pulling(), received=1)
    stage.sees(2, CLUSTER, ListedFacts("pods", at(0)))
    stage.tick(100)
    assert stage.only().status is OPEN


def test_a_hold_goes_on_over_a_restart() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(10, healthy())
    stage.restart()
    stage.tick(69)
    assert stage.only().status is OPEN
    stage.tick(70)
    assert stage.only().status is RESOLVED


def test_an_acknowledged_incident_resolves_by_recovery_and_reopens_as_open() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.effects += stage.triage.acknowledge(stage.only().id, "ada", at(5))
    stage.pod(10, healthy())
    stage.tick(70)
    assert stage.only().status is RESOLVED
    stage.pod(80, pulling())
    assert (stage.only().status, stage.only().acknowledged_by) == (OPEN, None)


def test_a_made_again_deployment_is_the_same_place() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(5, GoneFacts())
    stage.pod(30, pulling(), "new-pod", owner=Resource("Deployment", "checkout-api", "payments", "another-uid"))
    assert len(stage.incidents()) == 1


def test_five_pods_at_once_are_worse_than_four_and_it_stays_so_until_the_end() -> None:
    stage = Stage()
    for nth in range(4):
        stage.pod(nth, pulling(), f"pod-{nth}")
    assert stage.only().severity is Severity.HIGH
    stage.pod(5, pulling(), "pod-4")
    assert stage.only().severity is Severity.CRITICAL
    stage.pod(6, healthy(), "pod-4")
    assert stage.only().severity is Severity.CRITICAL


def test_five_containers_of_one_pod_are_not_breadth() -> None:
    one = pulling().containers[0]
    names = [f"c{nth}" for nth in range(6)]
    stage = Stage()
    stage.pod(0, pod_facts(*[one.__class__(name, one.image, "waiting", "ErrImagePull") for name in names]))
    assert len(stage.only().conditions) == 6
    assert stage.only().severity is Severity.HIGH


# Warnings.


def warn(stage: Stage, seconds: float, reason: str, message: str = "x") -> None:
    stage.pod(seconds, WarningFacts(reason), message=message)


def test_warnings_open_nothing_and_are_evidence_for_the_incident_of_their_owner() -> None:
    stage = Stage()
    warn(stage, 0, "Failed", 'Failed to pull image "x"')
    warn(stage, 0, "FailedScheduling", "0/3 nodes are available")
    warn(stage, 0, "SomethingElse")
    assert stage.incidents() == {}
    stage.pod(5, pulling())
    warn(stage, 6, "BackOff", 'Back-off pulling image "x"')
    warn(stage, 7, "BackOff", 'Back-off pulling image "x"')
    stage.tick(10)
    incident = stage.only()
    failed, _, _, symptom, back_off = stage.events()
    assert set(incident.evidence) == {failed.id, symptom.id, back_off.id, stage.merged()[0].event.id}
    assert [moment.message for moment in incident.timeline][1:] == [
        'Before it: Failed to pull image "x"',
        'BackOff: Back-off pulling image "x"',
    ]
    assert incident.event_count == 4
    assert (back_off.kind, back_off.severity) == ("kubernetes.warning", Severity.LOW)
    assert back_off.attributes == {"reason": "BackOff", "count": 1}


def test_a_warning_is_no_sign_that_a_symptom_lasts_or_is_over() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    warn(stage, 5, "BackOff", "Back-off pulling image")
    assert stage.only().conditions[0].seen_at == at(0)


def test_a_warning_of_long_before_is_not_evidence() -> None:
    stage = Stage()
    warn(stage, 0, "Failed", "Failed to pull image")
    stage.tick(121)
    stage.pod(122, pulling())
    assert len(stage.only().evidence) == 1


# Bounds.


def test_evidence_keeps_the_first_and_the_newest() -> None:
    stage = Stage()
    for nth in range(100):
        stage.pod(nth * 31, pulling(), key=f"uid@{nth}")
    stage.tick(4000)
    ids = [event.id for event in stage.events()]
    assert stage.only().evidence == tuple(ids[:FIRST_EVIDENCE] + ids[-NEWEST_EVIDENCE:])
    assert stage.only().event_count == 100


def test_a_long_story_keeps_its_beginning_and_its_end_and_says_what_it_left_out() -> None:
    stage = Stage()
    for nth in range(150):
        stage.pod(nth * 2, pulling(), key=f"uid@{nth * 2}")
        stage.pod(nth * 2 + 1, healthy(), key=f"uid@{nth * 2 + 1}")
        if nth % 40 == 0:
            stage.restart()
    timeline = stage.only().timeline
    assert len(timeline) == MOST_MOMENTS
    assert timeline[0].what == "opened"
    assert timeline[100].message == "101 lines left out"
    assert (timeline[-1].what, timeline[-1].at) == ("recovered", at(299))


def test_conditions_long_over_are_let_go() -> None:
    stage = Stage()
    for nth in range(300):
        stage.pod(nth, crashing(), f"pod-{nth}")
        stage.pod(nth + 0.5, GoneFacts(), f"pod-{nth}")
    assert len(stage.only().conditions) <= MOST_CLEARED + 1
    stage.tick(400)
    assert stage.only().status is RESOLVED
    stage.tick(400 + 901)
    assert stage.triage._cases._conditions == {}


def test_nothing_is_left_in_memory_when_all_is_long_over() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=False))
    stage.pod(1, killed(at(1)))
    warn(stage, 2, "FailedScheduling")
    stage.sees(3, NODE, NodeFacts(ready=True))
    stage.pod(4, GoneFacts())
    for seconds in (64, 1000, 2000):
        stage.tick(seconds)
    triage = stage.triage
    assert triage._cases.__dict__ == {name: {} for name in triage._cases.__dict__}
    judging = triage._judging
    assert (judging.kills._of, judging.placing.warnings._of, len(judging.waiting), len(triage._window)) == (
        {},
        {},
        0,
        0,
    )


def test_rules_say_how_far_back_to_restore() -> None:
    assert Rules().memory == timedelta(hours=1)
    assert Rules(one_shot_lookback=timedelta(0)).memory == Rules().reopen_within


def test_restoring_tells_nothing_and_holds_what_was_held() -> None:
    stage = Stage()
    resolved(stage)
    stage.pod(80, crashing(), "b")
    before = stage.triage.held()
    again = Triage(Rules(), list(stored(stage.effects).values()))
    assert again.held() == before
    assert again.tick(at(81)) == []
    assert [incident.family for incident in before] == ["crash", "image"]


def test_an_owner_learned_late_does_not_make_a_second_incident() -> None:
    stage = Stage()
    stage.pod(0, pulling(), owner=None)
    stage.pod(10, pulling("ErrImagePull"))
    stage.pod(20, healthy())
    stage.tick(80)
    stage.pod(90, pulling())
    assert (stage.only().status, whats(stage.only())[-1]) == (OPEN, "reopened")


def test_an_observation_costs_the_same_whatever_is_open() -> None:
    assert calls_of_one_more(2000) == calls_of_one_more(300)


def note_call(calls: Counter[str], _frame: object, what: str, _arg: object) -> None:
    calls[what] += 1


def calls_of_one_more(open_incidents: int) -> list[int]:
    """How many Python calls a new failure, a repeat and a recovery take beside that many open incidents."""
    stage = Stage()
    for nth in range(open_incidents):
        stage.pod(nth / 1000, pulling(), f"pod-{nth}", owner=Resource("Deployment", f"d-{nth}", "payments"))
    counts = []
    for facts in (pulling(), pulling(), healthy()):
        calls = Counter[str]()
        gc.disable()  # a collection calls back, and is no cost of this observation
        sys.setprofile(partial(note_call, calls))
        try:
            stage.pod(3, facts, "one-more", owner=Resource("Deployment", "one-more", "payments"))
        finally:
            sys.setprofile(None)
            gc.enable()
        counts.append(calls["call"])
    return counts
