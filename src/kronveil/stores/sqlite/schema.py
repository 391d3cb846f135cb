"""The tables as they are now. The steps that led here are in ``migrations/``; a test holds both to the same schema.

Columns exist to find, order and forget rows; what a row says is in ``body``. Times are microseconds since 1970, UTC.
"""

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

HEAD = "0004"
"""The revision that these tables are at. Kept here so that a start need not import Alembic to compare."""

metadata = MetaData()

# Not in the order of saving but of arrival, so that a page, ``since`` and retention all walk one index.
# The unary order (received_us, seq) comes free: SQLite keeps the row id at the end of each index.
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("at_us", Integer, nullable=False),
    Column("received_us", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("cluster_uid", Text, nullable=False),
    Column("cluster_name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_received", "received_us"),
    Index("events_cluster", "cluster_name", "received_us"),
    Index("events_kind", "kind", "received_us"),
    Index("events_severity", "severity", "received_us"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("cluster_name", Text, nullable=False),
    Column("opened_us", Integer, nullable=False),
    Column("updated_us", Integer, nullable=False),
    Column("resolved_us", Integer),
    Column("body", Text, nullable=False),
    Index("incidents_opened", "opened_us", "id"),
    Index("incidents_status", "status", "opened_us", "id"),
    Index("incidents_cluster", "cluster_name", "opened_us", "id"),
    Index("incidents_resolved", "resolved_us"),
)

# Which events an incident cites: those are never forgotten while the incident is kept.
incident_evidence = Table(
    "incident_evidence",
    metadata,
    Column("incident_id", Text, primary_key=True, nullable=False),
    Column("event_id", Text, primary_key=True, nullable=False),
    Index("incident_evidence_event", "event_id"),
    sqlite_with_rowid=False,
)

# In the order of event time, for people ask what changed before something broke.
changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("at_us", Integer, nullable=False),
    Column("received_us", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cluster_name", Text, nullable=False),
    Column("namespace", Text),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("changes_at", "at_us"),
    Index("changes_received", "received_us"),
    Index("changes_cluster", "cluster_name", "at_us"),
    Index("changes_kind", "kind", "at_us"),
    Index("changes_namespace", "namespace", "at_us"),
    Index("changes_name", "name", "at_us"),
)

# Which changes an incident suspects, and what speaks for and against them: kept as its evidence is.
incident_suspects = Table(
    "incident_suspects",
    metadata,
    Column("incident_id", Text, primary_key=True, nullable=False),
    Column("cited_id", Text, primary_key=True, nullable=False),
    Index("incident_suspects_cited", "cited_id"),
    sqlite_with_rowid=False,
)

# ``ended_us`` is set when a person ended it before its time; the rest is said by ``ends_us`` and the clock.
silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("starts_us", Integer, nullable=False),
    Column("ends_us", Integer, nullable=False),
    Column("ended_us", Integer),
    Column("body", Text, nullable=False),
    Index("silences_ends", "ends_us"),
    Index("silences_starts", "starts_us", "id"),
)

# A run is one row, replaced by each of its changes: its journal is in ``body``, and a change is durable before it acts.
executions = Table(
    "executions",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("incident_id", Text, nullable=False),
    Column("runbook_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("requested_us", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("executions_requested", "requested_us", "id"),
    Index("executions_incident", "incident_id", "requested_us", "id"),
    Index("executions_runbook", "runbook_id", "requested_us", "id"),
    Index("executions_status", "status", "requested_us", "id"),
)

# What the policy said, and what it was told.
decisions = Table(
    "decisions",
    metadata,
    Column("id", Text, primary_key=True, nullable=False),
    Column("at_us", Integer, nullable=False),
    Column("point", Text, nullable=False),
    Column("is_allowed", Integer, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("runbook_id", Text, nullable=False),
    Column("incident_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("decisions_at", "at_us", "id"),
    Index("decisions_execution", "execution_id", "at_us", "id"),
    Index("decisions_runbook", "runbook_id", "at_us", "id"),
    Index("decisions_incident", "incident_id", "at_us", "id"),
)

# How far each runbook is trusted, and the record that this rests on.
standings = Table(
    "standings",
    metadata,
    Column("runbook_id", Text, primary_key=True, nullable=False),
    Column("body", Text, nullable=False),
)

# Never changed, only added to: ``seq`` has no holes, ``hash`` is over the row and the hash before it.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at_us", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_at", "at_us"),
    Index("audit_actor", "actor", "seq"),
    Index("audit_act", "act", "seq"),
    Index("audit_target", "target", "seq"),
)

# One row: up to where the audit was forgotten. What is left must follow it.
audit_seal = Table(
    "audit_seal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at_us", Integer, nullable=False),
)

# Who may carry runs out: ``fence`` grows with each that takes over, and never goes back.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until_us", Integer, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True, nullable=False),
    Column("value", Integer, nullable=False),
    sqlite_with_rowid=False,
)

clusters_heard = Table(
    "clusters_heard",
    metadata,
    Column("uid", Text, primary_key=True, nullable=False),
    Column("heard_us", Integer, nullable=False),
    sqlite_with_rowid=False,
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", Text, primary_key=True, nullable=False),
    Column("request", Text, nullable=False),
    Column("incident_id", Text, nullable=False),
    Column("at_us", Integer, nullable=False),
    Column("status", Integer),
    Column("answer", Text),
    Index("receipts_at", "at_us"),
    sqlite_with_rowid=False,
)

# One row that ``check`` rewrites, to learn whether the disk still takes a write.
pulse = Table(
    "pulse",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("beats", Integer, nullable=False),
)
