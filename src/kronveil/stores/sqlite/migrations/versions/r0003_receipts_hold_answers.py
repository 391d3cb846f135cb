"""Lets a receipt hold the answer that was given, for writes that are no acts on an incident."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two columns, empty in every receipt that is there."""
    op.add_column("receipts", sa.Column("status", sa.Integer))
    op.add_column("receipts", sa.Column("answer", sa.Text))
