"""One caller's writes as rows, made before the writer sees them: data that cannot be stored fails its caller only."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar, cast

from kronveil.model.audit import AuditNote
from kronveil.model.autonomy import Standing
from kronveil.model.change import Change
from kronveil.model.event import Event
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident
from kronveil.model.policy import Decision
from kronveil.model.silence import Silence
from kronveil.sdk.storage import Receipt, Record, Unstorable, Writes
from kronveil.stores.sqlite import schema
from kronveil.stores.sqlite.codec import (
    body_of,
    change_from,
    decision_from,
    event_from,
    execution_from,
    incident_from,
    list_of,
    silence_from,
    standing_from,
    to_us,
)

Row: TypeAlias = dict[str, str | int | None]
Line: TypeAlias = tuple[str | int | None, ...]
"""A row without names, in the order of its table's columns: the driver looks each name up, for each row."""
V = TypeVar("V")
R = TypeVar("R")

NOT_DATA = (TypeError, ValueError, OverflowError, AttributeError, RecursionError)
"""What making a row, or binding one, raises for a value that is not data of its type."""

_LARGEST = 2**63 - 1
_EVENT_COLUMNS = tuple(column.name for column in schema.events.columns if column.name != "seq")
_INCIDENT_COLUMNS = tuple(column.name for column in schema.incidents.columns)
RECEIPTS_KEPT = timedelta(hours=24)


@dataclass(slots=True)
class Rows:
    """Rows for each table. ``citing`` says what an incident cites still; ``receipts_before_us`` is None when there is
    no reason to forget receipts."""

    events: Sequence[Line] = ()
    incidents: Sequence[Line] = ()
    citing: Sequence[Row] = ()
    cited: Sequence[Line] = ()
    counters: Sequence[tuple[str, int]] = ()
    heard: Sequence[Row] = ()
    changes: Sequence[Row] = ()
    suspected: Sequence[Row] = ()
    silences: Sequence[Row] = ()
    silences_ended: Sequence[Row] = ()
    executions: Sequence[Row] = ()
    fence: int | None = None
    decisions: Sequence[Row] = ()
    standings: Sequence[Row] = ()
    audit: Sequence[AuditNote] = ()
    receipts: Sequence[Row] = ()
    receipts_before_us: int | None = None

    @property
    def size(self) -> int:
        """How many rows, about: what a commit of them costs."""
        return len(self.events) + len(self.changes) + len(self.incidents) + len(self.cited) + len(self.suspected)


def rows_of(writes: Writes, now: datetime) -> Rows:
    """Every row of one save. Raises Unstorable, naming every record that is not storable data."""
    bad: list[tuple[Record, Exception]] = []
    rows = Rows(
        events=_made("event", writes.events, event_line, bad),
        changes=_made("change", writes.changes, change_row, bad),
        incidents=_made("incident", writes.incidents, incident_line, bad),
        silences=_made("silence", writes.silences, silence_row, bad),
        executions=_made("execution", writes.executions, execution_row, bad),
        fence=writes.fence,
        decisions=_made("decision", writes.decisions, decision_row, bad),
        standings=_made("standing", writes.standings, standing_row, bad),
        audit=_made("audit", writes.audit, _sound, bad),
        counters=_made("counter", writes.counters.items(), _counter, bad),
        heard=_made("cluster", writes.cluster_heard.items(), _heard, bad),
        receipts=_made("receipt", writes.receipts, _receipt, bad),
    )
    if bad:
        raise _refusal(bad)
    if writes.silences_ended:
        rows.silences_ended = [{"silence_id": each, "ended": to_us(now)} for each in writes.silences_ended]
    if writes.receipts:
        rows.receipts_before_us = to_us(max(receipt.at for receipt in writes.receipts) - RECEIPTS_KEPT)
    if writes.incidents:
        # A first version has no earlier one whose citations could be gone.
        rows.citing = [_citing(incident) for incident in writes.incidents if incident.version > 1]
        rows.cited = [(incident.id, event_id) for incident in writes.incidents for event_id in incident.evidence]
        rows.suspected = _suspected(writes.incidents)
    return rows


def misfits(writes: Writes) -> Unstorable | None:
    """Which records could not be read back: a closer look, for when the file refused what looked like data."""
    bad: list[tuple[Record, Exception]] = []
    _made("event", writes.events, lambda event: event_from(body_of(event)), bad)
    _made("change", writes.changes, lambda change: change_from(body_of(change)), bad)
    _made("incident", writes.incidents, lambda incident: incident_from(body_of(incident)), bad)
    _made("silence", writes.silences, lambda silence: silence_from(body_of(silence)), bad)
    _made("execution", writes.executions, lambda run: execution_from(body_of(run)), bad)
    _made("decision", writes.decisions, lambda decision: decision_from(body_of(decision)), bad)
    _made("standing", writes.standings, lambda standing: standing_from(body_of(standing)), bad)
    return _refusal(bad) if bad else None


