"""What retention does to the file, a slice in each transaction, so that savers never wait long behind it."""

import sqlite3
from collections.abc import Iterator, Sequence

from kronveil.stores.sqlite import statements
from kronveil.stores.sqlite.codec import list_of
from kronveil.stores.sqlite.families import Relative, parents_outside

SLICE = 1_000
"""What one step may delete of events, changes and silences."""
INCIDENTS = 100
"""Of incidents, each of which has up to fifty claims on events."""


def forget_events(connection: sqlite3.Connection, before_us: int, slice_: int) -> int:
    """Delete events, then changes, received before then that nothing cites."""
    gone: int = connection.execute(statements.FORGET_EVENTS, {"before_us": before_us, "slice": slice_}).rowcount
    if gone < slice_:
        left = {"before_us": before_us, "slice": slice_ - gone}
        gone += connection.execute(statements.FORGET_CHANGES, left).rowcount
    return gone


def forget_silences(connection: sqlite3.Connection, before_us: int, slice_: int) -> int:
    """Delete silences that ended before then, whether by their time or by a person."""
    return connection.execute(statements.FORGET_SILENCES, {"before_us": before_us, "slice": slice_}).rowcount


def forget_decisions(connection: sqlite3.Connection, before_us: int, slice_: int) -> int:
    """Delete what the policy said before then."""
    return connection.execute(statements.FORGET_DECISIONS, {"before_us": before_us, "slice": slice_}).rowcount


def forget_incidents(connection: sqlite3.Connection, slice_: Sequence[Relative]) -> int:
    """Delete these with their claims. Those left of the family name only who is there, should we be killed next."""
    gone = {"ids": list_of([one.id for one in slice_])}
    connection.execute(statements.FREE_EVIDENCE, gone)
    connection.execute(statements.FREE_SUSPECTS, gone)
    number: int = connection.execute(statements.FORGET_INCIDENTS, gone).rowcount
    left = tuple(parents_outside(slice_))
    if left:
        connection.execute(statements.NAME_CHILDREN_LEFT, {"ids": list_of(left)})
    return number


def slices(families: Sequence[Sequence[Relative]]) -> Iterator[list[Relative]]:
    """Many small families in one slice; a large one in several, its root in the last."""
    together = [one for family in families for one in family]
    for start in range(0, len(together), INCIDENTS):
        yield together[start : start + INCIDENTS]
