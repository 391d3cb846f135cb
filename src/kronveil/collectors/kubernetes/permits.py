"""How many lists run at once: a few for each cluster, so that none holds up the others, and four in the process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel

LISTS_OF_THE_PROCESS = 4
LISTS_OF_A_CLUSTER = 2

_of_the_process: anyio.lowlevel.RunVar[anyio.Semaphore] = anyio.lowlevel.RunVar("kronveil_lists_of_the_process")


class ListPermits:
    """One for each cluster. Lists are the peak of memory and processor time, here and at the API server."""

    def __init__(self) -> None:
        self._of_the_cluster = anyio.Semaphore(LISTS_OF_A_CLUSTER)

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None]:
        """Wait for a turn, and hold it."""
        async with self._of_the_cluster, _process_permits():
            yield


def _process_permits() -> anyio.Semaphore:
    try:
        return _of_the_process.get()
    except LookupError:
        permits = anyio.Semaphore(LISTS_OF_THE_PROCESS)
        _of_the_process.set(permits)
        return permits
