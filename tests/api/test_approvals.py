"""Over the wire: who may sign a plan and why not, edit it, take a signature back, and answer what a run asks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from kronveil.api import ApiOptions
from kronveil.api.roles import Role
from kronveil.api.tokens import TokenFile
from kronveil.logic import journal
from kronveil.logic.planning import plan_of
from kronveil.model.execution import Effect, StepPlan
from kronveil.model.runbook import Input, InputType
from tests.api.conforming import check_answer, check_problem
from tests.api.conftest import client_of
from tests.api.plain_desk import NOON, PlainDesk, incident
from tests.api.plain_loop import RUNBOOK, planned_run

pytestmark = pytest.mark.anyio
RUN = "/api/v1/executions/run-1"
QUESTION = StepPlan("ask", "ask", Effect.READ, None, {}, "go on?", question="go on?")


@pytest.fixture
async def people(desk: PlainDesk, tmp_path) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """Clients with tokens: ada asked for the run; bob and eve are approvers, cy an operator, vi only looks."""
    tokens = TokenFile(tmp_path)
    roles: dict[str, Role] = {"ada": "approver", "bob": "approver", "eve": "approver", "cy": "operator", "vi": "viewer"}
    known = {name: tokens.create(role, name, None, NOON)[1].reveal() for name, role in roles.items()}
    async with client_of(desk, ApiOptions(tokens=tokens)) as client:
        transport = client._transport
        clients = {
            name: httpx2.AsyncClient(
                transport=transport, base_url=client.base_url, headers={"Authorization": f"Bearer {secret}"}
            )
            for name, secret in known.items()
        }
        yield clients


def needing(desk: PlainDesk, number: int) -> None:
    run = desk.loop.runs["run-1"]
    assert run.plan is not None
    desk.loop.runs["run-1"] = replace(run, plan=replace(run.plan, approvals_needed=number))


def check(response: httpx2.Response) -> None:
    """It is what the schema says of this route."""
    request = response.request
    check_answer(response, request.method.lower(), request.url.path.replace("run-1", "{id}"))


async def seen(client: httpx2.AsyncClient) -> Any:
    response = await client.get(RUN)
    check(response)
    return response.json()


async def sign(client: httpx2.AsyncClient) -> httpx2.Response:
    plan = (await client.get(RUN)).json()["plan"]
    return await client.post(f"{RUN}/approve", json={"plan_hash": plan["hash"], "reason": "it fits"})


async def test_each_caller_is_told_whether_they_may_sign_and_why_not(people):
    told = {name: (await seen(client))["approvals"] for name, client in people.items()}
    assert {name: each["may_approve"] for name, each in told.items()} == {
        "ada": False, "bob": True, "eve": True, "cy": False, "vi": False,
    }  # fmt: skip
    assert told["ada"]["why_not"] == "who asked for a run may not approve it"
    assert told["cy"]["why_not"] == "this needs the role approver"
    assert told["bob"] == {"needed": 1, "given": [], "may_approve": True, "why_not": ""}
    check_problem(await sign(people["cy"]), 403)


async def test_a_plan_that_needs_two_takes_two(people, desk):
    needing(desk, 2)
    first = await sign(people["bob"])
    assert (first.json()["status"], len(first.json()["approvals"]["given"])) == ("awaiting_approval", 1)
    check_problem(await sign(people["bob"]), 409)
    check_problem(await sign(people["ada"]), 409)
    assert (await sign(people["eve"])).json()["status"] == "running"


async def test_a_signature_is_taken_back_by_whoever_gave_it(people, desk):
    needing(desk, 2)
    await sign(people["bob"])
    check_problem(await people["eve"].post(f"{RUN}/revoke", json={"reason": "no"}), 409)
    check_problem(await people["bob"].post(f"{RUN}/revoke", json={}), 422)
    response = await people["bob"].post(f"{RUN}/revoke", json={"reason": "not so sure"})
    check(response)
    assert response.json()["approvals"]["given"] == []


async def test_an_edit_names_wrong_inputs_and_voids_what_was_signed(people, desk):
    desk.loop.runbooks[RUNBOOK.id] = replace(RUNBOOK, inputs=(Input("percent", InputType.NUMBER, default=50),))
    needing(desk, 2)
    await sign(people["bob"])
    wrong = await people["cy"].post(f"{RUN}/edit", json={"parameters": {"percnt": 20}, "reason": "less"})
    check_problem(wrong, 422)
    assert wrong.json()["errors"][0]["loc"] == ["body", "parameters", "percnt"]
    response = await people["eve"].post(f"{RUN}/edit", json={"parameters": {"percent": 20}, "reason": "less"})
    check(response)
    run = response.json()
    assert (run["status"], run["plan"], run["approvals"]["given"]) == ("planning", None, [])
    assert (run["parameters"], run["edited_by"]) == ({"percent": "20"}, "eve")


async def test_a_run_is_asked_for_with_inputs_that_fit(people, desk):
    desk.loop.runbooks[RUNBOOK.id] = replace(RUNBOOK, inputs=(Input("percent", InputType.NUMBER, default=50),))
    asked = {"incident_id": "inc-1", "parameters": {"percent": "many"}}
    response = await people["cy"].post(f"/api/v1/runbooks/{RUNBOOK.id}/executions", json=asked)
    check_problem(response, 422)
    assert response.json()["errors"][0]["loc"] == ["body", "parameters", "percent"]


async def test_what_a_run_asks_is_shown_and_answered_once(people, desk):
    run = planned_run(incident(1), NOON)
    assert run.plan is not None
    plan = plan_of(RUNBOOK, [QUESTION, *run.plan.steps], NOON, timedelta(minutes=30))
    run = replace(run, id="run-1", plan=plan)
    desk.loop.runs["run-1"] = run
    assert (await sign(people["bob"])).json()["question"] is None
    desk.loop.runs["run-1"] = journal.asked(desk.loop.runs["run-1"], 0, QUESTION, now=NOON)
    question = (await seen(people["vi"]))["question"]
    assert (question["step"], question["text"], question["until"]) == (0, "go on?", "2026-11-25T12:30:00.123Z")
    for body in ({"step": 0, "answer": "maybe", "reason": "x"}, {"step": 0, "answer": "stop"}, {"answer": "stop"}):
        check_problem(await people["cy"].post(f"{RUN}/answer", json=body), 422)
    said = {"step": 0, "answer": "continue", "reason": "it drained"}
    check_problem(await people["vi"].post(f"{RUN}/answer", json=said), 403)
    response = await people["cy"].post(f"{RUN}/answer", json=said)
    check(response)
    assert (response.json()["question"], response.json()["steps"][0]["status"]) == (None, "done")
    check_problem(await people["cy"].post(f"{RUN}/answer", json=said), 409)


async def test_the_plan_says_what_can_be_set_back_and_what_voids_it(people):
    plan = (await seen(people["vi"]))["plan"]
    assert plan["undo"] == "set back when it turns out harmful: step 1"
    assert any("no longer at generation 7" in words for words in plan["voids_if"])
