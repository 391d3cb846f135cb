"""What became of an event, stage by stage."""

from kronveil.logic.explain import Stage as Step
from kronveil.logic.explain import Traces
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import MergeEvent, RecordEvent
from kronveil.model.facts import ClaimFacts, NodeFacts, PodFacts, WarningFacts
from kronveil.model.resource import Resource
from kronveil.model.silence import Silence
from tests.logic.scenes import NODE, WEST, Stage, at, container, crashing, healthy, pod_facts, pulling


def steps(stage: Stage, nth: int = -1) -> tuple[Step, ...]:
    event = [effect.event for effect in stage.effects if isinstance(effect, RecordEvent | MergeEvent)][nth]
    found = stage.triage.explain(event.id)
    assert found is not None
    return found


def results(stage: Stage, nth: int = -1) -> list[str]:
    return [f"{one.name}: {one.result}" for one in steps(stage, nth)]


def reason(stage: Stage, name: str, nth: int = -1) -> str:
    return next(one.reason for one in steps(stage, nth) if one.name == name)


def test_an_event_that_opens_an_incident_is_told_from_arrival_to_the_store() -> None:
    stage = Stage()
    stage.pod(0, pulling(), received=2)
    assert results(stage) == [
        "received: received",
        "judged: symptom",
        "dedup: new",
        "grouping: opened",
        "suppression: none",
        "routing: stored",
    ]
    assert reason(stage, "received").startswith("From kubernetes of us-east-prod at 2026-11-25T12:00:02.000Z, 2.0 s")
    assert stage.only().id in reason(stage, "grouping")
    assert steps(stage)[3].refs == (stage.only().id,)


def test_an_event_in_which_nothing_is_wrong_belongs_to_nothing() -> None:
    stage = Stage()
    stage.pod(0, healthy())
    assert results(stage)[1:5] == ["judged: neutral", "dedup: new", "grouping: none", "suppression: none"]


def test_a_repeat_names_what_it_repeats_and_whether_it_has_a_row() -> None:
    stage = Stage()
    for nth in range(12):
        stage.pod(nth / 10, pulling())
    first = stage.events()[0].id
    assert "its row is kept" in reason(stage, "dedup", 1)
    assert steps(stage, 1)[2].refs == (first,)
    assert "only counted" in reason(stage, "dedup", 11)
    assert results(stage, 11)[-1] == "routing: counted"
    assert "this very symptom" in reason(stage, "grouping", 11)


def test_how_an_event_came_to_its_incident_is_said() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=False))
    stage.pod(1, pod_facts(crashing().containers[0], node="worker-3"))
    assert "the pod's node is in trouble" in reason(stage, "grouping")
    stage.pod(2, pulling(), "b")
    stage.pod(3, pulling(), "c")
    assert "same cluster, owner and family" in reason(stage, "grouping")
    stage.pod(4, WarningFacts("Failed"), message="Failed to pull image")
    assert "the warning is about its owner" in reason(stage, "grouping")
    stage.pod(5, healthy(), "c")
    assert "a symptom of it is over" in reason(stage, "grouping")
    claim = Resource("PersistentVolumeClaim", "data", "payments", "pvc-1")
    stage.sees(6, claim, ClaimFacts("Lost"))
    stage.pod(7, PodFacts("Pending", scheduled=False, claims=("data",)), "d")
    assert "a claim that has no volume" in reason(stage, "grouping")


def test_a_late_report_decides_nothing_and_says_so() -> None:
    stage = Stage()
    stage.pod(10, healthy())
    stage.pod(5, pulling(), received=11)
    assert results(stage)[1] == "judged: late"


def test_what_came_under_another_and_what_is_hushed_is_told_as_it_is_now() -> None:
    silence = Silence("sil_1", at(0), at(600), "ada", "we know")
    stage = Stage(Triage(Rules(), silences=[silence]))
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    assert results(stage, 0)[3:6] == ["grouping: opened", "grouping: under", "suppression: hushed"]
    assert "we know" in reason(stage, "suppression", 0)


def test_a_reopening_is_told() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(10, healthy())
    stage.tick(70)
    stage.pod(100, pulling(), "another")
    assert results(stage)[3] == "grouping: reopened"


def test_what_time_raised_is_told_too() -> None:
    stage = Stage()
    stage.pod(0, pod_facts(container(ready=False), unready_since=at(0)))
    stage.tick(600)
    assert results(stage)[1:4] == ["judged: symptom", "dedup: new", "grouping: opened"]


def test_only_the_newest_are_held() -> None:
    stage = Stage()
    stage.triage._traces = Traces(size=3)
    for nth in range(5):
        stage.pod(nth * 40, healthy(), f"pod-{nth}")
    ids = [event.id for event in stage.events()]
    assert [stage.triage.explain(one) is not None for one in ids] == [False, False, True, True, True]
    assert len(stage.triage._traces._of) == 3
    assert stage.triage.explain("evt_unknown") is None
