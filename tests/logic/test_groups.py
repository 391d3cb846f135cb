"""What belongs under one: topology, the same in several clusters, storms; and what stays apart."""

from kronveil.model.facts import (
    ClaimFacts,
    Facts,
    NodeFacts,
    PodFacts,
    QuotaFacts,
    WarningFacts,
    WorkloadFacts,
)
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.resource import Origin, Resource
from tests.logic.scenes import (
    CHECKOUT,
    EAST,
    NODE,
    WEST,
    Stage,
    at,
    container,
    crashing,
    healthy,
    observe,
    pod,
    pod_facts,
    pulling,
    whats,
)

OPEN, RESOLVED = IncidentStatus.OPEN, IncidentStatus.RESOLVED
CLAIM = Resource("PersistentVolumeClaim", "data", "payments", "pvc-1")


def owner(nth: int) -> Resource:
    return Resource("Deployment", f"d-{nth}", "payments", f"uid-d-{nth}")


def fails(stage: Stage, seconds: float, nth: int, facts: Facts, origin: Origin = EAST) -> None:
    stage.pod(seconds, facts, f"d-{nth}-{origin.cluster_uid}", owner=owner(nth), origin=origin)


def groups(stage: Stage) -> list[Incident]:
    return [one for one in stage.incidents().values() if one.key.startswith(("systemic/", "storm/"))]


def single(stage: Stage) -> list[Incident]:
    return [one for one in stage.incidents().values() if not one.key.startswith(("systemic/", "storm/"))]


def crash_on(node: str) -> PodFacts:
    return pod_facts(crashing().containers[0], node=node)


# Topology.


def test_pods_that_failed_just_before_their_node_come_under_it() -> None:
    stage = Stage()
    stage.pod(0, crash_on("worker-3"))
    fails(stage, 1, 1, crash_on("worker-9"))
    stage.sees(60, NODE, NodeFacts(ready=None))
    first, other, node = stage.incidents().values()
    assert (first.parent_id, other.parent_id, node.children) == (node.id, None, (first.id,))
    assert (first.status, whats(first)) == (OPEN, ["opened", "grouped"])


def test_pods_that_failed_long_before_or_elsewhere_too_are_not_the_nodes() -> None:
    stage = Stage()
    stage.pod(0, crash_on("worker-3"))
    fails(stage, 30, 1, crash_on("worker-3"))
    stage.pod(31, crash_on("worker-9"), "another", owner=owner(1))
    stage.sees(61, NODE, NodeFacts(ready=False))
    assert [one.parent_id for one in stage.incidents().values()] == [None, None, None]


def test_a_child_of_a_node_closes_alone() -> None:
    stage = Stage()
    stage.pod(0, crash_on("worker-3"))
    stage.sees(10, NODE, NodeFacts(ready=False))
    stage.pod(20, pod_facts(container(), ready=True))
    stage.tick(80)
    child, node = stage.incidents().values()
    assert (child.status, node.status, child.parent_id) == (RESOLVED, OPEN, node.id)


def test_a_pod_that_waited_for_a_claim_comes_under_the_claim_that_gets_no_volume() -> None:
    stage = Stage()
    stage.pod(0, PodFacts("Pending", scheduled=False, claims=("data",)))
    stage.sees(1, CLAIM, ClaimFacts("Pending", created_at=at(0)))
    stage.tick(300)
    waiting, claim = stage.incidents().values()
    assert (waiting.parent_id, claim.children, claim.kind) == (claim.id, (waiting.id,), "volume.pending")


def test_a_rollout_that_was_stuck_comes_under_the_quota_that_refuses_it() -> None:
    stage = Stage()
    stage.sees(0, CHECKOUT, WorkloadFacts(3, 1, 2, progressing=False, reason="ProgressDeadlineExceeded"))
    said = "Error creating: exceeded quota: compute, requested: cpu=1"
    stage.sees(
        5, Resource("ReplicaSet", "r", "payments", "r"), WarningFacts("FailedCreate"), owner=CHECKOUT, message=said
    )
    rollout, quota = stage.incidents().values()
    assert (rollout.parent_id, quota.resource.kind) == (quota.id, "ResourceQuota")
    stage.sees(9, quota.resource, QuotaFacts((("cpu", 0.5),)))
    assert whats(stage.incidents()[quota.id])[-1] == "recovered"


