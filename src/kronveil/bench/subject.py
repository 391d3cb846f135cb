"""The agent whole, as ``kronveil up`` runs it, in a process of its own that says what it costs when it is asked.

Run as a module with a configuration. It prints its API's port, then answers each line on its input with one of JSON;
``begin`` forgets the peak and starts looking at the event loop, ``cost`` tells, and the end of the input ends it.
"""

import json
import logging
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.to_thread
import structlog

from kronveil.api.serve import Listener
from kronveil.app import run
from kronveil.bench.resident import forget_peak, peak_kib, resident_kib
from kronveil.config import load

TICK_S = 0.005


class Loop:
    """How late the event loop is with what is due; looks only when told to, for looking costs something too."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._wanted = anyio.Event()

    def begin(self) -> None:
        """Look from now on."""
        self._late_ms = []
        self._wanted.set()

    async def look(self) -> None:
        """Until cancelled."""
        await self._wanted.wait()
        while True:
            due = anyio.current_time() + TICK_S
            await anyio.sleep(TICK_S)
            self._late_ms.append((anyio.current_time() - due) * 1000)

    def late_ms(self) -> list[float]:
        """How late it was each time."""
        return [round(value, 3) for value in self._late_ms]


async def _main(file: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    config = load(file, os.environ)
    loop = Loop()
    async with anyio.create_task_group() as tasks:

        async def answer() -> None:
            while line := await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
                if line == "begin\n":
                    forget_peak()
                    loop.begin()
                _say(_cost(loop))
            tasks.cancel_scope.cancel()

        tasks.start_soon(answer)
        tasks.start_soon(loop.look)
        await run(config, announce=_announce)
        tasks.cancel_scope.cancel()


def _announce(listeners: Sequence[Listener]) -> None:
    _say({each.name: each.port for each in listeners})


def _cost(loop: Loop) -> dict[str, object]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": used.ru_utime + used.ru_stime,
        "rss_kib": resident_kib(),
        "peak_kib": peak_kib(),
        "late_ms": loop.late_ms(),
    }


def _say(words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(_main, Path(sys.argv[1]))
