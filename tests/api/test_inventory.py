"""Pods and workloads worst first, incidents found by words and counted by what narrows them, and the overview."""

from datetime import timedelta

import pytest

from kronveil.model.fleet import ClusterState
from kronveil.model.inventory import Trouble
from tests.api.plain_desk import NOON, incident, pod, workload

pytestmark = pytest.mark.anyio


async def everything(client, path, **asked):
    items, cursor = [], None
    while True:
        page = (await client.get(f"/api/v1/{path}", params=asked | ({"cursor": cursor} if cursor else {}))).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items, page


async def test_pods_come_worst_first_each_once_over_all_pages(client, desk):
    desk.held_pods["east"] = [pod(number, Trouble.BROKEN if number % 7 == 0 else Trouble.NONE) for number in range(50)]
    items, page = await everything(client, "pods", limit=9)
    assert len({each["name"] for each in items}) == len(items) == 50
    troubles = [each["trouble"] for each in items]
    assert troubles == sorted(troubles, reverse=True)
    assert sum(trouble > 0 for trouble in troubles) == 8
    assert page["items"][-1]["owner"] == {"kind": "Deployment", "namespace": "shop", "name": "payments", "uid": None}


async def test_pods_are_found_by_words_by_node_and_by_owner(client, desk):
    desk.held_pods["east"] = [pod(1), pod(2, Trouble.BROKEN), pod(3, node="node-9")]
    for asked, names in (
        ({"q": "CRASHLOOP"}, ["payments-002"]),
        ({"node": "node-9"}, ["payments-003"]),
        ({"owner": "payments", "q": "003"}, ["payments-003"]),
        ({"namespace": "elsewhere"}, []),
        ({"cluster": "nowhere"}, []),
    ):
        found = (await client.get("/api/v1/pods", params=asked)).json()
        assert [each["name"] for each in found["items"]] == names, asked


async def test_a_total_that_leaves_a_cluster_out_is_not_told_as_one(client, desk):
    whole = (await client.get("/api/v1/pods", params={"cluster": "east"})).json()
    part = (await client.get("/api/v1/pods")).json()
    assert (whole["complete"], whole["total"]) == (True, 2)
    assert (part["complete"], part["total"], [each["cluster"] for each in part["missing"]]) == (False, None, ["west"])


async def test_a_cursor_that_is_none_is_refused(client):
    for path in ("pods", "workloads"):
        answer = await client.get(f"/api/v1/{path}", params={"cursor": "x"})
        assert (answer.status_code, "cursor" in answer.json()["detail"]) == (422, True)


async def test_workloads_come_worst_first(client, desk):
    desk.held_workloads["east"] = [workload("cart"), workload("payments", Trouble.NOT_READY), workload("search")]
    items, _ = await everything(client, "workloads", cluster="east")
    assert (items[0]["name"], items[0]["desired"], items[0]["available"]) == ("payments", 3, 2)


async def test_facets_count_what_choosing_each_would_show(client, desk):
    desk.known = {each.id: each for each in (incident(1), incident(2, cluster="west"), incident(3, cluster="west"))}
    told = (await client.get("/api/v1/incidents", params={"facets": "true", "cluster": "west"})).json()
    assert len(told["items"]) == 2
    # The facet of clusters leaves its own filter out; the others keep it.
    assert told["facets"]["cluster"] == {"east": 1, "west": 2}
    assert told["facets"]["severity"] == {"high": 2}
    assert (await client.get("/api/v1/incidents")).json()["facets"] is None


async def test_incidents_are_found_by_words(client):
    found = (await client.get("/api/v1/incidents", params={"q": "INC-2"})).json()
    assert [each["id"] for each in found["items"]] == ["inc-2"]


async def test_the_overview_names_what_needs_somebody_and_has_a_lane_for_each_cluster(client, desk):
    told = (await client.get("/api/v1/overview")).json()
    assert [each["kind"] for each in told["needs_you"]][:2] == ["incident", "incident"]
    assert {lane["cluster"] for lane in told["lanes"]} == {each.name for each in desk.members()}
    exact = {each["name"]: each["exact"] for each in told["figures"]}
    assert (exact["clusters"], exact["pods"]) == (True, False)
    west = next(lane for lane in told["lanes"] if lane["cluster"] == "west")
    assert west["state"] == ClusterState.UNKNOWN
    assert west["gaps"][-1]["until"] is None


async def test_the_overview_counts_the_runs_that_were_asked_for_since(client, desk):
    begun = (await client.get("/api/v1/overview")).json()["since"]["executions"]
    asked = {"incident_id": "inc-1", "mode": "rehearse"}
    assert (await client.post("/api/v1/runbooks/pod-oom/executions", json=asked)).status_code == 202
    assert (await client.get("/api/v1/overview")).json()["since"]["executions"] == begun + 1
    since = (desk.now() - timedelta(seconds=1)).isoformat()
    assert (await client.get("/api/v1/overview", params={"since": since})).json()["since"]["executions"] == 1


async def test_an_overview_since_the_future_is_refused(client):
    later = (NOON + timedelta(days=1)).isoformat()
    answer = await client.get("/api/v1/overview", params={"since": later})
    assert (answer.status_code, "future" in answer.json()["detail"]) == (422, True)
