"""Saves without end and prints what was acknowledged, until killed: run by the store's contract kit in a process.

``python -m kronveil.sdk.testing.store_victim MODULE:OPEN FOLDER SERIES``
"""

import sys
from pathlib import Path

import anyio

from kronveil.sdk.storage import Store, Writes
from kronveil.sdk.testing import samples
from kronveil.sdk.testing.opener import Opener, opener

SAVERS = 4


def writes(number: int, series: str) -> Writes:
    """One incident with its two events: whoever finds one must find all three, and both in the count."""
    cited = (samples.event(2 * number, series=series), samples.event(2 * number + 1, series=series))
    whole = samples.incident(number, series=series, cites=tuple(event.id for event in cited))
    return Writes(events=cited, incidents=(whole,), counters={samples.COUNTER: len(cited)})


async def save_until_killed(open_store: Opener, folder: Path, series: str) -> None:
    """Several savers at once, so that a kill also meets shared commits."""
    async with open_store(folder) as store, anyio.create_task_group() as savers:
        for first in range(SAVERS):
            savers.start_soon(_save, store, first, series)


async def _save(store: Store, number: int, series: str) -> None:
    while True:
        saved = writes(number, series)
        await store.save(saved)
        sys.stdout.write(f"{saved.incidents[0].id}\n")
        sys.stdout.flush()
        number += SAVERS


if __name__ == "__main__":
    anyio.run(save_until_killed, opener(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
