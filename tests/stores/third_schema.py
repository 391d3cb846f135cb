"""A database as schema 0003 left it: the second schema's, with receipts that hold the answer that was given."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stores import second_schema
from tests.stores.first_schema import AT_US

ADDED = """
ALTER TABLE receipts ADD COLUMN status INTEGER;
ALTER TABLE receipts ADD COLUMN answer TEXT;
UPDATE alembic_version SET version_num = '0003';
"""
ANSWER = '{"name": "west", "state": "unknown"}'


def build(path: Path) -> None:
    """What the second schema holds, and a receipt of a write that was no act on an incident."""
    second_schema.build(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(ADDED)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(receipts)")]
        known = {"key": "k-3", "request": "digest", "incident_id": "", "at_us": AT_US, "status": 201, "answer": ANSWER}
        connection.execute(
            f"INSERT INTO receipts ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            [known[column] for column in columns],
        )
