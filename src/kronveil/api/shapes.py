"""What the API answers, field by field. Plain dataclasses: msgspec writes them, FastAPI describes them, so the bytes
and the published schema cannot differ. Times are RFC 3339 UTC with milliseconds; ages and durations are seconds."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, cast

from msgspec import Raw
from pydantic import Field, WithJsonSchema
from pydantic.dataclasses import dataclass as described

from kronveil.api.roles import Role
from kronveil.model.event import Severity
from kronveil.model.fleet import ClusterState, Reason
from kronveil.model.health import HealthStatus
from kronveil.model.incident import IncidentStatus
from kronveil.model.observation import Attribute

Timestamp = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-25T02:03:41.250Z"]}),
]
NextCursor = Annotated[str | None, Field(description="Give it as `cursor` for the next page; null on the last one.")]
LoopStage = Literal["detected", "acknowledged", "recovered"]
KindState = Literal["heard", "silent", "unreadable", "forbidden", "not_listed", "not_served"]


@dataclass(slots=True)
class Resource:
    """An object of a source, as the source names it."""

    kind: str
    namespace: str | None
    name: str
    uid: str | None


@dataclass(slots=True)
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


@dataclass(slots=True)
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


@dataclass(slots=True)
class TimelineEntry:
    """One line of an incident's story."""

    at: Timestamp
    what: Annotated[str, Field(description="opened, evidence, recovered, acknowledged, resolved or reopened.")]
    message: str
    actor: Annotated[str, Field(description="Who did it; `kronveil` is the agent itself.")]
    event_id: str | None


@dataclass(slots=True)
class ClusterRef:
    """A cluster that an incident touches."""

    name: str
    uid: str | None
    region: str | None


@dataclass(slots=True)
class Suspect:
    """A change that may be the cause, with what speaks for and against it."""

    change_id: str
    what: str
    score: Annotated[float, Field(description="0 to 1.")]
    reasons: list[str]
    evidence_for: Annotated[list[str], Field(description="Ids of events.")]
    evidence_against: Annotated[list[str], Field(description="Ids of events.")]


@dataclass(slots=True)
class FieldDiff:
    """One field that was changed. Values of secrets never come here."""

    kind: Annotated[str, Field(examples=["image"])]
    path: str
    before: str
    after: str


@dataclass(slots=True)
class Change:
    """One line of the ledger of changes: what was changed, where, by whom as far as anybody says, and whom it harms."""

    id: str
    kind: Annotated[str, Field(description="The weightiest of its fields' kinds: image, config, resources, ...")]
    at: Timestamp
    received_at: Timestamp
    actor: Annotated[str | None, Field(description="Who made it; null when the source names nobody.")]
    target: Resource
    owner: Annotated[Resource | None, Field(description="The target's top controller; null when it has none.")]
    cluster_name: str
    cluster_region: str | None
    summary: str
    diff: list[FieldDiff]
    source: Annotated[str, Field(description="How it was learned: spec, helm or gitops.")]
    incidents: Annotated[
        list[str], Field(description="Open incidents that suspect it; empty in the stream, where it comes first.")
    ]
    suspicion: Annotated[float | None, Field(description="The highest score among those; null when none suspects it.")]
    reasons: list[str]


@dataclass(slots=True)
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


@dataclass(slots=True)
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


@dataclass(slots=True)
class Missing:
    """A cluster whose word this answer leaves out, why, and for how long it has been silent (null: never heard)."""

    cluster: str
    reason: str
    age_s: float | None


@dataclass(slots=True)
class Books:
    """received = delivered + merged + dropped + in flight, in watch frames and list items, since the agent started."""

    received: int
    delivered: int
    merged: Annotated[int, Field(description="Unchanged and repeated ones.")]
    dropped: Annotated[dict[str, int], Field(description="By reason.")]
    in_flight: int


@dataclass(slots=True)
class Kind:
    """One kind of object in one cluster. `count` is null until its first complete list."""

    synced: bool
    count: int | None
    age_s: float | None
    error: str | None
    goal_s: Annotated[float | None, Field(description="The silence after which `watch.stalled` is told.")]
    state: KindState


