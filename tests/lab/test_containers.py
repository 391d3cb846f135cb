"""Containers in the lab: killed for memory, crashing, never ready, and well again when the cause is gone."""

from kronveil.lab import App, Behaviour
from kronveil.lab.moves import SetBehaviour, SetImage, SetMemory
from tests.lab.living import (
    CRASHING,
    GOOD,
    LEAKY,
    container_states,
    deployment_condition,
    events,
    living,
    pass_time,
    pods,
    ready_count,
    story,
)


def last_ends(cluster):
    statuses = [pod["status"]["containerStatuses"][0] for pod in pods(cluster)]
    return [(item["lastState"].get("terminated") or item["state"].get("terminated")) for item in statuses]


def test_a_container_over_its_limit_is_killed_and_restarted_with_a_growing_back_off():
    cluster = living()
    SetImage("shop/api", LEAKY).make(cluster)
    pass_time(cluster, 240)
    assert {(end["reason"], end["exitCode"]) for end in last_ends(cluster)} == {("OOMKilled", 137)}
    restarts = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods(cluster)]
    assert min(restarts) >= 4
    assert "CrashLoopBackOff" in container_states(cluster)
    assert all(event["type"] == "Warning" and event["count"] >= 3 for event in events(cluster, "BackOff"))
    pass_time(cluster, 60)
    calm = [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods(cluster)]
    assert max(calm) <= max(restarts) + 1


def test_a_higher_limit_ends_the_loop():
    cluster = living()
    SetImage("shop/api", LEAKY).make(cluster)
    pass_time(cluster, 120)
    assert deployment_condition(cluster, "Available")["status"] == "False"
    SetMemory("shop/api", "1Gi").make(cluster)
    pass_time(cluster, 120)
    assert ready_count(cluster) == 4
    assert all(pod["status"]["containerStatuses"][0]["restartCount"] == 0 for pod in pods(cluster))
    assert deployment_condition(cluster, "Available")["status"] == "True"


def test_a_leak_that_is_gone_lets_the_same_pods_recover():
    cluster = living()
    SetImage("shop/api", LEAKY).make(cluster)
    pass_time(cluster, 120)
    names = {pod["metadata"]["name"] for pod in pods(cluster)}
    SetBehaviour(LEAKY).make(cluster)
    pass_time(cluster, 200)
    assert {pod["metadata"]["name"] for pod in pods(cluster)} == names
    assert ready_count(cluster) == 4


def test_a_leak_that_begins_kills_containers_that_ran_for_hours():
    cluster = living()
    SetBehaviour(GOOD, memory_mi=700, grows_for_s=20).make(cluster)
    pass_time(cluster, 5)
    assert [end["reason"] for end in last_ends(cluster)] == ["OOMKilled"] * 4


def test_a_crash_tells_its_exit_code():
    cluster = living()
    SetImage("shop/api", CRASHING).make(cluster)
    pass_time(cluster, 60)
    crashed = [end for end in last_ends(cluster) if end]
    assert crashed
    assert {(end["reason"], end["exitCode"]) for end in crashed} == {("Error", 2)}


def test_a_container_that_never_gets_ready_stalls_the_rollout_with_probe_warnings():
    cluster = living()
    cluster.registry.declare("registry.test/shop/api:9", Behaviour(never_ready=True))
    SetImage("shop/api", "registry.test/shop/api:9").make(cluster)
    pass_time(cluster, 60)
    assert ready_count(cluster) == 3
    assert events(cluster, "Unhealthy")


def test_events_are_forgotten_after_an_hour():
    cluster = living()
    SetImage("shop/api", LEAKY).make(cluster)
    pass_time(cluster, 60)
    SetImage("shop/api", GOOD).make(cluster)
    pass_time(cluster, 60)
    assert events(cluster, "Scheduled")
    pass_time(cluster, 3700)
    assert not events(cluster, "Scheduled")


def test_an_app_that_needs_more_than_its_limit_from_the_start_never_settles():
    greedy = App("shop", "api", "registry.test/shop/greedy:1", replicas=1, memory="32Mi")
    cluster = living(story(apps=(greedy,)))
    assert container_states(cluster) != ["running"] or ready_count(cluster) <= 1
    assert last_ends(cluster)[0]["reason"] == "OOMKilled"
