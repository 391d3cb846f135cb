"""The one connection that writes and checkpoints. Callers who wait at the same time share a transaction.

SQLite before 3.51.3 can corrupt a file when two connections checkpoint at once; here only this one ever does.
"""

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread
from anyio.lowlevel import checkpoint

from kronveil.sdk.errors import KronveilError, Permanent, Transient
from kronveil.sdk.storage import Overtaken
from kronveil.stores.sqlite import statements
from kronveil.stores.sqlite.auditing import put_audit
from kronveil.stores.sqlite.leasing import refuse_overtaken
from kronveil.stores.sqlite.opening import LOG_BYTES
from kronveil.stores.sqlite.rows import Rows
from kronveil.stores.sqlite.transactions import transaction
from kronveil.stores.sqlite.troubles import translated

T = TypeVar("T")

_ROWS_PER_COMMIT = 5_000  # bounds how long one transaction holds the others up
_LOG_STEP_BYTES = 1024 * 1024


@dataclass(eq=False, slots=True)
class _Ticket:
    """One caller's rows on their way. ``error`` is set before ``is_done``, both before it is called.

    It is called once: when it is done, or to lead.
    """

    rows: Rows
    called: anyio.Event
    leads: bool = False
    is_done: bool = False
    error: Exception | None = None


class Writer:
    """Group commit: one caller commits for everybody who waits, then calls them all at once, and the next leads.

    Not a lock that is handed from each to the next: that is a turn of the event loop for each, when all are done.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._turn = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)  # its own: others' threads must not make a commit wait
        self._waiting: deque[_Ticket] = deque()
        self._has_leader = False
        self._log = path.with_name(f"{path.name}-wal")
        self._longest_log = LOG_BYTES
        self._is_closed = False

    async def save(self, rows: Rows) -> None:
        """Return when the rows are durable, else raise with none of them stored.

        Cancelled while waiting, the rows are withdrawn; cancelled while they are being committed, they are either
        stored whole or not at all, and the connection is ready for the next.
        """
        ticket = _Ticket(rows, anyio.Event(), leads=not self._has_leader)
        self._has_leader = True
        self._waiting.append(ticket)
        try:
            if not ticket.leads:
                await ticket.called.wait()
            if ticket.leads:
                await self._lead()
        finally:
            if not ticket.is_done and ticket in self._waiting:
                self._waiting.remove(ticket)
            if ticket.leads:
                self._pass_on()
        if ticket.error is not None:
            raise ticket.error

    async def _lead(self) -> None:
        """Commit for who waits now. Who leads came first of those, so it is among them."""
        async with self._turn:
            await checkpoint()  # whoever was called together with this one has the next rows ready by then
            group = self._take()
            try:
                await self._in_thread(self._commit_for, group)
            except KronveilError as error:
                for ticket in group:
                    ticket.error, ticket.is_done = error, True
            for ticket in group:
                ticket.called.set()

    def _pass_on(self) -> None:
        """Let the next lead who waits, if anybody does."""
        self._has_leader = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].called.set()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run other work of the writer in a transaction of its own."""
        async with self._turn:
            return await self._in_thread(lambda: self._alone(work))

    async def close(self) -> None:
        """Let the current commit end, then close; the last checkpoint happens here."""
        with anyio.CancelScope(shield=True):
            async with self._turn:
                self._is_closed = True
                await to_thread.run_sync(self._connection.close, limiter=self._thread)

    async def _in_thread(self, function: Callable[..., T], *args: object) -> T:
        if self._is_closed:
            raise Permanent(f"the store {self._path} is closed; open it again")
        # Whoever leads holds other callers' rows: cancelling it must neither lose them nor leave a transaction open.
        with anyio.CancelScope(shield=True):
            return await to_thread.run_sync(function, *args, limiter=self._thread)
        raise RuntimeError("a shielded scope was left early")  # never: for the checkers, as a scope might swallow

    def _take(self) -> list[_Ticket]:
        """The next group, in order of arrival, at least one and at most about _ROWS_PER_COMMIT rows."""
        group: list[_Ticket] = []
        size = 0
        while self._waiting and (not group or size < _ROWS_PER_COMMIT):
            ticket = self._waiting.popleft()
            size += ticket.rows.size
            group.append(ticket)
        return group

    def _commit_for(self, group: Sequence[_Ticket]) -> None:
        """Commit the group together; when that fails, each alone, so that only the guilty learn of it."""
        error = self._attempt(group)
        if error is None or len(group) == 1 or _concerns_all(error):
            for ticket in group:
                ticket.error = error
                ticket.is_done = True
            return
        for ticket in group:
            ticket.error = self._attempt([ticket])
            ticket.is_done = True

    def _attempt(self, group: Sequence[_Ticket]) -> Exception | None:
        try:
            with transaction(self._connection):
                put_rows(self._connection, [ticket.rows for ticket in group])
        except sqlite3.Error as error:
            trouble = translated(error, self._path, "save to")
            if trouble is None:
                return error
            trouble.__cause__ = error
            return trouble
        except Exception as error:  # noqa: BLE001 - handed to those who wait, who must hear of it whatever it is
            return error
        self._checkpoint_when_due()
        return None

    def _alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with transaction(self._connection):
                result = work(self._connection)
        except sqlite3.Error as error:
            if (trouble := translated(error, self._path, "write to")) is not None:
                raise trouble from error
            raise
        self._checkpoint_when_due()
        return result

    def _checkpoint_when_due(self) -> None:
        """Move a log that grew too long into the file. What is in it is durable already: a failure means again later.

        Moved whole, it is written from its start again; what a reader still needs of it is moved when it grew more.
        """
        try:
            size = self._log.stat().st_size
            if size <= self._longest_log:
                return
            _, pages, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except (OSError, sqlite3.OperationalError):
            return
        self._longest_log = LOG_BYTES if moved == pages else size + _LOG_STEP_BYTES


