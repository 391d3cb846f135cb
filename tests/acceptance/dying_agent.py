"""`kronveil up`, killed at one exact place of its journal: just before or after its Nth entry about a run is durable.

``python -m tests.acceptance.dying_agent FILE before|after N``; it ends by itself only when it is asked to stop.
"""

import os
import signal
import sys
from pathlib import Path

import anyio

from kronveil.app import run
from kronveil.config import load
from kronveil.sdk.storage import Writes
from kronveil.stores.sqlite.store import SqliteStore


def die_at(when: str, number: int) -> None:
    """Wrap what saves, so that the process dies there."""
    save, seen = SqliteStore.save, 0

    async def saving(store: SqliteStore, writes: Writes) -> None:
        nonlocal seen
        seen += bool(writes.executions)
        is_the_one = bool(writes.executions) and seen == number
        if is_the_one and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await save(store, writes)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)

    SqliteStore.save = saving  # type: ignore[method-assign]


if __name__ == "__main__":
    file, when, number = sys.argv[1:]
    die_at(when, int(number))
    config = load(Path(file), os.environ)

    async def main() -> None:
        await run(config, announce=lambda _: None)

    anyio.run(main)
