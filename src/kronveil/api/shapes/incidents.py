"""Incidents, in lists and whole."""

from dataclasses import replace
from typing import Annotated, Literal, cast

from msgspec import Raw
from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.changes import Change
from kronveil.api.shapes.events import Evidence
from kronveil.api.shapes.terms import Missing, NextCursor, Resource, Timestamp
from kronveil.model.event import Severity
from kronveil.model.incident import IncidentStatus

LoopStage = Literal["detected", "acknowledged", "recovered"]


@shape
class TimelineEntry:
    """One line of an incident's story."""

    at: Timestamp
    what: Annotated[
        str,
        Field(
            description="opened, evidence, recovered, resolved, closed, reopened, grouped, ..., and what people did."
        ),
    ]
    message: str
    actor: Annotated[str, Field(description="Who did it; `kronveil` is the agent itself.")]
    event_id: str | None


@shape
class ClusterRef:
    """A cluster that an incident touches."""

    name: str
    uid: str | None
    region: str | None


@shape
class Suspect:
    """A change that may be the cause, with what speaks for and against it."""

    change_id: str
    what: str
    score: Annotated[float, Field(description="0 to 1.")]
    reasons: list[str]
    evidence_for: Annotated[list[str], Field(description="Ids of events.")]
    evidence_against: Annotated[list[str], Field(description="Ids of events.")]


@shape
class Incident:
    """What belongs together and needs somebody. In lists and in the stream `evidence` holds the ids of events."""

    id: str
    kind: str
    family: str
    title: str
    severity: Severity
    status: IncidentStatus
    loop_stage: LoopStage
    clusters: list[ClusterRef]
    resource: Resource
    opened_at: Timestamp
    updated_at: Timestamp
    resolved_at: Timestamp | None
    acknowledged_by: str | None
    owner: Annotated[str | None, Field(description="The person it is assigned to.")]
    silenced: Annotated[bool, Field(description="A silence covers it now. It is hushed, not hidden.")]
    event_count: Annotated[int, Field(description="All events of this incident, more than `evidence` may keep.")]
    version: Annotated[int, Field(description="Grows with each change: of two copies the higher one is newer.")]
    parent_id: str | None
    children: list[str]
    suspects: list[Suspect]
    changes: Annotated[list[str], Field(description="Ids of the changes it suspects.")]
    evidence: Annotated[list[str], Field(description="Ids of the first and newest events it stands on.")]
    timeline: list[TimelineEntry]
    executions: Annotated[list[str], Field(description="Ids of runbook executions for this incident.")]


@shape
class IncidentDetail:
    """One incident whole: as in lists, with each piece of `evidence` in full."""

    id: str
    kind: str
    family: str
    title: str
    severity: Severity
    status: IncidentStatus
    loop_stage: LoopStage
    clusters: list[ClusterRef]
    resource: Resource
    opened_at: Timestamp
    updated_at: Timestamp
    resolved_at: Timestamp | None
    acknowledged_by: str | None
    owner: Annotated[str | None, Field(description="The person it is assigned to.")]
    silenced: Annotated[bool, Field(description="A silence covers it now. It is hushed, not hidden.")]
    event_count: Annotated[int, Field(description="All events of this incident, more than `evidence` may keep.")]
    version: Annotated[int, Field(description="Grows with each change: of two copies the higher one is newer.")]
    parent_id: str | None
    children: list[str]
    suspects: list[Suspect]
    changes: Annotated[list[Change], Field(description="Those it suspects and others near it, newest first.")]
    evidence: Annotated[list[Evidence], Field(description="First and newest events, oldest first.")]
    timeline: list[TimelineEntry]
    executions: Annotated[list[str], Field(description="Ids of runbook executions for this incident.")]


@shape
class Facets:
    """How many incidents a list would have with each value chosen, whatever is chosen in that facet now."""

    status: dict[IncidentStatus, int]
    severity: dict[Severity, int]
    cluster: dict[str, int]


@shape
class IncidentList:
    """A page of incidents, newest opened first."""

    items: list[Incident]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    facets: Annotated[Facets | None, Field(description="Null unless asked for.")]


def with_texts(answer: IncidentList, items: list[Raw]) -> IncidentList:
    """The same page with items that are encoded already; only the encoder may look at them."""
    return replace(answer, items=cast("list[Incident]", items))