def _made(what: str, values: Collection[V], make: Callable[[V], R], bad: list[tuple[Record, Exception]]) -> Sequence[R]:
    """The row of each value; those that have none are added to ``bad``."""
    if not values:
        return ()
    try:
        return [make(value) for value in values]
    except NOT_DATA:
        return _made_one_by_one(what, values, make, bad)


def _made_one_by_one(
    what: str, values: Iterable[V], make: Callable[[V], R], bad: list[tuple[Record, Exception]]
) -> list[R]:
    made: list[R] = []
    for value in values:
        try:
            made.append(make(value))
        except NOT_DATA as error:
            bad.append((Record(what, _name(value)), error))
    return made


def _name(value: object) -> str:
    if isinstance(value, tuple):
        return str(cast("tuple[object, ...]", value)[0])
    return str(getattr(value, "id", getattr(value, "key", value)))


def _refusal(bad: Sequence[tuple[Record, Exception]]) -> Unstorable:
    """Told in ASCII: what is wrong may be the text itself."""
    record, error = bad[0]
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return Unstorable(
        f"{record.what} {record.id[:100]!a}{more} cannot be stored: {ascii(str(error))[1:-1]}. Nothing was saved.",
        [record for record, _ in bad],
    )


def _suspected(incidents: Sequence[Incident]) -> list[Row]:
    return [
        {"incident_id": incident.id, "cited_id": cited_id} for incident in incidents for cited_id in _named(incident)
    ]


def _citing(incident: Incident) -> Row:
    return {
        "incident_id": incident.id,
        "evidence": list_of(incident.evidence),
        "suspects": list_of(_named(incident)),
    }


def _named(incident: Incident) -> list[str]:
    """The changes that an incident suspects, and what speaks for and against them."""
    return [
        cited_id
        for suspect in incident.suspects
        for cited_id in (suspect.change_id, *suspect.evidence_for, *suspect.evidence_against)
    ]


def event_row(event: Event) -> Row:
    """An event's columns, to be found by, and its body."""
    return dict(zip(_EVENT_COLUMNS, event_line(event), strict=True))


def event_line(event: Event) -> Line:
    """The same without names."""
    origin = event.origin
    return (
        event.id,
        to_us(event.at),
        to_us(event.received_at),
        event.kind,
        str(event.severity),
        origin.cluster_uid,
        origin.cluster_name,
        body_of(event),
    )


def incident_row(incident: Incident) -> Row:
    """An incident's."""
    return dict(zip(_INCIDENT_COLUMNS, incident_line(incident), strict=True))


def incident_line(incident: Incident) -> Line:
    """The same without names."""
    return (
        incident.id,
        incident.key,
        str(incident.status),
        str(incident.severity),
        incident.cluster.name,
        to_us(incident.opened_at),
        to_us(incident.updated_at),
        None if incident.resolved_at is None else to_us(incident.resolved_at),
        body_of(incident),
    )


def change_row(change: Change) -> Row:
    """A change's."""
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


def silence_row(silence: Silence) -> Row:
    """A silence's."""
    return {
        "id": silence.id,
        "starts_us": to_us(silence.starts_at),
        "ends_us": to_us(silence.ends_at),
        "body": body_of(silence),
    }


def execution_row(run: Execution) -> Row:
    """A run's."""
    return {
        "id": run.id,
        "incident_id": run.incident_id,
        "runbook_id": run.runbook_id,
        "status": run.status.value,
        "requested_us": to_us(run.requested_at),
        "body": body_of(run),
    }


def decision_row(decision: Decision) -> Row:
    """What the policy said."""
    return {
        "id": decision.id,
        "at_us": to_us(decision.at),
        "point": decision.point.value,
        "is_allowed": int(decision.is_allowed),
        "execution_id": decision.execution_id,
        "runbook_id": decision.runbook_id,
        "incident_id": decision.incident_id,
        "body": body_of(decision),
    }


def standing_row(standing: Standing) -> Row:
    """How far a runbook is trusted."""
    return {"runbook_id": standing.runbook_id, "body": body_of(standing)}


def _sound(note: AuditNote) -> AuditNote:
    """As it is; its place in the chain is found inside the transaction."""
    to_us(note.at)
    for text in (note.actor, note.act, note.target, note.why, note.before or "", note.after or ""):
        _text(text)
    return note


def _receipt(receipt: Receipt) -> Row:
    return {
        "key": _text(receipt.key),
        "request": _text(receipt.request),
        "incident_id": _text(receipt.incident_id),
        "at_us": to_us(receipt.at),
        "status": receipt.status,
        "answer": None if receipt.answer is None else _text(receipt.answer),
    }


def _counter(item: tuple[str, object]) -> tuple[str, int]:
    name, value = item
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a counter takes whole numbers, not {value!r}")
    if not -_LARGEST <= value <= _LARGEST:
        raise OverflowError(f"{value} is too large to count with")
    return _text(name), value


def _heard(item: tuple[str, datetime]) -> Row:
    return {"uid": _text(item[0]), "heard_us": to_us(item[1])}


def _text(value: str) -> str:
    """As it is, or UnicodeEncodeError for half of a surrogate pair, which no file can hold."""
    value.encode()
    return value
