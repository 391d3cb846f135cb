"""Clusters that are added, paused and removed while the agent runs."""

import pytest

from kronveil.agent.desk import ClusterRequest
from kronveil.sdk.errors import ConfigError
from tests.api.conforming import check_answer, check_problem

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
    assert response.json()["why"] == "paused by local: node pool upgrade"
    assert (await client.post(f"{CLUSTERS}/east/resume")).json()["why"] is None
    assert (await client.post(f"{CLUSTERS}/east/resume")).status_code == 200


async def test_a_pause_needs_a_reason(client):
    check_problem(await client.post(f"{CLUSTERS}/east/pause", json={"reason": " "}), 422)
    check_problem(await client.post(f"{CLUSTERS}/atlantis/pause", json={}), 404)
