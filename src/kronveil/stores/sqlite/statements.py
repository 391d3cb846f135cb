"""The writer's statements, built from the tables once and handed to the driver as text: its path is the hot one."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import Insert, dialect
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql import ClauseElement, bindparam

from kronveil.stores.sqlite.schema import (
    audit,
    changes,
    clusters_heard,
    counters,
    decisions,
    events,
    executions,
    incident_evidence,
    incident_suspects,
    incidents,
    pulse,
    receipts,
    silences,
    standings,
)

_dialect = dialect(paramstyle="named")


def _sql(statement: ClauseElement) -> str:
    """The text, with the few numbers that are part of the statement written into it."""
    compiled = statement.compile(dialect=_dialect)
    text = str(compiled)
    for name, value in (compiled.params or {}).items():
        if value is not None:
            text = re.sub(rf":{name}\b", str(int(value)), text)
    return text


def _adding(table: Table, *keys: str) -> str:
    """Insert what is not there yet. Not OR IGNORE, which would also pass over a row that the table refuses."""
    named: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns if column.name != "seq"}
    return _sql(upsert(table).values(named).on_conflict_do_nothing(index_elements=keys))


def _by_place(text: str) -> str:
    """With a question mark for each name: values are bound in the order of the columns."""
    return re.sub(r":\w+", "?", text)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _replacing(table: Table) -> Insert:
    """Insert; on a known primary key, take every other column from the new row."""
    statement = upsert(table)
    keys = [column.name for column in table.primary_key.columns]
    new = {name: column for name, column in statement.excluded.items() if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=new)


def _dropping(table: Table, cited: str, kept: str) -> str:
    """Delete what an incident no longer cites; ``kept`` binds what it does, as a JSON list.

    Not all of it, to be inserted again: cited ids are random, so each would write a page of the index anew.
    """
    still = select(func.json_each(bindparam(kept)).table_valued("value").c.value)
    is_gone = (table.c.incident_id == bindparam("incident_id")) & table.c[cited].not_in(still)
    return _sql(delete(table).where(is_gone))


def _is_cited(row_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether an incident names it, as evidence or as what speaks for or against a suspect."""
    as_evidence = select(incident_evidence.c.event_id).where(incident_evidence.c.event_id == row_id)
    as_suspect = select(incident_suspects.c.cited_id).where(incident_suspects.c.cited_id == row_id)
    return as_evidence.exists() | as_suspect.exists()


def _forgetting(table: Table) -> str:
    """Delete a slice of the oldest that nothing cites."""
    oldest = (
        select(table.c.seq)
        .where(table.c.received_us < bindparam("before_us"), ~_is_cited(table.c.id))
        .order_by(table.c.received_us, table.c.seq)
        .limit(bindparam("slice"))
    )
    return _sql(delete(table).where(table.c.seq.in_(oldest)))


def _naming(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether it is one of ``ids``, a JSON list."""
    return column.in_(select(func.json_each(bindparam("ids")).table_valued("value").c.value))


_counting = upsert(counters)
_hearing = upsert(clusters_heard)
_hushing = upsert(silences).values({name: bindparam(name) for name in ("id", "starts_us", "ends_us", "body")})
_beating = upsert(pulse).values(id=1, beats=1)

ADD_EVENT = _by_place(_adding(events, "id"))
ADD_CHANGE = _adding(changes, "id")
PUT_INCIDENT = _by_place(_sql(_replacing(incidents)))
PUT_EXECUTION = _sql(_replacing(executions))
PUT_DECISION = _sql(_replacing(decisions))
PUT_STANDING = _sql(_replacing(standings))
ADD_AUDIT = _by_place(_sql(upsert(audit).values({name: bindparam(name) for name in _names(audit)})))
_aged = select(decisions.c.id).where(decisions.c.at_us < bindparam("before_us")).limit(bindparam("slice"))
FORGET_DECISIONS = _sql(delete(decisions).where(decisions.c.id.in_(_aged)))
DROP_EVIDENCE = _dropping(incident_evidence, "event_id", "evidence")
ADD_EVIDENCE = _by_place(_adding(incident_evidence, "incident_id", "event_id"))
DROP_SUSPECTS = _dropping(incident_suspects, "cited_id", "suspects")
ADD_SUSPECT = _adding(incident_suspects, "incident_id", "cited_id")
# One that was ended stays ended, whatever is said about it afterwards.
PUT_SILENCE = _sql(
    _hushing.on_conflict_do_update(
        index_elements=["id"], set_={name: _hushing.excluded[name] for name in ("starts_us", "ends_us", "body")}
    )
)
END_SILENCE = _sql(
    update(silences)
    .values(ended_us=bindparam("ended"))
    .where(silences.c.id == bindparam("silence_id"), silences.c.ended_us.is_(None))
)
ADD_COUNT = _sql(
    _counting.on_conflict_do_update(
        index_elements=["name"], set_={"value": counters.c.value + _counting.excluded.value}
    )
)
PUT_HEARD = _sql(
    _hearing.on_conflict_do_update(
        index_elements=["uid"], set_={"heard_us": func.max(clusters_heard.c.heard_us, _hearing.excluded.heard_us)}
    )
)
PUT_RECEIPT = _sql(_replacing(receipts))
DROP_RECEIPTS = _sql(delete(receipts).where(receipts.c.at_us < bindparam("before_us")))
FORGET_EVENTS = _forgetting(events)
FORGET_CHANGES = _forgetting(changes)
_over = select(silences.c.id).where(func.coalesce(silences.c.ended_us, silences.c.ends_us) < bindparam("before_us"))
FORGET_SILENCES = _sql(delete(silences).where(silences.c.id.in_(_over.limit(bindparam("slice")))))
FREE_EVIDENCE = _sql(delete(incident_evidence).where(_naming(incident_evidence.c.incident_id)))
FREE_SUSPECTS = _sql(delete(incident_suspects).where(_naming(incident_suspects.c.incident_id)))
FORGET_INCIDENTS = _sql(delete(incidents).where(_naming(incidents.c.id)))
# Written out: a list taken from the very row that it is put into is more than the builder can say.
NAME_CHILDREN_LEFT = """
UPDATE incidents SET body = json_set(body, '$.children', json((
    SELECT json_group_array(child.value) FROM json_each(incidents.body, '$.children') AS child
    WHERE child.value IN (SELECT id FROM incidents)
))) WHERE id IN (SELECT value FROM json_each(:ids))
"""
BEAT = _sql(_beating.on_conflict_do_update(index_elements=["id"], set_={"beats": pulse.c.beats + 1}))
