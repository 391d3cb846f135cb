"""Troubles of several workloads behind one service: one line, under which each stays what it is."""

from kronveil.logic import backends
from kronveil.model.facts import BackendFacts
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.resource import Origin, Resource
from tests.logic.scenes import EAST, WEST, Stage, at, crashing, healthy, pulling
from tests.logic.test_groups import fails, owner

OPEN, RESOLVED = IncidentStatus.OPEN, IncidentStatus.RESOLVED
CART, BASKET = (Resource("Service", name, "payments") for name in ("cart", "basket"))


def stand_behind(stage: Stage, seconds: float, *nths: int, origin: Origin = EAST, service: Resource = CART) -> None:
    """A service sends to pods of these owners."""
    facts = BackendFacts(service, tuple(map(owner, nths)))
    about = Resource("EndpointSlice", f"{service.name}-x", "payments", f"slice-{service.name}-{origin.cluster_uid}")
    stage.sees(seconds, about, facts, owner=service, origin=origin, key=f"{service.name}@{seconds}")


def served(stage: Stage) -> list[Incident]:
    return [one for one in stage.incidents().values() if one.key.startswith("service/")]


def test_workloads_behind_one_service_are_one_line_whose_children_stay_what_they_are_and_close_alone() -> None:
    stage = Stage()
    stand_behind(stage, 0, 1, 2, 3)
    fails(stage, 10, 1, crashing())
    fails(stage, 60, 2, pulling())
    fails(stage, 70, 9, pulling())
    (group,) = served(stage)
    one, other, apart = [each for each in stage.incidents().values() if each is not group]
    assert group.title == "2 workloads behind the service payments/cart are in trouble"
    assert (group.resource, group.cluster.uid, group.children) == (CART, "uid-east", (one.id, other.id))
    assert (one.parent_id, other.parent_id, apart.parent_id) == (group.id, group.id, None)
    assert (one.kind, other.kind) == ("pod.crash_looping", "pod.image_pull_failed")
    fails(stage, 80, 3, crashing())
    assert served(stage)[0].title.startswith("3 workloads behind")
    for nth in (1, 2):
        fails(stage, 90 + nth, nth, healthy())
    stage.tick(160)
    assert [each.status for each in stage.incidents().values()].count(RESOLVED) == 2
    assert served(stage)[0].status is OPEN
    fails(stage, 170, 3, healthy())
    stage.tick(240)
    assert served(stage)[0].status is RESOLVED


def test_what_fails_long_after_or_no_longer_stands_behind_it_is_another_trouble() -> None:
    stage = Stage()
    stand_behind(stage, 0, 1, 2)
    fails(stage, 10, 1, crashing())
    fails(stage, 400, 2, crashing())
    again = Stage()
    stand_behind(again, 0, 1, 2)
    stand_behind(again, 5, 1)
    fails(again, 10, 1, crashing())
    fails(again, 20, 2, crashing())
    assert served(stage) == served(again) == []
    assert again.triage._judging.gathering.backends._slices_of == {}


def test_one_service_in_two_clusters_with_the_same_trouble_is_one_line_at_the_top() -> None:
    stage = Stage()
    for origin in (EAST, WEST):
        stand_behind(stage, 0, 1, 2, origin=origin)
    for seconds, origin in ((10, EAST), (40, WEST)):
        for nth in (1, 2):
            fails(stage, seconds + nth, nth, pulling(), origin)
    tops = [one for one in stage.triage.held() if one.parent_id is None]
    assert [one.key.partition("/")[0] for one in tops] == ["systemic"]
    assert len([one for one in stage.triage.held() if not one.children]) == 4


def test_a_service_line_goes_on_after_a_restart_and_one_who_was_split_off_stays_out() -> None:
    stage = Stage()
    stand_behind(stage, 0, 1, 2, 3)
    fails(stage, 10, 1, crashing())
    fails(stage, 20, 2, crashing())
    (group,) = served(stage)
    stage.restart()
    stand_behind(stage, 30, 1, 2, 3)
    fails(stage, 40, 3, crashing())
    (group,) = served(stage)
    assert len(group.children) == 3
    stage.effects += stage.triage.split(group.children[2], "ada", at(50))
    fails(stage, 60, 3, healthy())
    stage.tick(130)
    fails(stage, 140, 3, crashing())
    (group,) = served(stage)
    assert len(group.children) == 2


def test_one_behind_two_services_comes_under_one_of_them_and_no_line_outlives_its_troubles() -> None:
    stage = Stage()
    stand_behind(stage, 0, 1, 2)
    stand_behind(stage, 0, 1, 3, service=BASKET)
    for seconds, nth in ((10, 2), (20, 3), (30, 1)):
        fails(stage, seconds, nth, crashing())
    first, lone, second = (each for each in stage.incidents().values() if not each.children)
    (group,) = served(stage)
    assert group.children == (first.id, second.id)
    assert (second.parent_id, lone.parent_id) == (group.id, None)
    for nth in (1, 2, 3):
        fails(stage, 60 + nth, nth, healthy())
    stage.tick(200)
    assert {each.status for each in stage.incidents().values()} == {RESOLVED}


def test_what_is_known_of_services_is_bounded() -> None:
    known = backends.Backends()
    for nth in range(backends.REMEMBERED_SLICES + 50):
        known.note("east", ("east", f"slice-{nth}"), BackendFacts(CART, (owner(nth), owner(nth + 1))))
    assert len(known._of_slice) == backends.REMEMBERED_SLICES
    assert len(known._slices_of) == backends.REMEMBERED_SLICES + 1
    assert list(known.beside("east", owner(5))) == []
