"""The agent itself: health, parts, what it was told, and who asks."""

from typing import Annotated, Any

from pydantic import Field

from kronveil.api.roles import Role
from kronveil.api.shape import shape
from kronveil.api.shapes.clusters import Fleet, FleetClusters
from kronveil.api.shapes.terms import Books, Missing, NextCursor, SeverityCounts, Timestamp
from kronveil.model.fleet import ClusterState
from kronveil.model.health import HealthStatus, PartKind


@shape
class Component:
    """One part of the agent. Without a required token only `name` and `status` are told, the rest is null."""

    name: str
    status: HealthStatus
    message: str | None
    since: Annotated[Timestamp | None, Field(description="When it took this status.")]
    last_success: Annotated[Timestamp | None, Field(description="Null when it never succeeded.")]


@shape
class Health:
    """The agent's own health: a stale cluster degrades it, an incident does not."""

    status: HealthStatus
    components: list[Component]
    uptime: Annotated[str, Field(examples=["2m30s"])]


@shape
class Status:
    """The agent in one answer; the stream sends the same every two seconds."""

    server_time: Timestamp
    version: str
    uptime_s: float
    simulated: Annotated[bool, Field(description="True when the agent watches the lab's simulated world.")]
    health: HealthStatus
    fleet: Fleet
    incidents_open: SeverityCounts
    books: Books


@shape
class Summary:
    """Figures for a first look; each is counted, none is estimated."""

    as_of: Timestamp
    events_total: Annotated[int, Field(description="Received since the first start.")]
    incidents_open: SeverityCounts
    incidents_unacknowledged: int
    clusters: FleetClusters
    pods: int | None
    nodes: int | None
    books: Books
    stream_clients: int
    complete: bool
    missing: list[Missing]


@shape
class Collector:
    """One source that a collector reads."""

    name: Annotated[str, Field(examples=["kubernetes"])]
    source: Annotated[str, Field(description="The cluster it reads.")]
    state: ClusterState
    reason: str | None
    last_success: Timestamp | None
    age_s: float | None
    relists: Annotated[int, Field(description="Complete lists taken again after the first.")]
    books: Books


@shape
class CollectorList:
    """Every source read, by name."""

    items: list[Collector]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@shape
class Part:
    """One part of the agent with its health. `books` is null for a part that receives nothing."""

    name: str
    kind: Annotated[PartKind, Field(description="Its family; `agent` is what every agent has.")]
    state: HealthStatus
    since: Timestamp
    reason: str
    last_success: Timestamp | None
    age_s: Annotated[float | None, Field(description="Since `last_success`; null when it never succeeded.")]
    books: Books | None


@shape
class PartList:
    """Every part of the agent."""

    items: list[Part]
    next_cursor: NextCursor


@shape
class Me:
    """Who the caller is to the agent."""

    name: str
    roles: list[Role]
    authenticated: Annotated[bool, Field(description="False for `local`: a caller on loopback without a token.")]


@shape
class Setting:
    """One leaf of the configuration in force. Secrets are masked."""

    key: Annotated[str, Field(examples=["agent.log_level"])]
    value: Any
    default: Any
    source: Annotated[str, Field(description="Where the value comes from: file and line, environment, or default.")]


@shape
class SettingList:
    """The configuration in force, by key."""

    items: list[Setting]
    next_cursor: NextCursor
