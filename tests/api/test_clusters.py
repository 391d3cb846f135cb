"""Clusters that are added, paused and removed while the agent runs."""

from datetime import timedelta

import pytest

from kronveil.agent.desk import ClusterRequest
from kronveil.model.event import Severity
from kronveil.model.fleet import KindStanding, Standing
from kronveil.sdk.errors import ConfigError
from tests.api.conforming import check_answer, check_problem
from tests.api.plain_desk import NOON, incident, member

pytestmark = pytest.mark.anyio

CLUSTERS = "/api/v1/clusters"


async def test_a_cluster_is_added_with_what_is_needed_to_reach_it(client, desk):
    body = {"name": "north", "kubeconfig_path": "/etc/kube/north", "context": "admin", "namespaces": ["shop"]}
    response = await client.post(CLUSTERS, json=body)
    assert response.status_code == 201
    assert (response.json()["name"], response.json()["state"]) == ("north", "unknown")
    assert desk.requests == [ClusterRequest("north", "/etc/kube/north", "admin", None, ("shop",))]
    assert (await client.get(f"{CLUSTERS}/north")).status_code == 200


async def test_a_cluster_that_is_watched_already_is_not_added_again(client, desk):
    check_problem(await client.post(CLUSTERS, json={"name": "east"}), 409)
    assert desk.requests == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a/b"},
        {"name": "a b"},
        {"name": "x" * 201},
        {"name": "north", "namespaces": ["Not One"]},
        {"name": "north", "token": "secret"},
        {"name": "north", "kubeconfig_path": ""},
    ],
)
async def test_a_cluster_that_cannot_be_is_refused(client, desk, body):
    check_problem(await client.post(CLUSTERS, json=body), 422)
    assert desk.requests == []


async def test_the_same_request_with_the_same_key_adds_once(client, desk):
    key = {"Idempotency-Key": "add-1"}
    first = await client.post(CLUSTERS, json={"name": "north"}, headers=key)
    second = await client.post(CLUSTERS, json={"name": "north"}, headers=key)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(desk.requests) == 1
    check_problem(await client.post(CLUSTERS, json={"name": "south"}, headers=key), 422)


async def test_what_was_refused_may_be_tried_again_with_the_same_key(client, desk):
    key = {"Idempotency-Key": "add-1"}
    check_problem(await client.post(CLUSTERS, json={"name": "east"}, headers=key), 409)
    assert (await client.post(CLUSTERS, json={"name": "north"}, headers=key)).status_code == 201


async def test_a_list_of_additions_that_is_damaged_is_told_and_not_a_bug(client, desk):
    def damaged(_):
        raise ConfigError("clusters.json: cannot be read as a list of added clusters")

    desk.add_cluster = damaged
    assert "clusters.json" in check_problem(await client.post(CLUSTERS, json={"name": "north"}), 503)["detail"]


async def test_an_added_cluster_is_removed_and_one_of_the_file_is_not(client):
    await client.post(CLUSTERS, json={"name": "north"})
    response = await client.delete(f"{CLUSTERS}/north")
    assert (response.status_code, response.content) == (204, b"")
    check_problem(await client.get(f"{CLUSTERS}/north"), 404)
    check_problem(await client.delete(f"{CLUSTERS}/north"), 404)
    assert "configuration file" in check_problem(await client.delete(f"{CLUSTERS}/east"), 409)["detail"]


async def test_a_paused_cluster_says_who_paused_it_and_why_until_it_is_resumed(client):
    response = await client.post(f"{CLUSTERS}/east/pause", json={"reason": "node pool upgrade"})
    check_answer(response, "POST", "/api/v1/clusters/{name}/pause")
    paused = response.json()
    assert (paused["why"], paused["reason"]) == ("paused by local: node pool upgrade", "paused")
    assert paused["paused"] == {"by": "local", "at": "2026-11-25T12:02:30.123Z", "reason": "node pool upgrade"}
    resumed = (await client.post(f"{CLUSTERS}/east/resume")).json()
    assert (resumed["why"], resumed["reason"], resumed["paused"]) == (None, None, None)
    assert (await client.post(f"{CLUSTERS}/east/resume")).status_code == 200


async def test_a_pause_needs_a_reason(client):
    check_problem(await client.post(f"{CLUSTERS}/east/pause", json={"reason": " "}), 422)
    check_problem(await client.post(f"{CLUSTERS}/atlantis/pause", json={}), 404)


async def test_a_cluster_says_how_each_kind_stands_how_its_clock_is_and_what_is_open_in_it(client, desk):
    kinds = {
        "pods": KindStanding(synced=True, count=3, heard_at=NOON),
        "nodes": KindStanding(synced=True, count=2, heard_at=NOON - timedelta(minutes=6)),
        "events": KindStanding(error="forbidden: no", is_forbidden=True),
        "jobs": KindStanding(),
        "services": KindStanding(error="500"),
        "certificates": KindStanding(is_served=False),
    }
    standing = Standing(uid="uid-east", heard_at=NOON, kinds=kinds, skew_s=-90.0)
    desk.fleet_members = [member("east", standing=standing, silent=frozenset({"nodes"}))]
    desk.known = {each.id: each for each in (incident(1), incident(2, severity=Severity.CRITICAL))}
    desk.known["inc-3"] = incident(3, cluster="west")
    response = await client.get(f"{CLUSTERS}/east")
    check_answer(response, "GET", "/api/v1/clusters/{name}")
    east = response.json()
    assert {name: (kind["state"], kind["goal_s"]) for name, kind in east["kinds"].items()} == {
        "pods": ("heard", 300.0),
        "nodes": ("silent", 300.0),
        "events": ("forbidden", 300.0),
        "jobs": ("not_listed", 300.0),
        "services": ("unreadable", 300.0),
        "certificates": ("not_served", 300.0),
    }
    assert (east["skew_ms"], east["incidents"]) == (-90_000, ["inc-2", "inc-1"])
    assert "incidents" not in (await client.get(CLUSTERS)).json()["items"][0]
