"""The questions the reader asks. Each walks an index in the order of its answer; none sorts what it finds."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from kronveil.model.execution import ExecutionStatus
from kronveil.model.incident import IncidentStatus
from kronveil.sdk.storage import AuditQuery, ChangeQuery, DecisionQuery, EventQuery, ExecutionQuery, IncidentQuery
from kronveil.stores.sqlite.codec import from_cursor, to_us
from kronveil.stores.sqlite.schema import (
    audit,
    changes,
    decisions,
    events,
    executions,
    incident_suspects,
    incidents,
    silences,
)

_UNFINISHED = (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.MITIGATED)
_CHANGES_RESTORED = 10_000
_EXECUTIONS_RESTORED = 1_000
_OPEN = [
    status.value
    for status in (
        ExecutionStatus.PLANNING,
        ExecutionStatus.AWAITING_APPROVAL,
        ExecutionStatus.RUNNING,
        ExecutionStatus.VERIFYING,
    )
]
_SUSPECTING = 1_000
_SEARCHED = ("$.title", "$.id", "$.kind", "$.cluster.name", "$.resource.namespace", "$.resource.name")


def event_page(query: EventQuery) -> Select[Any, Any, Any]:
    """Newest arrival first. Every filter has an index that ends in the order of the page."""
    _check_limit(query.limit)
    statement = select(events.c.seq, events.c.received_us, events.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "events", int)
        # The first half is implied by the second; alone it is what SQLite can turn into a start in the index.
        statement = statement.where(events.c.received_us <= place[0])
        statement = statement.where(tuple_(events.c.received_us, events.c.seq) < tuple_(*place))
    if query.since is not None:
        statement = statement.where(events.c.received_us >= to_us(query.since))
    if query.cluster is not None:
        statement = statement.where(events.c.cluster_name == query.cluster)
    if query.kind is not None:
        statement = statement.where(events.c.kind == query.kind)
    if query.severity is not None:
        statement = statement.where(events.c.severity == query.severity.value)
    return statement.order_by(events.c.received_us.desc(), events.c.seq.desc()).limit(query.limit + 1)


def incident_page(query: IncidentQuery) -> Select[Any, Any, Any]:
    """Newest opened first."""
    _check_limit(query.limit)
    statement = select(incidents.c.id, incidents.c.opened_us, incidents.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "incidents", str)
        statement = statement.where(tuple_(incidents.c.opened_us, incidents.c.id) < tuple_(*place))
    if query.statuses:
        statement = statement.where(incidents.c.status.in_([status.value for status in query.statuses]))
    if query.severities:
        statement = statement.where(incidents.c.severity.in_([severity.value for severity in query.severities]))
    if query.cluster is not None:
        statement = statement.where(incidents.c.cluster_name == query.cluster)
    if query.text is not None:
        statement = statement.where(_says(query.text))
    return statement.order_by(incidents.c.opened_us.desc(), incidents.c.id.desc()).limit(query.limit + 1)


def incident_counts(text: str | None) -> Select[Any, Any, Any, int]:
    """Counted where they lie: incidents are few beside events, and their bodies are not read unless searched."""
    common = (incidents.c.status, incidents.c.severity, incidents.c.cluster_name)
    statement = select(*common, func.count().label("number")).group_by(*common).order_by(*common)
    return statement if text is None else statement.where(_says(text))


def _says(text: str) -> ColumnElement[bool]:
    """No index helps to find words inside; the page's own order lets the search end with a full page."""
    return or_(*[func.json_extract(incidents.c.body, path).icontains(text, autoescape=True) for path in _SEARCHED])


def restorable(resolved_since_us: int) -> Select[Any]:
    """Unfinished incidents, and those resolved since; newest opened first."""
    unfinished = incidents.c.status.in_([status.value for status in _UNFINISHED])
    lately = (incidents.c.status == IncidentStatus.RESOLVED.value) & (incidents.c.resolved_us >= resolved_since_us)
    return select(incidents.c.body).where(or_(unfinished, lately)).order_by(incidents.c.opened_us.desc())


