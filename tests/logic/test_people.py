"""What people do to incidents: legal or refused with a reason, told with the actor, once, and undone for 10 s."""

from collections.abc import Callable

import pytest

from kronveil.logic.lifecycle import Refusal
from kronveil.logic.people import LEGAL
from kronveil.model.effects import Effect, RecordIncident
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.resource import Resource
from tests.logic.scenes import WEST, Stage, at, crashing, healthy, pulling, whats

OPEN, ACKNOWLEDGED, RESOLVED = IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.RESOLVED
LEDGER = Resource("Deployment", "ledger", "payments", "d-2")
Act = Callable[[Stage, str], list[Effect]]

ACTS: dict[str, Act] = {
    "acknowledge": lambda stage, one: stage.triage.acknowledge(one, "ada", at(100)),
    "resolve": lambda stage, one: stage.triage.resolve(one, "ada", "", at(100)),
    "reopen": lambda stage, one: stage.triage.reopen(one, "ada", "", at(100)),
    "assign": lambda stage, one: stage.triage.assign(one, "grace", "ada", at(100)),
    "note": lambda stage, one: stage.triage.note(one, "it is the registry", "ada", at(100)),
    "pin": lambda stage, one: stage.triage.pin(one, "evt_1", "ada", at(100)),
}


def opened() -> tuple[Stage, str]:
    stage = Stage()
    stage.pod(0, pulling())
    return stage, stage.only().id


def resolved() -> tuple[Stage, str]:
    stage, one = opened()
    stage.pod(1, healthy())
    stage.tick(61)
    return stage, one


def two() -> tuple[Stage, str, str]:
    stage, one = opened()
    stage.pod(1, crashing(), "ledger-a", owner=LEDGER)
    return stage, one, list(stage.incidents())[1]


def now(stage: Stage, one: str) -> Incident:
    held = stage.triage.incident(one)
    assert held is not None
    return held


@pytest.mark.parametrize("verb", ACTS)
def test_each_act_is_in_the_story_with_its_actor_and_doing_it_twice_is_doing_it_once(verb: str) -> None:
    stage, one = resolved() if verb == "reopen" else opened()
    (effect,) = ACTS[verb](stage, one)
    assert isinstance(effect, RecordIncident)
    assert effect.incident.timeline[-1].actor == "ada"
    if verb != "resolve":
        version = now(stage, one).version
        assert ACTS[verb](stage, one) == []
        assert now(stage, one).version == version


@pytest.mark.parametrize("verb", ACTS)
def test_a_resolved_incident_takes_only_what_the_table_allows(verb: str) -> None:
    stage, one = resolved()
    if RESOLVED in LEGAL[verb]:
        assert ACTS[verb](stage, one)
    else:
        with pytest.raises(Refusal, match="was resolved 2026"):
            ACTS[verb](stage, one)


@pytest.mark.parametrize("verb", ACTS)
def test_an_incident_that_is_not_held_is_refused(verb: str) -> None:
    with pytest.raises(Refusal, match="is not open"):
        ACTS[verb](Stage(), "inc_unknown")


def test_assigning_names_and_takes_away() -> None:
    stage, one = opened()
    stage.triage.assign(one, " grace ", "ada", at(1))
    assert now(stage, one).assigned_to == "grace"
    stage.triage.assign(one, "", "ada", at(2))
    assert (now(stage, one).assigned_to, now(stage, one).timeline[-1].message) == (None, "Taken from grace by ada")


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001])
def test_a_note_says_something_and_not_a_book(text: str) -> None:
    stage, one = opened()
    with pytest.raises(Refusal, match="characters"):
        stage.triage.note(one, text, "ada", at(1))


def test_what_a_person_reopened_stays_open_until_a_person_or_a_new_trouble_ends_it() -> None:
    stage, one = resolved()
    stage.effects += stage.triage.reopen(one, "ada", "still slow", at(100))
    stage.tick(500)
    stage.restart()
    stage.tick(1000)
    assert now(stage, one).status is OPEN
    stage.pod(1100, pulling())
    stage.pod(1110, healthy())
    stage.tick(1170)
    assert now(stage, one).status is RESOLVED


