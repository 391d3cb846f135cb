"""Whatever is refused is refused as a problem document that says what would be right, in a fixed order."""

import logging

import pytest

from kronveil.api import ApiOptions
from kronveil.sdk.errors import ConfigError
from kronveil.sdk.secret import Secret
from tests.api.conforming import check_problem, filled, published
from tests.api.conftest import client_of
from tests.api.plain_desk import incident

pytestmark = pytest.mark.anyio

ACKNOWLEDGE = "/api/v1/incidents/inc-1/acknowledge"
RESOLVE = "/api/v1/incidents/inc-1/resolve"
CALLS = [(method.upper(), filled(path)) for path, ways in published()["paths"].items() for method in ways]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_an_unknown_query_parameter_is_named(client, method, path):
    body = {"reason": "x"} if path.endswith("resolve") else None
    problem = check_problem(await client.request(method, f"{path}?colour=red", json=body), 422)
    assert {"loc": ["query", "colour"], "msg": "There is no such query parameter here"} in problem["errors"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nothing", 404),
        ("/api/v1/runbooks/made-up", 404),
        ("/api/v1/executions/made-up", 404),
        ("/api/v1/fleet/", 404),
        ("/api", 404),
        ("/api/v2/fleet", 404),
        ("/api/v1/incidents/made-up", 404),
        ("/api/v1/clusters/atlantis", 404),
        ("/api/v1/events?limit=0", 422),
        ("/api/v1/events?limit=501", 422),
        ("/api/v1/events?severity=worst", 422),
        ("/api/v1/events?since=yesterday", 422),
        ("/api/v1/events?since=2026-11-25T12:00:00", 422),
        ("/api/v1/events?cursor=junk", 422),
        ("/api/v1/incidents?cursor=junk", 422),
        ("/api/v1/incidents?status=open,opne", 422),
        ("/api/v1/clusters?cursor=%F0%9F", 422),
        ("/api/v1/clusters?cursor=junk", 422),
    ],
)
async def test_a_read_that_cannot_be_answered_says_why(client, path, status):
    check_problem(await client.get(path), status)


async def test_all_that_is_wrong_is_listed_at_once(client):
    problem = check_problem(await client.get("/api/v1/events?limit=0&severity=worst&colour=red"), 422)
    assert {each["loc"][-1] for each in problem["errors"]} == {"limit", "severity", "colour"}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/api/v1/incidents?status=open,opne", "status[1]"),
        ("/api/v1/incidents?status=open&severity=high&severity=worst", "severity[1]"),
        ("/api/v1/events?limit=0", "limit"),
    ],
)
async def test_what_is_wrong_in_a_list_is_named_by_the_list_and_its_place_in_it(client, path, place):
    problem = check_problem(await client.get(path), 422)
    assert problem["detail"].startswith(f"{place}: ")


@pytest.mark.parametrize(("ids", "place"), [(["inc-2", ""], "ids[1]"), ([7], "ids[0]"), ("inc-2", "ids")])
async def test_so_is_what_is_wrong_in_a_body(client, ids, place):
    problem = check_problem(await client.post("/api/v1/incidents/inc-1/merge", json={"ids": ids}), 422)
    assert problem["detail"].startswith(f"{place}: ")


async def test_a_path_with_another_method_names_those_it_takes(client):
    response = await client.delete("/api/v1/fleet")
    check_problem(response, 405)
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"reason": "done"}', "text/plain", 415),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"reason": "  "}', "application/json", 422),
        (b'{"reason": 7}', "application/json", 422),
        (b'{"reason": "done", "colour": "red"}', "application/json", 422),
    ],
)
async def test_a_body_that_is_not_what_was_asked_for_changes_nothing(client, desk, content, media_type, status):
    response = await client.post(RESOLVE, content=content, headers={"Content-Type": media_type})
    check_problem(response, status)
    assert desk.acts == []


