"""Adds the runs of runbooks, what the policy said of them, how far runbooks are trusted, and the audit."""

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
    _add_decisions()
    _add_audit()
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until_us", sa.Integer, nullable=False),
    )


def _add_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("point", sa.Text, nullable=False),
        sa.Column("is_allowed", sa.Integer, nullable=False),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("runbook_id", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for name in ("execution", "runbook", "incident"):
        op.create_index(f"decisions_{name}", "decisions", [f"{name}_id", "at_us", "id"])
    op.create_index("decisions_at", "decisions", ["at_us", "id"])
    op.create_table(
        "standings",
        sa.Column("runbook_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _add_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("audit_at", "audit", ["at_us"])
    for name in ("actor", "act", "target"):
        op.create_index(f"audit_{name}", "audit", [name, "seq"])
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("at_us", sa.Integer, nullable=False),
    )


def _column(name: str) -> str:
    return name if name == "status" else f"{name}_id"