def change_page(query: ChangeQuery) -> Select[Any, Any, Any]:
    """Newest first by event time. Every filter has an index that ends in the order of the page."""
    _check_limit(query.limit)
    statement = select(changes.c.seq, changes.c.at_us, changes.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "changes", int)
        statement = statement.where(changes.c.at_us <= place[0])
        statement = statement.where(tuple_(changes.c.at_us, changes.c.seq) < tuple_(*place))
    if query.around is not None:
        around, within = to_us(query.around), query.within // timedelta(microseconds=1)
        statement = statement.where(changes.c.at_us.between(around - within, around + within))
    for column, wanted in (
        (changes.c.cluster_name, query.cluster),
        (changes.c.kind, query.kind),
        (changes.c.namespace, query.namespace),
        (changes.c.name, query.name),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return statement.order_by(changes.c.at_us.desc(), changes.c.seq.desc()).limit(query.limit + 1)


def newest_changes(since_us: int) -> Select[Any]:
    """What was changed since then, newest first, as many as a start may hold in memory."""
    newest = select(changes.c.body).where(changes.c.at_us >= since_us)
    return newest.order_by(changes.c.at_us.desc(), changes.c.seq.desc()).limit(_CHANGES_RESTORED)


def execution_page(query: ExecutionQuery) -> Select[Any, Any, Any]:
    """Newest requested first. Every filter has an index that ends in the order of the page."""
    _check_limit(query.limit)
    statement = select(executions.c.id, executions.c.requested_us, executions.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "executions", str)
        statement = statement.where(tuple_(executions.c.requested_us, executions.c.id) < tuple_(*place))
    if query.incident_id is not None:
        statement = statement.where(executions.c.incident_id == query.incident_id)
    if query.runbook_id is not None:
        statement = statement.where(executions.c.runbook_id == query.runbook_id)
    return statement.order_by(executions.c.requested_us.desc(), executions.c.id.desc()).limit(query.limit + 1)


def decision_page(query: DecisionQuery) -> Select[Any, Any, Any]:
    """Newest first."""
    _check_limit(query.limit)
    statement = select(decisions.c.id, decisions.c.at_us, decisions.c.body)
    if query.before is not None:
        place = from_cursor(query.before, "decisions", str)
        statement = statement.where(tuple_(decisions.c.at_us, decisions.c.id) < tuple_(*place))
    for column, wanted in (
        (decisions.c.execution_id, query.execution_id),
        (decisions.c.runbook_id, query.runbook_id),
        (decisions.c.incident_id, query.incident_id),
        (decisions.c.point, query.point and query.point.value),
        (decisions.c.is_allowed, None if query.is_allowed is None else int(query.is_allowed)),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return statement.order_by(decisions.c.at_us.desc(), decisions.c.id.desc()).limit(query.limit + 1)


def audit_page(query: AuditQuery) -> Select[Any]:
    """Newest first, in the order of the chain."""
    _check_limit(query.limit)
    statement = select(audit)
    if query.before is not None:
        statement = statement.where(audit.c.seq < from_cursor(query.before, "audit", int)[1])
    if query.actor is not None:
        statement = statement.where(audit.c.actor == query.actor)
    if query.target is not None:
        statement = statement.where(audit.c.target == query.target)
    if query.act is not None:
        # ``execution`` asks for all that begins with ``execution.``: "/" is the character after the dot.
        is_noun = audit.c.act.between(f"{query.act}.", f"{query.act}/")
        statement = statement.where(or_(audit.c.act == query.act, is_noun))
    if query.since is not None:
        statement = statement.where(audit.c.at_us >= to_us(query.since))
    if query.until is not None:
        statement = statement.where(audit.c.at_us < to_us(query.until))
    return statement.order_by(audit.c.seq.desc()).limit(query.limit + 1)


def restorable_executions() -> Select[Any]:
    """Those that have not ended, whatever their age, and as many others as decisions look back on."""
    newest = select(executions.c.id).order_by(executions.c.requested_us.desc()).limit(_EXECUTIONS_RESTORED)
    wanted = executions.c.status.in_(_OPEN) | executions.c.id.in_(newest)
    return select(executions.c.body).where(wanted)


def suspecting(change_ids: Sequence[str]) -> Select[Any, Any]:
    """Incidents that name these changes, newest opened first, with all that they suspect."""
    naming = select(incident_suspects.c.incident_id).where(incident_suspects.c.cited_id.in_(change_ids))
    suspects = func.json_extract(incidents.c.body, "$.suspects").label("suspects")
    found = select(incidents.c.id, suspects).where(incidents.c.id.in_(naming))
    return found.order_by(incidents.c.opened_us.desc(), incidents.c.id.desc()).limit(_SUSPECTING)


def silence_list(not_ended_at_us: int | None) -> Select[Any, Any]:
    """All silences, or those that have not ended by then; newest start first."""
    statement = select(silences.c.ended_us, silences.c.body)
    if not_ended_at_us is not None:
        statement = statement.where(silences.c.ended_us.is_(None), silences.c.ends_us > not_ended_at_us)
    return statement.order_by(silences.c.starts_us.desc(), silences.c.id.desc())


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"a page has at least one row, not {limit}")
