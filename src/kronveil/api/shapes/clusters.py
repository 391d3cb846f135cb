"""Clusters and what the fleet comes to."""

from typing import Annotated, Literal

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Books, Missing, NextCursor, Timestamp
from kronveil.model.fleet import ClusterState, Reason

KindState = Literal["heard", "silent", "unreadable", "forbidden", "not_listed", "not_served"]


@shape
class Kind:
    """One kind of object in one cluster. `count` is null until its first complete list."""

    synced: bool
    count: int | None
    age_s: float | None
    error: str | None
    goal_s: Annotated[float | None, Field(description="The silence after which `watch.stalled` is told.")]
    state: KindState


@shape
class Pause:
    """Who has a cluster asked nothing, since when, and why."""

    by: str
    at: Timestamp
    reason: str


@shape
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


@shape
class ClusterDetail(Cluster):
    """One cluster, with what is open in it."""

    incidents: Annotated[list[str], Field(description="Ids of its incidents that need somebody, worst first.")]


@shape
class FleetClusters:
    """How many clusters are in which state."""

    total: int
    live: int
    partial: int
    stale: int
    unreachable: int
    unknown: int


@shape
class Fleet:
    """Totals over the clusters heard from; `missing` names those that the totals leave out."""

    clusters: FleetClusters
    pods: int | None
    nodes: int | None
    events: Annotated[int, Field(description="Received since the first start; survives restarts.")]
    complete: bool
    missing: list[Missing]


@shape
class ClusterList:
    """A page of clusters, by name."""

    items: list[Cluster]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]


@shape
class Probe:
    """What a cluster answered when it was asked just now."""

    answered: bool
    detail: Annotated[str | None, Field(description="Why it did not answer; null when it did.")]
    took_s: float
    cluster: Cluster
