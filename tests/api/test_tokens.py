"""Tokens and roles: a token decides who calls and what he may do, from the moment it is made until it is revoked."""

import json
from datetime import timedelta
from multiprocessing import get_context

import pytest

from kronveil.api import ApiOptions
from kronveil.api.callers import LOCAL
from kronveil.api.roles import INCLUDED, LEAST_ROLE, ROLES
from kronveil.api.tokens import TokenFile
from kronveil.sdk.errors import ConfigError
from tests.api.conforming import check_answer, check_problem, filled, published
from tests.api.conftest import client_of, served
from tests.api.plain_desk import NOON
from tests.api.test_socket import listening

pytestmark = pytest.mark.anyio

PREFIX = "/api/v1"
OPERATIONS = [
    (method.upper(), path.removeprefix(PREFIX)) for path, ways in published()["paths"].items() for method in ways
]


@pytest.fixture
def tokens(tmp_path):
    return TokenFile(tmp_path)


def bearer(secret):
    return {"Authorization": f"Bearer {secret.reveal()}"}


# Routes and roles


def test_every_route_has_its_least_role_and_no_other_is_in_the_table():
    assert set(LEAST_ROLE) == {f"{method} {path}" for method, path in OPERATIONS}


def test_only_health_and_the_stream_look_at_their_callers_themselves():
    assert {route for route, least in LEAST_ROLE.items() if least is None} == {"GET /health", "GET /stream"}


