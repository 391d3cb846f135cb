"""`POST test/inject`: tells the agent what no source of its own tells yet. There only with `api.test_injection`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kronveil.api.asking import DeskHere, KnownCaller, NoQuery, json_answer, read_body
from kronveil.api.options import Inject
from kronveil.api.problems import Refusal, not_valid
from kronveil.logic.kinds import KINDS
from kronveil.model.facts import ToldFacts
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource


class Object(BaseModel):
    """An object as its cluster names it."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(min_length=1, max_length=100)]
    namespace: Annotated[str | None, Field(max_length=253)] = None
    name: Annotated[str, Field(min_length=1, max_length=253)]
    uid: Annotated[str, Field(max_length=100)] = ""


class Injection(BaseModel):
    """A symptom of an object, or its end."""

    model_config = ConfigDict(extra="forbid")

    cluster: Annotated[str, Field(min_length=1, max_length=253)]
    kind: str
    resource: Object
    owner: Object | None = None
    part: Annotated[str, Field(max_length=253)] = ""
    message: Annotated[str, Field(max_length=2000)] = ""
    is_over: bool = False


async def _may_inject(caller: KnownCaller) -> None:
    if "operator" not in caller.roles:
        raise Refusal(403, "This needs the role operator.")


router = APIRouter(dependencies=[Depends(_may_inject)], include_in_schema=False)


@router.post("/test/inject", status_code=202)
async def inject(request: Request, desk: DeskHere, _: NoQuery) -> Response:
    """Tell of an object of a cluster; judged, stored and shown as anything else that is heard from there."""
    asked = await read_body(request, Injection)
    if asked.kind not in KINDS:
        raise not_valid(["body", "kind"], f"is none of {', '.join(sorted(KINDS))}")
    now = desk.now()
    observation = Observation(
        kind=asked.kind,
        at=now,
        resource=Resource(**asked.resource.model_dump()),
        key=f"injected@{now.timestamp():.6f}",
        facts=ToldFacts(asked.kind, asked.part, asked.message, asked.is_over),
        owner=None if asked.owner is None else Resource(**asked.owner.model_dump()),
        message=asked.message,
    )
    tell: Inject = request.app.state.inject
    await tell(asked.cluster, observation)
    return json_answer({"key": observation.key}, 202)
