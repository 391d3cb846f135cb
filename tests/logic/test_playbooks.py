"""Playbooks: observations at times, and the incidents that must come of them."""

import pytest

from kronveil.logic.triage import Rules, Triage
from kronveil.model.event import Severity
from kronveil.model.facts import GoneFacts, NodeFacts, ReachFacts, WorkloadFacts
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Origin, Resource
from tests.logic.scenes import CHECKOUT, IMAGE, NODE, Stage, at, crashing, healthy, killed, pod_facts, pulling, whats

OPEN, RESOLVED = IncidentStatus.OPEN, IncidentStatus.RESOLVED


def test_a_bad_image_opens_an_incident_and_its_recovery_resolves_it_after_the_hold() -> None:
    stage = Stage()
    stage.pod(0, pulling("ErrImagePull"))
    incident = stage.only()
    assert (incident.status, incident.kind, incident.family) == (OPEN, "pod.image_pull_failed", "image")
    assert incident.title == f"payments/checkout-api cannot pull image {IMAGE}"
    assert incident.resource == CHECKOUT
    assert incident.evidence == (stage.events()[0].id,)

    stage.pod(40, healthy())
    assert stage.only().status is OPEN
    stage.tick(99)
    assert stage.only().status is OPEN
    stage.tick(100)
    assert stage.only().status is RESOLVED
    assert stage.only().resolved_at == at(100)
    assert whats(stage.only()) == ["opened", "recovered", "resolved"]


def test_a_crash_loop_is_over_when_the_container_runs_ready_and_not_before() -> None:
    stage = Stage()
    stage.pod(0, crashing())
    stage.pod(10, pod_facts(healthy().containers[0].__class__("app", IMAGE, "running", restarts=4)))
    stage.tick(200)
    assert stage.only().status is OPEN
    stage.pod(201, healthy())
    stage.tick(261)
    assert stage.only().status is RESOLVED


def test_a_relapse_within_the_hold_keeps_the_incident_open() -> None:
    stage = Stage()
    stage.pod(0, crashing())
    stage.pod(10, healthy())
    stage.pod(40, crashing())
    stage.tick(75)
    assert stage.only().status is OPEN
    assert whats(stage.only()) == ["opened", "recovered", "evidence"]


def test_a_kill_opens_one_incident_and_ready_for_the_hold_ends_it() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)))
    assert (stage.only().kind, stage.only().family) == ("pod.oom_killed", "memory")
    stage.pod(2, killed(at(0), "running", ready=False, restarts=1))
    stage.pod(5, killed(at(0), "running", restarts=1))
    stage.tick(64)
    assert stage.only().status is OPEN
    stage.tick(65)
    assert stage.only().status is RESOLVED
    stage.pod(70, killed(at(0), "running", restarts=1))
    assert stage.only().status is RESOLVED


def test_a_container_that_turns_unready_within_the_hold_after_a_kill_is_not_over() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)))
    stage.pod(5, killed(at(0), "running"))
    stage.pod(30, killed(at(0), "running", ready=False))
    stage.tick(300)
    assert stage.only().status is OPEN
    stage.pod(310, killed(at(0), "running"))
    stage.tick(370)
    assert stage.only().status is RESOLVED


def test_a_kill_and_the_crash_loop_that_follows_are_one_memory_incident() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)))
    stage.pod(3, crashing(last_reason="OOMKilled", last_finished_at=at(0), last_exit_code=137))
    assert stage.only().family == "memory"
    assert {one.kind for one in stage.only().conditions} == {"pod.oom_killed", "pod.crash_looping"}


def test_a_second_kill_is_news_and_the_same_kill_never_is() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)))
    stage.pod(5, killed(at(0), "running"))
    stage.tick(65)
    stage.pod(100, killed(at(0), "running", ready=False))
    assert stage.only().status is RESOLVED
    stage.pod(130, killed(at(129)))
    assert stage.only().status is OPEN
    assert whats(stage.only())[-1] == "reopened"


def test_the_same_kill_counts_once_even_after_its_incident_is_forgotten_and_after_a_restart() -> None:
    stage = Stage()
    stage.pod(0, killed(at(0)), key="kill")
    stage.pod(5, killed(at(0), "running"))
    stage.tick(65)
    stage.tick(1100)
    assert stage.triage.held() == []
    stage.pod(1200, killed(at(0), "running", ready=False))
    stage.pod(1201, killed(at(0)), key="kill")
    assert len(stage.incidents()) == 1
    stage.restart(heard=at(1201))
    stage.pod(1300, killed(at(0), "running", ready=False))
    assert len(stage.incidents()) == 1


