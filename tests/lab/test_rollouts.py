"""Deployments in the lab: rolled out, stalled, rolled back."""

from itertools import pairwise

from kronveil.lab.deletion import delete
from kronveil.lab.kinds import DEPLOYMENT, POD, REPLICASET
from kronveil.lab.moves import DeletePod, Restart, Scale, SetImage
from tests.lab.living import (
    BAD,
    BETTER,
    GOOD,
    container_states,
    deployment,
    deployment_condition,
    events,
    living,
    pass_time,
    pods,
    ready_count,
)


def test_a_settled_cluster_has_every_pod_ready_and_nothing_to_do_but_heartbeats():
    cluster = living()
    assert container_states(cluster) == ["running"] * 4
    assert ready_count(cluster) == 4
    version = cluster.world.version
    pass_time(cluster, 200)
    assert cluster.world.version == version


def test_a_good_image_replaces_every_pod_and_never_leaves_fewer_than_three_ready():
    cluster = living()
    before = {pod["metadata"]["name"] for pod in pods(cluster)}
    SetImage("shop/api", BETTER).make(cluster)
    least = 4
    for _ in range(120):
        pass_time(cluster, 0.5)
        least = min(least, ready_count(cluster))
    assert least == 3
    assert before.isdisjoint(pod["metadata"]["name"] for pod in pods(cluster))
    assert deployment_condition(cluster, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert deployment(cluster)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


def test_a_bad_image_stalls_the_rollout_while_the_old_pods_serve():
    cluster = living()
    SetImage("shop/api", BAD).make(cluster)
    pass_time(cluster, 60)
    assert container_states(cluster).count("running") == 3
    assert deployment(cluster)["status"]["unavailableReplicas"] == 2
    assert deployment_condition(cluster, "Available")["status"] == "True"
    assert {event["type"] for event in events(cluster, "Failed")} == {"Warning"}


def test_image_pulls_are_tried_again_ever_more_rarely():
    cluster = living()
    SetImage("shop/api", BAD).make(cluster)
    seen = []
    for _ in range(200):
        pass_time(cluster, 1)
        seen.append(next(state for state in container_states(cluster) if state != "running"))
    tries = [second for second in range(1, 200) if seen[second] == "ErrImagePull" != seen[second - 1]]
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(pauses) >= 3
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 2 * pauses[0]


def test_rolling_back_ends_the_stall():
    cluster = living()
    SetImage("shop/api", BAD).make(cluster)
    pass_time(cluster, 60)
    SetImage("shop/api", GOOD).make(cluster)
    pass_time(cluster, 30)
    assert container_states(cluster) == ["running"] * 4
    assert ready_count(cluster) == 4
    assert deployment(cluster)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert "unavailableReplicas" not in deployment(cluster)["status"]


def test_pushing_the_missing_image_ends_the_stall_too():
    cluster = living()
    SetImage("shop/api", BAD).make(cluster)
    pass_time(cluster, 60)
    cluster.registry.declare(BAD)
    pass_time(cluster, 400)
    assert container_states(cluster) == ["running"] * 4


def test_a_rollout_that_does_not_progress_says_so_after_its_deadline():
    cluster = living()
    SetImage("shop/api", BAD).make(cluster)
    pass_time(cluster, 590)
    assert deployment_condition(cluster, "Progressing")["status"] == "True"
    pass_time(cluster, 60)
    progressing = deployment_condition(cluster, "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    SetImage("shop/api", GOOD).make(cluster)
    pass_time(cluster, 60)
    assert deployment_condition(cluster, "Progressing")["status"] == "True"


def test_at_speed_ten_the_deadline_comes_in_a_tenth_of_the_time():
    cluster = living(speed=10)
    SetImage("shop/api", BAD).make(cluster)
    pass_time(cluster, 65)
    assert deployment_condition(cluster, "Progressing")["reason"] == "ProgressDeadlineExceeded"


def test_scaling_adds_and_removes_pods():
    cluster = living()
    Scale("shop/api", 7).make(cluster)
    pass_time(cluster, 20)
    assert ready_count(cluster) == 7
    Scale("shop/api", 2).make(cluster)
    pass_time(cluster, 20)
    assert len(pods(cluster)) == 2


def test_a_deleted_pod_is_replaced_and_a_restart_replaces_all():
    cluster = living()
    before = {pod["metadata"]["uid"] for pod in pods(cluster)}
    DeletePod("shop/api").make(cluster)
    pass_time(cluster, 20)
    assert len(before & {pod["metadata"]["uid"] for pod in pods(cluster)}) == 3
    Restart("shop/api").make(cluster)
    pass_time(cluster, 60)
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in pods(cluster))
    assert ready_count(cluster) == 4


def test_deleting_a_deployment_takes_its_sets_and_pods_along():
    cluster = living()
    delete(cluster.world, cluster.world.get(DEPLOYMENT, ("shop", "api")))
    pass_time(cluster, 10)
    assert not cluster.world.list(REPLICASET, "shop")
    assert not cluster.world.list(POD, "shop")
