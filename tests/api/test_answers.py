"""Every path answers what the published schema says, and the schema is the one that is published."""

import pytest

from kronveil.agent.desk import Desk
from kronveil.api.schema import schema_text
from kronveil.model.fleet import ClusterState
from kronveil.model.health import HealthStatus
from tests.api.conforming import PUBLISHED, check_answer, filled, published
from tests.api.plain_desk import PlainDesk, event, incident, member

pytestmark = pytest.mark.anyio

READS = sorted(path for path, ways in published()["paths"].items() if "get" in ways and not path.endswith("/stream"))


def test_the_committed_schema_is_what_the_routes_say():
    assert PUBLISHED.read_text() == schema_text(), "run: python -m kronveil.api.schema dashboard/openapi.json"


def test_the_plain_desk_is_a_desk():
    desk: Desk = PlainDesk()
    assert desk.live.seq == 0


def test_every_operation_has_a_readable_id_words_and_declared_problems():
    for ways in published()["paths"].values():
        for operation in ways.values():
            assert operation["operationId"].isidentifier()
            assert len(operation["description"]) > 20
            assert "application/problem+json" in operation["responses"]["422"]["content"]


@pytest.mark.parametrize("path", READS)
async def test_a_read_answers_its_schema(client, path):
    response = await client.get(filled(path))
    assert response.status_code == 200, response.text
    check_answer(response, "GET", path)
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/incidents/{id}/acknowledge", None),
        ("/api/v1/incidents/{id}/acknowledge", {}),
        ("/api/v1/incidents/{id}/resolve", {"reason": "rolled back by hand"}),
        ("/api/v1/clusters/{name}/probe", None),
        ("/api/v1/stream/tickets", None),
        ("/api/v1/clusters", {"name": "north"}),
        ("/api/v1/clusters/{name}/pause", {"reason": "maintenance"}),
        ("/api/v1/clusters/{name}/resume", None),
        ("/api/v1/tokens", {"role": "viewer"}),
        ("/api/v1/incidents/{id}/reopen", {"reason": "it is back"}),
        ("/api/v1/incidents/{id}/assign", {"to": "ada"}),
        ("/api/v1/incidents/{id}/assign", {"to": None}),
        ("/api/v1/incidents/{id}/note", {"text": "seen before"}),
        ("/api/v1/incidents/{id}/pin", {"event_id": "ev-00003"}),
        ("/api/v1/incidents/{id}/merge", {"ids": ["inc-2"]}),
        ("/api/v1/incidents/{id}/split", None),
        ("/api/v1/incidents/{id}/undo", None),
        ("/api/v1/silences", {"reason": "upgrade", "ends_at": "2026-11-25T14:00:00Z", "cluster": "east"}),
        ("/api/v1/silences/preview", {"cluster": "east"}),
    ],
)
async def test_a_write_answers_its_schema(client, path, body):
    response = await client.post(filled(path), json=body)
    assert response.status_code in {200, 201}, response.text
    check_answer(response, "POST", path)


async def test_the_schema_is_served(client):
    response = await client.get("/api/v1/openapi.json")
    assert response.json() == published()
    assert response.json()["openapi"].startswith("3.1")


async def test_health_has_the_exact_shape_of_the_post(client):
    response = await client.get("/api/v1/health")
    answer = response.json()
    assert list(answer) == ["status", "components", "uptime"]
    assert answer["uptime"] == "2m30s"
    assert answer["components"][0] == {
        "name": "store",
        "status": "healthy",
        "message": "writable",
        "since": "2026-11-25T12:00:00.123Z",
        "last_success": "2026-11-25T12:00:00.123Z",
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (HealthStatus.HEALTHY, 200),
        (HealthStatus.DEGRADED, 200),
        (HealthStatus.UNHEALTHY, 503),
    ],
)
async def test_only_an_unhealthy_agent_answers_503(client, desk, status, code):
    desk.status = status
    response = await client.get("/api/v1/health")
    assert response.status_code == code
    check_answer(response, "GET", "/api/v1/health")
    assert response.json()["status"] == status


async def test_a_cluster_never_heard_from_has_unknowns_and_no_zeros(client):
    answer = (await client.get("/api/v1/clusters/west")).json()
    assert answer["state"] == "unknown"
    assert [answer[key] for key in ("uid", "last_seen", "age_s", "version", "pods", "nodes")] == [None] * 6


async def test_a_fleet_of_silent_clusters_has_unknown_totals(client, desk):
    desk.fleet_members = [member("west", ClusterState.UNKNOWN)]
    answer = (await client.get("/api/v1/fleet")).json()
    assert answer["pods"] is None
    assert answer["complete"] is False
    assert answer["missing"] == [{"cluster": "west", "reason": "never heard from", "age_s": None}]
    assert answer["clusters"]["total"] == answer["clusters"]["unknown"] == 1


async def test_lists_say_which_clusters_they_leave_out(client):
    for path in ("events", "incidents", "clusters", "collectors"):
        answer = (await client.get(f"/api/v1/{path}")).json()
        assert answer["complete"] is False
        assert [each["cluster"] for each in answer["missing"]] == ["west"]