@pytest.mark.parametrize(
    ("ended", "heard", "opens"),
    [
        pytest.param(-1800, None, True, id="within the last hour, cluster never heard"),
        pytest.param(-7200, None, False, id="long ago, cluster never heard"),
        pytest.param(-7200, -9000, True, id="long ago, but after the cluster was last heard"),
        pytest.param(-7200, -3600, False, id="long ago, and the cluster was heard since"),
    ],
)
def test_a_kill_in_the_first_list_opens_only_when_it_can_be_news(ended: int, heard: int | None, *, opens: bool) -> None:
    stage = Stage(Triage(Rules(), (), {} if heard is None else {"uid-east": at(heard)}))
    stage.pod(0, killed(at(ended), "running", ready=False))
    assert bool(stage.incidents()) is opens


def test_a_kill_during_an_outage_longer_than_the_lookback_is_news() -> None:
    stage = Stage()
    stage.pod(0, healthy())
    stage.pod(3 * 3600, killed(at(3600), "running", ready=False))
    assert stage.only().kind == "pod.oom_killed"


def test_a_node_that_is_not_ready_takes_in_the_symptoms_of_its_pods() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=None, reason="NodeStatusUnknown", message="Kubelet stopped posting status."))
    stage.pod(10, pod_facts(crashing().containers[0], node="worker-3"))
    assert stage.only().title == "Node worker-3 is not ready"
    assert stage.only().severity is Severity.CRITICAL
    assert len(stage.only().conditions) == 2
    stage.sees(20, NODE, NodeFacts(ready=True))
    stage.tick(90)
    assert stage.only().status is OPEN
    stage.pod(100, GoneFacts())
    stage.tick(160)
    assert stage.only().status is RESOLVED


def test_a_pod_that_relapses_stays_in_the_incident_of_its_node_while_that_is_open() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=False))
    stage.pod(10, pod_facts(crashing().containers[0], node="worker-3"))
    stage.pod(20, healthy())
    stage.sees(25, NODE, NodeFacts(ready=True))
    stage.pod(30, pod_facts(crashing().containers[0], node="worker-3"))
    stage.tick(90)
    assert (stage.only().family, stage.only().status) == ("node", OPEN)


def test_a_crash_loop_whose_ends_become_out_of_memory_moves_to_the_memory_incident() -> None:
    stage = Stage()
    stage.pod(0, crashing())
    stage.pod(30, crashing(last_reason="OOMKilled", last_finished_at=at(29)))
    stage.tick(90)
    assert {one.family: one.status for one in stage.incidents().values()} == {"crash": RESOLVED, "memory": OPEN}


def test_pods_of_a_node_that_is_ready_again_have_their_own_incident() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=False))
    stage.sees(5, NODE, NodeFacts(ready=True))
    stage.pod(10, pod_facts(crashing().containers[0], node="worker-3"))
    assert {one.family for one in stage.incidents().values()} == {"node", "crash"}


def test_an_unschedulable_pod_and_a_stuck_rollout_are_two_families_of_one_owner() -> None:
    stage = Stage()
    stage.pod(0, pod_facts(scheduled=False, scheduling_message="0/3 nodes are available", node="", phase="Pending"))
    stuck = WorkloadFacts(3, 1, 2, progressing=False, reason="ProgressDeadlineExceeded")
    stage.sees(1, CHECKOUT, stuck)
    assert {one.family for one in stage.incidents().values()} == {"scheduling", "rollout"}
    stage.pod(5, pod_facts(scheduled=True, phase="Pending"))
    stage.sees(6, CHECKOUT, WorkloadFacts(3, 3, 3, progressing=True, reason="NewReplicaSetAvailable"))
    stage.tick(66)
    assert {one.status for one in stage.incidents().values()} == {RESOLVED}


def test_an_unreachable_cluster_is_over_when_it_answers_and_not_when_it_is_only_stale() -> None:
    stage = Stage(origin=Origin("agent", "ap-south"))
    cluster = Resource("Cluster", "ap-south")
    stage.sees(0, cluster, ReachFacts("unreachable", "connection refused"))
    assert stage.only().title == "Cluster ap-south cannot be watched: connection refused"
    stage.sees(10, cluster, ReachFacts("stale"))
    stage.tick(100)
    assert stage.only().status is OPEN
    # Its uid is learned with its first word; the incident is found all the same.
    known = Resource("Cluster", "ap-south", None, "uid-south")
    stage.sees(110, known, ReachFacts("live"), origin=Origin("agent", "ap-south", "uid-south"))
    stage.tick(170)
    assert stage.only().status is RESOLVED
