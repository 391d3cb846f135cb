"""Every deed over the API is in the audit, without its secrets; and the rules, their decisions and a trial of them."""

import json
from datetime import timedelta

import pytest

from kronveil.agent.governing import Asking
from kronveil.api.roles import LEAST_ROLE
from kronveil.logic.policy import Who
from kronveil.model.audit import AuditNote
from kronveil.model.policy import Point
from kronveil.sdk.storage import Writes
from tests.api.plain_desk import NOON, incident

pytestmark = pytest.mark.anyio
API = "/api/v1"
# What these change is in the store, whose own transaction writes the audit (tests/acceptance/test_oversight.py).
IN_THE_STORE = {
    *(f"POST /incidents/{{id}}/{verb}" for verb in ("acknowledge", "resolve", "reopen", "assign", "note", "pin")),
    *("POST /incidents/{id}/merge", "POST /incidents/{id}/split", "POST /incidents/{id}/undo"),
    *("POST /silences", "DELETE /silences/{id}", "POST /runbooks/{id}/executions"),
    *(
        f"POST /executions/{{id}}/{verb}"
        for verb in ("approve", "reject", "revoke", "edit", "answer", "cancel", "stop")
    ),
}
CHANGES_NOTHING = {
    *("POST /clusters/{name}/probe", "POST /silences/preview", "POST /stream/tickets", "POST /policies/test"),
}
DEEDS = {
    "POST /clusters": ("/clusters", {"name": "north", "kubeconfig_path": "/etc/k"}, "cluster.added", "north"),
    "DELETE /clusters/{name}": ("/clusters/north", None, "cluster.removed", "north"),
    "POST /clusters/{name}/pause": ("/clusters/east/pause", {"reason": "work"}, "cluster.paused", "east"),
    "POST /clusters/{name}/resume": ("/clusters/east/resume", None, "cluster.resumed", "east"),
    "POST /runbooks/stop": ("/runbooks/stop", {"reason": "worse"}, "executions.stopped", "all"),
    "POST /runbooks/resume": ("/runbooks/resume", None, "executions.resumed", "all"),
    "POST /tokens": ("/tokens", {"role": "viewer", "name": "ci"}, "token.created", None),
    "DELETE /tokens/{id}": ("/tokens/made", None, "token.revoked", "made"),
    "POST /notifiers/{name}/test": ("/notifiers/log/test", None, "notifier.tested", "log"),
    "POST /runbooks/{id}/level": (
        "/runbooks/pod-oom/level",
        {"level": "suggest", "reason": "too eager"},
        "runbook.level_changed",
        "pod-oom",
    ),
}


def test_every_route_that_changes_something_is_known_to_be_audited():
    writes = {route for route in LEAST_ROLE if not route.startswith("GET ")}
    assert writes == {*DEEDS, *IN_THE_STORE, *CHANGES_NOTHING}


@pytest.mark.parametrize("route", DEEDS)
async def test_a_deed_is_in_the_audit_with_who_and_why(client, desk, route):
    method, (path, body, act, target) = route.split(" ")[0], DEEDS[route]
    if route == "DELETE /clusters/{name}":
        assert (await client.post(f"{API}/clusters", json={"name": "north"})).status_code == 201
    answer = await client.request(method, API + path, json=body)
    assert answer.status_code < 300, answer.text
    last = desk.record.entries[-1].note
    assert (last.actor, last.act, target in (None, last.target)) == ("local", act, True)
    assert last.why == (body or {}).get("reason", "")


async def test_the_text_of_a_token_is_nowhere_in_the_audit(client, desk):
    made = (await client.post(f"{API}/tokens", json={"role": "admin", "name": "ci"})).json()
    entry = desk.record.entries[-1].note
    assert (entry.target, "admin" in (entry.after or "")) == (made["about"]["id"], True)
    assert made["token"] not in (await client.get(f"{API}/audit")).text


async def test_a_deed_that_was_refused_is_not_in_it(client, desk):
    assert (await client.delete(f"{API}/clusters/east")).status_code == 409
    assert desk.record.entries == []


async def test_the_audit_is_paged_and_narrowed(client, desk):
    notes = [AuditNote(NOON + timedelta(hours=n), "ada", "token.created", f"t{n}") for n in range(5)]
    await desk.record.save(Writes(audit=notes))
    first = (await client.get(f"{API}/audit", params={"limit": 2, "act": "token"})).json()
    assert [each["seq"] for each in first["items"]] == [5, 4]
    rest = (await client.get(f"{API}/audit", params={"cursor": first["next_cursor"]})).json()
    assert [each["target"] for each in rest["items"]] == ["t2", "t1", "t0"]
    since = {"since": "2026-11-25T14:00:00Z", "until": "2026-11-25T16:00:00Z"}
    assert [each["target"] for each in (await client.get(f"{API}/audit", params=since)).json()["items"]] == ["t3", "t2"]


