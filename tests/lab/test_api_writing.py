"""Writes through the lab's API: checked, rehearsed, and with the same effect as a story's move."""

import pytest

from tests.lab.living import BAD, BETTER, GOOD, LEAKY
from tests.lab.serving import DEPLOYMENT, JSON_PATCH, MERGE, PODS, STRATEGIC, served

pytestmark = pytest.mark.anyio


async def ready(api):
    return (await api.get(DEPLOYMENT))["status"].get("readyReplicas", 0)


async def test_a_patched_image_rolls_out_and_a_patched_back_one_recovers():
    async with served() as api:
        await api.set_image(BAD)
        await api.lab.advance(30)
        assert await ready(api) == 3
        await api.set_image(GOOD)
        await api.lab.advance(30)
        assert await ready(api) == 4


async def test_a_patched_limit_ends_an_out_of_memory_loop():
    async with served() as api:
        await api.set_image(LEAKY)
        await api.lab.advance(90)
        path = "/spec/template/spec/containers/0/resources/limits/memory"
        patch = [{"op": "replace", "path": path, "value": "1Gi"}]
        assert (await api.http.patch(DEPLOYMENT, json=patch, headers=JSON_PATCH)).status_code == 200
        await api.lab.advance(90)
        pods = (await api.get(PODS))["items"]
        assert await ready(api) == 4
        assert {pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods} == {0}


async def test_a_strategic_patch_keeps_what_it_does_not_name():
    async with served() as api:
        before = (await api.get(DEPLOYMENT))["spec"]["template"]["spec"]["containers"]
        await api.set_image(BETTER)
        after = (await api.get(DEPLOYMENT))["spec"]["template"]["spec"]["containers"]
        assert after == [before[0] | {"image": BETTER}]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("PATCH", DEPLOYMENT, {"spec": {"replicas": 9}}, MERGE),
        ("PATCH", f"{DEPLOYMENT}/scale", {"spec": {"replicas": 9}}, MERGE),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}}, {}),
        ("DELETE", DEPLOYMENT, {"dryRun": ["All"]}, {}),
    ],
)
async def test_a_rehearsed_write_answers_the_outcome_and_writes_nothing(method, path, body, headers):
    async with served() as api:
        version, before = api.cluster.world.version, await api.get(DEPLOYMENT)
        response = await api.http.request(method, path, params={"dryRun": "All"}, json=body, headers=headers)
        assert response.status_code in (200, 201)
        if method == "PATCH":
            assert response.json()["spec"]["replicas"] == 9
        await api.lab.advance(20)
        assert api.cluster.world.version == version
        assert await api.get(DEPLOYMENT) == before


async def test_a_deletion_with_a_body_is_not_rehearsed_by_its_query():
    async with served() as api:
        assert (await api.http.delete(DEPLOYMENT, params={"dryRun": "All"})).status_code == 200
        await api.get(DEPLOYMENT)
        await api.http.request("DELETE", DEPLOYMENT, params={"dryRun": "All"}, json={})
        assert (await api.http.get(DEPLOYMENT)).status_code == 404


async def test_a_webhook_denies_and_warns_of_writes_also_of_rehearsed_ones():
    async with served() as api:
        patch = {"spec": {"replicas": 5}}
        api.cluster.warn_of_writes("deployments", "replicas are the autoscaler's")
        answer = await api.http.patch(DEPLOYMENT, params={"dryRun": "All"}, json=patch, headers=MERGE)
        assert answer.headers["warning"] == '299 - "replicas are the autoscaler\'s"'
        api.cluster.deny_writes("deployments", "frozen")
        answer = await api.http.patch(DEPLOYMENT, params={"dryRun": "All"}, json=patch, headers=MERGE)
        assert answer.json()["message"] == 'admission webhook "policy.lab.kronveil.io" denied the request: frozen'
        api.cluster.deny_writes("deployments", None)
        assert (await api.http.patch(DEPLOYMENT, json=patch, headers=MERGE)).status_code == 200


async def test_an_eviction_is_of_the_pod_with_that_uid_alone():
    async with served() as api:
        pod = (await api.get(PODS))["items"][0]["metadata"]
        body = {"kind": "Eviction", "metadata": {"name": pod["name"]}, "deleteOptions": {"preconditions": {"uid": "x"}}}
        assert (await api.http.post(f"{PODS}/{pod['name']}/eviction", json=body)).status_code == 409
        body["deleteOptions"] = {"preconditions": {"uid": pod["uid"]}}
        assert (await api.http.post(f"{PODS}/{pod['name']}/eviction", json=body)).status_code == 201


