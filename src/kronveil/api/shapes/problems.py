"""Refusals and failures."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape


@shape
class FieldError:
    """One thing wrong with the request."""

    loc: Annotated[list[str | int], Field(examples=[["query", "limit"]])]
    msg: str


@shape
class Problem:
    """A refusal or a failure, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="The path that was asked for.")]
    request_id: Annotated[str, Field(description="The same as the X-Request-Id header; the agent's log has it too.")]
    errors: Annotated[list[FieldError] | None, Field(description="With status 422: everything that is wrong.")] = None
