"""A process that is killed at one exact place of its writing: just before the Nth statement that begins so.

``python -m tests.stores.dying save|open|forget FOLDER N WORDS...``; what a save acknowledged is printed.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
from sqlalchemy import Engine, event

from kronveil.sdk.testing.samples import IN_A_LONG_TIME
from kronveil.sdk.testing.store_victim import writes
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.opening import _bare, create_schema
from kronveil.stores.sqlite.store import FILE_NAME


def reaper(words: str, number: int) -> Callable[[str], None]:
    """Called with each statement before it is carried out."""
    seen = 0

    def look(statement: str) -> None:
        nonlocal seen
        if " ".join(statement.split()).startswith(words):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    return look


async def save(folder: Path, look: Callable[[str], None]) -> None:
    """One save after the other, each acknowledged on standard output."""
    async with open_sqlite(folder) as store:
        store._writer._connection.set_trace_callback(look)
        for number in range(10_000):
            saved = writes(number, "series")
            await store.save(saved)
            sys.stdout.write(f"{saved.incidents[0].id}\n")
            sys.stdout.flush()


async def first_open(folder: Path, look: Callable[[str], None]) -> None:
    """Make the tables, or migrate the file that is there."""
    path = folder / FILE_NAME
    if not path.exists():
        path.touch()
        connection = _bare(path)
        connection.set_trace_callback(look)
        create_schema(connection)
    event.listen(Engine, "before_cursor_execute", lambda _c, _cursor, statement, *_rest: look(statement))
    async with open_sqlite(folder):
        pass


async def forget(folder: Path, look: Callable[[str], None]) -> None:
    """Let go of every incident that is over."""
    async with open_sqlite(folder) as store:
        store._writer._connection.set_trace_callback(look)
        await store.forget_incidents(IN_A_LONG_TIME, None, 1_000)


if __name__ == "__main__":
    what, folder, number, *words = sys.argv[1:]
    work = {"save": save, "open": first_open, "forget": forget}[what]
    anyio.run(work, Path(folder), reaper(" ".join(words), int(number)))
