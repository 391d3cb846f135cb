"""A database as the first released schema (0001) left it, written out in full so that no later code can change it."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE events (
    seq INTEGER NOT NULL, id TEXT NOT NULL, at_us INTEGER NOT NULL, received_us INTEGER NOT NULL, kind TEXT NOT NULL,
    severity TEXT NOT NULL, cluster_uid TEXT NOT NULL, cluster_name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (seq), UNIQUE (id)
);
CREATE INDEX events_received ON events (received_us);
CREATE INDEX events_cluster ON events (cluster_name, received_us);
CREATE INDEX events_kind ON events (kind, received_us);
CREATE INDEX events_severity ON events (severity, received_us);
CREATE TABLE incidents (
    id TEXT NOT NULL, "key" TEXT NOT NULL, status TEXT NOT NULL, severity TEXT NOT NULL, cluster_name TEXT NOT NULL,
    opened_us INTEGER NOT NULL, updated_us INTEGER NOT NULL, resolved_us INTEGER, body TEXT NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX incidents_opened ON incidents (opened_us, id);
CREATE INDEX incidents_status ON incidents (status, opened_us, id);
CREATE INDEX incidents_cluster ON incidents (cluster_name, opened_us, id);
CREATE INDEX incidents_resolved ON incidents (resolved_us);
CREATE TABLE incident_evidence (
    incident_id TEXT NOT NULL, event_id TEXT NOT NULL, PRIMARY KEY (incident_id, event_id)
) WITHOUT ROWID;
CREATE INDEX incident_evidence_event ON incident_evidence (event_id);
CREATE TABLE counters (name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID;
CREATE TABLE clusters_heard (uid TEXT NOT NULL, heard_us INTEGER NOT NULL, PRIMARY KEY (uid)) WITHOUT ROWID;
CREATE TABLE receipts (
    "key" TEXT NOT NULL, request TEXT NOT NULL, incident_id TEXT NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY ("key")
) WITHOUT ROWID;
CREATE INDEX receipts_at ON receipts (at_us);
CREATE TABLE pulse (id INTEGER NOT NULL, beats INTEGER NOT NULL, PRIMARY KEY (id));
INSERT INTO alembic_version VALUES ('0001');
"""

AT_US = 1_767_323_045_678_901
AT = "2026-01-02T03:04:05.678901Z"
CHECKOUT = {"kind": "Deployment", "name": "checkout", "namespace": "shop", "uid": "deployment-uid"}

EVENT: Mapping[str, Any] = {
    "id": "evt_1",
    "kind": "pod.oom_killed",
    "severity": "high",
    "at": AT,
    "received_at": AT,
    "origin": {
        "collector": "kubernetes",
        "cluster_name": "east",
        "cluster_uid": "uid-of-east",
        "cluster_region": "eu-west-1",
    },
    "resource": {"kind": "Pod", "name": "checkout-1", "namespace": "shop", "uid": "pod-uid-1"},
    "owner": CHECKOUT,
    "message": 'killed: "über" the limit',
    "attributes": {"container": "app", "restarts": 3, "node": None},
    "merged_into": None,
}

INCIDENT: Mapping[str, Any] = {
    "id": "inc_1",
    "key": "uid-of-east/deployment-uid/memory",
    "kind": "pod.oom_killed",
    "family": "memory",
    "title": "checkout runs out of memory",
    "severity": "high",
    "status": "open",
    "cluster": {"uid": "uid-of-east", "name": "east", "region": "eu-west-1"},
    "resource": CHECKOUT,
    "opened_at": AT,
    "updated_at": AT,
    "resolved_at": None,
    "acknowledged_by": None,
    "event_count": 1,
    "conditions": [
        {
            "kind": "pod.oom_killed",
            "subject": CHECKOUT,
            "part": "app",
            "since": AT,
            "seen_at": AT,
            "cleared_at": None,
            "mark": "x",
        }
    ],
    "evidence": ["evt_1"],
    "timeline": [{"at": AT, "what": "opened", "message": "first seen", "actor": "kronveil", "event_id": "evt_1"}],
    "version": 1,
}


def build(path: Path) -> None:
    """One event, one open incident that cites it, and a row of everything else."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "INSERT INTO events VALUES (1, 'evt_1', ?, ?, 'pod.oom_killed', 'high', 'uid-of-east', 'east', ?)",
            (AT_US, AT_US, json.dumps(EVENT, ensure_ascii=False)),
        )
        connection.execute(
            "INSERT INTO incidents VALUES ('inc_1', ?, 'open', 'high', 'east', ?, ?, NULL, ?)",
            (INCIDENT["key"], AT_US, AT_US, json.dumps(INCIDENT, ensure_ascii=False)),
        )
        connection.execute("INSERT INTO incident_evidence VALUES ('inc_1', 'evt_1')")
        connection.execute("INSERT INTO counters VALUES ('events:uid-of-east', 41)")
        connection.execute("INSERT INTO clusters_heard VALUES ('uid-of-east', ?)", (AT_US,))
        connection.execute("INSERT INTO receipts VALUES ('a key', 'digest', 'inc_1', ?)", (AT_US,))
        connection.execute("INSERT INTO pulse VALUES (1, 7)")
