"""The ledger of changes."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import Missing, NextCursor, Resource, Timestamp


@shape
class FieldDiff:
    """One field that was changed. Values of secrets never come here."""

    kind: Annotated[str, Field(examples=["image"])]
    path: str
    before: str
    after: str


@shape
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
        list[str],
        Field(description="Incidents that suspect it, open ones first; empty in the stream, where it comes first."),
    ]
    suspicion: Annotated[float | None, Field(description="The highest score among those; null when none suspects it.")]
    reasons: list[str]


@shape
class SourceMissing:
    """A source of changes that this ledger does not read."""

    source: str
    reason: str


@shape
class ChangeList:
    """A page of the ledger of changes, newest first by the time they were made."""

    items: list[Change]
    next_cursor: NextCursor
    complete: bool
    missing: list[Missing]
    sources_missing: list[SourceMissing]
