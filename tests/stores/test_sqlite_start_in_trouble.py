"""A start on a full or a read-only disk: told with the way out, nothing changed, and all is there afterwards."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kronveil.sdk.storage import EventQuery, Writes
from kronveil.sdk.testing.samples import event
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.examining import examine
from tests.stores import first_schema

pytestmark = pytest.mark.anyio

FILE = "kronveil.db"
OPEN = """
import os, resource, sys
from pathlib import Path
import anyio
from kronveil.sdk.errors import PluginError
from kronveil.stores.sqlite import open_sqlite

async def main(folder, largest):
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), resource.RLIM_INFINITY))
    elif os.geteuid() == 0:  # whom no permission stops
        os.setgid(65534)
        os.setuid(65534)
    try:
        async with open_sqlite(Path(folder)):
            print("opened")
    except PluginError as error:
        print(type(error).__name__, error)

anyio.run(main, *sys.argv[1:])
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user may pass through to, which a folder of pytest is not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def opened(folder: Path, largest: int | None = None) -> str:
    """What a process says that opens the store and may write files of that size, or none at all."""
    command = [sys.executable, "-c", OPEN, str(folder), str(largest or "")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def allow(folder: Path, folder_mode: int, file_mode: int) -> None:
    (folder / FILE).chmod(file_mode)
    folder.chmod(folder_mode)


async def test_a_first_start_without_room_is_told_and_the_next_one_begins_anew(folder: Path) -> None:
    said = opened(folder, largest=8_192)
    assert said.startswith("Transient"), said
    assert str(folder / FILE) in said
    assert "bytes free" in said
    async with open_sqlite(folder) as store:
        await store.save(Writes(events=(event(1),)))
    assert examine(folder / FILE).is_whole


async def test_a_migration_without_room_leaves_the_file_as_it_was_and_goes_on_when_there_is(folder: Path) -> None:
    first_schema.build(folder / FILE)
    said = opened(folder, largest=8_192)
    assert said.startswith("Transient"), said
    assert "bytes free" in said
    assert examine(folder / FILE).schema == "0001"
    async with open_sqlite(folder) as store:
        assert [each.id for each in (await store.events(EventQuery())).items] == ["evt_1"]


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o555, 0o444), (0o755, 0o444)])
async def test_a_store_that_this_user_may_only_read_is_told_with_the_way_out(
    folder: Path, folder_mode: int, file_mode: int
) -> None:
    async with open_sqlite(folder) as store:
        await store.save(Writes(events=(event(1),)))
    before = (folder / FILE).read_bytes()
    allow(folder, folder_mode, file_mode)
    said = opened(folder)
    allow(folder, 0o755, 0o600)
    assert said.startswith("Permanent"), said
    assert str(folder) in said
    assert "agent.data_dir" in said
    assert (folder / FILE).read_bytes() == before
    async with open_sqlite(folder) as store:
        assert (await store.events(EventQuery())).items == (event(1),)
