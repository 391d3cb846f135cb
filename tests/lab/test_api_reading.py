"""Lists, pages, selectors, tables and discovery of the lab's API."""

import pytest

from kronveil.lab.kinds import EVENT
from kronveil.lab.moves import Scale
from tests.lab.serving import DEPLOYMENT, PODS, served

pytestmark = pytest.mark.anyio

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


async def test_a_paged_list_shows_one_moment_though_pods_come_and_go_meanwhile():
    async with served() as api:
        whole = await api.get("/api/v1/pods")
        page = await api.get("/api/v1/pods", limit=2)
        version, pages = page["metadata"]["resourceVersion"], [page]
        assert page["metadata"]["remainingItemCount"] == len(whole["items"]) - 2
        while page["metadata"].get("continue"):
            Scale("shop/api", 1 + len(pages) % 5).make(api.cluster.simulation)
            await api.lab.advance(10)
            page = await api.get("/api/v1/pods", limit=2, **{"continue": page["metadata"]["continue"]})
            pages.append(page)
        assert {item["metadata"]["resourceVersion"] for item in pages} == {version}
        items = [item for page in pages for item in page["items"]]
        assert items == whole["items"]
        assert len(pages) == 4


async def test_a_page_of_a_forgotten_moment_is_410():
    async with served() as api:
        first = await api.get(PODS, limit=1)
        api.cluster.compact()
        response = await api.http.get(PODS, params={"limit": 1, "continue": first["metadata"]["continue"]})
        assert (response.status_code, response.json()["reason"]) == (410, "Expired")


async def test_a_page_left_unread_for_too_long_is_410():
    async with served() as api:
        first = await api.get(PODS, limit=1)
        await api.lab.advance(400)
        response = await api.http.get(PODS, params={"limit": 1, "continue": first["metadata"]["continue"]})
        assert response.status_code == 410


async def test_lists_that_nobody_reads_to_the_end_do_not_pile_up():
    async with served() as api:
        for _ in range(3):
            await api.get("/api/v1/pods", limit=1)
            await api.lab.advance(400)
        first = await api.get("/api/v1/pods", limit=1)
        kept = api.cluster.api._pages._kept
        assert [version for _, version in kept] == [int(first["metadata"]["resourceVersion"])]


async def test_selectors_choose_by_label_and_field():
    async with served() as api:
        pods = (await api.get("/api/v1/pods"))["items"]
        node = pods[0]["spec"]["nodeName"]
        on_node = (await api.get("/api/v1/pods", fieldSelector=f"spec.nodeName={node}"))["items"]
        assert on_node == [pod for pod in pods if pod["spec"]["nodeName"] == node]
        for selector, count in {
            "app.kubernetes.io/name=api": 4,
            "app.kubernetes.io/name!=api": 3,
            "app.kubernetes.io/name in (api, coredns)": 6,
            "app.kubernetes.io/name notin (api),pod-template-hash": 3,
            "!pod-template-hash": 0,
        }.items():
            assert len((await api.get("/api/v1/pods", labelSelector=selector))["items"]) == count, selector
        refused = await api.http.get("/api/v1/pods", params={"fieldSelector": "spec.hostname=x"})
        assert refused.status_code == 400


async def test_a_paged_list_with_a_selector_ends_with_its_last_match():
    async with served() as api:
        page = await api.get("/api/v1/pods", limit=3, labelSelector="app.kubernetes.io/name=api")
        assert "remainingItemCount" not in page["metadata"]
        rest = await api.get(
            "/api/v1/pods",
            limit=3,
            labelSelector="app.kubernetes.io/name=api",
            **{"continue": page["metadata"]["continue"]},
        )
        assert (len(page["items"]), len(rest["items"])) == (3, 1)
        assert "continue" not in rest["metadata"]


async def test_a_list_names_its_kind_and_an_object_names_its_own():
    async with served() as api:
        listed = await api.get("/apis/apps/v1/deployments")
        assert (listed["kind"], listed["apiVersion"]) == ("DeploymentList", "apps/v1")
        one = await api.get(DEPLOYMENT)
        assert (one["kind"], one["apiVersion"]) == ("Deployment", "apps/v1")
        assert one["status"]["readyReplicas"] == 4


async def test_metadata_only_answers_leave_out_spec_and_status():
    async with served() as api:
        accept = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        listed = (await api.http.get(PODS, headers=accept)).json()
        assert listed["kind"] == "PartialObjectMetadataList"
        assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_a_table_has_the_columns_kubectl_prints():
    async with served() as api:
        table = (await api.http.get(PODS, headers=TABLE)).json()
        names = [column["name"] for column in table["columnDefinitions"]]
        assert names[:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
        assert table["rows"][0]["cells"][1:4] == ["1/1", "Running", "0"]


async def test_discovery_leads_to_every_kind():
    async with served() as api:
        assert (await api.get("/api"))["versions"] == ["v1"]
        assert {"apps", "batch", "policy"} <= {group["name"] for group in (await api.get("/apis"))["groups"]}
        named = {item["name"] for item in (await api.get("/api/v1"))["resources"]}
        assert {"pods", "pods/eviction", "nodes", "events", "namespaces", "services"} <= named
        assert "deployments/scale" in {item["name"] for item in (await api.get("/apis/apps/v1"))["resources"]}
        assert (await api.get("/version"))["gitVersion"].startswith("v1.")
        assert (await api.http.get("/readyz")).text == "ok"


@pytest.mark.parametrize(
    ("path", "query", "code", "reason"),
    [
        (f"{PODS}/nobody", {}, 404, "NotFound"),
        ("/apis/batch/v1beta1/jobs", {}, 404, "NotFound"),
        ("/openapi/v2", {}, 404, "NotFound"),
        (PODS, {"limit": "many"}, 400, "BadRequest"),
        (PODS, {"continue": "%%%"}, 400, "BadRequest"),
        (PODS, {"resourceVersion": "999999999999999"}, 504, "Timeout"),
    ],
)
async def test_what_cannot_be_answered_is_a_status_object(path, query, code, reason):
    async with served() as api:
        response = await api.http.get(path, params=query)
        status = response.json()
        assert (response.status_code, status["kind"], status["reason"]) == (code, "Status", reason)
        assert status["code"] == code
        assert status["message"]


async def test_a_list_of_thousands_is_whole():
    async with served() as api:
        for number in range(1200):
            api.cluster.world.create(EVENT, {"metadata": {"name": f"event-{number}", "namespace": "shop"}})
        listed = await api.get("/api/v1/namespaces/shop/events")
        assert len(listed["items"]) == 1200
