"""A database as schema 0002 left it: the first schema's, with the ledger of changes, suspects and silences."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.stores import first_schema
from tests.stores.first_schema import AT, AT_US, CHECKOUT

ADDED = """
CREATE TABLE changes (
    seq INTEGER NOT NULL, id TEXT NOT NULL, at_us INTEGER NOT NULL, received_us INTEGER NOT NULL, kind TEXT NOT NULL,
    cluster_name TEXT NOT NULL, namespace TEXT, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (seq), UNIQUE (id)
);
CREATE INDEX changes_at ON changes (at_us);
CREATE INDEX changes_received ON changes (received_us);
CREATE INDEX changes_cluster ON changes (cluster_name, at_us);
CREATE INDEX changes_kind ON changes (kind, at_us);
CREATE INDEX changes_namespace ON changes (namespace, at_us);
CREATE INDEX changes_name ON changes (name, at_us);
CREATE TABLE incident_suspects (
    incident_id TEXT NOT NULL, cited_id TEXT NOT NULL, PRIMARY KEY (incident_id, cited_id)
) WITHOUT ROWID;
CREATE INDEX incident_suspects_cited ON incident_suspects (cited_id);
CREATE TABLE silences (
    id TEXT NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, ended_us INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX silences_ends ON silences (ends_us);
CREATE INDEX silences_starts ON silences (starts_us, id);
UPDATE alembic_version SET version_num = '0002';
"""
IN_A_LONG_TIME_US = 32_472_144_000_000_000

CHANGE: Mapping[str, Any] = {
    "id": "chg_1",
    "kind": "image",
    "at": AT,
    "received_at": AT,
    "origin": first_schema.EVENT["origin"],
    "resource": CHECKOUT,
    "summary": "the image of app: 1.4.2 -> 1.5.0",
    "fields": [{"kind": "image", "path": "spec", "before": "shop:1.4.2", "after": "shop:1.5.0"}],
    "actor": "kubectl-edit",
    "source": "helm",
    "owner": None,
}
SILENCE: Mapping[str, Any] = {
    "id": "sil_1",
    "starts_at": AT,
    "ends_at": "2999-01-01T00:00:00Z",
    "created_by": "ada",
    "reason": "the disks are exchanged",
    "cluster": "east-*",
    "namespace": "",
    "owner": "",
    "kind": "",
    "is_maintenance": True,
}
SUSPECT: Mapping[str, Any] = {
    "change_id": "chg_1",
    "what": "the image of app",
    "score": 0.75,
    "reasons": ["same owner"],
    "evidence_for": ["evt_1"],
    "evidence_against": [],
}
INCIDENT: Mapping[str, Any] = {
    **first_schema.INCIDENT,
    "parent_id": None,
    "children": [],
    "suspects": [SUSPECT],
    "assigned_to": "ada",
    "is_silenced": True,
    "clusters": [],
}


def build(path: Path) -> None:
    """What the first schema holds, and a row of everything that came with the second."""
    first_schema.build(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(ADDED)
        connection.execute("UPDATE incidents SET body = ?", (json.dumps(INCIDENT, ensure_ascii=False),))
        connection.execute(
            "INSERT INTO changes VALUES (1, 'chg_1', ?, ?, 'image', 'east', 'shop', 'checkout', ?)",
            (AT_US, AT_US, json.dumps(CHANGE)),
        )
        connection.executemany("INSERT INTO incident_suspects VALUES ('inc_1', ?)", [("chg_1",), ("evt_1",)])
        connection.execute(
            "INSERT INTO silences VALUES ('sil_1', ?, ?, NULL, ?)", (AT_US, IN_A_LONG_TIME_US, json.dumps(SILENCE))
        )
