"""Silences: what they cover, what they would cover, and that hushed is never hidden."""

from dataclasses import replace

import pytest

from kronveil.logic.suppression import covering, preview
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import RecordIncident
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Resource
from kronveil.model.silence import Silence
from tests.logic.scenes import WEST, Stage, at, crashing, healthy, pulling, whats

LEDGER = Resource("Deployment", "ledger", "payments", "d-2")
ALL = Silence("sil_1", at(0), at(600), "ada", "we know")
MAINTENANCE = replace(ALL, id="sil_2", reason="new nodes", is_maintenance=True)


@pytest.mark.parametrize(
    ("fields", "is_covered"),
    [
        ({}, True),
        ({"cluster": "us-east-prod"}, True),
        ({"cluster": "us-*"}, True),
        ({"cluster": "*"}, True),
        ({"cluster": "us-"}, False),
        ({"cluster": "eu-*"}, False),
        ({"namespace": "payments", "owner": "checkout-api", "kind": "pod.image_pull_failed"}, True),
        ({"namespace": "payments", "owner": "ledger"}, False),
        ({"kind": "pod.*"}, True),
        ({"kind": "node.*"}, False),
        ({"owner": "checkout*"}, True),
    ],
)
def test_a_silence_covers_what_all_of_its_fields_match(fields: dict[str, str], *, is_covered: bool) -> None:
    stage = Stage()
    stage.pod(0, pulling())
    silence = replace(ALL, **fields)
    assert covering([silence], stage.only(), at(5)) == (silence if is_covered else None)
    assert covering([silence], stage.events()[0], at(5)) == (silence if is_covered else None)
    assert preview([silence], stage.triage.held()) == ((stage.only(),) if is_covered else ())


@pytest.mark.parametrize(("seconds", "is_covered"), [(-1, False), (0, True), (599, True), (600, False)])
def test_a_silence_covers_from_its_beginning_until_before_its_end(seconds: int, *, is_covered: bool) -> None:
    stage = Stage()
    stage.pod(0, pulling())
    assert (covering([ALL], stage.only(), at(seconds)) is not None) is is_covered


def test_of_several_the_one_that_lasts_longest_is_named() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    longer = replace(ALL, id="sil_9", ends_at=at(900))
    assert covering([ALL, longer], stage.only(), at(5)) is longer


def test_an_incident_opened_under_a_silence_is_hushed_until_it_ends() -> None:
    stage = Stage(Triage(Rules(), silences=[MAINTENANCE]))
    stage.pod(10, pulling())
    incident = stage.only()
    assert (incident.is_silenced, incident.status, whats(incident)) == (
        True,
        IncidentStatus.OPEN,
        ["opened", "silenced"],
    )
    assert "by maintenance of ada: new nodes" in incident.timeline[-1].message
    stage.tick(599)
    assert stage.only().is_silenced
    stage.tick(600)
    assert (stage.only().is_silenced, whats(stage.only())[-1]) == (False, "unsilenced")
    assert stage.tick(700) == []


def test_a_silence_made_later_hushes_what_is_open_and_its_end_is_heard_at_once() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, crashing(), "ledger-a", owner=LEDGER)
    effects = stage.triage.set_silences([replace(ALL, owner="ledger")], at(5))
    assert [one.incident.resource.name for one in effects if isinstance(one, RecordIncident)] == ["ledger"]
    assert stage.triage.set_silences([replace(ALL, owner="ledger")], at(6)) == []
    (effect,) = stage.triage.set_silences([], at(7))
    assert isinstance(effect, RecordIncident)
    assert not effect.incident.is_silenced


def test_a_silence_that_begins_later_hushes_when_it_begins() -> None:
    stage = Stage(Triage(Rules(), silences=[replace(ALL, starts_at=at(100))]))
    stage.pod(0, pulling())
    stage.tick(99)
    assert not stage.only().is_silenced
    stage.tick(100)
    assert stage.only().is_silenced


def test_a_group_is_hushed_when_all_that_is_open_under_it_is() -> None:
    stage = Stage(Triage(Rules(), silences=[replace(ALL, cluster="us-east-prod")]))
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    group = next(one for one in stage.triage.held() if one.children)
    assert not group.is_silenced
    stage.triage.set_silences([ALL], at(5))
    held = stage.triage.incident(group.id)
    assert held is not None
    assert held.is_silenced
    stage.triage.set_silences([], at(6))
    assert [one.is_silenced for one in stage.triage.held()] == [False, False, False]


def test_what_was_hushed_before_a_start_is_looked_at_after_it() -> None:
    stage = Stage(Triage(Rules(), silences=[ALL]))
    stage.pod(0, pulling())
    kept = list(stage.incidents().values())
    stage.triage = Triage(Rules(), kept, silences=[ALL])
    assert stage.tick(10) == []
    stage.triage = Triage(Rules(), kept)
    stage.tick(10)
    assert not stage.only().is_silenced


def test_a_hushed_incident_lives_as_any_other() -> None:
    stage = Stage(Triage(Rules(), silences=[ALL]))
    stage.pod(0, pulling())
    stage.pod(10, healthy())
    stage.tick(70)
    assert stage.only().status is IncidentStatus.RESOLVED
    assert preview([ALL], stage.triage.held()) == ()
