"""Warning events: each occurrence is told once; a repeat with a higher count is told again.

What a first list finds and was last seen long before the start is told as old: only logic knows since when nobody was
there to hear it.
"""

import re
from datetime import timedelta
from sys import intern

from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    latest,
    parse_time,
    resource_of,
    shorten,
    version_of,
)
from kronveil.collectors.kubernetes.wire import ObjectReference, WarningEvent
from kronveil.model.facts import WarningFacts
from kronveil.model.observation import Attribute, Observation
from kronveil.model.resource import Resource

OLD_BEFORE_START = timedelta(minutes=10)
_CONTAINER = re.compile(r"\{([^}]+)\}")
_SHELF_BY_KIND = {
    "Pod": "pods",
    "ReplicaSet": "replicasets",
    "Deployment": "deployments",
    "Job": "jobs",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}


def translate_warning(
    event: WarningEvent, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep (only the count), and what to report."""
    count = (event.series.count if event.series else None) or event.count or event.deprecated_count or 1
    about = event.involved_object or event.regarding
    kept = Kept(
        before.resource if before else resource_of("Event", event.metadata),
        None,
        version_of(event.metadata),
        (count, _last(event)),
    )
    if event.type not in ("Warning", None) or about is None:
        return kept, None
    if before is not None and (before.watched == kept.watched or not _is_more(kept, before)):
        return kept, None
    return kept, _observation(event, count, about, shelves, moment)


def _is_old(event: WarningEvent, moment: Moment) -> bool:
    last = parse_time(_last(event)) if moment.is_first_list else None
    return last is not None and last < moment.started_at - OLD_BEFORE_START


def _is_more(kept: Kept, before: Kept) -> bool:
    now, was = kept.watched[0], before.watched[0]
    return isinstance(now, int) and isinstance(was, int) and now > was


def _last(event: WarningEvent) -> str | None:
    """When it was last seen. Events of the old and the new form name it differently."""
    series = event.series.last_observed_time if event.series else None
    return (
        series
        or event.last_timestamp
        or event.deprecated_last_timestamp
        or event.event_time
        or event.first_timestamp
        or event.deprecated_first_timestamp
        or event.metadata.creation_timestamp
    )


def _observation(
    event: WarningEvent, count: int, about: ObjectReference, shelves: Shelves, moment: Moment
) -> Observation:
    found = _CONTAINER.search(about.field_path or "")
    container = found.group(1) if found else ""
    reason = event.reason or "Unknown"
    source = event.source or event.deprecated_source
    reporter = event.reporting_component or event.reporting_controller or (source.component if source else None) or ""
    words = event.message or event.note
    attributes: dict[str, Attribute] = {"reason": reason, "count": count}
    if container:
        attributes["k8s.container.name"] = container
    kind = about.kind or "Unknown"
    resource = Resource(
        intern(kind), about.name or "", intern(about.namespace) if about.namespace else None, about.uid or ""
    )
    known = shelves.find(_SHELF_BY_KIND.get(kind, ""), resource.uid)
    return Observation(
        kind="kubernetes.warning",
        at=latest([_last(event)], moment.now),
        resource=resource,
        key=f"{event.metadata.uid}@{event.metadata.resource_version}",
        facts=WarningFacts(reason, count, reporter, container, _is_old(event, moment)),
        owner=known.owner if known else None,
        message=shorten(f"{reason}: {words}" if words else reason),
        attributes=attributes,
    )
