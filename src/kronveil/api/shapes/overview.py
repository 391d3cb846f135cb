"""What the overview answers, field by field; see ``shapes``."""

from typing import Annotated, Literal

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Missing, Timestamp
from kronveil.model.event import Severity
from kronveil.model.fleet import ClusterState
from kronveil.model.incident import IncidentStatus


@shape
class Need:
    """One thing that waits for a person."""

    kind: Literal["incident", "cluster", "part"]
    id: Annotated[str, Field(description="Of the incident; of a cluster or a part its name.")]
    title: str
    since: Timestamp | None
    expires_at: Annotated[Timestamp | None, Field(description="When waiting ends by itself; null: it does not.")]
    severity: Severity | None
    cluster: str | None


@shape
class Figure:
    """A number with what it is worth. Unknown is null."""

    name: Annotated[str, Field(examples=["incidents_open"])]
    value: int | None
    exact: Annotated[bool, Field(description="False when clusters are left out of it.")]
    as_of: Timestamp


@shape
class LaneGap:
    """A time in which nothing was heard of a cluster; `until` is null while it lasts."""

    since: Timestamp | None
    until: Timestamp | None
    reason: str


@shape
class Bar:
    """An incident on a lane; `until` is null while it is not over."""

    id: str
    title: str
    severity: Severity
    status: IncidentStatus
    since: Timestamp
    until: Timestamp | None


@shape
class Tick:
    """A change on a lane."""

    id: str
    kind: str
    at: Timestamp
    summary: str


@shape
class Lane:
    """What happened to one cluster in the window."""

    cluster: str
    state: ClusterState
    gaps: list[LaneGap]
    incidents: list[Bar]
    changes: list[Tick]


@shape
class Since:
    """What happened since the person looked last."""

    at: Timestamp
    opened: int
    recovered: int
    executions: Annotated[int, Field(description="Runs of runbooks that were asked for since, rehearsals too.")]
    gaps: int


@shape
class Overview:
    """The fleet on one page: what needs somebody, the figures, and a lane for each cluster."""

    as_of: Timestamp
    window_from: Timestamp
    needs_you: Annotated[list[Need], Field(description="The gravest first.")]
    figures: list[Figure]
    lanes: list[Lane]
    since: Since
    truncated: Annotated[bool, Field(description="More happened in the window than the lanes and counts tell.")]
    complete: bool
    missing: list[Missing]
