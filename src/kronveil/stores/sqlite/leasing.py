"""Who may carry runs out: one row whose number only grows. Whoever holds an older number is refused by the writer."""

import sqlite3
from datetime import datetime

from kronveil.sdk.storage import Lease, Overtaken
from kronveil.stores.sqlite.codec import from_us, to_us

_READ = "SELECT fence, holder, until_us FROM leases WHERE name = 'runs'"
_TAKE = (
    "INSERT INTO leases (name, fence, holder, until_us) VALUES ('runs', 1, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET fence = fence + 1, holder = excluded.holder, until_us = excluded.until_us"
)
_RENEW = "UPDATE leases SET until_us = ? WHERE name = 'runs' AND fence = ?"


def held(connection: sqlite3.Connection) -> Lease | None:
    """The lease as it is."""
    row = connection.execute(_READ).fetchone()
    return None if row is None else Lease(row[0], row[1], from_us(row[2]))


def take(connection: sqlite3.Connection, holder: str, until: datetime) -> Lease:
    """The next number, for this holder."""
    connection.execute(_TAKE, (holder, to_us(until)))
    lease = held(connection)
    assert lease is not None  # noqa: S101 - it was put there just now
    return lease


def renew(connection: sqlite3.Connection, lease: Lease, until: datetime) -> Lease:
    """The same number, for longer. Raises Overtaken."""
    refuse_overtaken(connection, lease.fence)
    connection.execute(_RENEW, (to_us(until), lease.fence))
    return Lease(lease.fence, lease.holder, until)


def refuse_overtaken(connection: sqlite3.Connection, fence: int) -> None:
    """Raise Overtaken when another has taken over since this number was given, inside the caller's transaction."""
    now = held(connection)
    if now is None or now.fence != fence:
        by = "this store was made anew" if now is None else f"{now.holder} carries runs out now"
        raise Overtaken(f"{by}: this agent was overtaken, and changes no run any more. Restart it, or stop it")
