"""The rules in force, what they decided and why, and what they would say."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kronveil.api import shapes
from kronveil.api.asking import DeskHere, NoQuery, json_answer, read_body
from kronveil.api.asks import DecisionFilter, PolicyTrial
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.wording import stamp
from kronveil.logic.policy import reasons
from kronveil.model.policy import Decision, Point, Reason
from kronveil.sdk.errors import PluginError
from kronveil.sdk.storage import DecisionQuery

router = APIRouter(tags=["policy"])


@router.get("/policies", response_model=shapes.PolicyList, responses=refusals())
async def list_policies(desk: DeskHere, _: NoQuery) -> Response:
    """Every module of the rules in force, with its text."""
    items = [
        shapes.PolicyModule(each.name, each.package, each.source, each.text)
        for each in sorted(desk.policy.modules, key=lambda module: (module.package, module.name))
    ]
    return json_answer(shapes.PolicyList(items, None, desk.policy.digest))


@router.post(
    "/policies/test",
    response_model=shapes.PolicyTest,
    responses=refusals(400, 404, 413, 415, 503),
    openapi_extra=body_of(PolicyTrial, required=True),
)
async def try_policy(request: Request, desk: DeskHere, _: NoQuery) -> Response:
    """Ask the rules about a document that you made up: would this be allowed? Nothing follows from the answer."""
    asked = await read_body(request, PolicyTrial)
    try:
        said = await desk.policy.try_out(asked.package, asked.input)
    except PluginError as error:
        return json_answer(shapes.PolicyTest(allowed=False, reasons=[], problem=str(error)))
    deny = reasons(said.get("deny"))
    is_allowed = said.get("allow") is True and not deny
    told = reasons(said.get("permit")) if is_allowed else deny
    return json_answer(shapes.PolicyTest(allowed=is_allowed, reasons=_shapes(told), problem=""))


@router.get("/decisions", response_model=shapes.DecisionList, responses=refusals(503))
async def list_decisions(desk: DeskHere, asked: Annotated[DecisionFilter, Query()]) -> Response:
    """What the policy decided, newest first, with what it was told."""
    query = DecisionQuery(
        limit=asked.limit,
        before=asked.cursor,
        execution_id=asked.execution_id,
        runbook_id=asked.runbook_id,
        incident_id=asked.incident_id,
        point=None if asked.point is None else Point(asked.point),
        is_allowed=None if asked.result is None else asked.result == "allowed",
    )
    try:
        page = await desk.policy.decisions(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    return json_answer(shapes.DecisionList([_decision(each) for each in page.items], page.next_cursor))


def _decision(decision: Decision) -> shapes.Decision:
    return shapes.Decision(
        id=decision.id,
        at=stamp(decision.at),
        point=decision.point,
        actor=decision.actor,
        action=decision.action,
        target=decision.target,
        result="allowed" if decision.is_allowed else "denied",
        rule=decision.rule,
        reasons=_shapes(decision.reasons),
        problem=decision.problem,
        inputs=decision.inputs,
        policy=decision.policy,
        execution_id=decision.execution_id,
        runbook_id=decision.runbook_id,
        incident_id=decision.incident_id,
    )


def _shapes(found: tuple[Reason, ...]) -> list[shapes.Reason]:
    return [shapes.Reason(each.rule, each.text) for each in found]