# The same in several clusters.


def test_the_same_image_in_two_clusters_is_one_line_with_two_children() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(30, pulling(), origin=WEST)
    east, west = single(stage)
    (parent,) = groups(stage)
    assert parent.title == "payments/checkout-api cannot pull image registry.example/checkout-api:2.31.0 in 2 clusters"
    assert parent.children == (east.id, west.id)
    assert (east.parent_id, west.parent_id) == (parent.id, parent.id)
    assert (parent.kind, parent.severity, parent.event_count) == (east.kind, east.severity, 2)
    assert [cluster.name for cluster in parent.clusters] == ["eu-west-prod", "us-east-prod"]
    assert parent.clusters == (west.cluster, east.cluster)
    assert (east.title, east.status) == (west.title, OPEN)


def test_children_close_alone_and_the_parent_with_the_last() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    stage.pod(10, healthy())
    stage.tick(70)
    assert ([one.status for one in single(stage)], groups(stage)[0].status) == ([RESOLVED, OPEN], OPEN)
    stage.pod(80, healthy(), origin=WEST)
    stage.tick(140)
    assert groups(stage)[0].status is RESOLVED
    # What comes back opens its own incident and the parent again.
    stage.pod(200, pulling())
    assert ([one.status for one in single(stage)], groups(stage)[0].status) == ([OPEN, RESOLVED], OPEN)
    assert len(stage.incidents()) == 3


def test_other_images_other_owners_and_nodes_of_one_name_are_no_system() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    other = pod_facts(container("waiting", "ErrImagePull", image="registry.example/other:1"), phase="Pending")
    stage.pod(1, other, origin=WEST)
    fails(stage, 2, 1, crashing())
    fails(stage, 3, 2, crashing(), WEST)
    stage.sees(4, NODE, NodeFacts(ready=False))
    stage.sees(5, NODE, NodeFacts(ready=False), origin=WEST)
    assert groups(stage) == []


def test_what_was_over_before_the_other_began_is_no_system() -> None:
    stage = Stage()
    stage.pod(0, crashing())
    stage.pod(10, healthy())
    stage.tick(70)
    stage.pod(100, crashing(), origin=WEST)
    assert groups(stage) == []


def test_a_third_cluster_joins_and_a_worse_child_makes_the_parent_worse() -> None:
    stage = Stage()
    south = Origin("kubernetes", "south", "uid-south")
    for nth, origin in enumerate((EAST, WEST, south)):
        stage.pod(nth, PodFacts("Pending", scheduled=False), origin=origin)
    (parent,) = groups(stage)
    assert (len(parent.children), str(parent.severity)) == (3, "medium")
    for nth in range(5):
        stage.pod(10 + nth, PodFacts("Pending", scheduled=False), f"more-{nth}", origin=south)
    assert str(groups(stage)[0].severity) == "high"


def test_acknowledging_the_parent_acknowledges_the_children() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    (parent,) = groups(stage)
    stage.effects += stage.triage.acknowledge(parent.id, "ada", at(2))
    assert {one.status for one in stage.incidents().values()} == {IncidentStatus.ACKNOWLEDGED}
    assert {one.acknowledged_by for one in stage.incidents().values()} == {"ada"}
    assert stage.triage.acknowledge(parent.id, "ada", at(3)) == []


def test_resolving_the_parent_resolves_the_children_and_what_lasts_opens_again() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.pod(1, pulling(), origin=WEST)
    (parent,) = groups(stage)
    stage.effects += stage.triage.resolve(parent.id, "ada", "registry is back", at(2))
    assert {one.status for one in stage.incidents().values()} == {RESOLVED}
    stage.pod(100, pulling())
    assert ([one.status for one in single(stage)], groups(stage)[0].status) == ([OPEN, RESOLVED], OPEN)