async def test_a_list_about_one_cluster_is_complete_when_that_one_reports(client):
    assert (await client.get("/api/v1/events?cluster=east")).json()["complete"] is True
    assert (await client.get("/api/v1/incidents?cluster=west")).json()["complete"] is False


async def test_an_incident_carries_its_evidence_in_full_and_lists_carry_ids(client):
    whole = (await client.get("/api/v1/incidents/inc-1")).json()
    assert [each["id"] for each in whole["evidence"]] == ["ev-00001", "ev-00002"]
    assert whole["evidence"][0]["attributes"] == {"container": "app", "exit_code": 137, "limit": None, "ready": False}
    assert whole["clusters"] == [{"name": "east", "uid": "uid-east", "region": "eu-west-1"}]
    listed = (await client.get("/api/v1/incidents")).json()["items"][-1]
    assert listed["evidence"] == ["ev-00001", "ev-00002"]
    assert listed["timeline"][0]["what"] == "opened"


async def test_pages_of_events_join_without_hole_or_repeat(client, desk):
    desk.stored = [event(number) for number in range(25)]
    seen, cursor = [], None
    while True:
        response = await client.get("/api/v1/events", params={"limit": 10} | ({"cursor": cursor} if cursor else {}))
        page = response.json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"ev-{number:05d}" for number in reversed(range(25))]


async def test_pages_of_clusters_join_by_name(client, desk):
    desk.fleet_members = [member(name) for name in ("d", "b", "c", "a")]
    first = (await client.get("/api/v1/clusters?limit=3")).json()
    second = (await client.get("/api/v1/clusters", params={"cursor": first["next_cursor"]})).json()
    assert [each["name"] for each in first["items"] + second["items"]] == ["a", "b", "c", "d"]
    assert second["next_cursor"] is None


async def test_events_are_narrowed_by_time_cluster_kind_and_severity(client, desk):
    desk.stored = [event(1), event(2, cluster="west"), event(3, kind="pod.changed")]
    for narrowing, expected in [
        ({"cluster": "west"}, ["ev-00002"]),
        ({"kind": "pod.changed"}, ["ev-00003"]),
        ({"severity": "low"}, []),
        ({"since": "2026-11-25T13:00:02.500+01:00"}, ["ev-00003"]),
    ]:
        answer = (await client.get("/api/v1/events", params=narrowing)).json()
        assert [each["id"] for each in answer["items"]] == expected, narrowing


@pytest.mark.parametrize("query", ["status=open,resolved&cluster=east", "status=open&status=resolved&cluster=east"])
async def test_several_statuses_may_be_repeated_or_separated_by_commas(client, desk, query):
    desk.known["inc-3"] = incident(3, cluster="west")
    answer = (await client.get(f"/api/v1/incidents?{query}")).json()
    assert [each["id"] for each in answer["items"]] == ["inc-1"]


async def test_the_configuration_is_told_with_its_sources_and_without_its_secrets(client):
    response = await client.get("/api/v1/config")
    assert "hush" not in response.text
    by_key = {each["key"]: each for each in response.json()["items"]}
    assert by_key["incidents.resolve_after"]["value"] == "1m30s"
    assert by_key["agent.log_level"] == {
        "key": "agent.log_level",
        "value": "debug",
        "default": "info",
        "source": "environment KRONVEIL__AGENT__LOG_LEVEL",
    }


async def test_a_probe_says_whether_the_cluster_answered_and_why_not(client, desk):
    desk.silent = {"west"}
    east = (await client.post("/api/v1/clusters/east/probe")).json()
    west = (await client.post("/api/v1/clusters/west/probe")).json()
    assert (east["answered"], east["detail"]) == (True, None)
    assert (west["answered"], west["detail"]) == (False, "connection refused 10.1.0.1:6443")


async def test_an_acknowledged_incident_names_who_did_it(client, desk):
    answer = (await client.post("/api/v1/incidents/inc-1/acknowledge")).json()
    assert (answer["status"], answer["acknowledged_by"], answer["loop_stage"]) == (
        "acknowledged",
        "local",
        "acknowledged",
    )
    assert desk.acts[0].verb == "acknowledge"


async def test_the_same_write_with_the_same_key_is_done_once(client, desk):
    key = {"Idempotency-Key": "click-1"}
    first = await client.post("/api/v1/incidents/inc-1/resolve", json={"reason": "done"}, headers=key)
    second = await client.post("/api/v1/incidents/inc-1/resolve", json={"reason": "done"}, headers=key)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(desk.acts) == 1


async def test_a_request_id_that_the_caller_gives_comes_back(client):
    response = await client.get("/api/v1/fleet", headers={"X-Request-Id": "trace-7"})
    assert response.headers["x-request-id"] == "trace-7"
    response = await client.get("/api/v1/fleet", headers={"X-Request-Id": "not a good one"})
    assert response.headers["x-request-id"] != "not a good one"


async def test_every_part_says_which_family_it_is_of(client):
    items = (await client.get("/api/v1/parts")).json()["items"]
    assert {each["name"]: each["kind"] for each in items} == {"store": "store", "kubernetes": "collector"}