def _concerns_all(error: Exception) -> bool:
    """Whether trying each alone is pointless: the file is held or broken, whoever asks."""
    if isinstance(error, Overtaken):  # the others of the group may have a newer fence, or need none
        return False
    cause = error.__cause__
    is_held = isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return isinstance(error, Permanent) or (isinstance(error, Transient) and is_held)


def put_rows(connection: sqlite3.Connection, group: Sequence[Rows]) -> None:  # noqa: C901 - a table a line
    """Write the rows of a group, inside a transaction. Most saves fill few tables; the empty ones cost nothing."""
    events = [event for rows in group for event in rows.events]
    if events:
        connection.executemany(statements.ADD_EVENT, events)
    for rows in group:
        if rows.fence is not None:
            refuse_overtaken(connection, rows.fence)
        if rows.changes:
            connection.executemany(statements.ADD_CHANGE, rows.changes)
        if rows.incidents:
            _put_incidents(connection, rows)
        for statement, some in (
            (statements.PUT_SILENCE, rows.silences),
            (statements.END_SILENCE, rows.silences_ended),
            (statements.PUT_EXECUTION, rows.executions),
            (statements.PUT_DECISION, rows.decisions),
            (statements.PUT_STANDING, rows.standings),
        ):
            if some:
                connection.executemany(statement, some)
        if rows.receipts:
            connection.executemany(statements.PUT_RECEIPT, rows.receipts)
            connection.execute(statements.DROP_RECEIPTS, {"before_us": rows.receipts_before_us})
        if rows.audit:
            put_audit(connection, rows.audit)
        if rows.heard:
            connection.executemany(statements.PUT_HEARD, rows.heard)
    _count(connection, [each for rows in group for each in rows.counters])


def _count(connection: sqlite3.Connection, counts: Sequence[tuple[str, int]]) -> None:
    added: Counter[str] = Counter()
    for name, more in counts:
        added[name] += more
    if added:
        connection.executemany(statements.ADD_COUNT, [{"name": name, "value": n} for name, n in added.items()])


def _put_incidents(connection: sqlite3.Connection, rows: Rows) -> None:
    if rows.citing:
        connection.executemany(statements.DROP_EVIDENCE, rows.citing)
        connection.executemany(statements.DROP_SUSPECTS, rows.citing)
    connection.executemany(statements.PUT_INCIDENT, rows.incidents)
    connection.executemany(statements.ADD_EVIDENCE, rows.cited)
    if rows.suspected:
        connection.executemany(statements.ADD_SUSPECT, rows.suspected)
