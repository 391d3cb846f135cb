"""Incidents of a cluster that is watched no longer are closed, say that nobody saw them recover, and take nothing with
them that others still suffer."""

from kronveil.model.facts import NodeFacts, ReachFacts
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.resource import Origin, Resource
from tests.logic.scenes import EAST, NODE, WEST, Stage, at, container, healthy, pod_facts, pulling, whats
from tests.logic.test_groups import groups, single

CLOSED, OPEN, RESOLVED = IncidentStatus.CLOSED, IncidentStatus.OPEN, IncidentStatus.RESOLVED
E, W = EAST.cluster_name, WEST.cluster_name
BOTH = {E: "uid-east", W: "uid-west"}


def watches(
    stage: Stage, seconds: float, members: dict[str, str], removed: dict[str, str] | None = None
) -> list[Incident]:
    """The agent says who is watched, as it does twice a second; what was changed by that."""
    effects = stage.triage.watch(members, removed or {}, at(seconds))
    stage.effects += effects
    return [effect.incident for effect in effects]  # type: ignore[union-attr]


def test_what_is_open_in_a_removed_cluster_is_closed_and_says_so() -> None:
    stage = Stage()
    watches(stage, 0, BOTH)
    stage.pod(1, pulling())
    stage.sees(2, NODE, NodeFacts(ready=False), origin=WEST)
    stage.triage.acknowledge(single(stage)[0].id, "ada", at(3))
    (closed,) = watches(stage, 10, {W: "uid-west"}, {E: "removed by ada"})
    assert (closed.status, closed.resolved_at) == (CLOSED, at(10))
    told = "Cluster us-east-prod is no longer watched (removed by ada): not observed to recover"
    assert closed.timeline[-1].message == told
    assert (closed.timeline[-1].what, closed.timeline[-1].actor) == ("closed", "kronveil")
    assert "recovered" not in whats(closed)
    assert [one.status for one in stage.incidents().values()] == [CLOSED, OPEN]
    assert watches(stage, 20, {W: "uid-west"}) == []


def test_a_cluster_that_the_configuration_lost_while_the_agent_was_down_is_noticed_at_the_start() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.restart(at(0))
    (closed,) = watches(stage, 10, {})
    assert (closed.status, closed.cluster.name) == (CLOSED, E)


def test_a_cluster_under_another_name_is_the_same_once_it_has_answered() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    assert watches(stage, 10, {"renamed": ""}) == [], "it may be this one"
    assert watches(stage, 15, {"renamed": "uid-east"}) == []
    assert watches(stage, 99, {"renamed": "uid-east"}) == []
    assert stage.only().status is OPEN


def test_a_cluster_that_does_not_answer_under_another_name_in_time_is_not_waited_for() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    assert watches(stage, 10, {"renamed": ""}) == []
    assert watches(stage, 60, {"renamed": ""}) == []
    (closed,) = watches(stage, 75, {"renamed": ""})
    assert closed.status is CLOSED


def test_a_cluster_with_two_names_that_loses_one_is_still_watched() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east", "alias": "uid-east"})
    stage.pod(1, pulling())
    assert watches(stage, 10, {"alias": "uid-east"}) == []


def test_that_a_removed_member_could_not_be_reached_is_over_whatever_its_other_name_says() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east", "alias": "uid-east"})
    stage.sees(1, Resource("Cluster", E), ReachFacts("unreachable", "no answer"))
    assert stage.only().kind == "cluster.unreachable"
    (closed,) = watches(stage, 10, {"alias": "uid-east"})
    assert closed.status is CLOSED


def test_another_cluster_behind_the_same_name_does_not_keep_the_old_ones_incidents_open() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    assert watches(stage, 10, {E: ""}) == [], "not before it is known which cluster that is"
    (closed,) = watches(stage, 12, {E: "uid-of-a-new-one"})
    assert closed.timeline[-1].message.startswith("us-east-prod is another cluster now")


def test_a_parent_of_several_clusters_loses_only_the_one_that_is_gone() -> None:
    stage = Stage()
    watches(stage, 0, BOTH)
    stage.pod(1, pulling())
    stage.pod(2, pulling(), origin=WEST)
    watches(stage, 10, {W: "uid-west"})
    east, west = single(stage)
    (parent,) = groups(stage)
    assert (east.status, west.status, parent.status) == (CLOSED, OPEN, OPEN)
    assert [cluster.name for cluster in parent.clusters] == [W]
    assert parent.children == (east.id, west.id), "what was under it is still told"
    assert parent.timeline[-1].what == "left"
    stage.restart(at(10))
    south = Origin("kubernetes", "south", "uid-south")
    stage.pod(20, pulling(), origin=south)
    (parent,) = groups(stage)
    assert [cluster.name for cluster in parent.clusters] == [W, "south"], "nor does a restart bring it back"
    stage.pod(30, healthy(), origin=WEST)
    stage.pod(30, healthy(), origin=south)
    stage.tick(99)
    assert groups(stage)[0].status is RESOLVED


def test_a_parent_whose_last_clusters_are_gone_is_closed_not_recovered() -> None:
    stage = Stage()
    watches(stage, 0, BOTH)
    stage.pod(1, pulling())
    stage.pod(2, pulling(), origin=WEST)
    watches(stage, 10, {})
    assert {one.status for one in stage.incidents().values()} == {CLOSED}
    assert "unobserved" in groups(stage)[0].timeline[-1].message


def test_a_cluster_added_again_reopens_what_it_still_suffers_and_leaves_the_rest() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    stage.pod(1, pulling(), "lone", owner=Resource("Pod", "lone", "payments", "uid-lone"))
    watches(stage, 10, {})
    watches(stage, 20, {E: ""})
    stage.pod(30, pulling())
    stage.pod(30, healthy(), "lone", owner=Resource("Pod", "lone", "payments", "uid-lone"))
    watches(stage, 31, {E: "uid-east"})
    first, second = single(stage)
    assert (first.status, first.timeline[-1].what) == (OPEN, "reopened")
    assert (second.status, second.timeline[-1].what) == (CLOSED, "closed")
    stage.pod(40, healthy())
    stage.tick(200)
    assert single(stage)[0].status is RESOLVED


def test_added_again_later_than_incidents_reopen_it_opens_a_new_one() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    watches(stage, 10, {})
    stage.tick(3_000)
    watches(stage, 3_001, {E: "uid-east"})
    stage.pod(3_010, pulling())
    assert [one.status for one in single(stage)] == [CLOSED, OPEN]


def test_what_was_still_on_its_way_when_its_cluster_was_removed_is_closed_too() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    watches(stage, 10, {})
    stage.pod(11, pulling())
    watches(stage, 12, {})
    watches(stage, 16, {})
    assert stage.only().status is CLOSED


def test_what_was_about_to_count_is_not_raised_after_its_cluster_was_removed() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pod_facts(container(ready=False), unready_since=at(0)))
    expecting = len(stage.triage._judging.waiting)
    watches(stage, 10, {})
    assert expecting > 0
    assert len(stage.triage._judging.waiting) == 0
    stage.tick(3_600)
    assert stage.incidents() == {}


def test_a_paused_or_lost_cluster_is_watched_all_the_same() -> None:
    stage = Stage()
    watches(stage, 0, {E: "uid-east"})
    stage.pod(1, pulling())
    for seconds in range(2, 400, 7):
        assert watches(stage, seconds, {E: "uid-east"}) == []