@dataclass(slots=True)
class Pause:
    """Who has a cluster asked nothing, since when, and why."""

    by: str
    at: Timestamp
    reason: str


@dataclass(slots=True)
class Cluster:
    """A cluster that is expected to report. What it has not said is null, never 0."""

    name: str
    uid: Annotated[str | None, Field(description="The uid of its kube-system namespace: its identity.")]
    region: str | None
    state: ClusterState
    why: Annotated[str | None, Field(description="Why the state is not live, or what else there is to know, in words.")]
    reason: Annotated[Reason | None, Field(description="The same in one word; null: nothing to say.")]
    paused: Annotated[Pause | None, Field(description="It is asked nothing; no incident tells of its silence.")]
    same_as: Annotated[str | None, Field(description="The name of the member that is the very same cluster.")]
    last_seen: Timestamp | None
    age_s: Annotated[float | None, Field(description="Since `last_seen`; null: never heard from.")]
    version: str | None
    pods: int | None
    nodes: int | None
    kinds: dict[str, Kind]
    books: Books
    tries: Annotated[int, Field(description="Connection attempts since it was last reached.")]
    next_try_s: Annotated[float | None, Field(description="Until the next attempt; null when none is waiting.")]
    skew_ms: Annotated[
        int | None,
        Field(description="How far its clock is ahead of the agent's, to a second or so; negative: behind."),
    ]


@dataclass(slots=True)
class ClusterDetail(Cluster):
    """One cluster, with what is open in it."""

    incidents: Annotated[list[str], Field(description="Ids of its incidents that need somebody, worst first.")]


@dataclass(slots=True)
class FleetClusters:
    """How many clusters are in which state."""

    total: int
    live: int
    partial: int
    stale: int
    unreachable: int
    unknown: int


@dataclass(slots=True)
class Fleet:
    """Totals over the clusters heard from; `missing` names those that the totals leave out."""

    clusters: FleetClusters
    pods: int | None
    nodes: int | None
    events: Annotated[int, Field(description="Received since the first start; survives restarts.")]
    complete: bool
    missing: list[Missing]


@dataclass(slots=True)
class EventList:
    """A page of events, newest first."""

    items: list[Event]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@dataclass(slots=True)
class Facets:
    """How many incidents a list would have with each value chosen, whatever is chosen in that facet now."""

    status: dict[IncidentStatus, int]
    severity: dict[Severity, int]
    cluster: dict[str, int]


@dataclass(slots=True)
class IncidentList:
    """A page of incidents, newest opened first."""

    items: list[Incident]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    facets: Annotated[Facets | None, Field(description="Null unless asked for.")]


@dataclass(slots=True)
class SourceMissing:
    """A source of changes that this ledger does not read."""

    source: str
    reason: str


@dataclass(slots=True)
class ChangeList:
    """A page of the ledger of changes, newest first by the time they were made."""

    items: list[Change]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    sources_missing: list[SourceMissing]


def with_texts(answer: IncidentList, items: list[Raw]) -> IncidentList:
    """The same page with items that are encoded already; only the encoder may look at them."""
    return replace(answer, items=cast("list[Incident]", items))


@dataclass(slots=True)
class ClusterList:
    """A page of clusters, by name."""

    items: list[Cluster]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@dataclass(slots=True)
class Component:
    """One part of the agent. Without a required token only `name` and `status` are told, the rest is null."""

    name: str
    status: HealthStatus
    message: str | None
    since: Annotated[Timestamp | None, Field(description="When it took this status.")]
    last_success: Annotated[Timestamp | None, Field(description="Null when it never succeeded.")]


@dataclass(slots=True)
class Health:
    """The agent's own health: a stale cluster degrades it, an incident does not."""

    status: HealthStatus
    components: list[Component]
    uptime: Annotated[str, Field(examples=["2m30s"])]


