"""Runbooks and their runs: what could be done, what was approved, what was done, and whether it helped."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from kronveil.agent.desk import NotFound
from kronveil.api import run_shapes as shapes
from kronveil.api.asking import DeskHere, IdempotencyKey, KnownCaller, NoQuery, json_answer, read_body
from kronveil.api.asks import Answer, Edit, ExecutionFilter, NewExecution, Refusing, Signature, Stopping, Trust
from kronveil.api.callers import Caller
from kronveil.api.problems import Refusal, not_valid, several_not_valid
from kronveil.api.replays import OnceRoute
from kronveil.api.routes.declared import body_of, refusals
from kronveil.api.run_encode import Reader, execution_shape, runbook_shape, stop_shape
from kronveil.api.shapes import FieldError
from kronveil.logic.inputs import WrongInputs
from kronveil.model.autonomy import Level
from kronveil.model.execution import Execution, Mode
from kronveil.model.runbook import Runbook
from kronveil.sdk.storage import ExecutionQuery

router = APIRouter(tags=["runbooks"], route_class=OnceRoute)
LIVE_OFF = "Live runs are off (runbooks.live: false in the configuration): ask for a rehearsal, mode rehearse."


async def _runbook(desk: DeskHere, runbook_id: Annotated[str, Path(alias="id")]) -> Runbook:
    found = desk.loop.runbooks.get(runbook_id)
    if found is None:
        raise NotFound(f"There is no runbook {runbook_id!r}.")
    return found


async def _execution(desk: DeskHere, execution_id: Annotated[str, Path(alias="id")]) -> Execution:
    return await desk.loop.execution(execution_id)


def _as_seen(run: Execution, desk: DeskHere, caller: Caller, status: int = 200) -> Response:
    """A run as this caller sees it."""
    return json_answer(execution_shape(run, Reader(caller.name, "approver" in caller.roles, desk.now())), status)


def _wrong(inputs: WrongInputs) -> Refusal:
    return several_not_valid([FieldError(["body", "parameters", name], why) for name, why in inputs.problems.items()])


def _shape(runbook: Runbook, desk: DeskHere) -> shapes.Runbook:
    return runbook_shape(runbook, desk.loop.all(), desk.loop.effects, desk.policy.standing(runbook))


FoundRunbook = Annotated[Runbook, Depends(_runbook)]
FoundExecution = Annotated[Execution, Depends(_execution)]


@router.get("/runbooks", response_model=shapes.RunbookList, responses=refusals())
async def list_runbooks(desk: DeskHere, _: NoQuery) -> Response:
    """Every runbook, with its record."""
    loop = desk.loop
    items = [_shape(each, desk) for each in loop.runbooks.values()]
    return json_answer(shapes.RunbookList(items, None, loop.is_live, stop_shape(loop.stopped())))


@router.post(
    "/runbooks/stop",
    response_model=shapes.KillSwitch,
    responses=refusals(400, 413, 415, 503),
    openapi_extra=body_of(Refusing, required=True),
)
async def stop_all_runs(
    request: Request, desk: DeskHere, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Stop all runs, until they are resumed: none is proposed or approved, and none begins another step."""
    asked = await read_body(request, Refusing)
    stop = desk.loop.stop_all(caller.name, asked.reason)
    await desk.audit.note(caller.name, "executions.stopped", "all", asked.reason)
    return json_answer(shapes.KillSwitch(stop_shape(stop)))


@router.post("/runbooks/resume", response_model=shapes.KillSwitch, responses=refusals(503))
async def resume_runs(desk: DeskHere, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey) -> Response:
    """Let runs be proposed and act again. A run that was stopped stays cancelled."""
    desk.loop.resume_all(caller.name)
    await desk.audit.note(caller.name, "executions.resumed", "all")
    return json_answer(shapes.KillSwitch(stop_shape(desk.loop.stopped())))


@router.get("/runbooks/{id}", response_model=shapes.Runbook, responses=refusals(404))  # noqa: FAST003 - its dependency takes it
async def get_runbook(desk: DeskHere, runbook: FoundRunbook, _: NoQuery) -> Response:
    """One runbook, with its record."""
    return json_answer(_shape(runbook, desk))


