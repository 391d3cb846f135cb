"""From what was found out about an object to its record and, when that is news, an Observation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kronveil.collectors.kubernetes.translate.changes import author, differences
from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    Watched,
    latest,
    resource_of,
    version_of,
)
from kronveil.collectors.kubernetes.wire import Metadata
from kronveil.collectors.kubernetes.wire_workloads import ManagedField
from kronveil.model.facts import Facts, FieldChange
from kronveil.model.observation import Attribute, Observation
from kronveil.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Found:
    """What an object says. ``is_fine``: the first list need not speak of it. ``also`` is kept and compared as well.

    ``times`` are the source's own for what is found now; ``spec`` is the summary that changes are told from.
    """

    kind: str
    facts: Facts | None
    message: str
    is_fine: bool = True
    times: Sequence[str | None] = ()
    also: Watched = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    spec: bytes = b""
    managed: tuple[ManagedField, ...] | None = None
    owner: Resource | None = None


def facts_of(kept: Kept | None) -> Facts | None:
    """The facts that a record was kept with."""
    return kept.watched[0] if kept else None  # type: ignore[return-value]


def tell(  # noqa: PLR0913, PLR0917 - what every translation has
    resource_kind: str, metadata: Metadata, found: Found, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    watched: Watched = (found.facts, *found.also)
    version = version_of(metadata)
    if before is not None and before.watched == watched and before.spec == found.spec:
        before.version = version
        return before, None
    resource = before.resource if before else resource_of(resource_kind, metadata)
    owner = found.owner or (before.owner if before else None)
    kept = Kept(resource, owner, version, watched, shelves.share(found.spec))  # type: ignore[arg-type]
    if moment.is_first_list and found.is_fine:
        return kept, None
    changes = differences(before.spec, found.spec) if before else ()
    if found.facts is None and not changes:
        return kept, None
    return kept, _observation(metadata, found, kept, changes, moment)


def _observation(
    metadata: Metadata, found: Found, kept: Kept, changes: tuple[FieldChange, ...], moment: Moment
) -> Observation:
    actor, written = author(found.managed, changes) if changes else ("", None)
    times = list(found.times)
    if written is not None:
        times.append(written.isoformat())
    return Observation(
        kind=found.kind,
        at=latest(times, moment.now),
        resource=kept.resource,
        key=f"{kept.resource.uid}@{metadata.resource_version}",
        facts=found.facts,
        owner=kept.owner,
        message=found.message,
        attributes=found.attributes,
        changes=changes,
        actor=actor,
    )