@dataclass(slots=True)
class SeverityCounts:
    """How many, by severity."""

    critical: int
    high: int
    medium: int
    low: int
    info: int


@dataclass(slots=True)
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


@dataclass(slots=True)
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


@dataclass(slots=True)
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


@dataclass(slots=True)
class CollectorList:
    """Every source read, by name."""

    items: list[Collector]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@dataclass(slots=True)
class Part:
    """One part of the agent with its health. `books` is null for a part that receives nothing."""

    name: str
    state: HealthStatus
    since: Timestamp
    reason: str
    last_success: Timestamp | None
    age_s: Annotated[float | None, Field(description="Since `last_success`; null when it never succeeded.")]
    books: Books | None


@dataclass(slots=True)
class PartList:
    """Every part of the agent."""

    items: list[Part]
    next_cursor: NextCursor


@dataclass(slots=True)
class Me:
    """Who the caller is to the agent."""

    name: str
    roles: list[Role]
    authenticated: Annotated[bool, Field(description="False for `local`: a caller on loopback without a token.")]


@dataclass(slots=True)
class Setting:
    """One leaf of the configuration in force. Secrets are masked."""

    key: Annotated[str, Field(examples=["agent.log_level"])]
    value: Any
    default: Any
    source: Annotated[str, Field(description="Where the value comes from: file and line, environment, or default.")]


@dataclass(slots=True)
class SettingList:
    """The configuration in force, by key."""

    items: list[Setting]
    next_cursor: NextCursor


@dataclass(slots=True)
class Probe:
    """What a cluster answered when it was asked just now."""

    answered: bool
    detail: Annotated[str | None, Field(description="Why it did not answer; null when it did.")]
    took_s: float
    cluster: Cluster


@dataclass(slots=True)
class Stage:
    """One step of an event's way through the agent."""

    name: Annotated[str, Field(examples=["dedup"])]
    result: str
    reason: str
    refs: Annotated[list[str], Field(description="Ids of the events and incidents that the reason names.")]


@dataclass(slots=True)
class Explanation:
    """What became of an event, stage by stage."""

    event: Event | None
    stages: list[Stage]
    remembered: Annotated[
        bool, Field(description="False: it is older than the agent remembers, so only the store speaks.")
    ]


@dataclass(slots=True)
class Silence:
    """Hushes incidents that match all of its patterns. Hushed is never hidden."""

    id: str
    state: Literal["pending", "active", "ended"]
    starts_at: Timestamp
    ends_at: Timestamp
    created_by: str
    reason: str
    cluster: str
    namespace: str
    owner: str
    kind: str
    maintenance: bool


@dataclass(slots=True)
class SilenceList:
    """Silences, newest first."""

    items: list[Silence]
    next_cursor: NextCursor


@dataclass(slots=True)
class Hushed:
    """The incidents that a silence would hush, those not over first."""

    items: list[Incident]
    next_cursor: NextCursor


@dataclass(slots=True)
class Token:
    """What is known of a token: never its text."""

    id: str
    name: Annotated[str, Field(description="Stands for its caller in timelines and books.")]
    role: Role
    created_at: Timestamp
    expires_at: Annotated[Timestamp | None, Field(description="Null: it lives until it is revoked.")]
    expired: bool


@dataclass(slots=True)
class TokenList:
    """Every token, oldest first."""

    items: list[Token]
    next_cursor: NextCursor


@dataclass(slots=True)
class NewToken:
    """A token that was just made. This answer is the only place where its text is."""

    token: str
    about: Token


@dataclass(slots=True)
class Ticket:
    """Opens one stream, once, instead of a token in an address."""

    ticket: str
    expires_at: Timestamp


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


@dataclass(slots=True)
class Snapshot:
    """The whole of a stream's first `hello`: everything a page shows."""

    incidents: list[Incident]
    clusters: list[Cluster]
    fleet: Fleet
    events: Annotated[list[Event], Field(description="The newest 100, newest first.")]
    changes: Annotated[list[Change], Field(description="The newest 50, newest first.")]
    health: Health