async def test_the_scale_subresource_scales():
    async with served() as api:
        scale = await api.get(f"{DEPLOYMENT}/scale")
        assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 4)
        scale["spec"]["replicas"] = 6
        assert (await api.http.put(f"{DEPLOYMENT}/scale", json=scale)).status_code == 200
        await api.lab.advance(20)
        assert await ready(api) == 6


async def test_a_deleted_pod_terminates_then_is_gone_and_replaced():
    async with served() as api:
        name = (await api.get(PODS))["items"][0]["metadata"]["name"]
        response = await api.http.delete(f"{PODS}/{name}")
        assert "deletionTimestamp" in response.json()["metadata"]
        await api.lab.advance(10)
        assert (await api.http.get(f"{PODS}/{name}")).status_code == 404
        assert await ready(api) == 4


async def test_a_created_deployment_gets_its_defaults_and_its_pods():
    async with served() as api:
        labels = {"app": "new"}
        container = {"name": "web", "image": "elsewhere.test/web:1"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        body = {"metadata": {"name": "new"}, "spec": spec}
        collection = "/apis/apps/v1/namespaces/shop/deployments"
        created = await api.http.post(collection, json=body)
        assert created.status_code == 201
        assert created.json()["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
        await api.lab.advance(20)
        assert (await api.get(f"{collection}/new"))["status"]["availableReplicas"] == 2
        again = await api.http.post(collection, json=body)
        assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")


async def test_a_stale_version_is_a_conflict():
    async with served() as api:
        stale = await api.get(DEPLOYMENT)
        await api.set_image(BETTER)
        response = await api.http.put(DEPLOYMENT, json=stale)
        assert (response.status_code, response.json()["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"replicas": -1}},
        {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
        {"spec": {"template": {"spec": {"containers": []}}}},
        {"metadata": {"name": "other"}},
    ],
)
async def test_a_change_that_breaks_a_rule_is_422(patch):
    async with served() as api:
        response = await api.http.patch(DEPLOYMENT, json=patch, headers=MERGE)
        assert (response.status_code, response.json()["reason"]) == (422, "Invalid")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("PATCH", f"{PODS}/nobody", {}, MERGE, 404),
        ("PATCH", DEPLOYMENT, {}, {"content-type": "text/plain"}, 415),
        ("PATCH", DEPLOYMENT, [{"op": "test", "path": "/spec/replicas", "value": 1}], JSON_PATCH, 422),
        ("POST", "/api/v1/namespaces/nowhere/pods", {"metadata": {"name": "x"}}, {}, 404),
        ("POST", PODS, {"metadata": {"name": "x"}, "spec": {}}, {}, 422),
        ("POST", PODS, {"metadata": {"name": "Not_A_Name"}}, {}, 422),
        ("PUT", PODS, {}, {}, 405),
        ("POST", PODS, {}, {"content-type": "application/vnd.kubernetes.protobuf"}, 415),
        ("PATCH", f"{DEPLOYMENT}?dryRun=Some", {}, STRATEGIC, 400),
    ],
)
async def test_a_refused_write_is_a_status_object(method, path, body, headers, code):
    async with served() as api:
        response = await api.http.request(method, path, json=body, headers=headers)
        assert (response.status_code, response.json()["kind"]) == (code, "Status")


async def test_what_a_caller_may_do_can_be_asked():
    async with served() as api:
        api.cluster.forbid("events")
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        for resource, allowed in {"pods": True, "events": False, "widgets": False}.items():
            body = {"spec": {"resourceAttributes": {"verb": "list", "resource": resource}}}
            answer = await api.http.post(path, json=body)
            assert answer.json()["status"]["allowed"] is allowed


async def test_server_side_apply_creates_and_changes():
    async with served() as api:
        body = {"metadata": {"name": "team"}, "kind": "Namespace", "apiVersion": "v1"}
        headers = {"content-type": "application/apply-patch+yaml"}
        query = {"fieldManager": "test"}
        path = "/api/v1/namespaces/team"
        assert (await api.http.patch(path, params=query, json=body, headers=headers)).status_code == 201
        body["metadata"]["labels"] = {"tier": "one"}
        assert (await api.http.patch(path, params=query, json=body, headers=headers)).status_code == 200
        assert (await api.get(path))["metadata"]["labels"]["tier"] == "one"


async def test_deleting_a_namespace_takes_everything_in_it():
    async with served() as api:
        assert (await api.http.delete("/api/v1/namespaces/shop")).status_code == 200
        await api.lab.advance(5)
        assert (await api.get("/api/v1/pods", labelSelector="app.kubernetes.io/name=api"))["items"] == []
