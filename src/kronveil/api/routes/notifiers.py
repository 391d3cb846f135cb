"""Who is told: the ways that are configured, and a test of each."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from kronveil.agent.desk import NotFound
from kronveil.api import shapes
from kronveil.api.asking import DeskHere, IdempotencyKey, KnownCaller, NoQuery, json_answer
from kronveil.api.options import NamedNotifier
from kronveil.api.replays import OnceRoute, fresh_id
from kronveil.api.routes.declared import refusals
from kronveil.sdk.errors import PluginError
from kronveil.sdk.notifiers import Notice

router = APIRouter(tags=["notifiers"], route_class=OnceRoute)


async def _notifiers(request: Request) -> Mapping[str, NamedNotifier]:
    found: Mapping[str, NamedNotifier] = request.app.state.notifiers
    return found


async def _notifier(name: str, notifiers: Annotated[Mapping[str, NamedNotifier], Depends(_notifiers)]) -> NamedNotifier:
    found = notifiers.get(name)
    if found is None:
        there = ", ".join(sorted(notifiers)) or "none"
        raise NotFound(f"No notifier is configured as {name!r}; configured: {there}.")
    return found


@router.get("/notifiers", response_model=shapes.NotifierList, responses=refusals())
async def list_notifiers(
    notifiers: Annotated[Mapping[str, NamedNotifier], Depends(_notifiers)], _: NoQuery
) -> Response:
    """The ways to tell people that are configured."""
    items = [shapes.Notifier(name, notifiers[name].summary) for name in sorted(notifiers)]
    return json_answer(shapes.NotifierList(items, None))


@router.post("/notifiers/{name}/test", response_model=shapes.NotifierTest, responses=refusals(400, 404, 409, 503))
async def try_notifier(
    request: Request,
    name: str,
    found: Annotated[NamedNotifier, Depends(_notifier)],
    desk: DeskHere,
    caller: KnownCaller,
    _: NoQuery,
    _key: IdempotencyKey,
) -> Response:
    """Send a test notice. That it reached nobody is an answer, too: `told` says so, `message` says why."""
    notice = Notice(
        key=f"test-{fresh_id(request)}",
        title="A test from Kronveil",
        text=f"{caller.name} asked for it. Nothing is wrong.",
        severity="info",
        at=desk.now(),
    )
    try:
        told, message = True, await found.notifier.tell(notice)
    except PluginError as error:
        told, message = False, str(error)
    await desk.audit.note(caller.name, "notifier.tested", name, after={"told": told})
    return json_answer(shapes.NotifierTest(name, told, message))
