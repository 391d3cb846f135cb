"""One caller's writes as rows, made before the writer sees them: data that cannot be stored fails its caller only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.incident import Incident
from kronveil.model.silence import Silence
from kronveil.sdk.storage import Receipt, Writes
from kronveil.stores.sqlite.codec import body_of, to_us

Row: TypeAlias = dict[str, str | int | None]

RECEIPTS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for each table; ``receipts_before_us`` is None when there is no reason to forget receipts."""

    events: list[Row] = field(default_factory=list)
    incidents: list[Row] = field(default_factory=list)
    cited: list[Row] = field(default_factory=list)
    counters: Mapping[str, int] = field(default_factory=dict)
    heard: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    suspected: list[Row] = field(default_factory=list)
    silences: list[Row] = field(default_factory=list)
    silences_ended: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    receipts_before_us: int | None = None

    @property
    def size(self) -> int:
        """How many rows, about: what a commit of them costs."""
        return len(self.events) + len(self.changes) + len(self.incidents) + len(self.cited) + len(self.suspected)


def rows_of(writes: Writes, now: datetime) -> Rows:
    """Every row of one save. Raises TypeError or ValueError for what is not storable data."""
    newest = max(receipt.at for receipt in writes.receipts) if writes.receipts else None
    return Rows(
        events=[_event(event) for event in writes.events],
        incidents=[_incident(incident) for incident in writes.incidents],
        cited=[
            {"incident_id": incident.id, "event_id": event_id}
            for incident in writes.incidents
            for event_id in incident.evidence
        ],
        changes=[_change(change) for change in writes.changes],
        suspected=[
            {"incident_id": incident.id, "cited_id": cited_id}
            for incident in writes.incidents
            for suspect in incident.suspects
            for cited_id in (suspect.change_id, *suspect.evidence_for, *suspect.evidence_against)
        ],
        silences=[_silence(silence) for silence in writes.silences],
        silences_ended=[{"silence_id": silence_id, "ended": to_us(now)} for silence_id in writes.silences_ended],
        counters={name: _whole(name, value) for name, value in writes.counters.items()},
        heard=[{"uid": uid, "heard_us": to_us(at)} for uid, at in writes.cluster_heard.items()],
        receipts=[_receipt(receipt) for receipt in writes.receipts],
        receipts_before_us=None if newest is None else to_us(newest - RECEIPTS_KEPT),
    )


def _event(event: Event) -> Row:
    return {
        "id": event.id,
        "at_us": to_us(event.at),
        "received_us": to_us(event.received_at),
        "kind": event.kind,
        "severity": event.severity.value,
        "cluster_uid": event.origin.cluster_uid,
        "cluster_name": event.origin.cluster_name,
        "body": body_of(event),
    }


def _incident(incident: Incident) -> Row:
    return {
        "id": incident.id,
        "key": incident.key,
        "status": incident.status.value,
        "severity": incident.severity.value,
        "cluster_name": incident.cluster.name,
        "opened_us": to_us(incident.opened_at),
        "updated_us": to_us(incident.updated_at),
        "resolved_us": None if incident.resolved_at is None else to_us(incident.resolved_at),
        "body": body_of(incident),
    }


def _change(change: Change) -> Row:
    return {
        "id": change.id,
        "at_us": to_us(change.at),
        "received_us": to_us(change.received_at),
        "kind": change.kind,
        "cluster_name": change.origin.cluster_name,
        "namespace": change.resource.namespace,
        "name": change.resource.name,
        "body": body_of(change),
    }


def _silence(silence: Silence) -> Row:
    return {
        "id": silence.id,
        "starts_us": to_us(silence.starts_at),
        "ends_us": to_us(silence.ends_at),
        "body": body_of(silence),
    }


def _receipt(receipt: Receipt) -> Row:
    return {
        "key": receipt.key,
        "request": receipt.request,
        "incident_id": receipt.incident_id,
        "at_us": to_us(receipt.at),
    }


def _whole(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"counter {name} takes whole numbers, not {value!r}")
    return value
