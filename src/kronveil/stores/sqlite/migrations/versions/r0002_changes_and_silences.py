"""Adds the ledger of changes, what incidents suspect, and silences."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the new tables; nothing of the first schema changes."""
    _changes()
    op.create_table(
        "incident_suspects",
        sa.Column("incident_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("cited_id", sa.Text, primary_key=True, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("incident_suspects_cited", "incident_suspects", ["cited_id"])
    op.create_table(
        "silences",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("starts_us", sa.Integer, nullable=False),
        sa.Column("ends_us", sa.Integer, nullable=False),
        sa.Column("ended_us", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("silences_ends", "silences", ["ends_us"])
    op.create_index("silences_starts", "silences", ["starts_us", "id"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("received_us", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cluster_name", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for name, columns in (
        ("changes_at", ["at_us"]),
        ("changes_received", ["received_us"]),
        ("changes_cluster", ["cluster_name", "at_us"]),
        ("changes_kind", ["kind", "at_us"]),
        ("changes_namespace", ["namespace", "at_us"]),
        ("changes_name", ["name", "at_us"]),
    ):
        op.create_index(name, "changes", columns)
