"""Kinds that are kept and not reported: for who owns whom, to be counted, or for what changed in them."""

from collections.abc import Callable
from typing import Any, TypeAlias

from kronveil.collectors.kubernetes.translate.changes import Entry, source_attributes, summary
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, resource_of, version_of
from kronveil.collectors.kubernetes.translate.telling import Found, tell
from kronveil.collectors.kubernetes.wire import Named
from kronveil.collectors.kubernetes.wire_workloads import OwnedOnly
from kronveil.model.observation import Observation

Keep: TypeAlias = Callable[[Any, Kept | None, Shelves, Moment], tuple[Kept, Observation | None]]


def translate_replicaset(
    replicaset: Named, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Keep who owns it; it is never reported itself."""
    del moment
    resource = before.resource if before else resource_of("ReplicaSet", replicaset.metadata)
    owner = before.owner if before and before.owner else shelves.owner_of(replicaset.metadata)
    return Kept(resource, owner, version_of(replicaset.metadata), ()), None


def keep_only(kind: str) -> Keep:
    """Keep that it is there, and who owns it."""

    def keep(item: Named, before: Kept | None, shelves: Shelves, moment: Moment) -> tuple[Kept, Observation | None]:
        del moment
        version = version_of(item.metadata)
        if before is not None:
            before.version = version
            return before, None
        return Kept(resource_of(kind, item.metadata), shelves.owner_of(item.metadata), version, ()), None

    return keep


def keep_content(kind: str, change: str) -> Keep:
    """Keep at which version it is, and tell when that changed. What is in it is never asked for."""

    def keep(item: OwnedOnly, before: Kept | None, shelves: Shelves, moment: Moment) -> tuple[Kept, Observation | None]:
        metadata = item.metadata
        is_lock = metadata.annotations is not None and metadata.annotations.leader is not None
        # A lock of some leader is written every few seconds.
        entries: list[Entry] = [] if is_lock else [(change, "content", f"version {metadata.resource_version}")]
        found = Found(
            kind="config.changed",
            facts=None,
            message="written",
            attributes=source_attributes(metadata),
            spec=summary(entries),
            managed=metadata.managed_fields,
        )
        return tell(kind, metadata, found, before, shelves, moment)

    return keep
