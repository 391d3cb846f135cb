"""One agent on one data folder. The lock belongs to the process: however that ends, the lock ends with it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kronveil.sdk.errors import Permanent

LOCK_NAME = "agent.lock"


class FolderTaken(Permanent):
    """Another process holds the folder; ``holder`` says which, for people."""

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


@contextmanager
def locked_folder(folder: Path) -> Generator[None]:
    """Hold the folder's lock for the block. Raises FolderTaken when another holds it, naming who and what to do."""
    path = folder / LOCK_NAME
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(folder, _holder(file)) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: deleting it would let two processes lock two files of one name.
        os.close(file)


def _holder(file: int) -> str:
    """The pid the holder wrote, for the message only; the lock itself is the truth."""
    text = os.pread(file, 32, 0).decode(errors="replace").strip()
    return f"pid {text}" if text.isdigit() else "pid unknown"


def _taken(folder: Path, holder: str) -> FolderTaken:
    return FolderTaken(
        f"another agent ({holder}) is using the data folder {folder}; nothing was started.\n"
        f"  stop that agent, or give this one a folder of its own: agent.data_dir in the configuration, "
        f"or KRONVEIL__AGENT__DATA_DIR",
        holder,
    )
