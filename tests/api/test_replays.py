"""A write with an Idempotency-Key is done once, whatever came between: a restart, or a kill at once."""

from dataclasses import astuple

import pytest

from kronveil.api import ApiOptions
from kronveil.api.tokens import TokenFile
from kronveil.sdk.errors import Transient
from tests.api.conforming import check_problem
from tests.api.conftest import client_of
from tests.api.plain_desk import NOON

pytestmark = pytest.mark.anyio

CLUSTERS, SILENCES, TOKENS = "/api/v1/clusters", "/api/v1/silences", "/api/v1/tokens"
HUSH = {"reason": "upgrade", "ends_at": "2026-11-25T14:00:00Z", "cluster": "east"}
KEY = {"Idempotency-Key": "click-1"}


@pytest.fixture
def tokens(tmp_path):
    made = TokenFile(tmp_path)
    made.create("viewer", "nightly", None, NOON, token_id="0a0a0a0a")
    return made


async def asked(desk, tokens, method, path, body=None, *, headers=KEY):
    """One request to an application of its own: each call is after a restart, with what the store and the file hold."""
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        return await client.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CLUSTERS, {"name": "south"}),
        ("DELETE", f"{CLUSTERS}/north", None),
        ("POST", f"{CLUSTERS}/east/pause", {"reason": "node pool upgrade"}),
        ("POST", f"{CLUSTERS}/east/resume", {}),
        ("POST", f"{CLUSTERS}/east/probe", None),
        ("POST", SILENCES, HUSH),
        ("DELETE", f"{SILENCES}/quiet", None),
        ("DELETE", f"{TOKENS}/0a0a0a0a", None),
    ],
)
async def test_the_same_request_after_a_restart_gets_the_first_answer_and_does_nothing(
    desk, tokens, method, path, body
):
    await asked(desk, tokens, "POST", CLUSTERS, {"name": "north"}, headers={})
    first = await asked(desk, tokens, method, path, body)
    assert first.status_code in {200, 201, 204}, first.text
    before = [each.name for each in desk.fleet_members], dict(desk.hushes), tokens.all(), list(desk.requests)
    again = await asked(desk, tokens, method, path, body)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert ([each.name for each in desk.fleet_members], desk.hushes, tokens.all(), desk.requests) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CLUSTERS, {"name": "elsewhere"}),
        ("POST", SILENCES, HUSH),
        ("POST", f"{CLUSTERS}/east/pause", {"reason": "another reason"}),
        ("POST", f"{CLUSTERS}/west/pause", {"reason": "node pool upgrade"}),
        ("DELETE", f"{TOKENS}/0a0a0a0a", None),
    ],
)
async def test_another_request_with_the_same_key_is_refused_after_a_restart(desk, tokens, method, path, body):
    await asked(desk, tokens, "POST", f"{CLUSTERS}/east/pause", {"reason": "node pool upgrade"})
    check_problem(await asked(desk, tokens, method, path, body), 422)
    assert (len(desk.requests), set(desk.hushes), len(tokens.all())) == (0, {"quiet"}, 1)


async def test_the_text_of_a_token_is_repeated_from_memory_only_and_never_stored(desk, tokens):
    body = {"role": "viewer", "name": "ci"}
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        first, second = [await client.post(TOKENS, json=body, headers=KEY) for _ in range(2)]
    assert first.json() == second.json(), "a client that saw no answer asks again at once"
    text, made = first.json()["token"], first.json()["about"]["id"]
    kept = repr([astuple(each) for each in desk.remembered.values()])
    assert made in kept
    assert text not in kept
    assert text.rpartition("_")[2] not in kept
    told = check_problem(await asked(desk, tokens, "POST", TOKENS, body), 409)["detail"]
    assert made in told
    assert "kept nowhere" in told
    assert len(tokens.all()) == 2
    check_problem(await asked(desk, tokens, "POST", TOKENS, {"role": "admin"}), 422)


async def test_killed_before_the_answer_was_remembered_it_is_still_made_once(desk, tokens):
    for path, body, first_status, second_status in (
        (SILENCES, HUSH, 201, 201),
        (TOKENS, {"role": "viewer"}, 201, 409),
        (CLUSTERS, {"name": "south"}, 201, 409),
    ):
        assert (await asked(desk, tokens, "POST", path, body)).status_code == first_status
        desk.remembered.clear()
        assert (await asked(desk, tokens, "POST", path, body)).status_code == second_status, path
        desk.remembered.clear()
    assert (len(desk.hushes), len(tokens.all()), len(desk.requests)) == (2, 2, 1)


async def test_a_store_that_takes_no_receipt_does_not_make_what_was_done_look_undone(desk, tokens):
    async def full(_):
        raise Transient("the disk is full")

    desk.keep_receipt = full
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        first, second = [await client.post(CLUSTERS, json={"name": "south"}, headers=KEY) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, second.json())


async def test_a_store_that_cannot_be_asked_lets_nothing_be_done_twice(desk, tokens):
    desk.store_is_down = True
    check_problem(await asked(desk, tokens, "POST", CLUSTERS, {"name": "south"}), 503)
    assert desk.requests == []


async def test_an_act_and_another_write_share_the_names_of_one_caller(desk, tokens):
    await asked(desk, tokens, "POST", CLUSTERS, {"name": "south"})
    assert set(desk.remembered) == {"local\x1fclick-1"}
    _, secret = tokens.create("operator", "ada", None, NOON)
    headers = {**KEY, "Authorization": f"Bearer {secret.reveal()}"}
    assert (await asked(desk, tokens, "POST", SILENCES, HUSH, headers=headers)).status_code == 201, (
        "her own key, not local's"
    )
    assert set(desk.remembered) == {"local\x1fclick-1", "ada\x1fclick-1"}


async def test_who_may_no_longer_do_it_gets_no_old_answer(desk, tokens):
    _, secret = tokens.create("operator", "ada", None, NOON)
    headers = {**KEY, "Authorization": f"Bearer {secret.reveal()}"}
    assert (await asked(desk, tokens, "POST", SILENCES, HUSH, headers=headers)).status_code == 201
    tokens.revoke("ada")
    _, lesser = tokens.create("viewer", "ada", None, NOON)
    headers["Authorization"] = f"Bearer {lesser.reveal()}"
    check_problem(await asked(desk, tokens, "POST", SILENCES, HUSH, headers=headers), 403)


async def test_what_changes_nothing_is_asked_anew_whatever_key_comes_with_it(desk, tokens):
    assert (await asked(desk, tokens, "GET", CLUSTERS)).status_code == 200
    assert (await asked(desk, tokens, "POST", f"{SILENCES}/preview", {"cluster": "east"})).status_code == 200
    assert desk.remembered == {}