def test_whatever_changes_something_needs_more_than_a_viewer():
    harmless = {"POST /stream/tickets", "POST /clusters/{name}/probe", "POST /silences/preview", "POST /policies/test"}
    for route, least in LEAST_ROLE.items():
        if not route.startswith("GET") and route not in harmless:
            assert least in {"operator", "approver", "admin"}, route


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_what_it_includes_and_nothing_else(desk, tokens, role):
    _, secret = tokens.create(role, None, None, NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        for method, path in OPERATIONS:
            least = LEAST_ROLE[f"{method} {path}"]
            if path == "/stream":
                continue
            response = await client.request(method, filled(PREFIX + path) + "?colour=red", headers=bearer(secret))
            if least is None or least in INCLUDED[role]:
                assert response.status_code in {404, 422}, (method, path, response.text)
            else:
                assert f"needs the role {least}" in check_problem(response, 403)["detail"]


async def test_a_caller_who_may_not_is_told_so_before_what_exists(desk, tokens):
    _, viewer = tokens.create("viewer", None, None, NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        check_problem(await client.post("/api/v1/incidents/made-up/resolve", headers=bearer(viewer)), 403)
        check_problem(await client.delete("/api/v1/clusters/atlantis", headers=bearer(viewer)), 403)


async def test_a_token_names_its_caller(desk, tokens):
    _, secret = tokens.create("operator", "ada", None, NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        me = (await client.get("/api/v1/me", headers=bearer(secret))).json()
        assert me == {"name": "ada", "roles": ["viewer", "operator"], "authenticated": True}
        answer = (await client.post("/api/v1/incidents/inc-1/acknowledge", headers=bearer(secret))).json()
        assert answer["acknowledged_by"] == "ada"


# The file


async def test_a_token_is_honoured_at_once_and_not_after_it_was_revoked(desk, tmp_path, tokens):
    async with client_of(desk, ApiOptions(auth="required", tokens=_with_one(tokens))) as client:
        elsewhere = TokenFile(tmp_path)  # another process, such as the command line
        token, secret = elsewhere.create("viewer", "ci", None, NOON)
        assert (await client.get("/api/v1/fleet", headers=bearer(secret))).status_code == 200
        elsewhere.revoke("ci")
        check_problem(await client.get("/api/v1/fleet", headers=bearer(secret)), 401)
        assert elsewhere.revoke(token.id) is None


def _with_one(tokens):
    tokens.create("admin", "first", None, NOON)
    return tokens


async def test_a_token_is_refused_once_it_has_expired(desk, tokens):
    _, late = tokens.create("viewer", "late", timedelta(minutes=1), NOON)
    _, early = tokens.create("viewer", "early", timedelta(hours=1), NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        response = await client.get("/api/v1/fleet", headers=bearer(late))
        assert "late has expired" in check_problem(response, 401)["detail"]
        assert (await client.get("/api/v1/fleet", headers=bearer(early))).status_code == 200


def test_the_file_holds_no_text_of_a_token_and_is_its_owners_alone(tokens):
    token, secret = tokens.create("admin", "root", None, NOON)
    held = tokens.path.read_text()
    assert secret.reveal() not in held
    assert secret.reveal().split("_", 2)[2] not in held
    assert token.id in held
    assert tokens.path.stat().st_mode & 0o777 == 0o600


def test_the_same_text_has_another_hash_in_another_token(tokens):
    (one, _), (two, _) = (tokens.create("viewer", None, None, NOON) for _ in range(2))
    assert (one.salt, one.hash) != (two.salt, two.hash)


@pytest.mark.parametrize("spoil", ["", "x", "_", "__", "\u00e9"])
def test_a_text_that_is_nearly_a_token_is_none(tokens, spoil):
    _, secret = tokens.create("viewer", None, None, NOON)
    assert tokens.find(secret.reveal()) is not None
    assert tokens.find(secret.reveal() + spoil) is None or not spoil
    assert tokens.find(secret.reveal()[:-1] + spoil) is None
    assert tokens.find(spoil) is None


@pytest.mark.parametrize("name", ["local", "kronveil", "bootstrap", "Local"])
async def test_no_token_has_a_name_under_which_somebody_else_is_written_down(desk, tokens, name):
    """With the name ``local`` it could approve what it asked for itself."""
    with pytest.raises(ConfigError, match="another name"):
        tokens.create("approver", name, None, NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        check_problem(await client.post("/api/v1/tokens", json={"role": "approver", "name": name}), 422)


async def test_a_token_that_has_such_a_name_already_is_called_by_its_id(desk, tokens):
    token, secret = tokens.create("approver", "ada", None, NOON)
    tokens.path.write_text(tokens.path.read_text().replace('"ada"', '"local"'))
    async with client_of(desk, ApiOptions(tokens=TokenFile(tokens.path.parent))) as client:
        me = (await client.get("/api/v1/me", headers=bearer(secret))).json()
    assert (me["name"], me["authenticated"]) == (f"approver-{token.id}", True)


def test_a_name_is_one_tokens_alone(tokens):
    tokens.create("viewer", "ci", None, NOON)
    with pytest.raises(ConfigError, match="named ci already"):
        tokens.create("admin", "ci", None, NOON)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tokens": [{}]}', '{"tokens": [7]}', "\x00"])
async def test_a_damaged_file_lets_nobody_in_and_is_named(desk, tokens, content, caplog):
    _, secret = tokens.create("viewer", None, None, NOON)
    tokens.path.write_text(content)
    with pytest.raises(ConfigError, match=r"tokens\.json"):
        tokens.create("viewer", None, None, NOON)
    assert tokens.path.read_text() == content
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        check_problem(await client.get("/api/v1/fleet", headers=bearer(secret)), 401)
        assert "tokens.json" in caplog.text
        assert "tokens.json" in check_problem(await client.get("/api/v1/tokens"), 503)["detail"]


def test_a_role_that_does_not_exist_is_no_role(tokens):
    tokens.create("viewer", None, None, NOON)
    held = json.loads(tokens.path.read_text())
    held["tokens"][0]["role"] = "emperor"
    tokens.path.write_text(json.dumps(held))
    with pytest.raises(ConfigError):
        tokens.all()


def _create_many(folder, count):
    for _ in range(count):
        TokenFile(folder).create("viewer", None, None, NOON)


def test_writers_at_the_same_time_lose_no_token(tokens):
    context = get_context("spawn")
    writers = [context.Process(target=_create_many, args=(tokens.path.parent, 20)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(tokens.all()) == 60


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "no-folder").touch()  # root may write to any folder, but not into a file
    with pytest.raises(ConfigError, match=r"no-folder/tokens"):
        TokenFile(tmp_path / "no-folder").create("viewer", None, None, NOON)


# The routes


async def test_a_token_is_made_listed_and_revoked(desk, tokens):
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        response = await client.post("/api/v1/tokens", json={"role": "operator", "name": "ada", "expires_s": 3600})
        check_answer(response, "POST", "/api/v1/tokens")
        made = response.json()
        assert made["about"]["expires_at"] == "2026-11-25T13:02:30.000Z"
        listed = await client.get("/api/v1/tokens")
        check_answer(listed, "GET", "/api/v1/tokens")
        assert made["token"] not in listed.text
        assert [each["name"] for each in listed.json()["items"]] == ["ada"]
        check_problem(await client.post("/api/v1/tokens", json={"role": "viewer", "name": "ada"}), 409)
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert (await client.get("/api/v1/me", headers=headers)).json()["name"] == "ada"
        assert (await client.delete(f"/api/v1/tokens/{made['about']['id']}")).status_code == 204
        check_problem(await client.delete(f"/api/v1/tokens/{made['about']['id']}"), 404)
        check_problem(await client.get("/api/v1/me", headers=headers), 401)


@pytest.mark.parametrize(
    "body", [{}, {"role": "emperor"}, {"role": "viewer", "name": "a b"}, {"role": "viewer", "expires_s": 0}]
)
async def test_a_token_that_cannot_be_is_refused(client, body):
    check_problem(await client.post("/api/v1/tokens", json=body), 422)


async def test_the_same_request_with_the_same_key_makes_one_token(desk, tokens):
    key = {"Idempotency-Key": "make-1"}
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        first, second = [await client.post("/api/v1/tokens", json={"role": "viewer"}, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert len(tokens.all()) == 1


async def test_an_agent_without_a_data_folder_keeps_no_tokens(desk):
    async with client_of(desk, ApiOptions()) as client:
        check_problem(await client.get("/api/v1/tokens"), 503)


# Streams


async def test_a_stream_ends_within_a_second_of_its_token(desk, tokens):
    _, secret = tokens.create("viewer", "ci", None, NOON)
    async with (
        served(desk, ApiOptions(tokens=tokens)) as authority,
        listening(authority, additional_headers=bearer(secret)) as listener,
        listening(authority) as local,
    ):
        await listener.frame()
        await local.frame()
        tokens.revoke("ci")
        assert await listener.close_code() == 4401
        assert (await local.frame())["type"] == "status"


async def test_a_ticket_of_a_revoked_token_opens_nothing(desk, tokens):
    _, secret = tokens.create("viewer", "ci", None, NOON)
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        ticket = (await client.post("/api/v1/stream/tickets", headers=bearer(secret))).json()["ticket"]
        tokens.revoke("ci")
        check_problem(await client.get(f"/api/v1/stream?ticket={ticket}"), 401)


# The open door


def test_tokens_are_enough_to_open_the_door_off_loopback(tokens):
    options = ApiOptions(is_loopback=False, tokens=tokens)
    with pytest.raises(ConfigError, match="kronveil token create"):
        options.check()
    tokens.create("admin", None, None, NOON)
    options.check()


def test_local_has_every_role():
    assert LOCAL.roles == ROLES
