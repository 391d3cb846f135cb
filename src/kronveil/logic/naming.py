"""Observation to event: its identity, its kind, and the fingerprint by which it repeats another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from kronveil.logic.dedup import BY_END, BY_TIME, BY_VERSION, Order
from kronveil.logic.identity import event_id, event_number, fingerprint, subject_of
from kronveil.logic.kinds import Symptom
from kronveil.logic.wording import CONTAINER_KINDS, message_of, neutral_kind
from kronveil.model.event import Event, Severity
from kronveil.model.facts import GoneFacts, WarningFacts
from kronveil.model.observation import Attribute, Observation
from kronveil.model.resource import Origin, Resource

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = (1 << 42) - 1

_NEUTRAL_SEVERITIES = {
    "kubernetes.warning": Severity.LOW,
    "pod.failed": Severity.LOW,
    "cluster.partial": Severity.LOW,
    "cluster.stale": Severity.LOW,
    "cluster.unknown": Severity.LOW,
}


@dataclass(slots=True)
class Report:
    """An observation with what every later step asks of it."""

    observation: Observation
    origin: Origin
    cluster: str
    now: datetime
    now_s: int
    at_ms: int
    order: Order
    subject: tuple[str, str]
    number: int
    event_id: str

    @property
    def owner(self) -> Resource:
        """What a person would hold responsible: the top controller, else the object itself."""
        return self.observation.owner or self.observation.resource

    @property
    def since(self) -> datetime:
        """Event time, but never later than now: a source's clock may run ahead."""
        return min(self.observation.at, self.now)


@dataclass(slots=True)
class Name:
    """What an event is called, and what it is compared by."""

    kind: str
    severity: Severity
    message: str
    attributes: Mapping[str, Attribute]
    fingerprint: int


def report_of(observation: Observation, origin: Origin, cluster: str, now: datetime) -> Report:
    """Derive the identity of a report from its content."""
    subject = subject_of(cluster, observation.resource)
    number = event_number(cluster, observation.key, observation.kind, subject[1])
    at_ms = _milliseconds(observation.at)
    now_s = _milliseconds(now) // 1000
    order = order_of(observation, at_ms)
    return Report(observation, origin, cluster, now, now_s, at_ms, order, subject, number, event_id(number))


def _milliseconds(moment: datetime) -> int:
    """Since 1970, rounded down. A time that no clock shows (a source's zero value) must not break the window's
    arithmetic. Without a division of timedeltas: two of those cost as much as a hash."""
    since = moment - EPOCH
    milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    return min(max(milliseconds, 0), LATEST_MS)


def due_report(report: Report, symptom: Symptom, since: datetime, due: datetime, now: datetime) -> Report:
    """What time has made of an earlier report: its symptom has now lasted long enough. Its identity is the symptom and
    its beginning, so that it is the same after a restart, however often the object was reported meanwhile."""
    observation = replace(report.observation, at=due, changes=(), message="")
    number = event_number(
        report.cluster, f"since {since.isoformat()}", f"{symptom.kind} {symptom.part}", report.subject[1]
    )
    at_ms, now_s = _milliseconds(due), _milliseconds(now) // 1000
    return replace(
        report, observation=observation, now=now, now_s=now_s, at_ms=at_ms, number=number, event_id=event_id(number)
    )


def order_of(observation: Observation, at_ms: int) -> Order:
    """What grows from one report of an object to the next: the version in its key (uid@version), else event time.

    Nothing comes after the end of an object that has a uid.
    """
    if isinstance(observation.facts, GoneFacts) and observation.resource.uid:
        return (BY_END, 0)
    version = observation.key.rpartition("@")[2]
    return (BY_VERSION, int(version)) if version.isdecimal() else (BY_TIME, at_ms)


def named(report: Report, symptoms: tuple[Symptom, ...]) -> Name:
    """Name the event by its worst symptom, or neutrally."""
    observation = report.observation
    worst = symptoms[0] if symptoms else None
    reason = part = ""
    attributes = observation.attributes
    if worst is not None:
        kind, reason, part, severity = worst.kind, worst.reason, worst.part, worst.severity
        attributes = {**attributes, "reason": reason}
    else:
        kind = neutral_kind(observation)
        severity = _NEUTRAL_SEVERITIES.get(kind, Severity.INFO)
    if isinstance(observation.facts, WarningFacts):
        reason, part = observation.facts.reason, observation.facts.container
        attributes = {**attributes, "reason": reason, "count": observation.facts.count}
    if part and (worst is None or kind in CONTAINER_KINDS):
        attributes = {**attributes, "container": part}
    message = message_of(observation, worst, kind)
    return Name(kind, severity, message, attributes, fingerprint(report.cluster, kind, report.subject[1], reason, part))


def event_of(report: Report, name: Name, merged_into: str | None) -> Event:
    """The event, whole."""
    observation = report.observation
    return Event(
        report.event_id,
        name.kind,
        name.severity,
        observation.at,
        report.now,
        report.origin,
        observation.resource,
        observation.owner,
        name.message,
        name.attributes,
        merged_into,
    )
