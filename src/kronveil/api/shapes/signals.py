"""What the API answers about measured values, field by field; see ``shapes``."""

from typing import Annotated, Literal

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Books, Missing, NextCursor, Resource, Timestamp

SourceStates = Literal["served", "not_served", "forbidden", "failing", "off", "unknown"]
Units = Literal["cores", "bytes"]


@shape
class SignalSource:
    """Where the values of a cluster come from, and how it stands with that."""

    cluster: str
    state: SourceStates
    source: Annotated[str | None, Field(description="`metrics.k8s.io`; null while nothing was asked.")]
    reason: Annotated[str | None, Field(description="Why values are missing, for a person.")]
    age_s: Annotated[float | None, Field(description="Since the last good reading; null: there was none.")]
    interval_s: Annotated[float | None, Field(description="How often it is read.")]
    books: Annotated[Books, Field(description="In samples; `merged` had been kept before.")]


@shape
class Signal:
    """A measured quantity."""

    name: str
    unit: Units
    kind: Annotated[str, Field(description="Of what it is measured: Pod, Container or Node.")]
    meaning: str
    series: Annotated[int, Field(description="How many there are now.")]


@shape
class SignalList:
    """Which quantities are measured, and where from."""

    items: list[Signal]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    sources: list[SignalSource]


@shape
class SeriesPoint:
    """A measured value, or the mean, least and most of those of a bucket."""

    at: Timestamp
    value: float
    min: float
    max: float


@shape
class LastValue:
    """The newest value."""

    at: Timestamp
    value: float


@shape
class SeriesGap:
    """A time in which nothing was measured: draw no line across it."""

    since: Timestamp
    until: Timestamp


@shape
class ExpectedPoint:
    """What was usual at a point: from the hour before it, without what was strange."""

    at: Timestamp
    low: float
    high: float


@shape
class SeriesAnomaly:
    """A time in which the values left what was usual; its strangest value, beside what was usual then."""

    since: Timestamp
    until: Annotated[Timestamp | None, Field(description="Null while it lasts.")]
    observed: float
    low: float
    high: float
    score: Annotated[float, Field(description="From 0.5, at the edge of what is usual, to 1, far beyond it.")]


@shape
class Series:
    """The values of one signal of one object."""

    id: str
    signal: str
    unit: Units
    cluster_name: str
    resource: Resource
    labels: dict[str, str]
    resolution_s: Annotated[float, Field(description="Seconds between points; of a bucket, when there are buckets.")]
    points: Annotated[
        list[SeriesPoint], Field(description="Oldest first. What was not measured is not there, never zero.")
    ]
    gaps: list[SeriesGap]
    last: Annotated[LastValue | None, Field(description="The newest up to the end of the range, also from before it.")]
    age_s: Annotated[float | None, Field(description="Of `last`.")]
    request: Annotated[float | None, Field(description="What it asks for, same unit; null: not set or not known.")]
    limit: Annotated[float | None, Field(description="What it may use at most; null: not set or not known.")]
    expected: Annotated[
        list[ExpectedPoint] | None,
        Field(description="At those of `points` of which enough was known before; null: at none."),
    ]
    anomalies: Annotated[list[SeriesAnomaly], Field(description="Those that touch the range, oldest first.")]


@shape
class SeriesList:
    """A page of series, by cluster, kind, namespace, name, container and signal."""

    items: list[Series]
    since: Timestamp
    until: Timestamp
    next_cursor: NextCursor
    truncated: Annotated[bool, Field(description="Older points of the range were left out: ask for less of it.")]
    complete: bool
    missing: list[Missing]
    sources: list[SignalSource]
