"""What a person may do to incidents, what becomes of an event, and silences."""

import pytest

from tests.api.conforming import check_answer, check_problem
from tests.api.plain_desk import NOON, event, silence

pytestmark = pytest.mark.anyio

INCIDENT = "/api/v1/incidents/inc-1"
SILENCES = "/api/v1/silences"


@pytest.mark.parametrize(
    ("verb", "body", "told"),
    [
        ("acknowledge", {}, ("", ())),
        ("resolve", {"reason": "rolled back"}, ("rolled back", ())),
        ("reopen", {"reason": "it is back"}, ("it is back", ())),
        ("assign", {"to": " ada "}, ("ada", ())),
        ("assign", {"to": None}, ("", ())),
        ("note", {"text": "seen before"}, ("seen before", ())),
        ("pin", {"event_id": "ev-00003"}, ("ev-00003", ())),
        ("merge", {"ids": ["inc-2", "inc-2"]}, ("", ("inc-2",))),
        ("split", {}, ("", ())),
        ("undo", {}, ("", ())),
    ],
)
async def test_an_act_reaches_the_agent_with_who_and_what(client, desk, verb, body, told):
    response = await client.post(f"{INCIDENT}/{verb}", json=body, headers={"Idempotency-Key": "click"})
    assert response.status_code == 200, response.text
    (act,) = desk.acts
    assert (act.incident_id, act.verb, act.actor, act.key) == ("inc-1", verb, "local", "local\x1fclick")
    assert (act.reason, act.others) == told


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("reopen", {}),
        ("assign", {}),
        ("assign", {"to": 7}),
        ("note", {"text": "  "}),
        ("note", {"text": "x" * 10_001}),
        ("pin", {"event_id": "made-up"}),
        ("pin", {}),
        ("merge", {"ids": []}),
        ("merge", {}),
        ("split", {"colour": "red"}),
    ],
)
async def test_an_act_that_says_too_little_or_too_much_changes_nothing(client, desk, verb, body):
    check_problem(await client.post(f"{INCIDENT}/{verb}", json=body), 422)
    assert desk.acts == []


async def test_an_assigned_incident_names_its_owner(client):
    assert (await client.post(f"{INCIDENT}/assign", json={"to": "ada"})).json()["owner"] == "ada"


async def test_evidence_is_one_event_by_its_id(client):
    response = await client.get("/api/v1/evidence/ev-00002")
    check_answer(response, "GET", "/api/v1/evidence/{id}")
    check_problem(await client.get("/api/v1/evidence/made-up"), 404)


async def test_an_event_explains_what_became_of_it(client):
    told = (await client.get("/api/v1/events/ev-00001/explain")).json()
    assert told["remembered"] is True
    assert told["stages"] == [
        {"name": "dedup", "result": "new", "reason": "Nothing like it was seen", "refs": ["x"]},
    ]
    assert told["event"]["id"] == "ev-00001"


async def test_of_an_event_from_before_the_start_the_store_says_what_it_knows(client, desk):
    desk.stored.append(event(9))
    told = (await client.get("/api/v1/events/ev-00009/explain")).json()
    assert (told["remembered"], told["stages"][0]["result"]) == (False, "kept")
    check_problem(await client.get("/api/v1/events/made-up/explain"), 404)


async def test_a_silence_is_made_listed_and_ended(client, desk):
    body = {"reason": "upgrade", "ends_at": "2026-11-25T14:00:00Z", "namespace": "shop*", "maintenance": True}
    made = (await client.post(SILENCES, json=body)).json()
    assert (made["state"], made["created_by"], made["maintenance"]) == ("active", "local", True)
    held = desk.hushes[made["id"]]
    assert (held.namespace, held.cluster, held.starts_at) == ("shop*", "", desk.now())
    assert {each["id"] for each in (await client.get(SILENCES)).json()["items"]} == {"quiet", made["id"]}
    assert (await client.delete(f"{SILENCES}/{made['id']}")).status_code == 204
    check_problem(await client.delete(f"{SILENCES}/{made['id']}"), 404)
    ended = {each["id"]: each["state"] for each in (await client.get(f"{SILENCES}?ended=true")).json()["items"]}
    assert ended[made["id"]] == "ended"


async def test_a_silence_may_begin_later(client, desk):
    body = {"reason": "upgrade", "starts_at": "2026-11-26T01:00:00Z", "ends_at": "2026-11-26T02:00:00Z", "owner": "pay"}
    assert (await client.post(SILENCES, json=body)).json()["state"] == "pending"


@pytest.mark.parametrize(
    "changes",
    [
        {"cluster": ""},
        {"cluster": "*"},
        {"cluster": "ea*st"},
        {"ends_at": "2026-11-25T12:00:00Z"},
        {"starts_at": "2026-11-25T15:00:00Z"},
        {"ends_at": "2026-11-25T14:00:00"},
        {"ends_at": "9999-12-31T23:59:59-05:00"},
        {"starts_at": "0001-01-01T00:00:00+05:00"},
        {"reason": ""},
        {"colour": "red"},
    ],
)
async def test_a_silence_that_would_hush_everything_or_nothing_is_refused(client, desk, changes):
    body = {"reason": "upgrade", "ends_at": "2026-11-25T14:00:00Z", "cluster": "east"} | changes
    check_problem(await client.post(SILENCES, json=body), 422)
    assert set(desk.hushes) == {"quiet"}


async def test_the_same_silence_with_the_same_key_is_one(client, desk):
    body = {"reason": "upgrade", "ends_at": "2026-11-25T14:00:00Z", "cluster": "east"}
    first, second = [await client.post(SILENCES, json=body, headers={"Idempotency-Key": "hush"}) for _ in range(2)]
    assert first.json() == second.json()
    assert len(desk.hushes) == 2


async def test_a_preview_names_what_would_be_hushed_and_changes_nothing(client, desk):
    hushed = (await client.post(f"{SILENCES}/preview", json={"cluster": "west"})).json()
    assert [each["id"] for each in hushed["items"]] == ["inc-2"]
    assert set(desk.hushes) == {"quiet"}
    check_problem(await client.post(f"{SILENCES}/preview", json={}), 422)


def test_the_silence_of_the_tests_has_not_ended():
    assert silence().ends_at > NOON
