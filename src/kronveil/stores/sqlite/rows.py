"""One caller's writes as rows, made before the writer sees them: data that cannot be stored fails its caller only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from kronveil.model.event import Event
from kronveil.model.incident import Incident
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
    receipts: list[Row] = field(default_factory=list)
    receipts_before_us: int | None = None


def rows_of(writes: Writes) -> Rows:
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
        counters={name: _whole(name, value) for name, value in writes.counters.items()},
        heard=[{"uid": uid, "heard_us": to_us(at)} for uid, at in writes.cluster_heard.items()],
        receipts=[_receipt(receipt) for receipt in writes.receipts],
        receipts_before_us=None if newest is None else to_us(newest - RECEIPTS_KEPT),
    )


def without_repeats(counters: Mapping[str, int], repeats: Counter[str]) -> dict[str, int]:
    """The counts to add, less the events that were stored already (``repeats`` by cluster)."""
    return {
        name: max(0, value - repeats[name.removeprefix("events:")]) if name.startswith("events:") else value
        for name, value in counters.items()
    }


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
