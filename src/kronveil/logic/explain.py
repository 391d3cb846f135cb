"""What became of an event: stage by stage, each with a named result and a reason. Words are made only when asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TypeAlias

from kronveil.logic.dedup import KEPT_REPEATS
from kronveil.logic.kinds import is_symptom
from kronveil.logic.wording import called
from kronveil.model.event import Event
from kronveil.model.incident import Incident

HELD_EVENTS = 10_000

# How an event came to belong to an incident.
OPENED, REOPENED, SAME_CONDITION, SAME_PLACE = "opened", "reopened", "same_condition", "same_owner_and_family"
SAME_NODE, SAME_VOLUME, SAME_QUOTA, OWN_PODS = "node", "volume", "quota", "own_pods"
WARNING, RECOVERY = "warning", "recovery"

_BECAUSE: Mapping[str, str] = {
    OPENED: "nothing open or lately resolved has this cluster, owner and family",
    REOPENED: "it has the same cluster, owner and family, and was resolved within the reopening window",
    SAME_CONDITION: "this very symptom of this object is known to it",
    SAME_PLACE: "it has the same cluster, owner and family",
    SAME_NODE: "the pod's node is in trouble, which explains it",
    SAME_VOLUME: "the pod mounts a claim that has no volume",
    SAME_QUOTA: "a quota refuses what the workload needs",
    OWN_PODS: "the workload is down for a trouble of its own pods",
    WARNING: "the warning is about its owner and tells of its family",
    RECOVERY: "a symptom of it is over by this report",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way. ``result`` is one of a few words, ``reason`` a sentence, ``refs`` ids of what it names."""

    name: str
    result: str
    reason: str
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """What is kept of an event's way: the event itself, and what was found out about it."""

    event: Event
    is_kept: bool
    is_late: bool
    incidents: tuple[tuple[str, str], ...] = ()


# As it is kept: the event, whether it has a row, whether it came late, its incidents, and why each.
_Way: TypeAlias = tuple[Event, bool, bool, tuple[str, ...], Mapping[str, str]]


class Traces:
    """The ways of the newest events, a ring. An event of which no more is to tell than that it was recorded is kept
    as it is."""

    def __init__(self, size: int = HELD_EVENTS) -> None:
        self._of: dict[str, Event | _Way] = {}
        self._ring: list[str] = [""] * size
        self._size = size
        self._next = 0

    def note(self, event: Event, way: _Way | None) -> None:
        """Keep it, and forget the oldest."""
        event_id = event.id
        of = self._of
        if event_id not in of:
            at = self._next
            of.pop(self._ring[at], None)
            self._ring[at] = event_id
            at += 1
            self._next = at if at < self._size else 0
        of[event_id] = way or event

    def get(self, event_id: str) -> Trace | None:
        """The way of an event, None when it was never here, or too long ago."""
        found = self._of.get(event_id)
        if found is None:
            return None
        if isinstance(found, Event):
            return Trace(found, is_kept=True, is_late=False)
        event, is_kept, is_late, incidents, why = found
        how = tuple([(one, why.get(one, SAME_CONDITION)) for one in incidents])
        return Trace(event, is_kept, is_late, how)


def explain(trace: Trace, incident: Callable[[str], Incident | None]) -> tuple[Stage, ...]:
    """The stages in their order: received, judged, dedup, grouping, suppression, routing."""
    of = {one: incident(one) for one, _ in trace.incidents}
    return (
        _received(trace.event),
        _judged(trace),
        _dedup(trace),
        *_grouping(trace, of),
        *_suppression(trace, of),
        _routing(trace),
    )


def _received(event: Event) -> Stage:
    when = event.received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    late = (event.received_at - event.at).total_seconds()
    reason = f"From {event.origin.collector} of {event.origin.cluster_name} at {when}, {late:.1f} s after it happened"
    return Stage("received", "received", reason)


def _judged(trace: Trace) -> Stage:
    event = trace.event
    if trace.is_late:
        reason = "A newer report of this object was judged before, so this one decides nothing"
        return Stage("judged", "late", reason)
    if not is_symptom(event.kind):
        return Stage("judged", "neutral", f"{event.kind}: nothing is wrong with {called(event.resource)} by this alone")
    return Stage("judged", "symptom", f"{event.kind}, {event.severity}: {event.message}")


def _dedup(trace: Trace) -> Stage:
    into = trace.event.merged_into
    if into is None:
        return Stage("dedup", "new", "No event of this kind, object, reason and container was near enough in time")
    if trace.is_kept:
        kept = "its row is kept"
    else:
        kept = f"only counted: the first {KEPT_REPEATS} repeats have rows, and the same report has one already"
    reason = f"It repeats {into}: same kind, object, reason and container within the window; {kept}"
    return Stage("dedup", "merged", reason, (into,))


def _grouping(trace: Trace, of: Mapping[str, Incident | None]) -> list[Stage]:
    if not trace.incidents:
        return [Stage("grouping", "none", "It belongs to no incident")]
    stages: list[Stage] = []
    for incident_id, how in trace.incidents:
        held = of[incident_id]
        title = f" ({held.title})" if held is not None else ""
        result = how if how in (OPENED, REOPENED) else "joined"
        reason = f"{result.capitalize()} {incident_id}{title}: {_BECAUSE[how]}"
        stages.append(Stage("grouping", result, reason, (incident_id,)))
        if held is not None and held.parent_id is not None:
            reason = f"{incident_id} is now under {held.parent_id}; its story says why"
            stages.append(Stage("grouping", "under", reason, (held.parent_id,)))
    return stages


def _suppression(trace: Trace, of: Mapping[str, Incident | None]) -> list[Stage]:
    stages: list[Stage] = []
    for incident_id, _ in trace.incidents:
        held = of[incident_id]
        if held is None:
            continue
        said = next((one.message for one in reversed(held.timeline) if one.what == "silenced"), "")
        if held.is_silenced:
            stages.append(Stage("suppression", "hushed", f"{incident_id} is hushed: {said}", (incident_id,)))
        else:
            stages.append(Stage("suppression", "none", f"No silence covers {incident_id} now", (incident_id,)))
    return stages or [Stage("suppression", "none", "There is no incident to hush")]


def _routing(trace: Trace) -> Stage:
    if trace.event.merged_into is not None and not trace.is_kept:
        return Stage("routing", "counted", "Counted in the totals and in its incident; no row, no frame of its own")
    if trace.event.merged_into is not None:
        return Stage("routing", "stored", "Stored with the event it repeats; no frame of its own")
    frame = "an event frame" if not trace.incidents else "an event frame, and frames of its incidents"
    return Stage("routing", "stored", f"Stored, then sent to everybody who watches as {frame}")
