"""Nodes that are full, and nodes that are lost."""

from kronveil.lab import App, NodeSize
from kronveil.lab.kinds import NODE, POD
from kronveil.lab.moves import Scale, StartNode, StopNode
from kronveil.lab.objects import condition
from tests.lab.living import events, living, pass_time, pods, ready_count, story


def ready_of(cluster, number):
    return condition(cluster.world.list(NODE)[number - 1].obj, "Ready")


def test_a_pod_that_fits_nowhere_stays_pending_and_says_why():
    cluster = living(story(nodes=1, node=NodeSize(cpu="2", memory="4Gi")))
    Scale("shop/api", 12).make(cluster)
    pass_time(cluster, 30)
    waiting = [pod for pod in pods(cluster) if "nodeName" not in pod["spec"]]
    assert waiting
    scheduled = condition(waiting[0], "PodScheduled")
    assert (scheduled["status"], scheduled["reason"]) == ("False", "Unschedulable")
    assert scheduled["message"] == "0/1 nodes are available: 1 Insufficient cpu."
    assert {event["type"] for event in events(cluster, "FailedScheduling")} == {"Warning"}


def test_room_given_back_lets_a_waiting_pod_in():
    other = App("shop", "other", "registry.test/shop/other:1", replicas=4, cpu="400m")
    cluster = living(story(nodes=1, node=NodeSize(cpu="3", memory="8Gi"), apps=(other,)))
    Scale("shop/other", 8).make(cluster)
    pass_time(cluster, 30)
    assert ready_count(cluster) < 8
    Scale("shop/other", 6).make(cluster)
    pass_time(cluster, 60)
    assert ready_count(cluster) == 6


def test_a_stopped_node_is_declared_lost_only_after_its_grace_time():
    cluster = living()
    StopNode(2).make(cluster)
    pass_time(cluster, 35)
    assert ready_of(cluster, 2)["status"] == "True"
    pass_time(cluster, 10)
    assert (ready_of(cluster, 2)["status"], ready_of(cluster, 2)["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert [event["involvedObject"]["kind"] for event in events(cluster, "NodeNotReady")].count("Node") == 1
    assert ready_count(cluster) < 4


def test_the_pods_of_a_lost_node_are_replaced_elsewhere_and_gone_when_it_returns():
    cluster = living()
    name = cluster.world.list(NODE)[1].key[1]
    StopNode(2).make(cluster)
    pass_time(cluster, 400)
    assert ready_count(cluster) == 4
    stuck = [record for record in cluster.world.list(POD, "shop") if record.obj["spec"]["nodeName"] == name]
    assert stuck
    assert all("deletionTimestamp" in record.obj["metadata"] for record in stuck)
    StartNode(2).make(cluster)
    pass_time(cluster, 10)
    assert ready_of(cluster, 2)["status"] == "True"
    assert "taints" not in cluster.world.list(NODE)[1].obj["spec"]
    assert len(pods(cluster)) == 4


def test_a_node_that_returns_before_eviction_keeps_its_pods():
    cluster = living()
    before = {pod["metadata"]["uid"] for pod in pods(cluster)}
    StopNode(2).make(cluster)
    pass_time(cluster, 60)
    assert ready_count(cluster) < 4
    StartNode(2).make(cluster)
    pass_time(cluster, 10)
    assert ready_count(cluster) == 4
    assert {pod["metadata"]["uid"] for pod in pods(cluster)} == before


def test_nodes_name_their_region_and_zone():
    labels = [record.obj["metadata"]["labels"] for record in living().world.list(NODE)]
    assert {item["topology.kubernetes.io/region"] for item in labels} == {"us-east-1"}
    assert len({item["topology.kubernetes.io/zone"] for item in labels}) == 3