async def test_an_unknown_key_of_a_body_is_named(client):
    problem = check_problem(await client.post(ACKNOWLEDGE, json={"note": "mine"}), 422)
    assert problem["errors"] == [{"loc": ["body", "note"], "msg": "There is no such key here"}]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_one_mebibyte_is_too_large(client, announced):
    async def drip():
        for _ in range(17):
            yield b" " * 65_536

    content = b" " * (1 << 20) + b" " if announced else drip()
    check_problem(await client.post(RESOLVE, content=content, headers={"Content-Type": "application/json"}), 413)


async def test_what_does_not_exist_is_missing_before_the_request_is_judged(client):
    check_problem(await client.post("/api/v1/incidents/made-up/resolve?colour=red", content=b"{"), 404)
    check_problem(await client.get("/api/v1/clusters/atlantis?colour=red"), 404)


async def test_an_act_that_is_not_possible_now_is_a_conflict(client):
    await client.post(RESOLVE, json={"reason": "done"})
    problem = check_problem(await client.post(RESOLVE, json={"reason": "again"}), 409)
    assert problem["detail"] == "It is resolved already."


async def test_a_key_used_for_another_request_is_refused(client):
    key = {"Idempotency-Key": "click-1"}
    await client.post(ACKNOWLEDGE, headers=key)
    problem = check_problem(await client.post(RESOLVE, json={"reason": "done"}, headers=key), 422)
    assert problem["errors"][0]["loc"] == ["header", "Idempotency-Key"]


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_must_be_of_a_sensible_length(client, key):
    check_problem(await client.post(ACKNOWLEDGE, headers={"Idempotency-Key": key}), 422)


async def test_a_store_that_cannot_answer_now_is_unavailable_and_says_when_to_come_back(client, desk):
    desk.store_is_down = True
    for path in ("/api/v1/events", "/api/v1/incidents", "/api/v1/incidents/inc-1"):
        response = await client.get(path)
        problem = check_problem(response, 503)
        assert "disk I/O error" in problem["detail"]
        assert response.headers["retry-after"] == "5"


async def test_a_bug_shows_an_id_and_no_traceback_and_is_logged(client, desk, caplog):
    desk.fleet_members = [object()]
    with caplog.at_level(logging.ERROR, "kronveil.api"):
        response = await client.get("/api/v1/clusters/east")
    problem = check_problem(response, 500)
    assert "AttributeError" not in response.text
    assert problem["request_id"] in caplog.text
    assert "AttributeError" in caplog.text


# Who may call


def options(**changes) -> ApiOptions:
    return ApiOptions(bootstrap_token=Secret("a-long-token"), **changes)


GOOD = {"Authorization": "Bearer a-long-token"}
BAD = {"Authorization": "Bearer another-token"}


async def test_a_caller_on_loopback_without_a_token_is_local_with_every_role(client):
    answer = (await client.get("/api/v1/me")).json()
    assert answer["name"] == "local"
    assert answer["authenticated"] is False
    assert "admin" in answer["roles"]


@pytest.mark.parametrize("who", [options(auth="required"), options(is_loopback=False)])
async def test_where_a_token_is_needed_every_call_but_health_needs_it(desk, who):
    async with client_of(desk, who) as client:
        for method, path in CALLS:
            if path == "/api/v1/health":
                continue
            response = await client.request(method, path)
            check_problem(response, 401)
            assert response.headers["www-authenticate"].startswith("Bearer")
        check_problem(await client.get("/api/v1/openapi.json"), 401)
        check_problem(await client.get("/api/v1/made-up"), 401)
        answer = (await client.get("/api/v1/me", headers=GOOD)).json()
        assert (answer["name"], answer["authenticated"]) == ("bootstrap", True)


async def test_health_tells_a_stranger_names_and_statuses_only(desk):
    async with client_of(desk, options(auth="required")) as client:
        stranger = (await client.get("/api/v1/health")).json()
        known = (await client.get("/api/v1/health", headers=GOOD)).json()
    assert stranger["status"] == "healthy"
    assert stranger["components"][0] == {
        "name": "store",
        "status": "healthy",
        "message": None,
        "since": None,
        "last_success": None,
    }
    assert known["components"][0]["message"] == "writable"