def test_groups_go_on_after_a_restart() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.restart(at(0))
    stage.pod(1, pulling(), origin=WEST)
    assert len(groups(stage)) == 1
    stage.restart(at(1))
    stage.pod(2, healthy())
    stage.tick(70)
    stage.restart(at(70))
    stage.pod(72, healthy(), origin=WEST)
    stage.tick(200)
    assert {one.status for one in stage.incidents().values()} == {RESOLVED}


# Storms.


def test_the_same_at_ten_owners_is_one_line_whose_children_stay_what_they_are() -> None:
    stage = Stage()
    for nth in range(9):
        fails(stage, nth, nth, crashing())
    assert groups(stage) == []
    before = single(stage)
    for nth in range(9, 12):
        fails(stage, nth, nth, crashing())
    (storm,) = groups(stage)
    assert storm.title == "12 workloads keep crashing in us-east-prod"
    assert storm.children == tuple(one.id for one in single(stage))
    assert [(one.id, one.title, one.status) for one in single(stage)[:9]] == [
        (one.id, one.title, one.status) for one in before
    ]


def test_ten_owners_slowly_or_of_different_kinds_are_no_storm() -> None:
    stage = Stage()
    for nth in range(10):
        fails(stage, nth * 20, nth, crashing())
    for nth in range(10, 20):
        fails(stage, 300 + nth, nth, crashing() if nth % 2 else pulling())
    assert groups(stage) == []


def test_the_same_at_few_owners_in_each_of_many_clusters_is_a_storm_of_the_fleet() -> None:
    stage = Stage()
    for nth in range(10):
        fails(stage, nth, nth, pulling(), Origin("kubernetes", f"c-{nth}", f"uid-{nth}"))
    (storm,) = groups(stage)
    assert storm.title == "10 workloads cannot pull their images in c-0, c-1, c-2 and 7 more"
    # A trouble of another kind meanwhile stays what it is.
    fails(stage, 11, 99, crashing())
    assert single(stage)[-1].parent_id is None


def test_a_storm_is_over_with_its_last_child() -> None:
    stage = Stage()
    for nth in range(10):
        fails(stage, nth, nth, crashing())
    for nth in range(10):
        fails(stage, 20, nth, healthy())
        stage.tick(79 if nth < 9 else 80)
    assert {one.status for one in stage.incidents().values()} == {RESOLVED}


def test_the_same_workloads_in_two_clusters_are_one_storm_not_ten_lines() -> None:
    stage = Stage()
    for nth in range(10):
        for origin in (EAST, WEST):
            fails(stage, nth, nth, crashing(), origin)
    tops = [one for one in stage.incidents().values() if one.parent_id is None]
    assert [one.key for one in tops] == ["storm/uid-east/pod.crash_looping"]
    assert {one.parent_id is not None for one in single(stage)} == {True}


def test_ten_thousand_repeats_at_one_owner_are_one_incident_and_ten_thousand_owners_one_line() -> None:
    stage = Stage()
    for nth in range(10_000):
        stage.pod(nth / 1000, pulling(), f"pod-{nth % 50}", key=f"k@{nth + 1}")
    stage.tick(20)
    assert stage.only().event_count == 10_000
    storm = Stage()
    for nth in range(10_000):
        seen = observe(nth / 1000, pod(f"many-{nth}"), pulling(), owner=owner(nth), key=f"many-{nth}@{nth}")
        storm.triage.consider(seen, EAST, at(nth / 1000))
    tops = [one for one in storm.triage.held() if one.parent_id is None]
    assert len(tops) == 1
    storm.tick(200)
    tops = [one for one in storm.triage.held() if one.parent_id is None]
    assert len(tops[0].children) == 10_000


def test_an_incident_that_comes_back_a_third_time_is_worse() -> None:
    stage = Stage()
    severities = []
    for nth in range(4):
        stage.pod(nth * 200, PodFacts("Pending", scheduled=False))
        severities.append(str(stage.only().severity))
        stage.pod(nth * 200 + 1, pod_facts(container()))
        stage.tick(nth * 200 + 61)
    assert severities == ["medium", "medium", "medium", "high"]
