"""Read-only connections, each asked in a thread. SQLAlchemy's own asyncio would load its object mapper at each start,
which costs as much as all of the rest of it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
from anyio import to_thread
from sqlalchemy import Connection, Engine, Executable, QueuePool, Row, create_engine

T = TypeVar("T")


class ReadConnection:
    """One connection, for as long as it is lent."""

    def __init__(self, connection: Connection, threads: anyio.CapacityLimiter) -> None:
        self._connection = connection
        self._threads = threads

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """All that the statement selects."""
        return await _in_thread(lambda: self._connection.execute(statement).all(), self._threads)

    async def row(self, statement: Executable) -> Row[Any] | None:
        """The first of it."""
        return await _in_thread(lambda: self._connection.execute(statement).first(), self._threads)


class ReadConnections:
    """So many on one file, made when first needed; whoever finds none free waits."""

    def __init__(self, path: Path, size: int) -> None:
        self._engine: Engine = create_engine(
            f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true",
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            connect_args={"check_same_thread": False},
        )
        self._size = size
        self._free = anyio.Semaphore(size)
        self._threads = anyio.CapacityLimiter(size)

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[ReadConnection]:
        """Lend one to the block."""
        async with self._free:
            connection = await _in_thread(self._engine.connect, self._threads)
            try:
                yield ReadConnection(connection, self._threads)
            finally:
                connection.close()  # only back to the others: nothing was begun on it

    async def close(self) -> None:
        """Let those end who ask, or wait for their turn to; then close all of them."""
        async with AsyncExitStack() as turns:
            for _ in range(self._size):
                await turns.enter_async_context(self._free)
            await _in_thread(self._engine.dispose, self._threads)


async def _in_thread(work: Callable[[], T], threads: anyio.CapacityLimiter) -> T:
    # A cancelled caller waits for the answer too: a connection is never given back while a thread still uses it.
    return await to_thread.run_sync(work, limiter=threads)
