"""The writer's statements, built from the tables once and handed to the driver as text: its path is the hot one."""

import re

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.dialects.sqlite import Insert, dialect
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql import ClauseElement, bindparam

from kronveil.stores.sqlite.schema import (
    clusters_heard,
    counters,
    events,
    incident_evidence,
    incidents,
    pulse,
    receipts,
)

_dialect = dialect(paramstyle="named")


def _sql(statement: ClauseElement) -> str:
    """The text, with the few numbers that are part of the statement written into it."""
    compiled = statement.compile(dialect=_dialect)
    text = str(compiled)
    for name, value in compiled.params.items():
        if value is not None:
            text = re.sub(rf":{name}\b", str(int(value)), text)
    return text


def _replacing(table: Table) -> Insert:
    """Insert; on a known primary key, take every other column from the new row."""
    statement = upsert(table)
    keys = [column.name for column in table.primary_key.columns]
    new = {name: column for name, column in statement.excluded.items() if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=new)


_counting = upsert(counters)
_hearing = upsert(clusters_heard)
_beating = upsert(pulse).values(id=1, beats=1)
_cited = select(incident_evidence.c.event_id).where(incident_evidence.c.event_id == events.c.id).exists()
_oldest = (
    select(events.c.seq)
    .where(events.c.received_us < bindparam("before_us"), ~_cited)
    .order_by(events.c.received_us, events.c.seq)
    .limit(bindparam("slice"))
)

LAST_SEQ = _sql(select(func.coalesce(func.max(events.c.seq), 0)))
ADD_EVENT = _sql(
    insert(events)
    .prefix_with("OR IGNORE")
    .values({column.name: bindparam(column.name) for column in events.columns if column.name != "seq"})
)
PUT_INCIDENT = _sql(_replacing(incidents))
DROP_EVIDENCE = _sql(delete(incident_evidence).where(incident_evidence.c.incident_id == bindparam("incident_id")))
ADD_EVIDENCE = _sql(insert(incident_evidence).prefix_with("OR IGNORE"))
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
FORGET_EVENTS = _sql(delete(events).where(events.c.seq.in_(_oldest)))
BEAT = _sql(_beating.on_conflict_do_update(index_elements=["id"], set_={"beats": pulse.c.beats + 1}))
