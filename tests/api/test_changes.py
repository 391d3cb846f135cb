"""The ledger of changes: paged, narrowed, tied to the incidents that suspect a change, and live."""

import pytest

from kronveil.model.event import Severity
from tests.api.conforming import check_answer, check_problem
from tests.api.conftest import served
from tests.api.plain_desk import change, event, incident, suspect
from tests.api.test_socket import listening

pytestmark = pytest.mark.anyio

CHANGES = "/api/v1/changes"


@pytest.fixture
def ledger(desk):
    desk.ledger = [change(1), change(2, cluster="west", kind="replicas"), change(3, name="cart")]
    return desk


async def listed(client, **params) -> list[str]:
    response = await client.get(CHANGES, params=params)
    assert response.status_code == 200, response.text
    check_answer(response, "GET", CHANGES)
    return [each["id"] for each in response.json()["items"]]


async def test_changes_come_newest_first_with_who_what_and_how(client, ledger):
    answer = (await client.get(CHANGES)).json()
    assert [each["id"] for each in answer["items"]] == ["chg-3", "chg-2", "chg-1"]
    assert answer["items"][1]["actor"] is None
    first = answer["items"][-1]
    assert (first["actor"], first["source"], first["target"]["name"]) == (
        "kubectl-client-side-apply",
        "spec",
        "payments",
    )
    assert first["diff"] == [
        {
            "kind": "image",
            "path": "spec.template.spec.containers[app].image",
            "before": "shop/pay:1.4.0",
            "after": "shop/pay:1.5.0",
        }
    ]


@pytest.mark.parametrize(
    ("narrowing", "expected"),
    [
        ({"cluster": "west"}, ["chg-2"]),
        ({"kind": "image"}, ["chg-3", "chg-1"]),
        ({"target": "cart"}, ["chg-3"]),
        ({"target": "shop/payments"}, ["chg-2", "chg-1"]),
        ({"target": "elsewhere/payments"}, []),
        ({"around": "2026-11-25T12:00:01Z", "window_s": 1}, ["chg-1"]),
        ({"around": "2026-11-25T13:00:01+01:00"}, ["chg-3", "chg-2", "chg-1"]),
        ({"around": "2026-11-25T18:00:00Z"}, []),
    ],
)
async def test_changes_are_narrowed(client, ledger, narrowing, expected):
    assert await listed(client, **narrowing) == expected


async def test_pages_of_changes_join_though_new_ones_arrive(client, ledger):
    ledger.ledger = [change(number) for number in range(7)]
    seen, cursor = [], None
    while True:
        page = (await client.get(CHANGES, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [each["id"] for each in page["items"]]
        ledger.ledger.append(change(100 + len(seen)))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"chg-{number}" for number in reversed(range(7))]


@pytest.mark.parametrize("query", ["window_s=60", "cursor=junk", "window_s=0", "around=noon", "colour=red"])
async def test_a_question_that_cannot_be_answered_says_why(client, query):
    check_problem(await client.get(f"{CHANGES}?{query}"), 422)


async def test_the_ledger_says_what_it_cannot_know(client, desk):
    missing = (await client.get(CHANGES)).json()["sources_missing"]
    assert {each["source"] for each in missing} == {"cicd", "cloud"}
    desk.fleet_members = []
    missing = (await client.get(CHANGES)).json()["sources_missing"]
    assert missing[0] == {"source": "kubernetes", "reason": "no cluster is configured"}


async def test_a_change_names_the_open_incidents_that_suspect_it(client, ledger):
    ledger.known["inc-1"] = incident(1, suspects=(suspect(1), suspect(3, 0.2)))
    ledger.known["inc-2"] = incident(2, suspects=(suspect(1, 0.4),))
    by_id = {each["id"]: each for each in (await client.get(CHANGES)).json()["items"]}
    assert by_id["chg-1"]["incidents"] == ["inc-2", "inc-1"]
    assert (by_id["chg-1"]["suspicion"], by_id["chg-1"]["reasons"]) == (0.82, ["43 s before"])
    assert (by_id["chg-2"]["incidents"], by_id["chg-2"]["suspicion"]) == ([], None)


async def test_an_incident_carries_its_suspects_and_what_was_changed_near_it(client, ledger):
    ledger.known["inc-1"] = incident(1, suspects=(suspect(3),), assigned_to="ada", parent_id="inc-9", is_silenced=True)
    response = await client.get("/api/v1/incidents/inc-1")
    check_answer(response, "GET", "/api/v1/incidents/{id}")
    whole = response.json()
    assert whole["suspects"][0]["change_id"] == "chg-3"
    assert whole["suspects"][0]["evidence_for"] == ["ev-00001"]
    assert [each["id"] for each in whole["changes"]] == ["chg-3", "chg-1"]
    assert (whole["owner"], whole["parent_id"], whole["silenced"]) == ("ada", "inc-9", True)
    brief = (await client.get("/api/v1/incidents")).json()["items"][-1]
    assert brief["changes"] == ["chg-3"]


async def test_a_change_is_told_live_and_is_in_the_snapshot(ledger):
    async with served(ledger) as authority, listening(authority) as listener:
        snapshot = (await listener.frame())["snapshot"]
        assert [each["id"] for each in snapshot["changes"]] == ["chg-3", "chg-2", "chg-1"]
        ledger.live.publish("change", [change(4)], ledger.now())
        told = await listener.one("change")
    assert (told["data"]["id"], told["data"]["incidents"], told["data"]["suspicion"]) == ("chg-4", [], None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"topics": ["change"]}, [2, 3]),
        ({"topics": ["change"], "filter": {"cluster": "west"}}, [3]),
        ({"filter": {"kind": "replicas"}}, [3]),
        ({"topics": ["change"], "filter": {"severity": "critical"}}, [2, 3]),
    ],
)
async def test_changes_are_told_to_those_who_asked_for_them(desk, asked, expected):
    async with served(desk) as authority, listening(authority) as listener:
        await listener.frame()
        await listener.say(type="subscribe", **asked)
        await listener.say(type="subscribe", colour="red")
        await listener.one("error")
        desk.tell(event(1, severity=Severity.LOW))
        desk.live.publish("change", [change(1), change(2, cluster="west", kind="replicas")], desk.now())
        frames = [await listener.one("change", "event") for _ in expected]
    assert [frame["seq"] for frame in frames] == expected


async def test_a_change_names_those_that_are_long_over_after_the_open_ones(client, ledger):
    ledger.known["inc-1"] = incident(1, suspects=(suspect(1),))
    ledger.past_suspects = {"inc-9": (suspect(1, 0.9),), "inc-8": (suspect(2, 0.3),), "inc-1": (suspect(1),)}
    by_id = {each["id"]: each for each in (await client.get(CHANGES)).json()["items"]}
    assert by_id["chg-1"]["incidents"] == ["inc-1", "inc-9"], "each once"
    assert by_id["chg-1"]["suspicion"] == 0.9
    assert (by_id["chg-2"]["incidents"], by_id["chg-2"]["suspicion"]) == (["inc-8"], 0.3)
    told = (await client.get("/api/v1/incidents/inc-1")).json()["changes"]
    assert {each["id"]: each["incidents"] for each in told}["chg-1"] == ["inc-1", "inc-9"]
