"""Every kind is served alike, custom ones too; events come in two forms; writes tell who wrote."""

import pytest

from kronveil.lab.kinds import CUSTOM_KINDS, KINDS, NEW_EVENT, Kind
from kronveil.lab.moves import DeletePod
from tests.lab.serving import DEPLOYMENT, JSON_PATCH, MERGE, PODS, served, watching

pytestmark = pytest.mark.anyio

_TEMPLATE = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "a", "image": "registry.test/shop/a:1"}]},
}
_SELECTED = {"selector": {"matchLabels": {"app": "a"}}, "template": _TEMPLATE}
SPECS = {
    "deployments": _SELECTED,
    "replicasets": _SELECTED,
    "statefulsets": _SELECTED,
    "daemonsets": _SELECTED,
    "pods": _TEMPLATE["spec"],
    "jobs": {"template": _TEMPLATE},
    "cronjobs": {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": _TEMPLATE}}},
    "horizontalpodautoscalers": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "nobody"}},
}
WIDGET = Kind("Widget", "widgets", "example.test", "v1beta1")


def path_of(kind):
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else "/api/v1"
    return f"{root}/namespaces/shop/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"


@pytest.mark.parametrize("kind", [*KINDS, *CUSTOM_KINDS.values(), WIDGET, NEW_EVENT], ids=lambda kind: kind.api_version)
async def test_a_kind_is_created_read_listed_patched_watched_and_deleted(kind):
    async with served() as api:
        if kind is not NEW_EVENT:
            api.cluster.world.add_kind(kind)
        path = path_of(kind)
        version = (await api.get(path, limit=1))["metadata"]["resourceVersion"]
        body = {"metadata": {"name": "one"}, "spec": SPECS.get(kind.plural, {})}
        created = await api.http.post(path, json=body)
        assert created.status_code == 201, created.text
        assert (created.json()["kind"], created.json()["apiVersion"]) == (kind.name, kind.api_version)
        patch = {"metadata": {"labels": {"tier": "gold"}}}
        assert (await api.http.patch(f"{path}/one", json=patch, headers=MERGE)).status_code == 200
        assert (await api.get(f"{path}/one"))["metadata"]["labels"]["tier"] == "gold"
        listed = await api.get(path, labelSelector="tier=gold")
        assert (listed["kind"], listed["apiVersion"]) == (f"{kind.name}List", kind.api_version)
        assert len(listed["items"]) == 1
        assert (await api.http.delete(f"{path}/one", params={"gracePeriodSeconds": 0})).status_code == 200
        query = {"resourceVersion": version, "fieldSelector": "metadata.name=one"}
        async with watching(api.http, path, **query) as frames:
            seen = [await frames.next()]
            while seen[-1]["type"] != "DELETED":
                seen.append(await frames.next())
        assert seen[0]["type"] == "ADDED"
        assert {frame["object"]["apiVersion"] for frame in seen} == {kind.api_version}


async def test_discovery_names_every_group_version_and_added_kind():
    async with served() as api:
        assert (await api.http.get("/apis/example.test/v1beta1")).status_code == 404
        api.cluster.world.add_kind(WIDGET)
        groups = {item["name"]: item["preferredVersion"]["version"] for item in (await api.get("/apis"))["groups"]}
        assert groups["autoscaling"] == "v2"
        assert groups["example.test"] == "v1beta1"
        resources = (await api.get("/apis/example.test/v1beta1"))["resources"]
        assert [item["name"] for item in resources] == ["widgets"]


async def test_tables_are_made_of_every_kind():
    async with served() as api:
        for kind in KINDS:
            answer = await api.http.get(
                path_of(kind), headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
            )
            assert answer.json()["kind"] == "Table"


async def test_the_same_event_is_read_in_both_forms():
    async with served() as api:
        DeletePod("shop/api").make(api.cluster.simulation)
        old = (await api.get("/api/v1/namespaces/shop/events"))["items"][0]
        new = await api.get(f"/apis/events.k8s.io/v1/namespaces/shop/events/{old['metadata']['name']}")
        assert new["regarding"] == old["involvedObject"]
        assert (new["note"], new["deprecatedCount"]) == (old["message"], old["count"])
        assert new["metadata"] == old["metadata"]


async def test_metadata_alone_can_be_listed_so_that_no_value_is_read():
    async with served() as api:
        secret = {"metadata": {"name": "key"}, "data": {"password": "aHVudGVyMg=="}}
        assert (await api.http.post("/api/v1/namespaces/shop/secrets", json=secret)).status_code == 201
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        answer = await api.http.get("/api/v1/secrets", headers={"accept": accept})
        assert answer.json()["kind"] == "PartialObjectMetadataList"
        assert "aHVudGVyMg==" not in answer.text


async def test_an_old_server_refuses_a_streamed_list():
    async with served() as api:
        api.cluster.set_streaming_lists(offered=False)
        query = {"watch": 1, "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        refused = await api.http.get(PODS, params=query)
        assert (refused.status_code, refused.json()["reason"]) == (422, "Invalid")
        api.cluster.set_streaming_lists(offered=True)
        async with watching(api.http, PODS, **query) as frames:
            assert (await frames.next())["type"] == "ADDED"


async def test_a_write_tells_who_made_it_what_of_and_when():
    async with served() as api:
        query = {"fieldManager": "pipeline"}
        await api.http.patch(DEPLOYMENT, json={"spec": {"replicas": 5}}, headers=MERGE, params=query)
        entries = {item["manager"]: item for item in (await api.get(DEPLOYMENT))["metadata"]["managedFields"]}
        assert entries["pipeline"]["operation"] == "Update"
        assert entries["pipeline"]["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
        assert entries["pipeline"]["time"] == api.cluster.world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        await api.http.patch(DEPLOYMENT, json={"spec": {"paused": True}}, headers=MERGE, params=query)
        entries = {item["manager"]: item for item in (await api.get(DEPLOYMENT))["metadata"]["managedFields"]}
        assert entries["pipeline"]["fieldsV1"] == {"f:spec": {"f:replicas": {}, "f:paused": {}}}


async def test_without_a_field_manager_the_client_names_itself():
    async with served() as api:
        await api.http.patch(DEPLOYMENT, json={"spec": {"replicas": 5}}, headers=MERGE | {"user-agent": "kubectl/v1"})
        entries = (await api.get(DEPLOYMENT))["metadata"]["managedFields"]
        assert "kubectl" in {item["manager"] for item in entries}


async def test_what_has_a_finalizer_stays_until_it_is_taken_off():
    async with served() as api:
        path = "/api/v1/namespaces/shop/configmaps"
        body = {"metadata": {"name": "held", "finalizers": ["example.test/hold"]}}
        await api.http.post(path, json=body)
        assert (await api.http.delete(f"{path}/held")).status_code == 200
        assert "deletionTimestamp" in (await api.get(f"{path}/held"))["metadata"]
        off = [{"op": "remove", "path": "/metadata/finalizers"}]
        await api.http.patch(f"{path}/held", json=off, headers=JSON_PATCH)
        assert (await api.http.get(f"{path}/held")).status_code == 404
