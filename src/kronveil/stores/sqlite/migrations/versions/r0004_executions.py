"""Adds the runs of runbooks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the new table; nothing of the earlier schema changes."""
    op.create_table(
        "executions",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("requested_us", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for name in ("incident", "runbook", "status"):
        op.create_index(f"executions_{name}", "executions", [_column(name), "requested_us", "id"])
    op.create_index("executions_requested", "executions", ["requested_us", "id"])


def _column(name: str) -> str:
    return name if name == "status" else f"{name}_id"
