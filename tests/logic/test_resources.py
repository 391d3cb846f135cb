"""Custom resources by their conditions: what an operator calls bad is a symptom once it has lasted."""

from datetime import timedelta

import pytest

from kronveil.logic.kinds import is_symptom
from kronveil.logic.symptoms import is_over, symptoms_of
from kronveil.logic.triage import KindRule, Rules, Triage
from kronveil.model.event import Severity
from kronveil.model.facts import ConditionFacts, GoneFacts, ListedFacts, ResourceFacts
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Resource
from tests.logic.scenes import EAST, Stage, at

DATABASE = Resource("Database", "orders", "shop", "uid-orders")


def ready(status: str, *, bad: tuple[str, ...] = ("False",), since: float = 0, reason: str = "") -> ResourceFacts:
    condition = ConditionFacts(
        "Ready", status, "resource.database_down", "high", timedelta(minutes=2), bad, reason, since=at(since)
    )
    return ResourceFacts((condition,))


def test_it_counts_when_it_has_lasted_since_its_own_transition_and_is_titled_by_the_condition() -> None:
    stage = Stage()
    stage.sees(30, DATABASE, ready("False", reason="Crashed"))
    stage.tick(100)
    assert not stage.incidents()
    stage.tick(121)
    incident = stage.only()
    assert (incident.kind, incident.family, incident.severity) == ("resource.database_down", "resource", Severity.HIGH)
    assert incident.title == "Database shop/orders: Ready is False"
    (told,) = [event for event in stage.events() if event.kind == "resource.database_down"]
    assert told.message == "Ready is False: Crashed"
    assert [one.result for one in stage.triage.explain(told.id) or () if one.name == "judged"] == ["symptom"]


@pytest.mark.parametrize(
    ("status", "bad", "is_it_over"),
    [
        ("True", ("False",), True),
        ("False", ("False",), False),
        ("Unknown", ("False",), False),
        ("", ("False",), False),
        ("Unknown", ("False", "Unknown"), False),
        ("False", ("True",), True),
        ("Unknown", ("True",), False),
        ("True", ("Unknown",), True),
    ],
)
def test_only_a_status_that_is_plainly_good_ends_it(status: str, bad: tuple[str, ...], *, is_it_over: bool) -> None:
    assert is_over("resource.database_down", "Ready", ready(status, bad=bad)) is is_it_over


def test_it_ends_when_nobody_asks_for_the_condition_any_more_and_with_the_object() -> None:
    assert is_over("resource.database_down", "Backup", ready("False"))
    assert is_over("resource.database_down", "Ready", GoneFacts())


def test_an_incident_resolves_by_observed_recovery_alone() -> None:
    stage = Stage()
    stage.sees(0, DATABASE, ready("False"))
    stage.tick(121)
    stage.sees(200, DATABASE, ready("Unknown", since=200), key="uid-orders@2")
    stage.tick(400)
    assert stage.only().status is IncidentStatus.OPEN
    stage.sees(410, DATABASE, ready("True", since=410), key="uid-orders@3")
    stage.tick(471)
    assert stage.only().status is IncidentStatus.RESOLVED


def test_what_is_not_found_by_the_first_list_after_a_start_is_over() -> None:
    stage = Stage()
    stage.sees(0, DATABASE, ready("False"))
    stage.tick(121)
    stage.restart()
    stage.sees(300, Resource("Cluster", EAST.cluster_name), ListedFacts("Database", at(290)))
    stage.tick(361)
    assert stage.only().status is IncidentStatus.RESOLVED


def test_operators_may_switch_it_off_or_judge_it_anew_like_any_kind() -> None:
    off = Stage(Triage(Rules(kinds={"resource.database_down": KindRule(enabled=False)})))
    off.sees(0, DATABASE, ready("False"))
    off.tick(1000)
    assert not off.incidents()
    (symptom,) = Rules(kinds={"resource.database_down": KindRule(severity=Severity.LOW)}).applied(
        symptoms_of(ready("False"))
    )
    assert symptom.severity is Severity.LOW


def test_names_of_operators_are_symptoms_and_the_neutral_ones_are_not() -> None:
    assert is_symptom("resource.database_down")
    assert is_symptom("resource.unhealthy")
    assert not is_symptom("resource.changed")
    assert not is_symptom("pod.running")