@pytest.mark.parametrize("sent", [BAD, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}])
async def test_a_token_that_is_sent_is_always_checked(desk, sent):
    async with client_of(desk, options()) as client:
        for path in ("/api/v1/health", "/api/v1/fleet"):
            check_problem(await client.get(path, headers=sent), 401)
    async with client_of(desk, ApiOptions()) as client:
        check_problem(await client.get("/api/v1/fleet", headers=GOOD), 401)


async def test_a_stranger_is_unknown_before_the_place_he_calls_from_is_judged(desk):
    async with client_of(desk, options(auth="required")) as client:
        check_problem(await client.get("/api/v1/fleet", headers={"Host": "evil.example"}), 401)
        check_problem(await client.get("/api/v1/fleet", headers={"Host": "evil.example"} | GOOD), 403)


def test_options_that_leave_nobody_who_could_call_are_refused_with_the_way_out(desk):
    for nobody in (ApiOptions(auth="required"), ApiOptions(is_loopback=False)):
        with pytest.raises(ConfigError, match=r"api\.bootstrap_token"):
            nobody.check()


# From where


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST.", "[::1]"])
async def test_loopback_names_are_answered(client, host):
    assert (await client.get("/api/v1/fleet", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost@evil.example", "192.168.1.5", ""]
)
async def test_a_name_rebound_to_loopback_is_refused(client, host):
    for path in ("/api/v1/fleet", "/", "/api/v1/health"):
        problem = check_problem(await client.get(path, headers={"Host": host}), 403)
        assert "api.allowed_hosts" in problem["detail"]


async def test_allowed_hosts_are_answered(desk):
    async with client_of(desk, ApiOptions(allowed_hosts=("agent.internal", "other:8443"))) as client:
        for host, status in [("agent.internal:1", 200), ("other:8443", 200), ("other", 403)]:
            assert (await client.get("/api/v1/fleet", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://[x"]
)
async def test_a_foreign_page_may_not_write(client, desk, origin):
    for media_type in ("application/json", "text/plain"):
        response = await client.post(ACKNOWLEDGE, content=b"{}", headers={"Origin": origin, "Content-Type": media_type})
        assert "api.allowed_origins" in check_problem(response, 403)["detail"]
        assert "access-control-allow-origin" not in response.headers
    assert desk.acts == []


async def test_a_browser_that_writes_for_another_site_without_naming_an_origin_is_refused(client):
    check_problem(await client.post(ACKNOWLEDGE, headers={"Sec-Fetch-Site": "cross-site"}), 403)
    for site in ("same-origin", "none"):
        assert (await client.post(ACKNOWLEDGE, headers={"Sec-Fetch-Site": site})).status_code == 200
    assert (await client.get("/api/v1/fleet", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:3000", "https://console.internal"])
async def test_our_own_pages_and_allowed_ones_may_write(desk, origin):
    desk.known = {"inc-1": incident(1)}
    async with client_of(desk, ApiOptions(allowed_origins=("https://console.internal/",))) as client:
        assert (await client.post(ACKNOWLEDGE, headers={"Origin": origin})).status_code == 200


async def test_off_loopback_a_page_of_the_same_origin_may_write(desk):
    async with client_of(desk, options(is_loopback=False)) as client:
        for origin, status in [
            ("https://agent.example", 200),
            ("https://evil.example", 403),
            ("http://localhost", 403),
        ]:
            headers = GOOD | {"Host": "agent.example", "Origin": origin}
            assert (await client.get("/api/v1/me", headers=headers)).status_code == status


async def test_every_answer_carries_what_keeps_a_browser_safe(client):
    for path in ("/", "/api/v1/fleet", "/api/v1/made-up"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