def test_pinned_evidence_is_never_pushed_out() -> None:
    stage, one = opened()
    stage.triage.pin(one, "evt_pinned", "ada", at(1))
    for nth in range(200):
        stage.pod(2 + nth * 40, pulling() if nth % 2 else crashing())
    stage.tick(10_000)
    assert "evt_pinned" in now(stage, one).evidence


def test_merged_incidents_keep_what_they_are_and_close_alone() -> None:
    stage, one, other = two()
    before = now(stage, other)
    effects = stage.triage.merge([one, other, one], "ada", at(5))
    assert {effect.incident.id for effect in effects if isinstance(effect, RecordIncident)} == {one, other}
    assert len(effects) == 2
    after = now(stage, other)
    assert (after.parent_id, after.title, after.status) == (one, before.title, before.status)
    assert now(stage, one).children == (other,)
    assert stage.triage.merge([one, other], "grace", at(6)) == []
    stage.pod(10, healthy(), "ledger-a", owner=LEDGER)
    stage.tick(70)
    assert (now(stage, other).status, now(stage, one).status) == (RESOLVED, OPEN)


def test_what_cannot_be_merged_says_why() -> None:
    stage, one, other = two()
    with pytest.raises(Refusal, match="two incidents or more"):
        stage.triage.merge([one, one], "ada", at(5))
    stage.triage.merge([one, other], "ada", at(5))
    with pytest.raises(Refusal, match=f"is under {one}; merge into that one"):
        stage.triage.merge([other, one], "ada", at(6))
    stage.pod(7, crashing(), "third", owner=Resource("Deployment", "third", "payments"))
    third = next(held.id for held in stage.triage.held() if held.resource.name == "third")
    with pytest.raises(Refusal, match="split it off first"):
        stage.triage.merge([third, other], "ada", at(8))


def test_what_a_person_split_is_put_under_nothing_again_but_by_a_person() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    west = next(held for held in stage.triage.held() if held.cluster.uid == "uid-west")
    assert west.parent_id is not None
    stage.triage.split(west.id, "ada", at(5))
    assert stage.triage.split(west.id, "ada", at(6)) == []
    stage.pod(10, healthy(), origin=WEST)
    stage.tick(70)
    stage.pod(100, pulling(), origin=WEST)
    again = now(stage, west.id)
    assert (again.status, again.parent_id) == (OPEN, None)
    stage.triage.merge([west.parent_id, west.id], "ada", at(110))
    assert now(stage, west.id).parent_id == west.parent_id


def test_splitting_what_is_under_nothing_is_refused() -> None:
    stage, one = opened()
    with pytest.raises(Refusal, match="under no other"):
        stage.triage.split(one, "ada", at(5))


def test_a_group_whose_last_child_is_split_off_is_over() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    group = next(held for held in stage.triage.held() if held.children)
    for nth, child in enumerate(group.children):
        stage.triage.split(child, "ada", at(5 + nth))
    assert now(stage, group.id).status is RESOLVED


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "reopen", "assign", "pin"])
def test_an_act_is_undone_as_if_it_had_not_been(verb: str) -> None:
    stage, one = resolved() if verb == "reopen" else opened()
    before = now(stage, one)
    ACTS[verb](stage, one)
    (effect,) = stage.triage.undo(one, "ada", at(110))
    assert isinstance(effect, RecordIncident)
    after = effect.incident
    assert whats(after)[-1] == ("resolved" if verb == "reopen" else "undone")
    assert (after.status, after.acknowledged_by, after.assigned_to, after.evidence) == (
        before.status,
        before.acknowledged_by,
        before.assigned_to,
        before.evidence,
    )
    active = [one.kind for one in after.conditions if one.cleared_at is None]
    assert active == [one.kind for one in before.conditions if one.cleared_at is None]
    with pytest.raises(Refusal, match="nothing can be undone"):
        stage.triage.undo(one, "ada", at(110))


