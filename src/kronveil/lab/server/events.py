"""Events in the two forms a cluster serves the same objects in: core/v1, which is stored, and events.k8s.io/v1."""

from kronveil.lab.kinds import EVENT, NEW_EVENT, JsonObject

_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "source": "deprecatedSource",
    "reportingComponent": "reportingController",
}
_OLD_NAMES = {new: old for old, new in _NAMES.items()}


def as_new_event(event: JsonObject) -> JsonObject:
    """A stored event as events.k8s.io/v1 shows it."""
    return {_NAMES.get(name, name): value for name, value in event.items()} | {"apiVersion": NEW_EVENT.api_version}


def as_core_event(event: JsonObject) -> JsonObject:
    """An event of events.k8s.io/v1 as it is stored."""
    return {_OLD_NAMES.get(name, name): value for name, value in event.items()} | {"apiVersion": EVENT.api_version}
