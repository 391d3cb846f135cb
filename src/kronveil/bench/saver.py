"""A process that saves batches of events and says so, until it is killed: what it has said must be found again."""

import sys
from itertools import count
from pathlib import Path

import anyio

from kronveil.bench.history import numbered
from kronveil.sdk.storage import Writes
from kronveil.stores.sqlite import open_sqlite

BATCH = 50


async def _main(folder: Path, first: int) -> None:
    async with open_sqlite(folder) as store:
        for start in count(first, BATCH):
            await store.save(Writes(events=[numbered(number) for number in range(start, start + BATCH)]))
            sys.stdout.write(f"{start + BATCH}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(_main, Path(sys.argv[1]), int(sys.argv[2]))