async def test_a_changed_entry_is_named_by_the_check(client, desk):
    await desk.record.save(Writes(audit=[AuditNote(NOON, "ada", "token.created", f"t{n}") for n in range(5)]))
    whole = (await client.get(f"{API}/audit/verify")).json()
    assert (whole["whole"], whole["entries"], whole["broken_at"]) == (True, 5, None)
    known = {"seq": whole["last_seq"], "hash": whole["last_hash"]}
    assert (await client.get(f"{API}/audit/verify", params=known)).json()["whole"] is True
    cut, desk.record.entries = desk.record.entries, desk.record.entries[:3]
    assert (await client.get(f"{API}/audit/verify")).json()["whole"] is True
    assert (await client.get(f"{API}/audit/verify", params=known)).json()["broken_at"] == 4
    del cut[2]
    desk.record.entries = cut
    broken = (await client.get(f"{API}/audit/verify")).json()
    assert (broken["whole"], broken["broken_at"]) == (False, 4)
    assert (await client.get(f"{API}/audit/verify", params={"seq": 1})).status_code == 422


async def test_an_export_is_whole_and_itself_in_the_audit(client, desk):
    await desk.record.save(Writes(audit=[AuditNote(NOON, "ada", "token.created", f"t{n}") for n in range(5)]))
    found, asked = [], {"limit": 2}
    while True:
        answer = (await client.get(f"{API}/audit/export", params=asked)).json()
        found += answer["items"]
        if answer["next_seq"] is None:
            break
        asked = {"limit": 2, "from_seq": answer["next_seq"]}
    assert [each["seq"] for each in found] == [1, 2, 3, 4, 5, 6]
    assert (found[-1]["act"], found[-1]["actor"]) == ("audit.exported", "local")
    assert (answer["sealed_seq"], answer["sealed_hash"]) == (0, "0" * 64)


async def test_rules_are_listed_and_tried(client):
    listed = (await client.get(f"{API}/policies")).json()
    assert [(each["package"], each["source"]) for each in listed["items"]] == [("kronveil.policy", "bundled")]
    asked = {"input": {"say": {"allow": False, "deny": [{"rule": "freeze", "text": "it is December"}]}}}
    tried = (await client.post(f"{API}/policies/test", json=asked)).json()
    assert tried == {"allowed": False, "reasons": [{"rule": "freeze", "text": "it is December"}], "problem": ""}
    assert (await client.post(f"{API}/policies/test", json={"input": {}})).json()["allowed"] is True
    elsewhere = (await client.post(f"{API}/policies/test", json={"input": {}, "package": "mine"})).json()
    assert (elsewhere["allowed"], "no package" in elsewhere["problem"]) == (False, True)


async def test_what_was_decided_is_listed_with_what_it_rests_on(client, desk):
    runbook = desk.loop.runbooks["pod-oom"]
    asking = Asking(Point.PROPOSE, Who("ada", ("operator",)), runbook, incident(1), ())
    decision = await desk.policy.allow(asking)
    (found,) = (await client.get(f"{API}/decisions", params={"runbook_id": "pod-oom", "result": "allowed"})).json()[
        "items"
    ]
    assert (found["id"], found["actor"], found["rule"], found["point"]) == (decision.id, "ada", "plain", "propose")
    told = json.loads(found["inputs"])
    assert (told["who"]["roles"], told["where"]["cluster"], told["settings"]["live"]) == (["operator"], "east", True)
    assert (await client.get(f"{API}/decisions", params={"result": "denied"})).json()["items"] == []
    (entry,) = (await client.get(f"{API}/audit", params={"act": "policy"})).json()["items"]
    assert (entry["act"], entry["actor"], entry["target"]) == ("policy.allowed", "ada", "pod-oom")


async def test_trust_is_lowered_by_a_person_and_raised_only_by_the_policy(client, desk):
    async def move(level):
        return await client.post(f"{API}/runbooks/pod-oom/level", json={"level": level, "reason": "so"})

    assert (await client.get(f"{API}/runbooks/pod-oom")).json()["level"] == "approve"
    lowered = (await move("observe")).json()
    assert (lowered["level"], lowered["standing"]["by"], lowered["standing"]["why"]) == ("observe", "local", "so")
    assert (await move("observe")).status_code == 409
    assert (await move("suggest")).json()["level"] == "suggest"
    desk.policy._engine = Refusing()
    refused = await move("approve")
    assert (refused.status_code, "too few" in refused.json()["detail"]) == (403, True)
    assert (await client.get(f"{API}/runbooks/pod-oom")).json()["level"] == "suggest"
    acts = [each.note.act for each in desk.record.entries]
    assert acts == [
        "runbook.level_changed",
        "policy.allowed",
        "runbook.level_changed",
        "policy.denied",
    ]


class Refusing:
    digest, modules = "refusing", ()

    async def evaluate(self, package, document):
        return {"allow": False, "deny": [{"rule": "too-few", "text": "too few"}]}
