"""A store with a long past: as many events as wanted, of a day, in the agent's own tables; made by SQLite itself."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kronveil.model.event import Event, Severity
from kronveil.model.resource import Origin, Resource
from kronveil.sdk.storage import Writes
from kronveil.stores.sqlite.codec import from_us
from kronveil.stores.sqlite.opening import open_file, ready_folder
from kronveil.stores.sqlite.rows import rows_of
from kronveil.stores.sqlite.store import FILE_NAME

KINDS = ("pod.crash_looping", "pod.oom_killed", "pod.not_ready_long", "node.not_ready", "kubernetes.warning")
SEVERITIES = ("critical", "high", "medium", "low")
CLUSTERS = 20
DAY_US = 86_400_000_000
PER_COMMIT = 100_000
# Ids come in no order, as hashes do; all else in the order of time, as it is received.
_ADD = f"""
WITH RECURSIVE number(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :end)
INSERT INTO events (id, at_us, received_us, kind, severity, cluster_uid, cluster_name, body)
SELECT printf('evt_%08x%016x', n * 2654435761 % 4294967296, n), :start_us + n * :step_us, :start_us + n * :step_us,
  (SELECT value FROM json_each(:kinds) WHERE key = n % {len(KINDS)}),
  (SELECT value FROM json_each(:severities) WHERE key = n / 7 % {len(SEVERITIES)}),
  printf('4f2c1e0a-uid-of-cluster-%02d', n / 3 % {CLUSTERS}), printf('cluster-%02d', n / 3 % {CLUSTERS}),
  replace(replace(:body, 'evt_made_in_sqlite', printf('evt_%08x%016x', n * 2654435761 % 4294967296, n)),
    'number-of-pod', printf('%06d', n))
FROM number
"""  # noqa: S608 - no word of it comes from outside


def lengthen(folder: Path, had: int, events: int) -> None:
    """Let the store in ``folder``, which nobody has open, hold ``events`` events; ``had`` of them are there already."""
    ready_folder(folder)
    with closing(open_file(folder / FILE_NAME)) as connection:
        # A power cut may cost the bench its history; the agent opens the file in its own way.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        start_us = time.time_ns() // 1000 - DAY_US
        body = str(rows_of(Writes(events=[event(start_us)]), from_us(start_us)).events[0][-1])
        for first in range(had, events, PER_COMMIT):
            _add(connection, first, min(first + PER_COMMIT, events), start_us, body)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add(connection: sqlite3.Connection, first: int, end: int, start_us: int, body: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        _ADD,
        {
            "first": first,
            "end": end,
            "start_us": start_us,
            "step_us": 1_000,
            "kinds": _json_list(KINDS),
            "severities": _json_list(SEVERITIES),
            "body": body,
        },
    )
    connection.execute("COMMIT")


def _json_list(words: tuple[str, ...]) -> str:
    return "[" + ",".join(f'"{word}"' for word in words) + "]"


def numbered(number: int) -> Event:
    """An event that tells its number by its id."""
    return replace(event(1_795_000_000_000_000 + number * 1_000), id=f"evt_{number}")


def event(at_us: int) -> Event:
    """One such event; its id and its pod's number are made anew for each row."""
    at = from_us(at_us)
    return Event(
        id="evt_made_in_sqlite",
        kind=KINDS[0],
        severity=Severity.HIGH,
        at=at,
        received_at=at,
        origin=Origin("kubernetes", "cluster-00", "4f2c1e0a-uid-of-cluster-00", "eu-west-1"),
        resource=Resource("Pod", "service-7d4b9c6f8d-number-of-pod", "shop", "5b0e2f6a-0000-4000-8000-number-of-pod"),
        owner=Resource("Deployment", "service", "shop", "deployment-uid"),
        message="app: CrashLoopBackOff: back-off 40s restarting failed container; 3 restarts",
        attributes={"k8s.pod.phase": "Running", "k8s.container.name": "app", "restart_count": 3, "reason": "Error"},
    )
