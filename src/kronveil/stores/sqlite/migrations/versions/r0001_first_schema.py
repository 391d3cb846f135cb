"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first version."""
    _events()
    _incidents()
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clusters_heard",
        sa.Column("uid", sa.Text, primary_key=True, nullable=False),
        sa.Column("heard_us", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("at_us", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("receipts_at", "receipts", ["at_us"])
    op.create_table(
        "pulse",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("beats", sa.Integer, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("received_us", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("cluster_uid", sa.Text, nullable=False),
        sa.Column("cluster_name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("events_received", "events", ["received_us"])
    op.create_index("events_cluster", "events", ["cluster_name", "received_us"])
    op.create_index("events_kind", "events", ["kind", "received_us"])
    op.create_index("events_severity", "events", ["severity", "received_us"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("cluster_name", sa.Text, nullable=False),
        sa.Column("opened_us", sa.Integer, nullable=False),
        sa.Column("updated_us", sa.Integer, nullable=False),
        sa.Column("resolved_us", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("incidents_opened", "incidents", ["opened_us", "id"])
    op.create_index("incidents_status", "incidents", ["status", "opened_us", "id"])
    op.create_index("incidents_cluster", "incidents", ["cluster_name", "opened_us", "id"])
    op.create_index("incidents_resolved", "incidents", ["resolved_us"])
    op.create_table(
        "incident_evidence",
        sa.Column("incident_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("event_id", sa.Text, primary_key=True, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("incident_evidence_event", "incident_evidence", ["event_id"])