@router.post(
    "/runbooks/{id}/level",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Runbook,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Trust, required=True),
)
async def set_runbook_level(
    request: Request, desk: DeskHere, runbook: FoundRunbook, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Trust a runbook less, always; or one level more, where the promotion policy finds its record good enough."""
    asked = await read_body(request, Trust)
    await desk.policy.move(runbook, Level(asked.level), by=caller.name, why=asked.reason)
    return json_answer(_shape(runbook, desk))


@router.post(
    "/runbooks/{id}/executions",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    status_code=202,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(NewExecution, required=True),
)
async def create_execution(
    request: Request,
    desk: DeskHere,
    runbook: FoundRunbook,
    caller: KnownCaller,
    _: NoQuery,
    _key: IdempotencyKey,
) -> Response:
    """Plan a run for an incident: as a rehearsal, which changes nothing, or to be approved and carried out."""
    asked = await read_body(request, NewExecution)
    mode = Mode(asked.mode)
    if mode is Mode.LIVE and not desk.loop.is_live:
        raise Refusal(403, LIVE_OFF)
    try:
        run = await desk.loop.request(
            runbook.id, asked.incident_id, mode, caller.name, asked.parameters, roles=caller.roles
        )
    except WrongInputs as inputs:
        raise _wrong(inputs) from None
    return _as_seen(run, desk, caller, 202)


@router.get("/executions", response_model=shapes.ExecutionList, responses=refusals(503))
async def list_executions(desk: DeskHere, caller: KnownCaller, asked: Annotated[ExecutionFilter, Query()]) -> Response:
    """Runs, newest requested first."""
    query = ExecutionQuery(
        limit=asked.limit, before=asked.cursor, incident_id=asked.incident_id, runbook_id=asked.runbook_id
    )
    try:
        page = await desk.loop.page(query)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    reader = Reader(caller.name, "approver" in caller.roles, desk.now())
    return json_answer(shapes.ExecutionList([execution_shape(run, reader) for run in page.items], page.next_cursor))


@router.get("/executions/{id}", response_model=shapes.Execution, responses=refusals(404, 503))  # noqa: FAST003 - its dependency takes it
async def get_execution(run: FoundExecution, desk: DeskHere, caller: KnownCaller, _: NoQuery) -> Response:
    """One run: its plan, who approved it, its steps, its verdict."""
    return _as_seen(run, desk, caller)


@router.post(
    "/executions/{id}/approve",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Signature, required=True),
)
async def approve_execution(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Sign this very plan, by its hash, with a reason. It begins at once; a target that changed since refuses."""
    asked = await read_body(request, Signature)
    run = await desk.loop.approve(run.id, asked.plan_hash, caller.name, asked.reason, roles=caller.roles)
    return _as_seen(run, desk, caller)


@router.post(
    "/executions/{id}/revoke",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Refusing, required=True),
)
async def revoke_approval(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Take your signature back, with a reason, while the run has not begun."""
    asked = await read_body(request, Refusing)
    return _as_seen(await desk.loop.revoke(run.id, caller.name, asked.reason), desk, caller)


@router.post(
    "/executions/{id}/edit",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Edit, required=True),
)
async def edit_execution(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Have it planned anew with other inputs. Signatures that were given are void; who edits may not sign."""
    asked = await read_body(request, Edit)
    try:
        run = await desk.loop.edit(run.id, caller.name, asked.parameters, asked.reason)
    except WrongInputs as inputs:
        raise _wrong(inputs) from None
    return _as_seen(run, desk, caller)


@router.post(
    "/executions/{id}/answer",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Answer, required=True),
)
async def answer_execution(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Answer what a step asks: the run goes on, or stops before its next step."""
    asked = await read_body(request, Answer)
    goes_on = asked.answer == "continue"
    run = await desk.loop.answer(run.id, asked.step, caller.name, goes_on=goes_on, reason=asked.reason)
    return _as_seen(run, desk, caller)


@router.post(
    "/executions/{id}/reject",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Refusing, required=True),
)
async def reject_execution(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Say no to a plan, with a reason."""
    asked = await read_body(request, Refusing)
    return _as_seen(await desk.loop.reject(run.id, caller.name, asked.reason), desk, caller)


@router.post(
    "/executions/{id}/cancel",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(404, 409, 503),
)
async def cancel_execution(
    desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Stop it now. A step under way is given up; what became of it is told as it is, also when that is unknown."""
    return _as_seen(await desk.loop.stop(run.id, caller.name, after_step=False), desk, caller)


@router.post(
    "/executions/{id}/stop",  # noqa: FAST003 - its dependency takes it
    response_model=shapes.Execution,
    responses=refusals(400, 404, 409, 413, 415, 503),
    openapi_extra=body_of(Stopping, required=False),
)
async def stop_execution(
    request: Request, desk: DeskHere, run: FoundExecution, caller: KnownCaller, _: NoQuery, _key: IdempotencyKey
) -> Response:
    """Stop it after the step it is at."""
    asked = await read_body(request, Stopping)
    return _as_seen(await desk.loop.stop(run.id, caller.name, after_step=asked.after_step), desk, caller)
