"""Refusals and failures."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as described


@dataclass(slots=True)
class FieldError:
    """One thing wrong with the request."""

    loc: Annotated[list[str | int], Field(examples=[["query", "limit"]])]
    msg: str


# Of pydantic, which keeps the description of what is its own: it is asked for with every status of every route.
@described(slots=True)
class Problem:
    """A refusal or a failure, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="The path that was asked for.")]
    request_id: Annotated[str, Field(description="The same as the X-Request-Id header; the agent's log has it too.")]
    errors: Annotated[list[FieldError] | None, Field(description="With status 422: everything that is wrong.")] = None
