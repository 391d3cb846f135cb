"""What all answers share: times, cursors, objects, counts, and clusters that are left out."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from kronveil.api.shape import shape

Timestamp = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-25T02:03:41.250Z"]}),
]
NextCursor = Annotated[str | None, Field(description="Give it as `cursor` for the next page; null on the last one.")]


@shape
class Resource:
    """An object of a source, as the source names it."""

    kind: str
    namespace: str | None
    name: str
    uid: str | None


@shape
class Missing:
    """A cluster whose word this answer leaves out, why, and for how long it has been silent (null: never heard)."""

    cluster: str
    reason: str
    age_s: float | None


@shape
class Books:
    """received = delivered + merged + dropped + in flight, in watch frames and list items, since the agent started."""

    received: int
    delivered: int
    merged: Annotated[int, Field(description="Unchanged and repeated ones.")]
    dropped: Annotated[dict[str, int], Field(description="By reason.")]
    in_flight: int


@shape
class SeverityCounts:
    """How many, by severity."""

    critical: int
    high: int
    medium: int
    low: int
    info: int
