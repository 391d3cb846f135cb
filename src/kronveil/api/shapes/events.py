"""Events, one as evidence, and what became of one."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Missing, NextCursor, Resource, Timestamp
from kronveil.model.event import Severity
from kronveil.model.observation import Attribute


@shape
class Event:
    """One thing that happened. Its id derives from content: the same on every surface and after every restart."""

    id: str
    kind: Annotated[str, Field(description="A symptom (`pod.oom_killed`) or a neutral `noun.happened`.")]
    severity: Severity
    at: Annotated[Timestamp, Field(description="When it happened, as the source says.")]
    received_at: Annotated[Timestamp, Field(description="When the agent received it.")]
    cluster_name: str
    cluster_region: str | None
    resource: Resource
    message: str
    attributes: dict[str, Attribute]
    merged_into: Annotated[str | None, Field(description="The event that this one repeats; null when it is a first.")]


@shape
class Evidence:
    """An event that an incident stands on."""

    id: str
    at: Timestamp
    kind: str
    severity: Severity
    cluster_name: str
    resource: Resource
    message: str
    attributes: dict[str, Attribute]


@shape
class EventList:
    """A page of events, newest first."""

    items: list[Event]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@shape
class Stage:
    """One step of an event's way through the agent."""

    name: Annotated[str, Field(examples=["dedup"])]
    result: str
    reason: str
    refs: Annotated[list[str], Field(description="Ids of the events and incidents that the reason names.")]


@shape
class Explanation:
    """What became of an event, stage by stage."""

    event: Event | None
    stages: list[Stage]
    remembered: Annotated[
        bool, Field(description="False: it is older than the agent remembers, so only the store speaks.")
    ]
