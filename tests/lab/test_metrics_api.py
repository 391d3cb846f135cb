"""The lab's metrics.k8s.io: what metrics-server would say of the pods and nodes that there are, in its words."""

from datetime import datetime
from itertools import pairwise

import pytest

from kronveil.lab.images import Behaviour
from kronveil.lab.moves import StopNode
from kronveil.lab.quantities import parse_quantity
from tests.lab.living import BAD, LEAKY
from tests.lab.serving import client_of, served

pytestmark = pytest.mark.anyio
GROUP = "/apis/metrics.k8s.io"
METRICS = f"{GROUP}/v1beta1"


def usage(item, what="memory"):
    (container,) = item["containers"]
    return parse_quantity(container["usage"][what])


async def test_every_running_pod_and_node_is_told_with_its_time_and_window():
    async with served() as api:
        found = await api.get(f"{METRICS}/namespaces/shop/pods")
        assert (found["kind"], found["apiVersion"]) == ("PodMetricsList", "metrics.k8s.io/v1beta1")
        names = {each["metadata"]["name"] for each in (await api.get("/api/v1/namespaces/shop/pods"))["items"]}
        assert {each["metadata"]["name"] for each in found["items"]} == names
        first = found["items"][0]
        assert (first["metadata"]["namespace"], first["window"]) == ("shop", "15s")
        assert datetime.fromisoformat(first["timestamp"])
        assert first["containers"][0]["usage"]["cpu"].endswith("n")
        assert first["containers"][0]["usage"]["memory"].endswith("Ki")
        assert await api.get(f"{METRICS}/namespaces/shop/pods/{first['metadata']['name']}") == first
        assert len((await api.get(f"{METRICS}/pods"))["items"]) > len(names)
        nodes = await api.get(f"{METRICS}/nodes")
        assert (nodes["kind"], len(nodes["items"])) == ("NodeMetricsList", 3)
        assert await api.get(f"{METRICS}/nodes/{nodes['items'][0]['metadata']['name']}") == nodes["items"][0]


async def test_the_group_is_discovered():
    async with served() as api:
        assert "metrics.k8s.io" in [each["name"] for each in (await api.get("/apis"))["groups"]]
        assert (await api.get(GROUP))["preferredVersion"]["version"] == "v1beta1"
        assert [each["name"] for each in (await api.get(METRICS))["resources"]] == ["nodes", "pods"]


async def test_a_leak_climbs_to_its_limit_and_starts_again_small():
    async with served() as api:
        await api.set_image(LEAKY)
        seen: dict[str, list[float]] = {}
        for _ in range(120):
            await api.lab.advance(1)
            for each in (await api.get(f"{METRICS}/namespaces/shop/pods"))["items"]:
                seen.setdefault(each["metadata"]["name"], []).append(usage(each))
        limit = 256 * 2**20
        assert max(map(max, seen.values())) <= limit
        falls = [later for used in seen.values() for now, later in pairwise(used) if now > 0.8 * limit > later]
        assert falls
        assert min(falls) < 0.3 * limit


async def test_who_does_not_run_is_not_told():
    async with served() as api:
        await api.set_image(BAD)
        await api.lab.advance(30)
        listed = {each["metadata"]["name"] for each in (await api.get(f"{METRICS}/namespaces/shop/pods"))["items"]}
        pods = (await api.get("/api/v1/namespaces/shop/pods"))["items"]
        waiting = {
            each["metadata"]["name"]
            for each in pods
            if "running" not in each["status"]["containerStatuses"][0]["state"]
        }
        assert waiting
        assert not waiting & listed
        for name in (*waiting, "no-such-pod"):
            refused = await api.http.get(f"{METRICS}/namespaces/shop/pods/{name}")
            assert (refused.status_code, refused.json()["reason"]) == (404, "NotFound")


async def test_a_node_whose_kubelet_is_gone_is_not_told():
    async with served() as api:
        nodes = [each["metadata"]["name"] for each in (await api.get(f"{METRICS}/nodes"))["items"]]
        StopNode(1).make(api.cluster.simulation)
        assert [each["metadata"]["name"] for each in (await api.get(f"{METRICS}/nodes"))["items"]] == nodes[1:]


async def test_a_changed_behaviour_shows():
    async with served() as api:
        before = (await api.get(f"{METRICS}/namespaces/shop/pods"))["items"]
        image = (await api.get("/api/v1/namespaces/shop/pods"))["items"][0]["spec"]["containers"][0]["image"]
        api.cluster.simulation.set_behaviour(image, Behaviour(memory_mi=200))
        after = (await api.get(f"{METRICS}/namespaces/shop/pods"))["items"]
        assert min(map(usage, after)) > 2 * max(map(usage, before))


async def test_it_may_be_forbidden_not_served_or_without_an_answer():
    async with served() as api:
        api.cluster.forbid("metrics.k8s.io/pods")
        refused = await api.http.get(f"{METRICS}/pods")
        assert (refused.status_code, refused.json()["reason"]) == (403, "Forbidden")
        assert await api.get(f"{METRICS}/nodes")
        assert await api.get("/api/v1/pods")
        api.cluster.allow("metrics.k8s.io/pods")
        api.cluster.simulation.set_metrics(offered=False)
        assert (await api.http.get(f"{METRICS}/pods")).status_code == 503
        api.cluster.simulation.set_metrics(offered=True)
        api.cluster.serve_metrics(served=False)
        assert (await api.http.get(f"{METRICS}/pods")).status_code == 404
        assert "metrics.k8s.io" not in [each["name"] for each in (await api.get("/apis"))["groups"]]
        api.cluster.serve_metrics(served=True)
        assert await api.get(f"{METRICS}/pods")


async def test_it_is_read_only_and_asks_who_comes():
    async with served() as api:
        assert (await api.http.delete(f"{METRICS}/pods")).status_code == 405
        assert (await api.http.get(f"{METRICS}/secrets")).status_code == 404
        async with client_of(api.cluster) as stranger:
            stranger.headers["authorization"] = "Bearer nobody"
            assert (await stranger.get(f"{METRICS}/pods")).status_code == 401


async def test_a_kubelet_tells_of_its_node_and_pods_through_the_api_server():
    async with served() as api:
        nodes = (await api.get(f"{METRICS}/nodes"))["items"]
        names = [each["metadata"]["name"] for each in nodes]
        summaries = [await api.get(f"/api/v1/nodes/{name}/proxy/stats/summary") for name in names]
        assert [each["node"]["nodeName"] for each in summaries] == names
        told = {pod["podRef"]["name"] for each in summaries for pod in each["pods"]}
        assert told == {each["metadata"]["name"] for each in (await api.get(f"{METRICS}/pods"))["items"]}
        cores = summaries[0]["node"]["cpu"]["usageNanoCores"] / 1e9
        assert cores == pytest.approx(parse_quantity(nodes[0]["usage"]["cpu"].removesuffix("n")) / 1e9)
        StopNode(1).make(api.cluster.simulation)
        assert (await api.http.get(f"/api/v1/nodes/{names[0]}/proxy/stats/summary")).status_code == 503
        assert (await api.http.get("/api/v1/nodes/nobody/proxy/stats/summary")).status_code == 404
        api.cluster.forbid("nodes/proxy")
        assert (await api.http.get(f"/api/v1/nodes/{names[1]}/proxy/stats/summary")).status_code == 403