def test_merging_and_splitting_are_undone() -> None:
    stage, one, other = two()
    stage.triage.merge([one, other], "ada", at(5))
    stage.triage.undo(one, "ada", at(6))
    assert (now(stage, one).children, now(stage, other).parent_id) == ((), None)
    stage.triage.merge([one, other], "ada", at(7))
    stage.triage.split(other, "ada", at(8))
    stage.triage.undo(other, "ada", at(9))
    assert (now(stage, one).children, now(stage, other).parent_id) == ((other,), one)


def test_what_was_resolved_too_early_and_undone_goes_on_and_ends_by_recovery() -> None:
    stage, one = opened()
    stage.triage.resolve(one, "ada", "", at(5))
    stage.triage.undo(one, "ada", at(8))
    stage.pod(20, healthy())
    stage.tick(80)
    assert whats(now(stage, one)) == ["opened", "resolved", "undone", "recovered", "resolved"]


def test_undoing_is_for_who_did_it_at_once_and_for_what_is_still_so() -> None:
    stage, one = opened()
    stage.triage.acknowledge(one, "ada", at(5))
    with pytest.raises(Refusal, match="Only ada"):
        stage.triage.undo(one, "grace", at(6))
    with pytest.raises(Refusal, match="in the last 10 s"):
        stage.triage.undo(one, "ada", at(20))
    stage.triage.assign(one, "grace", "ada", at(30))
    stage.triage.resolve(one, "grace", "", at(31))
    with pytest.raises(Refusal, match="Only grace"):
        stage.triage.undo(one, "ada", at(32))
    stage.tick(100)
    assert stage.triage._people._deeds == {}


def test_more_evidence_meanwhile_keeps_nobody_from_undoing() -> None:
    stage, one = opened()
    stage.triage.acknowledge(one, "ada", at(5))
    stage.pod(6, pulling(), "another")
    assert stage.triage.undo(one, "ada", at(7))
    assert now(stage, one).status is OPEN


def test_acknowledging_a_group_is_undone_for_all_of_it() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    group = next(held for held in stage.triage.held() if held.children)
    assert len(stage.triage.acknowledge(group.id, "ada", at(5))) == 3
    assert len(stage.triage.undo(group.id, "ada", at(6))) == 3
    assert {held.status for held in stage.triage.held()} == {OPEN}


def test_what_got_better_after_an_act_is_mitigated_resolves_by_itself_and_is_open_again_when_a_symptom_is_back() -> (
    None
):
    stage, one = opened()
    assert stage.triage.mitigate(one, "rolled back", "kronveil", at(1)) == [], "the symptom is still there"
    stage.pod(2, healthy())
    assert stage.triage.mitigate(one, "rolled back", "kronveil", at(3)) != []
    assert now(stage, one).status is IncidentStatus.MITIGATED
    assert stage.triage.mitigate(one, "rolled back", "kronveil", at(4)) == [], "told once"
    stage.pod(10, pulling())
    assert now(stage, one).status is OPEN
    stage.pod(20, healthy())
    stage.triage.mitigate(one, "rolled back", "kronveil", at(21))
    stage.tick(90)
    assert now(stage, one).status is RESOLVED
    assert [what for what in whats(now(stage, one)) if what in ("mitigated", "resolved")] == [
        "mitigated",
        "mitigated",
        "resolved",
    ]


def test_what_was_acknowledged_is_so_again_when_it_was_not_cured() -> None:
    stage, one = opened()
    stage.triage.acknowledge(one, "ada", at(1))
    stage.pod(2, healthy())
    stage.triage.mitigate(one, "rolled back", "kronveil", at(3))
    stage.pod(10, pulling())
    assert now(stage, one).status is ACKNOWLEDGED
